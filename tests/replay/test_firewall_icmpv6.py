# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# ICMPv6 at vnf-firewall, by RFC 4890: what a link needs passes a firewall in its middle without any
# rule, what is on its way needs a session or a rule. Errors are in test_firewall_errors.py.

"""Neighbour Discovery, MLD and other ICMPv6."""

import struct

from fw import MACS, Row, at, ip, lan, scene, transparent, wan
from scapy.layers.inet6 import (ICMPv6MLDone, ICMPv6MLQuery, ICMPv6MLReport, ICMPv6ND_NA,
                                ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_Redirect, ICMPv6ND_RS,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr,
                                IPv6, IPv6ExtHdrHopByHop, RouterAlert)
from scapy.layers.l2 import ARP, Ether

OPEN = transparent('from = [ "lan" ]; to = [ "wan" ]; action = "accept";')
ANY = transparent('action = "accept";')
CLOSED = transparent()
GUARDED = transparent(
    'from = [ "wan" ]; proto = [ "icmpv6" ]; icmp = [ "134" ]; action = "drop";',
    'from = [ "lan" ]; proto = [ "icmpv6" ]; icmp = [ "131" ]; action = "reject";',
    'proto = [ "icmpv6" ]; icmp = [ "148/0", "144", "145", "146", "147" ]; action = "accept";',
    'from = [ "lan" ]; to = [ "wan" ]; proto = [ "icmpv6" ]; action = "drop";')
ONE, TWO, ALL, ROUTERS = "fe80::1", "fe80::2", "ff02::1", "ff02::2"
SOLICITED = "ff02::1:ff00:2"
LLADDR = "02:00:00:00:01:99"


def link(want="pass", hlim=255):
    """One of each message of Neighbour Discovery, from a side."""
    def packet(src, dst, payload):
        return IPv6(src=src, dst=dst, hlim=hlim) / payload

    source, target = ICMPv6NDOptSrcLLAddr(lladdr=LLADDR), ICMPv6NDOptDstLLAddr(lladdr=LLADDR)
    packets = [packet(ONE, ROUTERS, ICMPv6ND_RS() / source), packet("::", ROUTERS, ICMPv6ND_RS()),
               packet(ONE, ALL, ICMPv6ND_RA() / source / ICMPv6NDOptPrefixInfo(prefix="fd00::")),
               packet(ONE, SOLICITED, ICMPv6ND_NS(tgt=TWO) / source),
               packet("::", SOLICITED, ICMPv6ND_NS(tgt=TWO)),          # is it a duplicate?
               packet(ONE, TWO, ICMPv6ND_NS(tgt=TWO)),                 # is it still there?
               packet(ONE, TWO, ICMPv6ND_NA(tgt=ONE) / target),
               packet(ONE, ALL, ICMPv6ND_NA(tgt=ONE, S=0) / target),
               packet(ONE, TWO, ICMPv6ND_Redirect(tgt=ONE, dst="2001:db8::9"))]
    return [[lan(p, want), wan(p, want)] for p in packets]


def listeners(want="pass", hlim=1):
    """Messages of MLD and MLDv2."""
    def packet(src, dst, payload):
        return (IPv6(src=src, dst=dst, hlim=hlim) / IPv6ExtHdrHopByHop(options=[RouterAlert()]) /
                payload)

    # One record: the group ff02::1:ff00:2, which all are to be heard of.
    second = struct.pack("!BBHHHBBH", 143, 0, 0, 0, 1, 4, 0, 0) + bytes.fromhex(
        "ff0200000000000000000001ff000002")
    packets = [packet(ONE, ALL, ICMPv6MLQuery()), packet(ONE, "ff05::5", ICMPv6MLReport(
        mladdr="ff05::5")), packet(ONE, ROUTERS, ICMPv6MLDone(mladdr="ff05::5")),
               packet("::", "ff05::5", ICMPv6MLReport(mladdr="ff05::5"))]    # RFC 3590
    packets += [IPv6(src=src, dst="ff02::16", hlim=hlim, nh=0) / checked(src, "ff02::16", second)
                for src in (ONE, "::")]
    return [[lan(p, want), wan(p, want)] for p in packets]


def checked(src, dst, icmp):
    """Octets of an ICMPv6 message with a router alert before it, and its checksum."""
    pseudo = bytes(IPv6(src=src, dst=dst))[8:40] + struct.pack("!II", len(icmp), 58)
    words = struct.unpack(f"!{(len(pseudo) + len(icmp)) // 2}H", pseudo + icmp)
    total = sum(words)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    alert = bytes([58, 0, 5, 2, 0, 0, 1, 0])
    return alert + icmp[:2] + struct.pack("!H", ~total & 0xffff) + icmp[4:]


