# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What a VNF developer does: install the library somewhere, copy a template, build it with nothing
# but pkg-config. Needs no root; writes only below the temporary folder.

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(os.environ.get("VNFKIT_SOURCE", Path(__file__).resolve().parents[2]))


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=400, **more)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The environment of a developer who installed vnfkit into a prefix of their own."""
    top = tmp_path_factory.mktemp("install")
    run("meson", "setup", top / "build", SOURCE, f"--prefix={top / 'prefix'}", "--libdir=lib",
        "-Dbuildtype=plain", "-Dhost_switch=false", "-Dtemplates=false", "-Dtests=disabled",
        "-Ddocs=disabled")
    run("meson", "install", "-C", top / "build", "--quiet")
    return dict(os.environ, PKG_CONFIG_PATH=str(top / "prefix/lib/pkgconfig"),
                LD_LIBRARY_PATH=str(top / "prefix/lib"), PREFIX=str(top / "prefix"),
                PATH=f"{top / 'prefix/bin'}:{os.environ['PATH']}")


def test_only_public_headers_are_installed(installed):
    public = {p.name for p in (SOURCE / "sdk/include/vnf").glob("*.h")}
    found = {str(p.relative_to(Path(installed["PREFIX"]) / "include"))
             for p in (Path(installed["PREFIX"]) / "include").rglob("*.h")}
    assert found == {f"vnf/{name}" for name in public}


@pytest.mark.parametrize("template", sorted(p.name for p in (SOURCE / "templates").glob("[0-9]*")))
def test_template_builds_with_pkg_config_alone(installed, tmp_path, template):
    folder = tmp_path / template
    shutil.copytree(SOURCE / "templates" / template, folder)
    run("meson", "setup", "build", cwd=folder, env=installed)
    run("meson", "compile", "-C", "build", cwd=folder, env=installed)
    program = next(p for p in (folder / "build").glob("vnf-*") if p.is_file())
    assert "--check" in run(program, "--help", env=installed)
    run(program, "--check", "-c", next(folder.glob("*.conf")), env=installed)
    said = run("meson", "test", "-C", "build", "--verbose", cwd=folder, env=installed)
    for test in (folder / "replay").iterdir():
        assert f"- {test.name}" in said, said


PYTHON_TEST = """
def test_forward(vnf_replay):
    result = vnf_replay({"left": [b"." * 60]})
    assert [bytes(p) for p in result.packets["right"]] == [b"." * 60]
"""


def test_template_is_tested_in_python(installed, tmp_path):
    """With what the installation has for that, found by pkg-config."""
    flags = run("pkg-config", "--cflags", "--libs", "vnfkit", env=installed).split()
    folder = SOURCE / "templates/01-forward"
    run("cc", folder / "forward.c", *flags, "-o", tmp_path / "vnf-forward")
    (tmp_path / "test_forward.py").write_text(PYTHON_TEST)
    python = run("pkg-config", "--variable=pythondir", "vnfkit", env=installed).strip()
    assert python.startswith(installed["PREFIX"])
    said = run("/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-p", "vnfkit_pytest",
               "--vnf", tmp_path / "vnf-forward", "--vnf-config", folder / "forward.conf",
               "test_forward.py", cwd=tmp_path, env=dict(installed, PYTHONPATH=python))
    assert "1 passed" in said


TEST_PROGRAM = r"""
#include <stdio.h>
#include <vnf/test.h>
#include <vnf/vnf.h>

static inline vnf_verdict_t forward(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	(void)worker;
	(void)pkt;
	return VNF_FORWARD(port ^ 1);
}
VNF_PACKET(forward);

