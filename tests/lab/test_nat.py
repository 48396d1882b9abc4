# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-nat between kernels, with the clients that people use: what hosts behind it notice, which is
# nothing, and what those outside see, which is the external address. The network: lab/nat.py.

"""The NAT as its users see it."""

import contextlib
import re

import lab
import pytest
from lab.nat import POOL, dns_query, dns_server, echo, output
from lab.transfer import Connection, tcp_socket, udp_socket

ONE = pytest.mark.parametrize("net", (1,), indirect=True)
ONE_AND_TWO = pytest.mark.parametrize("net", (1, 2), indirect=True)


@pytest.fixture(name="net", scope="module")
def fixture_net(caps, request):
    """A NAT of so many workers."""
    with lab.Run() as run:
        net = lab.NatNet(run, caps, workers=request.param).start()
        net.far, net.deep = net.add_far(), net.add_deep()
        net.serve(80)
        # Neighbours are known before drops are counted.
        for host in (net.client, net.other, net.deep):
            lab.ping(host.at(4), net.server.at(4), count=1, allow_loss=True)
        yield net
        net.stop()


@pytest.fixture(autouse=True)
def fixture_ledger(net):
    """It balances after each test."""
    yield
    net.check()


@pytest.mark.quick
@ONE_AND_TWO
@pytest.mark.parametrize("who", ("client", "other", "deep"))
def test_clients(net, who):
    """Pings, also in fragments, a download, datagrams, long ones both ways: nothing is dropped."""
    client, server = getattr(net, who).at(4), net.server.at(4)
    with net.dropped():
        lab.ping(client, server, count=5)
        lab.ping(client, server, count=5, size=4000)
        lab.download(net.run, client, server, size=2_000_000)
        for size in (1, 1472, 1473, 8000):
            echo(client, (server.address, 80), size)


@ONE_AND_TWO
def test_streams(net):
    """iperf3: TCP in each direction and in both, UDP in each; from two hosts with the same port."""
    client, server = net.client.at(4), net.server.at(4)
    with net.dropped():
        for extra in ((), ("-R",), ("--bidir", "-P", "4")):
            assert lab.iperf3(net.run, client, server, 1, extra=extra).bits_per_second > 5e6
        for extra in ((), ("-R",)):
            udp = lab.iperf3(net.run, client, server, 1,
                             extra=(*extra, "-u", "-b", "5M", "-l", "1200"))
            assert udp.bits_per_second > 1e6
        # Of one port; only one of them can keep it.
        with contextlib.ExitStack() as stack:
            ends = []
            for host in (net.client, net.other):
                s = stack.enter_context(udp_socket(host.netns, POOL))
                s.settimeout(5)
                s.bind(("", 4444))
                s.sendto(host.name.encode(), (server.address, 80))
                ends.append((s, host.name.encode()))
            for s, name in ends:
                assert s.recv(64) == name


@ONE
def test_what_is_seen_outside(net):
    """One address for all, the port of the host's if nobody has it; of IPv6, the host's own."""
    seen = []
    for host in (net.client, net.other, net.deep):
        with Connection(host.at(4), net.server.at(4)) as connection:
            connection.talk()
            assert connection.seen() == (POOL, connection.ends[0].getsockname()[1])
            seen.append(connection.seen())
    assert len(set(seen)) == 3
    for host in (net.client, net.other):
        with net.dropped(), Connection(host.at(6), net.server.at(6)) as connection:
            connection.talk()
            assert connection.seen()[0] == host.address[6]
        lab.ping(host.at(6), net.server.at(6), count=3, size=4000)


@ONE
@pytest.mark.parametrize("kind", ("-U", "-I", "-T"))
def test_ways(net, kind):
    """The NAT is the first hop, and what routers behind it say of UDP, ICMP and TCP arrives."""
    way = ["10.0.1.1", net.server.address[4], net.far.at(4).address]
    with net.dropped("ttl"):
        text = output(net.client.netns, "traceroute", "-n", kind, "-q", "1", "-w", "5", "-m", "4",
                      net.far.at(4).address, code=0)
    assert re.findall(r"^ *\d+ +(\S+) ", text, re.M) == way
    way = ["10.97.0.1", *way]
    text = output(net.deep.netns, "traceroute", "-n", kind, "-q", "1", "-w", "5", "-m", "5",
                  net.far.at(4).address, code=0)
    assert re.findall(r"^ *\d+ +(\S+) ", text, re.M) == way


@ONE
def test_tracepath(net):
    """By UDP, and errors are read as well as one can."""
    text = output(net.client.netns, "tracepath", "-n", "-m", "4", net.far.at(4).address, code=0)
    assert "pmtu 1500" in text, text


@ONE_AND_TWO
def test_names(net):
    """DNS over UDP and TCP, of many ports."""
    server = dns_server(net.run, net.server.netns, "www.example", "192.0.2.80")
    with net.dropped():
        for tcp in (False, True):
            for _ in range(20):
                assert dns_query(net.client, net.server.address[4], "www.example",
                                 tcp) == "192.0.2.80"
    assert server.find_log(rf"query\[A\] www.example from {POOL}")
    server.end()


@ONE
def test_nobody_listens(net):
    """A refusal of TCP, and the ICMP error about a datagram, reach who has asked."""
    with net.dropped():
        with tcp_socket(net.client.netns, POOL) as s, pytest.raises(ConnectionRefusedError):
            s.settimeout(5)
            s.connect((net.server.address[4], 99))
        with udp_socket(net.client.netns, POOL) as s, pytest.raises(ConnectionRefusedError):
            s.settimeout(5)
            s.connect((net.server.address[4], 99))
            s.send(b"x")
            s.recv(1)
