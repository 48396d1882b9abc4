# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Addresses that vnf-nat translates one to one: hosts and prefixes, all protocols, from both sides,
# without state.

"""Static translation."""

import struct

from nat import (OWN, Error, Net, Seen, at, check, each, groups, ip, lan, nat, other_packet,
                 packet_of, row, scene, staged, tag, wan)
from scapy.layers.inet import ICMP, fragment

# Of scene N: the host 10.N.5.5 is 203.0.113.(100 + N), and 10.N.6.0/24 is 198.19.N.0/24.
PAIRS = groups([f'inside = "10.{n}.5.5"; outside = "203.0.113.{100 + n}";'
                for n in range(1, 41)] + each('inside = "10.N.6.0/24"; outside = "198.19.N.0/24";'))
STAGE = staged(more=f"static = {PAIRS};")
CGN = staged(more=f'profile = "cgn"; static = {PAIRS};')


def ends(net):
    """Pairs of inside and outside addresses: of a host, and of a prefix."""
    return ((f"10.{net.number}.5.5", f"203.0.113.{100 + net.number}"),
            (f"10.{net.number}.6.0", f"198.19.{net.number}.0"),
            (f"10.{net.number}.6.77", f"198.19.{net.number}.77"),
            (f"10.{net.number}.6.255", f"198.19.{net.number}.255"))


def whole(src, dst, kind, data):
    """A packet of a kind between addresses; ports as they are."""
    if kind in ("udp", "tcp", "icmp"):
        fields = {"udp": {}, "tcp": {"flags": "PA"}, "icmp": {"type": 8}}[kind]
        return packet_of(kind, (src, 777), (dst, 888), data, **fields)
    return other_packet(kind, src, dst, data)


KINDS = ("udp", "tcp", "icmp", 47, 50, 51, 132, 41, 253)


def out(net, inside, outside, kind, want="pass"):
    """A row: from inside."""
    data, server = tag() * 3, net.server()
    return lan(whole(inside, server, kind, data), want,
               [Seen("wan", whole(outside, server, kind, data))] if want == "pass" else [])


def back(net, inside, outside, kind, want="pass"):
    """A row: from outside."""
    data, server = tag() * 3, net.server()
    return wan(whole(server, outside, kind, data), want,
               [Seen("lan", whole(server, inside, kind, data))] if want == "pass" else [])


@scene(STAGE)
def test_both_ways(net):
    """All protocols, whoever begins; ports and identifiers stay."""
    rows = []
    for pair in ends(net):
        for kind in KINDS:
            rows += [[back(net, *pair, kind)], [out(net, *pair, kind)], [back(net, *pair, kind)]]
    return at(0, rows)


@scene(STAGE)
def test_without_state(net):
    """Nothing ends by time or resets."""
    inside, outside = ends(net)[0]
    rows = [at(t, out(net, inside, outside, "tcp"), back(net, inside, outside, "tcp"))
            for t in (0, 600, 1200)]
    server = net.server()
    reset = [packet_of("tcp", (src, 777), (dst, 888), flags="R") for src, dst in
             ((inside, server), (outside, server))]
    return rows + at(1201, lan(reset[0], outs=[Seen("wan", reset[1])]),
                     back(net, inside, outside, "tcp"))


@scene(STAGE)
def test_neighbours_are_not(net):
    """Addresses beside a pair are none of it."""
    return at(0, wan(whole(net.server(), f"203.0.113.{100 + net.number}", "udp", b"x"), None,
                     [Seen("lan", whole(net.server(), f"10.{net.number}.5.5", "udp", b"x"))]),
              net.map("udp", 4000, 5 * 256 + 4).out(), net.map("udp", 4001, 5 * 256 + 6).out())


@scene(STAGE)
def test_fragments(net):
    """In any order, of all protocols."""
    rows = []
    for n, kind in enumerate(("udp", "tcp", "icmp", 47)):
        for turn, order in enumerate(((0, 1, 2, 3), (3, 2, 1, 0), (1, 0, 3, 2))):
            for inside, outside in ends(net)[::2]:
                data, server = bytes(range(256)) * 12, net.server()
                name = 100 + 10 * n + turn
                for port, there, views in (("lan", "wan", ((inside, server), (outside, server))),
                                           ("wan", "lan", ((server, outside), (server, inside)))):
                    sent, seen = [], []
                    for view, parts in zip(views, (sent, seen)):
                        packet = whole(*view, kind, data)
                        packet.id = name
                        parts += fragment(packet, 800)
                    names = []
                    rows += at(n + turn * 0.1, [row(port, sent[k], outs=[
                        Seen(there, seen[k], datagram=names)]) for k in order])
    return rows


