# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What a guest says in the header before its frame need not be true, and what the switch says there
# must be. A guest made of single messages, and namespaces behind taps.

"""struct virtio_net_hdr, both ways."""

import os
import struct

import lab
import pytest
from lab import transfer
from lab import vhost_client as vu
from scapy.all import IP, TCP, UDP, Ether, IPv6, Raw, raw
from scapy.layers.inet import in4_chksum
from scapy.utils import checksum

CSUM, GUEST_CSUM, GUEST_TSO4, GUEST_TSO6, HOST_TSO4, HOST_TSO6 = (1 << b for b in (0, 1, 7, 8, 11, 12))
FEATURES = vu.VERSION_1 | vu.PROTOCOL | CSUM | GUEST_CSUM | GUEST_TSO4 | GUEST_TSO6 | HOST_TSO4 | \
    HOST_TSO6
HEADER = struct.Struct("<BBHHHHH")
NEEDS_CSUM = 1
TCPV4, UFO, TCPV6, ECN = 1, 3, 4, 0x80
NUM = 64
BUFFER = 0x11000
OWN, PEER = "02:99:00:00:00:77", "02:99:00:00:00:01"


class Guest:
    """A guest with a ring of long buffers, that sends and receives frames with their headers."""

    def __init__(self, run, features=FEATURES, name="guest"):
        self.client = vu.VhostClient(run.socket(name), size=vu.BUFFERS + (NUM + 1) * BUFFER)
        self.client.negotiate(features)
        for ring in (0, 1):
            self.client.start_ring(ring, NUM)
        for i in range(NUM):
            self.client.describe(0, i, vu.BUFFERS + i * BUFFER, BUFFER, flags=2)
        self.client.publish(0, range(NUM), NUM)
        self.sent = self.seen = 0
        assert self.client.is_served()

    def _used(self, ring):
        at = ring * vu.RING_STRIDE + vu.USED
        return struct.unpack("<H", self.client.memory[at + 2:at + 4])[0]

    def send(self, frame, *, times=1, flags=0, gso=0, header=0, size=0, start=0, offset=0):
        """One frame, or the same several times; returns when the switch has taken it."""
        data = HEADER.pack(flags, gso, header, size, start, offset, 0) + frame
        place = vu.BUFFERS + NUM * BUFFER
        assert len(data) <= BUFFER
        self.client.memory[place:place + len(data)] = data
        self.client.describe(1, 0, place, len(data))
        self.sent += times
        self.client.publish(1, [0] * NUM, NUM, claim=self.sent & 0xffff)
        lab.until(lambda: self._used(1) == self.sent & 0xffff, 5, "the switch to take a frame")

    def received(self):
        """(header, frame) of what came since the last time; the first NUM at most."""
        frames = []
        while self.seen < self._used(0):
            at = vu.USED + 4 + 8 * self.seen
            head, length = struct.unpack("<II", self.client.memory[at:at + 8])
            place = vu.BUFFERS + head * BUFFER
            data = self.client.memory[place:place + length]
            frames.append((HEADER.unpack(data[:HEADER.size]), bytes(data[HEADER.size:])))
            self.seen += 1
        return frames


def tap_and_guest(run, caps, offloads):
    """(switch, namespace behind a tap with these offloads, guest with all)."""
    if caps.why_no_tap:
        raise lab.LabUnavailable(caps.why_no_tap)
    netns = lab.Namespace(run, "peer")
    endpoint = lab.Endpoint("peer", "10.99.0.1", PEER, netns, "tap")
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never", "ports": [
            {**endpoint.port("A"), "offloads": offloads},
            {"name": "guest", "kind": "vhost-user", "socket": run.socket("guest"),
             "mode": "server", "offloads": "tso", "domain": "A"}]})
    switch.start()
    endpoint.configure()
    guest = Guest(run)
    switch.wait_port()
    return switch, netns, guest


@pytest.fixture(name="lan")
def _lan(run, caps):
    """The tap's kernel takes nothing that is open."""
    switch, netns, guest = tap_and_guest(run, caps, "none")
    yield switch, netns, guest
    guest.client.close()
    switch.stop()


def tcp4(payload, **more):
    """A TCP frame with the pseudo header's sum where its checksum belongs."""
    ip = IP(src="10.99.0.2", dst="10.99.0.1", id=7, **more)
    packet = Ether(dst=PEER, src=OWN) / ip / TCP(sport=1, dport=2, flags="PA", seq=1000, chksum=0) / \
        Raw(payload)
    frame = bytearray(raw(packet))
    struct.pack_into("!H", frame, 50, pseudo(frame))
    return bytes(frame)


