# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The archive of the guest's files: what cpio unpacks is what was packed.

"""cpio.py and tree.py"""

import io
import os
import stat
import subprocess

import pytest

from front import cpio
from front.errors import FrontError
from front.tree import Tree


def unpack(nodes, folder):
    """Let cpio unpack; the folder."""
    stream = io.BytesIO()
    cpio.write(stream, nodes)
    folder.mkdir()
    subprocess.run(["cpio", "-idm", "--quiet", "--no-absolute-filenames"], input=stream.getvalue(),
                   cwd=folder, check=True)
    return folder


def test_cpio_unpacks_what_was_packed(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"from a file")
    out = unpack({"a": cpio.Node(stat.S_IFDIR | 0o755),
                  "a/b": cpio.Node(stat.S_IFREG | 0o755, b"x" * 4097),
                  "a/empty": cpio.Node(stat.S_IFREG | 0o644),
                  "a/file": cpio.Node(stat.S_IFREG | 0o600, source=str(source)),
                  "link": cpio.Node(stat.S_IFLNK | 0o777, b"a/b")}, tmp_path / "out")
    assert (out / "a/b").read_bytes() == b"x" * 4097
    assert (out / "a/empty").read_bytes() == b""
    assert (out / "a/file").read_bytes() == b"from a file"
    assert os.readlink(out / "link") == "a/b"
    assert stat.S_IMODE((out / "a/b").stat().st_mode) == 0o755
    assert (out / "a/file").stat().st_mtime == cpio.MTIME


def test_hard_links_stay_one_file(tmp_path):
    """DPDK loads a plug-in twice, and fails, if it is two files."""
    one, two = tmp_path / "one.so", tmp_path / "two.so"
    one.write_bytes(b"plug-in")
    os.link(one, two)
    tree = Tree()
    tree.file(str(one))
    tree.file(str(two))
    tree.nodes.pop("dev/console")   # needs root
    out = unpack(tree.nodes, tmp_path / "out")
    there = [out / str(path).lstrip("/") for path in (one, two)]
    assert there[0].read_bytes() == there[1].read_bytes() == b"plug-in"
    assert there[0].stat().st_ino == there[1].stat().st_ino


def test_same_nodes_same_bytes():
    nodes = {"b": cpio.Node(stat.S_IFREG | 0o644, b"b"), "a": cpio.Node(stat.S_IFREG | 0o644, b"a")}
    streams = [io.BytesIO(), io.BytesIO()]
    cpio.write(streams[0], nodes)
    cpio.write(streams[1], dict(reversed(nodes.items())))
    assert streams[0].getvalue() == streams[1].getvalue()


def test_links_on_the_way_are_made(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    (real / "lib.so.1.2").write_bytes(b"x")
    (real / "lib.so.1").symlink_to("lib.so.1.2")
    (tmp_path / "short").symlink_to(real)
    tree = Tree()
    tree.file(f"{tmp_path}/short/lib.so.1")
    top = str(tmp_path).lstrip("/")
    assert tree.nodes[f"{top}/short"].data == str(real).encode()
    assert tree.nodes[f"{top}/real/lib.so.1"].data == b"lib.so.1.2"
    assert stat.S_ISREG(tree.nodes[f"{top}/real/lib.so.1.2"].mode)


def test_libraries_have_one_place():
    tree = Tree()
    assert tree.place("/lib/x86_64-linux-gnu/x") == tree.place("/usr/lib/x86_64-linux-gnu/x")
    assert tree.place("/var/run/x") == "run/x"


@pytest.mark.parametrize("path", ["/proc/version", "/sys/kernel/notes", "/dev/null"])
def test_what_the_guest_would_hide_is_refused(path):
    with pytest.raises(FrontError, match="the guest's own"):
        Tree().file(path)


def test_two_things_at_one_place(tmp_path):
    (tmp_path / "x").write_bytes(b"x")
    tree = Tree()
    tree.file(str(tmp_path / "x"), at="/init")
    with pytest.raises(FrontError, match="two things"):
        tree.data("/init", b"other")
