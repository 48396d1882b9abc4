# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The log of vnf-nat: which lines are written of mappings, sessions and limits, word by word, as the
# clock of a replay is exact.

"""Lines of the log."""

import json
from dataclasses import replace

import pytest
from nat import READY_S, Net, Seen, at, check, nat, packet_of, staged, wan

ALL = "log = { mappings = true; sessions = true; destinations = true; };"
POOL = 'name = "public"; addresses = [ "203.0.113.1" ];'
ONE = ((1, 32),)
BOTH = ((1, 32), (2, 1))


def time_of(seconds):
    """As lines have it: so long after the first packet of a scene."""
    ms = round((seconds + READY_S) * 1000)
    minutes, ms = divmod(ms + 20_000, 60_000)
    hours, minutes = divmod(minutes + 13, 60)
    return f"2023-11-14T{hours + 22:02}:{minutes:02}:{ms // 1000:02}.{ms % 1000:03}000000Z"


def logged(config, rows, tmp_path, ways=BOTH, journal="", **options):
    """What a replay of rows writes, which is the same in all ways."""
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
    return [tuple(line[name] for name in names if name in line) for line in lines]


# ---- mappings and sessions ----

def test_words(tmp_path):
    """The lines as they are written, a mapping's around its session's."""
    net = Net(1)
    logged(nat(POOL, more=ALL), at(0, net.map("udp", 4000).out()), tmp_path, ONE, until="+10m")
    same = '"proto":"udp","inside":"10.1.0.1","inside_port":4000,"external":"203.0.113.1",' \
           '"external_port":4000'
    remote = ',"remote":"198.18.1.1","remote_port":53'
    begin, end = time_of(0), time_of(300)
    assert (tmp_path / "log.jsonl").read_text(encoding="utf-8") == (
        f'{{"time":"{begin}","event":"nat44_bib_create",{same}}}\n'
        f'{{"time":"{begin}","event":"nat44_session_create",{same}{remote}}}\n'
        f'{{"time":"{end}","event":"nat44_session_delete",{same}{remote},"why":"expired"}}\n'
        f'{{"time":"{end}","event":"nat44_bib_delete",{same},"lived_ms":300000}}\n')


def test_defaults(tmp_path):
    """Mappings, one line each, however many sessions there are; nobody's destinations."""
    net = Net(1)
    udp, tcp, ping = net.map("udp", 4000), net.tcp(4002), net.map("icmp", 7)
    rows = at(0, udp.out(), udp.out(server=2), tcp.open(), ping.out(), ping.back()) + at(
        100, udp.back(server=2))
    lines = logged(nat(POOL), rows, tmp_path, until="+3h")
    assert briefly(lines, "event", "proto", "inside_port", "external_port", "lived_ms") == [
        ("nat44_bib_create", "udp", 4000, 4000), ("nat44_bib_create", "tcp", 4002, 4002),
        ("nat44_bib_create", "icmp", 7, 7), ("nat44_bib_delete", "icmp", 7, 7, 60_000),
        ("nat44_bib_delete", "udp", 4000, 4000, 400_000),
        ("nat44_bib_delete", "tcp", 4002, 4002, 7_440_000)]
    assert not any("198.18" in str(line) for line in lines)


def test_sessions_by_default(tmp_path):
    """Without destinations (RFC 6888 REQ-12)."""
    net = Net(1)
    lines = logged(nat(POOL, more="log = { sessions = true; };"),
                   at(0, net.map("udp", 4000).out()), tmp_path, ONE, until="+10m")
    assert len(lines) == 4 and not any("remote" in line for line in lines)


def test_sessions(tmp_path):
    """With and without destinations; of both directions, of a query, of a forward."""
    net = Net(1)
    udp, ping, web = net.map("udp", 4000), net.map("icmp", 7), net.map(
        "tcp", 80, external=("203.0.113.1", 8080))
    forward = 'forwards = ( { proto = [ "tcp" ]; outside = "203.0.113.1"; port = "8080"; ' \
              'inside = "10.1.0.1"; inside_port = 80; } );'
    rows = at(0, udp.out(), udp.back(port=99), ping.out()) + at(
        1, web.back(port=5, flags="S"))
    for destinations in ("true", "false"):
        log = f"log = {{ mappings = false; sessions = true; destinations = {destinations}; }};"
        lines = logged(nat(POOL, more=log + forward), rows, tmp_path, until="+10m")
        remote = destinations == "true"
        want = [("udp", 4000, 4000, 53), ("udp", 4000, 4000, 99), ("icmp", 7, 7),
                ("tcp", 80, 8080, 5)]
        want = [one[:3 + remote] for one in want]
        names = ("proto", "inside_port", "external_port", "remote_port")
        assert briefly(lines[:4], *names) == want
        assert sorted(briefly(lines[4:], *names)) == sorted(want)
        assert [line["event"] for line in lines] == ["nat44_session_create"] * 4 + [
            "nat44_session_delete"] * 4
        assert {line.get("remote") for line in lines} == {"198.18.1.1" if remote else None}


def test_off(tmp_path):
    """Nothing is asked for, and nothing is written."""
    net = Net(1)
    rows = at(0, net.map("udp", 4000).out()) + at(0.1, net.map("udp", 4002).refused(
        "limit_ports", (3, 13)))
    more = "log = { mappings = false; limits = false; }; limits = { ports = 1; };"
    assert logged(nat(POOL, more=more), rows, tmp_path, until="+10m") == []