def pseudo(frame):
    """Sum of the pseudo header, with the length, of TCP over plain IPv4."""
    length = struct.unpack_from("!H", frame, 16)[0] - 20
    return 0xffff & ~checksum(frame[26:34] + struct.pack("!HH", 6, length))


def udp4(payload):
    """A UDP frame."""
    return raw(Ether(dst=PEER, src=OWN) / IP(src="10.99.0.2", dst="10.99.0.1") /
               UDP(sport=1, dport=2) / Raw(payload))


def tcp6(payload):
    """Likewise over IPv6, with a checksum that is wrong."""
    return raw(Ether(dst=PEER, src=OWN) / IPv6(src="fd99::2", dst="fd99::1") /
               TCP(sport=1, dport=2, chksum=0) / Raw(payload))


LONG = b"x" * 5000
WHOLE = {"flags": NEEDS_CSUM, "start": 34, "offset": 16}
CASES = {
    "segments of one octet": (tcp4(LONG), {**WHOLE, "gso": TCPV4, "size": 1}, "unsupported_offload"),
    "segments of 7 octets": (tcp4(LONG), {**WHOLE, "gso": TCPV4, "size": 7}, "unsupported_offload"),
    "segments without number": (tcp4(12 * LONG), {**WHOLE, "gso": TCPV4, "size": 8},
                                "too_many_segments"),
    "segments beyond the MTU": (tcp4(LONG), {**WHOLE, "gso": TCPV4, "size": 4000}, "too_long"),
    "segments as long as it": (tcp4(LONG), {**WHOLE, "gso": TCPV4, "size": 65535}, "too_long"),
    "no segments": (tcp4(LONG), {**WHOLE, "gso": TCPV4, "size": 0}, "too_long"),
    "long without a word": (tcp4(LONG), {}, "too_long"),
    "UDP said to be TCP": (udp4(LONG), {**WHOLE, "gso": TCPV4, "size": 1000}, "too_long"),
    "UDP fragmentation": (udp4(LONG), {**WHOLE, "gso": UFO, "size": 1000}, "unsupported_offload"),
    "a kind that there is not": (tcp4(LONG), {**WHOLE, "gso": 0x55, "size": 1000}, "too_long"),
    "a fragment": (tcp4(LONG, frag=100), {**WHOLE, "gso": TCPV4, "size": 1000}, None),
    "IPv4 length beyond the frame": (tcp4(LONG)[:3000], {**WHOLE, "gso": TCPV4, "size": 1000},
                                     "ipv4_length"),
    "no IP": (b"\2" * 4000, {**WHOLE, "gso": TCPV4, "size": 1000}, None),
}
HARMLESS = {
    "checksum beyond the frame": (tcp4(b"abc"), {"flags": NEEDS_CSUM, "start": 60000, "offset": 16}),
    "checksum at the end": (tcp4(b"abc"), {"flags": NEEDS_CSUM, "start": 56, "offset": 65535}),
    "checksum of Ethernet": (tcp4(b"abc"), {"flags": NEEDS_CSUM, "start": 0, "offset": 0}),
    "all ones": (tcp4(b"abc"), {"flags": 255, "start": 65535, "offset": 65535}),
    "IPv6 said of IPv4": (tcp4(LONG), {**WHOLE, "gso": TCPV6, "size": 1000}),
    "IPv4 said of IPv6": (tcp6(LONG), {**WHOLE, "gso": TCPV4, "size": 1000}),
    "congestion": (tcp4(LONG), {**WHOLE, "gso": TCPV4 | ECN, "size": 1000}),
    "without a checksum to make": (tcp4(LONG), {"gso": TCPV4, "size": 1000}),
    "TCP cut short": (tcp4(LONG)[:40], {**WHOLE, "gso": TCPV4, "size": 100}),
    "headers of no length": (tcp4(LONG), {**WHOLE, "gso": TCPV4, "size": 1000, "header": 65535}),
}


def good_frame_passes(switch, guest):
    """The port works as before."""
    before = switch.stats("peer")["tx_packets"]
    guest.send(tcp4(b"good"), **WHOLE)
    lab.until(lambda: switch.stats("peer")["tx_packets"] > before, 5, "a good frame")


