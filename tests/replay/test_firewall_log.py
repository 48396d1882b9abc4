# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The log of vnf-firewall: which lines are written of sessions and of drops, word by word, as the
# clock of a replay is exact. Sessions that a reload ends are in tests/lab.

"""Lines of the log."""

import json
from dataclasses import replace

import pytest
from fw import GATEWAY, OWN, READY_S, Net, at, check, ip, lan, routed, transparent, wan
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether

ALL = 'log = { sessions = "all"; drops = "all"; };'
DROPS = 'log = { sessions = "off"; drops = "all"; };'
OUT = 'name = "out"; from = [ "lan" ]; action = "accept";'
ONE = ((1, 32),)
BOTH = ((1, 32), (2, 1))
MODES = {"transparent": transparent, "routed": routed}
MARK = ("time", "event", "why", "reason")


def time_of(seconds, config=None):
    """As lines have it: so long after the first packet of a scene."""
    ms = round((seconds + (READY_S if config and config.ready else 0)) * 1000)
    minutes, ms = divmod(ms + 20_000, 60_000)
    hours, minutes = divmod(minutes + 13, 60)
    return f"2023-11-14T{hours + 22:02}:{minutes:02}:{ms // 1000:02}.{ms % 1000:03}000000Z"


def logged(config, rows, tmp_path, ways=BOTH, journal="", **options):
    """What a replay of rows writes, which is the same in all ways; of scenes, not of neighbours."""
    path, told = tmp_path / "log.jsonl", []
    file = replace(config, text=lambda workers: config.text(workers) +
                   f'journal = {{ file = "{path}"; {journal} }};')
    for way in ways:
        path.unlink(missing_ok=True)
        check(file, rows, (way,), **options)
        told.append(path.read_text(encoding="utf-8").splitlines())
    assert all(lines == told[0] for lines in told[1:])
    return [json.loads(line) for line in told[0]]


def briefly(lines, *names):
    """Of each line the members of these names."""
    return [tuple(line.get(name) for name in names) for line in lines]


def ends(net, family, way=0, **more):
    """Addresses and names of a session of the client's; 1: of a packet back."""
    at_ends = [(net.client(family), "lan"), (net.server(family), "wan")]
    (src, here), (dst, there) = at_ends[::-1] if way else at_ends
    return {"from": here, "to": there, "in": here, "src": src, "dst": dst, **more}


# ---- sessions ----

@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("mode", MODES)
def test_tcp(mode, family, tmp_path):
    """From the handshake to the end of time_wait."""
    net = Net(1)
    tcp = net.tcp(family)
    config = MODES[mode](OUT, more=ALL)
    lines = logged(config, at(0, tcp.open()) + at(1, tcp.close()), tmp_path, until="+10m")
    same = ends(net, family, proto="tcp", src_port=4000, dst_port=80, rule="out")
    assert lines == [
        {"time": time_of(0, config), "event": "session-begin", **same},
        {"time": time_of(241, config).replace("000000Z", "002000Z"), "event": "session-end", **same,
         "why": "closed", "state": "time_wait", "duration_ms": 241_000, "idle_ms": 240_000}]


@pytest.mark.parametrize("family", (4, 6))
def test_from_the_other_side(family, tmp_path):
    """Who began it is the source, whichever address is the greater one."""
    net = Net(1)
    rows = at(0, net.back(UDP(sport=7, dport=8), family=family))
    rows += at(1, net.out(UDP(sport=8, dport=7), family=family))
    lines = logged(transparent('action = "accept";', more=ALL), rows, tmp_path, ONE, until="+10m")
    same = ends(net, family, 1, proto="udp", src_port=7, dst_port=8, rule=1)
    assert lines == [
        {"time": time_of(0), "event": "session-begin", **same},
        {"time": time_of(301), "event": "session-end", **same, "why": "expired",
         "state": "answered", "duration_ms": 301_000, "idle_ms": 300_000}]


