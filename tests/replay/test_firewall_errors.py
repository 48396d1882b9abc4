# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# ICMP and ICMPv6 errors at vnf-firewall: each belongs to the session of the packet that it quotes,
# whoever sends it, and needs no rule; without such a session it is dropped, whatever rules say. A
# quote is data of a stranger: all of it is checked (RFC 5927).

"""ICMP errors and what they quote."""

from fw import at, ip, lan, scene, transparent, wan
from scapy.layers.inet import ICMP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
                                ICMPv6PacketTooBig, ICMPv6ParamProblem, ICMPv6TimeExceeded,
                                IPv6ExtHdrFragment)

OPEN = transparent('from = [ "lan" ]; to = [ "wan" ]; action = "accept";')
ANY = transparent('action = "accept";')
QUESTION = UDP(sport=1000, dport=53) / b"question"
ANSWER = UDP(sport=53, dport=1000) / b"answer"
# An error that is nobody's: there is no such session, or its quote is out of the question.
NOBODYS = ("no_session", "icmp_quote")
ERRORS = {
    4: [ICMP(type=3, code=code) for code in range(16)] + [
        ICMP(type=3, code=4, nexthopmtu=1400), ICMP(type=11, code=0), ICMP(type=11, code=1),
        ICMP(type=12, code=0), ICMP(type=12, code=2)],
    6: [ICMPv6DestUnreach(code=code) for code in range(7)] + [
        ICMPv6PacketTooBig(mtu=1300), ICMPv6TimeExceeded(code=0), ICMPv6TimeExceeded(code=1),
        ICMPv6ParamProblem(code=0), ICMPv6ParamProblem(code=1), ICMPv6ParamProblem(code=2)]}
# A request and its reply.
PINGS = {4: (ICMP(type=8, id=7), ICMP(type=0, id=7)),
         6: (ICMPv6EchoRequest(id=7), ICMPv6EchoReply(id=7))}
UNREACHABLE = {4: ICMP(type=3, code=1), 6: ICMPv6DestUnreach(code=3)}
ROUTER = 250   # a host of the net


def error(net, quote, family=4, kind=None, want="pass", src=None, dst=None):
    """An error of a router beyond the wan, to the source of the packet that it quotes."""
    kind = kind or UNREACHABLE[family]
    src = src or net.server(family, ROUTER)
    return wan(ip(src, dst or net.client(family)) / kind / quote, want)


def asked(net, family=4, payload=QUESTION, **header):
    """A packet of the client, as it is quoted when its TTL is almost over."""
    header = {"src": net.client(family), "dst": net.server(family), "ttl": 1, **header}
    return ip(**header) / payload


def answered(net, family=4, payload=ANSWER):
    """A packet of the server, quoted."""
    return ip(net.server(family), net.client(family), ttl=1) / payload


@scene(OPEN)
def test_all_types(net):
    """All errors about what the client sent, of a router and of the server."""
    rows = []
    for family in (4, 6):
        rows += at(0, net.out(QUESTION, family=family))
        for kind in ERRORS[family]:
            for src in (None, net.server(family)):
                rows.append(error(net, asked(net, family), family, kind, src=src))
    return at(0, rows)


@scene(OPEN)
def test_about_answers(net):
    """The client's side says that it does not want them: port unreachable, or a router there."""
    rows = []
    for family in (4, 6):
        rows += [net.out(QUESTION, family=family), net.back(ANSWER, family=family)]
        for kind in ERRORS[family]:
            for src in (net.client(family), net.client(family, ROUTER)):
                rows.append(lan(ip(src, net.server(family)) / kind / answered(net, family)))
    return at(0, rows)


@scene(OPEN)
def test_of_tcp_sctp_and_pings(net):
    """Whatever began the session."""
    tcp = net.tcp()
    segment = bytes(tcp.segment(0, "S"))
    sctp = b"\x13\x88\0\x50" + b"\0" * 12
    return at(0, tcp.c("S"), error(net, segment), tcp.s("SA"),
              net.out(ICMP(type=8, id=7)), error(net, asked(net, payload=ICMP(type=8, id=7))),
              net.out(ICMPv6EchoRequest(id=7), family=6),
              error(net, asked(net, 6, ICMPv6EchoRequest(id=7)), 6),
              net.out(sctp, proto=132), error(net, asked(net, payload=sctp, proto=132)),
              net.out(b"x" * 20, proto=253), error(net, asked(net, payload=b"x" * 8, proto=253)))


