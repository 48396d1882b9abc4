# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Checksums and TCP segmentation that the sender left open, from kernels at both ends: everybody gets
# what it agreed to take, and the octets that were sent. tests/guest/test_kernel_offloads.py has the same for
# kernels in virtual machines.

"""Offloads, in all combinations."""

import itertools
import struct

import lab
import pytest
from lab import transfer
from lab import vhost_client as vu

LEVELS = ("none", "checksum", "tso")
SIZE = 1_500_000
DATAGRAMS = (1, 2, 37, 1000, 1471, 1472)


class Station:
    """A namespace with an interface whose other end is a port of the switch."""

    def __init__(self, run, number, level, domain, kind="tap"):
        self.level = level
        self.name = f"{domain}-{level}-{number}".lower()
        self.addresses = (f"10.99.0.{number}", f"fd99::{number:x}")
        host = lab.Namespace(run, f"h{number}") if kind == "af_packet" else None
        self.endpoint = lab.Endpoint(self.name, self.addresses[0], f"02:99:00:00:00:{number:02x}",
                                     lab.Namespace(run, f"s{number}"), kind, peer_netns=host)
        self.domain = domain

    @property
    def netns(self):
        """Its namespace."""
        return self.endpoint.netns

    def port(self):
        """The switch's port for it."""
        return {**self.endpoint.port(self.domain), "offloads": self.level}

    def plug(self):
        """For af_packet, before the switch starts."""
        self.endpoint.plug()
        if self.endpoint.kind == "af_packet":
            ends = ((self.netns, self.endpoint.ifname),
                    (self.endpoint.peer_netns, f"to-{self.name}"))
            for netns, ifname in ends:
                lab.command(["ethtool", "-K", ifname, "tx", "on", "rx", "on", "tso", "on",
                             "gso", "on"], netns=netns)

    def configure(self):
        """IPv4 and IPv6."""
        self.endpoint.configure()
        lab.command(["sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6;"
                     "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad"], netns=self.netns)
        self.netns.ip("address", "replace", f"{self.addresses[1]}/64", "dev", "eth0", "nodad")

    def talk(self, other):
        """TCP both ways and UDP, over IPv4 and IPv6."""
        for address in other.addresses:
            transfer.exchange(self.netns, other.netns, address, SIZE)
        for address in other.addresses:
            over = 20 if ":" in address else 0
            transfer.datagrams(self.netns, other.netns, address,
                               [min(size, 1472 - over) for size in DATAGRAMS])


def switch_with(run, caps, stations, extra=()):
    """A switch with these stations, all up."""
    caps.require_endpoints()
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never",
        "ports": [*(s.port() for s in stations), *extra]})
    for station in stations:
        station.plug()
    switch.start()
    for station in stations:
        station.configure()
    return switch


def size_of_frames(switch, port, way):
    """Octets of a frame, on the average."""
    stats = switch.stats(port)
    return stats[f"{way}_bytes"] / max(1, stats[f"{way}_packets"])


def need_tap(caps):
    """Other interfaces have no such levels."""
    if caps.why_no_tap:
        raise lab.LabUnavailable(caps.why_no_tap)


@pytest.mark.parametrize("level, offered", [
    (None, {0, 1}), ("none", set()), ("checksum", {0, 1}), ("tso", {0, 1, 7, 8, 11, 12})])
def test_what_a_guest_is_offered(run, caps, level, offered):
    """CSUM, GUEST_CSUM, GUEST_TSO4, GUEST_TSO6, HOST_TSO4, HOST_TSO6; never ECN, UFO or USO."""
    keys = {} if level is None else {"offloads": level}
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never", "ports": [
            {"name": "guest", "kind": "vhost-user", "socket": run.socket("guest"),
             "mode": "server", "domain": "A", **keys}]})
    switch.start()
    guest = vu.VhostClient(run.socket("guest"))
    guest.send(vu.GET_FEATURES)
    features = struct.unpack("<Q", guest.receive())[0]
    assert {bit for bit in (*range(2), *range(7, 15), *range(54, 57)) if features >> bit & 1} == offered
    guest.close()
    switch.stop()


