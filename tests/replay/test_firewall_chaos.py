# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-firewall and what nobody would send: packets of all kinds with some octets changed, cut short
# or doubled, floods, and options of TCP that are no options. Whatever is sent on is what came in,
# and all ways of the replay agree; with sanitizers no octet is read that is not there.

"""Broken packets and floods."""

import random
import struct

import pytest
from fw import Net, Row, WAYS, at, check, ip, lan, play, routed, row, scene, transparent, wan
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_RR, fragment
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6ND_NS,
                                ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN, fragment6)
from scapy.layers.l2 import ARP, Ether

OUT = 'from = [ "lan" ]; to = [ "wan" ]; action = "accept";'
OPEN = transparent(OUT)
LONG = b"0123456789" * 300


def kinds(net, port):
    """Packets of all kinds, from a side, some of which are answers to those of the other."""
    side = port == "wan"
    rows = []
    for family in (4, 6):
        ends = [net.client(family), net.server(family)][::-1 if side else 1]
        head, back = ip(*ends), ip(*ends[::-1])
        udp = UDP(sport=(1000, 53)[side], dport=(53, 1000)[side])
        turned = UDP(sport=udp.dport, dport=udp.sport)
        tcp = TCP(sport=(4000, 80)[side], dport=(80, 4000)[side], flags=("S", "SA")[side],
                  seq=(1000, 900_000)[side], ack=(0, 1001)[side],
                  options=[("MSS", 1460), ("SAckOK", b""), ("WScale", 7)])
        error = ICMP(type=3, code=4, nexthopmtu=1300) if family == 4 else ICMPv6PacketTooBig()
        gone = ICMP(type=3, code=1) if family == 4 else ICMPv6DestUnreach()
        echo = ICMP(type=8, id=7) if family == 4 else ICMPv6EchoRequest(id=7)
        rows += [head / udp / b"data", head / tcp, head / echo / b"data", head / error / back /
                 turned / b"data", head / gone / back / TCP(sport=tcp.dport, dport=tcp.sport),
                 head / gone / back / echo]
        long = head / udp / LONG
        rows += (fragment(long, 1000) if family == 4 else fragment6(
            IPv6(src=ends[0], dst=ends[1]) / IPv6ExtHdrFragment(id=9) / udp / LONG, 1000))
    six = IPv6(src=ends[0], dst=ends[1])
    pad = [PadN(optdata=b"\0\0")]
    rows += [IP(src="10.1.0.1", dst="198.51.1.1", options=[IPOption_RR()]) / udp,
             six / IPv6ExtHdrHopByHop(options=pad) / IPv6ExtHdrDestOpt(options=pad) / udp,
             six / IPv6ExtHdrRouting(addresses=["2001:db8::1"], segleft=0) / udp,
             IPv6(src="fe80::1", dst="ff02::1:ff00:2", hlim=255) / ICMPv6ND_NS(tgt="fe80::2"),
             ARP(psrc="10.0.0.2", pdst="10.0.0.1")]
    return [row(port, packet, None).data for packet in rows]


def broken(chance, data):
    """Some octets changed behind the MAC addresses, or the end missing, or more behind it."""
    data = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 8))):
        # Mostly of headers.
        data[12 + int(len(data[12:]) * chance.random() ** 3)] = chance.choice(
            (0, 1, 255, 128, chance.randrange(256)))
    cut = chance.random()
    if cut < 0.2:
        data = data[:14 + int(len(data[14:]) * chance.random())]
    elif cut > 0.95:
        data += bytes(chance.randrange(1, 100))
    return bytes(data[:1500])


@pytest.mark.parametrize("seed, config", ((1, OPEN), (2, transparent('action = "accept";',
                                          more="strict = false; checksums = true;")),
                                          (3, routed(OUT)), (4, transparent(default="reject"))))
def test_broken_packets(seed, config):
    """They do no harm, and are not made worse."""
    chance = random.Random(seed)
    source = {port: kinds(Net(1), port) for port in ("lan", "wan")}
    rows = []
    for n in range(120):
        for port in ("lan", "wan"):
            rows += at(n * 0.05, [Row(port, broken(chance, chance.choice(source[port])), None)
                                  for _ in range(8)])
    # Answers are limited for each worker.
    ways = WAYS if seed != 4 else ((1, 32), (1, 7))
    result = play(config, rows, ways)
    fates = {one.fate for one in result.rows}
    assert len(fates) > 15, fates


