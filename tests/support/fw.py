# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-firewall in replays: configurations, packets with what is to become of them, and TCP
# connections with right numbers. Tests are scenes: each has addresses of its own and says which
# packets come when; all scenes of a file with one configuration are played in one replay, because a
# process costs more than a hundred packets. Used by tests/replay/test_firewall_*.py.

"""Scenes for vnf-firewall."""

import os
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptSrcLLAddr, IPv6)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet
from vnfkit_replay import replay

FIREWALL = Path(os.environ["VNFKIT_BUILD"]) / "vnfs/firewall/vnf-firewall"
START_NS = 1_700_000_000 * 10**9
# Number of workers, and of packets of one time that come together, which must make no difference.
WAYS = ((1, 32),) if os.environ.get("VNFKIT_SANITIZED") == "1" else ((1, 32), (2, 1))
ALL_WAYS = ((1, 1), (1, 32), (2, 7), (4, 32))
PASS = "pass"
# What a TCP segment of no connection is dropped for.
STRAY = ("tcp_state", "no_session")
# Of a port: its own MAC address (routed), and that of the host or gateway on its link.
MACS = {port: (f"02:00:00:00:0{n}:01", f"02:00:00:00:0{n}:99")
        for n, port in enumerate(("lan", "wan", "dmz", "net"), 1)}
# Routed: addresses of the firewall, and of the gateway, by which all other networks are reached.
OWN = {"lan": ("10.0.0.1", "2001:db8:f:1::1"), "wan": ("192.0.2.1", "2001:db8:f:2::1"),
       "dmz": ("172.16.0.1", "2001:db8:f:3::1")}
GATEWAY = {port: tuple(address[:-1] + "2" for address in own) for port, own in OWN.items()}
# Networks of clients (lan) and servers (wan); scene n has the n-th subnet of each.
NETWORKS = {"lan": ("10.0.0.0/8", "2001:db8:a::/48"), "wan": ("198.51.0.0/16", "2001:db8:b::/48"),
            "dmz": ("172.30.0.0/16", "2001:db8:c::/48")}
READY_S = 2   # routed: neighbours are known, and the scenes begin


# ---- packets and what is to become of them ----

@dataclass
class Row:
    """A packet, and what is to become of it."""

    port: str
    data: bytes
    want: object = PASS   # PASS, a drop's reason, several of them, or None: whatever
    time_ns: int = 0
    fate: str = ""
    to: str = ""

    def is_right(self):
        """Did it become of it?"""
        return self.want is None or self.fate == self.want or (
            isinstance(self.want, tuple) and self.fate in self.want)

    def tell(self):
        """A line for whoever reads of a failure."""
        return (f"{self.time_ns / 10**9:.6f} s {self.port}: {Ether(self.data).summary()}: "
                f"want {self.want}, got {self.fate}")


def row(port, packet, want=PASS, vlan=None):
    """A packet that comes by a port; what begins with an IP header gets an Ethernet header."""
    if isinstance(packet, Packet) and not isinstance(packet, Ether):
        own, host = MACS[port]
        head = Ether(src=host, dst=own)
        packet = (head if vlan is None else head / Dot1Q(vlan=vlan)) / packet
    return Row(port, bytes(packet), want)


def lan(packet, want=PASS, vlan=None):
    """By the port lan."""
    return row("lan", packet, want, vlan)


def wan(packet, want=PASS, vlan=None):
    """By the port wan."""
    return row("wan", packet, want, vlan)


def flat(rows):
    """Rows, out of lists of lists of rows."""
    for item in rows:
        if isinstance(item, Row):
            yield item
        else:
            yield from flat(item)


def at(seconds, *rows):
    """
    Rows of a time, in order: a microsecond goes by whenever the port changes, so that what comes by
    one port comes as a burst.
    """
    rows = list(flat(rows))
    now, last = int(Decimal(str(seconds)) * 10**9), None
    for one in rows:
        now += 1000 if last not in (None, one.port) else 0
        one.time_ns, last = now, one.port
    return rows


def family_of(address):
    """4 or 6."""
    return 6 if ":" in address else 4


def ip(src, dst, **more):
    """The header of the address' family."""
    if family_of(dst) == 6:
        more = {"hlim" if name == "ttl" else name: value for name, value in more.items()}
        return IPv6(src=src, dst=dst, **more)
    return IP(src=src, dst=dst, **more)


# ---- configurations ----

