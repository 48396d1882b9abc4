# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The templates with state, 04-flow-state and 08-load-balancer: the same results for any number of
# workers and any bursts, and what their documents promise that takes too many packets for a file.

"""vnf-flow-state and vnf-load-balancer, replayed."""

import os
import random
import struct
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6NDOptDstLLAddr, IPv6)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from vnfkit_replay import replay

BUILD = Path(os.environ["VNFKIT_BUILD"])
FLOW_STATE = BUILD / "templates/vnf-flow-state"
BALANCER = BUILD / "templates/vnf-load-balancer"
START = Decimal(1_700_000_000)
# Numbers of workers, and of packets that come together, which must make no difference.
WAYS = ((1, 1), (1, 32), (2, 1), (2, 32), (4, 1), (4, 32))


def at(seconds, *packets):
    """Packets of one time."""
    return [(START + Decimal(str(seconds)), packet) for packet in packets]


def when(packet):
    """Seconds from the start."""
    return round(float(packet.time - START), 6)


def texts(result):
    """Times and octets of what each port sent, in order."""
    return {port: [(packet.time, bytes(packet)) for packet in packets]
            for port, packets in result.packets.items()}


def fates(result):
    """
    What became of each packet in the end. That it was handed to another worker before, and then sent
    from there, is no difference.
    """
    last = {v.number: ("drop", v.reason) if v.verdict == "drop" else ("sent", v.to)
            for v in result.verdicts if v.number is not None}
    made = Counter((v.time, v.verdict, v.to, v.reason) for v in result.verdicts
                   if v.number is None)
    return last, made


def all_ways(program, config, packets, **options):
    """Replay it in all ways, which must give the same; the first one's result."""
    first = None
    for workers, burst in WAYS:
        result = replay(program, config(workers), packets, burst=burst, **options)
        first = first or result
        assert texts(result) == texts(first), (workers, burst)
        assert fates(result) == fates(first), (workers, burst)
    handed = result.ledger["handed_in"]
    assert handed == result.ledger["handed_out"] > 0
    return first


def checksums_are_right(packet):
    """Written anew, they are what they were."""
    again = Ether(bytes(packet))
    layer = again
    while layer:
        for field in ("chksum", "cksum"):
            if field in layer.fields:
                delattr(layer, field)
        layer = layer.payload
    return bytes(again) == bytes(packet)


# ---- 04-flow-state ----

def wire(workers=1, rate=10):
    """A configuration of vnf-flow-state."""
    return f"""
        workers = {workers};
        rate = {rate};
        ports = ( {{ name = "left"; kind = "null"; queues = {workers}; }},
                  {{ name = "right"; kind = "null"; queues = {workers}; }} );
    """


def flow_packet(host, to_right=True, sport=1000, mark=b""):
    """A datagram of a flow: that of this host."""
    inner, outer = f"10.0.{host >> 8}.{host & 255}", "192.0.2.1"
    src, dst = (inner, outer) if to_right else (outer, inner)
    ports = (sport, 5000) if to_right else (5000, sport)
    return (Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src=src, dst=dst) /
            UDP(sport=ports[0], dport=ports[1]) / mark)


@pytest.mark.quick
def test_rate():
    """A second's worth at once, then one each tenth of a second; directions and flows apart."""
    packets = {
        "left": at(0, *[flow_packet(1)] * 15) + at(0.1, *[flow_packet(1)] * 2) +
        at(0.15, flow_packet(1), flow_packet(1, sport=1001)) + at(5, *[flow_packet(1)] * 15),
        "right": at(0, *[flow_packet(1, to_right=False)] * 12)}
    result = replay(FLOW_STATE, wire(), packets)
    assert Counter(map(when, result.packets["right"])) == {0: 10, 0.1: 1, 0.15: 1, 5: 10}
    assert result.packets["right"][11][UDP].sport == 1001
    assert len(result.packets["left"]) == 10
    assert result.counters["left"]["drops"] == {"rate": 12}
    assert result.counters["right"]["drops"] == {"rate": 2}


