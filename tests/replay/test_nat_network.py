# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-nat as a router: it answers ARP for the addresses that it has on a link, tells of ends of ways
# with packets as their senders know them, cuts what is too long, and clamps the MSS. What is not
# between inside and outside is only routed.

"""Neighbours, MTU, TTL, interfaces."""

from collections import Counter
from dataclasses import replace

from nat import (GATEWAY, MACS, OWN, Error, Net, Seen, at, check, check_fates, ip, lan, nat,
                 packet_of, play, right, row, scene, staged, tag, wan)
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether

STAGE = staged()
NARROW = staged(mtu={"wan": 1280})
NARROW_LAN = staged(mtu={"lan": 1280})
CLAMP = staged(more="mss = 1300;")
ONE = ((1, 32),)
PUBLIC = """static = ( { inside = "10.1.5.5"; outside = "198.51.100.30"; },
                       { inside = "10.1.6.0/30"; outside = "198.51.100.40/30"; } );
    forwards = ( { name = "web"; proto = [ "tcp" ]; outside = "198.51.100.50"; port = "80";
                   inside = "10.1.0.5"; } );"""
LINKED = nat('name = "p"; addresses = [ "198.51.100.16/30", "203.0.113.1" ];', more=PUBLIC)
OURS = [f"198.51.100.{n}" for n in (16, 17, 18, 19, 30, 40, 41, 42, 43, 50)]
OTHERS = [f"198.51.100.{n}" for n in (15, 20, 29, 31, 39, 44, 51, 200)]


# ---- the link ----

def ask(port, target):
    """Who has it?"""
    host = MACS[port][1]
    return row(port, Ether(src=host, dst="ff:ff:ff:ff:ff:ff") / ARP(
        op=1, hwsrc=host, psrc=GATEWAY[port][0], pdst=target), None)


def test_arp():
    """For addresses of pools, pairs and forwards on the link; not for others, nor elsewhere."""
    rows = at(10, [ask("wan", address) for address in (*OURS, *OTHERS, "203.0.113.1")],
              [ask("lan", address) for address in OURS])
    late = {port: [one.packet[ARP] for one in play(LINKED, rows).sent if one.port == port and
                   one.time_ns > 5 * 10**9 and ARP in one.packet and one.packet[ARP].op == 2]
            for port in ("lan", "wan")}
    assert [(a.psrc, a.hwsrc, a.pdst) for a in late["wan"]] == [
        (address, MACS["wan"][0], GATEWAY["wan"][0]) for address in OURS]
    assert not late["lan"]


def test_announced():
    """Who had an address before is forgotten by neighbours: each is announced at the start."""
    sent = [one.packet for one in play(LINKED, at(10, ask("lan", OWN["lan"][0]))).sent
            if one.port == "wan"]
    said = {(p[ARP].psrc, p[ARP].hwsrc) for p in sent if ARP in p and p[ARP].psrc == p[ARP].pdst}
    assert said >= {(address, MACS["wan"][0]) for address in (*OURS, OWN["wan"][0])}, said
    assert {address for address, _ in said} <= {*OURS, OWN["wan"][0]}


# ---- ends of ways ----

@scene(STAGE)
def test_time_exceeded(net):
    """In both directions: the packet is quoted as its sender sent it, before it was translated."""
    rows = []
    for proto in ("udp", "tcp", "icmp"):
        one, data = net.map(proto, 4000), tag()
        fields = {"data": data, "ttl": 1}
        back = {**fields, **({"flags": "SA"} if proto == "tcp" else {})}
        rows += [one.out(ttl=2), one.out("ttl", outs=[Error(
            "lan", one.sent(**fields), (11, 0))], **fields),
                 one.back("ttl", outs=[Error("wan", one.answer(**back), (11, 0))], **back)]
    return at(0, rows)


@scene(STAGE)
def test_time_exceeded_makes_no_mapping(net):
    """A packet that goes nowhere leaves nothing behind."""
    one = net.map("udp", 4000)
    about = one.sent(data=b"far away", ttl=1)
    return at(0, one.out("ttl", data=b"far away", ttl=1, outs=[Error("lan", about, (11, 0))]),
              one.back("no_mapping"))


@scene(STAGE)
def test_never_told(net):
    """Of no error and no fragment but the first (RFC 1812 section 4.3.2.7, RFC 5508 REQ-10e)."""
    one, kind = net.map("udp", 4000), ICMP(type=3, code=1)
    seen, got = one.seen(data=b"lost" * 4), one.answer(data=b"lost" * 4, inside=True)
    parts = fragment(one.sent(data=b"z" * 3000, id=7, ttl=1), 1000)
    return [at(0, one.out(), one.back(),
               wan(ip(net.server(99), net.external, ttl=1) / kind / seen, "ttl"),
               lan(ip(net.host(), net.server(), ttl=1) / kind / got, "ttl")),
            at(1, [lan(part, "fragment_alone") for part in parts[1:]])]


