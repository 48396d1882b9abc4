# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-nat in replays: configurations, packets, and what is to come out for each, to the octet. A
# scene is a test that says which packets come when; it has inside hosts, servers and an external
# address of its own (Net), so that all scenes of a file with one configuration are played in one
# replay. A Mapping makes the packets of an inside address and port, before and behind the NAT.
#
# External ports are known beforehand where the NAT preserves them. Others are learnt: a replay
# without the packets that need them tells which they are, and the next one must agree. For that,
# rows make their packets when they are played. Used by tests/replay/test_nat_*.py.

"""Scenes for vnf-nat."""

import itertools
import os
import struct
import tempfile
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, \
    ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet
from scapy.utils import checksum
import vnfkit_replay as tool

NAT = Path(os.environ["VNFKIT_BUILD"]) / "vnfs/nat/vnf-nat"
START_NS = 1_700_000_000 * 10**9
# Number of workers, and of packets of one time that come together, which must make no difference.
WAYS = ((1, 32),) if os.environ.get("VNFKIT_SANITIZED") == "1" else ((1, 32), (2, 1))
ALL_WAYS = ((1, 32), (1, 1), (1, 7), (2, 7), (4, 32))
PASS = "pass"
# Of a port: its own MAC address, and that of the gateway on its link.
MACS = {port: (f"02:00:00:00:0{n}:01", f"02:00:00:00:0{n}:99")
        for n, port in enumerate(("lan", "wan", "lan2", "dmz"), 1)}
# Addresses of the NAT, and of the gateway by which all other networks are reached.
OWN = {"lan": ("10.0.0.1", "2001:db8:f:1::1"), "wan": ("198.51.100.2", "2001:db8:f:2::1"),
       "lan2": ("172.16.0.1", "2001:db8:f:3::1"), "dmz": ("172.17.0.1", "2001:db8:f:4::1")}
GATEWAY = {"lan": ("10.0.0.2", "2001:db8:f:1::2"), "wan": ("198.51.100.1", "2001:db8:f:2::2"),
           "lan2": ("172.16.0.2", "2001:db8:f:3::2"), "dmz": ("172.17.0.2", "2001:db8:f:4::2")}
NETWORKS = {"lan": ("10.0.0.0/8", "2001:db8:a::/48"), "wan": ("0.0.0.0/0", "2001:db8:b::/48"),
            "lan2": ("172.20.0.0/16", "2001:db8:c::/48"),
            "dmz": ("172.30.0.0/16", "2001:db8:d::/48")}
READY_S = 2   # neighbours are known, and the scenes begin
SCENES = 40   # of a configuration at most
PROTOS = ("udp", "tcp", "icmp")
MUST = {"udp": 53, "tcp": 80, "icmp": 0}   # ports of servers, if a test does not care


class Unlearnt(Exception):
    """A packet needs a port that is not known yet."""


# ---- configurations ----

@dataclass(eq=False)
class Config:
    """A configuration, for any number of workers."""

    text: object   # function of the number
    ports: tuple
    grain_ns: int = 1   # how exactly ways must agree on when packets leave


def listed(items):
    """An array of strings."""
    return "[ " + ", ".join(f'"{item}"' for item in items) + " ]"


def groups(items):
    """A list of groups, each as it is between braces in the file."""
    return "( " + ", ".join(f"{{ {item} }}" for item in items) + " )"


def ip_text(ports, mtu):
    """The group `ip`."""
    interfaces = (f'port = "{port}"; dad = false; '
                  f'addresses = [ "{OWN[port][0]}/24", "{OWN[port][1]}/64" ];' +
                  (f" mtu = {mtu[port]};" if port in mtu else "") for port in ports)
    routes = (f'prefix = "{network}"; via = "{GATEWAY[port][":" in network]}";'
              for port in ports for network in NETWORKS[port])
    return f"""ip = {{ interfaces = {groups(interfaces)}; routes = {groups(routes)};
               reachable = "1h"; stale = "1h"; icmp_errors = 1000000;
               icmp_errors_per_host = 1000000; }};"""