@dataclass(eq=False)
class Config:
    """A configuration, for any number of workers."""

    text: object                                # function of the number
    ends: dict = field(default_factory=dict)    # transparent: {port: where it leaves}
    ports: tuple = ("lan", "wan")
    ready: tuple = ()                           # rows that come before the scenes


def listed(items):
    """An array of strings."""
    return "[ " + ", ".join(f'"{item}"' for item in items) + " ]"


def ports_text(ports, workers):
    """The ports of the file."""
    return ", ".join(f'{{ name = "{port}"; kind = "null"; mac = "{MACS[port][0]}"; '
                     f'queues = {workers}; }}' for port in ports)


def common_text(rules, default, more):
    """What both modes have."""
    return f"""
        rules = ( {", ".join(f"{{ {rule} }}" for rule in rules)} );
        default = "{default}";
        {more}
    """


def transparent(*rules, wires=(("lan", "wan"),), ports=("lan", "wan"), zones=None, default="drop",
                more=""):
    """Rules as they are between braces in the file; `zones`: {name: ports}; a port each without."""
    zones = zones or {port: [port] for port in ports}
    return Config(lambda workers: f"""
        workers = {workers};
        mode = "transparent";
        ports = ( {ports_text(ports, workers)} );
        wires = ( {", ".join(f'{{ a = "{a}"; b = "{b}"; }}' for a, b in wires)} );
        zones = ( {", ".join(f'{{ name = "{name}"; ports = {listed(some)}; }}'
                             for name, some in zones.items())} );
        {common_text(rules, default, more)}
    """, {**dict(wires), **{b: a for a, b in wires}}, ports)


def routed(*rules, ports=("lan", "wan"), zones=None, default="drop", more="", routes=()):
    """The same between networks; further routes are (prefix, port)."""
    zones = zones or {port: [port] for port in ports}
    ways = [(network, port) for port in ports for network in NETWORKS[port]] + list(routes)
    ways_text = ", ".join(f'{{ prefix = "{prefix}"; via = "{GATEWAY[port][":" in prefix]}"; }}'
                          for prefix, port in ways)
    interfaces = ", ".join(
        f'{{ port = "{port}"; dad = false; '
        f'addresses = [ "{OWN[port][0]}/24", "{OWN[port][1]}/64" ]; }}' for port in ports)
    return Config(lambda workers: f"""
        workers = {workers};
        mode = "routed";
        ports = ( {ports_text(ports, workers)} );
        ip = {{ interfaces = ( {interfaces} ); routes = ( {ways_text} );
               reachable = "1h"; stale = "1h"; }};
        zones = ( {", ".join(f'{{ name = "{name}"; interfaces = {listed(some)}; }}'
                             for name, some in zones.items())} );
        {common_text(rules, default, more)}
    """, {}, ports, tuple(neighbours(ports)))


def neighbours(ports):
    """Each gateway asks for the firewall, which makes it known, and answers: now it is sure."""
    for port in ports:
        own, host = MACS[port]
        head = Ether(src=host, dst=own)
        four, six = zip(OWN[port], GATEWAY[port])
        asks = head / IPv6(src=six[1], dst=six[0], hlim=255)
        for n, packet in enumerate((
                head / ARP(op=1, hwsrc=host, psrc=four[1], pdst=four[0]),
                asks / ICMPv6ND_NS(tgt=six[0]) / ICMPv6NDOptSrcLLAddr(lladdr=host),
                head / ARP(op=2, hwsrc=host, psrc=four[1], hwdst=own, pdst=four[0]),
                asks / ICMPv6ND_NA(tgt=six[1], R=1, S=1, O=1) /
                ICMPv6NDOptDstLLAddr(lladdr=host))):
            # The first of all packets is too early: own addresses are not yet in force.
            for tenth in (n, n + 4):
                yield from at(tenth / 10, row(port, packet, None))


# ---- replays ----

@dataclass
class Made:
    """A packet that the firewall made."""

    seconds: float
    port: str
    packet: Packet


@dataclass
class Play:
    """A replay's result; rows have their fates."""

    rows: list
    made: list
    result: object


def essence(data):
    """A frame without what a router changes: MAC addresses, TTL and its checksum."""
    data = bytearray(data)
    at_type = 12
    while data[at_type:at_type + 2] == b"\x81\x00":
        at_type += 4
    if data[at_type:at_type + 2] == b"\x08\x00" and len(data) >= at_type + 14:
        data[at_type + 10] = 0
        data[at_type + 12:at_type + 14] = b"\0\0"
    elif data[at_type:at_type + 2] == b"\x86\xdd" and len(data) >= at_type + 10:
        data[at_type + 9] = 0
    return bytes(data[12:])


