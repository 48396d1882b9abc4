# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-firewall in a machine, on virtio-net devices: what is allowed works there, and what is refused
# is. All else about it is in tests/lab.

"""A firewall in a guest."""

import lab
from lab.transfer import Connection, tcp_socket

import pytest

FAMILIES = (4, 6)
RULES = [
    {"name": "open", "from": ["lan"], "to": ["wan"], "proto": ["tcp"], "dport": ["80", "8000"],
     "action": "accept"},
    {"name": "refused", "proto": ["tcp"], "dport": ["90"], "action": "reject"},
    {"name": "ping", "from": ["lan"], "proto": ["icmp"], "icmp": ["echo-request"],
     "action": "accept"},
    {"name": "ping6", "from": ["lan"], "proto": ["icmpv6"], "icmp": ["echo-request"],
     "action": "accept"},
]


def test_allowed_and_refused(run, caps):
    """Of each family: a connection, pings, a download; a refusal at once; silence."""
    net = lab.TransparentFirewall(run, caps, RULES, sessions=1000, guest=[]).start()
    for family in FAMILIES:
        client, server = net.client.at(family), net.server.at(family)
        with net.dropped(), Connection(client, server, 80) as connection:
            connection.talk()
            lab.ping(client, server, count=3, size=4000)
            lab.download(run, client, server, size=1_000_000)
        with net.dropped("rejected"), tcp_socket(client.netns, client.address) as s:
            s.settimeout(10)
            with pytest.raises(ConnectionRefusedError):
                s.connect((server.address, 90))
        with net.dropped("policy"), tcp_socket(server.netns, server.address) as s:
            s.settimeout(0.5)
            with pytest.raises(TimeoutError):
                s.connect((client.address, 80))
    _, report = net.stop()
    assert report["ledger"]["created"] == len(FAMILIES)
