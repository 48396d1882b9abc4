# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The files of the guest, before they are packed. A file of the host stands at its own path, and the
# links that lead to it are made again, so that a message in the guest names what the host has too.
# Used by initramfs.py.

"""The guest's file tree."""

import os
import stat

from .cpio import Node
from .errors import FrontError

# As Debian has it: a library must not be found in two places, or it is loaded twice.
LAYOUT = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64",
          "var/run": "/run"}
FOLDERS = ("dev", "etc", "proc", "run", "sys", "usr/bin", "usr/lib", "usr/lib64", "usr/sbin",
           "var")
# What the guest has of its own at these places would hide the file.
GUESTS_OWN = ("dev", "proc", "sys")
LINKS_MAX = 40


def parts_of(path):
    """The parts of a path, without those that mean nothing."""
    return [part for part in path.split("/") if part not in ("", ".")]


class Tree:
    """{path without leading slash: Node}, and how a file comes into it."""

    def __init__(self):
        self.nodes = {}
        self.private = False   # does it hold what not everybody may read on the host?
        # The kernel's own root may be written by everybody, which DPDK refuses.
        self.folder(".")
        for folder in FOLDERS:
            self.folder(folder)
        for link, target in LAYOUT.items():
            self.nodes[link] = Node(stat.S_IFLNK | 0o777, target.encode())
        self.nodes["tmp"] = Node(stat.S_IFDIR | 0o1777)
        self.nodes["dev/console"] = Node(stat.S_IFCHR | 0o600, device=(5, 1))

    def folder(self, path):
        """A folder and those above it."""
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            self.nodes.setdefault("/".join(parts[:end]), Node(stat.S_IFDIR | 0o755))

    def put(self, path, node):
        """A node at a real path, which must be free."""
        present = self.nodes.get(path)
        if present and present != node:
            raise FrontError(f"/{path} would be two things in the image; move the file, the guest "
                             "needs that name")
        if "/" in path:
            self.folder(path.rpartition("/")[0])
        self.nodes[path] = node

    def data(self, path, data, mode=0o644):
        """A file of our own."""
        self.put(self.place(path), Node(stat.S_IFREG | mode, data))

    def link(self, path, target):
        """A symbolic link, unless something has the name."""
        self.nodes.setdefault(self.place(path), Node(stat.S_IFLNK | 0o777, target.encode()))

    def file(self, path, at=None):
        """A file of the host, at its own path or at another."""
        real = self.place(at or path)
        try:
            status = os.stat(path)
        except OSError as error:
            raise FrontError(f"{path} cannot be taken into the image: {error.strerror}") from None
        if not stat.S_ISREG(status.st_mode):
            raise FrontError(f"{path} cannot be taken into the image: it is no ordinary file")
        if not os.access(path, os.R_OK):
            raise FrontError(f"{path} cannot be taken into the image: it may not be read")
        self.private |= not status.st_mode & stat.S_IROTH
        mode = 0o755 if status.st_mode & 0o111 else 0o644
        key = (status.st_dev, status.st_ino) if status.st_nlink > 1 and not at else ()
        self.put(real, Node(stat.S_IFREG | mode, source=os.path.realpath(path), link_key=key))

    def place(self, path):
        """The real path in the guest, without leading slash; links on the way are made."""
        pending, at = parts_of(path), []
        for _ in range(LINKS_MAX * 10):
            if not pending:
                return self.allowed(path, at)
            part = pending.pop(0)
            if part == "..":
                at = at[:-1]
                continue
            here = "/".join([*at, part])
            target = self.link_at(here)
            if target is None:
                at.append(part)
                continue
            at = [] if target.startswith("/") else at
            pending = parts_of(target) + pending
        raise FrontError(f"{path} has too many links on its way")

    def link_at(self, here):
        """The target of the link at this place, which is made here too; None if it is none."""
        if here in LAYOUT:
            return LAYOUT[here]
        if here.split("/")[0] in GUESTS_OWN or not os.path.islink("/" + here):
            return None
        target = os.readlink("/" + here)
        self.put(here, Node(stat.S_IFLNK | 0o777, target.encode("utf-8", "surrogateescape")))
        return target

    @staticmethod
    def allowed(path, parts):
        """Refuse what the guest would not see."""
        if parts and parts[0] in GUESTS_OWN:
            raise FrontError(f"{path} cannot be taken into the image: /{parts[0]} is the guest's "
                             "own; move the file to another folder")
        return "/".join(parts)
