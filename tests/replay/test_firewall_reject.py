# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# How vnf-firewall refuses: with an RST or an ICMP error that the sender believes, of a packet that
# may be answered at all, and not too often.

"""Answers to refused packets."""

import pytest
from fw import MACS, OWN, Row, at, check, ip, lan, Net, routed, scene, transparent, wan
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import Dot1Q, Ether
from test_firewall_icmpv6 import plain

RULES = ('dport = [ "80" ]; proto = [ "tcp" ]; from = [ "lan" ]; action = "accept";',
         'dport = [ "23" ]; proto = [ "tcp" ]; action = "reject";',
         'dport = [ "24" ]; proto = [ "tcp" ]; action = "drop";')
REFUSING = transparent(*RULES, default="reject")
LOOSE = transparent(*RULES, default="reject", more="strict = false;")
ROUTED = routed(*RULES, default="reject")
FEW = transparent(default="reject", more="reject_rate = 5;")
NONE = transparent(default="reject", more="reject_rate = 0;")
DATA = UDP(sport=1000, dport=53) / b"data"


def right(packet):
    """Its checksums and lengths, written anew, are what they were."""
    again = Ether(packet.original)
    layer = again
    while layer:
        for name in ("chksum", "cksum", "len", "plen"):
            if name in layer.fields:
                delattr(layer, name)
        layer = layer.payload if not isinstance(layer, (ICMP, ICMPv6DestUnreach)) else None
    return bytes(again)[:len(packet.original)] == packet.original


def network(packet):
    """Its IP header."""
    return packet.getlayer(IPv6) or packet.getlayer(IP)


def is_reset(made, segment, **numbers):
    """Is it the RST for a segment? With these numbers and flags."""
    got, asked = made.packet, network(segment)
    tcp = got[TCP]
    assert right(got), got.show2(dump=True)
    assert (network(got).src, network(got).dst) == (asked.dst, asked.src)
    assert (tcp.sport, tcp.dport) == (asked[TCP].dport, asked[TCP].sport)
    assert not bytes(tcp.payload)
    for name, value in numbers.items():
        assert tcp.getfieldval(name) == value, (name, tcp.summary())
    return True


def is_prohibited(made, refused, source=None):
    """Is it the ICMP error for a packet, which it quotes?"""
    got, asked = made.packet, network(refused)
    assert right(got), got.show2(dump=True)
    assert network(got).dst == asked.src
    assert network(got).src == (source or network(got).src)
    quote = bytes(asked)
    if IPv6 in got:
        error = got[ICMPv6DestUnreach]
        assert (error.type, error.code) == (1, 1)
        assert network(got).plen + 40 == min(1280, len(quote) + 48)
        assert bytes(got[IPv6].payload)[8:] == quote[:1232]
    else:
        error = got[ICMP]
        assert (error.type, error.code) == (3, 13)
        assert got[IP].len == min(576, len(quote) + 28)
        assert bytes(got[IP].payload)[8:] == quote[:548]
    return True


# ---- connections ----

@scene(REFUSING)
def test_syn(net):
    """RST with sequence number 0, acknowledging SYN and data (RFC 9293 section 3.10.7.1)."""
    rows, numbers = [], []
    for family in (4, 6):
        tcp = net.tcp(family, ports=(4000, 23), isns=(2**32 - 1, 0))
        for data in (b"", b"hello"):
            segment = tcp.segment(0, "S", data)
            rows.append(lan(segment, "rejected"))
            numbers.append((segment, len(data)))

    def then(made):
        assert len(made) == len(numbers)
        for got, (segment, octets) in zip(made, numbers):
            assert got.port == "lan"
            assert is_reset(got, segment, seq=0, ack=octets, flags="RA")
            assert (got.packet.src, got.packet.dst) == MACS["lan"]
    return at(0, rows), then


@scene(REFUSING)
def test_of_the_other_side(net):
    """By the default, and back to where it came from."""
    tcp = net.tcp()
    syn = tcp.segment(1, "S")

    def then(made):
        assert [m.port for m in made] == ["wan"]
        assert is_reset(made[0], syn, seq=0, ack=900_001, flags="RA")
    return at(0, wan(syn, "rejected")), then


@scene(LOOSE)
def test_segment_in_the_middle(net):
    """One that acknowledges gets an RST of that number, without ACK."""
    rows, segments = [], []
    for family in (4, 6):
        tcp = net.tcp(family, ports=(4000, 23))
        for flags in ("A", "PA"):
            segments.append(tcp.segment(0, flags, b"x" * 10))
            rows.append(lan(segments[-1], "rejected"))

    def then(made):
        assert len(made) == len(segments)
        assert all(is_reset(got, segment, seq=900_000, flags="R")
                   for got, segment in zip(made, segments))
    return at(0, rows), then


@scene(REFUSING)
def test_silent_drop(net):
    """A rule that says drop answers nothing."""
    return at(0, net.tcp(ports=(4000, 24)).c("S", want="policy"))


@scene(REFUSING)
def test_strays_are_not_answered(net):
    """No RST to segments of no connection: RST least of all."""
    return at(0, [net.tcp(host=host).c(flags, want=("tcp_state", "no_session"))
                  for host, flags in enumerate(("A", "SA", "R", "RA", "FA"), 1)]), no_answer


