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
                LD_LIBRARY_PATH=str(top / "prefix/lib"), PREFIX=str(top / "prefix"))


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
