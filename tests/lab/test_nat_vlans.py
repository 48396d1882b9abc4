# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-nat on a stick: inside and outside are VLANs of one port. The network: lab/nat.py.

"""The NAT between VLANs."""

import lab
import pytest
from lab.nat import POOL, echo, forward, hello
from lab.peers import Ovs


@pytest.mark.parametrize("workers", (1, 2))
def test_vlans(run, caps, workers):
    """Inside and outside are VLANs of one port; the tags are another switch's."""
    net = lab.NatNet(run, caps, workers=workers, trunk=(10, 20, 30),
                     forwards=[forward(8080, "10.0.3.2", 80)])
    ovs = Ovs(run, caps.cpus[0]).start()
    ovs.bridge("br")
    for host, vlan in zip(net.hosts, net.trunk):
        end = lab.Endpoint(host.name, "", host.mac, host.netns, "af_packet", peer_netns=ovs.netns)
        end.plug()
        ovs.vsctl("add-port", "br", f"to-{host.name}", f"tag={vlan}")
    ovs.vhost_client("br", "trunk", run.socket("left"))
    net.start()
    net.serve(80)
    net.serve(80, host=net.other)
    for host in (net.client, net.other):
        lab.ping(host.at(4), net.server.at(4), count=1, allow_loss=True)
    with net.dropped():
        lab.ping(net.client.at(4), net.server.at(4), count=3, size=4000)
        lab.download(run, net.client.at(4), net.server.at(4), size=500_000)
        echo(net.client, (net.server.address[4], 80), 8000)
        for source in (net.server, net.client):
            hello(source, (POOL, 8080))
    net.check()
    net.stop()
    ovs.stop()
