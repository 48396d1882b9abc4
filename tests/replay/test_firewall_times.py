# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# How long sessions of vnf-firewall live: half a second before their time they are known, half a
# second after it they are not. Periods are the program's own unless a configuration says others.

"""Timeouts of sessions."""

import struct

from fw import PASS, STRAY, Tcp, at, scene, transparent
from scapy.layers.inet import ICMP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest

OPEN = transparent('from = [ "lan" ]; to = [ "wan" ]; action = "accept";')
OTHERS = transparent('from = [ "lan" ]; to = [ "wan" ]; action = "accept";', more="""
    timeouts = { tcp_opening = "3s"; tcp_established = "30s"; tcp_closing = "5s";
                 tcp_time_wait = "6s"; tcp_reset = "7s"; udp_new = "8s"; udp = "9s"; icmp = "10s";
                 association_new = "11s"; association = "12s"; other_new = "13s"; other = "14s"; };
""")
MINUTES_4 = 240
HOURS_2 = 2 * 3600 + 240
UNKNOWN = ("policy", "no_session")
EDGES = ((-0.5, True), (0.5, False))


def edges(net, period, begin, late, stray=STRAY):
    """
    For both families, two sessions begun alike, and what comes half a second before the end of the
    one's time and after that of the other's. `late` says whether it is to pass.
    """
    rows = []
    for family in (4, 6):
        for host, (more, lives) in enumerate(EDGES, 1):
            tcp = net.tcp(family, host)
            rows += at(0, begin(tcp))
            rows += at(period + more, late(tcp, PASS if lives else stray))
    return rows


@scene(OPEN)
def test_syn_without_an_answer(net):
    """Four minutes (RFC 6092 REC-35)."""
    return edges(net, MINUTES_4, lambda tcp: tcp.c("S"), lambda tcp, want: tcp.s("SA", want=want))


@scene(OPEN)
def test_syn_answered_and_not_acknowledged(net):
    """Four minutes from the answer."""
    return edges(net, MINUTES_4, lambda tcp: [tcp.c("S"), tcp.s("SA")],
                 lambda tcp, want: tcp.c("A", want=want))


@scene(OPEN)
def test_established(net):
    """Two hours and four minutes without a packet (RFC 6092 REC-35)."""
    return edges(net, HOURS_2, Tcp.open, lambda tcp, want: tcp.s("PA", b"x", want=want))


@scene(OTHERS)
def test_each_segment_begins_the_time_anew(net):
    """Of either side, data or not."""
    tcp = net.tcp()
    return (at(0, tcp.open()) + at(25, tcp.c("A")) + at(50, tcp.s("A")) +
            at(79.5, tcp.c("PA", b"x")) + at(110, tcp.s("A", want=STRAY)))


@scene(OPEN)
def test_one_side_closed(net):
    """The other may go on, for as long as before (RFC 6146 section 3.5.2)."""
    return edges(net, HOURS_2, lambda tcp: [tcp.open(), tcp.c("FA"), tcp.s("A")],
                 lambda tcp, want: tcp.s("PA", b"x", want=want))


@scene(OPEN)
def test_both_sides_closed(net):
    """Four minutes for the last acknowledgement."""
    return edges(net, MINUTES_4, lambda tcp: [tcp.open(), tcp.c("FA"), tcp.s("A"), tcp.s("FA")],
                 lambda tcp, want: tcp.c("A", want=want))


@scene(OPEN)
def test_closed(net):
    """The last FIN may come again for four minutes."""
    return edges(net, MINUTES_4, lambda tcp: [tcp.open(), tcp.close()],
                 lambda tcp, want: tcp.s("FA", seq=900_001, want=want))


@scene(OTHERS)
def test_what_proves_nothing_gives_no_time(net):
    """A SYN or its answer once more, a RST and a SYN that are not exact, an ACK after the end."""
    again, answered, stands, closed = (net.tcp(host=host) for host in (1, 2, 3, 4))
    return (at(0, again.c("S"), answered.c("S"), answered.s("SA"), stands.open(), closed.open(),
               closed.close()) +
            at(2, again.c("S", seq=1000), answered.c("S", seq=1000),
               answered.s("SA", seq=900_000)) +
            at(3.5, again.s("SA", want=STRAY), answered.c("A", want=STRAY)) +
            at(5, closed.c("A")) + at(6.5, closed.s("FA", seq=900_001, want=STRAY)) +
            at(20, stands.c("R", seq=1011), stands.s("R", seq=900_011), stands.c("S", seq=5)) +
            at(30.5, stands.c("A", want=STRAY)))


@scene(OPEN)
def test_udp_without_an_answer(net):
    """Two minutes (RFC 6092 REC-14), however often the client sends: each time from there."""
    rows = []
    for family in (4, 6):
        for port, (more, lives) in enumerate(EDGES, 1000):
            rows += at(0, net.out(UDP(sport=port, dport=53), family=family))
            rows += at(100, net.out(UDP(sport=port, dport=53), family=family))
            rows += at(100 + 120 + more, net.back(
                UDP(sport=53, dport=port), PASS if lives else UNKNOWN, family))
    return rows


