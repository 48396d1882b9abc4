# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What vnf-nat tells of itself: commands and metrics beside the traffic that there was, and `explain`
# beside what then becomes of the packet.
#
#     client - "left", inside - vnf-nat - outside, "right" - server
#
# Frames are of networks behind client and server, where nobody answers.

"""The NAT's commands, against live traffic."""

import contextlib
import http.client
from dataclasses import dataclass

import lab
import pytest
from lab.raw import Fates
from lab.router import Router
from lab.transfer import Connection, tcp_socket, udp_socket
from openmetrics import Page
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

NOISE = {"for_itself", "multicast", "tx_full", "steer_full"}
PUBLIC, FEW, MANY, PAIR = "203.0.113.1", "203.0.113.9", "203.0.113.64/28", "203.0.113.5"
KEYS = {
    "metrics": {"listen": "127.0.0.1:0"},
    "inside": ["left"], "outside": ["right"],
    "pools": [
        {"name": "public", "addresses": [PUBLIC], "ports": "1024-65535"},
        {"name": "few", "addresses": [FEW], "ports": "2000-2001", "parity": False},
        {"name": "many", "addresses": [MANY]},
        {"name": "own", "addresses": ["interface right"], "ports": "5000-5999"},
    ],
    "rules": [
        {"name": "vpn", "dst": ["10.98.200.0/24"], "action": "none"},
        {"name": "few", "src": ["10.97.2.0/24"], "action": "translate", "pool": "few"},
        {"name": "many", "src": ["10.97.3.0/24"], "action": "translate", "pool": "many"},
        {"name": "own", "src": ["10.97.4.0/24"], "action": "translate", "pool": "own"},
        {"src": ["10.97.0.0/16", "10.0.1.0/24"], "action": "translate", "pool": "public"},
    ],
    "static": [{"inside": "10.97.1.5", "outside": PAIR}],
    "forwards": [{"name": "web", "proto": ["tcp"], "outside": PUBLIC, "port": "8080-8081",
                  "inside": "10.97.0.250", "inside_port": 80}],
    "limits": {"ports": 4, "sessions": 6},
    "timeouts": {"icmp": "60s"},
    "sessions": 4000, "hosts": 1000, "quarantine": "0s",
}


class Nat(Router, Fates):
    """The NAT between two taps."""

    def __init__(self, run, caps, **keys):
        routes = [{"prefix": "10.97.0.0/16", "via": "10.0.1.2"},
                  {"prefix": "10.98.0.0/16", "via": "10.0.2.2"}]
        super().__init__(run, caps, taps=True, program="nat", ip={"routes": routes}, **{
            "interface_keys": {side: {"dad": False} for side in ("left", "right")},
            **KEYS, **keys})
        for host in self.hosts:
            host.sysctl("ipv6/conf/default/accept_dad", 0)
        self.macs = {}

    def start(self, ready=True):
        """Bring it up; neighbours are known."""
        super().start(ready)
        for host in self.hosts:
            host.sysctl("ipv4/ip_forward", 0)
            lab.ping(host.at(4), host.router(4), count=1, allow_loss=True)
        self.macs = {row["name"]: row["mac"] for row in self.ask("ports")}
        self.listen({host.side: (host.netns, "eth0") for host in self.hosts})
        return self

    drops = Fates.drops

    def explain(self, words):
        """What is said of a packet."""
        return self.ask("explain", **{"in": words})

    def still(self):
        """All that explain must not change."""
        def rows(request, *without):
            return sorted((str({k: v for k, v in row.items() if k not in without})
                           for row in self.ask(request)))
        return (rows("mappings", "age_s"), rows("sessions", "idle_s", "expires_s"),
                [row["packets"] for row in self.ask("steering")], self.ask("pools"),
                self.ask("hosts"), self.ask("session-tables"),
                {reason: n for reason, n in self.drops().items() if reason not in NOISE})


# ---- packets ----

