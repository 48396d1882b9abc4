# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# External addresses of vnf-nat: ARP for those in the server's network, pools that are routed, pairs
# of addresses one to one, rules. The network: lab/nat.py.

"""The NAT's external addresses."""

import errno
import re
import select
import socket
import struct
import time

import lab
import pytest
from lab.nat import POOL, POOL_B, echo, hello, output, pool
from lab.transfer import Connection, raw_socket, tcp_socket

STATIC, DEEP = "10.0.2.20", "10.97.0.2"
PAIRS = [{"inside": DEEP, "outside": STATIC},
         {"inside": "10.0.3.0/29", "outside": "203.0.113.8/29"}]
# What `other` is seen as by the second.
OTHER = "203.0.113.10"


@pytest.fixture(name="net", scope="module", params=(1, 2))
def fixture_net(caps, request):
    """A NAT of so many workers, with a pool and pairs of addresses."""
    with lab.Run() as run:
        net = lab.NatNet(run, caps, workers=request.param, static=PAIRS).start()
        net.far, net.deep = net.add_far(), net.add_deep()
        net.server.netns.ip("route", "add", "203.0.113.0/24", "via", "10.0.2.1")
        for host in (net.client, net.other):
            host.netns.ip("route", "add", "203.0.113.0/24", "via", host.gateway[4])
        for host in (net.server, net.deep, net.other):
            net.serve(80, host=host)
        for host in (net.client, net.other, net.deep):
            lab.ping(host.at(4), net.server.at(4), count=1, allow_loss=True)
        yield net
        net.stop()


# ---- ARP ----

def arp(frame):
    """(operation, sender's MAC, sender's address, target's address) of an ARP frame, or None."""
    if frame[12:14] != b"\x08\x06":
        return None
    operation, mac, sender, _, target = struct.unpack_from(">H6s4s6s4s", frame, 20)
    return operation, mac, socket.inet_ntoa(sender), socket.inet_ntoa(target)


def arps(s, wanted, timeout=10):
    """What the first one that is wanted says."""
    deadline = lab.Deadline(timeout)
    while not deadline.passed():
        if select.select([s], [], [], deadline.left())[0]:
            said = arp(s.recv(2048))
            if said and wanted(*said):
                return said
    raise lab.LabError("no such ARP frame came")


def who_has(net, address, asked):
    """A question, as arping asks it; `asked` receives all frames of the server's interface."""
    mac = bytes.fromhex(net.server.mac.replace(":", ""))
    asked.send(b"\xff" * 6 + mac + struct.pack(">HHHBBH6s4s6s4s", 0x806, 1, 0x800, 6, 4, 1, mac,
                                               socket.inet_aton(net.server.address[4]), bytes(6),
                                               socket.inet_aton(address)))


def test_arp(net):
    """It answers for external addresses in the server's network, with its MAC; for no others."""
    outside = next(i for i in net.ask("interfaces") if i["name"] == "right")["mac"]
    with raw_socket(net.server.netns, "eth0") as s:
        for address in (POOL, STATIC, "10.0.2.1"):
            who_has(net, address, s)
            said = arps(s, lambda op, mac, sender, _, a=address: op == 2 and sender == a)
            assert said[1].hex(":") == outside.lower()
        for address in ("10.0.2.99", "203.0.113.10", net.client.address[4]):
            who_has(net, address, s)
        # Answers come in order: nothing was said to those before.
        who_has(net, POOL, s)
        said = arps(s, lambda op, *_: op == 2)
        assert said[2] == POOL


def test_announcements(run, caps):
    """At start, gratuitous ARP; after a reload, of new addresses; nothing inside."""
    net = lab.NatNet(run, caps)
    net.switch.start()
    net.attach()
    inside, outside = (raw_socket(host.netns, "eth0") for host in (net.client, net.server))
    with inside, outside:
        net.vnf.start()
        net.vnf.wait_port()
        arps(outside, lambda _, mac, sender, target: sender == target == POOL)
        net.vnf.reload(pools=[pool(POOL, POOL_B)])
        arps(outside, lambda _, mac, sender, target: sender == target == POOL_B)
        # Whoever held the address before is forgotten.
        while select.select([inside], [], [], 0)[0]:
            said = arp(inside.recv(2048))
            assert not said or not {POOL, POOL_B} & set(said[2:])
    net.check()
    net.stop()


# ---- pools ----

