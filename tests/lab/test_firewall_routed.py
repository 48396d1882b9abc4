# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-firewall as the router of three networks: what only a router has to do, and that it does all
# the rest there too. In the wire: test_firewall.py.
#
#     client - "left" - vnf-firewall - "right" - server - far
#                            |
#                        "below" - dmz

"""The routed firewall as its users see it."""

import contextlib
import re

import lab
import pytest
from lab.firewall import FAR_MTU, NOISE, is_router, linked
from lab.scan import scan
from lab.transfer import Connection, datagrams, tcp_socket, udp_socket

FAMILIES = (4, 6)
ONE = pytest.mark.parametrize("net", (1,), indirect=True)
ONE_AND_TWO = pytest.mark.parametrize("net", (1, 2), indirect=True)
OPEN = ["80-89", "5201", "7000", "8000"]

# The client's network may use the others; all may use the dmz's port 80, which may use nobody's.
RULES = [
    {"name": "ping-me", "from": ["lan"], "to": ["self"], "proto": ["icmp"],
     "icmp": ["echo-request"], "action": "accept"},
    {"name": "ping-me6", "from": ["lan"], "to": ["self"], "proto": ["icmpv6"],
     "icmp": ["echo-request"], "action": "accept"},
    {"name": "me", "to": ["self"], "proto": ["tcp", "udp"], "dport": ["90"], "action": "reject"},
    {"name": "not-me", "to": ["self"], "action": "drop"},
    {"name": "lan", "from": ["lan"], "to": ["wan", "dmz"], "proto": ["tcp", "udp"],
     "dport": [*OPEN, "33434-33534", "44444-44544"], "action": "accept"},
    {"name": "ping", "from": ["lan"], "proto": ["icmp"], "icmp": ["echo-request"],
     "action": "accept"},
    {"name": "ping6", "from": ["lan"], "proto": ["icmpv6"], "icmp": ["echo-request"],
     "action": "accept"},
    {"name": "web", "from": ["wan"], "to": ["dmz"], "proto": ["tcp"], "dport": ["80"],
     "action": "accept"},
    {"name": "dmz", "from": ["dmz"], "action": "reject"},
    {"name": "refused", "proto": ["tcp", "udp"], "dport": ["90-99"], "action": "reject"},
]


@pytest.fixture(name="net", scope="module")
def fixture_net(caps, request):
    """A firewall of so many workers."""
    with lab.Run() as run:
        net = lab.RoutedFirewall(run, caps, RULES, workers=request.param).start()
        net.far = net.add_far()
        net.serve(80)
        net.serve(80, host=net.dmz)
        # Neighbours are known before drops are counted.
        for host in (net.server, net.dmz):
            for family in FAMILIES:
                lab.ping(net.client.at(family), host.at(family), count=1, allow_loss=True)
        yield net
        net.stop()


def output(netns, *words, code=None):
    """What a command of the namespace prints."""
    done = lab.command([lab.installed(words[0]), *words[1:]], netns=netns, check=False)
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def is_silent(source, target, port, wait=0.5):
    """Nobody answers."""
    with tcp_socket(source.netns, source.address) as s:
        s.settimeout(wait)
        with pytest.raises(TimeoutError):
            s.connect((target.address, port))


def is_refused(source, target, port):
    """TCP and UDP are told, at once."""
    with tcp_socket(source.netns, source.address) as s:
        s.settimeout(5)
        with pytest.raises(ConnectionRefusedError):
            s.connect((target.address, port))
    with udp_socket(source.netns, source.address) as s:
        s.settimeout(5)
        s.connect((target.address, port))
        s.send(b"x")
        with pytest.raises(OSError) as error:
            s.recv(1)
        assert not isinstance(error.value, TimeoutError)


# ---- what is allowed ----

@ONE_AND_TWO
@pytest.mark.parametrize("family", FAMILIES)
def test_clients(net, family):
    """Pings, also in fragments, a download, streams both ways: nothing is dropped."""
    client, server = net.client.at(family), net.server.at(family)
    with net.dropped(resets=True):
        lab.ping(client, net.client.router(family), count=3)
        lab.ping(client, net.server.router(family), count=3)
        lab.ping(client, server, count=5)
        lab.ping(client, server, count=5, size=4000)
        lab.download(net.run, client, server, size=2_000_000)
        stream = lab.iperf3(net.run, client, server, 1, extra=["--bidir", "-P", "2"])
        assert stream.bits_per_second > 5e6
        datagrams(client.netns, server.netns, server.address, (100, 1472, 8000))