@dataclass
class Packet:
    """A packet as words and as a frame. Ends may have {n}, the number of the case."""

    proto: str
    src: str
    dst: str
    sport: int = 0
    dport: int = 0
    flags: str = "syn"
    kind: int = 8
    port: str = "left"


def udp(dst="10.98.0.{n}", sport=0, dport=53, src="10.97.0.{n}", **more):
    """From inside; the usual source port is that of the case."""
    return Packet("udp", src, dst, sport, dport, **more)


def tcp(flags="syn", sport=0, dport=80, src="10.97.0.{n}", dst="10.98.0.{n}", **more):
    """Likewise."""
    return Packet("tcp", src, dst, sport, dport, flags, **more)


def ping(src="10.97.0.{n}", dst="10.98.0.{n}", kind=8, **more):
    """A query; its identifier is the case's."""
    return Packet("icmp", src, dst, kind=kind, **more)


def back(packet, external=PUBLIC, **changes):
    """The answer, from outside."""
    same = {"proto": packet.proto, "src": packet.dst, "dst": external, "sport": packet.dport,
            "dport": packet.sport, "flags": packet.flags, "kind": 0, "port": "right"}
    return Packet(**{**same, **changes})


NAMES = {8: "echo", 0: "echo-reply", 13: "timestamp", 14: "timestamp-reply"}
SYN_ACK = {"flags": "syn,ack"}
CASES = {
    "begins": ([], tcp()),
    "udp": ([], udp()),
    "ping": ([], ping()),
    "timestamp": ([], ping(kind=13)),
    "udp-again": ([udp()], udp()),
    "udp-other-port": ([udp()], udp(dport=54)),
    "udp-answer": ([udp()], back(udp())),
    "udp-other-port-back": ([udp()], back(udp(), sport=99)),
    "udp-other-host-back": ([udp()], back(udp(), src="10.98.7.7")),
    "ping-answer": ([ping()], back(ping())),
    "ping-answer-of-another": ([ping()], back(ping(), src="10.98.7.7")),
    "ping-alone": ([], back(ping())),
    "ping-to-public": ([], back(ping(), kind=8)),
    "opening": ([tcp()], tcp()),
    "syn-ack": ([tcp()], back(tcp(), **SYN_ACK)),
    "established": ([tcp(), back(tcp(), **SYN_ACK)], tcp("ack")),
    "fin": ([tcp(), back(tcp(), **SYN_ACK)], tcp("fin,ack")),
    "reset": ([tcp(), back(tcp(), **SYN_ACK), tcp("rst")], tcp("ack")),
    "picked-up": ([], tcp("ack")),
    "rst-alone": ([], tcp("rst")),
    "ack-back-alone": ([], back(tcp(), flags="ack")),
    "ack-back-of-mapping": ([tcp()], back(tcp(), flags="ack", sport=81)),
    "syn-back-of-mapping": ([tcp()], back(tcp(), sport=81)),
    "udp-back-alone": ([], back(udp())),
    "other-port": ([udp(src="10.97.0.251", sport=7777)], udp(sport=7777)),
    "low-port": ([], udp(sport=100)),
    "not-translated": ([], tcp(dst="10.98.200.{n}")),
    "not-translated-gre": ([], Packet("47", "10.97.0.{n}", "10.98.200.{n}")),
    "not-translated-back": ([], tcp(src="10.98.200.{n}", dst="10.97.0.{n}", port="right")),
    "untranslated": ([], tcp(src="10.98.0.{n}", dst="10.97.0.{n}", port="right")),
    "no-rule": ([], udp(src="192.0.2.{n}")),
    "gre": ([], Packet("47", "10.97.0.{n}", "10.98.0.{n}")),
    "gre-back": ([], Packet("47", "10.98.0.{n}", PUBLIC, port="right")),
    "static": ([], tcp(src="10.97.1.5")),
    "static-gre": ([], Packet("47", "10.97.1.5", "10.98.0.{n}")),
    "static-back": ([], tcp(src="10.98.0.{n}", dst=PAIR, port="right")),
    "forward": ([], tcp(src="10.98.0.{n}", dst=PUBLIC, dport=8081, port="right")),
    "forward-answer": ([tcp(src="10.98.0.{n}", dst=PUBLIC, sport=4, dport=8080, port="right")],
                       tcp("syn,ack", src="10.97.0.250", sport=80, dport=4)),
    "forward-begins": ([], tcp(src="10.97.0.250", sport=81)),
    "spoofed": ([], udp(src=FEW, dst=PUBLIC, port="right")),
    "no-route": ([], udp(dst="192.0.2.9")),
    "limit-ports": ([udp(sport=4000 + 2 * n) for n in range(4)], udp(sport=5000)),
    "limit-ports-of-udp": ([udp(sport=4000 + 2 * n) for n in range(4)], tcp(sport=5000)),
    "limit-sessions": ([udp(sport=4100, dport=n) for n in range(1, 7)], udp(sport=4100, dport=8)),
    "few": ([], udp(src="10.97.2.1", sport=2001)),
    "few-other": ([udp(src="10.97.2.1", sport=2001)], udp(src="10.97.2.2", sport=2001)),
    "exhausted": ([udp(src="10.97.2.1", sport=2001), udp(src="10.97.2.2", sport=2001)],
                  udp(src="10.97.2.3", sport=7)),
    "many": ([], udp(src="10.97.3.{n}")),
    "many-paired": ([udp(src="10.97.3.{n}", sport=4200)], udp(src="10.97.3.{n}", sport=4202)),
    "own": ([], udp(src="10.97.4.{n}", sport=5500)),
    "own-answer": ([udp(src="10.97.4.{n}", sport=5502)],
                   back(udp(sport=5502), "10.0.2.1")),
    "own-port": ([], udp(src="10.98.0.{n}", dst="10.0.2.1", dport=5999, port="right")),
    "own-ping": ([], ping(src="10.98.0.{n}", dst="10.0.2.1", port="right")),
    "own-from-inside": ([], ping(dst="10.0.2.1")),
    "inside-address": ([], ping(dst="10.0.1.1")),
    "hairpin-forward": ([], tcp(dst=PUBLIC, dport=8080)),
    "hairpin-mapping": ([udp(src="10.97.0.252", sport=6000, dst=PUBLIC, dport=6998)],
                        udp(dst=PUBLIC, dport=6000)),
    "hairpin-filtered": ([udp(src="10.97.0.253", sport=6002, dst="10.98.0.9")],
                         udp(dst=PUBLIC, dport=6002)),
    "hairpin-static": ([], tcp(dst=PAIR)),
    "hairpin-nobody": ([], udp(dst=PUBLIC, dport=6999)),
    "hairpin-ping": ([], ping(dst=PUBLIC)),
}
HELD = {
    "held": ([], back(tcp())),
    "held-filtered": ([tcp(sport=4300)], back(tcp(sport=4300), src="10.98.7.7")),
}


