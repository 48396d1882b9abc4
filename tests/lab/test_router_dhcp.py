# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The template vnf-router as a DHCP client of dnsmasq: it gets its address and its default route,
# shows them, forwards by them, and gives the address back when it stops.

"""The router's address by DHCP."""

import json
import os
import socket

import lab
import pytest

LEASED, SERVER = "10.0.2.50", "10.0.2.1"
BEYOND = "192.0.2.1"
LEASE_S = 120


class Server:
    """A namespace with dnsmasq, and an address that only a default route leads to."""

    def __init__(self, run):
        self.run = run
        self.netns = lab.Namespace(run, "server")
        self.netns.ip("address", "add", f"{BEYOND}/32", "dev", "lo")
        self.process = None

    def attach(self):
        """The interface is there once its port is open."""
        lab.until(lambda: self.netns.link("eth0"), 10, "interface eth0 of the server")
        self.netns.ip("address", "replace", f"{SERVER}/24", "dev", "eth0")
        self.netns.ip("link", "set", "dev", "eth0", "up")
        self.netns.ip("route", "replace", "10.0.1.0/24", "via", LEASED)

    def start(self, *more):
        """Lease one address."""
        self.process = lab.Process(self.run, [
            lab.installed("dnsmasq"), "--keep-in-foreground", "--log-facility=-", "--log-dhcp",
            "--port=0", "--conf-file=/dev/null", "--interface=eth0", "--bind-interfaces",
            "--user=root", "--pid-file=", f"--dhcp-leasefile={self.run.path('leases')}",
            f"--dhcp-range={LEASED},{LEASED},255.255.255.0,{LEASE_S}", "--dhcp-authoritative",
            "--no-ping", *more], name="dnsmasq", netns=self.netns)
        return self


class Client:
    """A host behind the router."""

    def __init__(self, run):
        self.netns = lab.Namespace(run, "client")

    def attach(self):
        """As Server.attach()."""
        lab.until(lambda: self.netns.link("eth0"), 10, "interface eth0 of the client")
        self.netns.ip("address", "replace", "10.0.1.2/24", "dev", "eth0")
        self.netns.ip("link", "set", "dev", "eth0", "up")
        self.netns.ip("route", "replace", "default", "via", "10.0.1.1")