def test_words(tmp_path):
    """The line as it is written: who it is comes first, what became of it last."""
    net = Net(1)
    config = transparent(OUT, more=ALL)
    logged(config, at(0, net.out(UDP(sport=1000, dport=53))), tmp_path, ONE, until="+3m")
    assert (tmp_path / "log.jsonl").read_text(encoding="utf-8") == (
        '{"time":"2023-11-14T22:13:20.000000000Z","event":"session-begin","from":"lan","to":"wan",'
        '"in":"lan","proto":"udp","src":"10.1.0.1","src_port":1000,"dst":"198.51.1.1",'
        '"dst_port":53,"rule":"out"}\n'
        '{"time":"2023-11-14T22:15:20.000000000Z","event":"session-end","from":"lan","to":"wan",'
        '"in":"lan","proto":"udp","src":"10.1.0.1","src_port":1000,"dst":"198.51.1.1",'
        '"dst_port":53,"rule":"out","why":"expired","state":"new","duration_ms":120000,'
        '"idle_ms":120000}\n')


def test_ends(tmp_path):
    """Each end has its word, and the session the state that it was in."""
    net = Net(1)
    reset, anew, silent, half = (net.tcp(ports=(port, 80)) for port in (1, 2, 3, 4))
    again = net.tcp(ports=(2, 80), isns=(500_000, 1_000_000))
    rows = at(0, reset.open(), anew.open(), silent.open(), half.c("S"))
    rows += at(1, reset.c("R"), anew.close()) + at(5, again.open()) + at(6, again.s("RA"))
    lines = logged(transparent(OUT, more=ALL), rows, tmp_path, until="+3h")
    assert briefly(lines, "event", "src_port", "why", "state", "duration_ms", "idle_ms")[4:] == [
        ("session-end", 2, "replaced", "time_wait", 5000, 3999),
        ("session-begin", 2, None, None, None, None),
        ("session-end", 1, "reset", "reset", 11_000, 10_000),
        ("session-end", 2, "reset", "reset", 11_000, 10_000),
        ("session-end", 4, "expired", "syn_sent", 240_000, 240_000),
        ("session-end", 3, "expired", "established", 7_440_000, 7_440_000)]


def test_eviction(tmp_path):
    """What makes room says so, before what it makes room for."""
    net = Net(1)
    rows = [at(n, net.out(UDP(sport=1 + n, dport=53))) for n in range(5)]
    lines = logged(transparent(OUT, more=ALL + 'sessions = 4; steering = { slots = 1; };'), rows,
                   tmp_path)
    assert briefly(lines, "event", "src_port", "why", "state", "duration_ms")[4:] == [
        ("session-end", 1, "evicted", "new", 4000), ("session-begin", 5, None, None, None)]


@pytest.mark.parametrize("mode", MODES)
def test_pings(mode, tmp_path):
    """Of ICMP with what it asks and the number of the asker; begun from the wan, too."""
    net = Net(1)
    rows = at(0, net.out(ICMP(id=77)), net.back(ICMP(id=78)), net.out(ICMPv6EchoRequest(id=79),
              family=6)) + at(1, net.back(ICMP(type=0, id=77)), net.out(ICMP(type=0, id=78)),
                              net.back(ICMPv6EchoReply(id=79), family=6))
    lines = logged(MODES[mode]('action = "accept";', more=ALL), rows, tmp_path, until="+3m")
    want = [ends(net, 4, proto="icmp", icmp_type=8, icmp_id=77, rule=1),
            ends(net, 4, 1, proto="icmp", icmp_type=8, icmp_id=78, rule=1),
            ends(net, 6, proto="icmpv6", icmp_type=128, icmp_id=79, rule=1)]
    want = [{"event": "session-begin", **one} for one in want] + [
        {"event": "session-end", **one, "why": "expired", "state": "answered", "idle_ms": 60_000,
         "duration_ms": 61_000} for one in want]
    lines = [line for line in lines if line.get("src") not in sum(GATEWAY.values(), ())]
    assert [{k: v for k, v in line.items() if k != "time"} for line in lines] == want


