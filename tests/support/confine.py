#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Runs a program under what a unit file asks for, where no systemd runs: its system calls (by
# libseccomp, the sets as systemd-analyze names them), address families, capabilities, a user
# without privileges, no new privileges, no memory that is both writable and executable, a file
# system that is read-only but for one folder. Used by the lab tests, as root:
#
#     confine.py UNIT FOLDER PROGRAM [ARGUMENT]...

"""A unit's restrictions, without systemd."""

import ctypes
import errno
import os
import socket
import subprocess
import sys

NOBODY = "65534"
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
SYS_MOUNT_SETATTR, MOUNT_ATTR_RDONLY = 442, 1
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
ACT_ALLOW = 0x7FFF0000
ACT_ERRNO, ACT_NOSYS = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
CMP_EQ = 4

libc = ctypes.CDLL(None, use_errno=True)


def settings(unit):
    """The unit's keys: a list of values each, for they add up."""
    found = {}
    with open(unit, encoding="utf-8") as f:
        for line in f:
            key, equals, value = line.strip().partition("=")
            if equals and not line.startswith(("#", "[")):
                found.setdefault(key, []).append(value)
    return found


def checked(result, what):
    """OSError if it failed."""
    if result < 0:
        code = ctypes.get_errno() or -result
        raise OSError(code, f"{what}: {os.strerror(code)}")


# ---- file system and user: as root ----

class MountAttr(ctypes.Structure):
    """struct mount_attr."""
    _fields_ = [(n, ctypes.c_uint64) for n in ("attr_set", "attr_clr", "propagation", "userns")]


def read_only(path, value, flags):
    """Make a mount, with AT_RECURSIVE all below too, read-only or not."""
    attr = MountAttr(MOUNT_ATTR_RDONLY if value else 0, 0 if value else MOUNT_ATTR_RDONLY, 0, 0)
    checked(libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), flags, ctypes.byref(attr),
                         ctypes.sizeof(attr)), f"mount_setattr {path}")


def protect_system(folder):
    """ProtectSystem=strict, and a folder that may be written."""
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    read_only("/", True, AT_RECURSIVE)
    read_only(folder, False, 0)
    # Devices are another setting's: a read-only one can be opened for writing all the same.


def capabilities(unit):
    """setpriv's options."""
    ambient = [c.removeprefix("CAP_").lower()
               for c in " ".join(unit.get("AmbientCapabilities", [])).split()]
    add = ",".join(["-all", *(f"+{c}" for c in ambient)])
    options = [f"--bounding-set={add}", f"--inh-caps={add}"]
    return options + ([f"--ambient-caps={add}"] if ambient else [])


def first_stage(unit_path, folder, argv):
    """Becomes the second, in a mount namespace of its own, as another user."""
    if os.environ.get("VNFKIT_CONFINE") != "1":
        os.environ["VNFKIT_CONFINE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--", sys.executable, *sys.argv])
    del os.environ["VNFKIT_CONFINE"]
    protect_system(folder)
    os.execvp("setpriv", ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                          *capabilities(settings(unit_path)), "--no-new-privs", "--",
                          sys.executable, sys.argv[0], "--inside", unit_path, *argv])


# ---- system calls: as that user ----

def expand(name):
    """The system calls of a set, or the one."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], check=True,
                          capture_output=True, text=True).stdout
    words = [line.strip() for line in text.splitlines()[1:]]
    return set().union(*(expand(w) for w in words if w and not w.startswith("#")))


def allowed_calls(unit):
    """What the lines leave, in their order."""
    allowed = set()
    for line in unit["SystemCallFilter"]:
        calls = set().union(*(expand(w) for w in line.removeprefix("~").split()))
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    # systemd always lets these, to start the program at all.
    allowed |= expand("@default") | {"execve", "exit_group"}
    if unit.get("RestrictNamespaces") == ["yes"]:
        allowed -= {"setns", "unshare"}
    return allowed


class Compare(ctypes.Structure):
    """struct scmp_arg_cmp."""
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64),
                ("b", ctypes.c_uint64)]


def filter_calls(unit):
    """Load the filter."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ACT_ERRNO))
    families = [getattr(socket, f) for f in " ".join(unit["RestrictAddressFamilies"]).split()]
    for name in sorted(allowed_calls(unit)):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            continue
        if name != "socket":
            # clone3() hides its flags from a filter: it is said not to exist.
            action = ACT_NOSYS if name == "clone3" else ACT_ALLOW
            seccomp.seccomp_rule_add_array(context, action, number, 0, None)
            continue
        for family in families:
            compare = Compare(0, CMP_EQ, family, 0)
            checked(seccomp.seccomp_rule_add_array(context, ACT_ALLOW, number, 1,
                                                   ctypes.byref(compare)), "seccomp socket")
    checked(seccomp.seccomp_load(context), "seccomp_load")


def second_stage(unit_path, argv):
    """Becomes the program."""
    unit = settings(unit_path)
    if unit.get("MemoryDenyWriteExecute") == ["yes"] and \
            libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) < 0:
        print("confine: this kernel has no PR_SET_MDWE", file=sys.stderr)
    filter_calls(unit)
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        second_stage(sys.argv[2], sys.argv[3:])
    else:
        first_stage(sys.argv[1], sys.argv[2], sys.argv[3:])