def is_of_link(packet):
    """ARP and Neighbour Discovery."""
    return ARP in packet or ICMPv6ND_NS in packet or ICMPv6ND_NA in packet


def packets_made(config, rows, result, ready_ns):
    """
    What was sent and did not come in; what did must have been sent, once each. Routed, a packet to
    the firewall itself may become its answer, so that it passes: let its row want None.
    """
    missing = {port: Counter() for port in config.ports}
    for one in rows:
        if one.fate == PASS and (config.ends or one.want is not None):
            missing[one.to][one.data if config.ends else essence(one.data)] += 1
    made = []
    for port, packets in result.packets.items():
        for packet in packets:
            data = packet.original if config.ends else essence(packet.original)
            seconds = float(packet.time - (START_NS + ready_ns) / Decimal(10**9))
            if missing[port][data] > 0:
                missing[port][data] -= 1
            elif config.ends or seconds >= 0 and not is_of_link(packet):
                made.append(Made(seconds, port, packet))
    lost = {port: [data.hex() for data in some.elements()] for port, some in missing.items()
            if some.total()}
    assert not lost, f"said to be sent, and were not as they came: {lost}"
    return made


def play_one(config, rows, way, folder, **options):
    """One replay, of rows in the order of their numbers."""
    workers, burst = way
    packets = {port: [(Decimal(START_NS + r.time_ns) / 10**9, r.data) for r in rows
                      if r.port == port] for port in config.ports}
    text = config.text(workers)
    if folder is not None:
        (folder / "firewall.conf").write_text(text, encoding="utf-8")
        text = folder / "firewall.conf"
    result = replay(FIREWALL, text, packets, burst=burst, **options)
    last = {v.number: v for v in result.verdicts if v.number is not None}
    fates = [(last[n].reason, "") if last[n].verdict == "drop" else (PASS, last[n].to or "")
             for n in range(1, len(rows) + 1)]
    sent = {port: sorted((p.time, p.original) for p in some)
            for port, some in result.packets.items()}
    return result, fates, sent


def play(config, rows, ways=WAYS, folder=None, **options):
    """Replay rows in the ways, which must give the same."""
    ready_ns = READY_S * 10**9 if config.ready else 0
    rows = list(flat(rows))
    everything = [Row(**vars(one)) for one in config.ready]
    for one in rows:
        one.time_ns += ready_ns
    everything = sorted([*everything, *rows],
                        key=lambda one: (one.time_ns, config.ports.index(one.port)))
    first = None
    for way in ways:
        result, fates, sent = play_one(config, everything, way, folder, **options)
        first = first or (result, fates, sent)
        differ = [(one.tell(), a, b) for one, a, b in zip(everything, first[1], fates) if a != b]
        assert not differ, (way, differ)
        assert sent == first[2], (way, "other packets were sent")
    for one, (fate, to) in zip(everything, first[1]):
        one.fate, one.to = fate, to
        if fate == PASS and config.ends:
            assert to == config.ends[one.port], one.tell()
    made = packets_made(config, everything, first[0], ready_ns)
    for one in rows:
        one.time_ns -= ready_ns
    return Play(rows, made, first[0])


def check_fates(rows):
    """All became what they should."""
    wrong = [one.tell() for one in rows if not one.is_right()]
    assert not wrong, "\n" + "\n".join(wrong)


def check(config, rows, ways=WAYS, **options):
    """Replay rows, which must become what they should; the Play."""
    result = play(config, rows, ways, **options)
    check_fates(result.rows)
    return result


# ---- connections ----

