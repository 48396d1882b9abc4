# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What changes while vnf-nat runs: reloads that add and take away, a restart, and sessions whose
# time is over. The network: lab/nat.py.

"""The NAT over time."""

import concurrent.futures
import contextlib
import time

import lab
import pytest
from lab.firewall import NOISE
from lab.nat import POOL, POOL_B, forward, hello, pool
from lab.transfer import Connection, tcp_socket, udp_socket

OTHER = "10.0.3.2"
NEW = "10.0.2.12"


@pytest.fixture(name="net", scope="module", params=(1, 2))
def fixture_net(caps, request):
    """A NAT of so many workers."""
    with lab.Run() as run:
        net = lab.NatNet(run, caps, workers=request.param).start()
        net.serve(80)
        net.serve(80, host=net.other)
        for host in (net.client, net.other):
            lab.ping(host.at(4), net.server.at(4), count=1, allow_loss=True)
        yield net
        net.stop()


@pytest.fixture(autouse=True)
def fixture_ledger(net):
    """It balances after each test."""
    yield
    net.check()


def is_closed(source, to):
    """Nobody answers a SYN there."""
    with tcp_socket(source.netns, to[0]) as s:
        s.settimeout(0.5)
        with pytest.raises(OSError):
            s.connect(to)


# ---- reloads ----

def test_forward_is_added(net):
    """And taken away, while others go on: no ping is lost, streams never notice."""
    client, server = net.client, net.server
    before = net.drops()
    with contextlib.ExitStack() as stack:
        stack.enter_context(net.pinging(4))
        connection = stack.enter_context(Connection(client.at(4), server.at(4)))
        pool_of_threads = stack.enter_context(concurrent.futures.ThreadPoolExecutor(1))
        stream = pool_of_threads.submit(lab.iperf3, net.run, net.other.at(4), server.at(4), 3,
                                        extra=("--bidir",))
        for number in range(5):
            port = 8080 + number
            with net.settings(forwards=[forward(port, OTHER, 80)]):
                hello(server, (POOL, port))
                hello(client, (POOL, port))
                connection.talk()
        assert stream.result().bits_per_second > 1e6
        connection.talk()
    # Of a forward that is gone, the last segments of what it has led to.
    assert set(net.drops() - before) - NOISE <= {"no_mapping", "no_service", "tcp_state"}
    is_closed(server, (POOL, 8080))


def test_forward_is_taken_away(net):
    """Its connections end, others stay."""
    with Connection(net.client.at(4), net.server.at(4)) as stays:
        with net.settings(forwards=[forward(8080, OTHER, 7000)]):
            ends = Connection(net.server.at(4), net.other.at(4), to=(POOL, 8080))
            ends.talk()
        with ends:
            lab.until(lambda: not ends.talks(0.2), 5, "the connection to end")
            stays.talk()
            # The NAT's own, for it is its address: others are answered by it.
            lab.ping(net.server.at(4), lab.Address("nat", "10.0.2.1", None), count=2)


def test_pool_address_is_taken_away(net):
    """Sessions of that address end, and their hosts get another one; others never notice."""
    rules = [{"src": ["10.0.1.0/24"], "action": "translate", "pool": "a"},
             {"src": ["10.0.3.0/24"], "action": "translate", "pool": "b"}]
    client, other, server = (host.at(4) for host in (net.client, net.other, net.server))
    with net.settings(pools=[pool(POOL, name="a"), pool(POOL_B, name="b")], rules=rules):
        with Connection(client, server) as stays, Connection(other, server) as ends, \
                udp_socket(other.netns, POOL) as asks:
            assert stays.seen()[0] == POOL and ends.seen()[0] == POOL_B
            asks.settimeout(5)
            asks.sendto(b"x", (server.address, 80))
            assert asks.recv(64) == b"x"
            net.vnf.reload(pools=[pool(POOL, name="a"), pool(NEW, name="b")])
            # Its next packets have another source, which the server knows nothing of.
            lab.until(lambda: not ends.talks(0.2), 5, "the connection to end")
            stays.talk()
            asks.sendto(b"y", (server.address, 80))
            assert asks.recv(64) == b"y"
            with Connection(other, server) as new:
                new.talk()
                assert new.seen()[0] == NEW