def test_told_so_often():
    """Its own errors are limited in rate, to all and to a host (RFC 5508 REQ-10f)."""
    net = Net(1)
    config = nat('name = "p"; addresses = [ "203.0.113.1" ];')
    few = replace(config, text=lambda workers: config.text(workers).replace(
        "icmp_errors_per_host = 1000000", "icmp_errors_per_host = 5"))
    rows = at(0, [net.map("udp", 4000 + n, host).out("ttl", ttl=1)
                  for n in range(20) for host in (1, 2)])
    result = play(few, rows, ONE)
    check_fates(result.rows)
    told = Counter(one.packet[IP].dst for one in result.made)
    assert told == {net.host(1): 5, net.host(2): 5}


@scene(NARROW)
def test_too_big_outbound(net):
    """With DF: its sender is told of the MTU, and gets its own packet back."""
    rows = []
    for proto in ("udp", "tcp", "icmp"):
        one, data = net.map(proto, 4000), b"x" * 1300
        about = one.sent(data=data, df=1, id=9)
        rows += [one.out("too_big", data=data, df=1, id=9, outs=[
            Error("lan", about, (3, 4), mtu=1280)]), one.out(data=b"y" * 1200, df=1)]
    return at(0, rows)


@scene(NARROW)
def test_too_big_by_an_octet(net):
    """What is as long as the MTU passes."""
    rows = []
    for proto, head in (("udp", 28), ("icmp", 28), ("tcp", 40)):
        one, fits = net.map(proto, 4000), b"x" * (1280 - head)
        about = one.sent(data=fits + b"x", df=1, id=9)
        rows += [one.out(data=fits, df=1), one.out("too_big", data=fits + b"x", df=1, id=9, outs=[
            Error("lan", about, (3, 4), mtu=1280)])]
    return at(0, rows)


@scene(NARROW_LAN)
def test_too_big_inbound(net):
    """The same to the server: it hears of the packet to the external address."""
    one, data = net.map("udp", 4000), b"x" * 1300
    about = one.answer(data=data, df=1, id=9)
    return at(0, one.out(), one.back("too_big", data=data, df=1, id=9, outs=[
        Error("wan", about, (3, 4), mtu=1280)]), one.back(data=b"y" * 1200, df=1))


