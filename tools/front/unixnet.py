# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What the kernel knows of UNIX sockets, without touching them: a connection would take the one
# place that a vhost-user server has. And the right to serve a path, which all programs of vnfkit
# hold by a lock on PATH.lock. Used by run.py and session.py.

"""State of UNIX sockets."""

import contextlib
import fcntl
import os
import stat

from .errors import FrontError, UsageError

PATH_MAX = 107
LOCK_TRIES = 100
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


@contextlib.contextmanager
def claimed(path, what):
    """Hold the right to make a socket there; none is there at the start and at the end."""
    check_free(path, what)
    descriptor = lock(f"{path}.lock", path, what)
    try:
        check_free(path, what)
        remove_stale(path)
        yield
        remove_stale(path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(f"{path}.lock")
        os.close(descriptor)


def lock(name, path, what):
    """The descriptor of a lock's file that we hold. Who had it before us may just remove it."""
    for _ in range(LOCK_TRIES):
        try:
            descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise FrontError(f"{what}: {name} cannot be opened: {error.strerror}; it must be this "
                             f"user's, or not be there") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), os.stat(name)):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            break
        except FileNotFoundError:
            pass
        os.close(descriptor)
    raise FrontError(f"{what}: another process serves {path} (it holds {name}); end it, or name "
                     "another socket")


def remove_stale(path):
    """Under its lock: the socket that a program has left there."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.lstat(path).st_mode) and LISTENS not in states(path):
            os.unlink(path)


def give(path, user, group, access):
    """Owner, group (-1: as they are) and mode (None: as it is) of a socket, never by a link."""
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            raise FrontError("it is no socket")
        itself = f"/proc/self/fd/{descriptor}"
        if (user, group) != (-1, -1):
            os.chown(itself, user, group)
        if access is not None:
            os.chmod(itself, access)
    finally:
        os.close(descriptor)