def nat(*pools, more="", ports=("lan", "wan"), inside=("lan",), outside=("wan",), mtu=None,
        grain_ns=1):
    """A configuration with these pools, each as it is between braces in the file."""
    return Config(lambda workers: f"""
        workers = {workers};
        ports = {groups(f'name = "{port}"; kind = "null"; mac = "{MACS[port][0]}"; '
                        f'queues = {workers};' for port in ports)};
        {ip_text(ports, mtu or {})}
        inside = {listed(inside)};
        outside = {listed(outside)};
        pools = {groups(pools)};
        {more}
    """, tuple(ports), grain_ns)


def each(text):
    """The same for every scene, with its number for N."""
    return [text.replace("N", str(n)) for n in range(1, SCENES + 1)]


def staged(pool="", more="", rules=(), **options):
    """
    A configuration of scenes: the hosts of each have a pool of their own, with one address. `pool`:
    more keys of these, `rules`: what comes before those to the pools.
    """
    pools = each(f'name = "sN"; addresses = [ "203.0.113.N" ]; {pool}')
    rules = groups([*rules, *each('src = [ "10.N.0.0/16" ]; action = "translate"; pool = "sN";')])
    return nat(*pools, more=f"rules = {rules};\n{more}", **options)


# ---- packets ----

IP_FIELDS = ("ttl", "id", "df", "tos", "options", "frag", "mf")


def ip(src, dst, **fields):
    """An IPv4 header; `df` and `mf` are its flags."""
    flags = ("DF+" * fields.pop("df", 0) + "MF+" * fields.pop("mf", 0)).strip("+")
    return IP(src=src, dst=dst, flags=flags or 0, **fields)


def packet_of(proto, src, dst, data=b"", **fields):
    """A packet between two pairs of address and port; the identifier of ICMP is the query's."""
    head = ip(src[0], dst[0], **{k: v for k, v in fields.items() if k in IP_FIELDS})
    rest = {k: v for k, v in fields.items() if k not in IP_FIELDS}
    if proto == "udp":
        return head / UDP(sport=src[1], dport=dst[1], **rest) / data
    if proto == "tcp":
        return head / TCP(sport=src[1], dport=dst[1], **{"flags": "S", **rest}) / data
    query = rest.get("type", 8) in (8, 13)
    return head / ICMP(**{"type": 8, **rest}, id=src[1] if query else dst[1]) / data


def other_packet(proto, src, dst, data):
    """A packet of a protocol without ports that is known, or not."""
    if proto == 47:
        data = b"\0\0\x08\0" + data
    if proto == 51:
        data = struct.pack("!BBHII", 59, 4, 0, 7, 1) + b"s" * 12 + data
    return ip(src, dst, proto=proto) / data


def moved(wrong, before, after):
    """A wrong checksum after a translation that makes `after` of the right one `before`."""
    total = (wrong ^ 0xffff) + before + (after ^ 0xffff)
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def frame(port, packet):
    """As it comes in by a port."""
    if isinstance(packet, Ether):
        return bytes(packet)
    own, host = MACS[port]
    return bytes(Ether(src=host, dst=own) / packet)


def routed(port, packet):
    """As it leaves by a port: a TTL less, and the MAC addresses of the link."""
    own, host = MACS[port]
    head = bytes(Ether(src=own, dst=host, type=0x86dd if isinstance(packet, IPv6) else 0x800))
    data = bytearray(bytes(packet))
    if isinstance(packet, IPv6):
        data[7] -= 1
    else:
        data[8] -= 1
        rewrite_checksum(data)
    return head + bytes(data)


def rewrite_checksum(data):
    """That of the IPv4 header that data begin with."""
    octets = (data[0] & 15) * 4
    data[10:12] = b"\0\0"
    data[10:12] = checksum(bytes(data[:octets])).to_bytes(2, "big")


