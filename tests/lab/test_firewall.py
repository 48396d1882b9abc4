# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-firewall in the wire between two kernels, with the clients that people use and the scanner
# that they fear. As a router: test_firewall_routed.py.
#
#     client - vnf-switch - vnf-firewall - vnf-switch - server - far

"""The transparent firewall as its users see it."""

import concurrent.futures
import contextlib
import re
import threading
import time

import lab
import pytest
from lab.firewall import FAR_MTU, NOISE
from lab.scan import scan
from lab.transfer import PORT, Connection, datagrams, tcp_socket, udp_socket

FAMILIES = (4, 6)
ONE = pytest.mark.parametrize("net", (1,), indirect=True)
ONE_AND_TWO = pytest.mark.parametrize("net", (1, 2), indirect=True)

# Of TCP and UDP: 80 is open, and somebody listens; at 81 nobody does; 90 is rejected, 70 dropped.
RULES = [
    {"name": "open", "from": ["lan"], "to": ["wan"], "proto": ["tcp", "udp"],
     "dport": ["80-89", "5201", str(PORT), "8000"], "action": "accept"},
    {"name": "refused", "proto": ["tcp", "udp"], "dport": ["90-99"], "action": "reject"},
    {"name": "ways", "from": ["lan"], "proto": ["udp"], "dport": ["33434-33534", "44444-44544"],
     "action": "accept"},
    {"name": "ping", "from": ["lan"], "proto": ["icmp"], "icmp": ["echo-request"],
     "action": "accept"},
    {"name": "ping6", "from": ["lan"], "proto": ["icmpv6"], "icmp": ["echo-request"],
     "action": "accept"},
    {"name": "odd", "from": ["lan"], "proto": ["253"], "action": "accept"},
    {"name": "odd-refused", "proto": ["254"], "action": "reject"},
]


def without(name, rules=None):
    """The rules but this one."""
    return [rule for rule in rules or RULES if rule["name"] != name]


@pytest.fixture(name="net", scope="module")
def fixture_net(caps, request):
    """A firewall of so many workers; what it dropped must have had a reason."""
    with lab.Run() as run:
        net = lab.TransparentFirewall(run, caps, RULES, workers=request.param).start()
        net.far = net.add_far()
        net.serve(80)
        yield net
        check_ledgers(net)
        net.stop()


def check_ledgers(net):
    """Of the switch and the firewall, now."""
    net.settle()
    for instance in (net.switch, net.vnf):
        assert not lab.ledger_faults(instance.name, instance.ledger())


def output(netns, *words, code=None):
    """What a command of the namespace prints."""
    done = lab.command([lab.installed(words[0]), *words[1:]], netns=netns, check=False)
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def ends(net, family):
    """Client and server."""
    return net.client.at(family), net.server.at(family)


# ---- what is allowed ----

@pytest.mark.quick
@ONE_AND_TWO
@pytest.mark.parametrize("family", FAMILIES)
def test_clients(net, family):
    """Pings, also in fragments, a download, streams both ways: nothing is dropped."""
    client, server = ends(net, family)
    with net.dropped(resets=True):
        lab.ping(client, server, count=5)
        lab.ping(client, server, count=5, size=4000)
        lab.download(net.run, client, server, size=5_000_000)
        stream = lab.iperf3(net.run, client, server, 1, extra=["--bidir", "-P", "2"])
        assert stream.bits_per_second > 5e6
        datagrams(client.netns, server.netns, server.address, (100, 1472, 8000))


@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_ways(net, family):
    """The firewall is no hop; errors of routers behind it pass to who is meant."""
    client, far = net.client.at(family), net.far.at(family)
    way = [net.server.at(family).address, far.address]
    with net.dropped():
        text = output(client.netns, "traceroute", "-n", "-q", "1", "-w", "3", "-m", "4",
                      far.address, code=0)
        assert re.findall(r"^ *\d+ +(\S+) ", text, re.M) == way
        text = output(client.netns, "tracepath", "-n", "-m", "4", far.address, code=0)
        assert f"pmtu {FAR_MTU}" in text, text
        assert list(dict.fromkeys(re.findall(r"^ *\d+: +([0-9a-f.:]+) ", text, re.M))) == way