int main(void)
{
	static const struct vnf_app app = { VNF_APP("forward"), .burst = forward_burst };
	static const char config[] = "ports = ( { name = \"lan\"; kind = \"null\"; },\n"
				     "          { name = \"wan\"; kind = \"null\"; } );\n";
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);
	struct vnf_test_packet p;
	int64_t count;
	int ret;

	vnf_test_eth(&p, "02:00:00:00:00:02", "02:00:00:00:00:01");
	vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
	vnf_test_udp(&p, 1000, 53);
	vnf_test_replay_packet(t, "lan", 0, &p);
	ret = vnf_test_replay_run(t);
	count = vnf_test_replay_count(t, "wan");
	vnf_test_replay_destroy(t);
	printf("exit code %d, %d packets\n", ret, (int)count);
	return ret != 0 || count != 1;
}
"""


def test_a_test_program_builds_with_pkg_config_alone(installed, tmp_path):
    """No test framework, no include path of the tree; vnf/test.h by itself, too."""
    (tmp_path / "test.c").write_text(TEST_PROGRAM)
    flags = run("pkg-config", "--cflags", "--libs", "vnfkit-test", env=installed).split()
    run("cc", "-Wall", "-Wextra", "-Werror", tmp_path / "test.c", *flags, "-o", tmp_path / "test")
    said = run(tmp_path / "test", env=dict(installed, TMPDIR=str(tmp_path)))
    assert "exit code 0, 1 packets" in said
    assert not list(tmp_path.glob("vnf-test-*"))


def test_the_test_library_stays_out_of_the_shared_object(installed):
    shared = Path(installed["PREFIX"]) / "lib/libvnfkit.so"
    assert "vnf_test_" not in run("nm", "-D", "--defined-only", shared)


FIREWALL_TEST = """
from scapy.all import IP, TCP, Ether


def test_firewall(vnf_replay):
    to_windows, to_web = (Ether() / IP(src="192.0.2.77", dst="203.0.113.1") /
                          TCP(sport=40000, dport=port, flags="S") for port in (445, 443))
    result = vnf_replay({"lan": [to_windows, to_web]})
    assert [v.reason for v in result.verdicts if v.number] == ["rejected", None]
    assert [p[TCP].dport for p in result.packets["wan"]] == [443]
    assert [p[TCP].flags for p in result.packets["lan"]] == ["RA"]
"""


def test_firewall_runs_from_where_it_is_installed(installed, tmp_path):
    """With its examples: each is valid; one refuses a packet, and lets another pass."""
    prefix = Path(installed["PREFIX"])
    examples = prefix / "share/vnfkit/examples"
    for example in ("firewall.conf", "firewall-routed.conf"):
        said = run("vnf-firewall", "--check", "-c", examples / example, env=installed)
        assert said.endswith("no errors\n") and "warning" not in said, said
    assert (prefix / "share/man/man8/vnf-firewall.8").exists()
    (tmp_path / "test_firewall.py").write_text(FIREWALL_TEST)
    python = run("pkg-config", "--variable=pythondir", "vnfkit", env=installed).strip()
    said = run("/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-p", "vnfkit_pytest",
               "--vnf", prefix / "bin/vnf-firewall", "--vnf-config", examples / "firewall.conf",
               "test_firewall.py", cwd=tmp_path, env=dict(installed, PYTHONPATH=python))
    assert "1 passed" in said


def test_nat_is_installed(installed):
    """With its examples and its manual."""
    prefix = Path(installed["PREFIX"])
    for example in ("nat.conf", "nat-cgn.conf"):
        said = run("vnf-nat", "--check", "-c", prefix / "share/vnfkit/examples" / example,
                   env=installed)
        assert said.endswith("no errors\n") and "warning" not in said, said
    assert (prefix / "share/man/man8/vnf-nat.8").exists()


def test_template_links_statically(installed, tmp_path):
    """The archive holds all that the library needs, against shared DPDK."""
    folder = SOURCE / "templates/01-forward"
    flags = run("pkg-config", "--cflags", "libdpdk", "vnfkit", env=installed).split()
    libs = run("pkg-config", "--libs", "libdpdk", "libconfig", "jansson", "libpcap",
               "libsodium",
               env=installed).split()
    archive = Path(installed["PREFIX"]) / "lib/libvnfkit.a"
    run("cc", *flags, folder / "forward.c", archive, *libs, "-o", tmp_path / "vnf-forward")
    run(tmp_path / "vnf-forward", "--version")
