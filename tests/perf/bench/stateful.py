# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Programs with sessions between two ports that play files for ever: vnf-firewall in the wire, and
# OVS-DPDK with connection tracking under the same policy. Used by the script firewall; by nat, what
# is not of firewalls alone. Main thread.

"""Firewalls that are compared."""

import re

from lab import Instance, command, control, installed, until

from .conversations import SERVER_PORT, SERVERS, SIDES, server_address
from .switches import Generators, OvsSwitch, wait_sockets

# What becomes of packets that passed, and of answers of neighbours.
THROWN_AWAY = ("port_down", "for_itself")
# Rules of OVS: out is tracked and may begin, back must belong to something.
OVS_FLOWS = (
    "table=0,priority=10,arp,actions=NORMAL",
    "table=0,priority=5,ip,actions=ct(table=1)",
    "table=0,priority=0,actions=drop",
    "table=1,priority=5,in_port=1,ip,ct_state=+trk+new,actions=ct(commit),output:2",
    "table=1,priority=5,in_port=1,ip,ct_state=+trk+est,actions=output:2",
    "table=1,priority=5,in_port=2,ip,ct_state=+trk+est,actions=output:1",
    "table=1,priority=0,actions=drop",
)


def rules(count):
    """So many rules, each of which accepts what is for some of the servers; together, all. A file
    of 10,000 must stay below 1 MiB.
    """
    made = []
    for number in range(count):
        first, end = (SERVERS * n // count for n in (number, number + 1))
        made.append({"name": f"r{number}", "dport": [str(SERVER_PORT)], "action": "accept",
                     "dst": [f"{server_address(first)}-{server_address(end - 1)}"]})
    return made


def port(name, file, once=0):
    """One that plays a file, its first frames once; without a file, one that throws away."""
    if not file:
        return {"name": name, "kind": "null", "receive": False}
    return {"name": name, "kind": "pcap", "rx_file": file, "loop": True, "loop_from": once or None}


class Stateful:
    """A program of ours that has a table of sessions."""

    def __init__(self, run, program, settings):
        self.run = run
        self.instance = Instance(run, program, settings)

    def start(self, timeout=60):
        """Wait until its workers run."""
        self.instance.start(wait=False)
        self.instance.process.wait_log(r"notice: running: ", timeout=timeout)
        return self

    @property
    def pid(self):
        """Its process."""
        return self.instance.process.pid

    def packets(self):
        """Packets received: ports that only read a file throw away what is sent to them."""
        return self.instance.telemetry("/vnf/stats")["rx_packets"]

    def tables(self):
        """Numbers of the tables of sessions."""
        return control(self.run, self.instance.name, "session-tables")

    def table(self):
        """Those of the first one, of IPv4."""
        return self.tables()[0]

    def set_up(self):
        """Sessions set up so far."""
        return self.table()["set_up"]

    def settle(self, conversations):
        """Wait until all sessions stand."""
        until(lambda: self.table()["sessions"] == conversations, 30,
              f"{conversations:,} sessions to stand")

    def dropped(self):
        """Packets that it dropped so far, by reason: not what its ports threw away."""
        found = {}
        for port in SIDES:
            for reason, count in self.instance.drops(port).items():
                if reason not in THROWN_AWAY:
                    found[reason] = found.get(reason, 0) + count
        return found

    def stop(self):
        """End it; return the packets of its whole life."""
        return self.instance.stop(timeout=30)["ledger"]["rx"]


class Firewall(Stateful):
    """vnf-firewall in the wire."""

    def __init__(self, run, cpu, huge, program, files, *, once=0, count=10, sessions=100_000):
        ports = [port(name, file, once) for name, file in zip(SIDES, files)]
        super().__init__(run, program, {
            "name": "firewall", "workers": 1, "cpus": str(cpu),
            "hugepages": "always" if huge else "never", "ports": ports, "mode": "transparent",
            "wires": [{"a": SIDES[0], "b": SIDES[1]}],
            "zones": [{"name": "inside", "ports": [SIDES[0]]},
                      {"name": "outside", "ports": [SIDES[1]]}],
            "rules": rules(count), "default": "drop", "sessions": sessions})


class OvsFirewall(OvsSwitch):
    """OVS-DPDK, a bridge with two looped files and ct() in between."""

    flows = OVS_FLOWS

    def __init__(self, run, cpu, huge, files):
        super().__init__(run, cpu, Generators(files, 0), huge)
        self.sockets = []

    def start(self):
        """Until its flows are in force."""
        super().start()
        manage = f"unix:{self.dir}/br0.mgmt"
        wait_sockets([manage.removeprefix("unix:")])
        path = self.run.path("flows")
        with open(path, "w", encoding="ascii") as f:
            f.write("\n".join(self.flows) + "\n")
        command([installed("ovs-ofctl"), "add-flows", manage, path])
        return self

    def _bridges(self):
        words = ["--", "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev",
                 "fail-mode=secure"]
        for side in (0, 1):
            words += ["--", "add-port", "br0", f"gen{side}", "--", "set", "interface",
                      f"gen{side}", "type=dpdk", f"ofport_request={side + 1}",
                      f'options:dpdk-devargs="{self.generators.devargs(side)}"']
        return words

    def packets(self):
        """Packets that passed: net_pcap counts none that it throws away, so they are those that
        were received, of which settled flows drop none.
        """
        return self.offered()

    def dropped(self):
        """Packets of IPv4 that flows dropped so far."""
        text = self.appctl("dpctl/dump-flows", "netdev@ovs-netdev")
        return {"dropped by flows": sum(map(int, re.findall(
            r"eth_type\(0x0800\).* packets:(\d+).*actions:drop", text)))}

    def tracked(self):
        """Connections that it knows."""
        return int(re.search(r"\d+", self.appctl("dpctl/ct-get-nconns", "netdev@ovs-netdev"))[0])

    def stop(self):
        """End it."""
        self.daemon.end()