@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_smaller_mtu_behind(net, family):
    """TCP hears of it, by an ICMP error about its session, and goes on."""
    client, far = net.client.at(family), net.far.at(family)
    client.netns.ip(f"-{family}", "route", "flush", "cache")
    with net.dropped(resets=True), Connection(client, far, 85) as connection:
        connection.send(200_000)
    way = client.netns.ip(f"-{family}", "route", "get", far.address).stdout
    assert f"mtu {FAR_MTU}" in way, way


@ONE
def test_unanswered_errors_pass(net):
    """Nobody listens: TCP by a reset, UDP by an ICMP error of the server's."""
    for family in FAMILIES:
        client, server = ends(net, family)
        with net.dropped(), tcp_socket(client.netns, client.address) as s:
            s.settimeout(5)
            with pytest.raises(ConnectionRefusedError):
                s.connect((server.address, 81))
        with net.dropped(), udp_socket(client.netns, client.address) as s:
            s.settimeout(5)
            s.connect((server.address, 81))
            s.send(b"x")
            with pytest.raises(ConnectionRefusedError):
                s.recv(1)


# ---- what is not ----

@pytest.mark.quick
@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_rejected(net, family):
    """The sender knows at once."""
    client, server = ends(net, family)
    for source, target in ((client, server), (server, client)):
        with net.dropped("rejected"):
            began = time.monotonic()
            with tcp_socket(source.netns, source.address) as s:
                s.settimeout(5)
                with pytest.raises(ConnectionRefusedError):
                    s.connect((target.address, 90))
            host = target.address if family == 4 else f"[{target.address}]"
            text = output(source.netns, "curl", "-sS", "-m", "5", "--noproxy", "*",
                          f"http://{host}:90")
            assert "Couldn't connect" in text or "refused" in text, text
            with udp_socket(source.netns, source.address) as s:
                s.settimeout(5)
                s.connect((target.address, 90))
                s.send(b"x")
                with pytest.raises(OSError) as error:
                    s.recv(1)
                assert not isinstance(error.value, TimeoutError)
            assert time.monotonic() - began < 4


@ONE
@pytest.mark.parametrize("family, says", (
    (4, "Packet filtered"), (6, "Administratively prohibited")))
def test_default_reject(net, family, says):
    """What no rule matches is told as ping has it, and nothing else changes."""
    client, server = ends(net, family)
    with net.settings(default="reject"), net.dropped("rejected"):
        text = output(server.netns, "ping", "-n", "-c", "1", "-W", "3", client.address, code=1)
        assert says in text, text
        lab.ping(client, server, count=2)


@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_dropped(net, family):
    """From the other side, and to other ports: no answer at all."""
    client, server = ends(net, family)
    for source, target, port in ((client, server, 70), (server, client, 80)):
        with net.dropped("policy"), tcp_socket(source.netns, source.address) as s:
            s.settimeout(0.4)
            with pytest.raises(TimeoutError):
                s.connect((target.address, port))
    with net.dropped("policy"):
        text = output(server.netns, "ping", "-n", "-c", "1", "-W", "0.4", client.address, code=1)
    assert "100% packet loss" in text, text


# ---- scans ----

PORTS = (70, 80, 81, 90)
SYN = dict(zip(PORTS, ("filtered", "open", "closed", "closed")))


@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_scan_by_syn(net, family):
    """What is open, what is closed behind it, what it refuses, and what it keeps to itself."""
    with net.dropped("policy", "rejected"):
        scan(*ends(net, family), SYN, "-sS")
    check_ledgers(net)


@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_scans_without_syn(net, family):
    """Only a SYN begins anything: no port is told from another, nor the server from nobody."""
    with net.dropped("no_session", "tcp_flags"), concurrent.futures.ThreadPoolExecutor() as pool:
        scans = [pool.submit(scan, *ends(net, family), dict.fromkeys(PORTS, state), option)
                 for option, state in (("-sA", "filtered"), ("-sF", "open|filtered"),
                                       ("-sX", "open|filtered"), ("-sN", "open|filtered"))]
        for each in scans:
            each.result()
    check_ledgers(net)


@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_scan_by_ack_of_a_loose_one(net, family):
    """It takes over connections that stand: what may be open is told, and nothing else."""
    with net.settings(strict=False):
        scan(*ends(net, family), {70: "filtered", 80: "unfiltered", 81: "unfiltered",
                                  90: "unfiltered"}, "-sA")
        scan(*ends(net, family), dict.fromkeys(PORTS, "open|filtered"), "-sF")
    check_ledgers(net)