def all_drops(switch):
    """By reason, of both ports."""
    peer, guest = switch.drops("peer"), switch.drops("guest")
    return {reason: peer.get(reason, 0) + guest.get(reason, 0) for reason in {*peer, *guest}}


def test_refused(lan):
    """Each is dropped by a reason that says why, and nothing else happens."""
    switch, _, guest = lan
    for what, (frame, header, reason) in CASES.items():
        before = all_drops(switch)
        guest.send(frame, **header)
        lab.until(lambda b=before: all_drops(switch) != b, 5, f"a drop: {what}")
        grown = {r for r, n in all_drops(switch).items() if n != before.get(r, 0)}
        assert len(grown) == 1 and (reason is None or grown == {reason}), (what, grown)
        good_frame_passes(switch, guest)


def test_harmless(lan):
    """What is said wrongly, but can be done without harm, harms nobody."""
    switch, _, guest = lan
    for frame, header in HARMLESS.values():
        guest.send(frame, **header)
        good_frame_passes(switch, guest)


def broadcast(frame):
    """To everybody."""
    return b"\xff" * 6 + frame[6:]


def ports_of(run, *guests):
    """A switch's ports: guests with these offloads, and sinks."""
    return [{"name": name, "kind": "vhost-user", "socket": run.socket(name), "mode": "server",
             "offloads": offloads, "domain": "A"} for name, offloads in guests] + \
        [{"name": f"sink{i}", "kind": "sink", "domain": "A"} for i in range(4)]


def test_what_was_not_agreed(run, caps):
    """librte_vhost would believe it: a frame to be cut from a guest that agreed to checksums only."""
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never",
        "ports": ports_of(run, ("guest", "checksum"))})
    switch.start()
    guest = Guest(run, vu.VERSION_1 | vu.PROTOCOL | CSUM)
    switch.wait_port()
    # No longer than a packet buffer, or it would not be received at all.
    guest.send(broadcast(tcp4(b"x" * 1900)), **WHOLE, gso=TCPV4, size=48)
    lab.until(lambda: switch.drops("sink0"), 5, "a drop")
    assert switch.drops("sink0") == {"too_long": 1}
    guest.client.close()
    switch.stop()


def test_a_flood_of_segments(run, caps):
    """However small the segments are that a guest wants, its neighbour's frames go on."""
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never",
        "ports": ports_of(run, ("guest", "tso"), ("neighbour", "none"))})
    switch.start()
    guest = Guest(run)
    neighbour = Guest(run, vu.VERSION_1 | vu.PROTOCOL, "neighbour")
    switch.wait_port()
    for _ in range(20):
        created = switch.ledger()["created"]
        guest.send(broadcast(tcp4(b"x" * 65000)), times=NUM, **WHOLE, gso=TCPV4, size=48)
        # Two bursts, to five ports.
        assert switch.ledger()["created"] - created <= 2 * 4096 + 10 * NUM
        neighbour.send(broadcast(udp4(b"neighbour")))
    assert switch.drops("guest")["too_many_segments"] > 0
    for client in (guest, neighbour):
        client.client.close()
    switch.stop()


TOGGLE = """
import mmap, os, struct, sys
memory = mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 0)
lengths = [struct.pack("<I", n) for n in (60000, 65200)]
places = range(int(sys.argv[2]) + 8, int(sys.argv[2]) + 16 * int(sys.argv[3]), 64)
print("toggling", flush=True)
while True:
    for length in lengths:
        for at in places:
            memory[at:at + 4] = length
"""


