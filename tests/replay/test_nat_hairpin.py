# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Inside hosts of vnf-nat that talk to each other by their external addresses: each sees the other
# as hosts outside do (RFC 4787 REQ-9a, RFC 5382 REQ-8, RFC 5508 REQ-7), and filtering holds.

"""Hairpinning."""

from decimal import Decimal

from nat import OWN, PROTOS, Error, Row, Seen, at, ip, packet_of, scene, staged, steps, tag
from scapy.layers.inet import ICMP, fragment

# Fragments that go back inside do so with the next burst, or milliseconds later if none comes.
GRAIN = {"grain_ns": 10**7}
CGN = staged(more='profile = "cgn";', **GRAIN)
STANDARD = staged(**GRAIN)
PORT = staged(more='filtering = "address-and-port-dependent";', **GRAIN)
ERRORS = [ICMP(type=3, code=code) for code in (1, 3, 4, 13)] + [ICMP(type=11, code=0)]


def pair(net, proto, ports=(4000, 5000), **more):
    """Two hosts' mappings."""
    return net.map(proto, ports[0], 1, **more), net.map(proto, ports[1], 2, **more)


@scene(CGN)
def test_udp(net):
    """Both ways, with external sources, all in one session each."""
    one, two = pair(net, "udp")
    return steps(0, two.out(), one.to(two), two.to(one), one.to(two), one.out(), one.back(),
              two.back())


@scene(CGN)
def test_udp_that_begins_the_mapping(net):
    """The first packet of a mapping may be such a one; later it is the same outside."""
    one, two = pair(net, "udp")
    return [steps(0, two.out()), steps(1, one.to(two)), steps(2, one.out(), one.back(server=9))]


@scene(CGN)
def test_ports_that_are_learnt(net):
    """The same where both have the same inside port."""
    one, two = pair(net, "udp", (6000, 6000), learn=True)
    return [steps(0, one.out(), two.out()), steps(1, one.to(two), two.to(one))]


@scene(CGN)
def test_to_itself(net):
    """A host that does not know that it is meant."""
    one, other = pair(net, "udp")
    other.inside = (one.inside[0], 5000)
    return steps(0, one.out(), other.out(), one.to(one), one.to(other), other.to(one))


@scene(CGN)
def test_without_mapping(net):
    """There is none of this port: dropped, like what comes from outside."""
    one, two = pair(net, "udp")
    return steps(0, one.out(), one.to(two, "no_mapping"), one.to(two, "no_mapping"))


@scene(STANDARD)
def test_filtered(net):
    """Who was not sent to is not let in; who sends lets others of that address in."""
    one, two = pair(net, "udp")
    return steps(0, two.out(), one.to(two, "filtered"), two.to(one), one.to(two))


@scene(PORT)
def test_filtered_by_port(net):
    """The same by address and port."""
    one, two = pair(net, "udp")
    three = net.map("udp", 4500, 3)
    return steps(0, two.out(), one.out(), three.out(), two.to(one, "filtered"), one.to(two),
                 two.to(one), three.to(two, "filtered"))


@scene(CGN)
def test_tcp(net):
    """A connection from the handshake to its end."""
    one, two = pair(net, "tcp")
    say, answer = (lambda flags, m=m, o=o, **f: m.to(o, flags=flags, **f)
                   for m, o in ((one, two), (two, one)))
    return steps(0, two.out(), say("S", seq=1), answer("SA", seq=9, ack=2), say("A", seq=2, ack=10),
              say("PA", seq=2, ack=10), answer("FA", seq=10, ack=14), say("FA", seq=14, ack=11),
              answer("A", seq=11, ack=15))


@scene(STANDARD)
def test_tcp_simultaneous_open(net):
    """Both begin, as peers do that a server has told of each other."""
    one, two = pair(net, "tcp")
    rows = steps(0, one.out(), two.out())
    return rows + steps(1, one.to(two, None, flags="S", seq=1, data=b"")) + steps(
        2, two.to(one, flags="S", seq=9)) + steps(
        3, one.to(two, flags="S", seq=1), two.to(one, flags="SA", seq=9, ack=2),
        one.to(two, flags="SA", seq=1, ack=10), one.to(two, flags="A", seq=2, ack=10))


def hairpinned_error(one, two, kind, proto, source=None):
    """
    A row: what is said inside about a packet of `one` to `two`, by the host of `two` or a router
    near it. `one` learns of it as if `two` were outside.
    """
    data = tag()

    def make():
        fields = {"flags": "S"} if proto == "tcp" else {}
        inner = packet_of(proto, one.ext(), two.inside, data, ttl=9, df=1, **fields)
        seen = packet_of(proto, one.inside, two.ext(), data, ttl=9, df=1, **fields)
        sent = ip(source or two.inside[0], one.ext()[0]) / kind / inner
        return sent, [Seen("lan", ip(two.ext()[0], one.inside[0]) / kind / seen,
                           sources=(two.ext()[0], OWN["wan"][0]))]
    return Row("lan", make)


@scene(CGN)
def test_errors(net):
    """About hairpinned packets: both addresses are turned back, outside of the quote and in it."""
    rows = []
    for n, proto in enumerate(("udp", "tcp")):
        one, two = pair(net, proto)
        fields = {"flags": "S"} if proto == "tcp" else {}
        rows += steps(n, two.out(), one.to(two, **fields),
                   [hairpinned_error(one, two, kind, proto) for kind in ERRORS],
                   hairpinned_error(one, two, ERRORS[0], proto, net.host(250)))
    return rows


@scene(CGN)
def test_fragments(net):
    """All parts of a datagram take the same turn."""
    one, two = pair(net, "udp")
    rows = [steps(0, one.out(), two.out())]
    for n, order in enumerate(((0, 1, 2, 3), (3, 2, 1, 0), (1, 0, 3, 2))):
        data = bytes(range(256)) * 12
        sent = fragment(packet_of("udp", one.inside, two.ext(), data, id=70 + n), 800)
        seen = fragment(packet_of("udp", one.ext(), two.inside, data, id=70 + n), 800)
        ids = []
        rows += at(1 + n, [Row("lan", lambda s=sent[k], o=seen[k], ids=ids: (
            s, [Seen("lan", o, (0, 0.006), ids)])) for k in order])
        rows += [at(Decimal(f"{10 + n}.{place:02}"), Row("lan", lambda s=sent[k], o=seen[k], w=max(
            0, order.index(0) - place) * 0.01: (s, [Seen("lan", o, (w, w + 0.006))])))
                 for place, k in enumerate(order)]
    return rows


@scene(CGN)
def test_time_to_live(net):
    """It is the NAT that is told of, to the inside host, with the packet as that sent it."""
    one, two = pair(net, "udp")
    data = tag()
    about = packet_of("udp", one.inside, two.ext(), data, ttl=1)
    return steps(0, one.out(), two.out(), one.to(two, ttl=2),
              Row("lan", lambda: (about, [Error("lan", about, (11, 0))]), "ttl"))


@scene(CGN)
def test_is_refreshed_from_both_sides(net):
    """It is a session of each of the two."""
    one, two = pair(net, "udp")
    return [steps(0, one.out(), two.out())] + [at(100 * n, one.to(two)) for n in range(1, 6)] + [
        at(780, two.to(one)), at(785, two.back(server=7), one.back(server=7))]


@scene(CGN)
def test_all_protocols_of_a_pair(net):
    """Side by side, with the same numbers."""
    rows = []
    for proto in PROTOS[:2]:
        one, two = pair(net, proto)
        rows += [one.out(), two.out(), one.to(two), two.to(one)]
    return steps(0, rows)
