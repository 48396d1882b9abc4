# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What comes to vnf-nat from outside, and from inside to an external address: port forwards, the
# NAT's own addresses, and what belongs to nobody. The network: lab/nat.py.

"""Ways in through the NAT."""

import time

import lab
import pytest
from lab.nat import POOL, echo, forward, hello, output
from lab.transfer import Connection, tcp_socket

ONE = pytest.mark.parametrize("net", (1,), indirect=True)
ONE_AND_TWO = pytest.mark.parametrize("net", (1, 2), indirect=True)
OTHER = "10.0.3.2"
# To two services of the inside host `other`.
FORWARDS = [forward("8080-8081", OTHER, 80, name="web"), forward(8000, OTHER, name="files"),
            forward(8080, OTHER, 80, proto="udp", name="echo"), forward(5201, OTHER, name="speed")]


@pytest.fixture(name="net", scope="module")
def fixture_net(caps, request):
    """A NAT of so many workers."""
    with lab.Run() as run:
        net = lab.NatNet(run, caps, workers=request.param, forwards=FORWARDS).start()
        net.far, net.deep = net.add_far(), net.add_deep()
        net.serve(80)
        net.serve(80, 81, host=net.other)
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


@ONE_AND_TWO
@pytest.mark.parametrize("who", ("server", "far", "client", "deep", "other"))
def test_forwards(net, who):
    """
    From outside, from hosts inside, and from the host itself that serves: connections, a download,
    datagrams.
    """
    source, served = getattr(net, who).at(4), net.other.at(4)
    with net.dropped():
        for port in (8080, 8081):
            hello(source, (POOL, port))
        lab.download(net.run, source, served, size=1_000_000, to=(POOL, 8000))
        lab.iperf3(net.run, source, served, 1, to=POOL, extra=("--bidir",))
        for size in (1, 1472, 8000):
            echo(source, (POOL, 8080), size)


@ONE
def test_what_is_seen_inside(net):
    """Who is outside, as he is; another host inside, as he would be seen outside."""
    for host, seen in ((net.server, net.server.address[4]), (net.client, POOL), (net.other, POOL)):
        with Connection(host.at(4), net.other.at(4), 8000, to=(POOL, 8000)) as connection:
            connection.talk()
            assert connection.seen()[0] == seen


@ONE
def test_the_nat_itself(net):
    """
    It answers pings at its own addresses, of both sides. A port of the pool's is nobody's, and who
    asks for one is told after six seconds, for his SYN might have crossed another.
    """
    with net.dropped():
        for host in (net.client, net.other, net.server):
            lab.ping(host.at(4), host.router(4), count=3)
        lab.ping(net.client.at(4), net.server.router(4), count=3)
    with net.dropped("syn_unanswered"), tcp_socket(net.server.netns, POOL) as s:
        s.settimeout(20)
        begun = time.monotonic()
        with pytest.raises(ConnectionRefusedError):
            s.connect((POOL, 9))
        assert time.monotonic() - begun > 5.9
        # He has asked more than once.
        lab.until(lambda: net.vnf.ledger()["held"] == 0, 20, "all that is held to be dropped")


@ONE
def test_untranslated_from_outside(net):
    """Nobody gets to an inside address, though he knows the way."""
    net.server.netns.ip("route", "add", "10.0.1.0/24", "via", "10.0.2.1")
    with net.dropped("untranslated"):
        output(net.server.netns, "ping", "-n", "-c", "1", "-W", "1", net.client.address[4], code=1)
    net.server.netns.ip("route", "del", "10.0.1.0/24")
