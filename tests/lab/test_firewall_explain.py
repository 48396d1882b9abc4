# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# `vnfkit ctl explain` against the firewall itself: what it says of a packet in words, and what then
# becomes of that packet as a frame.

"""What would become of a packet, and what does."""

from dataclasses import dataclass

import lab
import pytest
from lab.firewall import NOISE
from lab.raw import RawRouted, RawTransparent, is_ip
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NS, IPv6,
                                IPv6ExtHdrFragment)
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw

RULES = [
    {"name": "web", "from": ["lan"], "to": ["wan"], "proto": ["tcp"], "dport": ["80", "443"],
     "action": "accept"},
    {"name": "limited", "proto": ["udp"], "dport": ["5000"], "rate": 1, "action": "accept"},
    {"name": "denied", "proto": ["udp"], "dport": ["70"], "action": "drop"},
    {"name": "refused", "proto": ["tcp", "udp", "icmp", "icmpv6"], "src":
     ["10.97.0.66", "2001:db8:97::66"], "action": "reject"},
    {"name": "no-parts", "proto": ["udp"], "dport": ["60"], "fragment": "yes", "action": "drop"},
    {"name": "tagged", "vlan": ["7"], "proto": ["udp"], "dport": ["61"], "action": "accept"},
    {"name": "udp", "from": ["lan"], "proto": ["udp"], "dport": ["60", "53", "68"], "vlan":
     ["untagged"], "action": "accept"},
    {"name": "ping", "from": ["lan"], "proto": ["icmp"], "icmp": ["echo-request"],
     "action": "accept"},
    {"name": "ping6", "from": ["lan"], "proto": ["icmpv6"], "icmp": ["echo-request"],
     "action": "accept"},
    {"name": "odd", "from": ["lan"], "proto": ["gre", "253"], "action": "accept"},
    {"name": "groups", "from": ["lan"], "dst": ["224.0.0.0/4", "ff00::/8"], "action": "accept"},
]
SYN, SYN_ACK, ACK = "syn", "syn,ack", "ack"


@dataclass
class Packet:
    """A packet as words and as a frame."""

    words: str          # what follows the addresses
    l4: object
    src: str = ""       # "" is the mode's client or server
    dst: str = ""
    sport: int = 0
    dport: int = 0
    back: bool = False
    vlan: int = 0
    first: bool = False
    port: str = ""


def tcp(flags, dport=80, sport=1000, seq=0, ack=0, **more):
    """A segment."""
    scapy = "".join({"syn": "S", "ack": "A", "fin": "F", "rst": "R", "psh": "P",
                     "urg": "U"}[flag] for flag in flags.split(",") if flag)
    return Packet(f"tcp {flags}", TCP(sport=sport, dport=dport, flags=scapy, seq=seq, ack=ack),
                  sport=sport, dport=dport, **more)


def udp(dport, sport=1000, **more):
    """A datagram."""
    return Packet("udp", UDP(sport=sport, dport=dport) / Raw(b"x" * 24), sport=sport, dport=dport,
                  **more)


def echo(family, ident=7, reply=False, **more):
    """An echo or its reply."""
    v4, v6 = (0, ICMPv6EchoReply) if reply else (8, ICMPv6EchoRequest)
    l4 = ICMP(type=v4, id=ident) if family == 4 else v6(id=ident)
    name = "icmp" if family == 4 else "icmpv6"
    return Packet(f"{name} {'echo-reply' if reply else 'echo-request'} id={ident}", l4, **more)


def handshake(n=3, sport=1000):
    """So many segments of a connection's beginning."""
    return [tcp(SYN, sport=sport, seq=100),
            tcp(SYN_ACK, sport=80, dport=sport, seq=9000, ack=101, back=True),
            tcp(ACK, sport=sport, seq=101, ack=9001)][:n]