def test_protocols_and_tags(tmp_path):
    """Numbers where there is no name, no ports where there are none; one and two tags, or none."""
    net = Net(1)
    eth = Ether(src="02:00:00:00:00:99", dst="02:00:00:00:00:98")
    inside = ip(net.client(), net.server()) / UDP(sport=1, dport=2)
    rows = at(0, net.out(b"\0\0\x08\0" + b"x" * 20, proto=47), net.out(b"x" * 20, proto=253),
              lan(inside, vlan=20), lan(eth / Dot1AD(vlan=30) / Dot1Q(vlan=31) / inside),
              lan(eth / Dot1Q(vlan=0) / inside))
    lines = logged(transparent('vlan = [ "30" ]; action = "accept";', OUT, more=ALL), rows,
                   tmp_path, until="+10m")
    names = ("proto", "src_port", "dst_port", "vlan", "inner_vlan", "rule")
    want = [("gre", None, None, None, None, "out"), (253, None, None, None, None, "out"),
            ("udp", 1, 2, 20, None, "out"), ("udp", 1, 2, 30, 31, 1),
            ("udp", 1, 2, None, None, "out")]
    assert briefly(lines[:5], *names) == want
    assert sorted(map(str, briefly(lines[5:], *names))) == sorted(map(str, want))


def test_what_rules_ask_for(tmp_path):
    """By default only sessions and drops of rules that say so."""
    net = Net(1)
    rules = ('name = "a"; dport = [ "1" ]; proto = [ "udp" ]; action = "accept"; log = true;',
             'name = "b"; dport = [ "2" ]; proto = [ "udp" ]; action = "accept";',
             'name = "c"; dport = [ "3" ]; proto = [ "udp" ]; action = "drop"; log = true;',
             'name = "d"; dport = [ "4" ]; proto = [ "udp" ]; action = "drop";',
             'name = "e"; dport = [ "5" ]; proto = [ "udp" ]; action = "reject"; log = true;',
             'name = "f"; dport = [ "6" ]; proto = [ "udp" ]; action = "accept"; log = true; '
             'rate = 1;')
    rows = at(0, [net.out(UDP(sport=9, dport=port), want) for port, want in (
        (1, "pass"), (2, "pass"), (3, "policy"), (4, "policy"), (5, "rejected"), (6, "pass"),
        (7, "policy"))], net.out(UDP(sport=10, dport=6), "rate"),
        net.out(UDP(sport=9, dport=1), "land", src=net.server()),
        net.tcp().c("A", want="no_session"))
    begin = [("session-begin", "a", None), ("session-begin", "f", None)]
    end = [("session-end", "a", None), ("session-end", "f", None)]
    drops = [("drop", "c", "policy"), ("drop", "e", "rejected"), ("drop", "f", "rate")]
    rest = [("drop", "default", "policy")]

    def told(more, ways=ONE):
        lines = logged(transparent(*rules, more=more), rows, tmp_path, ways, until="+5m")
        return sorted(briefly(lines, "event", "rule", "reason"), key=str)
    assert told("", BOTH) == sorted(begin + end + drops, key=str)
    assert told("log = { default = true; };") == sorted(begin + end + drops + rest, key=str)
    assert told('log = { sessions = "off"; default = true; };') == sorted(drops + rest, key=str)
    assert told('log = { drops = "off"; default = true; };') == sorted(begin + end, key=str)
    assert told('log = { drops = "off"; sessions = "off"; };') == []
    assert told('log = { drops = "off"; sessions = "all"; };') == sorted(
        begin + end + [("session-begin", "b", None), ("session-end", "b", None)], key=str)
    assert told(DROPS) == sorted(drops + rest + [
        ("drop", "d", "policy"), ("drop", None, "land"), ("drop", None, "no_session")], key=str)


# ---- drops ----

