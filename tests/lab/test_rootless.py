# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The whole demonstration as a user without any privilege. Where /dev/net/tun is root's only (it is
# everybody's on an ordinary Debian), a node that everybody may open lies over it, in a mount
# namespace of the test's own.

"""No root."""

import glob
import os
import shutil
import stat
import subprocess
import sys

import lab
import pytest

USER = "65534"
DROP = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all",
        "--bounding-set=-all", "--no-new-privs", "--"]
TUN_FOR_ALL = """
mknod -m 0666 "$1" c 10 200 && mount --bind "$1" /dev/net/tun || exit 99
shift
exec "$@"
"""


def skip_unless_root():
    """Only root can become another user."""
    if os.geteuid() != 0 or os.environ.get("VNFKIT_LAB_INSIDE"):
        raise lab.LabUnavailable("only root can become another user; as an ordinary user every "
                                 "lab test runs without root anyway")


def readable_copy(run):
    """
    The programs and the demonstration where USER may read them, wherever the tree is. The programs
    find their library by their place beside it.
    """
    copy = run.path("copy")
    for source, target in ((lab.switch_program(), "build/host-switch/"),
                           (lab.vnf_program(), "build/templates/"),
                           (lab.vnf_program("firewall"), "build/vnfs/firewall/"),
                           (lab.vnf_program("nat"), "build/vnfs/nat/"),
                           *((library, "build/sdk/") for library in
                             glob.glob(os.path.join(lab.build_dir(), "sdk", "libvnfkit.so*[0-9]")))):
        os.makedirs(os.path.join(copy, target), exist_ok=True)
        shutil.copy(source, os.path.join(copy, target), follow_symlinks=False)
    for folder in ("tests/support", "tools/front", "vnfs/firewall", "vnfs/nat"):
        shutil.copytree(os.path.join(lab.ROOT, folder), os.path.join(copy, folder))
    subprocess.run(["chmod", "-R", "a+rX", copy], check=True)
    os.chmod(run.dir, 0o711)
    return copy


def demo_as_user(run, tun=True, **env):
    """Run the demonstration as USER; return the process, ended."""
    skip_unless_root()
    copy = readable_copy(run)
    argv = [*DROP, sys.executable, os.path.join(copy, "tests", "support", "demo.py"),
            "--seconds", "1"]
    mode = os.stat("/dev/net/tun").st_mode if os.path.exists("/dev/net/tun") else 0
    if tun and not mode & stat.S_IWOTH:
        argv = ["unshare", "--mount", "sh", "-c", TUN_FOR_ALL, "sh", run.path("tun"), *argv]
    process = lab.Process(run, argv, name="demo", cwd="/",
                          env={"VNFKIT_BUILD": os.path.join(copy, "build"), "HOME": "/nonexistent",
                               "XDG_RUNTIME_DIR": None, "TMPDIR": "/tmp", **env})
    code = process.wait(150)
    assert code == 0, process.output()
    return process


def skip_without_user_namespaces():
    """Some kernels forbid them to ordinary users."""
    skip_unless_root()
    done = subprocess.run([*DROP, "unshare", "--user", "--map-root-user", "--net", "true"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise lab.LabUnavailable(f"ordinary users may not make user namespaces here: "
                                 f"{done.stderr.strip()}")


def test_the_whole_path(run):
    """Clients, servers, taps, switch and VNF, all without root."""
    skip_without_user_namespaces()
    output = demo_as_user(run).output()
    assert "ordinary user in a user namespace" in output
    assert "tap devices in network namespaces" in output
    assert "not possible here" not in output


def test_without_tap(run):
    """Where the tun device is forbidden too: veth pairs."""
    skip_without_user_namespaces()
    output = demo_as_user(run, tun=False, VNFKIT_LAB_ENDPOINTS="af_packet").output()
    assert "veth pairs with af_packet" in output


@pytest.mark.quick
def test_without_namespaces(run):
    """Where nothing is allowed: generator and sink, and the screen says so."""
    output = demo_as_user(run, tun=False, VNFKIT_LAB_ENDPOINTS="none").output()
    assert "a generator and a sink only" in output