class Table:
    """Plays cases: each has hosts and a port of its own."""

    def __init__(self, net):
        self.net = net
        self.number = 0

    def port(self, port, packet):
        """Ports of 0 are the case's."""
        return port or 10_000 + 2 * self.number + (packet.proto == "icmp")

    def ends(self, packet):
        """Addresses and ports."""
        src, dst = packet.src.format(n=self.number), packet.dst.format(n=self.number)
        return (src, self.port(packet.sport, packet)), (dst, self.port(packet.dport, packet))

    def frame(self, packet):
        """The frame, and octets that it is known by."""
        src, dst = self.ends(packet)
        marker = b"case %010d" % self.number + packet.port.encode()
        head = IP(src=src[0], dst=dst[0], id=7)
        if packet.proto == "udp":
            l4 = UDP(sport=src[1], dport=dst[1])
        elif packet.proto == "tcp":
            flags = "".join(flag[0].upper() for flag in packet.flags.split(","))
            l4 = TCP(sport=src[1], dport=dst[1], flags=flags)
        elif packet.proto == "icmp":
            l4 = ICMP(type=packet.kind, id=src[1])
        else:
            head.proto = int(packet.proto)
            l4 = Raw(b"\0" * 8)
        return packet.port, bytes(Ether(src="02:99:00:00:00:77", dst=self.net.macs[packet.port]) /
                                  head / l4 / Raw(marker)), marker

    def words(self, packet):
        """The same for `explain`."""
        src, dst = self.ends(packet)
        if packet.proto in ("udp", "tcp"):
            ends = f"{src[0]}:{src[1]} > {dst[0]}:{dst[1]}"
        else:
            ends = f"{src[0]} > {dst[0]}"
        more = {"tcp": packet.flags, "icmp": f"{NAMES[packet.kind]} id={src[1]}"}
        return f"{packet.port} {ends} {packet.proto} {more.get(packet.proto, '')}"

    def ask(self, before, packet):
        """What is said, which has no effect."""
        self.number += 1
        for one in before:
            port, frame, marker = self.frame(one)
            fate, _ = self.net.fate(port, frame, marker, noise=NOISE)
            assert fate in ("left", "right") or one.dport == 6998, (fate, one)
        still = self.net.still()
        said = self.net.explain(self.words(packet))
        assert self.net.still() == still
        return said

    def compare(self, before, packet):
        """What is said, and what is done: the frame that came out, or the reason of its drop."""
        said = self.ask(before, packet)
        port, frame, marker = self.frame(packet)
        last = said.get("then", said)
        local = last["result"] == "local"
        came = self.out(port, frame, marker, said, NOISE - {last.get("reason")})
        if local:
            assert came == "self" or came in ("no_service", "for_itself"), (said, came)
        elif last["result"] in ("translate", "route"):
            assert isinstance(came, tuple), (said, came)
            self.check_ends(packet, said, *came)
        else:
            assert came == last["reason"], (said, came)
        return said

    def out(self, port, frame, marker, said, noise):
        """(port, packet) that came out, or "self", or a reason."""
        net = self.net
        for name in net.sockets:
            net.frames(name)
        before = net.drops()
        net.send(port, frame)
        local = said["result"] == "local"

        def fate():
            for name in net.sockets:
                for one in net.frames(name):
                    ip = Ether(one)
                    if IP not in ip or (ICMP in ip and ip[ICMP].type in (3, 11)):
                        continue
                    if local:
                        return "self"
                    if marker in one:
                        return name, ip[IP]
            return next(iter(sorted(set(net.drops() - before) - noise)), None)
        return lab.until(fate, 2, f"a fate: {said}", poll=0.002)

    def check_ends(self, packet, said, port, ip):
        """The packet that came out is what was said."""
        src, dst = self.ends(packet)
        l4 = ip.payload
        want = {"source": src, "destination": dst}
        got = {"source": (ip.src, getattr(l4, "sport", src[1])),
               "destination": (ip.dst, getattr(l4, "dport", dst[1]))}
        if packet.proto == "icmp":
            side = "source" if "source" in said else "destination"
            want["source"] = want["destination"] = src
            got["source"], got["destination"] = (ip.src, src[1]), (ip.dst, src[1])
            got[side] = (got[side][0], l4.id)
            want = {"source": src, "destination": (dst[0], src[1])}
        for answer in (said, said.get("then", {})):
            for key in set(answer) & {"source", "destination"}:
                want[key] = answer[key]
        for key, end in want.items():
            if isinstance(end, tuple):
                assert got[key] == end, (said, ip)
            elif end.endswith(", another port"):
                assert got[key][0] == end.split(",")[0], (said, ip)
                assert got[key][1] != src[1], (said, ip)
            elif end.startswith("one of the "):
                assert got[key][0].startswith("203.0.113."), (said, ip)
            elif ":" in end:
                assert "%s:%u" % got[key] == end, (said, ip)
            else:
                assert got[key][0] == end, (said, ip)
        assert said.get("out", port) == port

    def play(self, table):
        """{name: what was said}."""
        done, wrong = {}, []
        for name, (before, packet) in table.items():
            try:
                done[name] = self.compare(before, packet)
            except (AssertionError, lab.LabError) as error:
                wrong.append(f"{name}: {error}")
        assert not wrong, "\n".join(wrong)
        return done


