# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Zones, wires and VLANs of a transparent vnf-firewall: a session is of one wire and one VLAN, and
# its two sides stay where they are.

"""Where packets come from and go to."""

from fw import Tcp, at, ip, lan, row, scene, transparent
from scapy.layers.inet import ICMP, IP, UDP, fragment
from scapy.layers.l2 import Dot1Q, Ether

OPEN = transparent('from = [ "lan" ]; to = [ "wan" ]; action = "accept";')
WIRES = transparent('from = [ "inside" ]; to = [ "wan" ]; action = "accept";',
                    'from = [ "wan" ]; to = [ "wan", "inside" ]; proto = [ "udp" ]; '
                    'dport = [ "7" ]; action = "accept";',
                    wires=(("lan", "wan"), ("dmz", "net")), ports=("lan", "wan", "dmz", "net"),
                    zones={"inside": ["lan", "dmz"], "wan": ["wan", "net"]})
ONE_ZONE = transparent('from = [ "both" ]; dst = [ "198.51.0.0/16" ]; action = "accept";',
                       zones={"both": ["lan", "wan"]})
SPARE = transparent('action = "accept";', ports=("lan", "wan", "dmz"))
OUT, BACK = UDP(sport=1000, dport=53), UDP(sport=53, dport=1000)


def by(port, net, payload, want="pass", back=False, vlan=None, family=4):
    """A packet of the client, or back, by any port."""
    made = (net.back if back else net.out)(payload, want, family, vlan)
    return row(port, Ether(made.data), want)


@scene(OPEN)
def test_sides_of_a_session(net):
    """The client's packets come from its side only, and the server's from the other."""
    rows = []
    for family in (4, 6):
        tcp = net.tcp(family)
        rows += at(family, by("lan", net, OUT, family=family),
                   by("wan", net, OUT, "other_zone", family=family),
                   by("lan", net, BACK, "other_zone", True, family=family),
                   by("wan", net, BACK, back=True, family=family), tcp.open(), tcp.c("PA", b"x"))
        tcp.sides = ("wan", "lan")
        rows += at(family + 0.5, tcp.c("PA", b"x", want="other_zone"),
                   tcp.s("PA", b"x", want="other_zone"), tcp.c("R", want="other_zone"))
        tcp.sides = ("lan", "wan")
        rows += at(family + 0.6, tcp.c("PA", b"x"), tcp.s("A"))
    return rows


@scene(WIRES)
def test_two_wires(net):
    """What comes in one end leaves by the other; the same addresses on both are two sessions."""
    one, two = net.tcp(), Tcp(net.client(), net.server(), isns=(5, 5_000_000))
    two.sides = ("dmz", "net")
    rows = at(0, by("lan", net, OUT), by("net", net, BACK, "policy", True),
              by("wan", net, BACK, back=True), by("dmz", net, OUT), by("net", net, BACK, back=True))
    return rows + at(1, one.open(), two.s("SA", want=("tcp_state", "no_session")), two.open(),
                     one.c("PA", b"x"), two.c("PA", b"x"), two.close(), one.s("A"), one.close())


@scene(WIRES)
def test_zones_of_wires(net):
    """A rule's zones are those of both ends of the packet's wire."""
    echo = UDP(sport=7, dport=7)
    return at(0, by("wan", net, echo, back=True), by("net", net, echo, back=True),
              by("net", net, UDP(dport=8), "policy", True), by("dmz", net, UDP(dport=8)))


@scene(OPEN)
def test_vlans(net):
    """The same addresses in another VLAN, or in none, are another session; the priority is not."""
    def tagged(vlan, want="pass", prio=0):
        packet = Ether(net.back(BACK).data)
        return row("wan", Ether(src=packet.src, dst=packet.dst) / Dot1Q(vlan=vlan, prio=prio) /
                   packet.payload, want)

    quote = ip(net.client(), net.server(), ttl=1) / OUT
    rows = at(0, net.out(OUT, vlan=10), tagged(20, "policy"), net.back(BACK, "policy"), tagged(10),
              net.back(ICMP(type=11) / quote, vlan=10),
              net.back(ICMP(type=11) / quote, "no_session", vlan=20),
              tagged(10, prio=5), net.out(OUT, vlan=20), tagged(20), net.back(BACK, "policy"))
    # VLAN 0 is none: such a tag bears a priority only (IEEE 802.1Q).
    return rows + at(1, net.out(OUT), net.back(BACK), tagged(30, "policy"), tagged(0, prio=5))


@scene(OPEN)
def test_fragments_of_vlans(net):
    """Of equal names in two VLANs are two datagrams."""
    parts = [fragment(IP(src=net.client(), dst=net.server(), id=7) / UDP(sport=port, dport=53) /
                      (b"x" * 1500), 800) for port in (1000, 1001)]
    return at(0, [[lan(p, vlan=10 + n) for n, p in enumerate(both)] for both in zip(*parts)])


@scene(OPEN)
def test_two_tags(net):
    """They pass as they are."""
    def twice(made):
        packet = Ether(made.data)
        return row(made.port, Ether(src=packet.src, dst=packet.dst, type=0x88a8) /
                   Dot1Q(vlan=5) / Dot1Q(vlan=6) / packet.payload)

    return at(0, twice(net.out(OUT)), twice(net.back(BACK)))


@scene(OPEN)
def test_inner_tags(net):
    """A session is of both its tags: under another inner one nothing belongs to it."""
    def tagged(made, inner, want="pass"):
        packet = Ether(made.data)
        return row(made.port, Ether(src=packet.src, dst=packet.dst, type=0x88a8) /
                   Dot1Q(vlan=7) / Dot1Q(vlan=inner) / packet.payload, want)

    return at(0, tagged(net.out(OUT), 6), tagged(net.back(BACK), 8, "other_zone"),
              net.back(BACK, "other_zone", vlan=7), tagged(net.back(BACK), 6))


@scene(ONE_ZONE)
def test_wrong_end_of_a_wire(net):
    """Where both ends are of one zone, each side still has its own, also of datagrams.

    A fragment from the other end waits for a first one from there, which never comes.
    """
    big = fragment(IP(src=net.client(), dst=net.server(), id=9) / OUT / (b"x" * 1500), 800)
    return at(0, by("lan", net, OUT), by("lan", net, BACK, "other_zone", True),
              by("wan", net, OUT, "other_zone"), by("wan", net, BACK, back=True),
              lan(big[0]), row("wan", Ether(lan(big[1]).data), "stopping"), lan(big[1]))


@scene(OPEN)
def test_broadcasts_of_both_ends(net):
    """To all, there is no session: from either end the same may come, and rules decide."""
    ask = IP(src="0.0.0.0", dst="255.255.255.255", id=net.number) / UDP(sport=68, dport=67)
    return at(0, lan(ask), row("wan", Ether(lan(ask).data), "policy"), lan(ask))


@scene(SPARE)
def test_port_without_a_wire(net):
    """There is nowhere to go."""
    return at(0, by("dmz", net, OUT, "no_wire"), by("lan", net, OUT))
