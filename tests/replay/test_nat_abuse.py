# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Who means ill: sources that are not where they claim to be, mappings that somebody outside keeps
# alive, slots that somebody outside fills, and what was found by looking for such.

"""Abuse of vnf-nat."""

from nat import at, check, ip, lan, nat, packet_of, play, scene, staged, steps, wan
from scapy.layers.inet import TCP, UDP

STAGE = staged()
CGN = staged(more='profile = "cgn";')
QUIET = staged(more="inbound_refresh = false;")
QUIET_CGN = staged(more='inbound_refresh = false; profile = "cgn";')
LIMITED = staged(more='profile = "cgn"; limits = { sessions = 3; };')


def test_sources_that_are_not_inside():
    """The answer would go elsewhere: to outside, or to the program itself."""
    config = nat('name = "p"; addresses = [ "203.0.113.1" ];')
    check(config, at(10, [lan(ip(src, "198.18.0.1") / UDP(sport=4000, dport=53) / b"x", "martian")
                          for src in ("198.18.0.2", "203.0.113.1", "192.0.2.77")]))


@scene(QUIET)
def test_kept_alive_by_new_ports(net):
    """Of the address that the inside has sent to once."""
    udp = net.map("udp", 4000)
    return [at(0, udp.out()),
            [at(second, udp.back(port=5000 + second)) for second in (100, 250)],
            at(310, udp.back("no_mapping", port=6001), udp.back("no_mapping", port=5250))]


@scene(QUIET_CGN)
def test_kept_alive_by_anybody(net):
    """With endpoint-independent filtering, too."""
    udp = net.map("udp", 4000)
    return [at(0, udp.out()), at(290, udp.back(server=3)),
            at(310, udp.back("no_mapping", server=7), udp.back("no_mapping", server=3))]


@scene(CGN)
def test_kept_alive_by_resets(net):
    """A host that refuses connections answers, and wants none of them."""
    tcp = net.map("tcp", 4000)
    return [at(0, tcp.out(flags="S")),
            at(200, tcp.back(server=2, flags="S"), tcp.out(server=2, flags="RA")),
            at(400, tcp.back("no_mapping", server=2, flags="A"),
               tcp.back("no_mapping", server=3, flags="A"))]


@scene(LIMITED)
def test_limit_used_up_from_outside(net):
    """Sessions that a host is only asked for are none of its."""
    udp = net.map("udp", 4000)
    return at(0, udp.out(), [udp.back(server=n) for n in range(2, 9)],
              udp.out(server=2), udp.out(server=20))


def test_slot_filled_from_outside():
    """What nobody has answered makes room for what the inside begins."""
    config = nat('name = "p"; addresses = [ "203.0.113.1" ];', more="""sessions = 64;
        steering = { slots = 1; };
        forwards = ( { proto = [ "tcp" ]; outside = "203.0.113.1"; port = "80";
                       inside = "10.0.0.77"; } );""")
    rows = at(10, [wan(ip("198.18.0.1", "203.0.113.1") / TCP(sport=1000 + n, dport=80, flags="S"),
                       None) for n in range(200)])
    rows += at(11, [lan(ip("10.0.0.2", "198.18.0.2") / UDP(sport=4000, dport=5000 + n) / b"x", None)
                    for n in range(30)])
    result = play(config, rows)
    out = [one for one in result.sent if one.port == "wan" and UDP in one.packet]
    assert len(out) == 30


@scene(STAGE)
def test_spoofed_into_hairpins(net):
    """The other end of a hairpin is here: nobody outside speaks for it."""
    one, two = net.map("udp", 4000), net.map("udp", 4001, 2)
    return [steps(0, two.out(), one.out(), one.to(two, "filtered"), two.to(one)),
            steps(1, one.to(two), two.to(one)),
            at(2, wan(packet_of("udp", two.ext(), one.ext()), "martian"), one.to(two))]


@scene(STAGE)
def test_new_connection_from_outside_where_one_was_closed(net):
    """Between the same ports, after both sides have closed: it lives as any other."""
    tcp = net.tcp(4000)
    begun = at(0, tcp.open()) + at(1, tcp.c("FA"), tcp.s("FA"), tcp.c("A"), tcp.s("A"))
    return begun + [at(10, tcp.s("S"), tcp.c("SA"), tcp.s("A")),
                    at(400, tcp.s("PA", b"x"), tcp.c("A"))]