def cases(family):
    """{name: (packets before, the packet)}; None stands for what a mode has not."""
    other = "192.0.2.77" if family == 4 else "2001:db8:77::1"
    return {
        "begins": ([], tcp(SYN)),
        "begins-by-number": ([], Packet("6", TCP(sport=5, dport=443, flags="S"), sport=5,
                                        dport=443)),
        "syn-again": (handshake(1), tcp(SYN, seq=100)),
        "syn-ack": (handshake(1), handshake(2)[1]),
        "syn-ack-again": (handshake(2), handshake(2)[1]),
        "syn-ack-alone": ([], tcp(SYN_ACK)),
        "ack-alone": ([], tcp(ACK)),
        "established": (handshake(), tcp("psh,ack", seq=101, ack=9001)),
        "established-back": (handshake(), tcp(ACK, sport=80, dport=1000, seq=9001, ack=101,
                                              back=True)),
        "fin": (handshake(), tcp("fin,ack", seq=101, ack=9001)),
        "rst": (handshake(), tcp("rst,ack", seq=101, ack=9001)),
        "rst-of-syn": (handshake(1), tcp("rst,ack", sport=80, dport=1000, ack=101, back=True)),
        "after-rst": ([*handshake(), tcp("rst,ack", seq=101, ack=9001)],
                      tcp(ACK, seq=101, ack=9001)),
        "anew-after-rst": ([*handshake(), tcp("rst,ack", seq=101, ack=9001)],
                           tcp(SYN, seq=700000000)),
        "data-before-answer": (handshake(1), tcp("psh,ack", seq=101, ack=1)),
        "flags-none-such": ([], tcp("syn,fin")),
        "flags-in-session": (handshake(), tcp("syn,rst", seq=101)),
        "default": ([], tcp(SYN, dport=22)),
        "wrong-way": ([], tcp(SYN, back=True)),
        "dropped": ([], udp(70)),
        "rejected-udp": ([], udp(53, src="66")),
        "rejected-tcp": ([], tcp(SYN, dport=22, src="66")),
        "rejected-ping": ([], echo(family, src="66")),
        "udp": ([], udp(53)),
        "udp-again": ([udp(53)], udp(53)),
        "udp-answer": ([udp(53)], udp(1000, sport=53, back=True)),
        "udp-no-answer": ([], udp(1000, sport=53, back=True)),
        "rate-left": ([], udp(5000)),
        "rate-used": ([udp(5000, sport=n) for n in range(1, 3)], udp(5000)),
        "fragment": ([], udp(60, first=True)),
        "fragment-whole": ([], udp(60)),
        "fragment-passes": ([], udp(53, first=True)),
        "fragment-of-session": ([udp(53)], udp(1000, sport=53, back=True, first=True)),
        "ping": ([], echo(family)),
        "pong": ([echo(family)], echo(family, reply=True, back=True)),
        "pong-of-another": ([echo(family)], echo(family, 8, reply=True, back=True)),
        "pong-alone": ([], echo(family, reply=True)),
        "gre": ([], Packet("gre", Raw(b"\0" * 32))),
        "by-number": ([], Packet("253", Raw(b"\0" * 32))),
        "no-such": ([], Packet("252", Raw(b"\0" * 32))),
        "land": ([], udp(53, src="1", dst="1")),
        "martian": ([], udp(53, src="127.0.0.1" if family == 4 else "::1")),
        "martian-to": ([], udp(53, dst="0.1.2.3" if family == 4 else "::ffff:1.2.3.4")),
        "another-source": ([], udp(53, src=other)),
        "no-route": ([], udp(53, dst="203.0.113.9" if family == 4 else "2001:db8:99::9")),
    }