@scene(OPEN)
def test_of_no_session(net):
    """Another port, address, protocol, identifier or family in the quote."""
    rows = []
    for family in (4, 6):
        echo = ICMP(type=8, id=8) if family == 4 else ICMPv6EchoRequest(id=8)
        quotes = [asked(net, family, UDP(sport=1001, dport=53)),
                  asked(net, family, UDP(sport=1000, dport=54)),
                  asked(net, family, UDP(sport=53, dport=1000)),
                  asked(net, family, TCP(sport=1000, dport=53)),
                  asked(net, family, dst=net.server(family, 2)), asked(net, family, echo)]
        rows += [net.out(QUESTION, family=family)]
        rows += [error(net, quote, family, want=NOBODYS) for quote in quotes]
        rows += [error(net, asked(net, 10 - family), family, want=NOBODYS)]
        stranger = net.client(family, 2)
        rows += [error(net, asked(net, family, src=stranger), family, want=NOBODYS, dst=stranger)]
    return at(0, rows)


@scene(ANY)
def test_rules_do_not_matter(net):
    """Where all may pass, an error about nothing still may not."""
    return at(0, [error(net, asked(net, family), family, kind, want="no_session")
                  for family in (4, 6) for kind in ERRORS[family]],
              lan(ip(net.client(), net.server()) / ICMP(type=3, code=3) / answered(net),
                  "no_session"))


@scene(OPEN)
def test_to_somebody_else(net):
    """An error goes to the source of what it quotes, not to another host, nor the other way."""
    rows = []
    for family in (4, 6):
        rows += [net.out(QUESTION, family=family), net.back(ANSWER, family=family),
                 error(net, asked(net, family), family, want=(*NOBODYS, "policy"),
                       dst=net.client(family, 2)),
                 # About the client's packet, to the client, from its own side.
                 lan(ip(net.client(family, ROUTER), net.client(family)) / UNREACHABLE[family] /
                     asked(net, family), (*NOBODYS, "other_zone")),
                 # About the client's packet, to the server.
                 lan(ip(net.client(family), net.server(family)) / UNREACHABLE[family] /
                     asked(net, family), (*NOBODYS, "policy", "other_zone")),
                 error(net, answered(net, family), family, want=(*NOBODYS, "other_zone", "policy"))]
    return at(0, rows)


@scene(OPEN)
def test_short_quotes(net):
    """The header and eight octets are enough (RFC 792); ports cut short are not."""
    rows = [net.out(QUESTION), net.out(QUESTION, family=6)]
    for family, header in ((4, 20), (6, 40)):
        quote = bytes(asked(net, family))
        rows += [error(net, quote[:header + 8], family)]
        rows += [error(net, quote[:octets], family, want=NOBODYS + ("icmp_short",))
                 for octets in (0, 1, header - 1, header, header + 3)]
    tcp = net.tcp()
    rows += [tcp.c("S"), error(net, bytes(tcp.segment(0, "S", seq=1000))[:28])]
    return at(0, rows)


@scene(OPEN)
def test_quotes_of_fragments(net):
    """The first has ports; a later one is nobody's."""
    quote = asked(net, flags="MF")
    later = asked(net, payload=b"\x03\xe8\0\x35" * 4, proto=17, frag=100)
    six, last = (asked(net, 6, IPv6ExtHdrFragment(id=9, m=more, offset=offset) / QUESTION)
                 for more, offset in ((1, 0), (0, 100)))
    return at(0, net.out(QUESTION), error(net, quote), error(net, later, want=NOBODYS),
              net.out(QUESTION, family=6), error(net, six, 6), error(net, last, 6, want=NOBODYS))


@scene(OPEN)
def test_quotes_of_errors(net):
    """No error is about another (RFC 1122 section 3.2.2)."""
    inner = bytes(ip(net.client(), net.server()) / ICMP(type=3, code=1) / answered(net))
    return at(0, net.out(QUESTION), net.back(ANSWER),
              error(net, inner, want=(*NOBODYS, "policy")))


