# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What `vnfkit ctl reload --dry-run` says that a reload would end, and what the reload then ends.
# Sessions are begun by frames of the test's own.

"""A dry run of vnf-firewall tells the truth, and leaves no trace."""

import lab
import pytest
from lab.raw import RawRouted, RawTransparent
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import Dot1Q, Ether

ACCEPT, DROP, REJECT = "accept", "drop", "reject"
OPEN = [{"name": "lan-out", "from": ["lan"], "to": ["wan"], "action": ACCEPT},
        {"name": "dmz-out", "from": ["dmz"], "to": ["wan"], "action": ACCEPT},
        {"name": "dmz-net", "from": ["dmz"], "to": ["net"], "action": ACCEPT}]
RULE = {rule["name"]: rule for rule in OPEN}


def zones(**members):
    """Of the configuration."""
    return [{"name": name, "ports": list(ports)} for name, ports in members.items()]


BASE = {"rules": OPEN, "default": DROP,
        "zones": zones(lan=["lan"], wan=["wan"], dmz=["dmz"], net=["net"])}
# What changes, and by which rule sessions end; None: none does.
CHANGES = {
    "nothing": ({}, None),
    "a-rule-before": ({"rules": [{"name": "dns", "dport": ["53"], "proto": ["udp"],
                                  "action": DROP}, *OPEN]}, "dns"),
    "a-reject": ({"rules": [{"src": ["10.0.1.0/25", "2001:db8:1::/64"], "action": REJECT}, *OPEN]},
                 "rule 1"),
    "a-rule-less": ({"rules": OPEN[1:]}, "default"),
    "a-vlan": ({"rules": [{"name": "tag", "vlan": ["7"], "action": DROP}, *OPEN]}, "tag"),
    "no-rules": ({"rules": None, "default": REJECT}, "default"),
    "a-zone-renamed": ({"zones": zones(inside=["lan"], wan=["wan"], dmz=["dmz"], net=["net"]),
                        "rules": [{**OPEN[0], "from": ["inside"]}, *OPEN[1:]]}, None),
    "a-port-moves": ({"zones": zones(lan=["dmz"], wan=["wan"], dmz=["lan"], net=["net"]),
                      "rules": [OPEN[0], OPEN[2]]}, "default"),
    "a-port-moves-to-what-may": ({"zones": zones(dmz=["lan", "dmz"], wan=["wan"], net=["net"]),
                                  "rules": OPEN[1:]}, None),
    "a-port-leaves": ({"zones": zones(lan=["lan"], wan=["wan"], dmz=["dmz"]),
                       "rules": OPEN[:2]}, "default"),
}


def datagrams(port, n):
    """Frames that begin sessions, by a port."""
    net = 1 if port == "lan" else 2
    for i in range(n):
        tag = Dot1Q(vlan=7) if i % 3 == 0 else None
        for head in (IP(src=f"10.0.{net}.{i + 1}", dst="192.0.2.9"),
                     IPv6(src=f"2001:db8:{net}::{i + 1:x}", dst="2001:db8:b::9")):
            echo = ICMP(id=i) if isinstance(head, IP) else ICMPv6EchoRequest(id=i)
            for payload in (UDP(sport=1000 + i, dport=53), UDP(sport=1000 + i, dport=7), echo,
                            TCP(sport=1000 + i, dport=80, flags="S", seq=i)):
                ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
                yield port, bytes(ether / tag / head / payload if tag else ether / head / payload)


def begin(net, frames):
    """Send them, and wait for the sessions."""
    frames = list(frames)
    before = len(net.sessions(limit=100000))
    for port, frame in frames:
        net.send(port, frame)
    lab.until(lambda: len(net.sessions(limit=100000)) == before + len(frames), 10,
              "the sessions to begin")


def told(row):
    """A session, by what it is."""
    return row["proto"], row["src"], row["dst"], row["vlan"], row["slot"]


def dry_run(net, **settings):
    """Its answer's part about sessions."""
    net.vnf.write(**settings)
    return net.ask("reload", **{"dry-run": True})["preview"]


def reloaded(net, expected):
    """What the reload ends: sessions that were there before and are not afterwards."""
    before = {told(row) for row in net.sessions(limit=100000)}
    net.vnf.reload()
    lab.until(lambda: len(net.sessions(limit=100000)) <= len(before) - expected, 10,
              "the reload to end sessions")
    lab.steady(lambda: len(net.sessions(limit=100000)), 10, "the sessions")
    return before - {told(row) for row in net.sessions(limit=100000)}


@pytest.fixture(name="net", scope="module", params=(1, 2))
def fixture_net(caps, request):
    """A firewall of so many workers."""
    if caps.why_no_tap:
        raise lab.LabUnavailable(caps.why_no_tap)
    with lab.Run() as run:
        yield RawTransparent(run, OPEN, workers=request.param, zones=None).start()


def fresh(net):
    """The policy that tests begin with, and no sessions."""
    net.vnf.reload(rules=None, default=DROP)
    lab.until(lambda: not net.sessions(), 10, "sessions to end")
    net.vnf.reload(**BASE)