@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("mode", MODES)
def test_refused(mode, family, tmp_path):
    """What a rule or the default refuses, with its flags and its length."""
    net = Net(1)
    config = MODES[mode](OUT, default="reject", more='log = { default = true; };')
    ping = ICMP(id=5) if family == 4 else ICMPv6EchoRequest(id=5)
    syn = TCP(sport=7, dport=8, flags="SEC")
    rows = at(0, net.back(syn, "rejected", family), net.back(ping, "rejected", family))
    head, icmp, kind = (14 + 20, "icmp", 8) if family == 4 else (14 + 40, "icmpv6", 128)
    both = {"time": time_of(0, config), "event": "drop"}
    refused = {"rule": "default", "reason": "rejected"}
    assert logged(config, rows, tmp_path) == [
        {**both, **ends(net, family, 1, proto="tcp", src_port=7, dst_port=8), **refused,
         "tcp_flags": "syn,ece,cwr", "length": head + 20},
        {**both, **ends(net, family, 1, proto=icmp, icmp_type=kind, icmp_code=0, icmp_id=5),
         **refused, "length": head + 8}]


def test_reasons(tmp_path):
    """Whatever the reason, of packets with and without a session."""
    net = Net(1)
    tcp = net.tcp()
    rows = at(0, tcp.open()) + at(
        1, tcp.c("PA", b"x", want="tcp_window", seq=5_000_000), tcp.c("SF", want="tcp_flags"),
        net.tcp(host=2).s("SA", want="no_session"), net.out(UDP(sport=1), "martian",
                                                            src="127.0.0.1"),
        net.out(ICMP(type=3, code=1) / IP(src=net.server(), dst=net.client(host=9)) / UDP(),
                "no_session"), net.back(ICMP(type=0, id=9), "no_session"),
        net.back(ICMP(type=13, code=3), "policy"))
    lines = logged(transparent(OUT, more=DROPS), rows, tmp_path)
    assert briefly(lines, "reason", "in", "from", "to", "rule", "proto", "src_port", "tcp_flags",
                   "icmp_type", "icmp_code", "icmp_id") == [
        ("tcp_window", "lan", "lan", "wan", None, "tcp", 4000, "psh,ack", None, None, None),
        ("tcp_flags", "lan", "lan", "wan", None, "tcp", 4000, "fin,syn", None, None, None),
        ("no_session", "wan", "wan", "lan", None, "tcp", 80, "syn,ack", None, None, None),
        ("martian", "lan", "lan", "wan", None, "udp", 1, None, None, None, None),
        ("no_session", "lan", "lan", "wan", None, "icmp", None, None, 3, 1, None),
        ("no_session", "wan", "wan", "lan", None, "icmp", None, None, 0, 0, 9),
        ("policy", "wan", "wan", "lan", "default", "icmp", None, None, 13, 3, 0)]


def test_malformed(tmp_path):
    """Of what is no IP packet nobody knows more than where it came in; no zones without a wire."""
    net = Net(1)
    eth = Ether(src="02:00:00:00:00:99", dst="02:00:00:00:00:98")
    short = eth / IP(src=net.client(), dst=net.server(), len=2000) / (b"x" * 30)
    rows = at(0, lan(eth / Dot1Q(vlan=5, type=0x88cc) / (b"x" * 46), "ether_type"),
              lan(Ether(bytes(short)), "ipv4_length"), net.out(UDP(sport=3), "checksum"))
    rows[-1].data = rows[-1].data[:-1] + bytes([rows[-1].data[-1] ^ 1])
    spare = at(0, lan(ip(net.client(), net.server()) / UDP(sport=1, dport=2), "no_wire"))
    for one in spare:
        one.port = "net"
    lines = logged(transparent(OUT, more=DROPS + "checksums = true;", ports=("lan", "wan", "net")),
                   [*rows, *spare], tmp_path)
    now = {"time": time_of(0), "event": "drop"}
    assert lines == [
        {**now, "in": "lan", "vlan": 5, "ether_type": "0x88cc", "reason": "ether_type",
         "length": 64},
        {**now, "in": "lan", "reason": "ipv4_length", "length": len(bytes(short))},
        {**now, **ends(net, 4, proto="udp", src_port=3, dst_port=53), "reason": "checksum",
         "length": 42},
        {**now, "in": "net", "proto": "udp", "src": net.client(), "src_port": 1,
         "dst": net.server(), "dst_port": 2, "reason": "no_wire", "length": 42}]