def cut(there, packet, mtu, names):
    """The parts that a router makes of a packet."""
    return [Seen(there, part, 0, names) for part in fragment(packet, (mtu - 20) // 8 * 8)]


@scene(NARROW)
def test_cut_outbound(net):
    """Without DF it is fragmented (RFC 4787 REQ-13), in order, behind the NAT as it should be."""
    rows, names = [], []
    for proto in ("udp", "tcp", "icmp"):
        one, fields = net.map(proto, 4000), {"data": bytes(range(256)) * 5 + tag(), "id": 5}
        rows += [one.out(outs=None, data=b"first"), row("lan", one.sent(**fields), outs=cut(
            "wan", one.seen(**fields), 1280, names))]
    return at(0, rows), lambda made: made + ["identifications"] * (len(set(names)) != 3)


@scene(NARROW_LAN)
def test_cut_inbound(net):
    """The same from outside."""
    one, fields, names = net.map("udp", 4000), {"data": bytes(range(256)) * 5 + tag(), "id": 5}, []
    return at(0, one.out(), row("wan", one.answer(**fields), outs=cut(
        "lan", one.answer(inside=True, **fields), 1280, names)))


# ---- the MSS ----

@scene(CLAMP)
def test_mss(net):
    """Of SYNs in both directions: lowered, never raised, never added."""
    rows = []
    for n, (mss, wanted) in enumerate(((1460, 1300), (1300, 1300), (1301, 1300), (536, 536),
                                       (65535, 1300), (None, None))):
        one = net.map("tcp", 4000 + n)
        lists = [[("NOP", None)] * (n % 3) + ([("MSS", value)] if value else []) +
                 [("SAckOK", b""), ("WScale", 7)] for value in (mss, wanted)]
        for views, port, there, more in (
                ((one.sent, one.seen), "lan", "wan", {"flags": "S", "seq": 1}),
                ((one.answer, lambda one=one, **f: one.answer(inside=True, **f)), "wan", "lan",
                 {"flags": "SA", "seq": 5, "ack": 2})):
            packets = [view(options=[], **more) for view in views]
            for packet, options in zip(packets, lists):
                packet[TCP].options = options
                packet.options = []
            rows.append(row(port, packets[0], outs=[Seen(there, packets[1])]))
        # What is no SYN stays, whatever it says.
        odd = [view(flags="A", seq=2, ack=6) for view in (one.sent, one.seen)]
        for packet in odd:
            packet[TCP].options = [("MSS", 1460)]
        rows.append(row("lan", odd[0], outs=[Seen("wan", odd[1])]))
    return at(0, rows)


@scene(STAGE)
def test_mss_untouched(net):
    """Unless the configuration asks for it."""
    one = net.map("tcp", 4000)
    packets = [view(flags="S") for view in (one.sent, one.seen)]
    for packet in packets:
        packet[TCP].options = [("MSS", 9000)]
    return at(0, lan(packets[0], outs=[Seen("wan", packets[1])]))


# ---- interfaces ----

def test_interfaces():
    """Two inside ones share a pool, and talk as they are; a third is only routed to and from."""
    net = Net(1)
    config = nat('name = "p"; addresses = [ "203.0.113.1" ];', ports=("lan", "wan", "lan2", "dmz"),
                 inside=("lan", "lan2"))
    one, two = net.map("udp", 4000), net.map("udp", 5000, "172.20.0.9")
    two.port = "lan2"
    dmz = "172.30.0.9"

    def plain(port, there, src, dst, want="pass"):
        packet = packet_of("udp", (src, 7), (dst, 8), tag())
        return row(port, packet, want, [Seen(there, packet)] if want == "pass" else [])
    check(config, at(
        0, one.out(), two.out(), one.back(), two.back(),
        plain("lan", "lan2", net.host(), "172.20.0.9"),
        plain("lan2", "lan", "172.20.0.9", net.host()),
        plain("lan", "dmz", net.host(), dmz), plain("dmz", "lan", dmz, net.host()),
        plain("dmz", "wan", dmz, net.server()), plain("wan", "dmz", net.server(), dmz),
        plain("wan", "lan", net.server(), net.host(), "untranslated"),
        plain("wan", "lan2", net.server(), "172.20.0.9", "untranslated")))


def test_hairpin_between_interfaces():
    """By external addresses, from one inside interface to another."""
    net = Net(1)
    one, two = net.map("udp", 4000), net.map("udp", 5000, "172.20.0.9")
    two.port = "lan2"
    check(nat('name = "p"; addresses = [ "203.0.113.1" ];', ports=("lan", "wan", "lan2"),
              inside=("lan", "lan2"), more='profile = "cgn";'),
          at(0, one.out(), two.out(), one.to(two), two.to(one)))


def test_ipv6():
    """It is routed, both ways, and nothing of it is changed but the hop limit."""
    host, server = "2001:db8:a::1", "2001:db8:b::1"
    rows = []
    for n, kind in enumerate((UDP(sport=1, dport=2) / b"six", TCP(sport=1, dport=2, flags="S"),
                              ICMPv6EchoRequest(id=7))):
        for port, there, src, dst in (("lan", "wan", host, server), ("wan", "lan", server, host)):
            packet = IPv6(src=src, dst=dst, hlim=9 + n) / kind
            rows.append(row(port, packet, outs=[Seen(there, packet)]))
    check(nat('name = "p"; addresses = [ "203.0.113.1" ];'), at(0, rows))


def test_checksums_that_come_wrong():
    """They leave as wrong: whoever gets the packet sees it, and nobody else does."""
    net = Net(1)
    udp, tcp = net.map("udp", 4000), net.map("tcp", 4000)
    rows = [udp.out(), tcp.out()]
    for one in (udp, tcp):
        for port, sent in (("lan", one.sent(data=b"broken", chksum=0x1234)),
                           ("wan", one.answer(data=b"broken", chksum=0x1234))):
            rows.append(row(port, sent, None))
    result = play(nat('name = "p"; addresses = [ "203.0.113.1" ];'), at(0, rows))
    broken = [m for m in result.made if b"broken" in m.data]
    assert len(broken) == 4 and not any(right(m.data) for m in broken)
    assert all(right(one.data) for one in result.sent
               if IP in one.packet and b"broken" not in one.data)


@scene(STAGE)
def test_options(net):
    """Headers with options are translated like others."""
    one = net.map("udp", 4000)
    rows = []
    for options in (b"\x01\x01\x01\x00", b"\x94\x04\x00\x00", b"\x01" * 40):
        data = tag()
        views = [view(data=data) for view in (one.sent, one.seen, one.answer)]
        views.append(one.answer(data=data, inside=True))
        for view in views:
            view.options = ip("0.0.0.0", "0.0.0.0").__class__(
                bytes([0x45 + len(options) // 4]) + bytes(19) + options).options
        rows += [lan(views[0], outs=[Seen("wan", views[1])]),
                 wan(views[2], outs=[Seen("lan", views[3])])]
    return at(0, rows)
