# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnfkit image as a user has it, and what its command line refuses.

"""image.py, initramfs.py, options.py, main.py"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from conftest import TOP, port
from front import VERSION, closure


def unpacked(front):
    """What is in the initramfs: a folder. Devices need root and are left out."""
    folder = front.folder / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with open(front.folder / "image/initramfs", "rb") as file:
        subprocess.run(["cpio", "-id", "--quiet", "-f", "dev/console"], stdin=file, cwd=folder,
                       check=True)
    return folder


def test_what_is_in_an_image(front, package):
    out = front.image(package).stdout
    image = front.folder / "image"
    assert sorted(os.listdir(image)) == ["domain.xml", "image.json", "initramfs", "kernel"]
    assert (image / "kernel").read_bytes() == b"a kernel"
    files = unpacked(front)
    command = (files / "etc/vnfkit/command").read_text().splitlines()
    assert command == [str(front.vnf), "-c", str(front.config), "--virtio", "lan=0000:00:08.0",
                       "--virtio", "wan=0000:00:09.0"]
    for path in (files / "etc/vnfkit/modules").read_text().splitlines():
        assert (files / path.lstrip("/")).is_file()
    for path in (front.vnf, front.config, Path("/usr/lib/x86_64-linux-gnu/libc.so.6")):
        assert (files / str(path).lstrip("/")).read_bytes() == path.read_bytes()
    assert os.access(files / "init", os.X_OK) and list(files.rglob("libgcc_s.so.1"))
    assert re.search(r"^start: vnfkit run --qemu \S+/image$", out, re.M)
    for verb in ("define", "create"):
        assert re.search(rf": virsh -c qemu:///system {verb} {image}/domain.xml$", out, re.M)


def test_same_input_same_bytes(front, package):
    digests = []
    for _ in range(2):
        front.image(package)
        digests.append({path.name: hashlib.sha256(path.read_bytes()).digest()
                        for path in (front.folder / "image").iterdir()})
    assert digests[0] == digests[1]


def test_good_image_replaces_and_bad_one_does_not(front, package):
    front.image(package)
    before = (front.folder / "image/image.json").read_bytes()
    front.plan(port("x", "tap"))
    assert 'port "x"' in front.image(package, code=2).stderr
    assert (front.folder / "image/image.json").read_bytes() == before
    front.plan(port("new"))
    front.image(package)
    assert b"new" in (front.folder / "image/image.json").read_bytes()
    assert [p for p in os.listdir(front.folder) if p.startswith(".")] == []


def test_nothing_is_left_of_an_interrupted_one(front, package):
    """dpkg hangs; the signal comes while it does."""
    tools = front.folder / "tools"
    tools.mkdir()
    os.mkfifo(front.folder / "ready")
    (tools / "dpkg").write_text(f"#!/bin/sh\necho > {front.folder}/ready\nexec sleep 60\n")
    (tools / "dpkg").chmod(0o755)
    front.env["PATH"] = f"{tools}:{front.env['PATH']}"
    argv = front.argv("image", front.vnf, "-c", front.config, "-o", front.folder / "image",
                      "--kernel", package)
    with subprocess.Popen(argv, env=front.env, process_group=0) as process:
        (front.folder / "ready").read_text()
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(10) == 128 + signal.SIGTERM
    assert sorted(os.listdir(front.folder)) == ["ready", "tools", "vnf", "vnf.conf", "vnf.plan"]


def test_folder_of_somebody_else_is_refused(front, package):
    (front.folder / "image").mkdir()
    assert "no image of vnfkit" in front.image(package, code=2).stderr
    assert os.listdir(front.folder / "image") == []


def test_what_a_user_put_into_an_image_stays(front, package):
    """His own files, and what he changed of ours; a control socket is neither."""
    front.image(package)
    image = front.folder / "image"
    (image / "control.sock").write_text("")
    front.image(package)
    for name in ("notes.txt", ".hidden"):
        (image / name).write_text("mine")
    assert ".hidden and notes.txt in it would be lost" in front.image(package, code=2).stderr
    for name in ("notes.txt", ".hidden"):
        assert (image / name).read_text() == "mine"
        (image / name).unlink()
    xml = image / "domain.xml"
    xml.write_text(xml.read_text().replace("<on_crash>", "<on_crash >"))
    assert "domain.xml in it has been edited" in front.image(package, code=2).stderr
    assert "<on_crash >" in xml.read_text()
    xml.unlink()
    front.image(package)


def test_a_link_to_an_image_stays_a_link(front, package):
    (front.folder / "image").symlink_to("real")
    for _ in range(2):
        assert f"vnfkit run --qemu {front.folder}/real\n" in front.image(package).stdout
        assert os.readlink(front.folder / "image") == "real"
        assert (front.folder / "real/image.json").is_file()
    assert f"{front.folder}/real/kernel" in (front.folder / "real/domain.xml").read_text()


def test_errors_of_the_vnf_pass_unchanged(front):
    bad = front.folder / "bad.conf"
    done = front.run("image", front.vnf, "-c", bad, "-o", "x", code=2)
    assert done.stderr == f"{bad}:3: ports: what the VNF says\n" and done.stdout == ""


def test_what_the_vnf_would_refuse_in_the_guest(front, package):
    """It is asked with the arguments that it gets there."""
    config = front.folder / "refused.conf"
    done = front.run("image", front.vnf, "-c", config, "-o", "x", "--kernel", package, code=2)
    assert done.stderr == f"{config}: not with lan=0000:00:08.0\n"
    assert not (front.folder / "x").exists()


def test_a_vnf_that_fails_is_no_wrong_configuration(front):
    done = front.run("image", front.vnf, "-c", "broken.conf", "-o", "x", code=1)
    assert "--plan failed with exit code 3" in done.stderr


def test_workers_have_their_processors(front, package):
    """The machine has those that the configuration names, or is not made."""
    front.plan(port("lan"), worker_cpus=[2, 5])
    done = front.image(package, "--cpus", 5, code=2)
    assert '"cpus" in the configuration names 2 and 5' in done.stderr and "6" in done.stderr
    front.image(package)
    raw = json.loads((front.folder / "image/image.json").read_text())
    assert (raw["machine"]["cpus"], raw["worker_cpus"]) == (6, [2, 5])
    done = front.run("run", "--qemu", "image", "--cpus", 4, "--print", code=2)
    assert "give --cpus 6" in done.stderr
    front.plan(port("lan"), worker_cpus=[64])
    assert "64 at most" in front.image(package, code=2).stderr
    front.plan(port("lan"), worker_cpus=[1], workers=3)
    front.image(package)
    assert json.loads((front.folder / "image/image.json").read_text())["machine"]["cpus"] == 4


@pytest.mark.parametrize("key,what", [("owner", "user"), ("group", "group")])
def test_accounts_that_are_not_there(front, package, key, what):
    front.plan(port("lan", settings={key: "no-such-one"}))
    done = front.image(package, code=2)
    assert f'port "lan": {key} = "no-such-one": this host has no such {what}' in done.stderr


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"ports": [{}]}'])
def test_what_is_no_plan(front, text):
    Path(f"{front.vnf}.plan").write_text(text)
    assert "printed no plan" in front.run("image", front.vnf, "-c", front.config, "-o", "x",
                                          code=1).stderr


def test_numbers_that_do_not_fit(front, package):
    front.plan(port("lan", queues=4))
    done = front.image(package, "--queues", 2, code=2)
    assert re.search(r"--queues 2 .* uses 4", done.stderr)
    done = front.image(package, "--mem", "64M", code=2)
    assert re.search(r"--mem 64M .* needs 1\d\dM", done.stderr)
    front.image(package, "--queues", 8, "--mem", "1G", "--cpus", 4)
    machine = json.loads((front.folder / "image/image.json").read_text())["machine"]
    assert (machine["cpus"], machine["memory_mib"], machine["nics"][0]["queues"]) == (4, 1024, 8)


def test_owners_are_known_in_the_guest(front, package):
    front.plan(port("lan", settings={"owner": "nobody", "group": "nogroup"}))
    front.image(package)
    files = unpacked(front)
    assert re.search(r"^nobody:x:\d+:", (files / "etc/passwd").read_text(), re.M)
    assert re.search(r"^nogroup:x:\d+:$", (files / "etc/group").read_text(), re.M)


def test_secrets_stay_secret(front, package):
    front.config.chmod(0o600)
    front.image(package)
    assert (front.folder / "image/initramfs").stat().st_mode & 0o077 == 0


def test_scripts_are_no_vnf(front, package):
    script = front.folder / "script"
    script.write_text(f'#!/bin/sh\nexec "{front.vnf}" "$@"\n')
    script.chmod(0o755)
    done = front.run("image", script, "-c", front.config, "-o", "x", "--kernel", package, code=2)
    assert "is a script" in done.stderr


def test_real_vnf_brings_plugins(front, package):
    """With one of the tree's own programs, if it is built."""
    vnf = Path(os.environ.get("VNFKIT_BUILD", TOP / "build")) / "templates/vnf-forward"
    if not vnf.exists():
        pytest.skip("vnf-forward is not built")
    front.run("image", vnf, "-c", TOP / "templates/01-forward/forward.conf", "-o", "image",
              "--kernel", package)
    names = [path.name for path in unpacked(front).rglob("dpdk/pmds-*/librte_*")]
    for plugin in ("bus_pci", "bus_vdev", "mempool_ring", "net_virtio"):
        assert any(re.fullmatch(rf"librte_{plugin}\.so(\.\d+\.\d+)?", name) for name in names)