@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_ways(net, family):
    """The firewall is the first hop; the errors of routers behind it pass."""
    client, far = net.client.at(family), net.far.at(family)
    way = [net.client.gateway[family], net.server.address[family], far.address]
    text = output(client.netns, "traceroute", "-n", "-q", "1", "-w", "3", "-m", "4", far.address,
                  code=0)
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
    with net.dropped(resets=True), Connection(client, far) as connection:
        connection.send(200_000)
    way = client.netns.ip(f"-{family}", "route", "get", far.address).stdout
    assert f"mtu {FAR_MTU}" in way, way


def test_smaller_mtu_of_its_own(run, caps):
    """The firewall tells it itself."""
    net = lab.RoutedFirewall(run, caps, RULES, interface_keys={"right": {"mtu": FAR_MTU}}).start()
    for family in FAMILIES:
        client, server = net.client.at(family), net.server.at(family)
        with net.dropped("too_big", resets=True), Connection(client, server) as connection:
            connection.send(200_000)
        way = client.netns.ip(f"-{family}", "route", "get", server.address).stdout
        assert f"mtu {FAR_MTU}" in way, way
    net.stop()


# ---- what is not ----

@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_zones(net, family):
    """Who may reach whom, and who is told that he may not."""
    client, server, dmz = (host.at(family) for host in net.hosts)
    for source, target, port in ((client, dmz, 85), (client, server, 85)):
        with net.dropped(), Connection(source, target, port) as connection:
            connection.talk()
    with net.dropped(), tcp_socket(server.netns, server.address) as s:
        s.settimeout(5)
        s.connect((dmz.address, 80))
        assert s.recv(5) == b"hello"
    with net.dropped("policy"):
        is_silent(server, dmz, 81)
        is_silent(server, client, 80)
    with net.dropped("rejected"):
        is_refused(dmz, client, 80)
        is_refused(dmz, server, 80)
        is_refused(server, client, 90)


@ONE
@pytest.mark.parametrize("family, says", (
    (4, "Packet filtered"), (6, "Administratively prohibited")))
def test_prohibited(net, family, says):
    """In ping's words; the firewall's own address says it."""
    text = output(net.dmz.netns, "ping", "-n", "-c", "1", "-W", "3", net.client.address[family],
                  code=1)
    assert says in text, text
    assert f"From {net.dmz.gateway[family]} " in text, text


@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_scan(net, family):
    """Of the server, and of the firewall itself: what the policy says, and no more."""
    client, server = net.client.at(family), net.server.at(family)
    with net.dropped("policy", "rejected"):
        scan(client, server, {70: "filtered", 80: "open", 81: "closed", 90: "closed"}, "-sS")
        reasons = scan(client, server, {70: "open|filtered", 80: "open", 81: "closed",
                                        90: "filtered"}, "-sU")
    assert reasons[90] == "admin-prohibited"
    with net.dropped("policy"):
        is_silent(client, net.client.router(family), 80)
    with net.dropped("rejected"):
        is_refused(client, net.client.router(family), 90)
    assert not lab.ledger_faults("firewall", net.vnf.ledger())


# ---- reverse paths ----

SIDE = {4: ("10.0.9.1", "10.0.9.2"), 6: ("2001:db8:9::1", "2001:db8:9::2")}


@pytest.fixture(name="crooked")
def fixture_crooked(run, caps):
    """What the server sends to the client's network goes by the dmz."""
    net = lab.RoutedFirewall(run, caps, RULES).start()
    is_router(net.dmz.netns)
    net.dmz.netns.sysctl("ipv4/conf/eth0/rp_filter", 0)
    linked(net.server.netns, net.dmz.netns, "side", [
        (f"{SIDE[4][0]}/24", f"{SIDE[4][1]}/24"), (f"{SIDE[6][0]}/64", f"{SIDE[6][1]}/64")])
    for family, prefix in ((4, "10.0.1.0/24"), (6, "2001:db8:1::/64")):
        net.server.netns.ip(f"-{family}", "route", "add", prefix, "via", SIDE[family][1])
    yield net
    net.stop()


def test_asymmetric_ways(crooked):
    """Answers by another interface are dropped, until the policy has both ways in one zone."""
    net = crooked
    for family in FAMILIES:
        is_silent(net.client.at(family), net.server.at(family), 80)
    lab.until(lambda: net.drops()["spoofed"] + net.drops()["other_zone"] >= 2, 3, "both drops")
    assert set(net.drops()) - NOISE <= {"spoofed", "other_zone"}
    net.vnf.reload(reverse_path="off", zones=[
        {"name": "lan", "interfaces": ["left"]}, {"name": "wan", "interfaces": ["right", "below"]}],
                   rules=[{"name": "out", "from": ["lan"], "to": ["wan"], "action": "accept"}])
    with net.dropped():
        for family in FAMILIES:
            client, server = net.client.at(family), net.server.at(family)
            with Connection(client, server) as connection:
                connection.talk()
            lab.ping(client, server, count=3)
            lab.ping(client, server, count=3, size=4000)
    net.vnf.reload(reverse_path="strict")
    for family in FAMILIES:
        with net.dropped("spoofed"):
            is_silent(net.client.at(family), net.server.at(family), 80)


