# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Sessions of vnf-firewall without connections: UDP, pings, SCTP, DCCP, tunnels. Who asks gets
# answers; nobody else gets anything. How long is in test_firewall_times.py.

"""UDP, ICMP requests and other protocols."""

import struct
from functools import partial

from fw import PASS, at, ip, lan, scene, transparent, wan
from scapy.layers.inet import ICMP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest

OPEN = transparent('from = [ "lan" ]; to = [ "wan" ]; action = "accept";')
BOTH = transparent('action = "accept";')
UNKNOWN = ("policy", "no_session")
QUESTION = UDP(sport=1000, dport=53) / b"question"
ANSWER = UDP(sport=53, dport=1000) / b"answer"


@scene(OPEN)
def test_udp_answers(net):
    """After a question, as many as there are, and the client may go on."""
    return at(0, [[net.back(ANSWER, "policy", family), net.out(QUESTION, family=family),
                   net.back(ANSWER, family=family), net.back(ANSWER, family=family),
                   net.out(QUESTION, family=family)] for family in (4, 6)])


@scene(OPEN)
def test_udp_of_others(net):
    """Other ports, other hosts, and the question come back are no answers (address-dependent)."""
    rows = []
    for family in (4, 6):
        rows += at(family, net.out(QUESTION, family=family), [
            net.back(UDP(sport=s, dport=d), "policy", family)
            for s, d in ((54, 1000), (53, 1001), (1000, 53))])
        rows += at(family + 0.5, net.back(ANSWER, "policy", family, src=net.server(family, 2)),
                   net.back(ANSWER, "policy", family, dst=net.client(family, 2)))
    return rows


@scene(OPEN)
def test_one_session_for_each_destination(net):
    """From one port of a client to many servers, as peers do."""
    rows = [net.out(QUESTION, dst=net.server(4, n)) for n in range(1, 9)]
    return at(0, rows) + at(1, [net.back(ANSWER, PASS if n < 9 else "policy",
                                         src=net.server(4, n)) for n in range(1, 12)])


@scene(OPEN)
def test_udp_odd_forms(net):
    """No checksum in IPv4, no data, the same port at both ends."""
    return at(0, net.out(UDP(sport=1000, dport=53, chksum=0) / b"x"), net.back(ANSWER),
              net.out(UDP(sport=500, dport=500)), net.back(UDP(sport=500, dport=500)),
              net.out(UDP(sport=0, dport=9), None))


@scene(OPEN)
def test_udp_and_tcp_are_apart(net):
    """Equal ports of another protocol are another session."""
    tcp = net.tcp(ports=(1000, 53))
    return at(0, net.out(QUESTION), tcp.s("SA", want=("tcp_state", "no_session")), tcp.open(),
              net.back(ANSWER))


# ---- requests of ICMP ----

@scene(OPEN)
def test_echo(net):
    """Replies to requests pass: of the same hosts and identifier, whatever their sequence."""
    rows = []
    for family, request, reply in ((4, partial(ICMP, type=8), partial(ICMP, type=0)),
                                   (6, ICMPv6EchoRequest, ICMPv6EchoReply)):
        rows += at(family, net.back(reply(id=7), UNKNOWN, family),
                   net.out(request(id=7) / b"data", family=family),
                   net.back(reply(id=7) / b"data", family=family),
                   net.back(reply(id=7, seq=3), family=family),
                   net.back(reply(id=8), UNKNOWN, family),
                   net.back(reply(id=7), UNKNOWN, family, src=net.server(family, 2)),
                   net.out(request(id=7, seq=1), family=family))
        # A request is none, though it is of the same hosts and identifier.
        rows += at(family + 0.5, net.back(request(id=7), UNKNOWN, family),
                   net.back(reply(id=7), family=family))
    return rows


@scene(BOTH)
def test_echo_replies_begin_nothing(net):
    """Not even where rules let all pass; requests of the other side are another matter."""
    return at(0, net.out(ICMP(type=0, id=9), "no_session"),
              net.out(ICMPv6EchoReply(id=9), "no_session", 6),
              net.back(ICMP(type=0, id=9), "no_session"),
              net.back(ICMPv6EchoReply(id=9), "no_session", 6),
              net.back(ICMP(type=8, id=9)), net.out(ICMP(type=0, id=9)))


