# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A firewall whose ports are taps that the test itself writes frames to and reads frames from, and
# what becomes of each frame. Used by tests/lab/test_firewall_preview.py and _explain.py. Main thread.

"""Frames into a firewall, and their fates."""

import select
import socket

from .firewall import Asked, RoutedFirewall
from .instance import Instance
from .namespaces import Namespace
from .programs import vnf_program
from .transfer import raw_socket
from .wait import until

def is_ip(frame):
    """Without a tag, and no Neighbour Discovery."""
    return frame[12:14] == b"\x08\x00" or (frame[12:14] == b"\x86\xdd" and frame[21] != 255)


class Fates(Asked):
    """What becomes of frames. `sockets` by port are there once it has started."""

    sockets: dict

    def listen(self, places):
        """A socket for each port: {port: (namespace, interface)}."""
        self.sockets = {port: raw_socket(*place) for port, place in places.items()}

    def frames(self, port):
        """What has come out of a port since it was asked last."""
        frames = []
        while select.select([self.sockets[port]], [], [], 0)[0]:
            data, (_, _, kind, *_) = self.sockets[port].recvfrom(65536)
            if kind != socket.PACKET_OUTGOING:
                frames.append(data)
        return frames

    def send(self, port, frame):
        """Into a port."""
        self.sockets[port].send(frame)

    def fate(self, port, frame, marker, noise=(), own=False):
        """
        Send a frame: the port that it left by, which is known by octets of it, or the reason why it
        was dropped, but for `noise`; and what came back by the port it was sent to meanwhile.
        `own`: "self" if something did.
        """
        for name in self.sockets:
            self.frames(name)
        before = self.drops()
        self.send(port, frame)
        seen = {name: [] for name in self.sockets}

        def fate():
            for name, frames in seen.items():
                frames += self.frames(name)
                if name != port and any(marker in one for one in frames):
                    return name
            if own and any(is_ip(one) for one in seen[port]):
                return "self"
            return next(iter(set(self.drops() - before) - set(noise)), None)

        return until(fate, 10, "a frame to leave or to be dropped", poll=0.002), seen[port]


class RawTransparent(Fates):
    """In the wire from "lan" to "wan", and from "dmz" to "net", "spare" alone; silence beyond."""

    def __init__(self, run, rules, *, workers=1, zones=None, spare=False, **keys):
        self.run = run
        self.netns = Namespace(run, "wire")
        ports = ("lan", "wan", "dmz", "net")
        zones = zones or {port: [port] for port in ports}
        self.vnf = Instance(run, vnf_program("firewall"), {
            "name": "firewall", "workers": workers, "hugepages": "never", "mode": "transparent",
            "ports": [{"name": port, "kind": "tap", "ifname": f"fw-{port}",
                       "netns": self.netns.name} for port in (*ports, *["spare"] * spare)],
            "wires": [{"a": "lan", "b": "wan"}, {"a": "dmz", "b": "net"}],
            "zones": zones_of(zones, "ports"), "rules": rules, **keys})

    def start(self):
        """Bring it up."""
        self.vnf.start()
        ports = [port["name"] for port in self.vnf.settings["ports"]]
        for port in ports:
            self.netns.ip("link", "set", "dev", f"fw-{port}", "up")
        self.vnf.wait_port()
        self.listen({port: (self.netns, f"fw-{port}") for port in ports})
        return self


def zones_of(zones, members):
    """{name: members} as the file has it."""
    return [{"name": name, members: list(what)} for name, what in zones.items()]


class RawRouted(RoutedFirewall, Fates):
    """
    A router of "lan", "wan" and "dmz", whose ports are left, right and below. By the hosts that are
    its neighbours it reaches networks where nobody answers, of clients and of servers.
    """

    def __init__(self, run, caps, rules, **keys):
        routes = [{"prefix": prefix, "via": via} for prefix, via in
                  (("10.97.0.0/24", "10.0.1.2"), ("2001:db8:97::/64", "2001:db8:1::2"),
                   ("10.98.0.0/24", "10.0.2.2"), ("2001:db8:98::/64", "2001:db8:2::2"))]
        super().__init__(run, caps, rules, taps=True, ip={"routes": routes}, **keys)

    def start(self, ready=True):
        """Bring it up, with silence beyond: a host that routes would send packets back."""
        super().start(ready)
        for host in self.hosts:
            host.sysctl("ipv4/ip_forward", 0)
            host.sysctl("ipv6/conf/all/forwarding", 0)
        self.listen({host.side: (host.netns, "eth0") for host in self.hosts})
        return self