def right(data):
    """Are a frame's checksums right, or left out? In fragments only the header's is looked at."""
    packet = Ether(data)
    again = Ether(data)
    layer = again
    while layer:
        whole = IP not in packet or not (packet[IP].frag or packet[IP].flags.MF)
        for name in ("chksum", "cksum"):
            if layer.fields.get(name) and (whole or isinstance(layer, IP)):
                delattr(layer, name)
        layer = layer.payload if not isinstance(layer, ICMP) else None
    return bytes(again)[:len(data)] == data


# ---- what is to come out ----

@dataclass(eq=False)
class Seen:
    """
    A packet that leaves by a port, as it is before a router lowers its TTL. The identification of
    what may be fragmented is the NAT's; `datagram`: a list of those of one datagram's parts.
    """

    port: str
    packet: Packet
    after: object = 0           # seconds after what it is about came; a pair: between these
    datagram: list = None
    sources: tuple = ()         # any of these addresses
    needed: bool = True
    frame: bytes = None

    def wanted(self):
        """The frame."""
        if self.frame is None:
            self.frame = routed(self.port, self.packet)
        return self.frame

    def matches(self, data):
        """Is it what came out?"""
        want = self.wanted()
        if want[12:14] != b"\x08\0" or len(data) != len(want) or data[23] != want[23]:
            return data == want
        source = data[26:30] == want[26:30] or ".".join(map(str, data[26:30])) in self.sources
        return (source and data[:18] == want[:18] and data[20:24] == want[20:24] and
                data[30:] == want[30:] and (not is_atomic(want) or data[18:20] == want[18:20]) and
                checksum(data[14:14 + 4 * (data[14] & 15)]) == 0)

    def why_not(self, data):
        """What is wrong with a packet that came out."""
        return f"want {told(self.wanted())}\n      got  {told(data)}"

    def likeness(self, data):
        """How many octets are right."""
        return sum(a == b for a, b in zip(self.wanted(), data))

    def take(self, data):
        """It is this."""
        if self.datagram is not None:
            self.datagram.append(data[18:20])

    def tell(self):
        """For whoever reads of a failure."""
        return f"{self.packet.summary()} by {self.port}"


@dataclass(eq=False)
class Error:
    """An ICMP error of the NAT itself about a packet, to its sender."""

    port: str
    about: Packet
    kind: tuple                 # type and code
    after: object = 0
    mtu: int = None
    needed: bool = True

    def matches(self, data):
        """Is it what came out?"""
        return data[23] == 1 and not self.why_not(data)

    def why_not(self, data):
        """What is wrong with a packet that came out."""
        packet, about = Ether(data), bytes(self.about)
        if ICMP not in packet or (packet[ICMP].type, packet[ICMP].code) != self.kind:
            return f"want an error {self.kind}\n      got  {told(data)}"
        quote = data[14 + packet[IP].ihl * 4 + 8:]
        wrong = [word for word, bad in (
            ("checksums", not right(data)), ("MAC", (packet.src, packet.dst) != MACS[self.port]),
            ("destination", packet[IP].dst != IP(about).src),
            ("quote", len(quote) < 28 or quote != about[:len(quote)]),
            ("length", packet[IP].len > 576 or packet[IP].len != len(data) - 14),
            ("MTU", self.mtu is not None and packet[ICMP].nexthopmtu != self.mtu),
        ) if bad]
        return f"{told(data)}: {', '.join(wrong)}" if wrong else ""

    def likeness(self, data):
        """It is an error, or not."""
        return data[23] == 1

    def take(self, data):
        """It is this."""

    def tell(self):
        """For whoever reads of a failure."""
        return f"error {self.kind} about {self.about.summary()} by {self.port}"


def told(data):
    """A frame in a line."""
    return f"{Ether(data).summary()} {data[14:94].hex()}"


# ---- rows ----

