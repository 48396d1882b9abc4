# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Kernels leave the cutting of long segments and the writing of checksums to who comes after them:
# vnf-nat translates what they have left, too. The network: lab/nat.py.

"""Offloads through the NAT."""

import lab
import pytest
from lab.nat import POOL, echo, forward
from lab.transfer import Connection, datagrams, exchange

FORWARDS = [forward(7001, "10.0.3.2", 7000)]


@pytest.mark.parametrize("taps", (False, True))
@pytest.mark.parametrize("workers", (1, 2))
def test_offloads(run, caps, workers, taps):
    """Segments that are yet to be cut, and checksums that are yet to be written, in and out."""
    net = lab.NatNet(run, caps, workers=workers, taps=taps, port_keys={"offloads": "tso"},
                     forwards=FORWARDS).start()
    net.serve(80)
    client, server, other = net.client, net.server, net.other
    with net.dropped():
        exchange(client.netns, server.netns, server.address[4], 20_000_000)
        datagrams(client.netns, server.netns, server.address[4], (100, 1472, 8000))
        for source in (server, client):
            with Connection(source.at(4), other.at(4), to=(POOL, 7001)) as connection:
                connection.send(5_000_000)
        echo(client, (server.address[4], 80), 8000)
        lab.ping(client.at(4), server.at(4), count=3, size=4000)
    net.check()
    stats = net.vnf.stats("right")
    assert stats["tx_bytes"] > 3000 * stats["tx_packets"], "packets were not long"
    net.stop()
