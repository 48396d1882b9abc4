# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# macswap between two null ports: the VNFs of this folder, and dpdk-testpmd. Used by the scripts sdk
# and stages. Main thread.

"""Programs that swap MAC addresses."""

from lab import Instance

from .dpdk import Testpmd, packets_received

SIZE = 60


class MacswapVnf:
    """One of the VNFs of this folder, by the path of its program."""

    def __init__(self, run, cpu, huge, program):
        self.instance = Instance(run, program, {
            "name": "macswap", "workers": 1, "cpus": str(cpu),
            "hugepages": "always" if huge else "never",
            "ports": [{"name": name, "kind": "null", "size": SIZE} for name in ("left", "right")]})

    def start(self):
        """Wait until its workers run."""
        self.instance.start()
        return self

    def packets(self):
        """Packets sent."""
        return self.instance.telemetry("/vnf/stats")["tx_packets"]

    @property
    def pid(self):
        """Its process."""
        return self.instance.process.pid

    def stop(self):
        """End it; return the packets of its whole life."""
        return self.instance.stop(timeout=30)["ledger"]["rx"]


class MacswapTestpmd:
    """The same in dpdk-testpmd."""

    def __init__(self, run, cpu, huge, wrap=()):
        vdevs = [f"net_null{i},size={SIZE},copy=0" for i in (0, 1)]
        self.testpmd = Testpmd(run, cpu, vdevs, "macswap", huge, mode="macswap", wrap=wrap)

    def start(self, timeout=20):
        """Wait until it forwards."""
        self.testpmd.wait_ready(timeout)
        return self

    def packets(self):
        """Packets sent."""
        return self.testpmd.sum("opackets")

    @property
    def pid(self):
        """Its process."""
        return self.testpmd.process.pid

    def stop(self):
        """End it; return the packets of its whole life."""
        return packets_received(self.testpmd.stop())