def test_a_reload_changes_them(run, caps):
    """A tap and a guest's port with other offloads are opened anew, and the others go on."""
    need_tap(caps)
    stations = [Station(run, 1 + i, level, "A") for i, level in enumerate(("none", "tso"))]
    switch = switch_with(run, caps, stations, [
        {"name": "guest", "kind": "vhost-user", "socket": run.socket("guest"), "mode": "server",
         "domain": "A"}])
    stations[0].talk(stations[1])
    assert size_of_frames(switch, stations[0].name, "rx") <= 1514
    ports = [{**port, "offloads": "tso"} for port in switch.settings["ports"]]
    switch.reload(ports=ports)
    stations[0].configure()
    created = switch.ledger()["created"]
    transfer.exchange(stations[0].netns, stations[1].netns, stations[1].addresses[0], 8 * SIZE)
    assert switch.ledger()["created"] < created + 100
    assert switch.stats(stations[0].name)["rx_bytes"] > 1514 * \
        switch.stats(stations[0].name)["rx_packets"]
    switch.stop()


def test_taps_to_each_other(run, caps):
    """Nine pairs. Who leaves segmentation open sends long frames, who takes it gets them."""
    need_tap(caps)
    stations = [Station(run, 1 + i, level, "A") for i, level in enumerate(2 * LEVELS)]
    switch = switch_with(run, caps, stations)
    for a, b in itertools.product(stations[:3], stations[3:]):
        created = switch.ledger()["created"]
        a.talk(b)
        one_cuts = (a.level == "tso") != (b.level == "tso")
        assert (switch.ledger()["created"] > created + 100) == one_cuts, (a.level, b.level)
    for s in stations:
        for way in ("rx", "tx"):
            assert (size_of_frames(switch, s.name, way) > 1000) and \
                (s.level == "tso" or size_of_frames(switch, s.name, way) <= 1514), (s.name, way)
    assert all(not switch.drops(s.name) for s in stations)
    switch.stop()


def test_long_frames_go_whole(run, caps):
    """From a port that leaves segmentation open to one that takes it."""
    need_tap(caps)
    stations = [Station(run, 1 + i, "tso", "A") for i in range(2)]
    switch = switch_with(run, caps, stations)
    transfer.exchange(stations[0].netns, stations[1].netns, stations[1].addresses[0], 8 * SIZE)
    for s in stations:
        assert max(size_of_frames(switch, s.name, way) for way in ("rx", "tx")) > 3000
    assert switch.ledger()["created"] < 100  # floods
    switch.stop()


@pytest.mark.parametrize("level, mergeable, packed", [
    ("none", False, False), ("none", True, True), ("checksum", False, True), ("checksum", True, False),
    ("tso", False, False), ("tso", True, False), ("tso", True, True)])
def test_through_a_vnf(run, caps, level, mergeable, packed):
    """Nine pairs each, with the VNF's ports at one level, both kinds of buffers and of rings."""
    need_tap(caps)
    here, there = ([Station(run, first + i, level, domain) for i, level in enumerate(LEVELS)]
                   for first, domain in ((1, "A"), (11, "B")))
    sockets = {name: run.socket(name) for name in (lab.LAN, lab.WAN)}
    vnf = lab.Instance(run, lab.vnf_program(), {
        "name": "vnf", "cpus": str(caps.cpus[-1]), "hugepages": "never",
        "ports": [{"name": name, "kind": "virtio-user", "socket": path, "offloads": level,
                   "packed": packed} for name, path in sockets.items()]})
    vnf.start(wait=False)
    switch = switch_with(run, caps, here + there, [
        {"name": name, "kind": "vhost-user", "socket": sockets[name], "domain": domain,
         "offloads": level, "mergeable": mergeable}
        for name, domain in ((lab.LAN, "A"), (lab.WAN, "B"))])
    switch.wait_port()
    vnf.wait_port()
    for a, b in itertools.product(here, there):
        a.talk(b)
    # Those that are not cut anywhere: here[2] and there[2] leave segmentation open and take it.
    before = vnf.stats(lab.LAN)
    transfer.exchange(here[2].netns, there[2].netns, there[2].addresses[0], 8 * SIZE)
    grown = {key: vnf.stats(lab.LAN)[f"rx_{key}"] - before[f"rx_{key}"]
             for key in ("bytes", "packets")}
    assert (grown["bytes"] > 1514 * grown["packets"]) == (level == "tso" and mergeable)
    assert switch.stop() and vnf.stop()