def test_fragments(tmp_path):
    """Each of them that is dropped is a line, and the first one knows which rule it was."""
    net = Net(1)
    pieces = fragment(IP(src=net.server(), dst=net.client(), id=1) / UDP(sport=1, dport=2) /
                      (b"x" * 2000), 1000)
    rows = [at(n / 10, wan(pieces[piece], "policy")) for n, piece in enumerate((1, 0, 2))]
    lines = logged(transparent(OUT, more=DROPS), rows, tmp_path)
    assert briefly(lines, "reason", "rule", "proto", "src_port", "length") == [
        ("policy", "default", "udp", 1, 34 + 1000), ("policy", None, "udp", None, 34 + 1000),
        ("policy", None, "udp", None, 34 + 8)]


def test_router_itself(tmp_path):
    """The zone of its own addresses; an interface's name is not always its port's; a VLAN's."""
    net = Net(1)
    config = routed('name = "me"; to = [ "self" ]; proto = [ "icmp" ]; action = "accept"; '
                    'log = true;', more="log = { default = true; };")
    config.text = (lambda text: lambda workers: text(workers).replace(
        'port = "wan"; dad', 'port = "wan"; name = "uplink"; dad').replace(
        'ip = { interfaces = (', 'ip = { interfaces = ( { port = "lan"; vlan = 20; dad = false; '
        'addresses = [ "10.250.0.1/24" ]; },').replace(
        'interfaces = [ "wan" ]', 'interfaces = [ "uplink" ]'))(config.text)
    rows = at(0, lan(ip(net.client(), OWN["lan"][0]) / ICMP(id=3), None),
              wan(ip(net.server(), OWN["wan"][0]) / UDP(sport=1, dport=2), "policy"),
              net.back(UDP(sport=1, dport=2), "policy"))
    rows += at(1, lan(ip("10.250.0.2", "10.250.0.1") / ICMP(id=4), None, vlan=20))
    lines = logged(config, rows, tmp_path, until="+2m")
    assert briefly(lines, "event", "from", "to", "in", "vlan", "dst") == [
        ("session-begin", "lan", "self", "lan", None, OWN["lan"][0]),
        ("drop", "wan", "self", "uplink", None, OWN["wan"][0]),
        ("drop", "wan", "lan", "uplink", None, net.client()),
        ("session-begin", None, "self", "lan.20", 20, "10.250.0.1"),
        ("session-end", "lan", "self", "lan", None, OWN["lan"][0]),
        ("session-end", None, "self", "lan.20", 20, "10.250.0.1")]


def test_of_the_node(tmp_path):
    """What the IP node drops by itself is not the firewall's to log."""
    net = Net(1)
    cut = Ether(lan(IP(src=net.client(), dst=net.server(), len=2000) / (b"x" * 30)).data)
    rows = at(0, net.out(UDP(sport=1, dport=2), None, ttl=1), net.out(UDP(sport=3, dport=4)),
              lan(cut, "ipv4_length"), net.back(UDP(sport=5, dport=6), "policy"))
    lines = logged(routed(OUT, more=DROPS), rows, tmp_path)
    assert briefly([line for line in lines if line.get("src") in (net.client(), net.server())],
                   "src_port", "reason") == [(5, "policy")]
    assert all("src" in line for line in lines)


def test_too_many(tmp_path):
    """Beyond the rate of the journal lines are counted."""
    net = Net(1)
    rows = at(0, [net.out(UDP(sport=port, dport=1), "policy") for port in range(1, 31)])
    lines = logged(transparent(more=DROPS), rows, tmp_path, ONE, "rate = 10;", until="+3s")
    assert len(lines) == 11
    assert briefly(lines[:10], "event", "src_port") == [("drop", n) for n in range(1, 11)]
    assert briefly(lines[10:], "event", "count", "by") == [("lost", 20, "rate")]
