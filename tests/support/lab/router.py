# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The template vnf-router between two namespaces, and what is asked of it:
#
#     client - kernel - tap - vnf-switch - vhost-user - vnf-router - vhost-user - ... - server
#
# or with the taps in the router itself. Used by tests/lab/test_router*.py. Main thread.

"""A router between a client and a server."""

import contextlib
import dataclasses
import json
import signal
import socket

from .clients import echoes
from .errors import LabError, LabUnavailable
from .instance import Instance
from .namespaces import Namespace
from .process import Process, command
from .programs import installed, switch_program, vnf_program
from .wait import until

SIDES = ("left", "right")


@dataclasses.dataclass
class Address:
    """A host by one of its addresses, as ping(), download() and iperf3() take it."""

    name: str
    address: str
    netns: Namespace


class Host:
    """A namespace with an interface on one side of the router."""

    def __init__(self, run, name, side, number=None):
        self.name = name
        self.side = side
        self.number = number or SIDES.index(side) + 1
        self.netns = Namespace(run, name)
        self.mac = f"02:99:00:00:0{self.number}:02"
        self.address = {4: f"10.0.{self.number}.2", 6: f"2001:db8:{self.number}::2"}
        self.gateway = {4: f"10.0.{self.number}.1", 6: f"2001:db8:{self.number}::1"}

    def at(self, family):
        """This host by its address of IPv4 or IPv6."""
        return Address(self.name, self.address[family], self.netns)

    def router(self, family):
        """The router, by its address on this side."""
        return Address("router", self.gateway[family], None)

    def sysctl(self, key, value):
        """Set one of net.* in the namespace."""
        self.netns.sysctl(key, value)

    def tap(self):
        """The port at the other end of the interface."""
        return {"name": self.side, "kind": "tap", "ifname": "eth0", "netns": self.netns.name}

    def attach(self):
        """Give the interface, which appears when its port is opened, its addresses and routes."""
        until(lambda: self.netns.link("eth0"), 10, f"interface eth0 of the {self.name}")
        self.sysctl("ipv6/conf/eth0/disable_ipv6", 0)
        self.netns.ip("link", "set", "dev", "eth0", "address", self.mac, "up")
        self.configure()

    def configure(self):
        """Addresses and routes; the kernel forgets some when the link goes down."""
        for family, length in ((4, 24), (6, 64)):
            nodad = ["nodad"] if family == 6 else []
            self.netns.ip("address", "replace", f"{self.address[family]}/{length}", "dev",
                          "eth0", *nodad)
            self.netns.ip(f"-{family}", "route", "replace", "default", "via",
                          self.gateway[family], "dev", "eth0")

    def link(self, *words):
        """Change the link: "down", "up", "address", ..."""
        self.netns.ip("link", "set", "dev", "eth0", *words)