def test_af_packet(run, caps):
    """A veth pair that leaves everything open, by packet sockets."""
    need_tap(caps)
    if caps.why_no_veth:
        raise lab.LabUnavailable(caps.why_no_veth)
    veth = [Station(run, 1 + i, level, "A", kind="af_packet") for i, level in enumerate(("tso",) * 2)]
    taps = [Station(run, 11 + i, level, "A") for i, level in enumerate(LEVELS)]
    switch = switch_with(run, caps, veth + taps)
    for other in [veth[1], *taps]:
        veth[0].talk(other)
    assert size_of_frames(switch, veth[0].name, "rx") > 1514
    switch.stop()


def test_a_card_that_cuts(run, caps):
    """
    A DPDK device that takes segmentation: two switches, with a virtio-user device as the first
    one's network card. What it receives is as it was on the wire.
    """
    need_tap(caps)
    here, there = Station(run, 1, "tso", "A"), Station(run, 2, "tso", "A")
    wire = run.socket("wire")
    far = lab.Instance(run, lab.switch_program(), {
        "name": "far", "cpus": str(caps.cpus[-1]), "hugepages": "never", "ports": [
            there.port(), {"name": "wire", "kind": "vhost-user", "socket": wire, "mode": "server",
                           "domain": "A", "offloads": "tso", "mergeable": True}]})
    far.start()
    there.configure()
    near = switch_with(run, caps, [here], [
        {"name": "card", "kind": "nic", "devargs": f"net_virtio_user0,path={wire},queues=1,cq=1",
         "domain": "A", "offloads": "tso"}])
    near.wait_port()
    far.wait_port()
    here.talk(there)
    for address in there.addresses:
        transfer.exchange(here.netns, there.netns, address, 8 * SIZE)
    assert size_of_frames(far, "wire", "rx") > 1514 >= size_of_frames(far, "wire", "tx")
    # The far switch cuts what the near one's card does not take.
    assert far.ledger()["created"] > 1000 > near.ledger()["created"]
    near.stop()
    far.stop()


def test_a_switch_that_comes_back_with_less(run, caps):
    """A VNF whose switch was restarted with other offloads agrees anew, and TCP goes on working."""
    need_tap(caps)
    path = lab.Path(run, caps, endpoints="tap", vnf_port_keys={"offloads": "tso", "mergeable": True})
    for port in path.vnf.settings["ports"]:
        port["offloads"] = "tso"
    path.start()
    for offloads in ("none", "tso"):
        path.switch.stop()
        mark = path.vnf.process.mark()
        for port in path.switch.settings["ports"]:
            if port["name"] == lab.WAN:
                port["offloads"] = offloads
        path.start_switch()
        path.vnf.process.wait_log(r'port "wan": .* came back with other offloads', 10, mark)
        path.vnf.process.wait_log(r'port "wan" is up', 10, mark)
        path.switch.wait_port()
        for source, target in ((path.client, path.server), (path.server, path.client)):
            transfer.exchange(source.netns, target.netns, target.address, SIZE)
    path.stop()


@pytest.mark.parametrize("mss", [88, 56])
def test_small_segments(run, caps, mss):
    """The peer may ask for them; with its options a segment of 88 has 76 octets, one of 56 has 44."""
    need_tap(caps)
    stations = [Station(run, 1 + i, level, "A") for i, level in enumerate(("tso", "tso", "none"))]
    switch = switch_with(run, caps, stations)
    for other in stations[1:]:
        other.netns.ip("route", "replace", "10.99.0.0/24", "dev", "eth0", "advmss", str(mss))
        transfer.exchange(stations[0].netns, other.netns, other.addresses[0], 200_000, timeout=10)
    assert switch.stats(stations[0].name)["rx_errors"] == 0
    switch.stop()


def test_several_queues_and_workers(run, caps):
    """Two of each in the switch and the VNF: long frames over all rings, and from hand to hand."""
    need_tap(caps)
    path = lab.Path(run, caps, endpoints="tap", workers=2, queues=2, switch_workers=2,
                    vnf_port_keys={"offloads": "tso", "mergeable": True})
    for port in path.switch.settings["ports"] + path.vnf.settings["ports"]:
        port["offloads"] = "tso"
    # One queue for two workers of the VNF: what the other one has goes over a ring.
    path.vnf.settings["ports"][0]["queues"] = 1
    path.start()
    for _ in range(3):
        for source, target in ((path.client, path.server), (path.server, path.client)):
            transfer.exchange(source.netns, target.netns, target.address, SIZE)
    stats = path.vnf.stats(lab.WAN)
    assert stats["rx_bytes"] > 1514 * stats["rx_packets"]
    assert path.vnf.ledger()["handed_out"] > 0
    path.stop()
