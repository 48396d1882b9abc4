# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-firewall and vnf-nat in a row, each in a machine, on virtio-net devices: what is allowed works
# there, translated, and what is refused is. All else about them is in tests/lab.

"""A firewall and a NAT in guests."""

import lab
from lab.nat import POOL, forward, hello
from lab.transfer import Connection, tcp_socket

import pytest

FAMILIES = (4, 6)
OTHER = "10.0.1.3"
RULES = [
    {"name": "open", "from": ["lan"], "to": ["wan"], "proto": ["tcp"],
     "dport": ["80", "8000", "8080"], "action": "accept"},
    {"name": "in", "from": ["wan"], "to": ["lan"], "dst": [OTHER], "proto": ["tcp"],
     "dport": ["80"], "action": "accept"},
    {"name": "refused", "proto": ["tcp"], "dport": ["90"], "action": "reject"},
    {"name": "ping", "from": ["lan"], "proto": ["icmp"], "icmp": ["echo-request"],
     "action": "accept"},
    {"name": "ping6", "from": ["lan"], "proto": ["icmpv6"], "icmp": ["echo-request"],
     "action": "accept"},
]


@pytest.fixture(name="net", scope="module")
def fixture_net(caps):
    """Both machines; of what is created, the firewall's part is its refusals."""
    with lab.Run() as run:
        net = lab.FirewallNat(run, caps, RULES, guest=[],
                              nat={"forwards": [forward("8080-8081", OTHER, 80)]}).start()
        net.serve(80, host=net.other)
        yield net
        firewall, _ = net.stop()
        assert firewall["ledger"]["created"] == len(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_allowed_and_refused(net, family):
    """Of each family: a connection, pings, a download; a refusal at once; silence."""
    client, server = net.client.at(family), net.server.at(family)
    with net.dropped(), Connection(client, server, 80) as connection:
        connection.talk()
        assert connection.seen()[0] == (POOL if family == 4 else client.address)
        lab.ping(client, server, count=3, size=4000)
        lab.download(net.run, client, server, size=1_000_000)
    with net.dropped("rejected"), tcp_socket(client.netns, client.address) as s:
        s.settimeout(10)
        with pytest.raises(ConnectionRefusedError):
            s.connect((server.address, 90))
    with net.dropped("policy"), tcp_socket(server.netns, server.address) as s:
        s.settimeout(0.5)
        with pytest.raises(TimeoutError):
            s.connect((POOL, 8081) if family == 4 else (client.address, 80))


def test_forward(net):
    """From outside, and from a host inside to another one: by the NAT, past the firewall twice."""
    with net.dropped():
        hello(net.server, (POOL, 8080), timeout=10)
        hello(net.client, (POOL, 8080), timeout=10)