def test_what_is_no_flow_passes():
    """ARP, all fragments, an ICMP error; malformed packets do not."""
    whole = IP(src="10.0.0.1", dst="192.0.2.1") / UDP(sport=1, dport=2) / (b"x" * 2000)
    head = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    fragments = [head / part for part in fragment(whole, 1400)]
    error = head / IP(src="10.0.0.9", dst="192.0.2.1") / ICMP(type=3, code=1) / IP(
        src="192.0.2.1", dst="10.0.0.1") / UDP(sport=5000, dport=1000)
    kinds = [head / ARP(), *fragments, error]
    short = bytes(flow_packet(1))[:10]
    result = replay(FLOW_STATE, wire(rate=1), {"left": at(0, *kinds * 3, short)})
    assert [bytes(p) for p in result.packets["right"]] == [bytes(p) for p in kinds * 3]
    assert result.verdicts[-1].reason == "malformed"


def test_flows_of_vlans():
    """The same addresses in two VLANs, whatever their priority, are two flows."""
    def tagged(vlan, prio=0):
        packet = flow_packet(1)
        return (Ether(src=packet.src, dst=packet.dst) / Dot1Q(vlan=vlan, prio=prio) /
                packet.payload)

    result = replay(FLOW_STATE, wire(rate=2), {"left": at(
        0, *[tagged(7)] * 2, tagged(7, prio=5), *[tagged(8)] * 2, *[flow_packet(1)] * 2)})
    assert [p[Dot1Q].vlan if Dot1Q in p else None for p in result.packets["right"]] == [
        7, 7, 8, 8, None, None]


def test_flow_state_by_many_workers():
    """Octets, order and verdicts do not depend on their number."""
    chance = random.Random(4)
    packets = {"left": [], "right": []}
    for step in range(50):
        for side, to_right in (("left", True), ("right", False)):
            packets[side] += at(step * 0.01, *[
                flow_packet(min(chance.randrange(40), chance.randrange(40)), to_right,
                            mark=struct.pack("!HB", step, n)) for n in range(8)])
    result = all_ways(FLOW_STATE, wire, packets)
    assert result.counters["left"]["drops"]["rate"] > 30
    assert len(result.packets["right"]) > 100


# ---- 08-load-balancer: a network around it ----

FRONT, BACK = "02:00:00:00:01:01", "02:00:00:00:02:01"
GATEWAY = "02:00:00:00:09:01"
SERVICE = {4: "192.0.2.80", 6: "2001:db8:1::80"}
SERVICES = (("192.0.2.80", 80, ("10.0.2.11", "10.0.2.12", "10.0.2.13")),
            ("2001:db8:1::80", 80, ("2001:db8:2::11", "2001:db8:2::12")))
# Before it, neighbours are made known; the packets of tests come later.
READY = 2


ROUTES = (("0.0.0.0/0", "192.0.2.1"), ("2001:db8:99::/48", "2001:db8:1::1"))


def balancer(workers=1, services=SERVICES, more="", routes=ROUTES, fronts=((0, (
        "192.0.2.80/24", "2001:db8:1::80/64")),)):
    """A configuration of vnf-load-balancer; `fronts`: VLANs and addresses of the port in front."""
    def listed(addresses):
        return ", ".join(f'"{address}"' for address in addresses)

    rows = ", ".join(f'{{ address = "{address}"; port = {port}; '
                     f'back_ends = [ {listed(back_ends)} ]; }}'
                     for address, port, back_ends in services)
    ways = ", ".join(f'{{ prefix = "{prefix}"; via = "{via}"; }}' for prefix, via in routes)
    interfaces = ", ".join(f'{{ port = "{port}"; vlan = {vlan}; dad = false; '
                           f'addresses = [ {listed(addresses)} ]; }}'
                           for port, vlan, addresses in (
                               *[("front", *front) for front in fronts],
                               ("back", 0, ("10.0.2.1/24", "2001:db8:2::1/64"))))
    return f"""
        workers = {workers};
        ports = ( {{ name = "front"; kind = "null"; mac = "{FRONT}"; queues = {workers}; }},
                  {{ name = "back"; kind = "null"; mac = "{BACK}"; queues = {workers}; }} );
        ip = {{ interfaces = ( {interfaces} ); routes = ( {ways} ); reachable = "1h"; stale = "1h"; }};
        services = ( {rows} );
        {more}
    """