def test_routed_pool(net):
    """Addresses that are nobody's network, of a prefix that the server routes to the NAT."""
    with net.settings(pools=[pool("198.51.100.0/30")]), net.dropped():
        seen = set()
        for _ in range(3):
            with Connection(net.client.at(4), net.server.at(4)) as connection:
                connection.talk()
                seen.add(connection.seen()[0])
        address, = seen
        assert address.startswith("198.51.100.")
        lab.ping(net.client.at(4), net.far.at(4), count=3, size=4000)
        lab.download(net.run, net.client.at(4), net.server.at(4), size=500_000)
    net.check()


def test_rules(net):
    """By destination, one pool or another, or none; what no rule says is refused."""
    far, server = net.far.at(4), net.server.at(4)
    net.far.netns.ip("route", "replace", "10.0.1.0/24", "via", "10.98.0.1")
    net.server.netns.ip("route", "replace", "10.0.1.0/24", "via", "10.0.2.1")
    rules = [{"name": "vpn", "dst": ["10.98.0.0/24"], "proto": ["tcp"], "action": "none"},
             {"name": "b", "dst": ["10.98.0.0/24"], "action": "translate", "pool": "b"},
             {"dst": ["10.0.2.2"], "dport": ["7000-7001"], "proto": ["tcp"], "action": "translate",
              "pool": "public"}]
    with net.settings(pools=[pool(POOL), pool(POOL_B, name="b")], rules=rules):
        for end, seen in ((far, net.client.address[4]), (server, POOL)):
            with Connection(net.client.at(4), end) as connection:
                connection.talk()
                assert connection.seen()[0] == seen
        lab.ping(net.client.at(4), far, count=2)
        # And back.
        with Connection(far, net.client.at(4)) as connection:
            connection.talk()
        with net.dropped("no_rule"), tcp_socket(net.client.netns, POOL) as s:
            s.settimeout(5)
            with pytest.raises(OSError) as refused:
                s.connect((server.address, 80))
            assert refused.value.errno == errno.EHOSTUNREACH
    net.server.netns.ip("route", "del", "10.0.1.0/24")
    net.check()


@pytest.mark.parametrize("exhausted, says", (("prohibited", "Packet filtered"),
                                             ("host-unreachable", "Destination Host Unreachable")))
def test_exhausted(net, exhausted, says):
    """A host that gets no port is told so; those that have one go on."""
    short = {"icmp": "1s"}
    with net.settings(limits={"ports": 1}, exhausted=exhausted, timeouts=short), \
            net.dropped("limit_ports"):
        ping = lab.Process(net.run, [lab.installed("ping"), "-n", "-i", "0.2",
                                     net.server.address[4]], name="ping", netns=net.client.netns)
        ping.wait_log("bytes from")
        text = output(net.client.netns, "ping", "-n", "-c", "1", "-W", "5", net.server.address[4],
                      code=1)
        assert f"From {net.client.gateway[4]} " in text and says in text, text
        ping.wait_log("bytes from", since=ping.mark())
        ping.end()
    net.check()


# ---- one to one ----

@pytest.mark.parametrize("inside, outside", (("deep", STATIC), ("other", OTHER)))
def test_static(net, inside, outside):
    """Ping, TCP, long datagrams, both ways, and from hosts inside: an address for an address."""
    host, server = getattr(net, inside).at(4), net.server.at(4)
    there = lab.Address(inside, outside, host.netns)
    with net.dropped():
        for source in (server, net.client.at(4)):
            lab.ping(source, there, count=3)
            lab.ping(source, there, count=3, size=4000)
            hello(source, (outside, 80))
            echo(source, (outside, 80), 8000)
            lab.download(net.run, source, host, size=500_000, to=(outside, 8000))
        lab.ping(host, server, count=3, size=4000)
        lab.download(net.run, host, server, size=500_000)
        echo(host, (server.address, 80), 8000)
        with Connection(host, server) as connection:
            connection.talk()
            assert connection.seen() == (outside, connection.ends[0].getsockname()[1])
    net.check()


def test_way_to_static(net):
    """From outside: the NAT itself, then a router that is known by the external address, the host."""
    text = output(net.server.netns, "traceroute", "-n", "-q", "1", "-w", "5", "-m", "5", STATIC,
                  code=0)
    way = re.findall(r"^ *\d+ +(\S+) ", text, re.M)
    assert way == ["10.0.2.1", STATIC, STATIC], text


def test_ssh_like(net):
    """A connection of small pieces, in both directions, that is still there after others."""
    with Connection(net.server.at(4), net.deep.at(4), 22, to=(STATIC, 22)) as one, \
            Connection(net.deep.at(4), net.server.at(4), 22) as two:
        begun = time.monotonic()
        for _ in range(50):
            one.talk()
            two.talk()
        assert one.seen()[0] == net.server.address[4] and two.seen()[0] == STATIC
        assert time.monotonic() - begun < 30
