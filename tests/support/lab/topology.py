# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The path: client (namespace, kernel TCP/IP) - tap - vnf-switch domain A - vhost-user - VNF -
# vhost-user - vnf-switch domain B - tap - server. Without tap devices veth pairs and af_packet
# take their place; without namespaces a generator and a sink do. Used by the demo and the tests.
# Main thread.

"""The path, brought up and torn down."""

import dataclasses

from .checks import Hop, packets
from .errors import LabError
from .guest import GuestVnf
from .instance import Instance
from .namespaces import Namespace, capabilities
from .process import command
from .programs import switch_program, vnf_program
from .wait import steady, until

LAN, WAN = "lan", "wan"


@dataclasses.dataclass
class Endpoint:
    """A client or a server: a namespace with one interface, whose other end the switch has."""

    name: str
    address: str
    mac: str
    netns: Namespace
    kind: str
    ifname: str = "eth0"
    peer_netns: Namespace = None
    mtu: int = 1500
    address6: str = None

    def at(self, family):
        """This end by its address of IPv4 or IPv6."""
        return self if family == 4 else dataclasses.replace(self, address=self.address6)

    def port(self, domain):
        """The switch's port for it."""
        if self.kind == "tap":
            where = {"ifname": self.ifname, "netns": self.netns.name}
        else:
            where = {"ifname": f"to-{self.name}", "netns": self.peer_netns.name}
        return {"name": self.name, "kind": self.kind, **where, "mtu": self.mtu,
                "domain": domain}

    def plug(self):
        """For af_packet: make the veth pair, before the switch starts."""
        if self.kind == "tap":
            return
        peer = f"to-{self.name}"
        self.netns.ip("link", "add", self.ifname, "type", "veth", "peer", "name", peer,
                      "netns", self.peer_netns.name)
        self.peer_netns.ip("link", "set", peer, "mtu", str(self.mtu), "up")
        for netns, ifname in ((self.netns, self.ifname), (self.peer_netns, peer)):
            # The switch reads frames as they are: none longer than the MTU, checksums complete.
            command(["ethtool", "-K", ifname, "tx", "off", "rx", "off", "tso", "off",
                     "gso", "off", "gro", "off"], netns=netns)

    def configure(self):
        """Give the interface its addresses. A tap appears when the switch opens its port."""
        until(lambda: self.netns.link(self.ifname), 10,
              f"interface {self.ifname} of the {self.name}")
        self.netns.ip("link", "set", "dev", self.ifname, "address", self.mac,
                      "mtu", str(self.mtu))
        self.netns.ip("address", "replace", f"{self.address}/24", "dev", self.ifname)
        if self.address6:
            self.netns.sysctl(f"ipv6/conf/{self.ifname}/disable_ipv6", 0)
            self.netns.sysctl(f"ipv6/conf/{self.ifname}/accept_dad", 0)
            self.netns.ip("address", "replace", f"{self.address6}/64", "dev", self.ifname, "nodad")
        self.netns.ip("link", "set", "dev", self.ifname, "up")

    def counts(self):
        """(sent, received) packets of the interface, as the kernel counts them."""
        stats = self.netns.link(self.ifname)["stats64"]
        return stats["tx"]["packets"], stats["rx"]["packets"]


