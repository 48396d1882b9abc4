# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The path from a client's kernel through switch, VNF and switch to a server's kernel, and back.

"""Real traffic end to end."""

import os

import lab
import pytest


@pytest.fixture(scope="module")
def path(caps):
    """One path for the tests that only look."""
    with lab.Run() as run:
        up = lab.Path(run, caps).start()
        yield up
        up.check_hops()
        up.stop()


@pytest.mark.quick
@pytest.mark.parametrize("size", [8, 1472, 4000])
def test_ping_both_ways(path, size):
    """Short, full-sized and fragmented echoes."""
    lab.ping(path.client, path.server, size=size)
    lab.ping(path.server, path.client, size=size)


@pytest.mark.quick
def test_http_download(path):
    """100 MB arrive as they were sent."""
    lab.download(path.run, path.client, path.server)


@pytest.mark.quick
@pytest.mark.parametrize("reverse", [False, True], ids=["to_server", "to_client"])
def test_iperf3(path, reverse):
    """TCP keeps flowing in both directions."""
    result = lab.iperf3(path.run, path.client, path.server, 2, reverse)
    assert result.bits_per_second > 50e6


def test_iperf3_both_at_once(path):
    """Both directions at a time, several streams."""
    result = lab.iperf3(path.run, path.client, path.server, 2, extra=["--bidir", "-P", "2"])
    assert result.bits_per_second > 10e6


def test_udp(path):
    """UDP at a rate that fits arrives nearly whole."""
    result = lab.iperf3(path.run, path.client, path.server, 2, extra=["-u", "-b", "20M"])
    assert result.lost_percent < 1


@pytest.mark.quick
def test_every_packet_is_accounted_for(run, caps):
    """Stage by stage after traffic; then in the final reports."""
    path = lab.Path(run, caps).start()
    lab.ping(path.client, path.server)
    lab.download(run, path.client, path.server, size=20_000_000)
    path.check_hops()
    live = {i.name: i.ledger() for i in (path.switch, path.vnf)}
    for name, ledger in live.items():
        assert not lab.ledger_faults(name, ledger)
    switch, vnf = path.stop()
    assert vnf["ledger"]["created"] == 0
    assert vnf["ledger"]["held"] == 0
    assert vnf["ledger"]["rx"] >= live["vnf"]["rx"] > 0
    assert switch["ledger"]["rx"] >= live["switch"]["rx"] > 0
    for report in (switch, vnf):
        ports = lab.packets(report)
        assert sum(rx for rx, _ in ports.values()) == report["ledger"]["rx"]
        assert sum(tx for _, tx in ports.values()) == report["ledger"]["tx"]
        assert sum(lab.drops(report).values()) == report["ledger"]["drops"]


@pytest.mark.parametrize("vnf_mode", ["server", "client"])
@pytest.mark.parametrize("switch_first", [True, False], ids=["switch_first", "vnf_first"])
def test_any_order_and_mode(run, caps, vnf_mode, switch_first):
    """Whoever comes first waits for the other, whichever of them has the socket."""
    path = lab.Path(run, caps, vnf_mode=vnf_mode).start(switch_first)
    lab.ping(path.client, path.server)
    lab.download(run, path.client, path.server, size=5_000_000)
    path.check_hops()
    path.stop()


def test_two_vnfs_in_a_row(run, caps):
    """client - A - first VNF - B - second VNF - C - server."""
    middle, far = run.socket("middle"), run.socket("far")
    more = [{"name": n, "kind": "vhost-user", "socket": s, "domain": d}
            for n, s, d in (("middle", middle, "B"), ("far", far, "C"))]
    path = lab.Path(run, caps, extra_ports=more)
    next(p for p in path.switch.settings["ports"] if p["name"] == "server")["domain"] = "C"
    second = lab.Instance(run, lab.vnf_program(), {
        **path.vnf.settings, "name": "second",
        "ports": [{"name": n, "kind": "virtio-user", "socket": s}
                  for n, s in (("middle", middle), ("far", far))]})
    second.start()
    path.start()
    second.wait_port("middle", "far")
    lab.ping(path.client, path.server)
    lab.download(run, path.client, path.server, size=20_000_000)
    path.settle()
    assert path.vnf.stats(lab.WAN)["tx_packets"] == path.switch.stats(lab.WAN)["rx_packets"]
    assert second.stats("far")["tx_packets"] == path.switch.stats("far")["rx_packets"]
    path.stop()
    second.stop()


def test_veth_and_af_packet(run, caps):
    """Where taps are forbidden veth pairs carry the same traffic."""
    if caps.why_no_veth:
        raise lab.LabUnavailable(caps.why_no_veth)
    path = lab.Path(run, caps, endpoints="af_packet").start()
    lab.ping(path.client, path.server)
    lab.download(run, path.client, path.server, size=20_000_000)
    path.stop()


def test_with_hugepages(run, caps):
    """Both programs on hugepages; the pages are free again afterwards."""
    with lab.reserved_hugepages(512):
        path = lab.Path(run, caps, hugepages="always").start()
        lab.ping(path.client, path.server)
        lab.download(run, path.client, path.server, size=20_000_000)
        path.stop()
        run.close()


def test_one_cpu(run, caps):
    """Switch, VNF, clients and servers take turns on one CPU."""
    os.sched_setaffinity(0, caps.cpus[:1])
    try:
        path = lab.Path(run).start()
        lab.ping(path.client, path.server, interval=0.2)
        lab.ping(path.server, path.client, interval=0.2)
        lab.download(run, path.client, path.server, size=20_000_000)
        path.check_hops()
        path.stop()
    finally:
        os.sched_setaffinity(0, caps.cpus)


def test_large_mtu(run, caps):
    """Jumbo frames, when every port has the MTU."""
    path = lab.Path(run, caps, mtu=9000).start()
    lab.ping(path.client, path.server, size=8972, dont_fragment=True)
    lab.download(run, path.client, path.server, size=20_000_000)
    path.stop()


def test_numbers_by_dpdk_telemetry(path):
    """The documented commands answer."""
    lab.ping(path.client, path.server, count=2)
    for instance in (path.switch, path.vnf):
        info = instance.telemetry("/vnf/info")
        assert info["pid"] == instance.process.pid
        assert info["name"] == instance.name
        assert instance.telemetry("/vnf/ports") == [p["name"] for p in instance.settings["ports"]]
        assert instance.stats("lan")["rx_packets"] > 0
    learned = path.switch.telemetry("/switch/fdb,A")
    assert learned[path.client.mac.replace(":", "_")] == "client"
    assert learned[path.server.mac.replace(":", "_")] == lab.LAN
