# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-nat whose external address is that of its outside interface, which it has by DHCP, of dnsmasq:
# it translates by the address that it has, whichever that is.

"""The NAT behind a changing address."""

import os

import lab
import pytest
from lab.nat import forward, pool
from lab.router import Address
from lab.transfer import Connection, tcp_socket

FIRST, SECOND, SERVER = "10.0.2.50", "10.0.2.60", "10.0.2.1"
CLIENT = "10.0.1.2"
LEASE_S = 120


class Outside:
    """A namespace with dnsmasq, and the hosts that are talked to."""

    def __init__(self, run):
        self.run = run
        self.netns = lab.Namespace(run, "server")
        self.process = None

    def attach(self):
        """The interface is there once its port is open."""
        lab.until(lambda: self.netns.link("eth0"), 10, "interface eth0 of the server")
        self.netns.ip("address", "replace", f"{SERVER}/24", "dev", "eth0")
        self.netns.ip("link", "set", "dev", "eth0", "up")

    def lease(self, address):
        """Serve this address, and know of no other one."""
        leases = self.run.path("leases")
        if self.process:
            self.process.end()
            os.unlink(leases)
        self.process = lab.Process(self.run, [
            lab.installed("dnsmasq"), "--keep-in-foreground", "--log-facility=-", "--log-dhcp",
            "--port=0", "--conf-file=/dev/null", "--interface=eth0", "--bind-interfaces",
            "--user=root", "--pid-file=", f"--dhcp-leasefile={leases}", "--dhcp-authoritative",
            f"--dhcp-range={address},{address},255.255.255.0,{LEASE_S}", "--no-ping"],
            name="dnsmasq", netns=self.netns)
        self.process.wait_log("started")

    def at(self):
        """By its address."""
        return Address("server", SERVER, self.netns)


class Nat:
    """The NAT, and a client behind it."""

    def __init__(self, run, caps, workers):
        self.run = run
        self.netns = lab.Namespace(run, "client")
        self.outside = Outside(run)
        self.vnf = lab.Instance(run, lab.vnf_program("nat"), {
            "name": "nat", "workers": workers, "cpus": str(caps.cpus[-1]), "hugepages": "never",
            "inside": ["lan"], "outside": ["wan"], "sessions": 4000, "syn_hold": "0s",
            "pools": [pool("interface wan")],
            "forwards": [forward(8080, CLIENT, 80, outside="interface wan")],
            "ports": [{"name": name, "kind": "tap", "ifname": "eth0", "netns": netns.name}
                      for name, netns in (("lan", self.netns), ("wan", self.outside.netns))],
            "ip": {"interfaces": [{"port": "lan", "addresses": ["10.0.1.1/24"]},
                                  {"port": "wan", "dhcp": True}]}})

    def start(self):
        """Until its workers run; it has no address yet."""
        self.vnf.start()
        lab.until(lambda: self.netns.link("eth0"), 10, "interface eth0 of the client")
        self.netns.ip("address", "replace", f"{CLIENT}/24", "dev", "eth0")
        self.netns.ip("link", "set", "dev", "eth0", "up")
        self.netns.ip("route", "replace", "10.0.2.0/24", "via", "10.0.1.1")
        self.outside.attach()
        return self

    def at(self):
        """The client."""
        return Address("client", CLIENT, self.netns)

    def interface(self):
        """The one outside, as the command shows it."""
        return next(i for i in lab.control(self.run, "nat", "interfaces") if i["name"] == "wan")

    def link_back(self):
        """The link goes down, is seen so, and comes back: the lease is asked for again."""
        self.outside.netns.ip("link", "set", "dev", "eth0", "down")
        lab.until(lambda: self.interface()["dhcp"]["state"] == "down", 10, "the link to be down")
        self.outside.attach()

    def has(self, address):
        """Is this its external address?"""
        on = self.interface()
        return on["dhcp"]["state"] == "bound" and [
            a["address"] for a in on["addresses"]
            if a["state"] == "valid" and not a["address"].startswith("fe80")] == [f"{address}/24"]

    def connected(self, address):
        """A connection out is seen as of this address, once what was told to workers is known."""
        def seen():
            try:
                with Connection(self.at(), self.outside.at(), timeout=1) as connection:
                    connection.talk()
                    return connection.seen()[0] == address
            except OSError:
                return False
        lab.until(seen, 10, f"connections to come from {address}")

    def serve(self):
        """Something at the client's port 80."""
        process = lab.Process(self.run, ["python3", "-u", "-m", "http.server", "80", "--bind",
                                         CLIENT], name="http", netns=self.netns)
        process.wait_log("Serving HTTP")

    def fetch(self, address):
        """By the forward."""
        return lab.command([lab.installed("curl"), "-sS", "--noproxy", "*", "-m", "5",
                            f"http://{address}:8080/"], netns=self.outside.netns,
                           check=False).returncode == 0


@pytest.fixture(name="nat", params=(1, 2))
def fixture_nat(run, caps, request):
    """A NAT of so many workers, without a lease."""
    if caps.why_no_tap:
        pytest.skip(caps.why_no_tap)
    lab.installed("dnsmasq")
    nat = Nat(run, caps, request.param).start()
    yield nat
    assert not lab.ledger_faults("nat", nat.vnf.ledger())
    nat.vnf.stop()


def test_lease_that_changes(nat):
    """
    Without a lease nothing is translated. With one, all is by that address; with another one, what
    is new is by that, and what was by the old one is over.
    """
    drops = nat.vnf.drops("lan")
    with tcp_socket(nat.netns, SERVER) as s, pytest.raises(OSError):
        s.settimeout(1)
        s.connect((SERVER, 99))
    assert nat.vnf.drops("lan") != drops
    nat.outside.lease(FIRST)
    lab.until(lambda: nat.has(FIRST), 30, "the NAT to have its address")
    nat.connected(FIRST)
    nat.serve()
    assert nat.fetch(FIRST)
    with Connection(nat.at(), nat.outside.at(), port=7001) as old:
        old.talk()
        nat.outside.lease(SECOND)
        nat.link_back()
        lab.until(lambda: nat.has(SECOND), 40, "the NAT to have another address")
        nat.connected(SECOND)
        assert not old.talks(0.5)
    assert nat.fetch(SECOND) and not nat.fetch(FIRST)


def test_link_back(nat):
    """The same lease again: what was open goes on."""
    nat.outside.lease(FIRST)
    lab.until(lambda: nat.has(FIRST), 30, "the NAT to have its address")
    nat.connected(FIRST)
    with Connection(nat.at(), nat.outside.at(), port=7001) as connection:
        connection.talk()
        mark = nat.outside.process.mark()
        nat.link_back()
        nat.outside.process.wait_log(rf"DHCPACK\(eth0\) {FIRST}", since=mark, timeout=30)
        lab.until(lambda: nat.has(FIRST), 20, "the address to be valid again")
        lab.until(lambda: connection.talks(1), 10, "the connection to go on")