@pytest.mark.parametrize("change", CHANGES)
def test_agrees(net, change):
    """All that is said to end does, by a rule that is named, and nothing else."""
    settings, by = CHANGES[change]
    fresh(net)
    begin(net, [*datagrams("lan", 5), *datagrams("dmz", 4)])
    preview = dry_run(net, **settings)
    ends = {told(row) for row in preview["ends"]}
    assert len(ends) == preview["sessions_end"]
    assert preview["sessions_stand"] + len(ends) == 9 * 8
    assert (by is not None) == bool(ends)
    assert {row["refused_by"] for row in preview["ends"]} <= {by}
    for row in preview["ends"]:
        file, line = row["place"].rsplit(":", 1)
        assert file == net.vnf.config_path
        with open(file, encoding="utf-8") as f:
            at = f.read().splitlines()[int(line) - 1]
        assert ("default" if by == "default" else "action") in at
    assert reloaded(net, len(ends)) == ends


def test_many(net):
    """The list ends at 100, the count does not."""
    fresh(net)
    begin(net, datagrams("lan", 20))
    preview = dry_run(net, rules=None)
    assert (len(preview["ends"]), preview["sessions_end"], preview["sessions_stand"]) == (100, 160,
                                                                                         0)
    assert len(reloaded(net, 160)) == 160


def test_text(net):
    """For people: numbers, then a table."""
    fresh(net)
    begin(net, [next(datagrams("lan", 1))])
    net.vnf.write(rules=None)
    code, text = net.ctl("reload", "--dry-run")
    assert code == 0
    assert "\n\nsessions_stand  0\nsessions_end    1\n\n" in text, text
    assert "10.0.1.1:1000" in text and "refused_by" in text
    net.vnf.write(**BASE)
    code, text = net.ctl("reload", "--dry-run")
    assert "sessions_end    0" in text, text


def resident_kb(net):
    """Memory of the process."""
    with open(f"/proc/{net.vnf.process.pid}/status", encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("VmRSS:")).split()[1])


def test_no_trace(net):
    """Of 900 dry runs with zones and rules that nobody has seen before."""
    def strange(n):
        names = [f"zone-{n}-{i}" for i in range(20)]
        members = dict(zip(names, (["lan"], ["wan"], ["dmz"], ["net"])))
        return dry_run(net, zones=zones(**members), rules=[
            {"name": f"rule-{n}-{i}", "from": [names[i % 4]], "action": ACCEPT}
            for i in range(300)])

    fresh(net)
    begin(net, [*datagrams("lan", 5), *datagrams("dmz", 4)])
    rows, rules, generation = net.sessions(), net.rules(), net.vnf.generation()
    # The heap grows, by 2 MB at a time and twice or so, until it is large enough for two policies.
    for n in range(300):
        strange(n)
    before = resident_kb(net)
    for n in range(300, 900):
        assert strange(n)["sessions_end"] == 0
    assert resident_kb(net) - before < 5120
    assert net.vnf.generation() == generation
    after = net.rules()
    assert {name: row["packets"] for name, row in after.items()} == {
        name: row["packets"] for name, row in rules.items()}
    assert {told(row) for row in net.sessions()} == {told(row) for row in rows}
    assert {row["rule"] for row in net.sessions()} == {"lan-out", "dmz-net"}
    # What is then changed for good is what it would have been without them.
    preview = dry_run(net, **{**BASE, "rules": OPEN[1:]})
    assert reloaded(net, 40) == {told(row) for row in preview["ends"]}
    assert preview["sessions_end"] == 40


# ---- routed ----

@pytest.fixture(name="routed", scope="module")
def fixture_routed(caps):
    """A router of three zones."""
    with lab.Run() as run:
        yield RawRouted(run, caps, OPEN[:2]).start()


@pytest.mark.parametrize("moves, ends", [
    ({"wan": ["left"], "lan": ["right"], "dmz": ["below"]}, True),
    ({"dmz": ["left", "below"], "wan": ["right"]}, False),
    ({"lan": ["left"], "wan": ["right", "below"]}, False),
    ({"lan": ["left"], "dmz": ["right"], "wan": ["below"]}, True),
])
def test_interfaces_move(routed, moves, ends):
    """As a router: an interface in another zone."""
    net = routed
    base = [{"name": name, "interfaces": [side]} for name, side in
            (("lan", "left"), ("wan", "right"), ("dmz", "below"))]
    net.vnf.reload(rules=None, zones=base)
    lab.until(lambda: not net.sessions(), 10, "sessions to end")
    net.vnf.reload(rules=OPEN[:2], zones=base)
    macs = {row["name"]: row["mac"] for row in net.ask("interfaces")}
    begin(net, [("left", bytes(Ether(src=net.client.mac, dst=macs["left"]) /
                               IP(src="10.0.1.7", dst="10.98.0.7") / UDP(sport=n, dport=7)))
                for n in range(1, 9)])
    for n in range(1, 9):
        net.send("right", bytes(Ether(src=net.server.mac, dst=macs["right"]) /
                                IP(src="10.98.0.7", dst="10.0.1.7") / UDP(sport=7, dport=n)))
    lab.until(lambda: len(net.sessions(state="answered")) == 8, 10, "answers")
    members = [{"name": name, "interfaces": sides} for name, sides in moves.items()]
    known = set(moves)
    rules = [rule for rule in OPEN[:2] if {*rule["from"], *rule["to"]} <= known]
    preview = dry_run(net, zones=members, rules=rules)
    assert preview["sessions_end"] == (8 if ends else 0)
    assert reloaded(net, preview["sessions_end"]) == {told(row) for row in preview["ends"]}
