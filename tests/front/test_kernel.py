# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The kernel package: what is taken out of it, and what is said when it cannot be had.

"""kernel.py and modules.py"""

import lzma
import os

import pytest

from conftest import KERNEL, module
from front import kernel
from front.errors import FrontError, UsageError
from front.modules import depends, loading_order, module_name, unpacked


def test_dependencies_come_first():
    modules = {"a": module("b,c-d"), "b": module("c_d"), "c_d": module("in_the_kernel")}
    assert loading_order(modules, {"in_the_kernel"}, ("a",), ()) == ["c_d", "b", "a"]


def test_wanted_modules_may_be_missing_or_built_in():
    modules = {"a": module(), "w": module("a")}
    assert loading_order(modules, {"n"}, ("n", "a"), ("x", "w")) == ["a", "w"]


@pytest.mark.parametrize("modules", [{}, {"a": module("gone")}])
def test_needed_modules_may_not(modules):
    with pytest.raises(FrontError, match="no module"):
        loading_order(modules, set(), ("a",), ())


def test_names_and_packing():
    assert module_name("kernel/drivers/vfio/pci/vfio-pci.ko.xz") == "vfio_pci"
    assert depends(unpacked("a.ko.xz", lzma.compress(module("b")))) == ["b"]
    assert not depends(module())


def test_package(package):
    found = kernel.read_package(package)
    assert (found.name, found.image) == (KERNEL, b"a kernel")
    names = [module_name(path) for path, _ in found.modules]
    assert names == ["virtio", "virtio_ring", "virtio_pci", "virtio_console", "uio",
                     "uio_pci_generic", "button"]
    assert found.modules[0][0] == f"/usr/lib/modules/{KERNEL}/kernel/drivers/virtio/virtio.ko"


def test_kept_package_is_the_same(package, tmp_path):
    found = kernel.read_package(package)
    kernel.keep(found, tmp_path / "kept.tar", tmp_path)
    assert kernel.read_kept(tmp_path / "kept.tar") == found


@pytest.mark.parametrize("data", [b"", b"no package", b"!<arch>\ndebian-binary   "])
def test_what_is_no_package(tmp_path, data):
    path = tmp_path / "x.deb"
    path.write_bytes(data)
    with pytest.raises(UsageError, match="cannot be read as a Debian package"):
        kernel.read_package(path)


def fake_apt(folder, text, code=0):
    """An apt that answers so."""
    for name in ("apt-cache", "apt-get"):
        path = folder / name
        path.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\nexit {code}\n")
        path.chmod(0o755)


@pytest.mark.parametrize("text,code,message", [
    ("", 100, "apt-get update"),
    ("linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-1-cloud-amd64", 0, "apt-get update"),
])
def test_apt_that_does_not_know(tmp_path, monkeypatch, text, code, message):
    fake_apt(tmp_path, text, code)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(FrontError, match=message):
        kernel.get_kernel()


def test_without_apt_the_kept_one_is_used(package, tmp_path, monkeypatch, capsys):
    (tmp_path / "empty").mkdir()
    folder = tmp_path / "cache/vnfkit"
    folder.mkdir(parents=True)
    kernel.keep(kernel.read_package(package), folder / "linux-image-1_1_amd64.tar", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert kernel.get_kernel().name == KERNEL
    assert "from the cache" in capsys.readouterr().err


def test_debian_kernel():
    """The real one, where apt can give it."""
    try:
        found = kernel.get_kernel()
    except FrontError as error:
        pytest.skip(f"no kernel package: {str(error).splitlines()[0]}")
    names = [module_name(path) for path, _ in found.modules]
    assert names.index("uio") < names.index("uio_pci_generic")
    assert found.image[0x202:0x206] != b"\0\0\0\0"   # a bzImage has the version of its protocol
