# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The same VNF behind other switches, and our switch under another guest. No program and, but for
# the sockets' mode, no configuration is changed for it.

"""Interoperation with OVS-DPDK and dpdk-testpmd."""

import lab
import pytest
from lab.peers import Ovs, Testpmd


def vnf_between(run, caps, sockets=None, mode=None):
    """The template VNF with its two ports on these sockets."""
    sockets = sockets or [run.socket(p) for p in (lab.LAN, lab.WAN)]
    ports = [{"name": p, "kind": "virtio-user", "socket": s, **({"mode": mode} if mode else {})}
             for p, s in zip((lab.LAN, lab.WAN), sockets)]
    return lab.Instance(run, lab.vnf_program(), {
        "name": "vnf", "cpus": str(caps.cpus[-1]), "hugepages": "never", "ports": ports})


def ovs_endpoints(run):
    """Client and server whose veth pairs are to be plugged into OVS."""
    return [lab.Endpoint(name, f"10.99.0.{i}", f"02:99:00:00:00:0{i}", lab.Namespace(run, name),
                         "veth") for i, name in ((1, "client"), (2, "server"))]


def carry_clients(run, vnf, client, server):
    """ping, a download and iperf3 through the VNF; its report must balance."""
    lab.ping(client, server)
    lab.ping(server, client)
    lab.download(run, client, server, size=20_000_000)
    assert lab.iperf3(run, client, server, 2).bits_per_second > 10e6
    report = vnf.stop()
    assert report["ledger"]["rx"] > 1000


@pytest.mark.parametrize("mode", ["server", "client"])
def test_behind_ovs(run, caps, mode):
    """OVS-DPDK as the host: dpdkvhostuserclient, and dpdkvhostuser with `mode = "client"`."""
    if caps.why_no_namespaces or caps.why_no_veth:
        raise lab.LabUnavailable(caps.why_no_namespaces or caps.why_no_veth)
    ovs = Ovs(run, caps.cpus[0]).start()
    for bridge in ("brA", "brB"):
        ovs.bridge(bridge)
    if mode == "server":
        vnf = vnf_between(run, caps)
        vnf.start()
        for bridge, port in (("brA", lab.LAN), ("brB", lab.WAN)):
            ovs.vhost_client(bridge, port, run.socket(port))
    else:
        sockets = [ovs.vhost_server(b, p) for b, p in (("brA", lab.LAN), ("brB", lab.WAN))]
        vnf = vnf_between(run, caps, sockets, "client")
        vnf.start()
    client, server = ovs_endpoints(run)
    ovs.attach("brA", client)
    ovs.attach("brB", server)
    vnf.wait_port(lab.LAN, lab.WAN, timeout=15)
    carry_clients(run, vnf, client, server)
    ovs.stop()


def test_testpmd_is_restarted(run, caps):
    """The VNF is found again by a back end that was killed."""
    vnf = vnf_between(run, caps)
    vnf.start()
    sockets = [run.socket(p) for p in (lab.LAN, lab.WAN)]
    vdevs = [f"net_vhost{i},iface={s},client=1" for i, s in enumerate(sockets)]
    for _ in range(2):
        testpmd = Testpmd(run, caps.cpus[0], vdevs, mode="flowgen")
        vnf.wait_port(lab.LAN, lab.WAN, timeout=15)
        before = vnf.stats(lab.LAN)["rx_packets"]
        lab.until(lambda b=before: vnf.stats(lab.LAN)["rx_packets"] > b + 10_000, 10, "traffic")
        testpmd.process.kill_now()
        run.crashed.add(testpmd.process.pid)
        testpmd.process.wait(5)
    vnf.stop()


@pytest.mark.parametrize("mode", ["server", "client"])
def test_behind_testpmd(run, caps, mode):
    """dpdk-testpmd's net_vhost as the host; it sends on one side and receives on the other."""
    client = 1 if mode == "server" else 0
    vdevs = [f"net_vhost{i},iface={run.socket(p)},client={client}"
             for i, p in enumerate((lab.LAN, lab.WAN))]
    vnf = vnf_between(run, caps, mode=mode)
    if mode == "server":
        vnf.start()
    testpmd = Testpmd(run, caps.cpus[0], vdevs, mode="flowgen").wait_ready()
    if mode == "client":
        vnf.start()
    vnf.wait_port(lab.LAN, lab.WAN, timeout=15)
    lab.until(lambda: vnf.stats(lab.LAN)["rx_packets"] > 50_000, 10, "traffic through the VNF")
    vnf.stop()
    received, sent = testpmd.stop()
    assert received > 10_000 and sent > 50_000


@pytest.mark.parametrize("guest_mode", ["server", "client"])
def test_testpmd_as_guest(run, caps, guest_mode):
    """dpdk-testpmd over virtio-user in place of the VNF."""
    path = lab.Path(run, caps, endpoints="none", extra_ports=lab.generator_ports(rate=20_000))
    host_mode = "client" if guest_mode == "server" else "server"
    for port in path.switch.settings["ports"]:
        if port["kind"] == "vhost-user":
            port["mode"] = host_mode
    vdevs = [f"net_virtio_user{i},path={run.socket(p)},queue_size=1024,mac=02:77:00:00:00:0{i}" +
             (",server=1" if guest_mode == "server" else "")
             for i, p in enumerate((lab.LAN, lab.WAN))]
    if guest_mode == "client":
        path.switch.start()
    guest = Testpmd(run, caps.cpus[-1], vdevs, name="guest")
    if guest_mode == "server":
        path.switch.start()
    path.switch.wait_port(lab.LAN, lab.WAN, timeout=15)
    lab.until(lambda: path.switch.stats("gen-sink")["received"] > 20_000, 15, "traffic")
    guest.stop()
    path.switch.stop()