def family_of(address):
    """4 or 6."""
    return 6 if ":" in address else 4


def ip(src, dst, **more):
    """The header of the address' family."""
    return (IPv6 if family_of(dst) == 6 else IP)(src=src, dst=dst, **more)


def mac_of(back_end):
    """Of a back end, by its address."""
    return f"02:00:00:00:0b:{int(back_end.replace(':', '.').split('.')[-1]):02d}"


def in_front(packet, vlan=0):
    """As it comes from the gateway."""
    head = Ether(src=GATEWAY, dst=FRONT)
    return head / Dot1Q(vlan=vlan) / packet if vlan else head / packet


def behind(back_end, packet):
    """As it comes from a back end."""
    return Ether(src=mac_of(back_end), dst=BACK) / packet


def solved(address, own, mac, own_mac):
    """The answer that makes a neighbour known."""
    if family_of(address) == 4:
        return Ether(src=mac, dst=own_mac) / ARP(op=2, hwsrc=mac, psrc=address, hwdst=own_mac,
                                                 pdst=own)
    return (Ether(src=mac, dst=own_mac) / IPv6(src=address, dst=own, hlim=255) /
            ICMPv6ND_NA(tgt=address, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac))


def neighbours(back_ends=None):
    """
    Packets between the gateway and all back ends, which have the balancer ask for them, and the
    answers: {port: packets}.
    """
    back_ends = back_ends or [b for _, _, all_of_it in SERVICES for b in all_of_it]
    front, back = at(0, Ether(src=GATEWAY, dst=FRONT) / b"begin"), []
    for n, back_end in enumerate(back_ends):
        client, own, gateway = {
            4: ("198.51.100.1", "10.0.2.1", "192.0.2.1"),
            6: ("2001:db8:99::1", "2001:db8:2::1", "2001:db8:1::1")}[family_of(back_end)]
        then = Decimal(1) + n * Decimal("0.01")
        echo = ICMPv6EchoRequest() if family_of(back_end) == 6 else ICMP()
        front += at(then, in_front(ip(client, back_end) / echo))
        back += at(then + Decimal("0.001"), solved(back_end, own, mac_of(back_end), BACK))
        back += at(then + Decimal("0.002"), behind(back_end, ip(back_end, client) / echo))
        front += at(then + Decimal("0.003"), solved(gateway, SERVICE[family_of(back_end)],
                                                    GATEWAY, FRONT))
    return {"front": front, "back": back}


def run(config, front=(), back=(), known=None, **options):
    """A replay, after the neighbours are known; of what was sent, what came later."""
    packets = neighbours(known)
    result = replay(BALANCER, config, {"front": packets["front"] + list(front),
                                       "back": packets["back"] + list(back)}, **options)
    result.packets = {port: [p for p in sent if p.time >= START + READY and not (
        ARP in p or ICMPv6ND_NS in p or ICMPv6ND_NA in p)] for port, sent in result.packets.items()}
    result.verdicts = [v for v in result.verdicts if v.time >= START + READY]
    return result


def client_of(family, number):
    """The address of a client."""
    return f"198.51.{number >> 8}.{number & 255}" if family == 4 else f"2001:db8:99::{number:x}"


def syn(client, sport=4000, dport=80, service=None, flags="S"):
    """A client's packet to the service."""
    return in_front(ip(client, service or SERVICE[family_of(client)]) /
                    TCP(sport=sport, dport=dport, flags=flags))


def answer(back_end, client, dport=4000, flags="SA", sport=80):
    """A back end's packet to a client."""
    return behind(back_end, ip(back_end, client) / TCP(sport=sport, dport=dport, flags=flags))


def ends(packet):
    """(source, destination), whatever the family."""
    header = packet[IPv6] if IPv6 in packet else packet[IP]
    return header.src, header.dst