WIRE_ONLY = {
    "vlan": ([], udp(61, vlan=7)),
    "vlan-other": ([], udp(61, vlan=8)),
    "vlan-session": ([udp(61, vlan=7)], udp(1000, sport=61, vlan=7, back=True)),
    "vlan-not-its": ([udp(61, vlan=7)], udp(1000, sport=61, vlan=8, back=True)),
    "wrong-end": ([udp(53)], udp(53, port="wan")),
    "group": ([], udp(53, dst="239.1.2.3")),
    "broadcast": ([], udp(68, sport=67, dst="255.255.255.255")),
    "dhcp": ([], udp(67, sport=68, src="0.0.0.0", dst="255.255.255.255")),
    "no-wire": ([], udp(53, port="spare")),
    "rejected-group": ([], udp(53, src="66", dst="239.1.2.3")),
}
WIRE_ONLY_6 = {
    "group": ([], udp(53, dst="ff05::7")),
    "neighbour": ([], Packet("icmpv6 neighbour-solicitation", ICMPv6ND_NS(tgt="fe80::9"),
                             src="fe80::1", dst="ff02::1:ff00:9")),
}
ROUTED_ONLY = {
    "self-ping": ([], echo(4, dst="self")),
    "self-udp": ([], udp(53, dst="self")),
    "self-denied": ([], udp(99, dst="self")),
    "self-tcp": ([], tcp(SYN, dst="self")),
    "group": ([], udp(53, dst="239.1.2.3")),
    "broadcast": ([], udp(53, dst="10.0.2.255")),
    "spoofed": ([], udp(53, src="10.0.2.9")),
}


class Mode:
    """Addresses, ports and frames of a mode; each case has a client and ports of its own."""

    def __init__(self, net, routed):
        self.net = net
        self.routed = routed
        self.ports = ("left", "right") if routed else ("lan", "wan")
        self.macs = {}
        self.number = 100

    def start(self):
        """Once the program runs."""
        rows = self.net.ask("ports")
        self.macs = {row["name"]: row["mac"] for row in rows}

    def ends(self, packet, family):
        """Addresses of source and destination."""
        prefix = ("10.97.0.", "10.98.0.") if family == 4 else ("2001:db8:97::", "2001:db8:98::")
        client, server = f"{prefix[0]}{self.number}", f"{prefix[1]}{self.number}"
        own = "10.0.1.1" if family == 4 else "2001:db8:1::1"
        src, dst = (server, client) if packet.back else (client, server)

        def named(name, usual):
            if name == "self":
                return own
            if name.isdigit():
                return prefix[0] + name
            return name or usual
        return named(packet.src, src), named(packet.dst, dst)

    def port(self, packet):
        """Where it comes in."""
        return packet.port or self.ports[1 if packet.back else 0]

    def frame(self, packet, family):
        """The frame, and octets that it is known by."""
        src, dst = self.ends(packet, family)
        port = self.port(packet)
        head = IP(src=src, dst=dst, id=7) if family == 4 else IPv6(src=src, dst=dst)
        hlim = 255 if isinstance(packet.l4, ICMPv6ND_NS) else 64
        if family == 6:
            head.hlim = hlim
        if isinstance(packet.l4, Raw):
            setattr(head, "proto" if family == 4 else "nh",
                    47 if packet.words == "gre" else int(packet.words))
        whole = type(head)(bytes(head / packet.l4))   # with its checksums
        l4 = bytes(whole.payload)
        if packet.first and family == 4:
            whole = IP(bytes(IP(src=src, dst=dst, id=7, flags="MF", proto=whole.proto) / Raw(l4)))
        elif packet.first:
            whole = IPv6(bytes(IPv6(src=src, dst=dst) / IPv6ExtHdrFragment(m=1, id=7, nh=whole.nh) /
                               Raw(l4)))
        group = dst.startswith(("239.", "255.", "ff"))
        mac = "ff:ff:ff:ff:ff:ff" if dst.startswith("255.") else "01:00:5e:01:02:03" if (
            dst.startswith("239.")) else "33:33:00:00:00:07" if group else self.macs[port]
        ether = Ether(src="02:99:00:00:00:77", dst=mac)
        if packet.vlan:
            ether = ether / Dot1Q(vlan=packet.vlan)
        return port, bytes(ether / whole), l4

    def words(self, packet, family):
        """The same for `explain`."""
        def end(address, port):
            if not packet.sport:
                return address
            return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        src, dst = self.ends(packet, family)
        vlan = f"vlan={packet.vlan} " if packet.vlan else ""
        return (f"{self.port(packet)} {vlan}{end(src, packet.sport)} > {end(dst, packet.dport)} "
                f"{packet.words}{' fragment' if packet.first else ''}")


