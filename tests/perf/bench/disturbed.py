# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Was the measurement alone on its CPUs? A polling thread that waits for its CPU was pushed aside by
# somebody: the kernel counts that for each thread (schedstat), and beside it what the hypervisor
# took (steal). Any thread.

"""How much of a window others took."""

import glob
import os
import time

TICKS = os.sysconf("SC_CLK_TCK")
DISTURBED = 0.03  # share of a CPU that others may have
IDLE = 0.9        # share of time that a CPU must have been idle to count as free
IDLE_STEP_S = 0.5


def _threads(pid):
    """Thread -> (nanoseconds run, nanoseconds waited for a CPU)."""
    found = {}
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(path, encoding="ascii") as f:
                ran, waited = map(int, f.read().split()[:2])
        except (OSError, ValueError):
            continue
        found[path] = (ran, waited)
    return found


def _cpu_ticks(cpus):
    """Rows of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, ..."""
    names = {f"cpu{cpu}" for cpu in cpus}
    with open("/proc/stat", encoding="ascii") as f:
        return [list(map(int, line.split()[1:])) for line in f if line.split()[0] in names]


def _steal_ns(cpus):
    """Time that the hypervisor gave to others instead of these CPUs."""
    return sum(row[7] for row in _cpu_ticks(cpus)) * 1_000_000_000 // TICKS


def wait_idle(cpus, patience):
    """Wait until nobody uses these CPUs, `patience` seconds at most."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = _cpu_ticks(cpus)
        time.sleep(IDLE_STEP_S)
        spent = [[b - a for a, b in zip(*rows)] for rows in zip(before, _cpu_ticks(cpus))]
        if all(row[3] + row[4] >= IDLE * sum(row) for row in spent):
            return


class Watch:
    """
    From its creation on, over the busiest thread of each of these processes. That their other
    threads push it aside (OVS makes flows in some) is their own affair and does not count.
    """

    def __init__(self, pids):
        self.cpus = sorted(os.sched_getaffinity(0))[:2]
        self.steal = _steal_ns(self.cpus)
        self.before = {pid: _threads(pid) for pid in pids}

    def share(self):
        """The largest share of time, 0 to 1, that one of them had to wait for others."""
        spent = {pid: sorted((ran - before[t][0], waited - before[t][1])
                             for t, (ran, waited) in _threads(pid).items() if t in before)
                 for pid, before in self.before.items()}
        own = sum(ran for threads in spent.values() for ran, _ in threads[:-1])
        stolen = (_steal_ns(self.cpus) - self.steal) / max(1, len(self.cpus))
        worst = 0.0
        for ran, waited in (threads[-1] for threads in spent.values() if threads):
            worst = max(worst, (max(0, waited - own) + stolen) / max(1, ran + waited))
        return min(1.0, worst)