@ONE
def test_scan_in_fragments(net):
    """A TCP header in pieces, of 8 or 16 octets, is no way around rules (RFC 1858 section 3)."""
    for options in (("-f",), ("-f", "-f")):
        scan(*ends(net, 4), dict.fromkeys(PORTS, "filtered"), "-sS", *options)
    # What waits for a first fragment does so for two seconds.
    lab.steady(net.drops, 10, "the end of all fragments", quiet=2.3)
    check_ledgers(net)


@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_scan_by_udp(net, family):
    """The same of UDP: refusals are ICMP errors, of the server or of the firewall."""
    with net.dropped("policy", "rejected"):
        reasons = scan(*ends(net, family), {70: "open|filtered", 80: "open", 81: "closed",
                                            90: "filtered"}, "-sU")
    assert reasons[81] == "port-unreach" and reasons[90] == "admin-prohibited"
    check_ledgers(net)


@ONE
def test_scan_by_protocol(net):
    """ICMP is open; others may pass to a server that has none, are refused, or dropped."""
    with net.dropped("policy", "rejected"):
        reasons = scan(*ends(net, 4), {1: "open", 252: "open|filtered", 253: "closed",
                                       254: "filtered"}, "-sO")
    assert reasons[253] == "proto-unreach" and reasons[254] == "admin-prohibited"
    check_ledgers(net)


# ---- time ----

@ONE
def test_idle_connections(net):
    """Within its period one goes on, and then as long again; beyond it is over."""
    period_s = 3
    with contextlib.ExitStack() as stack:
        stack.enter_context(net.settings(timeouts={"tcp_established": f"{period_s}s"}))
        connections = [stack.enter_context(Connection(*ends(net, family))) for family in FAMILIES]
        for _ in range(2):
            time.sleep(period_s * 0.55)
            for connection in connections:
                connection.talk()
        assert len(net.sessions(state="established")) == 2
        began = time.monotonic()
        lab.until(lambda: not net.sessions(state="established"), period_s + 2,
                  "the end of idle sessions")
        assert time.monotonic() - began > period_s - 0.5
        with net.dropped("no_session"):
            assert not any(connection.talks(0.3) for connection in connections)


# ---- reloads ----

@ONE_AND_TWO
def test_reload_under_traffic(net):
    """Streams and idle connections go on under the same policy, and its counters by their names."""
    client, server = ends(net, 4)
    results = []
    stream = threading.Thread(target=lambda: results.append(
        lab.iperf3(net.run, client, server, 2, extra=["--bidir", "-P", "2"])))
    with contextlib.ExitStack() as stack, net.dropped(resets=True):
        idle = [stack.enter_context(Connection(*ends(net, family), 82 + i))
                for i in range(3) for family in FAMILIES]
        counted = net.rules()["open"]["packets"]
        stream.start()
        lab.until(lambda: net.rules()["open"]["packets"] > counted + 1000, 10, "the streams")
        turn = 0
        while stream.is_alive():
            turn += 1
            # In another order, and by another number of rules.
            net.vnf.reload(rules=[*RULES[turn % 5:], *RULES[:turn % 5]] if turn % 2 else RULES)
            now = net.rules()["open"]["packets"]
            assert now >= counted
            counted = now
        stream.join()
        net.vnf.reload(rules=RULES)
        assert turn > 3
        assert results and results[0].bits_per_second > 5e6
        for connection in idle:
            connection.talk()
        assert {row["rule"] for row in net.sessions(state="established")} == {"open"}


@ONE_AND_TWO
@pytest.mark.parametrize("family", FAMILIES)
def test_reload_that_denies(net, family):
    """A session that may no longer be ends, seen or not; others do not notice."""
    client, server = ends(net, family)
    closed = {"name": "closed", "proto": ["tcp"], "dport": ["82-83"], "action": "drop"}

    def ports():
        rows = net.sessions(proto="tcp", state="established", dst=server.address)
        return sorted(int(row["dst"].rsplit(":", 1)[1]) for row in rows)

    with contextlib.ExitStack() as stack:
        busy, idle, stays = (stack.enter_context(Connection(client, server, port))
                             for port in (82, 83, 84))
        for connection in (busy, idle, stays):
            connection.talk()
        assert ports() == [82, 83, 84]
        counted = net.rules()["open"]
        with net.settings(rules=[closed, *RULES]):
            assert not busy.talks(0.5)
            lab.until(lambda: ports() == [84], 3, "the end of sessions that are denied")
            stays.talk()
            assert net.rules()["open"]["packets"] > counted["packets"]
            assert net.rules()["open"]["number"] == counted["number"] + 1
        # Allowed once more: what has ended stays so, new ones may begin.
        assert not idle.talks(0.5)
        stays.talk()
        with Connection(client, server, 85) as another:
            another.talk()