@scene(STAGE)
def test_errors(net):
    """About packets of a pair, in both directions, whatever protocol they quote."""
    rows = []
    for inside, outside in ends(net)[::2]:
        server, router = net.server(), net.server(99)
        for kind in KINDS:
            for error in (ICMP(type=3, code=1), ICMP(type=11, code=0),
                          ICMP(type=3, code=4, nexthopmtu=1400)):
                data = b"lost and quoted."
                lost = [whole(src, server, kind, data) for src in (inside, outside)]
                rows.append(wan(ip(router, outside) / error / lost[1], outs=[
                    Seen("lan", ip(router, inside) / error / lost[0])]))
                lost = [whole(server, dst, kind, data) for dst in (inside, outside)]
                rows.append(lan(ip(inside, server) / error / lost[0], outs=[
                    Seen("wan", ip(outside, server) / error / lost[1])]))
    return at(0, rows)


@scene(STAGE)
def test_errors_of_routers_inside(net):
    """A router that has no pair speaks with an address of the NAT's (RFC 5508 REQ-5)."""
    inside, outside = ends(net)[0]
    error, server = ICMP(type=3, code=1), net.server()
    lost = [whole(server, dst, "udp", b"lost and quoted.") for dst in (inside, outside)]
    return at(0, lan(ip(net.host(250), server) / error / lost[0], outs=[
        Seen("wan", ip(outside, server) / error / lost[1],
             sources=(outside, OWN["wan"][0], net.external))]))


@scene(STAGE)
def test_errors_of_routers_with_a_pair(net):
    """Of one that has, with its own, also about a host that has none (REQ-5c)."""
    inside, outside = ends(net)[0]
    error, one = ICMP(type=3, code=1), net.map("udp", 4000)
    about = {"data": b"lost and quoted.", "ttl": 3}
    return at(0, one.out(), one.back(), lan(
        ip(inside, net.server()) / error / one.answer(inside=True, **about),
        outs=[Seen("wan", ip(outside, net.server()) / error / one.answer(**about))]))


def test_errors_that_are_wrong():
    """Checksums of the error and of the header in its quote; types that no translator passes."""
    net, config = Net(1), nat(more=f"static = {PAIRS};")
    inside, outside = ends(net)[0]
    lost, inner = (whole(*two, "udp", b"lost and quoted.") for two in (
        (outside, net.server()), (net.server(), inside)))
    far, unreachable = net.server(99), ICMP(type=3, code=1)
    bad = [whole(outside, net.server(), "udp", b"wrong"), whole(net.server(), inside, "udp", b"x")]
    for one in bad:
        one.chksum = 0x1234
    info = struct.pack("!BBHI", 15, 0, 0xf0ff, 0)
    check(config, at(
        10, wan(ip(far, outside) / ICMP(type=3, code=1, chksum=0x1234) / lost, "icmp_checksum"),
        lan(ip(inside, net.server()) / ICMP(type=3, code=1, chksum=0x1234) / inner,
            "icmp_checksum"),
        wan(ip(far, outside) / unreachable / bad[0], "icmp_checksum"),
        lan(ip(inside, net.server()) / unreachable / bad[1], "icmp_checksum"),
        wan(ip(far, outside) / ICMP(type=4) / lost, "icmp_type"),
        wan(ip(far, outside) / ICMP(type=5, gw=far) / lost, "icmp_type"),
        lan(ip(inside, net.server(), proto=1) / info, "icmp_type"),
        wan(ip(net.server(), outside, proto=1) / info, "icmp_type")))


def turned(port, src, dst, seen_src, seen_dst, kind):
    """A row: between two inside hosts."""
    data = tag()
    return row(port, whole(src, dst, kind, data), outs=[
        Seen("lan", whole(seen_src, seen_dst, kind, data))])


@scene(STAGE)
def test_hairpin_between_pairs(net):
    """All protocols, pings too (RFC 5508 REQ-7): each sees the other's outside address."""
    one, _, two, _ = ends(net)
    return at(0, [turned("lan", one[0], two[1], one[1], two[0], kind) for kind in KINDS],
              [turned("lan", two[0], one[1], two[1], one[0], kind) for kind in KINDS],
              turned("lan", one[0], one[1], one[1], one[0], "udp"))


