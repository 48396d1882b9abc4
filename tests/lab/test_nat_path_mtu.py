# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Links of a smaller MTU before, behind and at vnf-nat: its ICMP errors, and those of routers, reach
# who has to send less, in both directions. The network: lab/nat.py.

"""Path MTU discovery through the NAT."""

import re

import lab
import pytest
from lab.nat import POOL, echo, forward, output
from lab.transfer import Connection

MTU = 1280
DEEP = "10.97.0.2"
FORWARDS = [forward(7000, DEEP, outside="10.0.2.11"),
            forward(80, DEEP, proto="udp", outside="10.0.2.11")]


@pytest.fixture(name="net", scope="module", params=(1, 2))
def fixture_net(caps, request):
    """A NAT of so many workers; the hosts far outside and deep inside are behind a small MTU."""
    with lab.Run() as run:
        net = lab.NatNet(run, caps, workers=request.param, forwards=FORWARDS).start()
        net.far, net.deep = net.add_far(MTU), net.add_deep(MTU)
        net.serve(80)
        net.serve(80, host=net.far)
        net.serve(80, host=net.deep)
        for host in (net.client, net.other, net.deep):
            lab.ping(host.at(4), net.server.at(4), count=1, allow_loss=True)
        yield net
        net.stop()


@pytest.fixture(autouse=True)
def fixture_ledger(net):
    """It balances after each test; what kernels know of MTUs is forgotten before."""
    for host in (*net.hosts, net.far, net.deep):
        host.netns.ip("route", "flush", "cache")
    yield
    net.check()


def known(netns, address):
    """What the kernel has heard of the way's MTU."""
    found = re.search(r"mtu (\d+)", netns.ip("route", "get", address).stdout)
    return int(found[1]) if found else None


# ---- behind it ----

def test_outside(net):
    """A router there tells the external address; the client hears it, with his own ports quoted."""
    client, far = net.client, net.far.at(4)
    with net.dropped():
        with Connection(client.at(4), far) as connection:
            connection.send(300_000)
        assert known(client.netns, far.address) == MTU
        lab.download(net.run, client.at(4), far, size=1_000_000)
        for size in (1400, 8000):
            echo(client, (far.address, 80), size)


def test_inside(net):
    """A router there tells the server, which knows of an external address only."""
    server, deep = net.server, net.deep.at(4)
    with net.dropped():
        # Of a connection that began inside: the server's packets are too long.
        lab.download(net.run, deep, server.at(4), size=1_000_000)
        assert known(server.netns, POOL) == MTU
        # Of a forward.
        with Connection(server.at(4), deep, to=("10.0.2.11", 7000)) as connection:
            connection.send(300_000)
            assert connection.seen()[0] == server.address[4]
        assert known(server.netns, "10.0.2.11") == MTU
        echo(server, ("10.0.2.11", 80), 8000)


def test_hairpin(net):
    """The error of a router behind one inside host reaches another one, which knows neither."""
    other, deep = net.other, net.deep.at(4)
    with net.dropped():
        with Connection(other.at(4), deep, to=("10.0.2.11", 7000)) as connection:
            connection.send(300_000)
            assert connection.seen()[0] == POOL
        assert known(other.netns, "10.0.2.11") == MTU


@pytest.mark.parametrize("who", ("client", "deep"))
def test_ping(net, who):
    """An error about a query of ICMP, too."""
    source = getattr(net, who).netns
    with net.dropped():
        text = output(source, "ping", "-n", "-M", "do", "-c", "1", "-W", "3", "-s", "1400",
                      net.far.at(4).address, code=1)
    assert re.search(rf"rag needed .*mtu = {MTU}|mtu={MTU}", text), text


# ---- at it ----

@pytest.mark.parametrize("side", ("right", "left"))
def test_of_its_own(net, side):
    """It tells itself who has to send less: the client, or the server; and cuts what may be cut."""
    client, server = net.client, net.server
    ip = net.vnf.settings["ip"]
    narrow = [{**on, "mtu": MTU} if on["name"] == side else on for on in ip["interfaces"]]
    with net.settings(ip={**ip, "interfaces": narrow}):
        with net.dropped("too_big"):
            if side == "right":
                with Connection(client.at(4), server.at(4)) as connection:
                    connection.send(300_000)
                assert known(client.netns, server.address[4]) == MTU
            else:
                lab.download(net.run, client.at(4), server.at(4), size=1_000_000)
                assert known(server.netns, POOL) == MTU
        with net.dropped():
            for size in (1400, 8000):
                echo(client, (server.address[4], 80), size)
            lab.ping(client.at(4), server.at(4), count=3, size=4000)


def test_mss(net):
    """Where it is lowered, nobody has to be told."""
    client, far = net.client.at(4), net.far.at(4)
    with net.settings(mss=MTU - 40), Connection(client, far) as connection:
        connection.send(300_000)
        assert known(client.netns, far.address) is None
