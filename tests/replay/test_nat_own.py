# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-nat behind a single address, that of its own interface: what has a mapping is translated, and
# all else is for the program itself, which is still there for pings.

"""A pool of the interface's own address."""

from nat import (OWN, PROTOS, Error, Mapping, Net, Row, Seen, at, check, ip, lan, nat, other_packet,
                 packet_of, row, steps, tag, wan)
from scapy.layers.inet import ICMP, IP

ADDRESS, INSIDE = OWN["wan"][0], OWN["lan"][0]
POOL = 'name = "own"; addresses = [ "interface wan" ];'


def mapping(net, proto, port, host=1):
    """One of that address."""
    return Mapping(net, proto, host, port, external=(ADDRESS, port))


def echo(port, src, dst):
    """A row: a ping of the NAT, and its answer; the TTL of that is its own."""
    data = tag()
    packet = packet_of("icmp", (src, 77), (dst, 0), data)

    class Reply(Seen):
        """The answer, with whatever TTL and identification."""

        def matches(self, data):
            """Is it what came out?"""
            self.frame = None
            self.packet.ttl = min(data[22] + 1, 255)
            self.packet.id = int.from_bytes(data[18:20], "big")
            self.packet.flags = data[20] >> 5
            return super().matches(data)
    return row(port, packet, None, [Reply(port, packet_of("icmp", (dst, 0), (src, 77), data,
                                                          type=0))])


def test_translated():
    """As with any other address."""
    net, rows = Net(1), []
    for proto in PROTOS:
        one = mapping(net, proto, 4000)
        fields = {"flags": "SA"} if proto == "tcp" else {}
        rows += [one.out(), one.back(**fields), one.out(server=2)]
    check(nat(POOL), at(0, rows))


def test_pings_are_answered():
    """From outside, and from inside to both addresses; also where queries have mappings."""
    net = Net(1)
    query = mapping(net, "icmp", 4000)
    check(nat(POOL), at(0, echo("wan", net.server(), ADDRESS), query.out(),
                        echo("wan", net.server(), ADDRESS), query.back(),
                        echo("lan", net.host(), INSIDE), echo("lan", net.host(), ADDRESS)))


def test_other_packets_are_refused():
    """There is no such service: port unreachable, at once or a few seconds later."""
    net = Net(1)
    udp = packet_of("udp", (net.server(), 7), (ADDRESS, 161), tag())
    gre = other_packet(47, net.server(), ADDRESS, b"x" * 24)
    syn = packet_of("tcp", (net.server(), 7), (ADDRESS, 22))
    inside = packet_of("udp", (net.host(), 7), (INSIDE, 161), tag())
    check(nat(POOL), [
        at(0, mapping(net, "udp", 4000).out(), wan(udp, "no_service", [Error("wan", udp, (3, 3))]),
           wan(gre, None, [Error("wan", gre, (3, 2), needed=False)]),
           wan(syn, None, [Error("wan", syn, (3, 3), (0, 7))]),
           lan(inside, "no_service", [Error("lan", inside, (3, 3))])),
        at(20, mapping(net, "udp", 4000).back())])


def test_filtered_is_not_its_own():
    """A mapping that does not let somebody in is no service of the program."""
    net = Net(1)
    one = mapping(net, "udp", 4000)
    check(nat(POOL), at(0, one.out(), one.back("filtered", server=2)))


def test_errors():
    """About what was translated they go inside; about the program's own packets they do not."""
    net = Net(1)
    one, kind = mapping(net, "udp", 4000), ICMP(type=3, code=1)
    fields = {"data": b"lost and quoted."}
    own = packet_of("icmp", (ADDRESS, 0), (net.server(), 77), b"reply", type=0)
    check(nat(POOL), at(
        0, one.out(), Row("wan", lambda: (
            ip(net.server(9), ADDRESS) / kind / one.seen(**fields),
            [Seen("lan", ip(net.server(9), one.inside[0]) / kind / one.sent(**fields))])),
        wan(ip(net.server(9), ADDRESS) / kind / own, ("for_itself", "icmp_quote"))))


def test_hairpin():
    """Inside hosts meet by that address, too."""
    net = Net(1)
    one, two = mapping(net, "udp", 4000), mapping(net, "udp", 5000, 2)
    check(nat(POOL, more='profile = "cgn";'), steps(0, two.out(), one.to(two), two.to(one)))


def test_with_other_addresses():
    """A pool of it and of others."""
    net = Net(1)
    ones = [Mapping(net, "udp", host, 4000 + host, learn=True) for host in range(1, 40)]
    check(nat('name = "both"; addresses = [ "interface wan", "203.0.113.1" ];'),
          at(0, [one.out() for one in ones], [one.back() for one in ones]))
    assert {one.external[0] for one in ones} == {ADDRESS, "203.0.113.1"}


def test_time_exceeded_comes_from_inside():
    """Traceroute of an inside host shows the NAT by its inside address."""
    net = Net(1)
    about = mapping(net, "udp", 4000).sent(data=b"far away", ttl=1)
    result = check(nat(POOL), at(0, lan(about, "ttl", [Error("lan", about, (11, 0))])))
    assert [one.packet[IP].src for one in result.sent if ICMP in one.packet] == [INSIDE]