@pytest.fixture(name="net", params=(1, 2))
def fixture_net(run, caps, request):
    """The NAT, by so many workers."""
    net = Nat(run, caps, workers=request.param).start()
    yield net
    net.stop()


def told(said, *keys):
    """Some members."""
    return tuple(said.get(key) for key in keys)


def test_explain(net):
    """What is said is what happens, to the octet, and saying it changes nothing."""
    said = Table(net).play(CASES)
    assert told(said["begins"], "result", "by", "session", "rule", "action", "pool", "out") == (
        "translate", "new mapping", "none, it would begin one", 5, "translate", "public", "right")
    assert said["begins"]["place"].startswith(net.vnf.config_path + ":")
    assert "name" not in said["begins"] and said["not-translated"]["name"] == "vpn"
    assert said["udp-again"]["by"] == "session" and "rule" not in said["udp-again"]
    assert told(said["udp-other-port"], "by", "mapping_sessions", "session") == (
        "mapping", 1, "none, it would begin one")
    assert said["udp-other-port-back"]["filtering"] == "address-dependent: let in"
    assert told(said["udp-other-host-back"], "result", "reason", "filtering") == (
        "drop", "filtered", "address-dependent: kept out")
    assert [said[name]["session"] for name in ("opening", "established", "reset")] == [
        "opening", "established", "reset"]
    assert 7400 < said["established"]["session_expires_s"] <= 7440
    assert said["other-port"]["source"] == f"{PUBLIC}, another port"
    assert said["low-port"]["source"] == f"{PUBLIC}, another port"
    assert told(said["not-translated"], "result", "by", "action") == ("route", "nothing", "none")
    assert told(said["not-translated-back"], "result", "name") == ("route", "vpn")
    assert told(said["no-rule"], "reason", "rule") == ("no_rule", "none matches")
    assert told(said["static"], "by", "source") == ("static pair", PAIR)
    assert told(said["forward"], "by", "forward", "destination") == (
        "forward", "web", "10.97.0.250:81")
    for name in ("limit-ports", "limit-sessions", "exhausted"):
        assert told(said[name], "result", "reason") == ("reject", name.replace("-", "_"))
        assert said[name]["answer"].startswith("ICMP 3/13")
    assert said["limit-ports-of-udp"]["result"] == "translate"
    assert said["many"]["source"] == "one of the 16 addresses of pool many"
    assert said["many-paired"]["source"].endswith(":4202")
    assert said["hairpin-forward"]["then"]["by"] == "forward"
    assert said["hairpin-filtered"]["then"]["reason"] == "filtered"
    assert said["hairpin-nobody"]["then"]["reason"] == "no_mapping"
    assert said["untranslated"]["reason"] == "untranslated"
    reasons = {one.get("then", one).get("reason") for one in said.values()}
    assert reasons >= {"no_rule", "no_mapping", "filtered", "protocol", "untranslated",
                       "exhausted", "limit_ports", "limit_sessions", "tcp_state", "icmp_type",
                       "martian", "no_route"}


