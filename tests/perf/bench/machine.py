# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# On what and with what was measured: printed above every result, for a number without its machine
# says nothing. Any thread.

"""Machine and versions."""

import os
import re
import subprocess

from lab import ROOT, switch_program
from lab.peers import OVS_DAEMON


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def _said(argv, pattern):
    """What `pattern` finds in the output of a command; "?" if nothing."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    match = re.search(pattern, done.stdout)
    return match[1] if match and done.returncode == 0 else "?"


def cpu_model():
    """The CPU's name, as the kernel has it."""
    match = re.search(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo"))
    return match[1].strip() if match else os.uname().machine


def tsc_hz():
    """
    Ticks of the time-stamp counter a second. The kernel's BogoMIPS are twice that where the counter
    is constant; cycles are given in these ticks, whatever the core's clock does.
    """
    match = re.search(r"bogomips\s*:\s*([\d.]+)", _read("/proc/cpuinfo"), re.I)
    return float(match[1]) / 2 * 1e6 if match else 0.0


def vnfkit_version():
    """Of the source tree; without its history, of the program."""
    tree = _said(["git", "-C", ROOT, "describe", "--always", "--dirty", "--tags"], r"(\S+)")
    return tree if tree != "?" else _said([switch_program(), "--version"], r"(\d[\w.-]*)")


def facts():
    """Lines for the head of a report."""
    virtual = "virtual machine, " if re.search(r"\bhypervisor\b", _read("/proc/cpuinfo")) else ""
    l2 = _read("/sys/devices/system/cpu/cpu0/cache/index2/size").strip()
    return [
        f"machine: {cpu_model()}, {virtual}{os.cpu_count()} CPUs"
        f"{f', L2 {l2}' if l2 else ''}, TSC {tsc_hz() / 1e6:.0f} MHz; Linux {os.uname().release}",
        "versions: vnfkit " + vnfkit_version() +
        ", DPDK " + _said(["pkg-config", "--modversion", "libdpdk"], r"(\S+)") +
        ", OVS " + _said([OVS_DAEMON, "--version"], r"\) ([\d.]+)"),
    ]
