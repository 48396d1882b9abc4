# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What vnf-nat leaves as it is (RFC 6888 REQ-6): rules `none`, in both directions; and what it does
# not let through at all: what no rule is for, and packets from outside to inside addresses.

"""Rules: what is translated, what is not, and what is dropped."""

from nat import (Net, Seen, at, check, each, ip, lan, nat, other_packet, packet_of, row, scene,
                 staged, tag, wan)
from scapy.layers.inet import ICMP, fragment

# Of scene N: all to the servers 128 and up, and HTTPS to the server 100.
NONE = [*each('name = "vpnN"; src = [ "10.N.0.0/16" ]; dst = [ "198.18.N.128/25" ]; '
              'action = "none";'),
        *each('src = [ "10.N.0.0/24" ]; dst = [ "198.18.N.100" ]; proto = [ "tcp" ]; '
              'dport = [ "443" ]; action = "none";')]
STAGE = staged(rules=NONE)
KINDS = ("udp", "tcp", "icmp", 47, 50, 132)


def whole(src, dst, kind, data, ports=(777, 888), **fields):
    """A packet of a kind between addresses."""
    if isinstance(kind, str):
        return packet_of(kind, (src, ports[0]), (dst, ports[1]), data, **fields)
    return other_packet(kind, src, dst, data)


def plain(port, src, dst, kind, want="pass", **fields):
    """A row: what passes as it is."""
    packet = whole(src, dst, kind, tag() * 2, **fields)
    there = "wan" if port == "lan" else "lan"
    return row(port, packet, want, [Seen(there, packet)] if want == "pass" else [])


@scene(STAGE)
def test_not_translated(net):
    """All protocols, begun by either side; whatever is dropped elsewhere."""
    rows = []
    for kind in KINDS:
        for server in (128, 200, 255):
            rows += [[plain("wan", net.server(server), net.host(), kind)],
                     [plain("lan", net.host(), net.server(server), kind)],
                     [plain("wan", net.server(server), net.host(), kind)]]
    return at(0, rows)


@scene(STAGE)
def test_beside_what_is_not_translated(net):
    """The same host to others; both at once from the same port."""
    one = net.map("udp", 777)
    return at(0, plain("lan", net.host(), net.server(128), "udp"), one.out(server=127),
              one.back(server=127), plain("wan", net.server(128), net.host(), "udp",
                                          ports=(888, 777)),
              wan(whole(net.server(127), net.host(), "udp", b"x"), "untranslated"))


@scene(STAGE)
def test_by_port(net):
    """A rule with a protocol and a port: back it is the source's."""
    one = net.map("tcp", 777)
    return at(0, plain("lan", net.host(), net.server(100), "tcp", ports=(777, 443)),
              plain("wan", net.server(100), net.host(), "tcp", ports=(443, 777), flags="SA"),
              one.out(server=100, port=444), one.back(server=100, port=444, flags="SA"),
              plain("wan", net.server(100), net.host(), "tcp", "untranslated", ports=(444, 777)),
              plain("wan", net.server(100), net.host(), "udp", "untranslated", ports=(443, 777)))


@scene(STAGE)
def test_fragments(net):
    """In any order, as they are; their identifications stay."""
    rows = []
    for n, order in enumerate(((0, 1, 2), (2, 1, 0), (1, 0, 2))):
        for kind in ("udp", 47):
            for port, there, ends in (("lan", "wan", (net.host(), net.server(128))),
                                      ("wan", "lan", (net.server(128), net.host()))):
                packet = whole(*ends, kind, bytes(range(256)) * 10)
                packet.id = 40 + n
                parts = fragment(packet, 1000)
                rows += at(n, [row(port, parts[k], outs=[Seen(there, parts[k])]) for k in order])
    return rows


@scene(STAGE)
def test_errors(net):
    """Of what is not translated, both ways, as they are."""
    rows, kind = [], ICMP(type=3, code=1)
    host, server = net.host(), net.server(128)
    for proto in KINDS:
        quotes = whole(host, server, proto, b"0123456789abcdef"), whole(
            server, host, proto, b"0123456789abcdef")
        for port, there, ends, quote in (("wan", "lan", (server, host), quotes[0]),
                                         ("lan", "wan", (host, server), quotes[1])):
            packet = ip(*ends) / kind / quote
            rows.append(row(port, packet, outs=[Seen(there, packet)]))
    return at(0, rows)


@scene(STAGE)
def test_from_outside_to_inside_addresses(net):
    """They do not exist outside: nothing but a rule lets such packets in."""
    return at(0, net.map("udp", 4000).out(), [
        plain("wan", net.server(), net.host(), kind, "untranslated") for kind in KINDS])


@scene(STAGE)
def test_protocols_that_are_not_translated(net):
    """They have no ports: `static` and `none` only."""
    return at(0, [lan(whole(net.host(), net.server(), kind, b"x" * 24), "protocol")
                  for kind in (47, 50, 132, 41, 4, 253)],
              [wan(whole(net.server(), net.external, kind, b"x" * 24), ("protocol", "no_mapping"))
               for kind in (47, 50, 132)])


@scene(STAGE)
def test_no_rule(net):
    """A source that no rule is for stays inside."""
    number = 100 + net.number   # of no scene
    return at(0, lan(whole(f"10.{number}.0.1", net.server(), "udp", b"x"), "no_rule"),
              lan(whole(f"10.{number}.0.1", net.server(), "tcp", b"x"), "no_rule"))


def test_without_rules():
    """All is for the first pool."""
    net = Net(1)
    check(nat('name = "first"; addresses = [ "203.0.113.1" ];',
              'name = "second"; addresses = [ "203.0.113.2" ];'),
          at(0, net.map("udp", 4000).out(), net.map("udp", 4000).back(),
             net.map("tcp", 4000, host="10.99.1.2").out(),
             wan(whole(net.server(), "203.0.113.2", "udp", b"x"), "no_mapping")))


def test_first_rule_counts():
    """In the order of the file."""
    net = Net(1)
    one = net.map("udp", 4000)
    check(nat('name = "p"; addresses = [ "203.0.113.1" ];', more="""rules = (
        { dst = [ "198.18.1.1" ]; proto = [ "udp" ]; dport = [ "53" ]; action = "translate";
          pool = "p"; },
        { dst = [ "198.18.1.1" ]; action = "none"; },
        { action = "translate"; pool = "p"; } );"""),
          at(0, one.out(port=53), plain("lan", net.host(), net.server(), "udp", ports=(4000, 54)),
             one.out(server=2, port=54), one.back(port=53)))