@dataclass(eq=False)
class Row:
    """A packet that comes by a port, and what is to become of it."""

    port: str
    make: object                # function: (packet, [what is to come out])
    want: object = PASS         # PASS, a drop's reason, several of them, or None: whatever
    learns: object = None       # the mapping whose external address and port this tells
    time_ns: int = 0
    fate: str = ""
    data: bytes = b""
    outs: list = field(default_factory=list)
    wrong: list = field(default_factory=list)
    is_made: bool = False       # for good: of nothing that is learnt

    def prepare(self):
        """Make the packet; not if it needs a port that is unknown."""
        self.fate, self.wrong = "", []
        if self.is_made:
            return True
        asked = Mapping.asked
        try:
            packet, self.outs = self.make()
        except Unlearnt:
            self.data, self.outs = b"", []
            return False
        self.data = packet if isinstance(packet, bytes) else frame(self.port, packet)
        self.is_made = Mapping.asked == asked
        return True

    def is_right(self):
        """Did it become of it?"""
        return not self.wrong and self.data and (
            self.want is None or self.fate == self.want or
            (isinstance(self.want, tuple) and self.fate in self.want))

    def tell(self):
        """Lines for whoever reads of a failure."""
        summary = Ether(self.data).summary() if self.data else "never came"
        lines = [f"{self.time_ns / 10**9:.6f} s {self.port}: {summary}: "
                 f"want {self.want}, got {self.fate}"]
        return "\n    ".join(lines + self.wrong)


def row(port, packet, want=PASS, outs=(), learns=None):
    """A packet that comes by a port, and what is to come out: Seen and Error."""
    return Row(port, lambda: (packet, list(outs)), want, learns)


def lan(packet, want=PASS, outs=()):
    """By the port lan; as it is by wan, if that is all."""
    return row("lan", packet, want, outs)


def wan(packet, want=PASS, outs=()):
    """By the port wan."""
    return row("wan", packet, want, outs)


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


def steps(begin, *rows):
    """Rows ten milliseconds after each other: what one does is done before the next comes."""
    return [at(Decimal(str(begin)) + Decimal(n) / 100, one) for n, one in enumerate(flat(rows))]


# ---- mappings ----

TAGS = itertools.count(1)


def tag():
    """Data that no other packet has."""
    return b"data %07d" % next(TAGS)


class Mapping:
    """An inside address and port of a protocol (or identifier, of ICMP), and the external ones."""

    asked = 0   # how often anybody wanted to know what has to be learnt

    def __init__(self, net, proto, host, port, external=None, learn=False):
        self.net, self.proto = net, proto
        self.inside = (net.host(host), port)
        self.external = None if learn else external or (net.external, port)
        self.learn = learn
        self.port = "lan"   # where the host is

    def ext(self):
        """External address and port."""
        Mapping.asked += self.learn
        if self.external is None:
            raise Unlearnt
        return self.external

    def server(self, server, port):
        """Address and port of a server."""
        port = MUST[self.proto] if port is None else port
        return (self.net.server(server) if isinstance(server, int) else server, port)

    def packet(self, src, dst, data, fields):
        """A packet of this protocol."""
        return packet_of(self.proto, src, dst, data, **fields)

    def sent(self, server=1, port=None, data=b"", **fields):
        """What the host sends: the packet as it is inside."""
        return self.packet(self.inside, self.server(server, port), data, fields)

    def seen(self, server=1, port=None, data=b"", **fields):
        """The same as it is outside."""
        return self.packet(self.ext(), self.server(server, port), data, fields)

    def answer(self, server=1, port=None, data=b"", inside=False, **fields):
        """What a server sends, as it is outside, or inside."""
        if self.proto == "icmp":
            fields = {"type": 0, **fields}
        return self.packet(self.server(server, port), self.inside if inside else self.ext(), data,
                           fields)

    def out(self, want=PASS, server=1, port=None, data=None, outs=None, **fields):
        """A row: from the host to a server."""
        data = tag() if data is None else data

        def make():
            sent = self.sent(server, port, data, **fields)
            if outs is not None or want != PASS:
                return sent, list(outs or ())
            try:
                return sent, [Seen("wan", self.seen(server, port, data, **fields))]
            except Unlearnt:
                return sent, []
        return Row(self.port, make, want, self if self.learn and want == PASS else None)

    def back(self, want=PASS, server=1, port=None, data=None, outs=None, **fields):
        """A row: from a server to the host."""
        data = tag() if data is None else data

        def make():
            sent = self.answer(server, port, data, **fields)
            if outs is not None or want != PASS:
                return sent, list(outs or ())
            return sent, [Seen(self.port,
                               self.answer(server, port, data, inside=True, **fields))]
        return Row("wan", make, want)

    def to(self, other, want=PASS, data=None, **fields):
        """A row: to another mapping's external address; it comes there as if from outside."""
        data = tag() if data is None else data

        def make():
            sent = self.packet(self.inside, other.ext(), data, fields)
            if want != PASS:
                return sent, []
            return sent, [Seen(other.port, self.packet(self.ext(), other.inside, data, fields))]
        return Row(self.port, make, want)

    def refused(self, want, kind, **options):
        """A row: from the host to a server, and an error of the NAT for it."""
        data = tag()
        about = self.sent(options.pop("server", 1), options.pop("port", None), data, **options)
        return row(self.port, about, want, [Error(self.port, about, kind)])


