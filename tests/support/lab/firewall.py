# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-firewall between namespaces, in the wire or as a router, and what is asked of it:
#
#     client - vnf-switch, domain A - vnf-firewall - vnf-switch, domain B - server - far
#
#     client - "left"  - vnf-switch - vnf-firewall - vnf-switch - "right" - server - far
#                                          |
#                                  "below" - dmz
#
# The host `far` is behind the server, which routes to it over a link of a smaller MTU. Used by
# tests/lab/test_firewall*.py. Main thread.

"""A firewall between a client and a server."""

import collections
import contextlib
import subprocess
import sys

from .errors import LabError
from .namespaces import Namespace
from .programs import ROOT
from .process import Process
from .router import Address, Router, control
from .topology import LAN, WAN, Path

FAR_MTU = 1400
FAR_NET = {4: "10.98.0.", 6: "2001:db8:98::"}
# Multicast that kernels send unasked, what is for the firewall's own IP node, and what TCP finds
# out about the speed of the way.
NOISE = {"for_itself", "multicast", "tx_full", "steer_full"}
# Octets of a segment without options and data, as kernels have it of resets alone.
SHORTEST_TCP = {"0x0800": 54, "0x86dd": 74}

# Ports of TCP and UDP that a host listens at: TCP says its greeting, UDP answers each datagram.
SERVER = """
import selectors, socket, sys

selector = selectors.DefaultSelector()
for port in map(int, sys.argv[1:]):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        s = socket.socket(socket.AF_INET6, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.bind(("::", port))
        if kind == socket.SOCK_STREAM:
            s.listen(64)
        selector.register(s, selectors.EVENT_READ)
print("serving", flush=True)
while True:
    for key, _ in selector.select():
        if key.fileobj.type == socket.SOCK_STREAM:
            connection, _ = key.fileobj.accept()
            try:
                connection.sendall(b"hello")
            except OSError:
                pass
            connection.close()
        else:
            data, peer = key.fileobj.recvfrom(65536)
            key.fileobj.sendto(data or b"hello", peer)
"""


