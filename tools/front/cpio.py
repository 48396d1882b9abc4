# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Writes an archive in cpio's "newc" format, which the kernel unpacks as its first file system. The
# same nodes give the same bytes: no clock, no inode number, no user of this machine goes in. Used
# by initramfs.py.

"""Writer of newc archives."""

import dataclasses
import stat

MTIME = 1
TRAILER = "TRAILER!!!"


@dataclasses.dataclass
class Node:
    """A file, folder, link or device. Nodes that share a link_key are hard links of each other."""

    mode: int
    data: bytes = b""
    source: str = ""      # file that the data is read from, when it is written
    link_key: tuple = ()
    device: tuple = (0, 0)


def write(stream, nodes):
    """Write {path without leading slash: Node}, sorted: a folder precedes its files."""
    paths = sorted(nodes)
    groups = {}
    for path in paths:
        key = nodes[path].link_key
        groups.setdefault(key or path, []).append(path)
    for number, path in enumerate(paths, 1):
        node = nodes[path]
        group = groups[node.link_key or path]
        inode = number if group[0] == path else paths.index(group[0]) + 1
        # Of hard links the last one has the data.
        data = content(node) if path == group[-1] else b""
        entry(stream, path, node, data, inode, len(group))
    entry(stream, TRAILER, Node(0), b"", 0, 1)


def content(node):
    """The bytes of a node."""
    if not node.source:
        return node.data
    with open(node.source, "rb") as file:
        return file.read()


def entry(stream, name, node, data, inode, links):
    """Header, name and data, each filled up to four bytes."""
    encoded = name.encode("utf-8", "surrogateescape") + b"\0"
    mtime = MTIME if inode else 0
    fields = (inode, node.mode, 0, 0, 2 if stat.S_ISDIR(node.mode) else links, mtime, len(data),
              0, 0, *node.device, len(encoded), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
    stream.write(head + bytes(-len(head) % 4))
    stream.write(data)
    stream.write(bytes(-len(data) % 4))