def still(net):
    """All that explain must not change: sessions, counts of rules, packets, slots."""
    sessions = [{key: value for key, value in row.items() if key != "idle_s"}
                for row in net.sessions()]
    rules = {name: row["packets"] for name, row in net.rules().items()}
    slots = [row["packets"] for row in net.ask("steering")]
    return sorted(sessions, key=str), rules, slots, net.ask("ledger"), net.ask("session-tables")


def compare(mode, family, before, packet):
    """What is said, and what is done."""
    net, port = mode.net, mode.port(packet)
    mode.number = mode.number + 1 if mode.number < 250 else 101
    for one in before:
        net.fate(*mode.frame(one, family), noise=NOISE)
    state = None if mode.routed else still(net)
    said = net.ask("explain", **{"in": mode.words(packet, family)})
    assert mode.routed or still(net) == state
    own = said.get("out") == "self"
    fate, back = net.fate(*mode.frame(packet, family), noise=NOISE - {said.get("reason")}, own=own)
    assert fate == (said["out"] if said["result"] == "accept" else said["reason"]), said
    if said["result"] == "reject" and not said["answer"].startswith("none"):
        lab.until(lambda: back or net.frames(port), 10, f"an answer: {said}")
    elif not own and said.get("reason") not in ("no_route", "no_service"):
        assert not [one for one in back if is_ip(one)], said
    return said, fate


@pytest.fixture(name="wire", scope="module", params=(1, 2))
def fixture_wire(caps, request):
    """In the wire, by so many workers."""
    if caps.why_no_tap:
        raise lab.LabUnavailable(caps.why_no_tap)
    with lab.Run() as run:
        net = RawTransparent(run, RULES, workers=request.param, spare=True).start()
        mode = Mode(net, False)
        mode.start()
        yield mode
        assert not lab.ledger_faults("firewall", net.vnf.ledger())


def refilled(mode, family, packet):
    """Another test may just have had what the rule of this packet accepts in a second."""
    words = {"in": mode.words(packet, family)}
    lab.until(lambda: mode.net.ask("explain", **words)["rate"].startswith("1 of 1"), 10,
              "a second in which nothing of the rule begins")


def play(mode, family, table):
    """All of a table: {name: (what was said, what was done)}."""
    done, wrong = {}, []
    for name, (before, packet) in table.items():
        if name == "rate-left":
            refilled(mode, family, packet)
        try:
            done[name] = compare(mode, family, before, packet)
        except (AssertionError, lab.LabError) as error:
            wrong.append(f"{name}: {error}")
    assert not wrong, "\n".join(wrong)
    return done


@pytest.mark.parametrize("family", (4, 6))
def test_in_the_wire(wire, family):
    """All of the table; what is said is what happens."""
    done = play(wire, family, {**cases(family), **(WIRE_ONLY if family == 4 else WIRE_ONLY_6)})
    fates = {fate for _, fate in done.values()}
    assert fates >= {"lan", "wan", "policy", "rejected", "rate", "no_session", "tcp_state",
                     "tcp_flags", "land", "martian"}
    said = {name: said for name, (said, _) in done.items()}
    assert said["begins"]["session"] == "none, it would begin one"
    assert said["established"]["session"] == "established"
    assert said["established"]["if"].startswith("its numbers")
    assert said["established"]["session_rule"] == said["established"]["rule"] == "web"
    assert said["anew-after-rst"]["session_ends"].startswith("by this packet")
    assert said["rate-used"]["rate"] == "0 of 1 new sessions a second are left"
    assert said["rate-left"]["rate"].startswith("1 of 1")
    assert said["rejected-tcp"]["answer"] == "TCP reset"
    assert said["begins"]["place"].startswith(wire.net.vnf.config_path + ":")
    assert (said["begins"]["from"], said["begins"]["to"], said["begins"]["number"]) == (
        "lan", "wan", 1)


