# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Fragments at vnf-firewall: all of a datagram share the fate of the first, in whatever order they
# come, and belong to its session. What could mean one thing to the firewall and another to the host
# behind it does not pass (RFC 1858, 3128, 5722, 7112).

"""Fragments."""

from fw import at, ip, lan, scene, transparent, wan
from scapy.layers.inet import ICMP, TCP, UDP, fragment
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt,
                                IPv6ExtHdrFragment, PadN, fragment6)

OPEN = transparent('from = [ "lan" ]; to = [ "wan" ]; action = "accept";')
REFUSED = transparent('from = [ "lan" ]; dst = [ "!198.51.100.0/24" ]; action = "accept";',
                      default="reject")
LONG = b"0123456789abcdef" * 250
QUESTION, ANSWER = UDP(sport=1000, dport=53) / LONG, UDP(sport=53, dport=1000) / LONG
UNKNOWN = ("policy", "no_session")
DENIED = ("rejected", "no_session")
TINY = ("fragment_tiny", "ipv6_ext_short", "tcp_short", "udp_short")


def parts(src, dst, payload, name=7, size=1000):
    """A datagram in its fragments."""
    if ":" not in dst:
        return fragment(ip(src, dst, id=name) / payload, size)
    return fragment6(IPv6(src=src, dst=dst) / IPv6ExtHdrFragment(id=name) / payload, size + 48)


def of_client(net, payload=None, family=4, name=7):
    """Fragments of the client."""
    return parts(net.client(family), net.server(family), payload or QUESTION, name)


def of_server(net, payload=None, family=4, name=7):
    """Fragments of the server."""
    return parts(net.server(family), net.client(family), payload or ANSWER, name)


