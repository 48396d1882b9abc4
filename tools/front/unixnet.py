# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What the kernel knows of UNIX sockets, without touching them: a connection would take the one
# place that a vhost-user server has. Used by run.py and session.py.

"""State of UNIX sockets."""

import os
import stat

from .errors import FrontError, UsageError

PATH_MAX = 107
LISTENS, CONNECTED = "listens", "connected"


def states(path):
    """The set of LISTENS and CONNECTED that sockets of this path have in our network namespace."""
    found = set()
    with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            fields = line.rstrip("\n").split(" ", 7)
            if not line.endswith(f" {path}\n"):
                continue
            if int(fields[3], 16) & 0x10000:
                found.add(LISTENS)
            elif fields[5] == "03":
                found.add(CONNECTED)
    return found


def check_folder(path, what):
    """Can there be a socket of this path?"""
    folder = os.path.dirname(path)
    if len(os.fsencode(path)) > PATH_MAX:
        raise UsageError(f"{what}: {path} has {len(os.fsencode(path))} bytes, the path of a socket "
                         f"may have {PATH_MAX}")
    if not os.path.isdir(folder):
        raise UsageError(f"{what}: the folder {folder} does not exist; make it: mkdir -p {folder}")


def check_free(path, what):
    """May we make a socket there?"""
    check_folder(path, what)
    if LISTENS in states(path):
        raise FrontError(f"{what}: another process serves {path}; end it, or name another socket")
    if os.path.lexists(path) and not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise UsageError(f"{what}: {path} exists and is no socket; name another one")
    if not os.access(os.path.dirname(path), os.W_OK | os.X_OK):
        raise FrontError(f"{what}: {os.path.dirname(path)} may not be written by this user")