@pytest.fixture(name="router", scope="module")
def fixture_router(caps):
    """As a router."""
    with lab.Run() as run:
        net = RawRouted(run, caps, RULES).start()
        mode = Mode(net, True)
        mode.start()
        yield mode


@pytest.mark.parametrize("family", (4, 6))
def test_as_a_router(router, family):
    """The same; and what is for the router itself."""
    done = play(router, family, {**cases(family), **(ROUTED_ONLY if family == 4 else {})})
    fates = {name: fate for name, (_, fate) in done.items()}
    assert fates["another-source"] == "spoofed" and fates["no-route"] == "no_route"
    assert done["begins"][0]["out"] == "right"
    if family == 4:
        assert done["self-ping"][0]["to"] == "self"
        assert fates["self-udp"] == "no_service"


def test_says_why_not(wire):
    """Why a rule that is named does not match."""
    def differs(rule, words="10.97.0.9:1 > 10.98.0.9:80 tcp"):
        return wire.net.ask("explain", **{"in": "lan", "packet": words, "rule": rule})["differs"]

    assert [differs("web"), differs("denied"), differs("refused"), differs("tagged")] == [
        "-", "protocol", "source", "VLAN"]
    assert differs("web", "10.97.0.9:1 > 10.98.0.9:81 tcp") == "destination port"


def test_session_that_a_reload_ends(wire):
    """Also when its rule is gone already, and it only has not ended yet."""
    net = wire.net
    net.fate(*wire.frame(udp(53, src="99"), 4), noise=NOISE)
    words = "lan 10.97.0.99:1000 > " + wire.ends(udp(53), 4)[1] + ":53 udp"
    said = net.ask("explain", **{"in": words})
    assert (said["session"], said["session_rule"], said["decided_by"]) == ("new", "udp",
                                                                           "its session")
    assert 0 <= said["session_idle_s"] <= 10 and 100 < said["session_lives_s"] <= 120
    net.vnf.reload(rules=[rule for rule in RULES if rule["name"] != "udp"])
    lab.until(lambda: net.ask("explain", **{"in": words})["session"] == "none", 10,
              "the session to end")
    assert net.ask("explain", **{"in": words})["reason"] == "policy"
    net.vnf.reload(rules=RULES)


@pytest.mark.parametrize("words, text", [
    (["in=lan 10.0.0.5:1 > 10.0.0.6:80 tcp syn"], "result"),
    (["in=lan", "10.0.0.5:1 > 10.0.0.6:80 tcp syn"], "result"),
    (["lan 10.0.0.5:1 > 10.0.0.6:80 tcp syn", "rule=web"], "differs"),
    (["in=lan", "vlan=7", "10.0.0.5:1 > 10.0.0.6:80 tcp"], "result"),
    (["in=lna 10.0.0.5:1 > 10.0.0.6:80 tcp"], 'in=lna: no port is named so; "ports" lists them'),
    (["in=lan 10.0.0.5 > 10.0.0.6:80 tcp"], 'word 2, "10.0.0.5": this protocol has ports'),
    (["in=lan 10.0.0.5:1 > 10.0.0.6:80 tcp", "rule=x"], 'there is no rule "x"'),
])
def test_command_line(wire, words, text):
    """As people write it."""
    code, output = wire.net.ctl("explain", *words)
    assert text in output
    assert code == (0 if text in ("result", "differs") else 1)