def plain(kind, code=0):
    """Some ICMPv6 message with a right checksum."""
    message = bytes([kind, code]) + b"\0" * 18
    return lambda src, dst: ip(src, dst, nh=58) / checked(src, dst, message)[8:]


@scene(CLOSED)
def test_what_a_link_needs(_):
    """Where nothing is let through, hosts and routers of both sides find each other."""
    return at(0, link(), listeners())


@scene(CLOSED)
def test_neighbour_discovery_from_beyond_the_link(_):
    """A hop limit below 255 says so (RFC 4861): then it is like any other packet, for rules."""
    return at(0, link(("nd_invalid", "policy", "martian"), hlim=254))


@scene(CLOSED)
def test_listeners_from_beyond_the_link(_):
    """Theirs is 1 (RFC 2710 section 3): another one is for rules, or of nobody."""
    return at(0, [listeners(("policy", "martian"), hlim) for hlim in (2, 64, 255)])


@scene(CLOSED)
def test_arp(_):
    """Requests, answers, probes and announcements of both sides."""
    rows = []
    for port, other in (("lan", "wan"), ("wan", "lan")):
        mac, peer = MACS[port][1], MACS[other][1]
        for dst, packet in (
                ("ff:ff:ff:ff:ff:ff", ARP(op=1, hwsrc=mac, psrc="10.0.0.1", pdst="10.0.0.2")),
                (peer, ARP(op=2, hwsrc=mac, psrc="10.0.0.1", hwdst=peer, pdst="10.0.0.2")),
                ("ff:ff:ff:ff:ff:ff", ARP(op=1, hwsrc=mac, psrc="0.0.0.0", pdst="10.0.0.2")),
                ("ff:ff:ff:ff:ff:ff", ARP(op=1, hwsrc=mac, psrc="10.0.0.1", pdst="10.0.0.1"))):
            rows.append(Row(port, bytes(Ether(src=mac, dst=dst) / packet)))
            rows.append(Row(port, bytes(Ether(src=mac, dst=dst) / packet) + b"\0" * 18))
    return at(0, rows)


@scene(GUARDED)
def test_rules_of_types(_):
    """A rule that names types is for Neighbour Discovery and MLD too, no other is."""
    head, source = IPv6(src=ONE, dst=ALL, hlim=255), ICMPv6NDOptSrcLLAddr(lladdr=LLADDR)
    report = (IPv6(src=ONE, dst="ff05::5", hlim=1) /
              IPv6ExtHdrHopByHop(options=[RouterAlert()]) / ICMPv6MLReport(mladdr="ff05::5"))
    return at(0, wan(head / ICMPv6ND_RA() / source, "policy"), lan(head / ICMPv6ND_RA() / source),
              wan(head / ICMPv6ND_NA(tgt=ONE)), lan(head / ICMPv6ND_NA(tgt=ONE)),
              wan(report), lan(report, "rejected")), lambda made: None


@scene(OPEN)
def test_by_policy(net):
    """
    What is neither an error, a request nor of the link is for rules to judge (RFC 4890 sections
    4.3.3 to 4.3.5): from inside one lets it pass, from outside there is none.
    """
    inside, outside = net.client(6), net.server(6)
    kinds = (138, 139, 140, 144, 145, 146, 147, 150, 154, 200, 201, 255)
    return at(0, [[lan(plain(kind)(inside, outside)), wan(plain(kind)(outside, inside), "policy")]
                  for kind in kinds])


@scene(OPEN)
def test_unknown_errors(net):
    """Types below 128 are errors (RFC 4443): what nobody knows is let in without a rule by none."""
    inside, outside = net.client(6), net.server(6)
    return at(0, [wan(plain(kind)(outside, inside), ("policy", "no_session", "icmp_quote"))
                  for kind in (0, 5, 99, 100, 101, 127)])


@scene(ANY)
def test_unknown_errors_by_rule(net):
    """They are for rules: where all may pass, they do (RFC 4890 section 4.3.4)."""
    inside, outside = net.client(6), net.server(6)
    return at(0, [[lan(plain(kind)(inside, outside)), wan(plain(kind)(outside, inside))]
                  for kind in (5, 99, 100, 101, 127)])


@scene(GUARDED)
def test_by_rule(net):
    """Mobile IPv6 (144 to 147), and certificates of SEND (148) by type and code."""
    inside, outside = net.client(6), net.server(6)
    return at(0, [wan(plain(kind)(outside, inside)) for kind in (144, 145, 146, 147, 148)],
              wan(plain(148, 1)(outside, inside), "policy"),
              wan(plain(149)(outside, inside), "policy"),
              lan(plain(147)(inside, outside)), lan(plain(149)(inside, outside), "policy"))
