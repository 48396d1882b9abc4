# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What the tests of the front command have in common: a VNF, a first process and a kernel package
# that are stand-ins but real files of their kinds, so that no network and no DPDK is needed. Read
# by pytest.

"""Fixtures of the front command's tests."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
TOP = Path(os.environ.get("VNFKIT_SOURCE", Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(TOP / "tools"))

# Prints the file PROGRAM.plan, as VNF --plan does; fails for a configuration named bad.conf, or
# broken.conf, and in a guest for refused.conf.
FAKE_VNF = r"""
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	char path[4096];
	int c;
	if (argc < 4 || strcmp(argv[argc - 1], "--plan") != 0)
		return 1;
	if (strstr(argv[2], "/broken.conf") != NULL)
		return 3;
	if (strstr(argv[2], "/refused.conf") != NULL && argc > 4) {
		fprintf(stderr, "%s: not with %s\n", argv[2], argv[4]);
		return 2;
	}
	if (strstr(argv[2], "/bad.conf") != NULL) {
		fprintf(stderr, "%s:3: ports: what the VNF says\n", argv[2]);
		return 2;
	}
	snprintf(path, sizeof(path), "%s.plan", argv[0]);
	FILE *f = fopen(path, "r");
	while (f != NULL && (c = getc(f)) != EOF)
		putchar(c);
	return 0;
}
"""
KERNEL = "6.1.0-1-test"


def port(name="lan", kind="virtio-user", **more):
    """A port of a plan."""
    settings = {"socket": f"/run/{name}.sock", "mode": "server", "access": 0o660}
    settings.update(more.pop("settings", {}))
    return {"name": name, "kind": kind, "mac": "02:00:00:00:00:01", "mtu": 1500, "queues": 1,
            "settings": settings, **more}


def module(depends=""):
    """What matters of a kernel module."""
    return b"\x7fELF\0license=GPL\0depends=" + depends.encode() + b"\0name=x\0"


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """A folder with the program fake-vnf, and a build directory with a first process."""
    top = tmp_path_factory.mktemp("programs")
    init = top / "build/tools/guest-init/vnfkit-guest-init"
    init.parent.mkdir(parents=True)
    (top / "vnf.c").write_text(FAKE_VNF)
    for target in (top / "fake-vnf", init):
        subprocess.run(["cc", top / "vnf.c", "-o", target], check=True)
    return top


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """A .deb with a kernel of a few bytes and modules that depend on each other."""
    top = tmp_path_factory.mktemp("package")
    files = {"boot/vmlinuz-" + KERNEL: b"a kernel",
             f"lib/modules/{KERNEL}/modules.builtin": b"kernel/drivers/input/evdev.ko\n",
             "DEBIAN/control": b"Package: fake\nVersion: 1\nArchitecture: amd64\n"
                               b"Maintainer: none\nDescription: none\n"}
    for name, depends in (("virtio/virtio_pci", "virtio_ring,virtio"), ("virtio/virtio", ""),
                          ("virtio/virtio_ring", "virtio"), ("char/virtio_console", "virtio"),
                          ("uio/uio", ""), ("uio/uio_pci_generic", "uio"), ("acpi/button", "")):
        files[f"lib/modules/{KERNEL}/kernel/drivers/{name}.ko"] = module(depends)
    for name, data in files.items():
        path = top / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", top / "root", top / "fake.deb"],
                   check=True, stdout=subprocess.DEVNULL)
    return top / "fake.deb"


class Front:
    """The command, in an environment of its own."""

    def __init__(self, folder, programs):
        self.folder = folder
        self.vnf = folder / "vnf"
        os.link(programs / "fake-vnf", self.vnf)
        self.config = folder / "vnf.conf"
        self.config.write_text("ports = ();\n")
        self.env = dict(os.environ, VNFKIT_BUILD=str(programs / "build"),
                        XDG_CACHE_HOME=str(folder / "cache"))
        self.plan(port("lan"), port("wan"))

    def plan(self, *ports, **more):
        """What the VNF will answer."""
        plan = {"program": "vnf", "name": "vnf", "version": "1", "files": [str(self.config)],
                "workers": 1, "memory_bytes": 40 << 20, "ports": list(ports), **more}
        Path(f"{self.vnf}.plan").write_text(json.dumps(plan))

    def argv(self, *words):
        """The command line of vnfkit."""
        return ["/usr/bin/python3", str(TOP / "tools/vnfkit"), *map(str, words)]

    def run(self, *words, code=0):
        """Run it to its end, look at its code, and that nobody sees a traceback."""
        done = subprocess.run(self.argv(*words), env=self.env, cwd=self.folder, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                              check=False)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr and "unexpected" not in done.stderr, done.stderr
        return done

    def image(self, package, *words, code=0):
        """vnfkit image -o image"""
        return self.run("image", self.vnf, "-c", self.config, "-o", self.folder / "image",
                        "--kernel", package, *words, code=code)


@pytest.fixture
def front(tmp_path, programs):
    """A Front in an empty folder."""
    return Front(tmp_path, programs)
