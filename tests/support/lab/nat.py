# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-nat between two inside networks and an outside one:
#
#     deep - client - "left"  - vnf-switch - vnf-nat - vnf-switch - "right" - server - far
#                                               |
#                             other - vnf-switch - "below"
#
# Behind the client is a host of an inside network that is routed, behind the server one outside;
# the links to both may have a smaller MTU. Of IPv4, nobody outside knows a way to inside networks.

"""A NAT between an inside and an outside."""

import os
import socket
import struct

from .checks import ledger_faults
from .errors import LabError
from .firewall import FAR_NET, Asked, far_behind, no_limits
from .process import Process, command
from .programs import installed
from .router import Router
from .transfer import tcp_socket, udp_socket

# The external address of all tests that do not need others, in the server's network; and one more.
POOL, POOL_B = "10.0.2.10", "10.0.2.11"
# A network that the server has a route to.
ROUTED_NET = "198.51.100.0/30"
KNOWN_INSIDE = (ROUTED_NET, "10.0.0.0/16", "10.96.0.0/11")
DEEP_NET = {4: "10.97.0.", 6: "2001:db8:97::"}
SIDES = ("left", "right", "below")


class NatNet(Asked, Router):
    """`keys` are the NAT's, others the router's. Its hosts: client, server, other."""

    def __init__(self, run, caps, *, ip=None, interface_keys=None, **keys):
        more = {side: {"dad": False, **(interface_keys or {}).get(side, {})} for side in SIDES}
        routes = [{"prefix": f"{net[family]}0/24" if family == 4 else f"{net[family]}/64",
                   "via": f"10.0.{number}.2" if family == 4 else f"2001:db8:{number}::2"}
                  for family in (4, 6) for number, net in ((1, DEEP_NET), (2, FAR_NET))]
        super().__init__(run, caps, program="nat", more={"other": "below"},
                         ip={"routes": routes, **(ip or {})}, interface_keys=more, **{
                             "inside": ["left", "below"], "outside": ["right"],
                             "pools": [pool(POOL)], "quarantine": "0s", "sessions": 4000, **keys})
        self.other = self.hosts[2]
        for host in self.hosts:
            host.sysctl("ipv6/conf/default/accept_dad", 0)

    def attach(self):
        """Configure the hosts; the server only knows its own network, and one by the NAT."""
        super().attach()
        for host in self.hosts:
            no_limits(host.netns)
            # Not by default: who asks for names is told at once that there is no way.
            host.netns.ip("route", "del", "default")
            for net in (ROUTED_NET,) if host is self.server else KNOWN_INSIDE:
                host.netns.ip("route", "add", net, "via", host.gateway[4])

    def add_far(self, mtu=1500):
        """The host behind the server."""
        return far_behind(self.run, self.server.netns, mtu=mtu)

    def add_deep(self, mtu=1500):
        """The host behind the client."""
        return far_behind(self.run, self.client.netns, "deep", DEEP_NET, mtu)

    def check(self):
        """The ledgers, now."""
        for instance in (self.vnf, self.switch):
            faults = ledger_faults(instance.name, instance.ledger()) if instance else []
            if faults:
                raise LabError("; ".join(faults))


def output(netns, *words, code=None):
    """What a command of the namespace prints; LabError if its code is another one."""
    done = command([installed(words[0]), *words[1:]], netns=netns, check=False)
    text = done.stdout + done.stderr
    if code is not None and done.returncode != code:
        raise LabError(f"'{' '.join(words)}' ended with {done.returncode}, expected {code}: {text}")
    return text


def pool(*addresses, name="public", **keys):
    """A pool of these addresses."""
    return {"name": name, "addresses": list(addresses), **keys}


def forward(port, host, inside_port=None, *, proto="tcp", outside=POOL, **keys):
    """A forward to a host; `port` may be a range."""
    return {"proto": [proto], "outside": outside, "port": str(port), "inside": host,
            **({"inside_port": inside_port} if inside_port else {}), **keys}


def echo(source, to, size=100, timeout=5):
    """A datagram of random octets to `to`, and back: SERVER of lab.firewall answers so."""
    with udp_socket(source.netns, to[0]) as s:
        s.settimeout(timeout)
        data = os.urandom(size)
        s.sendto(data, to)
        try:
            got, peer = s.recvfrom(65536)
        except TimeoutError as error:
            raise LabError(f"no answer from {to} to a datagram of {size} octets") from error
    if (got, peer) != (data, to):
        raise LabError(f"{len(got)} octets from {peer}, sent were {size} to {to}")


def hello(source, to, timeout=5):
    """Connect; the server's greeting must come."""
    with tcp_socket(source.netns, to[0]) as s:
        s.settimeout(timeout)
        s.connect(to)
        if s.recv(5) != b"hello":
            raise LabError(f"no greeting from {to}")


# ---- DNS ----

def dns_server(run, netns, name, address):
    """dnsmasq, which knows one name."""
    process = Process(run, [
        installed("dnsmasq"), "--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null",
        "--no-resolv", "--no-hosts", "--user=root", "--pid-file=", "--log-queries",
        f"--address=/{name}/{address}"], name="dnsmasq", netns=netns)
    process.wait_log("started")
    return process


def dns_query(source, server, name, tcp=False, timeout=5):
    """The address of a name, RFC 1035."""
    number = int.from_bytes(os.urandom(2), "big")
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"
    make = tcp_socket if tcp else udp_socket
    with make(source.netns, server) as s:
        s.settimeout(timeout)
        s.connect((server, 53))
        s.sendall(struct.pack(">H", len(query)) + query if tcp else query)
        answer = s.recv(4096)[2 if tcp else 0:]
    if struct.unpack_from(">HH", answer)[0] != number or len(answer) < len(query) + 16:
        raise LabError(f"no answer for {name}: {answer!r}")
    return socket.inet_ntoa(answer[-4:])