def control(run, command, **args):
    """The result of a command of the router."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(run.path("c", "router.ctl"))
        s.sendall(json.dumps({"id": 1, "command": command, "args": args}).encode() + b"\n")
        with s.makefile("rb") as stream:
            return json.loads(stream.readline())["result"]


def interface(run):
    """The one with DHCP, as the command shows it."""
    return next(i for i in control(run, "interfaces") if i["name"] == "right")


def bound(run):
    """Does it have its address?"""
    on = interface(run)
    return on["dhcp"]["state"] == "bound" and any(
        a["address"] == f"{LEASED}/24" and a["state"] == "valid" for a in on["addresses"])


def ping(netns, address, count=5):
    """All of them are answered, the first ones perhaps not."""
    lab.command(["ping", "-n", "-c", "1", "-W", "3", address], netns=netns, check=False)
    text = lab.command(["ping", "-n", "-c", str(count), "-i", "0.2", "-W", "2", address],
                       netns=netns).stdout
    assert f"{count} received" in text, text


@pytest.fixture(name="nets")
def fixture_nets(run, caps):
    """Client, router and server, with dnsmasq yet to be started."""
    if caps.why_no_tap:
        pytest.skip(caps.why_no_tap)
    lab.installed("dnsmasq")
    client, server = Client(run), Server(run)
    return client, server


def router_of(run, caps, client, server, workers=1, **ip):
    """A router between them; `ip`: further keys of the group."""
    router = lab.Instance(run, lab.vnf_program("router"), {
        "name": "router", "workers": workers, "cpus": str(caps.cpus[-1]), "hugepages": "never",
        "ports": [{"name": name, "kind": "tap", "ifname": "eth0", "netns": host.netns.name}
                  for name, host in (("left", client), ("right", server))],
        "ip": {"interfaces": [{"port": "left", "addresses": ["10.0.1.1/24"]},
                              {"port": "right", "dhcp": True}], **ip}})
    router.start()
    client.attach()
    server.attach()
    return router


@pytest.mark.parametrize("workers", (1, 2))
def test_bound_forwards_and_releases(run, caps, nets, workers):
    """Address and default route by dnsmasq; what it leased is given back."""
    client, server = nets
    router = router_of(run, caps, client, server, workers)
    server.start()
    lab.until(lambda: bound(run), 30, "the router to have its address")
    shown = interface(run)["dhcp"]
    assert shown["server"] == SERVER
    assert LEASE_S - 40 < shown["seconds_left"] <= LEASE_S
    assert control(run, "route", address=BEYOND)["via"] == SERVER
    ping(server.netns, LEASED)
    ping(client.netns, BEYOND)
    # Another reload leaves the lease alone.
    generation = router.generation()
    router.reload(ip={**router.settings["ip"], "icmp_errors": 10})
    assert router.generation() == generation + 1
    assert bound(run)
    ping(client.netns, BEYOND)
    router.stop()
    server.process.wait_log(rf"DHCPRELEASE\(eth0\) {LEASED}", timeout=5)
    with open(run.path("leases"), encoding="ascii") as f:
        assert LEASED not in f.read()


def test_link_back(run, caps, nets):
    """When the link comes back, the lease is asked for again, and holds."""
    client, server = nets
    router = router_of(run, caps, client, server)
    server.start()
    lab.until(lambda: bound(run), 30, "the router to have its address")
    mark = server.process.mark()
    server.netns.ip("link", "set", "dev", "eth0", "down")
    lab.until(lambda: interface(run)["dhcp"]["state"] == "down", 10, "the link to be seen down")
    server.attach()
    server.process.wait_log(rf"DHCPACK\(eth0\) {LEASED}", since=mark, timeout=20)
    lab.until(lambda: bound(run), 10, "the address to be valid again")
    ping(client.netns, BEYOND)
    router.stop()


def test_classless_routes_beat_the_router(run, caps, nets):
    """Option 121 as dnsmasq sends it; MTU likewise."""
    client, server = nets
    router = router_of(run, caps, client, server)
    server.start(f"--dhcp-option=121,192.0.2.0/24,{SERVER}", "--dhcp-option=26,1400")
    lab.until(lambda: bound(run), 30, "the router to have its address")
    assert control(run, "route", address=BEYOND)["via"] == SERVER
    assert control(run, "route", address="203.0.113.1")["route"] == "none"
    assert interface(run)["mtu"] == 1400
    ping(client.netns, BEYOND)
    router.stop()


def test_a_lease_reads_no_file(run, caps, nets):
    """Routes of the file are in force as they were read, whatever became of it since."""
    client, server = nets
    path = run.path("routes")
    with open(path, "w", encoding="ascii") as f:
        f.write("blackhole 203.0.113.0/24\n192.0.2.0/24 dev left\n")
    router = router_of(run, caps, client, server, routes_file=path)
    os.unlink(path)
    server.start()
    lab.until(lambda: bound(run), 30, "the router to have its address")
    assert control(run, "route", address="203.0.113.1")["route"] == "blackhole"
    assert control(run, "route", address=BEYOND)["interface"] == "left"
    assert control(run, "route", address="8.8.8.8")["via"] == SERVER
    router.stop()


def test_conflict_is_declined(run, caps, nets):
    """Somebody has the address already: the server is told, and the address is not used."""
    client, server = nets
    server.netns.ip("address", "add", f"{LEASED}/32", "dev", "lo")
    router = router_of(run, caps, client, server)
    server.start()
    server.process.wait_log(rf"DHCPDECLINE\(eth0\) {LEASED}", timeout=30)
    lab.until(lambda: not interface(run)["addresses"], 5, "the address to be given up")
    router.stop()
    assert os.path.exists(run.path("leases"))