def test_evicted(tmp_path):
    """Those that nobody has answered make room: it is said of them."""
    more = """log = { mappings = false; sessions = true; }; sessions = 64;
        steering = { slots = 1; }; forwards = ( { proto = [ "tcp" ]; outside = "203.0.113.1";
                                                  port = "80"; inside = "10.1.0.77"; } );"""
    rows = at(0, [wan(packet_of("tcp", ("198.18.0.1", 1000 + n), ("203.0.113.1", 80)), outs=[
        Seen("lan", packet_of("tcp", ("198.18.0.1", 1000 + n), ("10.1.0.77", 80)))])
                  for n in range(100)])
    lines = logged(nat(POOL, more=more), rows, tmp_path, ONE)
    ends = [line["why"] for line in lines if line["event"] == "nat44_session_delete"]
    assert len(ends) >= 30 and set(ends) == {"evicted"}


def test_what_did_not_begin(tmp_path):
    """A mapping whose session is refused is no mapping: nobody hears of it."""
    net = Net(1)
    rows = at(0, net.map("udp", 4000).out()) + at(0.1, net.map("udp", 4002).refused(
        "limit_sessions", (3, 13)))
    lines = logged(nat(POOL, more="limits = { sessions = 1; };"), rows, tmp_path, until="+10m")
    assert briefly(lines, "event", "inside_port", "limit") == [
        ("nat44_bib_create", 4000), ("quota_exceeded", "sessions"), ("nat44_bib_delete", 4000)]


# ---- limits ----

LIMITS = "log = { mappings = false; };"


def test_quota(tmp_path):
    """Each limit of a host once a second, whoever else is at one."""
    first, second = Net(1), Net(2)
    rows = []
    for net in (first, second):
        rows += at(0, [net.map("udp", 4000 + 2 * n).out() for n in range(2)])
        for seconds in (0.1, 0.2, 0.3, 1.1):
            rows += at(seconds, net.map("udp", 5000).refused("limit_ports", (3, 13)))
        rows += at(0.4, net.map("tcp", 4000).out(flags="S"),
                   net.map("tcp", 4002).out(flags="S"))
        rows += at(0.5, net.map("tcp", 5002).refused("limit_ports", (3, 13), flags="S"))
    config = staged(more=LIMITS + "limits = { ports = 2; };")
    lines = logged(config, rows, tmp_path)
    assert briefly(lines, "time", "event", "limit", "proto", "inside") == [
        (time_of(seconds), "quota_exceeded", "ports", proto, inside)
        for seconds, proto in ((0.1, "udp"), (0.5, "tcp"), (1.1, "udp"))
        for inside in ("10.1.0.1", "10.2.0.1")]


def test_rate(tmp_path):
    """New sessions a second."""
    net = Net(1)
    rows = at(0, net.map("udp", 4000).out(), net.map("udp", 4002).out())
    rows += at(0.1, [net.map("udp", 4004 + 2 * n).refused("limit_rate", (3, 13))
                      for n in range(3)])
    lines = logged(nat(POOL, more=LIMITS + "limits = { session_rate = 2; };"), rows, tmp_path)
    assert lines == [{"time": time_of(0.1), "event": "quota_exceeded", "limit": "session_rate",
                      "inside": "10.1.0.1"}]


def test_exhausted(tmp_path):
    """An address, and with the last one the pool; by protocol."""
    net = Net(1)
    pool = 'name = "small"; addresses = [ "203.0.113.1" ]; ports = "4000-4001";'
    rows = at(0, net.map("udp", 4000).out(), net.map("udp", 4001).out())
    rows += at(0.1, net.map("udp", 4002).refused("exhausted", (3, 13)))
    rows += at(0.2, net.map("udp", 4002, 2).refused("exhausted", (3, 13)),
               net.map("udp", 4003, 2).refused("exhausted", (3, 13)))
    rows += at(0.3, net.map("tcp", 4000).out(flags="S"))
    lines = logged(nat(pool, more=LIMITS), rows, tmp_path)
    assert lines == [
        {"time": time_of(0.1), "event": "ports_exhausted", "pool": "small", "proto": "udp",
         "external": "203.0.113.1"},
        {"time": time_of(0.2), "event": "addresses_exhausted", "pool": "small", "proto": "udp"}]


@pytest.mark.parametrize("table", ("hosts", "mappings", "sessions"))
def test_full(table, tmp_path):
    """No room in a table: once a second, whoever wants some."""
    net = Net(1)
    size = {"sessions": 4} if table == "sessions" else {"sessions": 40, table: 4}
    more = LIMITS + "steering = { slots = 1; };" + "".join(
        f"{key} = {n};" for key, n in size.items())
    rows = at(0, [net.map("udp", 4000 + 2 * n, n).out() for n in range(1, 5)])
    # Of sessions a further one of a mapping, else a mapping of another host.
    refused = [net.map("udp", 4002, 1), net.map("udp", 4004, 2)] if table == "sessions" else [
        net.map("udp", 5000, 5), net.map("udp", 5002, 6)]
    for seconds in (0.1, 1.1):
        rows += at(seconds, [one.refused("full", (3, 13), server=2) for one in refused])
    lines = logged(nat(POOL, more=more), rows, tmp_path, ONE)
    assert lines == [{"time": time_of(seconds), "event": "max_entries_exceeded", "limit": table,
                      "inside": refused[0].inside[0]} for seconds in (0.1, 1.1)]