@scene(LOOSE)
def test_resets_are_not_answered(net):
    """Whatever rule they would match."""
    tcp = net.tcp(ports=(4000, 23))
    return at(0, tcp.c("R", want=None), tcp.c("RA", want=None)), no_answer


def no_answer(made):
    """Nothing was made."""
    assert not made, [m.packet.summary() for m in made]


# ---- all else ----

@scene(REFUSING)
def test_datagrams(net):
    """ICMP 3/13 or ICMPv6 1/1, with as much of the packet as fits (RFC 1812 5.2.7.1, RFC 4443)."""
    packets = []
    for family in (4, 6):
        head = ip(net.client(family), net.server(family))
        packets += [head / DATA, head / UDP(sport=1, dport=2) / (b"x" * 1400)]
        packets += [head / (ICMP(type=8) if family == 4 else ICMPv6EchoRequest())]
    packets += [IP(src=net.client(), dst=net.server(), proto=253) / b"y"]

    def then(made):
        assert len(made) == len(packets)
        for got, packet in zip(made, packets):
            assert got.port == "lan" and (got.packet.src, got.packet.dst) == MACS["lan"]
            assert is_prohibited(got, packet)
    return at(0, [lan(p, "rejected") for p in packets]), then


@scene(REFUSING)
def test_vlan(net):
    """The answer goes where the packet came from, to the tag."""
    syn = net.tcp(ports=(4000, 23)).segment(0, "S")
    return at(0, lan(syn, "rejected", vlan=77), net.out(DATA, "rejected", vlan=78)), (
        lambda made: tags(made, [77, 78]))


def tags(made, vlans):
    """Have they these?"""
    assert [m.packet[Dot1Q].vlan for m in made] == vlans
    assert all(right(m.packet) for m in made)


@scene(REFUSING)
def test_never_answered(net):
    """Groups, broadcasts, sources that are no host's (RFC 1122 3.2.2, RFC 4443 2.4)."""
    client, host = net.client(), MACS["lan"][1]
    rows = [lan(ip(src, dst) / DATA, "rejected") for src, dst in (
        (client, "224.0.0.251"), (client, "255.255.255.255"), (net.client(6), "ff02::fb"),
        )]
    rows += [lan(ip("0.0.0.0", dst) / UDP(sport=68, dport=67), "rejected")
             for dst in ("255.255.255.255", net.server())]
    rows += [Row("lan", bytes(Ether(src=host, dst=dst) / ip(client, net.server()) / DATA),
                 "rejected") for dst in ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:05")]
    rows += [Row("lan", bytes(Ether(src=host, dst="33:33:00:00:00:01") / IPv6(
        src=net.client(6), dst=net.server(6)) / TCP(sport=4000, dport=23)), "rejected")]
    rows += [lan(ip("::", net.server(6)) / DATA, ("rejected", "martian"))]
    # Errors about what is not known: nothing may answer them.
    rows += [net.out(ICMP(type=3, code=1) / ip(net.server(), client) / DATA, "no_session"),
             net.out(ICMPv6DestUnreach() / ip(net.server(6), net.client(6)) / DATA, "no_session",
                     6)]
    rows += [lan(plain(kind)(net.client(6), net.server(6)), "rejected")
             for kind in (5, 99, 100, 101, 127)]
    return at(0, rows), no_answer


# ---- between networks ----

@scene(ROUTED)
def test_routed(net):
    """RST of the server's address; ICMP of the firewall's own."""
    syns = [net.tcp(family, ports=(4000, 23)).segment(0, "S") for family in (4, 6)]
    datagrams = [ip(net.client(family), net.server(family)) / DATA for family in (4, 6)]

    def then(made):
        assert [m.port for m in made] == ["lan"] * 4
        assert all((m.packet.src, m.packet.dst) == MACS["lan"] for m in made)
        resets = [m for m in made if TCP in network(m.packet).payload]
        assert all(is_reset(got, syn, seq=0, ack=1001, flags="RA")
                   for got, syn in zip(resets, syns))
        errors = [m for m in made if m not in resets]
        assert [is_prohibited(*pair) for pair in zip(errors, datagrams, OWN["lan"])] == [True] * 2
    return at(0, [lan(p, "rejected") for p in syns + datagrams]), then


@scene(ROUTED)
def test_routed_to_itself(net):
    """The firewall's own addresses are refused like others."""
    syn = ip(net.client(), OWN["lan"][0]) / TCP(sport=4000, dport=22)

    def one_reset(made):
        got, = made
        assert is_reset(got, syn, seq=0, ack=1, flags="RA")
    return at(0, lan(syn, "rejected")), one_reset


# ---- not too often ----

@pytest.mark.parametrize("config, rate", ((FEW, 5), (NONE, 0)))
def test_rate(config, rate):
    """So many answers a second, of all workers, or of one that has all of the load."""
    net = Net(1)
    rows = []
    for port in range(1, 121):
        rows += at(port * 0.025, net.out(UDP(sport=port, dport=53), "rejected"),
                   net.tcp(ports=(port, 23)).c("S", want="rejected"))
    made = check(config, rows, ways=((1, 32), (1, 1), (4, 1))).made
    assert 3 * rate <= len(made) <= 3 * rate + 1
    for second in range(3):
        assert abs(sum(int(m.seconds) == second for m in made) - rate) <= 1
