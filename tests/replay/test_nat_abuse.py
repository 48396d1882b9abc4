# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Who means ill: sources that are not where they claim to be, mappings that somebody outside keeps
# alive, slots that somebody outside fills, and what was found by looking for such.

"""Abuse of vnf-nat."""

from nat import (OWN, Net, at, check, ip, lan, nat, packet_of, play, row, scene, staged, steps,
                 wan)
from scapy.layers.inet import ICMP, IP, TCP, UDP

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


@scene(STAGE)
def test_asked_is_not_sent(net):
    """Who is heard opens no way for himself: what the inside has sent to counts."""
    udp = net.map("udp", 4000)
    return [at(0, udp.out()), at(200, udp.back(port=5000)),
            at(310, udp.back("filtered", port=6000), udp.back(port=5000))]


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
              udp.out(server=2), udp.out(server=20), udp.back(server=30))


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


WEB, WEB_INSIDE = ("203.0.113.1", 80), ("10.1.0.77", 8080)
FORWARD = """sessions = 64; steering = { slots = 1; };
    forwards = ( { proto = [ "tcp" ]; outside = "203.0.113.1"; port = "80";
                   inside = "10.1.0.77"; inside_port = 8080; } );"""


def asked(client, ack=None):
    """A SYN to the forward, what the server says to it, and what acknowledges that, or does not."""
    segment = [wan(packet_of("tcp", client, WEB, seq=5), None),
               lan(packet_of("tcp", WEB_INSIDE, client, flags="SA", seq=900, ack=6), None)]
    return segment + [wan(packet_of("tcp", client, WEB, flags="A", seq=6, ack=ack), None)
                      ] * (ack is not None)


def is_full_after(rows):
    """How many of 60 sessions that the inside begins then there is no room for."""
    late = at(1000, [lan(packet_of("udp", ("10.1.0.2", 4000), ("198.18.0.2", 5000 + n)), None)
                     for n in range(60)])
    result = play(nat('name = "p"; addresses = [ "203.0.113.1" ];', more=FORWARD), rows + late)
    assert not any(one.fate == "full" for one in rows)
    return sum(one.fate == "full" for one in late)


def test_slot_filled_by_syns_that_a_server_answers():
    """Whoever has sent them does not get its answers, and cannot acknowledge them."""
    clients = [(f"198.18.{n}.1", 1000 + n) for n in range(200)]
    rows = [at(10 + n / 10, asked(client, None if n % 2 else 901 + 2**16 + n))
            for n, client in enumerate(clients)]
    assert not is_full_after([one for some in rows for one in some])


def test_connections_to_a_server_stay():
    """Of those who did: 40 of them are 40 places less."""
    acks = (901, 902, 901 + 2**16 - 1)
    rows = [at(10 + n / 10, asked((f"198.18.{n}.1", 1000 + n), acks[n % 3])) for n in range(40)]
    assert is_full_after([one for some in rows for one in some]) >= 60 - (64 - 40)


@scene(LIMITED)
def test_limit_passed_by_answers(net):
    """Sessions that outside begins and the inside answers are of its number, too."""
    udp = net.map("udp", 4000)
    return [at(0, udp.out()), at(1, [udp.back(server=n) for n in range(2, 9)]),
            at(2, udp.out(server=2), udp.out(server=3),
               [udp.out("limit_sessions", server=n) for n in range(4, 9)])]


@scene(LIMITED)
def test_limit_passed_by_handshakes(net):
    """Of TCP what acknowledges the answer is too much."""
    tcp = net.map("tcp", 4000)
    rows = [at(0, tcp.out(flags="S"))]
    for n in range(2, 6):
        over = "limit_sessions" if n > 3 else "pass"
        rows += [at(n, tcp.back(server=n, flags="S", seq=5),
                    tcp.out(server=n, flags="SA", seq=7, ack=6),
                    tcp.back(over, server=n, flags="A", seq=6, ack=8))]
    return rows


def test_spoofed_to_a_pair():
    """Nobody outside has an address of the NAT's own, of a pool or of a pair."""
    config = nat('name = "p"; addresses = [ "203.0.113.1" ];',
                 more='static = ( { inside = "10.1.0.4/31"; outside = "203.0.113.4/31"; } );')
    check(config, at(10, [wan(ip(src, dst) / UDP(sport=9, dport=53) / b"x", "martian")
                          for src, dst in (("203.0.113.1", "203.0.113.5"),
                                           ("203.0.113.4", "203.0.113.5"),
                                           ("203.0.113.4", "203.0.113.1"))]))


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


# ---- what is whose ----