def chosen(config, clients, **options):
    """{client: back end}."""
    result = run(config, at(READY, *[syn(c) for c in clients]), **options)
    got = dict(ends(p) for p in result.packets["back"])
    assert len(got) == len(clients)
    return got


# ---- what a client sees ----

@pytest.mark.quick
@pytest.mark.parametrize("family", (4, 6))
def test_connection(family):
    """It goes to a back end, and the answers come from the service; checksums are right."""
    client = client_of(family, 7)
    back_end = chosen(balancer(), [client])[client]
    result = run(balancer(), at(2, syn(client)) + at(2.2, syn(client, flags="A")),
                 at(2.1, answer(back_end, client)))
    assert [ends(p) for p in result.packets["back"]] == [(client, back_end)] * 2
    assert [ends(p) for p in result.packets["front"]] == [(SERVICE[family], client)]
    assert {p[Ether].dst for p in result.packets["back"]} == {mac_of(back_end)}
    for packet in result.packets["front"] + result.packets["back"]:
        assert checksums_are_right(packet), packet.show2(dump=True)


@pytest.mark.parametrize("family, error", ((4, ICMP(type=3, code=3)),
                                           (6, ICMPv6DestUnreach(code=4))))
def test_error_from_behind(family, error):
    """It comes from the service, and is about what the client sent (RFC 5508 section 4.2)."""
    client = client_of(family, 7)
    back_end = chosen(balancer(), [client])[client]
    quote = ip(client, back_end) / TCP(sport=4000, dport=80, flags="S")
    result = run(balancer(), at(2, syn(client)),
                 at(2.1, behind(back_end, ip(back_end, client) / error / quote)))
    got, = result.packets["front"]
    assert ends(got) == (SERVICE[family], client)
    inner = got[ICMP].payload if family == 4 else got[ICMPv6DestUnreach].payload
    assert (inner.src, inner.dst) == (client, SERVICE[family])
    assert checksums_are_right(got), got.show2(dump=True)


def test_balancer_by_many_workers():
    """Octets, order and verdicts do not depend on their number."""
    clients = [client_of(f, n) for n in range(1, 16) for f in (4, 6)]
    to = chosen(balancer(), clients)
    packets = neighbours()
    for step, flags in enumerate(("S", "A", "PA", "FA", "A", "S")):
        packets["front"] += at(2 + step * 0.1, *[syn(c, flags=flags) for c in clients],
                               syn(clients[0], dport=81 + step),
                               in_front(IP(src=clients[0], dst=SERVICE[4]) / ICMP()))
        packets["back"] += at(2.05 + step * 0.1, *[
            answer(to[c], c, flags={"S": "SA"}.get(flags, flags)) for c in clients])
    result = all_ways(BALANCER, balancer, packets)
    drops = Counter(v.reason for v in result.verdicts if v.verdict == "drop")
    assert drops["no_service"] == 6
    assert len(result.packets["back"]) > 6 * len(clients)
    assert {ends(p)[0] for p in result.packets["front"] if TCP in p} == set(SERVICE.values())


def test_interface_of_a_packet_that_was_handed_over():
    """It came by VLAN 20 to one worker, and still did at another."""
    service, back_ends = "203.0.113.80", SERVICES[0][2]
    clients = [f"203.0.113.{n}" for n in range(1, 40)]
    packets = {
        "front": at(0, in_front(b"begin")) +
        at(1, *[in_front(ip(clients[0], b) / ICMP(), vlan=20) for b in back_ends]) +
        at(2, *[in_front(ip(c, service) / TCP(sport=4000, dport=80), vlan=20) for c in clients]) +
        # Refused by worker 0, which asks for the client where the packet came from.
        at(3, *[in_front(ip(c, service) / TCP(dport=81), vlan=20) for c in clients[:3]]),
        "back": at(1.1, *[solved(b, "10.0.2.1", mac_of(b), BACK) for b in back_ends])}
    result = all_ways(BALANCER, lambda workers: balancer(
        workers, [(service, 80, back_ends)], routes=[("198.51.100.0/24", "203.0.113.1")],
        fronts=((10, ["192.0.2.80/24"]), (20, [f"{service}/24"]))), packets)
    sent = [p for p in result.packets["back"] if TCP in p]
    assert [ends(p)[0] for p in sent] == clients
    assert not any(Dot1Q in p for p in sent)
    asked = {(p[Dot1Q].vlan, p[ARP].pdst) for p in result.packets["front"] if when(p) == 3}
    assert asked == {(20, c) for c in clients[:3]}