def test_held(net):
    """A SYN that nobody asked for, for six seconds."""
    table = Table(net)
    for before, packet in HELD.values():
        said = table.ask(before, packet)
        assert told(said, "result", "reason", "held_s") == ("hold", "syn_unanswered", 6)
        port, frame, _ = table.frame(packet)
        drops = net.drops()
        net.send(port, frame)
        lab.until(lambda: page(net).get("vnf_nat_syns_held") == 1, 5, "the SYN to be held")
        assert not set(net.drops() - drops) - NOISE
        lab.until(lambda: net.drops()["syn_unanswered"] > drops["syn_unanswered"], 10, "its end")
        assert page(net).get("vnf_nat_syns_held") == 0
        assert any(ICMP in Ether(one) and Ether(one)[ICMP].type == 3 and Ether(one)[ICMP].code == 3
                   for one in net.frames(port))


@pytest.mark.parametrize("words, text", [
    (["left 10.97.0.5:1 > 10.98.0.6:80 tcp syn"], "new mapping"),
    (["left", "10.97.0.5:1>10.98.0.6:80 tcp"], "new mapping"),
    (["in=left", "packet=10.97.0.5 > 10.98.0.6 icmp"], "new mapping"),
    (["lft 10.97.0.5:1 > 10.98.0.6:80 tcp"], 'no interface is named "lft"'),
    (["left 10.97.0.5 > 10.98.0.6:80 tcp"], "TCP and UDP have ports"),
    (["left 10.97.0.5:1 > 10.98.0.6:80 gre"], "is no protocol"),
    (["left 10.97.0.5:1 > 10.98.0.6:80 tcp sin"], "flags of TCP are"),
    (["left 10.97.0.5 > 10.98.0.6 icmp unreachable"], "messages of ICMP are"),
    (["left 10.97.0.5:1 10.98.0.6:80 tcp"], "expected is INTERFACE"),
    (["left 10.97.0.300:1 > 10.98.0.6:80 tcp"], "is no IPv4 address"),
])
def test_explain_words(run, caps, words, text):
    """As people write it."""
    net = Nat(run, caps).start()
    code, output = net.ctl("explain", *words)
    assert text in output and code == (0 if text == "new mapping" else 1), output
    net.stop()