def control(run, name, request, **args):
    """The result of a command of the instance of this name, by its control socket."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(run.path("c", f"{name}.ctl"))
        s.sendall(json.dumps({"id": 1, "command": request, "args": args}).encode() + b"\n")
        with s.makefile("rb") as stream:
            reply = json.loads(stream.readline())
    if not reply["ok"]:
        raise LabError(f"{name} refuses {request}: {reply['error']}")
    return reply["result"]


class Router:
    """
    Client, router, server. `taps`: without a switch; `trunk`: the numbers of the VLANs of client
    and server, both on the router's port "left", where the caller has a switch for them; `ip`:
    further keys of the group `ip`; `interface_keys`: further keys of an interface, by side;
    `port_keys`: of all ports, also the switch's; `program`: another one that routes; `more`: the
    sides of further hosts by their names; other settings are the router's.
    """

    def __init__(self, run, caps, *, taps=False, trunk=None, workers=1, ip=None,
                 interface_keys=None, port_keys=None, program="router", more=None, **settings):
        if caps.why_no_tap:
            raise LabUnavailable(caps.why_no_tap)
        self.run = run
        self.trunk = trunk
        self.client, self.server = (Host(run, name, side)
                                    for name, side in zip(("client", "server"), SIDES))
        self.hosts = (self.client, self.server, *(
            Host(run, name, side, number)
            for number, (name, side) in enumerate((more or {}).items(), 3)))
        cpus = caps.cpus
        ports = ("left",) if trunk else [host.side for host in self.hosts]
        keys = port_keys or {}
        own = [{**host.tap(), **keys} for host in self.hosts] if taps else [
            {"name": port, "kind": "virtio-user", "socket": run.socket(port), "queues": workers,
             **keys} for port in ports]
        self.switch = None if taps or trunk else Instance(run, switch_program(), {
            "name": "switch", "cpus": str(cpus[0]), "hugepages": "never",
            "ports": [{**host.tap(), "name": host.name, "domain": host.side, **keys}
                      for host in self.hosts] +
                     [{"name": port, "kind": "vhost-user", "socket": run.socket(port),
                       "queues": workers, "domain": port, "mergeable": bool(keys), **keys}
                     for port in ports]})
        self.vnf = Instance(run, vnf_program(program), {
            "name": program, "workers": workers, "cpus": str(cpus[-1]), "hugepages": "never",
            **settings, "ports": own,
            "ip": {"interfaces": self.interfaces(interface_keys or {}), **(ip or {})}})

    def interfaces(self, more):
        """The interfaces of the router's file."""
        vlans = self.trunk or [0] * len(self.hosts)
        return [{"name": host.side, "port": "left" if self.trunk else host.side, "vlan": vlan,
                 "addresses": [f"{host.gateway[4]}/24", f"{host.gateway[6]}/64"],
                 **more.get(host.side, {})} for host, vlan in zip(self.hosts, vlans)]

    def start(self, ready=True):
        """Bring everything up; `ready`: and wait until the router has all its addresses."""
        if self.switch:
            self.switch.start()
            self.attach()
            self.vnf.start()
            self.vnf.wait_port()
        else:
            self.vnf.start()
            self.attach()
        if ready:
            self.wait_ready()
        return self

    def attach(self):
        """Configure the hosts."""
        for host in self.hosts:
            host.attach()

    def wait_ready(self, timeout=10):
        """Wait until nothing is tentative any more."""
        until(lambda: set(self.states().values()) == {"valid"}, timeout,
              "the router to have its addresses")

    def states(self):
        """State of each of the router's addresses; link-local ones with their interface."""
        return {a["address"] + (f"%{i['name']}" if a["address"].startswith("fe80") else ""):
                a["state"] for i in self.ask("interfaces") for a in i["addresses"]}

    def ask(self, request, **args):
        """A command's result."""
        return control(self.run, self.vnf.name, request, **args)

    def neighbour(self, address):
        """The entry of a neighbour, or None."""
        return next((n for n in self.ask("neighbours") if n["address"] == address), None)

    def reload_ip(self, **keys):
        """Reload with these keys of the group `ip`."""
        self.vnf.reload(ip={**self.vnf.settings["ip"], **keys})

    def drops(self):
        """Drops of all ports by reason."""
        total = {}
        for port in self.vnf.settings["ports"]:
            for reason, n in self.vnf.drops(port["name"]).items():
                total[reason] = total.get(reason, 0) + n
        return total

    def stop(self):
        """Stop all; the ledgers are checked. The router's report."""
        report = self.vnf.stop()
        if self.switch:
            self.switch.stop()
        return report

    @contextlib.contextmanager
    def pinging(self, family, source=None, target=None, interval=0.02):
        """Ping the server from the client all the while; LabError if anything was lost."""
        source, target = source or self.client, target or self.server.at(family)
        sent_before, answered_before = echoes(source.netns, target.address)
        process = Process(self.run, [installed("ping"), "-n", "-i", str(interval), target.address],
                          name=f"ping-{family}", netns=source.netns)

        def counts():
            sent, answered = echoes(source.netns, target.address)
            return sent - sent_before, answered - answered_before

        until(lambda: counts()[1] > 5, 10, f"answers from {target.address}")
        yield process
        more = counts()[1] + 20
        until(lambda: counts()[1] >= more, 10, f"further answers from {target.address}")
        process.signal(signal.SIGINT)
        process.wait()
        with contextlib.suppress(LabError):
            until(lambda: counts()[0] == counts()[1], 3, "the last answers")
        sent, answered = counts()
        if sent != answered:
            raise LabError(f"{sent} pings to {target.address}, {answered} answers")