@ONE
@pytest.mark.parametrize("family", FAMILIES)
def test_reload_that_moves_an_interface(net, family):
    """A session moves along with its interfaces: what that may not be ends, what may be goes on."""
    client, server = net.client.at(family), net.server.at(family)
    zones = [{"name": "lan", "interfaces": ["left"]}, {"name": "wan", "interfaces": ["below"]},
             {"name": "guests", "interfaces": ["right"]}]
    rule = {"name": "moved", "from": ["lan"], "to": ["wan"], "action": "accept"}

    def stands():
        return [(row["to"], row["rule"]) for row in net.sessions(
            proto="tcp", dst=server.address, state="established")]

    with Connection(client, server, 86) as connection:
        connection.talk()
        with net.settings(zones=zones, rules=[{**rule, "to": ["guests"]}]):
            lab.until(lambda: stands() == [("guests", "moved")], 5, "the walk to move it")
            connection.talk()
    with Connection(client, server, 86) as connection:
        connection.talk()
        with net.settings(zones=zones, rules=[rule]), net.dropped("no_session"):
            # Between zones as they were, it would be accepted; its server is in another by now.
            lab.until(lambda: not stands(), 5, "the walk to end it")
            assert not connection.talks(0.5)


@ONE
def test_forged_source(net):
    """An address of another network is seen at the door; a loose one asks if it is any.

    The answer to such a one would go to another zone than that which has begun.
    """
    other, nobody = "10.0.3.77", "192.0.2.77"
    for address in (other, nobody):
        net.client.netns.ip("address", "add", f"{address}/32", "dev", "eth0")

    for mode, source, reasons in (("strict", other, ["spoofed"]), ("strict", nobody, ["spoofed"]),
                                  ("loose", nobody, ["spoofed"]), ("loose", other, ["other_zone"]),
                                  ("off", nobody, [])):
        with net.settings(reverse_path=mode), net.dropped(*reasons):
            output(net.client.netns, "ping", "-n", "-c", "1", "-W", "0.3", "-I", source,
                   net.server.address[4], code=1)
            passed = "spoofed" not in reasons
            assert len(net.sessions(src=source, proto="icmp")) == passed, (mode, source)
    for address in (other, nobody):
        net.client.netns.ip("address", "del", f"{address}/32", "dev", "eth0")


# ---- reloads ----

@ONE_AND_TWO
def test_reload(net):
    """Sessions that may go on do, also under an address more; those that may not are over."""
    with contextlib.ExitStack() as stack:
        stay = [stack.enter_context(Connection(net.client.at(f), net.server.at(f), 84))
                for f in FAMILIES]
        end = [stack.enter_context(Connection(net.client.at(f), net.server.at(f), 82))
               for f in FAMILIES]
        for connection in (*stay, *end):
            connection.talk()
        counted = net.rules()["lan"]["packets"]
        closed = {"name": "closed", "proto": ["tcp"], "dport": ["82"], "action": "drop"}
        with net.settings(rules=[closed, *RULES]):
            lab.until(lambda: len(net.sessions(state="established")) == 2, 3, "the end of two")
            assert not any(connection.talks(0.3) for connection in end)
            for connection in stay:
                connection.talk()
            assert net.rules()["lan"]["packets"] > counted
        for mistake in ({"rules": [{**closed, "to": ["left"]}]}, {"reverse_path": "twisted"},
                        {"zones": [{"name": "self", "interfaces": ["left"]}]}):
            net.vnf.refused(rf"firewall\.conf:\d+: {next(iter(mistake))}", **mistake)
        for connection in stay:
            connection.talk()


@ONE
def test_commands(net):
    """Commands of the node and of the firewall stand side by side."""
    assert {n["interface"] for n in net.ask("neighbours")} == {"left", "right", "below"}
    assert net.ask("route", address="10.98.0.2")["interface"] == "right"
    with Connection(net.client.at(4), net.dmz.at(4), 85) as connection:
        connection.talk()
        row, = net.sessions(state="established", dst=net.dmz.address[4])
        assert (row["from"], row["to"], row["rule"]) == ("lan", "dmz", "lan")