@ONE
def test_wrong_file(net):
    """It is refused with all that is wrong in it, and nothing changes."""
    with Connection(*ends(net, 4)) as connection:
        connection.talk()
        rules, sessions = net.rules(), net.sessions(state="established")
        mark = net.vnf.process.mark()
        net.vnf.refused(r"firewall\.conf:\d+: rules\[1\]\.dport", rules=[
            {"name": "a", "from": ["nowhere"], "action": "accept"},
            {"name": "b", "proto": ["tcp"], "dport": ["65536"], "action": "accept"},
            {"name": "b", "action": "accept"}])
        for pattern in (r"firewall\.conf:\d+: rules\[0\]\.from.*nowhere",
                        r"firewall\.conf:\d+: rules\[2\]\.name"):
            assert net.vnf.process.find_log(pattern, since=mark), net.vnf.process.tail()
        net.vnf.refused(r"firewall\.conf:\d+: rules\[0\]\.action: is required",
                        rules=[{"name": "a"}])
        net.vnf.refused(r"firewall\.conf:\d+: sessions: .*restart", sessions=77)
        net.vnf.refused(r"firewall\.conf:\d+: wires.*restart", wires=[{"a": "wan", "b": "lan"}])
        connection.talk()
        assert set(net.rules()) == set(rules)
        assert [row["src"] for row in net.sessions(state="established")] == \
            [row["src"] for row in sessions]
        scan(*ends(net, 4), SYN, "-sS")


# ---- commands ----

@ONE
def test_rules(net):
    """What each rule matched, as people read it and as programs do."""
    before = net.rules()
    assert [row["number"] for row in before.values()] == list(range(1, len(RULES) + 2))
    assert list(before)[:-1] == [rule["name"] for rule in RULES]
    lab.ping(*ends(net, 4), count=3, size=56)
    with Connection(*ends(net, 6)) as connection:
        connection.talk()
    after = net.rules()
    assert after["ping"]["packets"] == before["ping"]["packets"] + 6
    assert after["ping"]["bytes"] == before["ping"]["bytes"] + 6 * (14 + 20 + 8 + 56)
    assert after["open"]["packets"] > before["open"]["packets"]
    assert after["ping"]["last_s_ago"] < 10
    assert after["odd"]["action"] == "accept" and after["odd-refused"]["action"] == "reject"
    assert re.fullmatch(r".*firewall\.conf:\d+", after["open"]["place"])
    code, text = net.ctl("rules")
    assert code == 0 and re.search(r"ping6 .*accept", text), text
    code, text = net.ctl("rules", "more")
    assert code != 0, text


@ONE
def test_sessions(net):
    """Each filter shows what it is asked for, and nothing else."""
    with contextlib.ExitStack() as stack:
        for family in FAMILIES:
            client, server = ends(net, family)
            stack.enter_context(Connection(client, server, 88)).talk()
            datagrams(client.netns, server.netns, server.address, (100,))
            lab.ping(client, server, count=1)
        rows = net.sessions()
        everything = {key: {str(row[key]) for row in rows} for key in ("proto", "state", "rule")}
        assert everything["proto"] >= {"tcp", "udp", "icmp", "icmpv6"}
        for key, values in everything.items():
            for value in values:
                chosen = net.sessions(**{key: value})
                assert chosen and {str(row[key]) for row in chosen} == {value}
        for family, version in ((4, "ipv4"), (6, "ipv6")):
            client, server = ends(net, family)
            mine = net.sessions(proto="tcp", state="established", version=version)
            assert [row["dst"] for row in mine] == [
                f"{server.address}:88" if family == 4 else f"[{server.address}]:88"]
            assert mine[0]["from"] == "lan" and mine[0]["to"] == "wan"
            assert mine[0]["rule"] == "open"
            net_of = "10.99.0.0/24" if family == 4 else "2001:db8:99::/64"
            for address in (client.address, net_of, f"{client.address}-{client.address}"):
                assert all(client.address in row["src"] for row in net.sessions(src=address))
                assert mine[0]["src"] in {row["src"] for row in net.sessions(src=address)}
            assert not net.sessions(src=server.address)
            assert not net.sessions(dst=client.address)
            assert mine[0]["src"] in {row["src"] for row in net.sessions(dst=server.address)}
        assert len(net.sessions(limit=2)) == 2
        code, text = net.ctl("sessions", "proto=tcp", "state=established")
        assert code == 0 and "established" in text and "udp" not in text, text
        check_wrong_arguments(net)