class Asked:
    """What is asked of a running firewall: `run` and `vnf` are the network's."""

    def ask(self, request, **args):
        """A command's result."""
        return control(self.run, self.vnf.name, request, **args)

    def ctl(self, *words):
        """`vnfkit ctl`: (code, what it prints)."""
        done = subprocess.run([sys.executable, f"{ROOT}/tools/vnfkit", "ctl", "-n", self.vnf.name,
                               *words], env=self.run.env(), capture_output=True, text=True,
                              timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    def rules(self):
        """The rules' counters by name."""
        return {row["name"]: row for row in self.ask("rules")}

    def sessions(self, **filters):
        """Sessions that stand."""
        return self.ask("sessions", **filters)

    def drops(self):
        """Drops of all ports by reason."""
        return sum((collections.Counter(self.vnf.drops(port["name"]))
                    for port in self.vnf.settings["ports"]), collections.Counter())

    @contextlib.contextmanager
    def dropped(self, *reasons, resets=False):
        """
        These, and no others, must be reasons of drops meanwhile. `resets`: of clients that leave by
        one: what crosses it on its way is answered by further ones, with numbers that are too old.
        """
        before = self.drops()
        yield
        more = set(self.drops() - before) - NOISE
        if more == set(reasons):
            return
        rows = [row for row in self.ask("drop-log") if row["reason"] in more]
        if resets and all(row["length"] <= SHORTEST_TCP[row["eth_type"]] for row in rows
                          if row["reason"] == "tcp_window"):
            more -= {"tcp_window"}
        if more != set(reasons):
            raise LabError(f"dropped for {sorted(more)}, expected {sorted(reasons)}; lately:\n" +
                           "\n".join(map(str, rows[:10])))

    @contextlib.contextmanager
    def settings(self, **settings):
        """Other settings for a while."""
        before = {key: self.vnf.settings.get(key) for key in settings}
        self.vnf.reload(**settings)
        try:
            yield
        finally:
            self.vnf.reload(**before)

    def serve(self, *ports, host=None):
        """TCP and UDP at these ports of the server, or of another host."""
        process = Process(self.run, [sys.executable, "-c", SERVER, *map(str, ports)],
                          name="server", netns=(host or self.server).netns)
        process.wait_log("serving")
        return process


class TransparentFirewall(Asked, Path):
    """In the wire from the zone "lan" to the zone "wan"; `keys` are the firewall's."""

    def __init__(self, run, caps, rules, *, workers=1, **keys):
        super().__init__(run, caps, workers=workers, program="firewall", ipv6=True,
                         vnf_keys={
                             "name": "firewall", "mode": "transparent",
                             "wires": [{"a": LAN, "b": WAN}],
                             "zones": [{"name": zone, "ports": [zone]} for zone in (LAN, WAN)],
                             "rules": rules, **keys})

    def start(self, switch_first=False):
        """Bring it up; replies of the kernels' ICMP are not limited."""
        super().start(switch_first)
        for end in self.endpoints:
            no_limits(end.netns)
        return self

    def add_far(self):
        """The host behind the server, and the client's way to it."""
        far = far_behind(self.run, self.server.netns)
        for family in (4, 6):
            self.client.netns.ip(f"-{family}", "route", "replace", "default", "via",
                                 self.server.at(family).address, "dev", self.client.ifname)
        return far


class RoutedFirewall(Asked, Router):
    """
    A router of the zones "lan" (the client's), "wan" (the server's), and "dmz". `keys` are the
    firewall's; others are the router's.
    """

    def __init__(self, run, caps, rules, *, ip=None, interface_keys=None, **keys):
        more = {side: {"dad": False, **(interface_keys or {}).get(side, {})}
                for side in ("left", "right", "below")}
        zones = [{"name": zone, "interfaces": [side]}
                 for zone, side in (("lan", "left"), ("wan", "right"), ("dmz", "below"))]
        routes = [{"prefix": f"{FAR_NET[4]}0/24", "via": "10.0.2.2"},
                  {"prefix": f"{FAR_NET[6]}/64", "via": "2001:db8:2::2"}]
        super().__init__(run, caps, program="firewall", more={"dmz": "below"},
                         ip={"routes": routes, **(ip or {})}, interface_keys=more,
                         **{"mode": "routed", "zones": zones, "rules": rules, **keys})
        self.dmz = self.hosts[2]
        for host in self.hosts:
            # Else a kernel is mute for a second or two, and forgets what it had to say.
            host.sysctl("ipv6/conf/default/accept_dad", 0)

    def start(self, ready=True):
        """Bring it up; replies of the kernels' ICMP are not limited."""
        super().start(ready)
        for host in self.hosts:
            no_limits(host.netns)
            # Not by default: who asks for names is told at once that there is no way.
            for family, nets in ((4, ("10.0.0.0/16", "10.96.0.0/11")), (6, ("2001:db8::/32",))):
                for net in nets:
                    host.netns.ip(f"-{family}", "route", "add", net, "via", host.gateway[family])
                host.netns.ip(f"-{family}", "route", "del", "default")
        return self

    def add_far(self):
        """The host behind the server."""
        return far_behind(self.run, self.server.netns)


class Far:
    """A host behind another one."""

    def __init__(self, netns, name, net):
        self.netns = netns
        self.name = name
        self.net = net

    def at(self, family):
        """By its address of IPv4 or IPv6."""
        return Address(self.name, f"{self.net[family]}2", self.netns)


def no_limits(netns):
    """A kernel sends as many ICMP errors as there are reasons for."""
    netns.sysctl("ipv4/icmp_ratelimit", 0)
    netns.sysctl("ipv6/icmp/ratelimit", 0)


def is_router(netns):
    """A kernel passes packets on, wherever they came in."""
    netns.sysctl("ipv4/ip_forward", 1)
    netns.sysctl("ipv6/conf/all/forwarding", 1)
    netns.sysctl("ipv4/conf/all/rp_filter", 0)


def linked(one, two, ifname, addresses):
    """A pair of interfaces of that name; `addresses` are pairs, of both ends with lengths."""
    one.ip("link", "add", ifname, "type", "veth", "peer", "name", ifname, "netns", two.name)
    for end, netns in enumerate((one, two)):
        netns.sysctl(f"ipv6/conf/{ifname}/disable_ipv6", 0)
        netns.sysctl(f"ipv6/conf/{ifname}/accept_dad", 0)
        netns.sysctl(f"ipv4/conf/{ifname}/rp_filter", 0)
        netns.ip("link", "set", "dev", ifname, "up")
        for pair in addresses:
            netns.ip("address", "add", pair[end], "dev", ifname,
                     *(["nodad"] if ":" in pair[end] else []))


def far_behind(run, router, name="far", net=None, mtu=FAR_MTU):
    """A namespace behind this one, which becomes a router. `net`: its networks by family."""
    net = net or FAR_NET
    netns = Namespace(run, name)
    is_router(router)
    linked(router, netns, name, [(f"{net[4]}1/24", f"{net[4]}2/24"),
                                 (f"{net[6]}1/64", f"{net[6]}2/64")])
    # The far host does not tell its peers of the MTU: they have to find out.
    router.ip("link", "set", "dev", name, "mtu", str(mtu))
    for family, mss in ((4, 1460), (6, 1440)):
        netns.ip(f"-{family}", "route", "add", "default", "via", f"{net[family]}1", "mtu",
                 str(mtu), "advmss", str(mss))
    no_limits(netns)
    return Far(netns, name, net)