# ---- lists ----

def page(net):
    """The metrics page."""
    where = net.vnf.process.wait_log(r"metrics: http://(\S+):(\d+)/metrics").groups()
    connection = http.client.HTTPConnection(*where, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", "/metrics")
        return Page(connection.getresponse().read().decode())


def test_lists(net):
    """Real connections: what is listed is what sockets say, whatever is asked for."""
    client, server = net.client.at(4), net.server.at(4)
    with contextlib.ExitStack() as stack:
        ends = []
        for n in range(3):
            connection = stack.enter_context(Connection(client, server, 8000 + n))
            connection.talk()
            ends.append(connection.ends)
        s = stack.enter_context(udp_socket(client.netns, server.address))
        other = stack.enter_context(udp_socket(server.netns, server.address))
        other.bind((server.address, 9000))
        other.settimeout(5)
        s.bind((client.address, 0))
        s.sendto(b"x", (server.address, 9000))
        outside = other.recvfrom(10)[1]
        lab.ping(client, server, count=1)

        inside = {"%s:%u" % here.getsockname(): "%s:%u" % there.getpeername()
                  for here, there in ends}
        inside["%s:%u" % s.getsockname()] = "%s:%u" % outside
        rows = net.ask("mappings", kind="dynamic")
        found = {row["inside"]: row["external"] for row in rows if row["proto"] != "icmp"}
        assert found == inside
        assert all(row["sessions"] == 1 and row["of"] == "public" and 0 <= row["age_s"] < 30
                   for row in rows)
        assert sorted(row["proto"] for row in rows) == ["icmp", "tcp", "tcp", "tcp", "udp"]

        sessions = net.ask("sessions")
        assert len(sessions) == 5
        for row in sessions:
            if row["proto"] == "icmp":
                assert row["remote"] == server.address and row["expires_s"] <= 60
            else:
                assert inside[row["inside"]] == row["external"]
        assert {row["remote"] for row in sessions if row["proto"] == "tcp"} == {
            f"{server.address}:{8000 + n}" for n in range(3)}
        assert {row["state"] for row in net.ask("sessions", proto="tcp")} == {"established"}

        assert net.ask("hosts") == {"hosts": 1, "most": [
            {"inside": client.address, "external": PUBLIC, "sessions": 5, "tcp": 3, "udp": 1,
             "icmp": 1}]}
        pools = net.ask("pools")
        assert {row["pool"]: told(row, "addresses", "hosts", "tcp", "udp", "icmp")
                for row in pools["pools"]} == {
            "public": (1, 1, 3, 1, 1), "few": (1, 0, 0, 0, 0), "many": (16, 0, 0, 0, 0),
            "own": (1, 0, 0, 0, 0)}
        assert len(pools["addresses"]) == 19
        now = page(net)
        assert (now.get("vnf_nat_mappings"), now.get("vnf_nat_hosts")) == (5, 1)
        assert [now.get("vnf_nat_ports_used", pool="public", proto=proto)
                for proto in ("tcp", "udp", "icmp")] == [3, 1, 1]
        assert now.get("vnf_nat_ports_used", pool="many", proto="tcp") == 0
        assert now.get("vnf_nat_syns_held") == 0
    lab.until(lambda: {row["state"] for row in net.ask("sessions", proto="tcp")} == {"reset"}, 5,
              "the connections to be reset")


def fill(net):
    """Hosts with some sessions: {host: (udp ports, sessions)}."""
    table = Table(net)
    hosts = {"10.97.0.11": (1, 1), "10.97.0.12": (2, 6), "10.97.3.13": (3, 3), "10.97.3.14": (1, 2)}
    for host, (ports, sessions) in hosts.items():
        for n in range(sessions):
            packet = udp(src=host, sport=3000 + 2 * (n % ports), dport=500 + n, dst="10.98.0.1")
            fate, _ = net.fate(*table.frame(packet), noise=NOISE)
            assert fate == "right"
    fate, _ = net.fate(*table.frame(tcp(src="10.97.0.11", sport=3000)), noise=NOISE)
    assert fate == "right"
    return hosts


def test_filters(net):
    """Who asks for some gets these."""
    fill(net)

    def mappings(**filters):
        return sorted(f"{row['kind'][0]} {row['proto']} {row['inside']}"
                      for row in net.ask("mappings", **filters))

    def sessions(**filters):
        return len(net.ask("sessions", **filters))

    assert len(mappings()) == 8 + 2 and len(mappings(limit=3)) == 3
    assert mappings(kind="static") == ["s any 10.97.1.5"]
    assert mappings(kind="forward") == ["f tcp 10.97.0.250:80-81"]
    assert mappings(inside="10.97.0.11") == ["d tcp 10.97.0.11:3000", "d udp 10.97.0.11:3000"]
    assert len(mappings(inside="10.97.3.0/24")) == 4
    assert mappings(inside="10.97.0.12", port=3002) == ["d udp 10.97.0.12:3002"]
    assert len(mappings(external=PUBLIC)) == 4 + 1 == len(mappings(pool="public"))
    assert mappings(external=PAIR) == ["s any 10.97.1.5"]
    assert len(mappings(pool="many")) == 4 and not mappings(pool="own")
    assert mappings(proto="tcp", kind="dynamic") == ["d tcp 10.97.0.11:3000"]
    assert mappings(port=8081) == mappings(port=81) == ["f tcp 10.97.0.250:80-81"]
    assert not mappings(port=8082) and not mappings(proto="icmp", kind="dynamic")
    rows = {row["kind"]: row for row in net.ask("mappings")}
    assert told(rows["static"], "external", "sessions", "age_s") == (PAIR, None, None)
    assert rows["static"]["of"].startswith(net.vnf.config_path)
    assert told(rows["forward"], "external", "of") == (f"{PUBLIC}:8080-8081", "web")

    assert sessions() == 13 and sessions(limit=5) == 5
    assert sessions(inside="10.97.0.12") == 6 and sessions(remote="10.98.0.1") == 12
    assert sessions(external=MANY) == 5 and sessions(external=PUBLIC) == 8
    assert sessions(port=505) == 1 and sessions(port=3002) == 3 + 1
    assert sessions(proto="tcp") == sessions(state="opening") == 1 and sessions(proto="icmp") == 0
    asks = Table(net).frame(tcp(src="10.98.0.1", sport=900, dst=PUBLIC, dport=8081, port="right"))
    net.fate(*asks, noise=NOISE)
    assert told(*net.ask("sessions", state="asked"), "inside", "external") == (
        "10.97.0.250:81", f"{PUBLIC}:8081")
    for request, key, value, text in (
            ("sessions", "state", "open", "allowed are asked"),
            ("sessions", "inside", "10.0.0", "inside"), ("mappings", "pool", "x", "no pool"),
            ("mappings", "proto", "gre", "allowed are tcp")):
        with pytest.raises(lab.LabError, match=text):
            net.ask(request, **{key: value})


def test_hosts(net):
    """Those with the most come first."""
    fill(net)

    def most(**args):
        return [row["inside"].rsplit(".", 1)[1] for row in net.ask("hosts", **args)["most"]]

    assert most() == ["13", "12", "11", "14"] and most(by="sessions") == ["12", "13", "11", "14"]
    assert most(limit=2) == ["13", "12"] and net.ask("hosts", limit=2)["hosts"] == 4
    assert most(inside="10.97.3.0/24") == ["13", "14"]
    assert most(external=PUBLIC) == ["12", "11"]
    rows = {row["inside"]: row for row in net.ask("hosts")["most"]}
    assert told(rows["10.97.0.11"], "sessions", "tcp", "udp", "icmp") == (2, 1, 1, 0)
    pool = net.ask("pools", pool="many")
    assert [row["pool"] for row in pool["pools"]] == ["many"]
    assert told(pool["pools"][0], "hosts", "udp", "udp_percent") == (2, 4, 0)
    used = {row["external"]: row["udp"] for row in pool["addresses"] if row["hosts"]}
    assert used.keys() == {rows[f"10.97.3.{n}"]["external"] for n in (13, 14)}
    assert sum(used.values()) == 4
    assert net.ask("pools", external=PUBLIC)["addresses"][0]["tcp"] == 1


def test_percents(net):
    """Of the ports that a pool has."""
    table = Table(net)
    for host, percent in (("10.97.2.1", 50), ("10.97.2.2", 100)):
        fate, _ = net.fate(*table.frame(udp(src=host, sport=2000)), noise=NOISE)
        assert fate == "right"
        row, = net.ask("pools", pool="few")["addresses"]
        assert told(row, "external", "udp_percent", "tcp_percent") == (FEW, percent, 0)


def pools_of(now):
    """Pools that the page has."""
    return {dict(labels)["pool"] for name, labels in now.values if name == "vnf_nat_ports_used"}


def test_reload(net):
    """Pools of the policy in force; a mapping of one that is gone is not left."""
    fill(net)
    rules = [rule for rule in KEYS["rules"] if rule.get("name") != "many"]
    pools = [pool for pool in KEYS["pools"] if pool["name"] != "many"]
    net.vnf.reload(rules=rules, pools=pools)
    lab.until(lambda: len(net.ask("mappings", kind="dynamic")) == 4, 5, "mappings to end")
    assert [row["pool"] for row in net.ask("pools")["pools"]] == ["public", "few", "own"]
    lab.until(lambda: pools_of(page(net)), 5, "a worker to have taken the policy over")
    now = page(net)
    assert now.get("vnf_nat_ports_used", pool="public", proto="udp") == 3
    assert pools_of(now) == {"public", "few", "own"}
    net.vnf.reload(rules=KEYS["rules"], pools=KEYS["pools"])
    lab.until(lambda: "many" in pools_of(page(net)), 5, "the pool to be back")
    assert page(net).get("vnf_nat_ports_used", pool="many", proto="udp") == 0