# ---- the choice of a back end ----

FIVE = [f"10.0.2.{n}" for n in range(11, 16)]


def test_shares_are_equal():
    """And when one is taken out, few others move."""
    clients = [client_of(4, n) for n in range(1, 3001)]
    before, after = (chosen(balancer(services=[(SERVICE[4], 80, some)]), clients, known=FIVE)
                     for some in (FIVE, FIVE[:2] + FIVE[3:]))
    shares = Counter(before.values())
    assert set(shares) == set(FIVE)
    assert all(abs(n - 600) < 75 for n in shares.values()), shares
    assert all(abs(n - 750) < 90 for n in Counter(after.values()).values())
    moved = sum(before[c] != after[c] for c in clients if before[c] != FIVE[2])
    assert moved < len(clients) * 0.05, moved


def test_order_of_back_ends_does_not_matter():
    """Nor does what else is in the file, nor how an address is written."""
    clients = [client_of(4, n) for n in range(1, 1001)]
    other = ("192.0.2.80", 443, FIVE[:2])
    one, two = (chosen(balancer(services=services), clients, known=FIVE) for services in (
        [(SERVICE[4], 80, FIVE)], [other, (SERVICE[4], 80, FIVE[::-1])]))
    assert one == two
    clients, back_ends = [client_of(6, n) for n in range(1, 101)], SERVICES[1][2]
    one, two = (chosen(balancer(services=[(SERVICE[6], 80, some)]), clients, known=back_ends)
                for some in (back_ends, [b.upper().replace("::", ":0::") for b in back_ends]))
    assert one == two


def test_client_that_is_a_back_end():
    """It is never sent to itself (RFC 1122 section 3.2.1.3)."""
    def to_itself(some):
        return run(balancer(services=[(SERVICE[4], 80, some)]), back=at(2, *[
            behind(b, ip(b, SERVICE[4]) / TCP(sport=port, dport=80))
            for b in some for port in range(4000, 4050)]), known=FIVE)

    sent = Counter(ends(p) for p in to_itself(FIVE).packets["back"])
    assert set(sent) == {(b, other) for b in FIVE for other in FIVE if b != other}
    assert sent.total() == 250
    result = to_itself(FIVE[:1])
    assert not result.packets["back"]
    assert {v.reason for v in result.verdicts if v.number} == {"itself"}


@pytest.mark.parametrize("seed", (1, 2))
def test_choice_is_that_of_the_last_run(seed):
    """Another balancer of the service, or this one after a restart, chooses the same."""
    clients = [client_of(f, n) for n in range(1, 101) for f in (4, 6)]
    assert chosen(balancer(), clients, seed=seed) == chosen(balancer(), clients)


# ---- the life of a session ----

def test_open_connection_waits_for_two_hours():
    """One that ended, or was not answered, for four minutes: then an answer is not known."""
    names = ("open", "opening", "answered", "closing", "anew")
    clients = dict(zip(names, (client_of(4, n) for n in range(1, 6))))
    to = chosen(balancer(), list(clients.values()))
    front = at(2, *[syn(c) for c in clients.values()])
    back = at(2.1, *[answer(to[c], c) for name, c in clients.items() if name != "opening"])
    front += at(2.15, syn(clients["open"], flags="A"))
    for name in ("closing", "anew"):
        front += at(2.2, syn(clients[name], flags="FA"))
        back += at(2.25, answer(to[clients[name]], clients[name], flags="FA"))
    front += at(2.3, syn(clients["anew"])) + at(2.5, syn(clients["anew"], flags="A"))
    back += at(2.4, answer(to[clients["anew"]], clients["anew"]))
    back.sort(key=lambda timed: timed[0])
    front.sort(key=lambda timed: timed[0])
    for later in (200, 500, 7900):
        back += at(later, *[answer(to[c], c, flags="SA" if name == "answered" else "A")
                            for name, c in clients.items()])
    result = run(balancer(), front, back)
    known = {later: {name for name in names for p in result.packets["front"]
                     if when(p) == later and ends(p) == (SERVICE[4], clients[name])}
             for later in (200, 500, 7900)}
    assert known == {200: set(names), 500: {"open", "anew"}, 7900: {"open", "anew"}}


