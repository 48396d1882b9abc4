# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# More than one machine: two VNFs in a row, and one that moves from QEMU to QEMU under traffic.

"""Chains and live migration."""

import time

import lab
from lab import capture

COUNT = 20_000


def vnf_settings(run, name, sockets):
    """A forwarder between two sockets."""
    return {"name": name, "ports": [
        {"name": port, "kind": "virtio-user", "socket": run.socket(socket), "tx_wait": "1s"}
        for port, socket in zip((lab.LAN, lab.WAN), sockets)]}


def vhost_port(run, name, domain=None):
    """The switch's port for a socket of that name."""
    return {"name": name, "kind": "vhost-user", "socket": run.socket(name), "domain": domain,
            "tx_wait": "1s"}


def switch_of(run, caps, *ports, wires=()):
    """A switch with these ports; `wires` are pairs of names."""
    return lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never", "ports": list(ports),
        "wires": [{"a": a, "b": b} for a, b in wires] or None})


def test_two_guests_in_a_row(run, caps):
    """Each frame passes both machines, in order."""
    packets = capture.frames(COUNT)
    target = run.path("out.pcap")
    switch = switch_of(
        run, caps,
        *[vhost_port(run, name) for name in ("lan1", "wan1", "lan2", "wan2")],
        {"name": "in", "kind": "pcap", "after": "wan1",
         "rx_file": capture.write(run.path("in.pcap"), packets)},
        {"name": "out", "kind": "pcap", "tx_file": target},
        wires=(("in", "lan1"), ("wan1", "lan2"), ("wan2", "out")))
    first, second = (lab.GuestVnf(run, lab.vnf_program(), vnf_settings(run, f"vnf{i}", sockets))
                     for i, sockets in ((1, ("lan1", "wan1")), (2, ("lan2", "wan2"))))
    switch.start()
    # What sends comes last.
    second.start()
    first.start()
    lab.until(lambda: switch.stats("out")["tx_packets"] >= COUNT, 60,
              f"{COUNT} frames behind both machines")
    switch.stop()
    assert capture.read(target) == packets
    for vnf in (first, second):
        assert vnf.stop()["ledger"]["rx"] == COUNT


def longest_gap(switch, until_done, timeout):
    """Seconds without a packet at the sink, at the longest, until the condition holds."""
    deadline = lab.Deadline(timeout)
    count, since, longest = 0, time.monotonic(), 0.0
    while not deadline.passed():
        now, received = time.monotonic(), switch.stats("gen-sink")["received"]
        if received != count:
            longest = max(longest, now - since)
            count, since = received, now
        if until_done():
            return longest
        time.sleep(0.005)
    raise lab.LabError("the migration did not end")


def test_live_migration(run, caps, record_property):
    """Under traffic to a second QEMU on other sockets of the switch; the outage is reported."""
    switch = switch_of(run, caps, *[vhost_port(run, name, domain) for name, domain in
                                    (("lan1", "A"), ("wan1", "B"), ("lan2", "A"), ("wan2", "B"))],
                       *lab.generator_ports(rate=10_000))
    settings = vnf_settings(run, "vnf", ("lan1", "wan1"))
    folder = lab.image(run, "vnf", settings, lab.vnf_program())
    source = lab.GuestVnf(run, lab.vnf_program(), settings, image=folder)
    target = lab.GuestVnf(run, lab.vnf_program(), {**settings, "name": "moved"}, image=folder)
    channel = f"unix:{run.socket('migration')}"
    # The state of -cpu max does not survive in QEMU 7.2: half of the kernels panic on the other side.
    source.options = ["--cpu", "Nehalem"]
    target.options = ["--cpu", "Nehalem", "--socket", f"lan={run.socket('lan2')}",
                      "--socket", f"wan={run.socket('wan2')}", "--qemu-arg=-incoming",
                      f"--qemu-arg={channel}"]
    switch.start()
    source.start()
    lab.until(lambda: switch.stats("gen-sink")["received"] > 1000, 30, "traffic")
    target.start(wait=False)
    lab.until(lambda: target.qmp("query-status")["status"] == "inmigrate", 30, "the target")

    source.qmp("migrate", uri=channel)
    arrived = switch.stats("wan2")["rx_packets"]

    def moved():
        return switch.stats("wan2")["rx_packets"] > arrived + 1000
    gap = longest_gap(switch, moved, 60)
    info = source.qmp("query-migrate")
    assert info["status"] == "completed"
    record_property("says", f"downtime {info['downtime']} ms by QEMU, outage {gap * 1000:.0f} ms "
                            f"by the sink, {info['total-time']} ms in all")
    # The control port moved too; the VNF knows of nothing.
    assert target.stats(lab.WAN)["tx_packets"] > 1000
    source.crash()
    before = switch.stats("gen-sink")["received"]
    lab.until(lambda: switch.stats("gen-sink")["received"] > before + 1000, 10, "traffic")
    switch.stop()
    target.stop()
