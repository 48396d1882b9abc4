# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Two VNFs in a row: vnf-firewall in the wire before vnf-nat, the router of the inside hosts.
#
#     client, other - vnf-switch - vnf-firewall - vnf-switch - vnf-nat - vnf-switch - server
#
# Both as processes, or each in a machine. Used by the demo and tests/guest/test_firewall.py. Main
# thread.

"""A firewall and a NAT between clients and a server."""

from .firewall import Asked, no_limits
from .guest import GuestVnf
from .instance import Instance
from .namespaces import Namespace
from .nat import POOL, pool
from .programs import switch_program, vnf_program
from .topology import LAN, WAN, Endpoint, check_alive
from .wait import steady

INSIDE, OUTSIDE = "inside", "outside"
# Who is where: the last number of the address, and of the network.
HOSTS = {"client": (2, 1), "other": (3, 1), "server": (2, 2)}
DOMAINS = {LAN: "lan", WAN: "between", INSIDE: "between", OUTSIDE: "wan"}


class FirewallNat(Asked):
    """
    What is asked of a firewall, is asked of this one; `rules` are its. `nat`: further keys of the
    other. `guest`: options of `vnfkit run` for machines, else they are processes.
    """

    def __init__(self, run, caps, rules, *, nat=None, guest=None):
        caps.require_endpoints()
        self.run = run
        kind = caps.endpoints
        peers = Namespace(run, "host") if kind == "af_packet" else None
        self.client, self.other, self.server = self.endpoints = [
            Endpoint(name, f"10.0.{net}.{host}", f"02:99:00:00:0{net}:0{host}",
                     Namespace(run, name), kind, peer_netns=peers,
                     address6=f"2001:db8:{net}::{host}") for name, (host, net) in HOSTS.items()]
        self.switch = Instance(run, switch_program(), {
            "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never",
            "ports": [end.port("wan" if end is self.server else "lan") for end in self.endpoints] +
                     [{"name": name, "kind": "vhost-user", "socket": run.socket(name),
                       "domain": domain} for name, domain in DOMAINS.items()]})
        self.vnf = self.instance(caps, "firewall", (LAN, WAN), guest, {
            "mode": "transparent", "wires": [{"a": LAN, "b": WAN}], "rules": rules,
            "sessions": 1000, "zones": [{"name": zone, "ports": [zone]} for zone in (LAN, WAN)]})
        self.nat = self.instance(caps, "nat", (INSIDE, OUTSIDE), guest, {
            "inside": [INSIDE], "outside": [OUTSIDE], "pools": [pool(POOL)], "sessions": 1000,
            "ip": {"interfaces": [{"port": port, "dad": False, "addresses": [
                f"10.0.{net}.1/24", f"2001:db8:{net}::1/64"]}
                for net, port in ((1, INSIDE), (2, OUTSIDE))]}, **(nat or {})})

    def instance(self, caps, name, ports, guest, keys):
        """A VNF of these ports."""
        settings = {"name": name, "cpus": str(caps.cpus[-1]), "hugepages": "never", "ports": [
            {"name": port, "kind": "virtio-user", "socket": self.run.socket(port)}
            for port in ports], **keys}
        if guest is None:
            return Instance(self.run, vnf_program(name), settings)
        del settings["cpus"]
        return GuestVnf(self.run, vnf_program(name), settings, guest)

    @property
    def instances(self):
        """All programs, the switch first."""
        return self.switch, self.vnf, self.nat

    def start(self):
        """Bring everything up."""
        for end in self.endpoints:
            end.plug()
        self.switch.start()
        for end in self.endpoints:
            end.configure()
            self.routes(end)
        for vnf in (self.vnf, self.nat):
            vnf.start()
        for instance in self.instances:
            instance.wait_port()
        return self

    def routes(self, end):
        """The way to the other side; of IPv4, the server needs none, and has none."""
        near, far = (2, 1) if end is self.server else (1, 2)
        if end is not self.server:
            end.netns.ip("route", "add", f"10.0.{far}.0/24", "via", f"10.0.{near}.1")
        end.netns.ip("-6", "route", "add", f"2001:db8:{far}::/64", "via", f"2001:db8:{near}::1")
        no_limits(end.netns)

    def settle(self, timeout=10):
        """Wait until no packet moves any more."""
        return steady(lambda: [i.stats(p["name"])["rx_packets"] for i in self.instances
                               for p in i.settings["ports"]], timeout, "the counters")

    def stop(self):
        """Stop all; the ledgers are checked. The VNFs' reports."""
        reports = [vnf.stop() for vnf in (self.vnf, self.nat)]
        self.switch.stop()
        return reports

    def check_alive(self):
        """As of lab.Path."""
        check_alive(self.instances)