@scene(OPEN)
def test_sequence_numbers_of_tcp(net):
    """What is quoted was sent and is not yet acknowledged, or nearly so (RFC 5927 section 4)."""
    rows = []
    for family in (4, 6):
        tcp = net.tcp(family)
        rows += at(family, tcp.open(), tcp.c("PA", b"x" * 100))

        def about(seq, want, tcp=tcp, family=family):
            return error(net, bytes(tcp.segment(0, "PA", b"x" * 100, seq=seq)), family,
                         ICMP(type=3, code=4, nexthopmtu=1000) if family == 4 else
                         ICMPv6PacketTooBig(mtu=1280), want)
        wrong = ("tcp_window", "no_session")
        rows += at(family + 0.1, about(1001, "pass"), about(1001 + 1_000_000, wrong),
                   about(1001 - 1_000_000, wrong), about(1001 + 50_000, wrong))
        # The connection stands (RFC 5461): the client decides.
        rows += at(family + 0.2, tcp.c("PA", b"x" * 100, seq=1001), tcp.s("A"))
    return rows


@scene(OPEN)
def test_they_refresh_nothing(net):
    """A session ends at its time, whatever errors are about it."""
    rows = []
    for family, (request, reply) in PINGS.items():
        tcp = net.tcp(family)
        segment = bytes(tcp.segment(0, "S"))
        rows += at(0, net.out(QUESTION, family=family), tcp.c("S"), net.out(request, family=family))
        rows += at(50, error(net, asked(net, family, request), family))
        rows += at(61, net.back(reply, ("policy", "no_session"), family))
        rows += at(100, error(net, asked(net, family), family))
        rows += at(121, net.back(ANSWER, "policy", family),
                   error(net, asked(net, family), family, want=NOBODYS))
        rows += at(200, error(net, segment, family))
        rows += at(241, tcp.s("SA", want=("tcp_state", "no_session")))
    return rows


@scene(OPEN)
def test_they_do_not_answer(net):
    """A session that saw an error only is one without an answer."""
    return (at(0, net.out(QUESTION), error(net, asked(net))) +
            at(121, net.back(ANSWER, "policy")))


# The least of ESP, of a mobility header, of DCCP and of SCTP, to port 80.
OTHERS = ((50, b"\0\0\0\x09\0\0\0\1" + b"x" * 24), (135, b"\x3b\0\0\0\0\0\0\0"),
          (33, b"\x13\x88\0\x50\5\0\0\0\1\0\0\0\0\0\0\1\0\0\0\0"),
          (132, b"\x13\x88\0\x50" + b"\0" * 12))


@scene(OPEN)
def test_of_tunnels(net):
    """ESP, Mobile IPv6, DCCP, SCTP: unreachable and too big (RFC 6092 REC-23, 30, 41, 45)."""
    rows = []
    for proto, data in OTHERS:
        header = {"src": net.client(6), "dst": net.server(6), "nh": proto}
        rows += [error(net, ip(**header) / data, 6, want=NOBODYS), lan(ip(**header) / data)]
        rows += [error(net, ip(**header) / data, 6, kind)
                 for kind in (ICMPv6DestUnreach(code=1), ICMPv6PacketTooBig(mtu=1280))]
    return at(0, rows)


@scene(OPEN)
def test_they_end_nothing(net):
    """Whatever is said of them, sessions go on."""
    rows = []
    for family in (4, 6):
        rows += [net.out(QUESTION, family=family)]
        rows += [error(net, asked(net, family), family, kind) for kind in ERRORS[family]]
        rows += [net.back(ANSWER, family=family)]
        for proto, data in OTHERS:
            header = {"nh" if family == 6 else "proto": proto}
            swapped = data[2:4] + data[:2] + data[4:] if proto in (33, 132) else data
            rows += [net.out(data, family=family, **header)]
            rows += [error(net, asked(net, family, data, **header), family, kind)
                     for kind in ERRORS[family]]
            rows += [net.back(swapped, family=family, **header)]
    return at(0, rows)


@scene(OPEN)
def test_they_end_no_connection_nor_query(net):
    """Neither one that is to be answered yet, nor one that stands (RFC 5927 section 5.2)."""
    rows = []
    for family, (request, reply) in PINGS.items():
        tcp = net.tcp(family)
        for speak in ("S", "PA"):
            segment = bytes(tcp.segment(0, speak))
            rows += [tcp.c(speak), [error(net, segment, family, kind) for kind in ERRORS[family]]]
            rows += [tcp.s("SA"), tcp.c("A")] if speak == "S" else [tcp.s("PA", b"y"), tcp.c("A")]
        rows += [net.out(request, family=family), [
            error(net, asked(net, family, request), family, kind) for kind in ERRORS[family]],
                 net.back(reply, family=family)]
    return at(0, rows)