@scene(OPEN)
def test_options_of_tcp(net):
    """Lengths that end nowhere: such a segment has no options, if it passes at all."""
    rows = []
    for host, options in enumerate((b"\3\0\0\0", b"\3\1\0\0", b"\3\x28\7\0", b"\1\1\1\3",
                                    b"\3\2\1\0", b"\2\4\5\xb4\3", b"\0\3\3\7"), 1):
        tcp = net.tcp(host=host)
        octets = options + b"\0" * (-len(options) % 4)
        # The server's window is not scaled by what the client did not say.
        rows += at(0, tcp.c("S", octets, None, dataofs=5 + len(octets) // 4))
        tcp.next[0] = 1001
        answer = tcp.segment(1, "SA", options=[("WScale", 7)])
        rows += at(1, wan(answer, None))
    return rows


@scene(OPEN)
def test_extension_headers_of_a_session(net):
    """A datagram behind options is of the session of one without."""
    pad = [PadN(optdata=b"\0\0")]
    question, answer = UDP(sport=1000, dport=53), UDP(sport=53, dport=1000)
    return at(0, net.out(IPv6ExtHdrDestOpt(options=pad) / question, family=6),
              net.back(answer, family=6),
              net.back(IPv6ExtHdrHopByHop(options=pad) / answer, family=6),
              net.back(IPv6ExtHdrDestOpt(options=pad) / UDP(sport=54, dport=1000), "policy", 6))


def authenticated(payload, proto):
    """Behind an authentication header (RFC 4302)."""
    return struct.pack("!BBHII", proto, 4, 0, 7, 1) + b"s" * 12 + bytes(payload)


@scene(OPEN)
def test_authentication_headers(net):
    """What is behind one is judged like any other packet."""
    rows = []
    for family in (4, 6):
        header = {"nh" if family == 6 else "proto": 51, "family": family}
        question = authenticated(UDP(sport=1000, dport=53, len=8), 17)
        answer = authenticated(UDP(sport=53, dport=1000, len=8), 17)
        other = authenticated(UDP(sport=54, dport=1000, len=8), 17)
        rows += [net.back(answer, "policy", **header), net.out(question, **header),
                 net.back(answer, **header), net.back(other, "policy", **header)]
    return at(0, rows)


def test_flood_of_syns():
    """Connections that stand keep their room, and new ones find some."""
    net = Net(1)
    tcp, late = net.tcp(), net.tcp(host=2)
    flood = bytes(net.tcp(host=3).segment(0, "S"))
    head = bytes(Ether(lan(ip(net.client(), net.server()) / TCP()).data))[:14]
    rows = at(0, tcp.open())
    for n in range(6000):
        # Other ports, of other hosts; checksums are not looked at.
        packet = flood[:14] + bytes([n >> 8]) + flood[15:20] + struct.pack("!H", n) + flood[22:]
        rows += at(1 + (n // 32) * 0.01, Row("lan", head + packet, None))
    rows += at(10, tcp.c("PA", b"x"), tcp.s("PA", b"y"), late.open(), late.c("PA", b"x"))
    config = transparent(OUT, more='sessions = "2000";')
    check(config, rows)


def test_flood_of_questions():
    """What was asked and answered once makes room; a connection and a longer talk stay."""
    net = Net(1)
    tcp = net.tcp()
    talk = [net.out(UDP(sport=9, dport=9)), net.back(UDP(sport=9, dport=9))] * 2
    rows = at(0, tcp.open(), talk)
    for n in range(300):
        rows += at(1 + n * 0.01, net.out(UDP(sport=1000 + n, dport=53)),
                   net.back(UDP(sport=53, dport=1000 + n)))
    rows += at(10, tcp.c("PA", b"x"), tcp.s("PA", b"y"), talk,
               net.back(UDP(sport=53, dport=1000), "policy"), net.back(UDP(sport=53, dport=1299)))
    check(transparent(OUT, more='sessions = "100"; steering = { slots = 1; };'), rows)