class Tcp:
    """A TCP connection; c() and s() are rows of segments of its client and its server."""

    def __init__(self, client, server, ports=(4000, 80), isns=(1000, 900_000), window=8192):
        self.addresses, self.ports, self.window = (client, server), ports, window
        self.next = list(isns)
        self.sides = ("lan", "wan")

    def segment(self, side, flags, data=b"", **over):
        """The packet, with right numbers unless others are given."""
        header = {"seq": self.next[side], "window": self.window,
                  "ack": self.next[1 - side] if "A" in flags else 0, **over}
        header = {name: value % 2**32 if name in ("seq", "ack") else value
                  for name, value in header.items()}
        return ip(self.addresses[side], self.addresses[1 - side]) / TCP(
            sport=self.ports[side], dport=self.ports[1 - side], flags=flags, **header) / data

    def said(self, side, flags, data=b"", want=PASS, vlan=None, **over):
        """A row; the numbers go on if it is one of the right ones and passes."""
        packet = self.segment(side, flags, data, **over)
        if want == PASS and "seq" not in over:
            octets = len(data) + ("S" in flags) + ("F" in flags)
            self.next[side] = (self.next[side] + octets) % 2**32
        return row(self.sides[side], packet, want, vlan)

    def c(self, flags, data=b"", want=PASS, **over):   # pylint: disable=invalid-name
        """Of the client."""
        return self.said(0, flags, data, want, **over)

    def s(self, flags, data=b"", want=PASS, **over):   # pylint: disable=invalid-name
        """Of the server."""
        return self.said(1, flags, data, want, **over)

    def open(self, **over):
        """The handshake."""
        return [self.c("S", **over), self.s("SA", **over), self.c("A", **over)]

    def close(self):
        """FIN and its acknowledgement, from both."""
        return [self.c("FA"), self.s("A"), self.s("FA"), self.c("A")]


# ---- scenes ----

class Net:
    """The addresses of a scene."""

    def __init__(self, number):
        self.number = number

    def host(self, port, family=4, host=1):
        """A host behind a port."""
        network = NETWORKS[port][family == 6]
        if family == 6:
            return f"{network.split('::')[0]}:{self.number:x}::{host:x}"
        head = network.split(".")[:2]
        if port == "lan":
            return f"{head[0]}.{self.number}.0.{host}"
        return f"{head[0]}.{head[1]}.{self.number}.{host}"

    def client(self, family=4, host=1):
        """In the lan."""
        return self.host("lan", family, host)

    def server(self, family=4, host=1):
        """Beyond the wan."""
        return self.host("wan", family, host)

    def owns(self, address):
        """Is it one of these?"""
        return any(address.startswith(self.host(port, family, host=0)[:-1])
                   for port in NETWORKS for family in (4, 6))

    def tcp(self, family=4, host=1, **more):
        """A connection."""
        return Tcp(self.client(family, host), self.server(family), **more)

    def out(self, payload, want=PASS, family=4, vlan=None, **header):
        """From the client to the server."""
        header = {"src": self.client(family), "dst": self.server(family), **header}
        return lan(ip(**header) / payload, want, vlan)

    def back(self, payload, want=PASS, family=4, vlan=None, **header):
        """From the server to the client."""
        header = {"src": self.server(family), "dst": self.client(family), **header}
        return wan(ip(**header) / payload, want, vlan)


class Stage:
    """The scenes of a file that have one configuration."""

    stages = {}

    def __init__(self, config):
        self.config = config
        self.scenes = []
        self.played = {}

    def add(self, function):
        """One more; its number."""
        self.scenes.append(function)
        return len(self.scenes)

    def run(self, numbers):
        """Play scenes."""
        said = {}
        for number in numbers:
            net = Net(number)
            rows = self.scenes[number - 1](net)
            rows, then = rows if isinstance(rows, tuple) else (rows, None)
            said[number] = (net, list(flat(rows)), then)
        made = play(self.config, [rows for _, rows, _ in said.values()]).made
        return {number: (rows, then, [m for m in made if any(
            net.owns(layer.src) or net.owns(layer.dst)
            for layer in (m.packet.getlayer(IP), m.packet.getlayer(IPv6)) if layer)])
            for number, (net, rows, then) in said.items()}

    def check(self, number):
        """Was a scene played as it should have been?"""
        if os.environ.get("VNFKIT_ALONE") == "1":
            self.played.update(self.run([number]))
        elif number not in self.played:
            self.played = self.run(range(1, len(self.scenes) + 1))
        rows, then, made = self.played[number]
        check_fates(rows)
        if then is not None:
            then(made)
        elif not any(one.want == "rejected" for one in rows):
            assert not made, [m.packet.summary() for m in made]


def scene(config):
    """
    Make a test of a function that says what happens: it gets a Net and returns rows, or rows and a
    function that looks at what the firewall made. With VNFKIT_ALONE=1 each has a replay of its own.
    """
    def decorate(function):
        stage = Stage.stages.setdefault((function.__module__, id(config)), Stage(config))
        number = stage.add(function)

        def test():
            stage.check(number)
        test.__name__, test.__doc__ = function.__name__, function.__doc__
        test.__module__ = function.__module__
        return test
    return decorate
