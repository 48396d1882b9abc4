# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# dpdk-testpmd as something to measure: pinned to one CPU, its counters read over telemetry. Its
# main lcore shares the CPU and sleeps. Used by switches.py, guests.py and the scripts. Main thread.

"""testpmd with counters."""

import os
import re
import shutil

from lab import Process, Telemetry, installed, until

RING = 1024


class Testpmd:
    """A dpdk-testpmd that forwards between pairs of ports; they are DPDK device arguments."""

    def __init__(self, run, cpu, vdevs, name, huge, mode="io", extra=(), wrap=(), mbufs=40960):
        self.run = run
        self.ports = len(vdevs)
        self.prefix = f"vnfkit-{run.id}-{name}"
        self._telemetry = None
        run.defer(self._clean)
        memory = ["--in-memory", "--single-file-segments"] if huge else ["--no-huge", "--no-shconf"]
        self.process = Process(run, [
            *wrap, installed("dpdk-testpmd"), f"--lcores=0@{cpu},1@{cpu}", *memory,
            "-m", str(64 + mbufs * 3 // 1024), "--no-pci", "--iova-mode=va",
            f"--file-prefix={self.prefix}",
            *[f"--vdev={v}" for v in vdevs], "--", "--auto-start", f"--forward-mode={mode}",
            f"--total-num-mbufs={mbufs}", f"--rxd={RING}", f"--txd={RING}", "--no-lsc-interrupt",
            "--disable-link-check",
            # Otherwise it would read commands, and end at the end of its input.
            "--stats-period=3600", *extra], name=name)

    def wait_ready(self, timeout=20):
        """Wait until it forwards."""
        self.process.wait_log("packets/burst=", timeout)
        return self

    def stats(self, port):
        """A port's counters, as DPDK names them."""
        if self._telemetry is None:
            paths = [f"{base}/{self.prefix}/dpdk_telemetry.v2" for base in self.run.runtime_dirs()]
            path = until(lambda: next((p for p in paths if os.path.exists(p)), None), 5,
                         f"{self.process.name}: telemetry socket")
            self._telemetry = Telemetry(path)
        return self._telemetry.ask(f"/ethdev/stats,{port}")

    def sum(self, counter):
        """A counter, all ports together."""
        return sum(self.stats(port)[counter] for port in range(self.ports))

    def stop(self):
        """End it; return what it wrote."""
        if self._telemetry:
            self._telemetry.close()
        self.process.end(grace=10)
        return self.process.output()

    def _clean(self):
        for base in self.run.runtime_dirs():
            shutil.rmtree(f"{base}/{self.prefix}", ignore_errors=True)


def cycles_per_packet(output):
    """(cycles a packet, TSC Hz) that testpmd counted in bursts with packets; None without."""
    match = re.search(r"CPU cycles/packet=([\d.]+).* at (\d+) MHz", output)
    return (float(match[1]), int(match[2]) * 1e6) if match else None


def packets_received(output):
    """Packets that it received in its whole life, from its last words."""
    final = output[output.rfind("Accumulated forward statistics"):]
    match = re.search(r"RX-packets:\s*(\d+)", final)
    return int(match[1]) if match else 0
