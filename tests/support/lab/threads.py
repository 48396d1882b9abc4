# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# CPU time of a program's workers, as the kernel counts it. Used by tests and measurements.

"""CPU time of workers."""

import glob

from .errors import LabError

NS_PER_S = 1e9


def worker_cpu_s(instance):
    """Seconds of CPU time that the workers of an Instance took until now."""
    total = found = 0
    for task in glob.glob(f"/proc/{instance.process.pid}/task/*"):
        with open(f"{task}/comm", encoding="ascii", errors="replace") as f:
            if not f.read().startswith("rte-worker"):
                continue
        with open(f"{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
        found += 1
    if not found:
        raise LabError(f"{instance.name} has no worker threads")
    return total / NS_PER_S
