# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-firewall between networks: it is a router for what it lets pass, answers for itself what rules
# of the zone "self" allow, and believes no source that it would not answer there (RFC 3704).

"""vnf-firewall with addresses of its own."""

from fw import (MACS, OWN, PASS, STRAY, GATEWAY, Net, at, check, ip, lan, play, routed, row, scene,
                wan)
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
                                ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6TimeExceeded, IPv6)
from scapy.layers.l2 import ARP, Ether

OUT = 'from = [ "lan" ]; to = [ "wan" ]; action = "accept";'
SELF = ('from = [ "lan" ]; to = [ "self" ]; proto = [ "icmp", "icmpv6" ]; action = "accept";',
        OUT)
PORTS = ("lan", "wan", "dmz")
TWO = routed(*SELF)
# The dmz is in no zone.
THREE = routed(OUT, ports=PORTS, zones={"lan": ["lan"], "wan": ["wan"]})
QUESTION, ANSWER = UDP(sport=1000, dport=53) / b"question", UDP(sport=53, dport=1000) / b"answer"


def network(packet):
    """Its IP header."""
    return packet.getlayer(IPv6) or packet.getlayer(IP)


@scene(TWO)
def test_connection(net):
    """TCP both ways, in both families, held to its windows."""
    rows = []
    for family in (4, 6):
        tcp = net.tcp(family)
        rows += at(family, net.tcp(family, 2).s("S", want="policy"), tcp.s("A", want=STRAY),
                   tcp.open(), tcp.c("PA", b"x" * 100), tcp.s("PA", b"y"),
                   tcp.s("PA", b"y", seq=5, want="tcp_window"), tcp.close())
    return rows


@scene(TWO)
def test_datagrams(net):
    """UDP, pings, errors and fragments."""
    rows = []
    for family in (4, 6):
        request, reply, error = ((ICMP(type=8, id=7), ICMP(type=0, id=7), ICMP(type=3, code=1)),
                                 (ICMPv6EchoRequest(id=7), ICMPv6EchoReply(id=7),
                                  ICMPv6DestUnreach()))[family == 6]
        quote = ip(net.client(family), net.server(family)) / QUESTION
        hop = net.server(family, 9)
        rows += at(family, net.back(ANSWER, "policy", family), net.out(QUESTION, family=family),
                   net.back(ANSWER, family=family), net.out(request, family=family),
                   net.back(reply, family=family),
                   wan(ip(hop, net.client(family)) / error / quote),
                   wan(ip(hop, net.client(family)) / error / ip(
                       net.client(family), net.server(family)) / UDP(sport=9, dport=9),
                       "no_session"))
    long = UDP(sport=1000, dport=53) / (b"z" * 3000)
    parts = fragment(IP(src=net.client(), dst=net.server(), id=7) / long, 1000)
    wrong = fragment(IP(src=net.server(), dst=net.client(), id=7) / UDP(sport=5) /
                     (b"z" * 3000), 1000)
    return rows + at(8, [lan(p) for p in parts]) + at(9, [lan(p) for p in parts[::-1]]) + at(
        10, [wan(p, ("policy", "no_session")) for p in wrong])


def test_frames():
    """MAC addresses of the next hop, a TTL less, and a right checksum."""
    net = Net(1)
    rows = at(0, net.out(QUESTION, ttl=7), net.back(ANSWER, ttl=2),
              net.out(QUESTION, family=6, ttl=7))
    result = check(TWO, rows).result
    for port, wanted in (("wan", [("198.51.1.1", 6), ("2001:db8:b:1::1", 6)]),
                         ("lan", [("10.1.0.1", 1)])):
        sent = [p for p in result.packets[port] if UDP in p]
        assert [(network(p).dst, network(p).fields.get("ttl", network(p).fields.get("hlim")))
                for p in sent] == wanted
        assert {(p.src, p.dst) for p in sent} == {MACS[port]}
        for packet in sent:
            again = Ether(packet.original)
            if IP in again:
                del again[IP].chksum
            del again[UDP].chksum
            assert bytes(again) == packet.original


@scene(TWO)
def test_time_exceeded(net):
    """The last hop is told of, in both families: traceroute goes through."""
    rows = [net.out(QUESTION, "ttl", ttl=1), net.out(QUESTION, "ttl", 6, ttl=1)]

    def then(made):
        four, six = (m.packet for m in made)
        assert (four[IP].src, four[ICMP].type, four[ICMP].code) == (OWN["lan"][0], 11, 0)
        assert (six[IPv6].src, six[ICMPv6TimeExceeded].code) == (OWN["lan"][1], 0)
        assert [m.port for m in made] == ["lan"] * 2
    return at(0, rows), then


