# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What a program needs to run in a guest that has nothing: its libraries, as the loader itself finds
# them, and DPDK's plug-ins, which it opens by name at start. Used by initramfs.py.

"""Libraries and plug-ins."""

import difflib
import os
import re

from .errors import FrontError, UsageError
from .program import run

# Where the loader looks without being told, and without a cache, which the guest does not have.
DEFAULT_FOLDERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/lib/x86_64-linux-gnu",
                   "/usr/lib/x86_64-linux-gnu")
# Opened by the C library when a thread is cancelled.
OPENED_LATER = ("libgcc_s.so.1",)


def libraries(paths):
    """{name: path} of all shared libraries of these files; the loader is among them."""
    found = {}
    for path in paths:
        check_binary(path)
        done = run(["ldd", path])
        text = done.stdout.decode(errors="replace")
        if done.returncode and "not a dynamic executable" not in (text + done.stderr.decode()):
            raise FrontError(f"ldd {path} failed: {done.stderr.decode(errors='replace').strip()}")
        missing = re.findall(r"^\s*(\S+) => not found", text, re.M)
        if missing:
            raise FrontError(f"{path} needs {', '.join(missing)}, which the loader does not find; "
                             "install it, or set LD_LIBRARY_PATH")
        found.update(re.findall(r"^\s*(\S+) => (/\S+) \(0x", text, re.M))
        found.update((os.path.basename(p), p) for p in re.findall(r"^\s*(/\S+) \(0x", text, re.M))
    return found


def check_binary(path):
    """Is it a file that the kernel and the loader can start?"""
    try:
        with open(path, "rb") as file:
            head = file.read(20)
    except OSError as error:
        raise FrontError(f"{path} cannot be read: {error.strerror}") from None
    if head[:2] == b"#!":
        raise UsageError(f"{path} is a script; its interpreter would not be in the guest. Name the "
                         "program itself")
    if head[:5] != b"\x7fELF\x02" or head[18:20] != b"\x3e\0":
        raise UsageError(f"{path} is no program for x86-64")


def opened_later(found):
    """Paths of what no list of libraries shows, beside the C library or in the usual folders."""
    beside = [os.path.dirname(found[name]) for name in ("libc.so.6",) if name in found]
    paths = []
    for name in OPENED_LATER:
        if name in found or "libc.so.6" not in found:
            continue
        present = [f"{folder}/{name}" for folder in (*beside, *reversed(DEFAULT_FOLDERS))
                   if os.path.exists(f"{folder}/{name}")]
        if not present:
            raise FrontError(f"{name} is not there; install it: apt-get install libgcc-s1")
        paths.append(present[0])
    return paths


def plugin_folder(found):
    """The folder that this DPDK loads plug-ins from, and its ABI; (None, "") if linked in."""
    eal = next((path for name, path in found.items() if name.startswith("librte_eal.so")), None)
    if not eal:
        return None, ""
    real = os.path.realpath(eal)
    abi = real.partition(".so.")[2]
    folder = f"{os.path.dirname(real)}/dpdk/pmds-{abi}"
    if os.path.isdir(folder):
        return folder, abi
    done = run(["pkg-config", "--variable=driverdir", "libdpdk"])
    folder = done.stdout.decode().strip()
    if not os.path.isdir(folder) or not folder.endswith(f"-{abi}"):
        raise FrontError(f"the plug-ins of {eal} are not found: there is no "
                         f"{os.path.dirname(real)}/dpdk/pmds-{abi}")
    return folder, abi


def plugins(folder, abi, drivers, wanted):
    """Paths of the plug-ins, by names that DPDK loads: any other is passed over in silence."""
    paths = []
    for name in dict.fromkeys([*drivers, *wanted]):
        path = next((p for p in (f"{folder}/librte_{name}.so.{abi}", f"{folder}/librte_{name}.so")
                     if os.path.exists(p)), None)
        if path:
            paths.append(path)
        elif name in drivers:
            raise UsageError(f"DPDK has no plug-in \"{name}\" in {folder}{similar(folder, name)}")
    return paths


def known_plugins(folder):
    """Names of all plug-ins, without librte_."""
    names = (re.match(r"librte_(\w+)\.so", name) for name in os.listdir(folder))
    return sorted({match[1] for match in names if match})


def similar(folder, name):
    """A hint at what may have been meant."""
    close = difflib.get_close_matches(name, known_plugins(folder), 3)
    return f"; is it {' or '.join(close)}?" if close else ""


def driver_name(text):
    """What --driver may be written as, to the name of a plug-in."""
    name = text.removeprefix("librte_").partition(".so")[0]
    return name if re.match(r"(net|bus|mempool|common|raw|crypto|event)_", name) else f"net_{name}"


def guess_driver(folder, name):
    """The plug-in of a device: net_memif0 has net_memif, net_e1000_igb has net_e1000."""
    known = [plugin for plugin in known_plugins(folder) if name.startswith(plugin)]
    return max(known, key=len, default=name)