def talk(*said, sport=4000):
    """
    What a client and its back end send, a second apart: ("S", True) is a client's SYN. The time may
    be given. What was translated: [(seconds, from the client)].
    """
    client, now = client_of(4, 7), 1
    front, back = [], []
    for flags, from_client, *then in said:
        now = then[0] if then else now + 1
        if from_client:
            front += at(now, syn(client, sport=sport, flags=flags))
        else:
            back += at(now, answer(FIVE[0], client, dport=sport, flags=flags))
    result = run(balancer(services=[(SERVICE[4], 80, FIVE[:1])]), front, back, known=FIVE[:1])
    passed = [(when(p), True) for p in result.packets["back"] if ends(p) == (client, FIVE[0])]
    passed += [(when(p), False) for p in result.packets["front"]
               if ends(p) == (SERVICE[4], client)]
    return sorted(passed), result


@pytest.mark.parametrize("said, alive", (
    # Whoever sends one RST or FIN, of whatever sequence number, does not end it.
    ((("R", True), ("A", True), ("A", False)), True),
    ((("R", False), ("A", False), ("A", True)), True),
    ((("FA", True), ("A", False)), True),
    ((("A", True), ("FA", False), ("A", True)), True),
    ((("S", True), ("A", False)), True),
    # One that ended, though what was on its way still comes.
    ((("R", True),), False),
    ((("RA", False), ("A", True)), False),
    ((("FA", True), ("FA", False), ("A", True), ("A", False)), False),
))
def test_end_of_a_connection(said, alive):
    """Is it known ten minutes later?"""
    passed, _ = talk(("S", True), ("SA", False), ("A", True), *said, ("PA", False, 600))
    assert len(passed) == 3 + len(said) + alive, passed
    assert ((600, False) in passed) == alive


def test_flood_of_answered_syns():
    """They end after four minutes (RFC 5382 REQ-5), also if they are sent again meanwhile."""
    assert (300, False) not in talk(("S", True), ("SA", False), ("SA", False, 300))[0]
    assert (300, False) not in talk(("S", True), ("SA", False), ("S", True), ("SA", False),
                                    ("SA", False, 300))[0]


@pytest.mark.parametrize("flags, reason", (("R", "stray"), ("RA", "stray"), ("SA", "stray"),
                                           ("", "stray"), ("F", "stray"), ("SR", "stray"),
                                           ("A", None), ("PA", None), ("FA", None), ("S", None)))
def test_segment_without_a_session(flags, reason):
    """ACK has one after a restart; and the answer finds it."""
    passed, result = talk((flags, True), ("A", False))
    assert [v.reason for v in result.verdicts if v.port == "front" and v.time == START + 2] == [
        reason]
    assert passed == ([(2, True), (3, False)] if reason is None else [])


def test_old_syn_does_not_move_a_connection():
    """Half of it is closed, the other half still sends."""
    passed, _ = talk(("S", True), ("SA", False), ("A", True), ("FA", True), ("S", True),
                     ("PA", False, 300))
    assert passed[-1] == (300, False)