def test_interface_that_is_inside_no_more(net):
    """Its sessions end, of others not; its packets are routed as they are."""
    address = net.other.address[4]
    with Connection(net.client.at(4), net.server.at(4)) as stays, \
            udp_socket(net.server.netns, net.server.address[4]) as server, \
            udp_socket(net.other.netns, address) as other:
        for s in (server, other):
            s.settimeout(5)
            s.bind((net.server.address[4] if s is server else address, 7007))
        other.sendto(b"as POOL", (net.server.address[4], 7007))
        _, seen = server.recvfrom(64)
        assert seen[0] == POOL
        with net.settings(inside=["left"]):
            lab.until(lambda: not net.ask("sessions", inside=address), 5, "the session to end")
            server.sendto(b"to POOL", seen)
            other.sendto(b"as it is", (net.server.address[4], 7007))
            assert server.recvfrom(64) == (b"as it is", (address, 7007))
            other.settimeout(0.5)
            with pytest.raises(TimeoutError):
                other.recvfrom(64)
            stays.talk()


def test_syns_wait_as_the_policy_of_now_says(net):
    """One that waits for a minute, and a reload that wants six seconds."""
    with net.settings(syn_hold="60s"):
        with tcp_socket(net.server.netns, net.server.address[4]) as s:
            s.setblocking(False)
            s.connect_ex((POOL, 6110))
            lab.until(lambda: net.vnf.ledger()["held"] > 0, 5, "the SYN to be held")
    lab.until(lambda: net.vnf.ledger()["held"] == 0, 30, "the SYN to be dropped")


def test_mistakes_change_nothing(net):
    """A file that is wrong is refused, and what stands, stands."""
    with Connection(net.client.at(4), net.server.at(4)) as connection:
        for words, mistake in (
                (r"outside\[0\]", {"inside": ["left", "right"]}),
                (r"pools\[0\]", {"pools": [pool("10.0.2.300")]}),
                ("filtering", {"filtering": "none"}),
                (r"static\[0\]", {"static": [{"inside": "10.0.1.0/24",
                                              "outside": "203.0.113.0/25"}]})):
            net.vnf.refused(rf"nat\.conf:\d+: {words}", **mistake)
            connection.talk()


@pytest.mark.parametrize("speaks", ("first", "not first"))
def test_restart(net, speaks):
    """Connections whose inside host speaks first go on, by the same port; others begin anew."""
    with Connection(net.client.at(4), net.server.at(4)) as connection:
        connection.talk()
        net.vnf.stop()
        net.vnf.start()
        net.vnf.wait_port()
        net.wait_ready()
        lab.ping(net.other.at(4), net.server.at(4), count=1, allow_loss=True)
        if speaks == "first":
            connection.talk()
        else:
            before = net.drops()["no_mapping"] + net.drops()["no_service"]
            connection.ends[1].sendall(b"x")
            lab.until(lambda: net.drops()["no_mapping"] + net.drops()["no_service"] > before, 5,
                      "what nobody asked for to be dropped")
        with Connection(net.client.at(4), net.server.at(4)) as new:
            new.talk()


# ---- time ----

def arrives(net, sender, receiver, to):
    """Does a datagram from outside get in, or is it dropped?"""
    receiver.setblocking(False)
    before = net.drops()["no_mapping"]
    sender.sendto(b"in", to)

    def fate():
        with contextlib.suppress(BlockingIOError):
            return receiver.recv(64)
        return net.drops()["no_mapping"] > before and "dropped"

    return lab.until(fate, 5, "a datagram to arrive or to be dropped") == b"in"


@pytest.fixture(name="holes")
def fixture_holes(net):
    """A socket inside, one outside that it has sent to, and what it is seen as there."""
    with udp_socket(net.server.netns, POOL) as outside, \
            udp_socket(net.client.netns, POOL) as inside:
        outside.bind((net.server.address[4], 4000))
        outside.settimeout(5)
        with net.settings(timeouts={"udp": "4s", "tcp_opening": "1s", "tcp_established": "1h"},
                          inbound_refresh=net.vnf.settings.get("inbound_refresh")):
            inside.sendto(b"out", (net.server.address[4], 4000))
            yield inside, outside, outside.recvfrom(64)[1]


def test_idle_connection(net, holes):
    """Of an open one, nothing comes for longer than others live; it is there all the same."""
    inside, outside, mapped = holes
    with net.settings(inbound_refresh=False), \
            Connection(net.client.at(4), net.server.at(4)) as connection:
        lab.until(lambda: not arrives(net, outside, inside, mapped), 20, "the mapping to end")
        connection.talk()


def test_refresh_from_outside(net, holes):
    """What comes in keeps a mapping of UDP, for twice as long as it would live."""
    inside, outside, mapped = holes
    end = time.monotonic() + 8
    while time.monotonic() < end:
        assert arrives(net, outside, inside, mapped)
        time.sleep(0.2)
