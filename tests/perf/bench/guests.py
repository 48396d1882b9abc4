# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Guests: processes behind two vhost-user sockets that send out of the one what comes in at the
# other, by DPDK's virtio-user. They are clients of the switch's sockets. Main thread.

"""testpmd and our VNF as guests."""

from lab import Instance, vnf_program

from .dpdk import RING, Testpmd, cycles_per_packet


class TestpmdGuest:
    """dpdk-testpmd, mode io."""

    __test__ = False  # for pytest: no test, despite its name
    label = "testpmd io"

    def __init__(self, run, cpu, sockets, huge, _spec):
        # vnf-switch offers no mergeable buffers by default: none behind the others either, so that
        # the guest's receive path is the same.
        vdevs = [f"net_virtio_user{i},path={path},queues=1,queue_size={RING},mrg_rxbuf=0"
                 for i, path in enumerate(sockets)]
        self.testpmd = Testpmd(run, cpu, vdevs, "guest", huge, extra=["--record-core-cycles"],
                               mbufs=16384)

    def start(self):
        """Wait until it forwards."""
        self.testpmd.wait_ready()

    @property
    def pid(self):
        """Its process."""
        return self.testpmd.process.pid

    def packets(self):
        """Packets forwarded."""
        return self.testpmd.sum("opackets")

    def received(self):
        """Packets that its rings took."""
        return self.testpmd.sum("ipackets")

    def begin(self):
        """Nothing: its cycles are known at its end."""

    end = begin

    def stop(self, rate):
        """End it; return the share of time in bursts that had packets."""
        cycles = cycles_per_packet(self.testpmd.stop())
        return min(1.0, cycles[0] * rate / cycles[1]) if cycles else None


class VnfGuest:
    """A VNF of ours."""

    def __init__(self, run, cpu, sockets, huge, spec):
        self.vnf = Instance(run, vnf_program(spec), {
            "name": "guest", "workers": 1, "cpus": str(cpu),
            "hugepages": "always" if huge else "never",
            "ports": [{"name": name, "kind": "virtio-user", "socket": path, "mode": "client",
                       "queues": 1, "queue_size": RING}
                      for name, path in zip(("left", "right"), sockets)]})
        self.label = f"vnf-{spec}"
        self.before = self.after = None

    def start(self):
        """Start it and wait for its ports."""
        self.vnf.start()
        self.vnf.wait_port()

    @property
    def pid(self):
        """Its process."""
        return self.vnf.process.pid

    def packets(self):
        """Packets forwarded."""
        return self.vnf.telemetry("/vnf/stats")["tx_packets"]

    def received(self):
        """Packets that its rings took."""
        return self.vnf.telemetry("/vnf/stats")["rx_packets"]

    def begin(self):
        """Note the busy time."""
        self.before = self.vnf.telemetry("/vnf/workers,0")

    def end(self):
        """Note it again."""
        self.after = self.vnf.telemetry("/vnf/workers,0")

    def stop(self, _rate):
        """End it; return the share of time in passes that had packets."""
        self.vnf.stop()
        return busy_share(self.before, self.after)


def busy_share(before, after):
    """Of a worker of ours, between two answers of /vnf/workers; None from a program without."""
    if not before or not after or "busy_ns" not in after:
        return None
    passed = after["uptime_ns"] - before["uptime_ns"]
    return (after["busy_ns"] - before["busy_ns"]) / passed if passed > 0 else None


def make_guest(run, name, cpu, sockets, huge):
    """"testpmd", or "vnf-NAME" of the templates."""
    if name == "testpmd":
        return TestpmdGuest(run, cpu, sockets, huge, None)
    return VnfGuest(run, cpu, sockets, huge, name.removeprefix("vnf-"))