@scene(OPEN)
def test_udp_with_an_answer(net):
    """Five minutes (RFC 6092 REC-14 recommends them), begun anew by packets of both sides."""
    rows = []
    for family in (4, 6):
        for port, (more, lives) in enumerate(EDGES, 1000):
            out, back = UDP(sport=port, dport=53), UDP(sport=53, dport=port)
            rows += at(0, net.out(out, family=family), net.back(back, family=family))
            rows += at(200, net.back(back, family=family)) + at(450, net.out(out, family=family))
            rows += at(450 + 300 + more, net.back(back, PASS if lives else UNKNOWN, family))
    return rows


@scene(OPEN)
def test_echo(net):
    """A minute (RFC 5508 REQ-2), which each request begins anew."""
    rows = []
    for name, (more, lives) in enumerate(EDGES, 1000):
        want = PASS if lives else UNKNOWN
        rows += at(0, net.out(ICMP(type=8, id=name)),
                   net.out(ICMPv6EchoRequest(id=name), family=6))
        rows += at(50, net.out(ICMP(type=8, id=name, seq=1)),
                   net.out(ICMPv6EchoRequest(id=name, seq=1), family=6))
        rows += at(110 + more, net.back(ICMP(type=0, id=name, seq=1), want),
                   net.back(ICMPv6EchoReply(id=name, seq=1), want, 6))
    return rows


def association(sport, dport):
    """An SCTP packet; what is in it does not matter."""
    return struct.pack("!HHIIBBHI", sport, dport, 0, 0, 1, 0, 8, 0)


def protocol_edges(net, proto, out, back, periods):
    """Two sessions not answered, and two that are: each at the edges of its period."""
    rows = []
    for family in (4, 6):
        header = {"nh" if family == 6 else "proto": proto}
        for answered, period in enumerate(periods):
            for n, (more, lives) in enumerate(EDGES):
                host = 1 + 2 * answered + n
                pair = {"src": net.client(family, host), **header}
                rows += at(0, net.out(out, family=family, **pair))
                pair = {"dst": net.client(family, host), **header}
                if answered:
                    rows += at(1, net.back(back, family=family, **pair))
                rows += at(answered + period + more,
                           net.back(back, PASS if lives else UNKNOWN, family, **pair))
    return rows


def request(sport, dport):
    """A DCCP packet."""
    return struct.pack("!HHBBHBBHII", sport, dport, 5, 0, 0, 1, 0, 0, 1, 0)


@scene(OPEN)
def test_associations(net):
    """SCTP and DCCP: eight minutes, then two hours and four."""
    return [protocol_edges(net, proto, packet(5000, 80), packet(80, 5000), (480, HOURS_2))
            for proto, packet in ((132, association), (33, request))]


@scene(OPEN)
def test_udplite(net):
    """As UDP: two minutes, then five."""
    return protocol_edges(net, 136, struct.pack("!HHHH", 5000, 80, 8, 1),
                          struct.pack("!HHHH", 80, 5000, 8, 1), (120, 300))


@scene(OPEN)
def test_other_protocols(net):
    """Two minutes, then ten."""
    return protocol_edges(net, 253, b"x" * 20, b"y" * 20, (120, 600))


# ---- periods of the configuration ----

@scene(OTHERS)
def test_other_periods_of_tcp(net):
    """As the file says."""
    return (edges(net, 3, lambda tcp: tcp.c("S"), lambda tcp, want: tcp.s("SA", want=want)) +
            edges_of(net, 10, 30, Tcp.open, lambda tcp, want: tcp.s("PA", b"x", want=want)) +
            edges_of(net, 20, 5, lambda tcp: [tcp.open(), tcp.c("FA"), tcp.s("FA")],
                     lambda tcp, want: tcp.c("A", want=want)) +
            edges_of(net, 30, 6, lambda tcp: [tcp.open(), tcp.close()],
                     lambda tcp, want: tcp.s("FA", seq=900_001, want=want)))


def edges_of(net, host, period, begin, late):
    """As edges(), in IPv4, of hosts from a number on."""
    rows = []
    for more, lives in EDGES:
        tcp = net.tcp(host=host + lives)
        rows += at(0, begin(tcp)) + at(period + more, late(tcp, PASS if lives else STRAY))
    return rows


@scene(OTHERS)
def test_other_periods_of_udp_and_icmp(net):
    """As the file says."""
    rows = []
    for n, (more, lives) in enumerate(EDGES, 1000):
        want = PASS if lives else UNKNOWN
        rows += at(0, net.out(UDP(sport=n, dport=53)), net.out(UDP(sport=n, dport=54)),
                   net.out(ICMP(type=8, id=n)), net.back(UDP(sport=54, dport=n)))
        rows += at(8 + more, net.back(UDP(sport=53, dport=n), want))
        rows += at(9 + more, net.back(UDP(sport=54, dport=n), want))
        rows += at(10 + more, net.back(ICMP(type=0, id=n), want))
    return rows


@scene(OTHERS)
def test_other_periods_of_the_rest(net):
    """As the file says."""
    return (protocol_edges(net, 132, association(5000, 80), association(80, 5000), (11, 12)) +
            protocol_edges(net, 253, b"x" * 20, b"y" * 20, (13, 14)))