def check_wrong_arguments(net):
    """Are refused, with what would be right."""
    for key, value in (("version", "ipv5"), ("proto", "tpc"), ("proto", "256"), ("state", "open"),
                       ("src", "10.0.0"), ("src", "10.0.0.0/33"), ("dst", "nobody"),
                       ("rule", "nobody"), ("limit", 0), ("limit", -1), ("color", "red")):
        with pytest.raises(lab.LabError) as error:
            net.sessions(**{key: value})
        assert str(value) in str(error.value) or key in str(error.value), error.value
    code, text = net.ctl("sessions", "state=open")
    assert code == 1 and "established" in text, text


# ---- a full table ----

SESSIONS = 32
NOBODY = {4: "10.97.0.1", 6: "2001:db8:97::1"}


def half_open(net, family, n):
    """So many connections that nobody answers."""
    netns = net.client.netns
    sockets = [tcp_socket(netns, NOBODY[family]) for _ in range(n)]
    for s in sockets:
        s.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            s.connect((NOBODY[family], 80))
    return sockets


def test_full_table(run, caps):
    """Half-open ones make room; when all are established, new ones are refused, and those stay."""
    net = lab.TransparentFirewall(run, caps, RULES, sessions=SESSIONS,
                                  steering={"slots": 1}).start()
    net.add_far()
    for family in FAMILIES:
        net.server.netns.ip(f"-{family}", "route", "add", "blackhole", NOBODY[family])
        fill_table(net, family)
    check_ledgers(net)
    net.stop()


def fill_table(net, family):
    """Of one family; its connections are reset afterwards, and make room."""
    client, server = ends(net, family)
    version = f"ipv{family}"

    def established():
        return len(net.sessions(version=version, state="established"))

    with contextlib.ExitStack() as stack:
        open_ones = [stack.enter_context(Connection(client, server, 80 + i % 8))
                     for i in range(SESSIONS // 2)]
        with net.dropped():
            for s in half_open(net, family, 3 * SESSIONS):
                stack.enter_context(s)
            lab.until(lambda: len(net.sessions(version=version)) == SESSIONS, 3, "a full table")
            for connection in open_ones:
                connection.talk()
            assert established() == len(open_ones)
            while len(open_ones) < SESSIONS:
                open_ones.append(stack.enter_context(
                    Connection(client, server, 80 + len(open_ones) % 8)))
            assert established() == SESSIONS
        with net.dropped("full"), tcp_socket(client.netns, client.address) as s:
            s.settimeout(0.5)
            with pytest.raises(TimeoutError):
                s.connect((server.address, 80))
        # The other family has a table of its own.
        with Connection(*ends(net, 10 - family)) as other:
            other.talk()
        for connection in open_ones:
            connection.talk()


# ---- a firewall that comes late ----

def test_restart(run, caps):
    """Connections that stood before are none to a strict one; one that is not takes them over."""
    net = lab.TransparentFirewall(run, caps, RULES).start()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(Connection(*ends(net, family))) for family in FAMILIES]
        for connection in connections:
            connection.talk()
        net.vnf.stop()
        net.vnf.start()
        net.vnf.wait_port(timeout=20)
        net.switch.wait_port(timeout=20)
        assert not any(connection.talks(0.3) for connection in connections)
        # What comes while the other end is not up yet has nowhere to go.
        assert set(net.drops()) - {"port_down"} == {"no_session"}
        net.vnf.reload(strict=False)
        for connection in connections:
            # What the client has sent in vain meanwhile is the first to come, when it is sent again:
            # after a slow start of the path, its kernel waits for seconds.
            connection.ends[1].settimeout(20)
            assert connection.ends[1].recv(1) == b"x"
            connection.talk()
            connection.send(1_000_000)
        # The server may have repeated something before the client: from that side none may begin.
        assert set(net.drops()) - NOISE <= {"no_session", "policy", "port_down"}
        assert len(net.sessions(state="established")) == len(connections)
    net.stop()