@scene(OPEN)
def test_timestamps(net):
    """The same; an echo reply does not answer a timestamp request."""
    times = {"ts_ori": 1, "ts_rx": 2, "ts_tx": 3}
    return at(0, net.back(ICMP(type=14, id=5, **times), UNKNOWN),
              net.out(ICMP(type=13, id=5, **times)), net.back(ICMP(type=14, id=5, **times)),
              net.back(ICMP(type=14, id=6, **times), UNKNOWN))


@scene(OPEN)
def test_other_icmp_has_no_state(net):
    """Rules judge each packet: what may go out brings nothing back."""
    raw = b"\0" * 4
    return at(0, net.out(ICMP(type=10) / raw), net.back(ICMP(type=9) / raw, UNKNOWN),
              net.out(ICMP(type=10) / raw), net.back(ICMP(type=10) / raw, UNKNOWN),
              net.back(ICMP(type=40) / raw, UNKNOWN), net.out(ICMP(type=40) / raw))


# ---- other protocols ----

def ported(proto, sport, dport):
    """The least of a packet of a protocol that has ports."""
    if proto == 33:   # DCCP: a request with a long sequence number
        return struct.pack("!HHBBHBBHII", sport, dport, 5, 0, 0, 1, 0, 0, 1, 0)
    if proto == 132:
        return struct.pack("!HHIIBBHI", sport, dport, 0, 0, 1, 0, 8, 0)
    return struct.pack("!HHHH", sport, dport, 8, 1)   # UDP-Lite


@scene(OPEN)
def test_protocols_with_ports(net):
    """SCTP, DCCP and UDP-Lite: by addresses and ports."""
    rows = []
    for family in (4, 6):
        for proto in (33, 132, 136):
            header = {"nh" if family == 6 else "proto": proto, "family": family}
            rows += at(proto, net.back(ported(proto, 80, 5000), "policy", **header),
                       net.out(ported(proto, 5000, 80), **header),
                       net.back(ported(proto, 80, 5000), **header),
                       net.back(ported(proto, 80, 5001), "policy", **header),
                       net.back(ported(proto, 5000, 80), "policy", **header))
    return rows


# GRE of version 0, ESP, a mobility header, some protocol that nobody knows, and IP in IP.
PLAIN = ((47, struct.pack("!HH", 0, 0x0800) + b"x" * 20),
         (50, struct.pack("!II", 77, 1) + b"x" * 24), (253, b"anything"),
         (135, b"\x3b\0\0\0\0\0\0\0"), (4, bytes(ip("10.1.1.1", "10.2.2.2") / UDP())),
         (41, bytes(ip("2001:db8::1", "2001:db8::2") / UDP())))


@scene(OPEN)
def test_protocols_without_ports(net):
    """Tunnels and what is not known: by addresses and protocol."""
    rows = []
    for family in (4, 6):
        for proto, data in PLAIN:
            header = {"nh" if family == 6 else "proto": proto, "family": family}
            rows += at(proto, net.back(data, "policy", **header), net.out(data, **header),
                       net.back(data, **header),
                       net.back(data, "policy", src=net.server(family, 2), **header))
        # One of them opens nothing for another.
        other = {"nh" if family == 6 else "proto": 254, "family": family}
        rows += at(300, net.back(b"anything", "policy", **other))
    return rows


@scene(BOTH)
def test_all_may_begin(net):
    """One rule lets all through that nobody asked for, in both directions (RFC 6092 REC-49)."""
    rows = []
    for family in (4, 6):
        proto = "nh" if family == 6 else "proto"
        segment = net.tcp(family).segment(1, "S")
        rows += [net.tcp(family, host=2).c("S"), wan(segment)]
        datagrams = [(17, UDP(sport=7, dport=8)), (58, ICMPv6EchoRequest(id=3)) if family == 6 else
                     (1, ICMP(type=8, id=3)), *PLAIN]
        datagrams += [(kind, ported(kind, 7, 8)) for kind in (33, 132, 136)]
        for kind, data in datagrams:
            rows += [net.back(data, family=family, **{proto: kind}),
                     net.out(data, family=family, src=net.client(family, 2), **{proto: kind})]
    return at(0, rows)


@scene(OPEN)
def test_groups(net):
    """What goes out to a group is judged by rules, and brings nothing back of its members."""
    out = lan(ip(net.client(), "239.1.1.1") / UDP(sport=1000, dport=53))
    return at(0, out, net.back(ANSWER, "policy"),
              lan(ip(net.client(6), "ff0e::1") / UDP(sport=1000, dport=53)),
              wan(ip(net.server(), "239.1.1.1") / UDP(sport=1000, dport=53), "policy"))
