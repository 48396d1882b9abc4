# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The guest's first and only file system: the VNF, its configuration, what both need, and what the
# first process reads. Used by image.py.

"""Making of the initramfs."""

import grp
import os
import pwd
from pathlib import Path

from . import closure, cpio
from .errors import FrontError, UsageError
from .tree import Tree

INIT = "vnfkit-guest-init"
HERE = Path(__file__).resolve().parent


def find_init():
    """The program of process 1: in the build directory, or where it was installed."""
    if (HERE.parent / "meson.build").is_file():
        build = os.environ.get("VNFKIT_BUILD") or HERE.parent.parent / "build"
        place = Path(build) / "tools/guest-init" / INIT
        how = "build it: meson compile -C build; VNFKIT_BUILD names another build directory"
    else:
        place = HERE.parent.parent.parent / "libexec/vnfkit" / INIT
        how = "install vnfkit again"
    if place.is_file():
        return str(place.resolve())
    raise FrontError(f"{place} is not there; {how}")


def make(plan, devices, extra_drivers, modules):
    """The Tree of the guest."""
    tree = Tree()
    init = find_init()
    tree.file(init, at="/init")
    tree.file(plan.vnf)
    for path in dict.fromkeys([plan.config, *plan.files]):
        tree.file(path)
    add_libraries(tree, plan.vnf, init, devices, extra_drivers)
    for path, data in modules:
        tree.data(path, data)
    command = [plan.vnf, "-c", plan.config, *devices.arguments]
    tree.data("/etc/vnfkit/modules", lines(path for path, _ in modules))
    tree.data("/etc/vnfkit/command", lines(command))
    add_accounts(tree, devices.nics)
    return tree


def lines(texts):
    """A file of one text a line; a text of two lines would be two texts."""
    texts = list(texts)
    if any("\n" in text for text in texts):
        raise FrontError("a path with a line break in it cannot be taken into the image")
    return "".join(f"{text}\n" for text in texts).encode("utf-8", "surrogateescape")


def add_libraries(tree, vnf, init, devices, extra_drivers):
    """The libraries and plug-ins of all programs."""
    found = closure.libraries([vnf, init])
    folder, abi = closure.plugin_folder(found)
    if folder:
        drivers = [closure.guess_driver(folder, name) for name in devices.drivers]
        drivers += [closure.driver_name(name) for name in extra_drivers]
        paths = closure.plugins(folder, abi, drivers, devices.wanted_drivers)
        for path in paths:
            tree.file(path)
        found = {**closure.libraries(paths), **found}
    for path in closure.opened_later(found):
        tree.file(path)
    for name, path in found.items():
        tree.file(path)
        if os.path.dirname(path) not in closure.DEFAULT_FOLDERS and "/" not in name:
            # Found here by the loader's cache or LD_LIBRARY_PATH; the guest has neither.
            tree.link(f"/usr/lib/{name}", os.path.realpath(path))


def add_accounts(tree, nics):
    """The users and groups that the configuration names: the VNF looks them up."""
    users, groups = {"root": 0}, {"root": 0}
    for nic in nics:
        if nic.owner and not nic.owner.isdigit():
            users[nic.owner] = account(nic, "owner", pwd.getpwnam).pw_uid
        if nic.group and not nic.group.isdigit():
            groups[nic.group] = account(nic, "group", grp.getgrnam).gr_gid
    tree.data("/etc/passwd", lines(f"{name}:x:{uid}:{uid}::/:/bin/false"
                                   for name, uid in sorted(users.items())))
    tree.data("/etc/group", lines(f"{name}:x:{gid}:" for name, gid in sorted(groups.items())))


def account(nic, key, find):
    """The entry of a user or group that the configuration names."""
    name = getattr(nic, key)
    try:
        return find(name)
    except KeyError:
        what = "user" if key == "owner" else "group"
        raise UsageError(f"port \"{nic.port}\": {key} = \"{name}\": this host has no such {what}; "
                         f"add it, or change \"{key}\"") from None


def write(tree, path):
    """The archive; readable for all only if all its files are."""
    with open(path, "wb") as file:
        cpio.write(file, tree.nodes)
        size = file.tell()
    os.chmod(path, 0o600 if tree.private else 0o644)
    return size
