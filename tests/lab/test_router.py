# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-router between two kernels, with the clients that people use: what a router has to do for
# them, in IPv4 and IPv6. What changes while it runs is in test_router_changes.py.

"""The router as its users see it."""

import json
import re
import subprocess
import sys

import lab
import pytest
from lab.peers import Ovs
from lab.transfer import datagrams, exchange

FAMILIES = (4, 6)
MTU = 1400


@pytest.fixture(name="router")
def fixture_router(run, caps):
    """A router behind vnf-switch."""
    router = lab.Router(run, caps).start()
    yield router
    if router.vnf.process.running():
        router.stop()


def output(netns, *words, code=None):
    """What a command of the namespace prints."""
    done = lab.command([lab.installed(words[0]), *words[1:]], netns=netns, check=False)
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def hops(netns, address):
    """Addresses on the way, by traceroute."""
    text = output(netns, "traceroute", "-n", "-q", "1", "-w", "3", "-m", "4", address, code=0)
    return re.findall(r"^ *\d+ +(\S+) ", text, re.M)


def path_mtu(netns, address):
    """(MTU, addresses on the way), by tracepath."""
    text = output(netns, "tracepath", "-n", "-m", "4", address, code=0)
    return int(re.search(r"Resume: pmtu (\d+)", text)[1]), \
        list(dict.fromkeys(re.findall(r"^ *\d+: +([0-9a-f.:]+) ", text, re.M)))


def pings(router, family):
    """To the router on either side, through it, and longer than a packet."""
    client, server = router.client, router.server
    lab.ping(client.at(family), client.router(family), count=5)
    lab.ping(client.at(family), server.router(family), count=5)
    lab.ping(client.at(family), server.at(family), count=5)
    lab.ping(server.at(family), client.at(family), count=5)
    lab.ping(client.at(family), server.at(family), count=5, size=3000)


@pytest.mark.parametrize("family", FAMILIES)
def test_ping(router, family):
    """To it and through it, also in fragments; nothing is dropped but what was for the router."""
    pings(router, family)
    assert set(router.drops()) <= {"for_itself", "multicast"}


@pytest.mark.parametrize("family", FAMILIES)
def test_fragments_to_the_router_are_not_reassembled(router, family):
    """They are dropped under their own name."""
    before = router.drops().get("not_reassembled", 0)
    text = output(router.client.netns, "ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", "-s",
                  "3000", router.client.gateway[family])
    assert "100% packet loss" in text
    assert router.drops()["not_reassembled"] >= before + 4


@pytest.mark.parametrize("family", FAMILIES)
def test_traceroute_and_tracepath(router, family):
    """The router is the first hop, the server the second."""
    way = [router.client.gateway[family], router.server.address[family]]
    assert hops(router.client.netns, router.server.address[family]) == way
    assert path_mtu(router.client.netns, router.server.address[family]) == (1500, way)


@pytest.mark.parametrize("family", FAMILIES)
def test_tcp_and_udp(run, router, family):
    """Files arrive as they were, and iperf3 is content."""
    client, server = router.client.at(family), router.server.at(family)
    lab.download(run, client, server, size=1_000_000)
    assert lab.iperf3(run, client, server, seconds=1).bits_per_second > 0
    assert lab.iperf3(run, client, server, seconds=1, reverse=True).bits_per_second > 0
    udp = lab.iperf3(run, client, server, seconds=1, extra=("-u", "-b", "5M", "-l", "1200"))
    assert udp.bits_per_second > 1_000_000


@pytest.mark.parametrize("workers", (1, 2))
def test_taps_of_its_own(run, caps, workers):
    """Without a switch: its ports are the interfaces of the kernels."""
    router = lab.Router(run, caps, taps=True, workers=workers).start()
    for family in FAMILIES:
        pings(router, family)
        lab.download(run, router.client.at(family), router.server.at(family), size=1_000_000)
    router.stop()