@scene(STAGE)
def test_hairpin_to_a_pair(net):
    """From a host that has a mapping, and the answer."""
    inside, outside = ends(net)[0]
    rows = []
    for proto in ("udp", "tcp", "icmp"):
        one = net.map(proto, 4000)
        data, answer = tag(), tag()
        there, port = (outside, 888), 4000
        fields = {"flags": "SA"} if proto == "tcp" else {}
        reply = {"type": 0} if proto == "icmp" else fields
        rows += [row("lan", packet_of(proto, one.inside, there, data), outs=[
            Seen("lan", packet_of(proto, one.ext(), (inside, 888), data))]),
                 row("lan", packet_of(proto, (inside, 888), one.ext(), answer, **reply), outs=[
                     Seen("lan", packet_of(proto, there, (one.inside[0], port), answer, **reply))])]
    return at(0, rows)


@scene(CGN)
def test_hairpin_from_a_pair(net):
    """To a mapping of another host, as from outside."""
    inside, outside = ends(net)[0]
    two, data = net.map("udp", 5000, 2), tag()
    return at(0, two.out(), row("lan", packet_of("udp", (inside, 9), two.ext(), data), outs=[
        Seen("lan", packet_of("udp", (outside, 9), two.inside, data))]))


@scene(STAGE)
def test_hairpinned_errors(net):
    """Both addresses are turned back, in the quote and outside of it."""
    one, _, two, _ = ends(net)
    error = ICMP(type=3, code=3)
    lost = [whole(src, dst, "udp", b"lost and quoted.")
            for src, dst in ((one[1], two[0]), (one[0], two[1]))]
    return at(0, turned("lan", one[0], two[1], one[1], two[0], "udp"),
              row("lan", ip(two[0], one[1]) / error / lost[0], outs=[
                  Seen("lan", ip(two[1], one[0]) / error / lost[1])]))


@scene(STAGE)
def test_end_of_the_way(net):
    """TTL: each is told with the packet as it sent it."""
    inside, outside = ends(net)[0]
    rows = []
    for port, src, dst in (("lan", inside, net.server()), ("wan", net.server(), outside)):
        packet = packet_of("udp", (src, 7), (dst, 8), tag(), ttl=1)
        rows.append(row(port, packet, "ttl", [Error(port, packet, (11, 0))]))
    return at(0, rows)


@scene(STAGE)
def test_no_udp_checksum(net):
    """None stays none."""
    inside, outside = ends(net)[0]
    packets = [packet_of("udp", (src, 7), (net.server(), 8), tag(), chksum=0)
               for src in (inside, outside)]
    packets[1].load = packets[0].load
    return at(0, lan(packets[0], outs=[Seen("wan", packets[1])]))


@scene(STAGE)
def test_other_checksums_over_addresses(net):
    """DCCP's and UDP-Lite's cover addresses, too (RFC 4340 section 9, RFC 3828)."""
    inside, outside = ends(net)[0]
    rows = []
    for proto, place in ((33, 6), (136, 6)):
        # A whole packet: DCCP-Request, CsCov 0; UDP-Lite, coverage 0.
        body = bytearray(struct.pack("!HHBBHBBHII", 7, 8, 5, 0, 0, 1, 0, 0, 1, 0) if proto == 33
                         else struct.pack("!HHHH", 7, 8, 0, 0) + b"lite")
        packets = []
        for src in (inside, outside):
            packet = ip(src, net.server(), proto=proto)
            packets.append(packet / with_checksum(packet, bytes(body), place, proto))
        rows.append(lan(packets[0], outs=[Seen("wan", packets[1])]))
    return at(0, rows)


def with_checksum(head, body, place, proto):
    """The body with its checksum, of a pseudo header as UDP's."""
    header = bytes(head.__class__(bytes(head)))
    data = header[12:20] + struct.pack("!HH", proto, len(body)) + body
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return body[:place] + (total ^ 0xffff).to_bytes(2, "big") + body[place + 2:]


def test_ping_of_a_pair_from_behind_the_own_address():
    """The reply is to the program's address, and not to the program."""
    net, data = Net(1), tag()
    config = nat('name = "own"; addresses = [ "interface wan" ];', more=f"static = {PAIRS};")
    (inside, outside), own = ends(net)[0], OWN["wan"][0]
    ping, seen = (packet_of("icmp", (src, 7), (dst, 0), data) for src, dst in (
        (net.host(), outside), (own, inside)))
    reply, back = (packet_of("icmp", (src, 0), (dst, 7), data, type=0) for src, dst in (
        (inside, own), (outside, net.host())))
    check(config, [at(10, lan(ping, outs=[Seen("lan", seen)])),
                   at(11, lan(reply, outs=[Seen("lan", back)]))])