class Tcp:
    """A TCP connection of a mapping; c() and s() are rows of segments of its client and server."""

    def __init__(self, mapping, server=1, port=80, isns=(1000, 900_000)):
        self.mapping, self.end = mapping, {"server": server, "port": port}
        self.next = list(isns)

    def segment(self, side, flags, data, over):
        """Its fields, with right numbers unless others are given."""
        fields = {"flags": flags, "seq": self.next[side],
                  "ack": self.next[1 - side] if "A" in flags else 0, **over}
        if "seq" not in over:
            octets = len(data) + ("S" in flags) + ("F" in flags)
            self.next[side] = (self.next[side] + octets) % 2**32
        return {"data": data, **self.end, **fields}

    def c(self, flags, data=b"", want=PASS, **over):   # pylint: disable=invalid-name
        """Of the client."""
        return self.mapping.out(want, **self.segment(0, flags, data, over))

    def s(self, flags, data=b"", want=PASS, **over):   # pylint: disable=invalid-name
        """Of the server."""
        return self.mapping.back(want, **self.segment(1, flags, data, over))

    def open(self):
        """The handshake."""
        return [self.c("S"), self.s("SA"), self.c("A")]

    def close(self):
        """FIN and its acknowledgement, from both."""
        return [self.c("FA"), self.s("A"), self.s("FA"), self.c("A")]


class Net:
    """Addresses of a scene."""

    def __init__(self, number):
        self.number = number
        self.external = f"203.0.113.{number}"

    def host(self, host=1):
        """Inside."""
        return host if isinstance(host, str) else f"10.{self.number}.{host >> 8}.{host & 255}"

    def server(self, server=1):
        """Outside."""
        return f"198.18.{self.number}.{server}"

    def owns(self, address):
        """Is it one of these?"""
        return address == self.external or any(address.startswith(head) for head in (
            f"10.{self.number}.", f"198.18.{self.number}.", f"198.19.{self.number}."))

    def map(self, proto, port, host=1, **more):
        """A mapping: the external port is the same, unless it is another or to be learnt."""
        return Mapping(self, proto, host, port, **more)

    def tcp(self, port=4000, host=1, server=1, dport=80, **more):
        """A connection."""
        return Tcp(self.map("tcp", port, host), server, dport, **more)


# ---- replays ----