def test_two_workers(run, caps):
    """Packets of all queues find their way, and those for the router reach worker 0."""
    router = lab.Router(run, caps, workers=2).start()
    for family in FAMILIES:
        pings(router, family)
        assert hops(router.client.netns, router.server.address[family])[0] == \
            router.client.gateway[family]
        client, server = router.client.at(family), router.server.at(family)
        assert lab.iperf3(run, client, server, seconds=1, extra=("-P", "8")).bits_per_second > 0
        udp = lab.iperf3(run, client, server, seconds=1,
                         extra=("-u", "-b", "1M", "-l", "1200", "-P", "8"))
        assert udp.bits_per_second > 1_000_000
    report = router.stop()
    assert report["ledger"]["handed_in"] == report["ledger"]["handed_out"] > 0


def test_vlans_of_one_port(run, caps):
    """A router on a stick: the tags are another switch's, and two VLANs are two interfaces."""
    router = lab.Router(run, caps, trunk=(10, 20))
    ovs = Ovs(run, caps.cpus[0]).start()
    ovs.bridge("br")
    for host, vlan in zip(router.hosts, router.trunk):
        end = lab.Endpoint(host.name, "", host.mac, host.netns, "af_packet", peer_netns=ovs.netns)
        end.plug()
        ovs.vsctl("add-port", "br", f"to-{host.name}", f"tag={vlan}")
    ovs.vhost_client("br", "trunk", run.socket("left"))
    router.start()
    for family in FAMILIES:
        pings(router, family)
        lab.download(run, router.client.at(family), router.server.at(family), size=1_000_000)
    assert {n["interface"] for n in router.ask("neighbours")} == {"left", "right"}
    # Of another VLAN, or without a tag, there is no interface.
    before = router.drops().get("no_interface", 0)
    ovs.vsctl("set", "port", "to-client", "tag=30")
    output(router.client.netns, "ping", "-n", "-c", "1", "-W", "1", router.client.gateway[4])
    assert router.drops()["no_interface"] > before
    router.stop()
    ovs.stop()


# ---- a smaller MTU on the way ----

@pytest.fixture(name="narrow", params=(1, 2))
def fixture_narrow(run, caps, request):
    """What leaves to the server's side is 1,400 octets at most; with one worker, and with two."""
    router = lab.Router(run, caps, workers=request.param,
                        interface_keys={"right": {"mtu": MTU}}).start()
    yield router
    if router.vnf.process.running():
        router.stop()


def test_ipv4_is_fragmented(narrow):
    """Without DF, packets are cut and arrive; the sender learns nothing."""
    client, server = narrow.client, narrow.server
    before = narrow.ask("ip")["fragments"]
    text = output(client.netns, "ping", "-n", "-M", "dont", "-c", "5", "-i", "0.1", "-s", "1472",
                  server.address[4], code=0)
    assert " 5 received" in text, text
    assert narrow.ask("ip")["fragments"] == before + 10
    # Fragments are cut once more.
    text = output(client.netns, "ping", "-n", "-M", "dont", "-c", "5", "-i", "0.1", "-s", "8000",
                  server.address[4], code=0)
    assert " 5 received" in text, text
    assert narrow.ask("ip")["fragments"] > before + 20


@pytest.mark.parametrize("family, size, says", (
    (4, 1472, f"rag needed .*mtu = {MTU}"), (6, 1452, f"acket too big: mtu={MTU}")))
def test_sender_is_told_the_mtu(narrow, family, size, says):
    """With DF, and always in IPv6, an ICMP error has it; what fits passes."""
    text = output(narrow.client.netns, "ping", "-n", "-M", "do", "-c", "1", "-W", "3", "-s",
                  str(size), narrow.server.address[family], code=1)
    assert re.search(says, text), text
    assert f"From {narrow.client.gateway[family]} " in text, text
    # The server's side is not concerned: its packets leave towards the client.
    lab.ping(narrow.server.at(family), narrow.client.at(family), count=3, size=size - 100,
             dont_fragment=True)
    assert narrow.drops()["too_big"] > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_path_mtu_is_found(run, narrow, family):
    """By TCP, by UDP with fragments of the sender's, and by tracepath."""
    client, server = narrow.client, narrow.server
    exchange(client.netns, server.netns, server.address[family], 1_000_000)
    lab.download(run, client.at(family), server.at(family), size=1_000_000)
    lab.download(run, server.at(family), client.at(family), size=1_000_000)
    datagrams(client.netns, server.netns, server.address[family], (100, MTU, 1472, 8000))
    assert path_mtu(client.netns, server.address[family])[0] == MTU
    known = output(client.netns, "ip", f"-{family}", "route", "get", server.address[family])
    assert f"mtu {MTU}" in known, known