@scene(TWO)
def test_ping_of_the_firewall(net):
    """A rule for the zone self lets the lan; nobody else, and nothing else."""
    rows, replies = [], []
    for family, request in ((4, ICMP(type=8, id=7)), (6, ICMPv6EchoRequest(id=7))):
        own = OWN["lan"][family == 6]
        for dst in (own, OWN["wan"][family == 6]):
            rows += [lan(ip(net.client(family), dst) / request, None)]
            replies.append((dst, net.client(family)))
        rows += [wan(ip(net.server(family), OWN["wan"][family == 6]) / request, "policy"),
                 wan(ip(net.server(family), own) / request, "policy"),
                 lan(ip(net.client(family), own) / UDP(dport=161), "policy"),
                 lan(ip(net.client(family), own) / TCP(dport=22), "policy"),
                 lan(ip(net.client(family), own) / TCP(dport=22, flags="A"), STRAY)]

    def then(made):
        ends = [(network(m.packet).src, network(m.packet).dst) for m in made]
        assert sorted(ends) == sorted(replies)
        assert all(m.port == "lan" and (ICMP in m.packet or ICMPv6EchoReply in m.packet)
                   for m in made)
    return at(0, rows), then


def test_neighbours_are_answered():
    """ARP and Neighbour Discovery for its own addresses need no rule."""
    host = MACS["wan"][1]
    asks = Ether(src=host, dst=MACS["wan"][0])
    rows = at(100, row("wan", asks / ARP(op=1, hwsrc=host, psrc=GATEWAY["wan"][0],
                                         pdst=OWN["wan"][0]), None),
              row("wan", asks / IPv6(src=GATEWAY["wan"][1], dst=OWN["wan"][1], hlim=255) /
                  ICMPv6ND_NS(tgt=OWN["wan"][1]), None))
    sent = play(THREE, rows).result.packets["wan"]
    late = [p for p in sent if p.time > 1_700_000_050]
    assert late[0][ARP].psrc == OWN["wan"][0] and len(late) == 2


@scene(THREE)
def test_no_transit_to_an_unknown_zone(net):
    """An interface of no zone is no way in or out where rules name zones."""
    return at(0, lan(ip(net.client(), net.host("dmz")) / QUESTION, "policy"),
              row("dmz", ip(net.host("dmz"), net.server()) / QUESTION, "policy"),
              row("dmz", ip(net.host("dmz", 6), net.client(6)) / QUESTION, "policy"),
              net.out(QUESTION))


@scene(TWO)
def test_no_route(net):
    """Nobody is there (RFC 1812 section 5.2.7.1), or it is forbidden: it does not pass anyway."""
    def unreachable(made):
        assert all(m.packet[ICMP].type == 3 for m in made)
    packet = ip(net.client(), "203.0.113.9") / QUESTION
    return at(0, lan(packet, ("no_route", "policy"))), unreachable


# ---- where would an answer go? ----

def spoofs(net):
    """Packets of sources: right, of another interface, of none; and of a session that moves."""
    strangers = {4: "203.0.113.9", 6: "2001:db8:dead::9"}
    rows = {"right": [], "other": [], "none": [], "moved": []}
    for family in (4, 6):
        rows["right"] += [net.out(QUESTION, family=family), net.back(ANSWER, family=family)]
        rows["other"] += [wan(ip(net.client(family, 2), net.host("dmz", family)) / QUESTION),
                          row("dmz", ip(net.server(family, 2), net.client(family)) / QUESTION)]
        rows["none"] += [lan(ip(strangers[family], net.server(family)) / QUESTION)]
        rows["moved"] += [row("dmz", ip(net.server(family), net.client(family)) / ANSWER)]
    return rows


def reverse_path(mode, **wants):
    """Play them."""
    rows = spoofs(Net(1))
    for name, want in wants.items():
        for one in rows[name]:
            one.want = want
    config = routed(OUT, 'from = [ "wan", "dmz" ]; action = "accept";', ports=PORTS,
                    more=f'reverse_path = "{mode}";')
    check(config, at(0, *rows.values()), ways=((1, 32),))


def test_strict_reverse_path():
    """An answer would leave by the very interface (RFC 3704 section 2.2)."""
    reverse_path("strict", right=PASS, other="spoofed", none="spoofed",
                 moved=("spoofed", "other_zone"))


def test_loose_reverse_path():
    """Or by any (section 2.4); what is of a session comes from its zones all the same."""
    reverse_path("loose", right=PASS, other=PASS, none="spoofed", moved="other_zone")


def test_no_reverse_path():
    """Nobody asks."""
    reverse_path("off", right=PASS, other=PASS, none=PASS, moved="other_zone")


@scene(routed('action = "accept";'))
def test_neighbour_discovery_in_transit(net):
    """It is of a link, and crosses no router, whatever rules say (RFC 4861 section 6.1)."""
    client, server = net.client(6), net.server(6)
    return at(0, lan(IPv6(src=client, dst=server, hlim=255) / ICMPv6ND_NS(tgt=server),
                     "nd_invalid"),
              wan(IPv6(src=server, dst=client, hlim=255) / ICMPv6ND_RA(), "nd_invalid"),
              lan(IPv6(src=client, dst=server) / ICMPv6EchoRequest()))