def piece(net, offset, octets, more=1, name=7, family=4, header=b"", proto=17):
    """A fragment of the client, made by hand; of UDP, the first begins with a header."""
    head = bytes(UDP(sport=1000, dport=53, len=2000, chksum=0)) if proto == 17 else header
    data = (head if offset == 0 else b"") + b"x" * octets
    data = data[:octets]
    src, dst = net.client(family), net.server(family)
    if family == 4:
        return ip(src, dst, id=name, proto=proto, flags=more, frag=offset // 8) / data
    return IPv6(src=src, dst=dst) / IPv6ExtHdrFragment(
        id=name, nh=proto, m=more, offset=offset // 8) / data


@scene(OPEN)
def test_in_order(net):
    """Questions and answers, both families; an answer before there was a question."""
    rows = []
    for family in (4, 6):
        rows += [wan(p, UNKNOWN) for p in of_server(net, family=family, name=1)]
        rows += [lan(p) for p in of_client(net, family=family)]
        rows += [wan(p) for p in of_server(net, family=family)]
        # Of one session with what is not fragmented.
        rows += [net.back(UDP(sport=53, dport=1000) / b"short", family=family),
                 net.back(UDP(sport=54, dport=1000) / b"short", UNKNOWN, family)]
    return at(0, rows)


@scene(OPEN)
def test_in_other_orders(net):
    """Those before the first wait for it."""
    rows = []
    for family in (4, 6):
        for name, order in enumerate(((4, 3, 2, 1, 0), (1, 0, 2, 4, 3), (2, 4, 0, 1, 3)), 100):
            packets = of_client(net, family=family, name=name)
            rows += [at(name + n * 0.1, lan(packets[i])) for n, i in enumerate(order)]
            packets = of_server(net, family=family, name=name)
            rows += at(name + 0.6, [wan(packets[i]) for i in order])
    return rows


@scene(OPEN)
def test_of_denied_datagrams(net):
    """Nothing of them passes, in whatever order."""
    rows = []
    for family in (4, 6):
        for name, order in enumerate(((0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (1, 0, 2, 4, 3)), 200):
            packets = of_server(net, family=family, name=name)
            rows += at(name, [wan(packets[i], UNKNOWN) for i in order])
    return rows


@scene(OPEN)
def test_without_the_first(net):
    """They wait for two seconds, and no longer."""
    rows = []
    for family in (4, 6):
        packets = of_client(net, family=family)
        rows += at(0, [lan(p, "fragment_alone") for p in packets[1:]])
        rows += at(3, lan(packets[0]))
    return rows


@scene(OPEN)
def test_of_tcp_and_pings(net):
    """Segments of a connection, and long echoes both ways."""
    rows = []
    for family, request, reply in ((4, ICMP(type=8, id=7), ICMP(type=0, id=7)),
                                   (6, ICMPv6EchoRequest(id=7), ICMPv6EchoReply(id=7))):
        tcp = net.tcp(family, window=65535)
        rows += at(0, tcp.open())
        for side in (0, 1):
            rows += at(1 + side, segment_parts(net, tcp, side, family))
        rows += at(4, [wan(p, UNKNOWN) for p in of_server(net, reply / LONG, family, 22)],
                   [lan(p) for p in of_client(net, request / LONG, family, 23)],
                   [wan(p) for p in of_server(net, reply / LONG, family, 24)])
    return rows


def segment_parts(net, tcp, side, family, ahead=0, want="pass"):
    """A long segment of one side, in fragments; so many octets ahead of what is next."""
    segment = TCP(sport=tcp.ports[side], dport=tcp.ports[1 - side], flags="PA", window=65535,
                  seq=tcp.next[side] + ahead, ack=tcp.next[1 - side]) / LONG
    make, come = ((of_client, lan), (of_server, wan))[side]
    return [come(p, want) for p in make(net, segment, family, 20 + bool(ahead))]


@scene(OPEN)
def test_of_segments_out_of_the_window(net):
    """All of them are dropped, though the connection stands; in whatever order they come."""
    rows = []
    for family in (4, 6):
        tcp = net.tcp(family, window=65535)
        rows += at(0, tcp.open())
        for side in (0, 1):
            parted = segment_parts(net, tcp, side, family, 10**6, ("tcp_window", "no_session"))
            rows += at(1 + side, parted)
            parted = segment_parts(net, tcp, side, family, 2 * 10**6, ("tcp_window", "no_session"))
            rows += at(5 + side, parted[::-1])
        rows += at(8, tcp.c("PA", b"x"), tcp.s("A"))
    return rows


@scene(OPEN)
def test_overlap(net):
    """An octet that comes twice ends the datagram (RFC 5722 section 4, RFC 3128)."""
    rows = []
    for family in (4, 6):
        lap = "fragment_overlap"
        told = ((1, 0, "pass"), (1, 72, lap), (1, 80, lap), (1, 160, lap),      # by its end
                (2, 0, "pass"), (2, 80, "pass"), (2, 40, lap), (2, 160, lap),   # by both
                (3, 0, "pass"), (3, 160, "pass"), (3, 120, lap), (3, 80, lap))
        rows += at(0, [lan(piece(net, offset, 80, 1, name, family), want)
                       for name, offset, want in told])
        # The first, anew, with other ports.
        again = piece(net, 0, 80, 1, 2, family)
        rows += at(1, lan(again, lap))
    return rows


@scene(OPEN)
def test_overlap_of_waiting_fragments(net):
    """Neither of them passes when the first comes, nor does that."""
    return at(0, [lan(piece(net, offset, 80, 1, 5, family), "fragment_overlap")
                  for family in (4, 6) for offset in (160, 80, 120, 0)])


@scene(OPEN)
def test_tiny(net):
    """The first fragment has all of the header (RFC 1858 section 3; RFC 7112 for IPv6)."""
    header = bytes(TCP(sport=4000, dport=80, flags="S"))
    rows = []
    for family in (4, 6):
        rows += [lan(piece(net, 0, 16, 1, 30, family, header, proto=6), TINY),
                 lan(piece(net, 0, 8, 1, 31, family, header, proto=6), TINY),
                 # RFC 1858 section 4.2: what would overwrite the flags.
                 lan(piece(net, 8, 16, 0, 32, family, header, proto=6),
                     ("fragment_alone", "fragment_tiny"))]
    options = IPv6ExtHdrDestOpt(nh=17, options=[PadN(optdata=b"\0" * 12)])
    chain = IPv6(src=net.client(6), dst=net.server(6)) / IPv6ExtHdrFragment(id=33, nh=60, m=1)
    rows += [lan(chain / bytes(options)[:8], TINY), lan(chain / bytes(options), TINY),
             lan(chain / bytes(options) / UDP(sport=1000, dport=53, len=2000, chksum=0))]
    return at(0, rows) + at(10, net.back(UDP(sport=80, dport=4000), UNKNOWN))


@scene(OPEN)
def test_ends(net):
    """Two ends, octets beyond the end, beyond 65,535 octets, of no multiple of eight."""
    rows = []
    for family in (4, 6):
        rows += [lan(piece(net, offset, octets, more, name, family), want)
                 for name, offset, octets, more, want in (
                     (40, 0, 80, 1, "pass"), (40, 160, 80, 0, "pass"),
                     (40, 320, 80, 0, "fragment_end"),
                     (41, 0, 80, 1, "pass"), (41, 160, 80, 0, "pass"),
                     (41, 240, 80, 1, "fragment_end"), (42, 65528, 80, 0, "fragment_beyond"),
                     (43, 0, 79, 1, "fragment_length"), (44, 80, 0, 1, "fragment_length"))]
    return at(0, rows)


@scene(OPEN)
def test_atomic(net):
    """A fragment header around all of it (RFC 6946) is no fragment, whatever else has its name."""
    src, dst = net.client(6), net.server(6)
    question = IPv6(src=src, dst=dst) / IPv6ExtHdrFragment(id=50) / UDP(sport=1001, dport=53)
    answer = IPv6(src=dst, dst=src) / IPv6ExtHdrFragment(id=50) / UDP(sport=53, dport=1001)
    first, *later = of_client(net, family=6, name=50)
    return at(0, wan(answer, UNKNOWN), lan(first), lan(question), lan(question), wan(answer),
              wan(answer), [lan(p) for p in later], lan(question),
              net.back(UDP(sport=53, dport=1001), family=6))


@scene(OPEN)
def test_of_several_hosts(net):
    """Equal identifications of other hosts, families and protocols are other datagrams."""
    sets = [parts(net.client(family, host), net.server(family), QUESTION, 60)
            for family in (4, 6) for host in (1, 2)]
    sets += [parts(net.client(), net.server(), ICMP(type=8, id=7) / LONG, 60)]
    return at(0, [lan(part) for one in zip(*sets) for part in one])


@scene(REFUSED)
def test_of_refused_datagrams(net):
    """One answer, about the first (RFC 1122 section 3.2.2)."""
    rows = []
    for family, name in ((4, 70), (6, 71)):
        first, *later = of_server(net, family=family, name=name)
        rows += at(0, wan(first, "rejected"), [wan(p, DENIED) for p in later])
        first, *later = of_server(net, family=family, name=name + 5)
        rows += at(1, [wan(p, DENIED) for p in later[::-1]], wan(first, "rejected"))

    def one_each(made):
        assert [m.port for m in made] == ["wan"] * 4
    return rows, one_each


@scene(OPEN)
def test_forged_from_the_other_end(net):
    """What pretends to be of a host of the other side is of none of its datagrams."""
    rows = []
    for family in (4, 6):
        for name in range(100, 120):
            rows.append(wan(piece(net, 1480, 800, name=name, family=family), None))
        rows += [wan(piece(net, 8, 800, family=family), None)]
        rows += [lan(p) for p in of_client(net, family=family)]
    return at(0, rows)
