# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The switches that are compared. Each has two sides, of a generator and a guest's vhost-user port
# (the switch makes the sockets). The generators are DPDK's net_pcap or net_null in the switch's own
# thread, the same device arguments for all; what comes back to them is discarded.
# Main thread.

"""vnf-switch, testpmd and OVS-DPDK."""

import os
import re
import shutil
import time

from lab import Instance, LabUnavailable, Process, command, installed, switch_program, until
from lab.peers import OVS_DAEMON, OVS_SCHEMA, Ovs

from .dpdk import Testpmd
from .guests import busy_share

TABLE = 65536  # MAC addresses that each learning switch has room for
OVS_MEMORY_MB = 640
OVS_SETTLE = 40   # half seconds that OVS is given to make its flows
OVS_SETTLED = 50  # packets without a flow in one of them, from which on it is warm


def pcap_devargs(side, file):
    """A port that plays a file for ever; without one, nothing comes from it."""
    return f"net_pcap{side},rx_pcap={file},infinite_rx=1" if file else f"net_null{side},no-rx=1"


class Generators:
    """Device arguments of the two sides: looped files, or frames without content."""

    def __init__(self, files, size):
        self.files = files
        self.size = size

    def devargs(self, side):
        """The same for every switch."""
        if self.files:
            return pcap_devargs(side, self.files[side])
        return f"net_null{side},size={self.size},copy=0"

    @property
    def wired(self):
        """Frames without content cannot be switched by address."""
        return not self.files


class VnfSwitch:
    """Ours: two domains that learn, or two wires; every counter on, as always."""

    label = "vnf-switch"

    def __init__(self, run, cpu, generators, huge, callgrind=None, build=None):
        self.sockets = [run.socket(f"guest{side}") for side in (0, 1)]
        ports = []
        for side in (0, 1):
            place = {} if generators.wired else {"domain": "AB"[side], "mac_limit": TABLE}
            ports += [{"name": f"gen{side}", "kind": "nic",
                       "devargs": generators.devargs(side), **place},
                      {"name": f"guest{side}", "kind": "vhost-user", "mode": "server",
                       "queues": 1, "socket": self.sockets[side], **place}]
        wires = [{"a": f"gen{side}", "b": f"guest{side}"} for side in (0, 1)]
        self.before = None
        program = f"{build}/host-switch/vnf-switch" if build else switch_program()
        self.instance = Instance(run, callgrind.wrapper(program) if callgrind else program, {
            "name": "switch", "workers": 1, "cpus": str(cpu), "packets": 32768,
            "hugepages": "always" if huge else "never", "mac_table_size": TABLE,
            "wires": wires if generators.wired else None, "ports": ports})

    def start(self):
        """Until its workers run and its sockets are there."""
        self.instance.start(wait=False)
        self.instance.process.wait_log("notice: running: ", timeout=120)
        wait_sockets(self.sockets)

    @property
    def pid(self):
        """Its process."""
        return self.instance.process.pid

    def stop(self):
        """End it."""
        self.instance.stop(timeout=30)

    def settle(self):
        """Addresses are learned within the first packets."""

    def begin(self):
        """Note the busy time."""
        self.before = self.instance.telemetry("/vnf/workers,0")

    def busy(self):
        """Share of time since then in rounds that found packets."""
        return busy_share(self.before, self.instance.telemetry("/vnf/workers,0"))

    def offered(self):
        """Frames generated."""
        return sum(self.instance.stats(f"gen{side}")["rx_packets"] for side in (0, 1))


class TestpmdSwitch:
    """dpdk-testpmd, mode io, with net_vhost: no switch at all, each frame to the other port."""

    __test__ = False  # for pytest: no test, despite its name
    label = "testpmd"

    def __init__(self, run, cpu, generators, huge, callgrind=None):
        self.sockets = [run.socket(f"guest{side}") for side in (0, 1)]
        vdevs = []
        for side in (0, 1):
            vdevs += [generators.devargs(side),
                      f"net_vhost{side},iface={self.sockets[side]},queues=1"]
        self.testpmd = Testpmd(run, cpu, vdevs, "switch", huge,
                               wrap=callgrind.words if callgrind else ())

    def start(self):
        """Until it forwards and its sockets are there."""
        self.testpmd.wait_ready(timeout=120)
        wait_sockets(self.sockets)

    @property
    def pid(self):
        """Its process."""
        return self.testpmd.process.pid

    def stop(self):
        """End it."""
        self.testpmd.stop()

    def settle(self):
        """There is nothing to learn."""

    def begin(self):
        """Nothing: to count its cycles would slow it down."""

    def busy(self):
        """Not known; but its generators are never empty."""

    def offered(self):
        """Frames generated."""
        return sum(self.testpmd.stats(port)["ipackets"] for port in (0, 2))