def test_full_slot():
    """Connections that nobody opened make room first; those that are open never do."""
    client, many = client_of(4, 1), 700
    services = [(SERVICE[4], 80, FIVE[:1])]
    config = balancer(services=services, more="steering = { slots = 4096; };")
    ports = range(2000, 2000 + many)
    front = at(2, *[syn(client, sport=p) for p in ports[:100]])
    back = at(2.1, *[answer(FIVE[0], client, dport=p) for p in ports[:100]])
    front += at(2.15, *[syn(client, sport=p, flags="A") for p in ports[:100]])
    front += at(2.2, *[syn(client, sport=p) for p in ports[100:]])
    back += at(2.3, *[answer(FIVE[0], client, dport=p) for p in ports])
    result = run(config, front, back, known=FIVE[:1])
    assert {v.verdict for v in result.verdicts if v.port == "front"} == {"forward"}
    kept = [p[TCP].dport for p in result.packets["front"]
            if when(p) == 2.3 and ends(p)[0] == SERVICE[4]]
    assert kept[:100] == list(ports[:100])                      # the open ones
    assert kept[100:] == list(ports[many + 100 - len(kept):])   # and the youngest of the others
    # All that are left are open: the next one has no room, but for those of other clients.
    front += at(2.35, *[syn(client, sport=p, flags="A") for p in kept])
    front += at(2.4, syn(client, sport=9), syn(client_of(4, 2)))
    result = run(config, front, back, known=FIVE[:1])
    assert [v.reason for v in result.verdicts if v.time == START + Decimal("2.4")] == ["full", None]


# ---- fragments and other protocols ----

def parts(src, dst, payload):
    """A datagram in two fragments."""
    return fragment(IP(src=src, dst=dst, id=7) / payload, 1000)


def test_fragments():
    """Those to a service and from a back end are dropped, all of them; others are routed as ever."""
    client, long = client_of(4, 7), b"y" * 1600
    answers = parts("10.0.2.12", client, UDP(sport=80, dport=4000) / long)
    requests = parts(client, SERVICE[4], UDP(sport=4000, dport=80) / long)
    others = [parts(client, "10.0.2.12", UDP(sport=4000, dport=80) / long),
              parts("10.0.2.99", client, UDP(sport=80, dport=4000) / long)]
    result = run(balancer(), at(2, *map(in_front, requests)) + at(3, *map(in_front, others[0])),
                 at(2, *[behind("10.0.2.12", p) for p in answers]) +
                 at(3, *[behind("10.0.2.99", p) for p in others[1]]))
    assert Counter(v.reason for v in result.verdicts if v.time == START + 2) == {
        "fragment": len(requests + answers)}
    assert [bytes(p[IP].payload) for port in ("back", "front") for p in result.packets[port]] == [
        bytes(p[IP].payload) for some in others for p in some]


def test_fragments_to_another_own_address():
    """They are the node's, as without a balancer."""
    for part in parts(client_of(4, 7), "10.0.2.1", ICMP(id=5) / (b"z" * 1600)):
        result = run(balancer(), at(2, in_front(part)))
        assert "fragment" not in {v.reason for v in result.verdicts}


def test_protocols_of_services():
    """TCP and UDP; SCTP is refused."""
    result = run(balancer(), at(2, in_front(ip(client_of(4, 7), SERVICE[4], proto=132) /
                                            struct.pack("!HHQ", 4000, 80, 0))))
    assert not result.packets["back"]


# ---- configuration ----

def refused(tmp_path, config):
    """What --check says about it."""
    path = tmp_path / "balancer.conf"
    path.write_text(config)
    done = subprocess.run([BALANCER, "--check", "-c", path], text=True, capture_output=True,
                          timeout=30, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("services, message", (
    ([("192.0.2", 80, FIVE)], r'"192.0.2", which is no address'),
    ([("192.0.2.80", 80, [*FIVE, "2001:db8::1"])],
     r'"2001:db8::1", which is no address of the service'),
    ([("192.0.2.80", 80, [])], "back_ends"),
    ([("192.0.2.80", 0, FIVE)], "port"),
    ([("192.0.2.80", 80, [*FIVE, FIVE[2]])], r'"10.0.2.13", which serves at port 80 already'),
    ([("2001:db8:1::80", 80, ["2001:db8::1", "2001:DB8:0::1"])],
     r'"2001:DB8:0::1", which serves at port 80 already'),
    ([("192.0.2.80", 80, FIVE[:2]), ("192.0.2.81", 80, FIVE[1:])],
     r'"10.0.2.12", which serves at port 80 already'),
))
def test_wrong_services(tmp_path, services, message):
    """--check says so, as a start and a reload do."""
    assert message in refused(tmp_path, balancer(services=services))