class Path:
    """
    The path. `start()` brings it up; the run's end takes it down.

    Settings: `program`: the VNF; its `workers` and `queues`; `ipv6`: the endpoints have addresses
    of it, and so speak without being asked; `hugepages` as in the configuration of both; `mtu`
    of all; `vnf_mode`: "server" or "client", the switch takes the other part; `loop`: both VNF
    ports in one domain; `extra_ports`: further ports of the switch; `switch_workers`: its workers;
    `endpoints`: "tap", "af_packet", "none" or None for the best that is possible here;
    `switch_keys`, `vnf_keys`: further top-level keys; `vnf_port_keys`: further keys of the switch's
    ports for the VNF; `guest`: options of `vnfkit run` for a VNF in a machine, else a process.
    """

    def __init__(self, run, caps=None, *, workers=1, queues=None, hugepages="never", loop=False,
                 endpoints=None, mtu=1500, extra_ports=(), switch_keys=None, vnf_keys=None,
                 vnf_mode="server", switch_workers=1, vnf_port_keys=None, guest=None,
                 program="forward", ipv6=False):
        self.run = run
        self.caps = caps or capabilities()
        self.kind = endpoints or self.caps.endpoints
        self.mtu = mtu
        self.vnf_mode = vnf_mode
        self.vnf_port_keys = vnf_port_keys or {}
        self.domains = ("A", "A" if loop else "B")
        self.client = self.server = None
        if self.kind != "none":
            self.caps.require_endpoints()
            self._make_endpoints(ipv6)
        cpus = self.caps.cpus
        vnf_cpus = cpus[1:workers + 1] or cpus
        queues = queues or workers
        self.switch = Instance(run, switch_program(), {
            "name": "switch", "workers": switch_workers, "cpus": str(cpus[0]),
            "hugepages": hugepages, **(switch_keys or {}),
            "ports": self._switch_ports(queues) + list(extra_ports)})
        settings = {
            "name": "vnf", "workers": workers, "cpus": ",".join(map(str, vnf_cpus)),
            "hugepages": hugepages, **(vnf_keys or {}),
            "ports": [{"name": name, "kind": "virtio-user", "socket": run.socket(name),
                       "queues": queues, "mtu": mtu, "mode": vnf_mode,
                       "tx_wait": "0" if guest is None else "1s"} for name in (LAN, WAN)]}
        self.vnf = (Instance(run, vnf_program(program), settings) if guest is None
                    else GuestVnf(run, vnf_program(program), settings, guest))

    def _make_endpoints(self, ipv6):
        host = Namespace(self.run, "host") if self.kind == "af_packet" else None
        self.client, self.server = (
            Endpoint(name, f"10.99.0.{i}", f"02:99:00:00:00:0{i}", Namespace(self.run, name),
                     self.kind, peer_netns=host, mtu=self.mtu,
                     address6=f"2001:db8:99::{i}" if ipv6 else None)
            for i, name in ((1, "client"), (2, "server")))

    @property
    def endpoints(self):
        """Client and server, as far as there are any."""
        return [e for e in (self.client, self.server) if e]

    def _switch_ports(self, queues):
        ports = [e.port(d) for e, d in zip(self.endpoints, self.domains)]
        mode = "client" if self.vnf_mode == "server" else "server"
        return ports + [{"name": name, "kind": "vhost-user", "socket": self.run.socket(name),
                         "mode": mode, "queues": queues, "mtu": self.mtu, "domain": domain,
                         **self.vnf_port_keys}
                        for name, domain in zip((LAN, WAN), self.domains)]

    def start(self, switch_first=False):
        """Bring everything up and wait until each port has its peer."""
        for endpoint in self.endpoints:
            endpoint.plug()
        # QEMU does not start its machine before the switch has come.
        switch_first = switch_first or isinstance(self.vnf, GuestVnf)
        if not switch_first:
            self.vnf.start()
        self.start_switch(wait=not switch_first)
        if switch_first:
            self.vnf.start()
            self.switch.wait_port()
        self.vnf.wait_port(LAN, WAN)
        return self

    def start_switch(self, wait=True):
        """Start the switch, or start it again; `wait` until all its ports have their peers."""
        self.switch.start()
        for endpoint in self.endpoints:
            endpoint.configure()
        if wait:
            self.switch.wait_port()

    def stop(self):
        """Stop cleanly: (switch's report, VNF's report)."""
        return self.switch.stop(), self.vnf.stop()

    def check_alive(self):
        """LabError if the switch or the VNF ended by itself."""
        check_alive((self.switch, self.vnf))

    def settle(self, timeout=10):
        """Wait until no packet moves any more."""
        def sample():
            return [self.switch.stats(p)["rx_packets"] for p in (LAN, WAN)] + \
                   [self.vnf.stats(p)["rx_packets"] for p in (LAN, WAN)] + \
                   [e.counts() for e in self.endpoints]
        return steady(sample, timeout, "the path's counters")

    def counters(self):
        """All counters now: (switch, VNF), name -> (rx_packets, tx_packets), and kernel's."""
        def of(instance):
            ports = [p["name"] for p in instance.settings["ports"]]
            stats = {p: instance.stats(p) for p in ports}
            return {p: (s["rx_packets"], s["tx_packets"]) for p, s in stats.items()}
        kernel = {e.name: e.counts() for e in self.endpoints}
        return of(self.switch), of(self.vnf), kernel

    def hops(self, switch, vnf, kernel, reverse=False):
        """
        The wires from client to server (or back) with both ends' counts; `switch`, `vnf` and
        `kernel` as of counters(). What happens between a stage's two wires is in its ledger.
        """
        first, last = (WAN, LAN) if reverse else (LAN, WAN)
        source, target = ("server", "client") if reverse else ("client", "server")
        hops = [Hop(f"switch:{first}", switch[first][1], f"vnf:{first}", vnf[first][0]),
                Hop(f"vnf:{last}", vnf[last][1], f"switch:{last}", switch[last][0])]
        if kernel:
            hops.insert(0, Hop(f"{source} (kernel)", kernel[source][0],
                               f"switch:{source}", switch[source][0]))
            hops.append(Hop(f"switch:{target}", switch[target][1],
                            f"{target} (kernel)", kernel[target][1]))
        return hops

    def check_hops(self):
        """Wait until the counters settle, then demand that no wire lost a packet."""
        self.settle()
        counters = self.counters()
        hops = self.hops(*counters) + self.hops(*counters, reverse=True)
        lossy = [f"{h.sender} sent {h.sent}, {h.receiver} received {h.received}"
                 for h in hops if h.lost]
        if lossy:
            raise LabError("packets vanished between two stages: " + "; ".join(lossy))
        return hops


def check_alive(instances):
    """LabError if one of them ended by itself."""
    for instance in instances:
        if not instance.process.running():
            raise LabError(f"{instance.name} ended by itself, with code "
                           f"{instance.process.wait()}; its last lines:\n"
                           f"{instance.process.tail()}")


def generator_ports(rate, domains=("A", "B"), flows=16, name="gen"):
    """A generator in the first domain and a sink in the second, as ports of a switch."""
    return [{"name": name, "kind": "gen", "domain": domains[0], "flows": flows, "rate": rate},
            {"name": f"{name}-sink", "kind": "sink", "domain": domains[1]}]


def generator_pair(rate, domains=("A", "B"), flows=16):
    """
    Two generators that send to each other, and check what they receive. Not two of the above: a
    sink is never learned, so it would also get what the generator in its own domain sends.
    """
    macs = ("02:88:00:00:00:01", "02:88:00:00:00:02")
    return [{"name": name, "kind": "gen", "domain": domain, "flows": flows, "rate": rate,
             "src_mac": own, "dst_mac": other}
            for name, domain, own, other in zip(("left", "right"), domains, macs, macs[::-1])]


__all__ = ["Endpoint", "Path", "check_alive", "generator_pair", "generator_ports", "packets", "LAN",
           "WAN"]
