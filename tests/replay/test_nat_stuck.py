# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Packets of vnf-nat that get stuck behind it: nobody answers ARP for where they are to go, or they
# are too long for the way back inside. Who hears of that is who sent them, of the packet as he sent
# it: inside addresses are not told outside, nor external ones inside (RFC 5508 section 4).

"""Errors of the NAT itself about packets that are translated already."""

from nat import Error, Mapping, Net, at, check, nat, packet_of, row, steps, tag, wan
from scapy.layers.inet import fragment

DEAD, DEAD_SERVER = "10.0.0.77", "198.51.100.77"
PAIR, FORWARD = ("10.0.0.78", "203.0.113.9"), ("10.0.0.79", "203.0.113.10")
ALIVE = ("10.1.0.78", "203.0.113.11")
HOST_UNREACHABLE = (3, 1)
# Three questions, a second apart.
GIVEN_UP = (2, 4)
CONFIG = nat('name = "p"; addresses = [ "203.0.113.1" ];', more=f"""
    profile = "cgn";
    static = ( {{ inside = "{PAIR[0]}"; outside = "{PAIR[1]}"; }},
               {{ inside = "{ALIVE[0]}"; outside = "{ALIVE[1]}"; }} );
    forwards = ( {{ name = "web"; proto = [ "tcp" ]; outside = "{FORWARD[1]}"; port = "80";
                    inside = "{FORWARD[0]}"; inside_port = 8080; }} );""")
TWO = nat('name = "p"; addresses = [ "203.0.113.1" ];', more='profile = "cgn";',
          ports=("lan", "wan", "lan2"), inside=("lan", "lan2"), mtu={"lan2": 1280}, grain_ns=10**7)
NARROW = nat('name = "p"; addresses = [ "203.0.113.1" ];', mtu={"lan": 1280})


def dead(proto, port=4000):
    """A mapping of a host that has gone since."""
    return Mapping(Net(1), proto, DEAD, port)


def stuck(port, make, want="neighbour", kind=HOST_UNREACHABLE, after=GIVEN_UP, **more):
    """A row: a packet that `make` makes of a TTL; its sender hears of it, a TTL less."""
    return row(port, make(64), want, [Error(port, make(63 if after else 64), kind, after, **more)])


def test_inbound():
    """The server hears of the external address."""
    rows = []
    for n, proto in enumerate(("udp", "tcp", "icmp")):
        one, data = dead(proto), tag()
        fields = {"data": data, "df": 1, **({"flags": "SA"} if proto == "tcp" else {})}
        rows += [at(10 * n, one.out()),
                 at(10 * n + 1, stuck("wan", lambda ttl, one=one, fields=fields: one.answer(
                     ttl=ttl, **fields)))]
    check(CONFIG, rows)


def test_outbound():
    """The inside host hears of its own address, of a server on the link that is gone."""
    rows = []
    for n, proto in enumerate(("udp", "tcp", "icmp")):
        one, data = Net(1).map(proto, 4000), tag()
        rows += at(10 * n, stuck("lan", lambda ttl, one=one, data=data: one.sent(
            DEAD_SERVER, data=data, df=1, ttl=ttl)))
    check(CONFIG, rows)


def test_pairs_and_forwards():
    """One to one, with ports and without; and by a port that is not the inside one."""
    server, data = (Net(1).server(), 7), tag()
    check(CONFIG, [
        at(0, stuck("wan", lambda ttl: packet_of("udp", server, (PAIR[1], 9), data, ttl=ttl))),
        at(10, stuck("wan", lambda ttl: packet_of("icmp", server, (PAIR[1], 9), data, ttl=ttl))),
        at(20, stuck("lan", lambda ttl: packet_of("udp", (ALIVE[0], 9), (DEAD_SERVER, 9), data,
                                                  ttl=ttl))),
        at(30, stuck("wan", lambda ttl: packet_of("tcp", server, (FORWARD[1], 80), ttl=ttl)))])


def test_hairpin():
    """To the inside host, about an external address."""
    one, two, data = Net(1).map("udp", 5000), dead("udp"), tag()
    check(CONFIG, [at(0, two.out()), at(1, stuck("lan", lambda ttl: packet_of(
        "udp", one.inside, two.ext(), data, df=1, ttl=ttl)))])


def test_hairpin_too_long():
    """The MTU of where the other host is."""
    one, two = Net(1).map("udp", 5000), Mapping(Net(1), "udp", "172.20.0.5", 4000)
    two.port = "lan2"

    def sent(ttl):
        return packet_of("udp", one.inside, two.ext(), b"x" * 1300, df=1, ttl=ttl)
    check(TWO, steps(0, two.out(), one.to(two, data=b"y" * 1200, df=1),
                     stuck("lan", sent, "too_big", (3, 4), 0, mtu=1280)))


def test_first_fragments():
    """Of a datagram it is the first one that is told of."""
    one = dead("udp")
    parts = [fragment(one.answer(data=b"z" * 1200, ttl=ttl, id=9), 800) for ttl in (64, 63)]
    check(CONFIG, [at(0, one.out()), at(1, wan(parts[0][0], "neighbour", [
        Error("wan", parts[1][0], HOST_UNREACHABLE, GIVEN_UP)]), wan(parts[0][1], "neighbour"))])


def test_cut():
    """What the NAT itself has cut is quoted as the part that it then is."""
    one, data = dead("udp"), b"z" * 1400
    part = fragment(one.answer(data=data, ttl=63, id=9), (1280 - 20) // 8 * 8)[0]
    check(NARROW, [at(0, one.out()), at(1, row("wan", one.answer(data=data, id=9), None, [
        Error("wan", part, HOST_UNREACHABLE, GIVEN_UP)]))])