@pytest.mark.parametrize("mtu", (1500, MTU))
@pytest.mark.parametrize("taps", (True, False))
def test_offloads(run, caps, taps, mtu):
    """Segments that are yet to be cut, and checksums that are yet to be written, are routed so."""
    router = lab.Router(run, caps, taps=taps, port_keys={"offloads": "tso"},
                        interface_keys={"right": {"mtu": mtu}}).start()
    client, server = router.client, router.server
    for family in FAMILIES:
        exchange(client.netns, server.netns, server.address[family], 20_000_000)
        datagrams(client.netns, server.netns, server.address[family], (100, 1472, 8000))
        datagrams(server.netns, client.netns, client.address[family], (100, 1472, 8000))
    # Without DF, they are cut to the MTU.
    client.sysctl("ipv4/ip_no_pmtu_disc", 1)
    client.netns.ip("route", "flush", "cache")
    exchange(client.netns, server.netns, server.address[4], 2_000_000)
    stats = router.vnf.stats("right")
    assert stats["tx_bytes"] > 3000 * stats["tx_packets"], "packets were not long"
    router.stop()


# ---- errors ----

@pytest.mark.parametrize("family, nowhere, prohibited", (
    (4, "192.0.2.1", "198.51.100.1"), (6, "2001:db8:99::1", "2001:db8:98::1")))
def test_no_way(run, caps, family, nowhere, prohibited):
    """No route, a prohibited one, a service that is not there: the sender is told."""
    router = lab.Router(run, caps, ip={"routes": [
        {"prefix": "198.51.100.0/24", "type": "prohibit"},
        {"prefix": "2001:db8:98::/48", "type": "prohibit"}]}).start()
    client = router.client.netns

    def ping(address):
        return output(client, "ping", "-n", "-c", "1", "-W", "3", address, code=1)

    assert re.search(r"Net Unreachable|No route", ping(nowhere))
    assert re.search(r"Packet filtered|Administratively prohibited|prohibited", ping(prohibited))
    text = output(client, "curl", "-sS", "-m", "5", "--noproxy", "*", "http://" + (
        f"[{router.client.gateway[6]}]" if family == 6 else router.client.gateway[4]))
    assert "Couldn't connect" in text or "refused" in text, text
    drops = router.drops()
    assert drops["no_route"] == drops["prohibited"] == 1
    assert drops["no_service"] >= 1
    router.stop()


# ---- commands ----

def ctl(run, *words):
    """`vnfkit ctl`, of the router: (code, output)."""
    done = subprocess.run([sys.executable, f"{lab.ROOT}/tools/vnfkit", "ctl", "-n", "router",
                           *words], env=run.env(), capture_output=True, text=True, timeout=30,
                          check=False)
    return done.returncode, done.stdout + done.stderr


def test_commands(run, router):
    """interfaces, neighbours, route, ip: as people read them, and as programs do."""
    for family in FAMILIES:
        lab.ping(router.client.at(family), router.server.at(family), count=2)
    code, text = ctl(run, "interfaces")
    assert code == 0 and "10.0.1.1/24" in text and "2001:db8:2::1/64" in text, text
    code, text = ctl(run, "neighbours")
    assert code == 0
    for host in router.hosts:
        for family in FAMILIES:
            assert re.search(rf"{host.side}.*{host.address[family]} .*{host.mac}", text), text
    assert json.loads(ctl(run, "--json", "route", "10.0.2.77")[1]) == {
        "address": "10.0.2.77", "route": "connected", "via": "", "interface": "right"}
    for address, kind in (("10.0.1.1", "local"), ("10.0.1.255", "broadcast"), ("9.9.9.9", "none"),
                          ("2001:db8:1::1", "local"), ("2001:db8:3::1", "none")):
        assert router.ask("route", address=address)["route"] == kind
    code, text = ctl(run, "route", "10.0.1")
    assert code == 1 and "is no address" in text, text
    counts = router.ask("ip")
    assert counts["resolved"] >= 2 and counts["arp_sent"] > 0 and counts["nd_sent"] > 0
    code, text = ctl(run, "ip")
    assert code == 0 and re.search(r"arp_sent +\d", text), text