@dataclass
class Sent:
    """A packet that was sent."""

    time_ns: int   # since the scenes began
    port: str
    data: bytes

    @property
    def packet(self):
        """For who wants to take a closer look."""
        return Ether(self.data)

    def tell(self):
        """For whoever reads of a failure."""
        return f"{self.time_ns / 10**9} {self.port}: {told(self.data)}"


@dataclass
class Play:
    """A replay's result; rows have their fates."""

    rows: list
    made: list    # what was sent and nobody asked for
    sent: list    # all that was sent


def neighbours(ports):
    """Each gateway asks for the NAT, which makes it known, and answers: now it is sure."""
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
                yield from at(tenth / 10 - READY_S, row(port, packet, None))


def reminders(ports, until_ns):
    """Of gateways now and then, for their answers hold for half an hour at least."""
    for seconds in range(1500, until_ns // 10**9, 1500):
        for port in ports:
            own, host = MACS[port]
            for op in (1, 2):
                yield from at(f"{seconds}.37{op}", row(port, Ether(src=host, dst=own) / ARP(
                    op=op, hwsrc=host, psrc=GATEWAY[port][0], hwdst=own, pdst=OWN[port][0]), None))


def run(text, packets, options):
    """The program in a replay: what vnfkit_replay does, without looking into packets."""
    with tempfile.TemporaryDirectory(prefix="vnfkit-nat-") as name:
        folder = Path(name)
        (folder / "nat.conf").write_text(text, encoding="utf-8")
        plan = tool.ask_plan(NAT, folder / "nat.conf")
        outcome = tool.run_replay(plan, tool.write_inputs(plan, packets, folder),
                                  tool.options_of(**options))
    tool.check(outcome, 0)
    return outcome


def play_one(config, rows, way, options):
    """One replay, of rows in the order of their numbers: fates, and what was sent."""
    workers, burst = way
    begin_ns = START_NS + READY_S * 10**9
    packets = {port: [(Decimal(begin_ns + r.time_ns) / 10**9, r.data)
                      for r in rows if r.port == port] for port in config.ports}
    outcome = run(config.text(workers), packets, {"burst": burst, **options})
    last = {event["number"]: event for event in outcome.events()}
    fates = [last[n]["reason"] if last[n]["verdict"] == "drop" else PASS
             for n in range(1, len(rows) + 1)]
    sent = [Sent(frame.time_ns - begin_ns, port, frame.data)
            for port, data in outcome.records.items()
            for frame in tool.capture.parse(data).frames]
    return fates, sent


def octets(sent, grain_ns):
    """What was sent, when and where."""
    for one in sent:
        yield one.time_ns // grain_ns * grain_ns, one.port, one.data


def is_atomic(data):
    """Is a frame of IPv4 no fragment, nor ever may be one?"""
    return data[20] & 0x40 and not data[20] & 0x3f and not data[21]


def is_of_link(data):
    """ARP and Neighbour Discovery."""
    return data[12:14] == b"\x08\x06" or data[12:14] == b"\x86\xdd" and data[54] in range(133, 138)


def match(rows, sent):
    """Find what is to come out for each row; what nobody asked for."""
    left = {}
    for one in sent:
        left.setdefault(one.port, []).append(one)
    times = {port: [one.time_ns for one in some] for port, some in left.items()}
    taken = set()
    wanted = [(one, out) for needed in (True, False) for one in rows for out in one.outs
              if out.needed == needed]
    for one, out in wanted:
        after = out.after if isinstance(out.after, tuple) else (out.after, out.after)
        first, last = (one.time_ns + int(Decimal(str(s)) * 10**9) for s in after)
        some = times.get(out.port, ())
        near = [item for item in left.get(out.port, ())[
            bisect_left(some, first):bisect_right(some, last)] if id(item) not in taken]
        item = next((item for item in near if out.matches(item.data)), None)
        if item is not None:
            taken.add(id(item))
            out.take(item.data)
        elif out.needed:
            one.wrong.append(f"did not come out: {out.tell()}")
            one.wrong += [out.why_not(item.data) for item in sorted(
                near, key=lambda item, out=out: -out.likeness(item.data))[:1]]
    return [one for one in sent if id(one) not in taken]


def inside_of(data):
    """Address and port (or identifier) that an IPv4 packet comes from, and its data."""
    at_l4 = 14 + 4 * (data[14] & 15)
    proto = data[23]
    at_port, at_data = {1: (4, 8), 6: (0, 4 * (data[at_l4 + 12] >> 4) if proto == 6 else 0),
                        17: (0, 8)}[proto]
    port = int.from_bytes(data[at_l4 + at_port:at_l4 + at_port + 2], "big")
    return (".".join(map(str, data[26:30])), port), data[at_l4 + at_data:]


def learn(rows, sent):
    """Learn external addresses and ports; has anything changed?"""
    before = {one.learns: one.learns.external for one in rows if one.learns is not None}
    pending = {}
    for mapping in before:
        mapping.external = None
    for one in rows:
        if one.learns is not None:
            pending[one.time_ns, inside_of(one.data)[1]] = one.learns
    for one in sent if pending else ():
        if one.port == "wan" and one.data[12:14] == b"\x08\0" and one.data[23] in (1, 6, 17):
            end, data = inside_of(one.data)
            mapping = pending.get((one.time_ns, data))
            if mapping is not None and mapping.external is None:
                mapping.external = end
    return any(mapping.external != old for mapping, old in before.items())


def play(config, rows, ways=WAYS, until="+10s", **options):
    """Replay rows in the ways, which must give the same."""
    rows = list(flat(rows))
    last_ns = max(one.time_ns for one in rows)
    order = sorted([*neighbours(config.ports), *reminders(config.ports, last_ns), *rows],
                   key=lambda one: (one.time_ns, config.ports.index(one.port)))
    options["until"] = until
    for _ in range(5):
        ready = [one for one in order if one.prepare()]
        fates, sent = play_one(config, ready, ways[0], options)
        if not learn(ready, sent):
            break
    for one, fate in zip(ready, fates):
        one.fate = fate
    for way in ways[1:]:
        other_fates, other_sent = play_one(config, ready, way, options)
        differ = [(one.tell(), a, b) for one, a, b in zip(ready, fates, other_fates) if a != b]
        assert not differ, (way, differ[:3])
        one, other = (Counter(octets(some, config.grain_ns)) for some in (sent, other_sent))
        lacks, has = ([f"{time / 10**9} {port}: {told(data)}" for time, port, data in more]
                      for more in (one - other, other - one))
        assert not lacks and not has, (way, lacks[:3], has[:3])
    made = [one for one in match(ready, sent) if one.time_ns >= 0 and not is_of_link(one.data)]
    return Play(rows, made, sent)


def check_fates(rows):
    """All became what they should."""
    wrong = [one.tell() for one in rows if not one.is_right()]
    assert not wrong, f"{len(wrong)} of {len(rows)}\n" + "\n".join(wrong[:12])


def check(config, rows, ways=WAYS, **options):
    """Replay rows, which must become what they should, and nothing else come out; the Play."""
    result = play(config, rows, ways, **options)
    check_fates(result.rows)
    assert not result.made, [one.tell() for one in result.made]
    return result


# ---- scenes ----

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
        assert len(self.scenes) <= SCENES
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
        return {number: (rows, then, [one for one in made if is_about(one.packet, net)])
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
            made = then(made) or []
        assert not made, [one.tell() if isinstance(one, Sent) else one for one in made]


def is_about(packet, net):
    """Is a packet of a scene?"""
    return IP in packet and (net.owns(packet[IP].src) or net.owns(packet[IP].dst))


def scene(config):
    """
    Make a test of a function that says what happens: it gets a Net and returns rows, or rows and a
    function that looks at what came out unasked, and returns what of that is wrong. With
    VNFKIT_ALONE=1 each has a replay of its own.
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