class OvsSwitch(Ovs):
    """
    OVS-DPDK: two bridges with the action NORMAL, or a rule a port. Its poll thread has the CPU; its
    other threads (handlers, revalidators) run where the kernel lets them, as everywhere.
    """

    label = "OVS-DPDK"

    def __init__(self, run, cpu, generators, huge):
        super().__init__(run, cpu)
        self.generators = generators
        self.huge = huge
        self.sockets = [os.path.join(self.dir, f"guest{side}") for side in (0, 1)]

    def start(self):
        """The whole configuration is in the database before the daemon starts."""
        database = os.path.join(self.dir, "conf.db")
        command([installed("ovsdb-tool"), "create", database, OVS_SCHEMA])
        server = Process(self.run, [installed("ovsdb-server"), database, f"--remote=p{self.db}",
                                    f"--unixctl={self.dir}/dbctl"], name="ovsdb-server",
                         env=self.env)
        server.wait_log("ovsdb-server")
        prefix = f"vnfkit-{self.run.id}-ovs"
        self.run.defer(shutil.rmtree, f"/var/run/dpdk/{prefix}", True)
        memory = f"--socket-mem {OVS_MEMORY_MB}" if self.huge else \
            f"--no-huge --legacy-mem --no-shconf -m {OVS_MEMORY_MB}"
        self.vsctl("--no-wait", "init", "--", "set", "Open_vSwitch", ".",
                   "other_config:dpdk-init=true", "other_config:per-port-memory=true",
                   f"other_config:dpdk-extra={memory} --no-pci --iova-mode=va "
                   f"--file-prefix={prefix}",
                   f"other_config:dpdk-lcore-mask={1 << self.cpu:#x}",
                   f"other_config:pmd-cpu-mask={1 << self.cpu:#x}", *self._bridges())
        self.daemon = Process(self.run, [OVS_DAEMON, self.db, f"--unixctl={self.dir}/ctl"],
                              name="ovs-vswitchd", netns=self.netns, env=self.env)
        wait_sockets(self.sockets)
        if self.generators.wired:
            self._wire()

    def _bridges(self):
        words = []
        for side in (0, 1):
            words += ["--", "add-br", f"br{side}", "--", "set", "bridge", f"br{side}",
                      "datapath_type=netdev", f"other_config:mac-table-size={TABLE}",
                      "--", "add-port", f"br{side}", f"gen{side}", "--", "set", "interface",
                      f"gen{side}", "type=dpdk", "ofport_request=1",
                      f'options:dpdk-devargs="{self.generators.devargs(side)}"',
                      "--", "add-port", f"br{side}", f"guest{side}", "--", "set", "interface",
                      f"guest{side}", "type=dpdkvhostuser", "ofport_request=2"]
        return words

    def _wire(self):
        for side in (0, 1):
            manage = f"unix:{self.dir}/br{side}.mgmt"
            wait_sockets([manage.removeprefix("unix:")])
            command([installed("ovs-ofctl"), "del-flows", manage])
            for first, second in ((1, 2), (2, 1)):
                command([installed("ovs-ofctl"), "add-flow", manage,
                         f"in_port={first},actions=output:{second}"])

    def appctl(self, *words):
        """Run ovs-appctl on this daemon."""
        return command([installed("ovs-appctl"), "-t", f"{self.dir}/ctl", *words]).stdout

    @property
    def pid(self):
        """The daemon's process."""
        return self.daemon.pid

    def settle(self):
        """Wait until (nearly) no packet needs a flow made any more: that is warmth, to OVS."""
        for _ in range(OVS_SETTLE):
            before = self._upcalls()
            time.sleep(0.5)
            if self._upcalls() - before <= OVS_SETTLED:
                return

    def begin(self):
        """Forget what was counted."""
        self.appctl("dpif-netdev/pmd-stats-clear")

    def busy(self):
        """Share of cycles since then in rounds that found packets, by its own count."""
        text = self.appctl("dpif-netdev/pmd-stats-show")
        match = re.search(r"^pmd thread.*?processing cycles: \d+ \(([\d.]+)%\)", text, re.M | re.S)
        return float(match[1]) / 100 if match else None

    def _upcalls(self):
        text = self.appctl("dpctl/show", "netdev@ovs-netdev")
        return sum(map(int, re.findall(r"(?:missed|lost):(\d+)", text)))

    def offered(self):
        """Frames generated."""
        text = self.appctl("dpctl/show", "-s", "netdev@ovs-netdev")
        return sum(map(int, re.findall(r"port \d+: gen.*\n\s+RX packets:(\d+)", text)))


SWITCHES = {"vnf-switch": VnfSwitch, "testpmd": TestpmdSwitch, "ovs": OvsSwitch}


def make_switch(name, *args, **more):
    """A switch by its name; "vnf-switch@DIR" is that of another build directory."""
    kind, _, build = name.partition("@")
    if build:
        more["build"] = os.path.abspath(build)
    return SWITCHES[kind](*args, **more)


def wait_sockets(paths):
    """Until the switch listens."""
    for path in paths:
        until(lambda p=path: os.path.exists(p), 20, f"the switch's socket {path}")


def why_not(name):
    """Why this switch cannot be measured here; empty if it can."""
    try:
        if name == "ovs":
            if not os.path.exists(OVS_DAEMON):
                raise LabUnavailable("OVS-DPDK is not installed (openvswitch-switch-dpdk)")
            installed("ovsdb-server")
        if name == "testpmd":
            installed("dpdk-testpmd")
    except LabUnavailable as error:
        return str(error)
    return ""