def test_lengths_that_change(run, caps):
    """
    A packed ring whose descriptors get longer while they are looked at. librte_vhost takes memory for
    four at once; one of them is too long, so it looks at each for itself and takes it again.
    """
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never",
        "ports": ports_of(run, ("guest", "tso"))})
    switch.start()
    guest = vu.VhostClient(run.socket("guest"), size=8 << 20)
    guest.negotiate(FEATURES | vu.PACKED)
    for ring in (0, 1):
        guest.start_ring(ring, NUM, base=vu.FRESH)
    switch.wait_port()

    def free_bytes():
        return switch.telemetry("/eal/heap_info,0")["Free_size"]

    frame = HEADER.pack(1, TCPV4, 54, 1448, 34, 16, 0) + broadcast(tcp4(b"x" * 64000))
    guest.memory[vu.BUFFERS:vu.BUFFERS + len(frame)] = frame
    at, before = vu.RING_STRIDE, free_bytes()
    toggle = lab.Process(run, ["python3", "-c", TOGGLE, f"/proc/{os.getpid()}/fd/{guest.fd}",
                               str(at), str(NUM)], "toggle")
    toggle.wait_log("toggling")
    for round_ in range(400):
        mine = vu.AVAIL_FLAG if round_ % 2 == 0 else vu.USED_FLAG
        for i in reversed(range(NUM)):
            place = at + 16 * i
            guest.memory[place:place + 8] = struct.pack("<Q", vu.BUFFERS)
            if i % 4 != 0:
                guest.memory[place + 8:place + 12] = struct.pack("<I", 60000 if i % 4 < 3 else 2000000)
            guest.memory[place + 12:place + 16] = struct.pack("<HH", i, mine)
        lab.until(lambda: guest.packed_flags(1, NUM)[-1] & (vu.AVAIL_FLAG | vu.USED_FLAG) in
                  ((vu.AVAIL_FLAG | vu.USED_FLAG) if mine == vu.AVAIL_FLAG else 0,), 5, "a round",
                  poll=0)
    toggle.end()
    guest.close()
    lab.until(lambda: free_bytes() >= before, 5, "the memory")
    switch.stop()


def frames_of(netns, run, count, send):
    """Frames of the guest's MAC that reach the namespace's interface while `send` runs."""
    path = run.path("seen.pcap")
    dump = lab.Process(run, ["tcpdump", "-i", "eth0", "-U", "--immediate-mode", "-w", path, "-c",
                             str(count), "ether", "src", OWN], name="tcpdump", netns=netns)
    dump.wait_log("listening on")
    send()
    assert dump.wait(10) == 0
    from scapy.utils import rdpcap  # noqa: PLC0415
    return [raw(p) for p in rdpcap(path)]


def test_segments_on_the_wire(run, lan):
    """A frame that the peer's kernel does not cut: octet by octet what it must come to."""
    _, netns, guest = lan
    payload = os.urandom(5000)
    got = frames_of(netns, run, 4, lambda: guest.send(tcp4(payload), **WHOLE, gso=TCPV4, size=1448,
                                                      header=54))
    assert b"".join(f[54:] for f in got) == payload
    for i, frame in enumerate(got):
        p = Ether(frame)
        assert (p[IP].id, p[TCP].seq) == (7 + i, 1000 + 1448 * i)
        assert str(p[TCP].flags) == ("PA" if i == 3 else "A")
        assert checksum(frame[14:34]) == 0
        assert in4_chksum(6, p[IP], frame[34:14 + p[IP].len]) == 0


def test_what_a_guest_is_told(run, caps):
    """A frame from a kernel that leaves all open: the header and the field say what virtio wants."""
    switch, netns, guest = tap_and_guest(run, caps, "tso")
    netns.ip("neigh", "replace", "10.99.0.2", "lladdr", OWN, "dev", "eth0")
    # The guest shakes hands by itself, and then gets the first window at once.
    with transfer.tcp_socket(netns, "10.99.0.2") as client:
        client.setblocking(False)
        client.bind(("10.99.0.1", 5000))
        client.connect_ex(("10.99.0.2", 6000))
        syn = lab.until(lambda: next((f for _, f in guest.received() if b"\x13\x88\x17\x70" in f),
                                     None), 5, "the SYN")
        guest.send(raw(Ether(dst=PEER, src=OWN) / IP(src="10.99.0.2", dst="10.99.0.1") /
                       TCP(sport=6000, dport=5000, flags="SA", seq=1, ack=Ether(syn)[TCP].seq + 1,
                           window=65535, options=[("MSS", 1460)])))
        client.setblocking(True)
        client.settimeout(5)
        data = os.urandom(14600)
        client.sendall(data)
        frames = []
        lab.until(lambda: frames.extend(guest.received()) or sum(
            len(f) - 54 for h, f in frames if len(f) > 100) >= 14600, 5, "the window")
    long_ones = [(h, f) for h, f in frames if len(f) > 1514]
    assert long_ones
    for (flags, gso, header, size, start, offset, _), frame in long_ones:
        assert (flags, gso, size, start, offset) == (NEEDS_CSUM, TCPV4, 1460, 34, 16)
        assert header == 34 + (frame[46] >> 4) * 4
        assert struct.unpack_from("!H", frame, 50)[0] == pseudo(frame)
    guest.client.close()
    switch.stop()
