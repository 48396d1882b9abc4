# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Which instances there are: the entries of the run directory, less those whose process is gone. An
# instance holds a lock on NAME.json.lock for as long as it lives. The order of directories is the same in
# sdk/src/run_dir.c. Used by ctl.py and its neighbours.

"""Finding running instances."""

import contextlib
import dataclasses
import errno
import fcntl
import glob
import json
import os
import socket
import stat

from .errors import FrontError, UsageError
from .say import words

ROOT_DIR = "/run/vnfkit"


@dataclasses.dataclass
class Entry:
    """An instance, as it has entered itself."""

    name: str
    program: str = "-"
    version: str = "-"
    pid: int = 0
    started: int = 0
    control: str = ""
    telemetry: str = ""


def run_dirs():
    """The directories to look into, the first one first."""
    own = os.environ.get("VNFKIT_RUN_DIR")
    if own:
        return [own]
    if os.geteuid() == 0:
        return [ROOT_DIR]
    user = os.environ.get("XDG_RUNTIME_DIR")
    mine = os.path.join(user, "vnfkit") if user else f"/tmp/vnfkit-{os.geteuid()}"
    # Root's instances too: their sockets may be open to this user's group.
    return [mine, ROOT_DIR]


def is_safe(folder):
    """May entries in it be believed? In /tmp anybody may have been there first."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    # That of services belongs to their user alone: below /run only root can have made it so.
    of_services = folder == ROOT_DIR and not found.st_mode & stat.S_IWGRP
    is_ours = found.st_uid in (0, os.geteuid()) or of_services
    return stat.S_ISDIR(found.st_mode) and is_ours and not found.st_mode & stat.S_IWOTH


def opened(path):
    """A descriptor of a file in such a directory, which need not be what its name says: OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "not a file", path)
    return fd


def read_entry(path):
    """The entry in a file, or None."""
    if not os.path.basename(path).isprintable():
        return None
    try:
        with os.fdopen(opened(path), encoding="utf-8") as f:
            data = json.load(f)
        return Entry(name=os.path.basename(path)[:-len(".json")], program=str(data["program"]),
                     version=str(data["version"]), pid=int(data["pid"]),
                     started=int(data["started"]), control=str(data.get("control", "")),
                     telemetry=str(data.get("telemetry", "")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def is_locked(path):
    """Does the instance hold its lock? None: this user may not look."""
    try:
        fd = opened(path)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(fd)


def listens(path):
    """Does somebody listen at the socket? One that we may not connect to counts."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True
    return True


def is_alive(entry, folder):
    """Is its process still there?"""
    locked = is_locked(os.path.join(folder, f"{entry.name}.json.lock"))
    if locked is not None:
        return locked
    return listens(entry.control) if entry.control else os.path.exists(f"/proc/{entry.pid}")


def instances():
    """All that run, by name."""
    found = {}
    for folder in filter(is_safe, run_dirs()):
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), "*.json"))):
            entry = read_entry(path)
            if entry and entry.name not in found and is_alive(entry, folder):
                found[entry.name] = entry
    return sorted(found.values(), key=lambda entry: entry.name)


def no_instance():
    """What to say when there is none at all."""
    return (f"no running instance in {words(run_dirs(), 'or')}; start one, or name its socket with "
            "--socket PATH. VNFKIT_RUN_DIR names another directory, and instances of other users "
            "are in theirs")


def the_instance(name):
    """The one of this name, or without a name the only one."""
    found = instances()
    if not found:
        raise FrontError(no_instance())
    names = words([f'"{entry.name}"' for entry in found])
    if name:
        entry = next((entry for entry in found if entry.name == name), None)
        if entry is None:
            raise FrontError(f"no instance \"{name}\" is running; those that are: {names}")
        return entry
    if len(found) > 1:
        raise UsageError(f"which one? There are {names}; say it with -n NAME")
    return found[0]


def socket_of(name):
    """The control socket of the instance of this name, or of the only one."""
    entry = the_instance(name)
    if not entry.control:
        raise FrontError(f"\"{entry.name}\" has no control socket; control.enabled is false in its "
                         "configuration, or its log says why there is none")
    return entry.control
