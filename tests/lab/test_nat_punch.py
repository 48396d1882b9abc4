# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-nat as those see it who have to get through it: RFC 5780's questions, and what is done with
# the answers, holes of UDP and simultaneous opens of TCP. The network: lab/nat.py.

"""Getting through the NAT."""

import select
import socket

import lab
import pytest
from lab.nat import POOL, ROUTED_NET, pool
from lab.stun import ADDRESS, ADDRESS_AND_PORT, INDEPENDENT, TcpProbe, UdpProbe
from lab.transfer import tcp_socket, udp_socket

SECOND = "10.0.2.3"


@pytest.fixture(name="net", scope="module", params=(1, 2))
def fixture_net(caps, request):
    """A NAT of so many workers, and a server of two addresses."""
    with lab.Run() as run:
        net = lab.NatNet(run, caps, workers=request.param).start()
        net.server.netns.ip("address", "add", f"{SECOND}/24", "dev", "eth0")
        for host in (net.client, net.other):
            lab.ping(host.at(4), net.server.at(4), count=1, allow_loss=True)
        yield net
        net.stop()


@pytest.fixture(autouse=True)
def fixture_ledger(net):
    """It balances after each test."""
    yield
    net.check()


def probe(kind, net, source):
    """RFC 5780's, from that host."""
    return kind(source.netns, net.server.netns, source.address[4],
                (net.server.address[4], SECOND), lambda: net.drops()["filtered"])


# ---- what kind of NAT ----

@pytest.mark.parametrize("kind", (UdpProbe, TcpProbe))
@pytest.mark.parametrize("filtering", (INDEPENDENT, ADDRESS, ADDRESS_AND_PORT))
def test_kind(net, kind, filtering):
    """Mapping never depends on the other end, and filtering is as configured."""
    with net.settings(filtering=filtering, syn_hold="0s"), \
            probe(kind, net, net.client) as ask:
        assert ask.mapping() == INDEPENDENT
        assert ask.filtering() == filtering


@pytest.mark.parametrize("profile, filtering", (("standard", ADDRESS), ("cgn", INDEPENDENT)))
def test_profiles(net, profile, filtering):
    """Each has its own, which can be changed."""
    with net.settings(profile=profile, syn_hold="0s"):
        for kind in (UdpProbe, TcpProbe):
            with probe(kind, net, net.other) as ask:
                assert ask.filtering() == filtering
        with net.settings(filtering=ADDRESS_AND_PORT), probe(UdpProbe, net, net.other) as ask:
            assert ask.filtering() == ADDRESS_AND_PORT


@pytest.mark.parametrize("pairing", ("strict", "none"))
def test_many_addresses(net, pairing):
    """Paired, a host is seen by one of them; not paired, by several, but each port by one only."""
    with net.settings(pools=[pool(ROUTED_NET, pairing=pairing)], syn_hold="0s"), \
            probe(UdpProbe, net, net.client) as ask:
        assert ask.mapping() == INDEPENDENT
        seen = set()
        for _ in range(30):
            with ask.begin() as own:
                seen.add(ask.ask(own, ask.one)[0])
        assert (len(seen) == 1) == (pairing == "strict"), seen


@pytest.mark.parametrize("parity", (True, False))
def test_ports(net, parity):
    """A port of the range; even ones stay even, odd ones odd, if that is wanted."""
    with net.settings(pools=[pool(POOL, ports="20000-20999", parity=parity)]), \
            probe(UdpProbe, net, net.client) as ask:
        same = []
        for port in range(30000 + 100 * parity, 30020 + 100 * parity):
            with udp_socket(net.client.netns, POOL) as own:
                own.bind(("", port))
                seen = ask.ask(own, ask.one)
                assert seen[0] == POOL and 20000 <= seen[1] <= 20999
                same.append(seen[1] % 2 == port % 2)
        assert all(same) == parity


# ---- holes ----

@pytest.mark.parametrize("filtering", (ADDRESS, ADDRESS_AND_PORT))
def test_hole_of_udp(net, filtering):
    """
    Two inside hosts, of which each knows the other's external address by a server: datagrams of
    both meet at the NAT, and from then on they talk.
    """
    with net.settings(filtering=filtering), probe(UdpProbe, net, net.client) as ask, \
            udp_socket(net.client.netns, POOL) as one, udp_socket(net.other.netns, POOL) as two:
        ends = (one, two)
        seen = [ask.ask(own, ask.one) for own in ends]
        before = net.drops()["filtered"]
        one.sendto(b"punch", seen[1])
        lab.until(lambda: net.drops()["filtered"] == before + 1, 5, "the first to be dropped")
        for _ in range(3):
            for own, peer, theirs in ((two, one, seen[0]), (one, two, seen[1])):
                own.sendto(b"hello", theirs)
                assert select.select([peer], [], [], 5)[0]
                assert peer.recvfrom(64) == (b"hello", seen[ends.index(own)])


def opening(netns, end, to):
    """A socket that connects, without waiting for it."""
    s = tcp_socket(netns, end[0])
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    s.bind(end)
    s.setblocking(False)
    s.connect_ex(to)
    return s


def opened(one, two):
    """Both have their connection, which is one."""
    for s in (one, two):
        assert select.select([], [s], [], 10)[1]
        assert s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        s.settimeout(10)
    for sender, receiver in ((one, two), (two, one)):
        sender.sendall(b"through")
        assert receiver.recv(64) == b"through"


def test_simultaneous_open(net):
    """The SYN from outside comes first, and is kept from who would answer that nobody is there."""
    client, server = net.client.address[4], net.server.address[4]
    with net.dropped():
        two = opening(net.server.netns, (server, 6000), (POOL, 6001))
        # It has no way to be seen but that it is not answered.
        lab.until(lambda: net.vnf.ledger()["held"] > 0, 5, "the SYN to be held")
        with two, opening(net.client.netns, (client, 6001), (server, 6000)) as one:
            opened(one, two)
            assert two.getpeername() == (POOL, 6001)
    # Nobody needs it any more.
    lab.until(lambda: net.vnf.ledger()["held"] == 0, 20, "the SYN to be dropped")
    assert net.drops()["syn_unanswered"] > 0


def test_simultaneous_open_of_two_inside(net):
    """Both behind the NAT, each by the other's external address."""
    client, other = net.client.address[4], net.other.address[4]
    with net.settings(syn_hold="10s"), \
            opening(net.client.netns, (client, 6002), (POOL, 6003)) as one:
        lab.until(lambda: net.vnf.ledger()["held"] > 0, 5, "the SYN to be held")
        with opening(net.other.netns, (other, 6003), (POOL, 6002)) as two:
            opened(one, two)
            assert one.getpeername() == (POOL, 6003) and two.getpeername() == (POOL, 6002)
    lab.until(lambda: net.vnf.ledger()["held"] == 0, 20, "the SYN to be dropped")