def test_names_of_drivers():
    assert [closure.driver_name(n) for n in ("e1000", "net_e1000", "librte_net_e1000.so.23")] == [
        "net_e1000"] * 3


@pytest.mark.parametrize("words,message", [
    ([], "COMMAND"), (["nonsense"], "image"), (["image"], "VNF"), (["image", "x"], "-c"),
    (["image", "/nowhere", "-c", "x", "-o", "y"], "does not exist"),
    (["image", "/etc/passwd", "-c", "x", "-o", "y"], "may be run"),
    (["image", "x", "-c", "x", "-o", "y", "--mem", "12"], "256M"),
    (["image", "x", "-c", "x", "-o", "y", "--cpus", "0"], "1 to 64"),
    (["image", "x", "-c", "x", "-o", "/nowhere/y"], "does not exist"),
    (["run", "x"], "--qemu"), (["run", "--qemu", "x"], "no folder with an image"),
    (["run", "--qemu", "/etc"], "is no image"), (["run", "--qemu", "x", "--mode", "a=b"], "server"),
    (["run", "--qemu", "x", "--socket", "a"], "PORT=PATH"), (["guest", "x"], "REQUEST"),
    (["run", "--qemu", "x", "--kernel", "y"], "-c FILE"),
    (["guest", "x", "dance"], "status"), (["guest", "x", "--timeout", "0", "status"], "seconds"),
])
def test_wrong_command_lines(front, words, message):
    done = front.run(*words, code=2)
    assert message in done.stderr and done.stderr.startswith("vnfkit: ") and not done.stdout


def test_help_and_version(front):
    version = re.search(r"version: '([^']+)'", (TOP / "meson.build").read_text())[1]
    assert front.run("--version").stdout == f"vnfkit {version}\n" == f"vnfkit {VERSION}\n"
    for words in ([], ["image"], ["run"], ["guest"]):
        assert "usage: vnfkit" in front.run(*words, "--help").stdout