def test_a_mapping_is_of_the_pool_of_its_rule():
    """One inside port has an external one in each pool that rules send it to."""
    net = Net(1)
    one = net.map("udp", 4000, external=("203.0.113.1", 4000))
    other = net.map("udp", 4000, external=("203.0.113.2", 4000))
    config = nat('name = "p"; addresses = [ "203.0.113.1" ];',
                 'name = "q"; addresses = [ "203.0.113.2" ];', more="""rules = (
        { dst = [ "198.18.1.128/25" ]; action = "translate"; pool = "q"; },
        { action = "translate"; pool = "p"; } );""")
    check(config, steps(0, one.out(), other.out(server=200), one.out(server=2), one.back(),
                        other.back(server=200), other.out(server=201), one.back("filtered", 3)))


def test_pairs_outlast_pools_without():
    """A host's address in a pool is the same after it had many of another that pairs none."""
    net = Net(1)
    first, last = (net.map("udp", port, learn=True) for port in (4000, 4001))
    others = [net.map("udp", 5000 + n, learn=True) for n in range(8)]
    config = nat('name = "p"; addresses = [ "203.0.113.1-203.0.113.30" ];',
                 'name = "q"; addresses = [ "203.0.113.65-203.0.113.94" ]; pairing = "none";',
                 more="""rules = (
        { dst = [ "198.18.1.128/25" ]; action = "translate"; pool = "q"; },
        { action = "translate"; pool = "p"; } );""")
    check(config, steps(0, first.out(), [one.out(server=200) for one in others], last.out()))
    assert first.ext()[0] == last.ext()[0]
    assert len({one.ext()[0] for one in others}) > 2


def test_interfaces_of_neither_side():
    """Their answers would not be translated: nothing begins, but with the program itself."""
    dmz = "172.30.0.9"
    config = nat('name = "p"; addresses = [ "203.0.113.1" ];', ports=("lan", "wan", "dmz"),
                 more="""forwards = ( { proto = [ "tcp" ]; outside = "203.0.113.1"; port = "80";
                                       inside = "10.1.0.5"; } );""")
    check(config, at(0, row("dmz", ip(dmz, "203.0.113.1") / TCP(sport=9, dport=80, flags="S"),
                            "untranslated")))


def test_quotes_of_others():
    """An error goes to who has sent what it quotes, or nowhere."""
    net = Net(1)
    config = nat('name = "p"; addresses = [ "203.0.113.1" ];', more="""static = (
            { inside = "10.1.0.5"; outside = "203.0.113.5"; },
            { inside = "10.1.0.6"; outside = "203.0.113.6"; } );
        rules = ( { dst = [ "198.18.1.128/25" ]; action = "none"; },
                  { action = "translate"; pool = "p"; } );""")

    def error(dst, quoted, server=1):
        quote = ip(quoted, net.server(server)) / UDP(sport=9, dport=53) / b"quoted"
        return ip(net.server(99), dst) / ICMP(type=3, code=1) / quote
    check(config, at(0, wan(error("203.0.113.5", "203.0.113.6"), "icmp_quote"),
                     wan(error("10.1.0.1", "10.1.0.2", 200), "untranslated")))


def test_pair_asks_the_program():
    """A host that is one to one may use what the program itself answers."""
    config = nat('name = "p"; addresses = [ "interface wan" ];',
                 more='static = ( { inside = "10.1.0.5"; outside = "203.0.113.5"; } );')
    ask = ip("10.1.0.5", OWN["wan"][0]) / ICMP(id=7) / b"who"
    answer = ip(OWN["wan"][0], "10.1.0.5") / ICMP(type=0, id=7) / b"who"
    result = play(config, at(0, lan(ask, None)))
    assert [one.packet[ICMP].id for one in result.sent if ICMP in one.packet and
            one.packet[IP].dst == answer.dst and one.packet[ICMP].type == 0] == [7]


def test_identifications_behind_forwards():
    """Of an address that is of no pool: those of two hosts do not meet (RFC 6864)."""
    config = nat(more="""forwards = (
        { proto = [ "udp" ]; outside = "203.0.113.9"; port = "80"; inside = "10.1.0.5"; },
        { proto = [ "udp" ]; outside = "203.0.113.9"; port = "81"; inside = "10.1.0.6"; } );""")
    ends = [("10.1.0.5", 80), ("10.1.0.6", 81)]
    rows = at(9, [wan(packet_of("udp", ("198.18.0.1", 5), ("203.0.113.9", port)), None)
                  for _, port in ends])
    rows += at(10, [lan(packet_of("udp", end, ("198.18.0.1", 5), id=77), None) for end in ends])
    ids = [one.packet[IP].id for one in play(config, rows).sent if one.port == "wan" and
           UDP in one.packet]
    assert len(set(ids)) == 2
