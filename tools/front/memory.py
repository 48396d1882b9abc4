# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# How much memory the guest needs. The numbers of the kernel were measured with Debian's 6.1 and
# 6.12. Pure logic. Used by image.py and run.py.

"""Memory of the guest."""

from .errors import UsageError
from .say import MIB

KERNEL = 72 * MIB        # what it takes before a program runs, unpacked image and tables
PAGE_TABLES = 64         # one byte of so many of all memory describes the others
PER_CPU = 2 * MIB
PROGRAMS = 20 * MIB      # what the VNF and DPDK take beside the packets' memory
LEAST_MIB = 256          # below that nothing is to be won
STEP_MIB = 32


def need_bytes(kernel_bytes, initramfs_bytes, vnf_bytes, cpus):
    """What must be there: while it boots, and while it runs, whichever is more."""
    # As QEMU loads them, kernel and archive are there beside the unpacked files. And the kernel
    # gives files half of the memory, of which it does not count itself and the archive.
    boot = KERNEL + 2 * initramfs_bytes + max(kernel_bytes, initramfs_bytes)
    running = KERNEL + cpus * PER_CPU + initramfs_bytes + vnf_bytes + PROGRAMS
    return max(boot, running) * PAGE_TABLES // (PAGE_TABLES - 1)


def default_mib(need):
    """The memory of a machine that is not told how much."""
    return max(LEAST_MIB, -(-need // (STEP_MIB * MIB)) * STEP_MIB)


def check_mib(memory_mib, need, vnf_bytes, initramfs_bytes):
    """Refuse what would end in the guest's out-of-memory killer."""
    if memory_mib * MIB >= need:
        return
    rest = need - vnf_bytes - initramfs_bytes
    raise UsageError(f"--mem {memory_mib}M is too little: the guest needs {-(-need // MIB)}M "
                     f"(VNF {vnf_bytes // MIB}M, files {-(-initramfs_bytes // MIB)}M, kernel and "
                     f"programs {-(-rest // MIB)}M)")
