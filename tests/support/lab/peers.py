# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Programs of others at the far end of a vhost-user connection: OVS-DPDK and dpdk-testpmd, each with
# sockets, databases and runtime directories of the run's own, without hugepages, PCI or services.
# Used by the interop tests. Main thread.

"""OVS-DPDK and testpmd."""

import os
import re
import shutil

from .errors import LabUnavailable
from .namespaces import Namespace
from .process import Process, command
from .programs import installed

OVS_DAEMON = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


class Ovs:
    """An Open vSwitch with the userspace data path, in a namespace of its own."""

    def __init__(self, run, cpu):
        for path in (OVS_DAEMON, OVS_SCHEMA):
            if not os.path.exists(path):
                raise LabUnavailable(f"OVS-DPDK is not installed ({path} is missing; package "
                                     "openvswitch-switch-dpdk)")
        self.run = run
        self.netns = Namespace(run, "ovs")
        self.dir = run.path("ovs")
        self.cpu = cpu
        os.makedirs(self.dir)
        self.env = {name: self.dir for name in
                    ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR")}
        self.db = f"unix:{self.dir}/db.sock"
        self.daemon = None

    def start(self):
        """Database, configuration, daemon; ready when DPDK runs."""
        database = os.path.join(self.dir, "conf.db")
        command([installed("ovsdb-tool"), "create", database, OVS_SCHEMA])
        server = Process(self.run, [installed("ovsdb-server"), database,
                                    f"--remote=p{self.db}", f"--unixctl={self.dir}/dbctl"],
                         name="ovsdb-server", env=self.env)
        server.wait_log("ovsdb-server")
        self.vsctl("--no-wait", "init")
        prefix = f"vnfkit-{self.run.id}-ovs"
        self.run.defer(shutil.rmtree, f"/var/run/dpdk/{prefix}", True)
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".",
                   "other_config:dpdk-init=true",
                   # Pools of what a port needs, not of 262,144 packets for all.
                   "other_config:per-port-memory=true",
                   # OVS adds --in-memory, which --no-huge excludes, unless --legacy-mem is there.
                   "other_config:dpdk-extra=--no-huge --legacy-mem --no-pci --no-shconf "
                   f"--iova-mode=va -m 512 --file-prefix={prefix}",
                   f"other_config:dpdk-lcore-mask={1 << self.cpu:#x}",
                   f"other_config:pmd-cpu-mask={1 << self.cpu:#x}")
        self.daemon = Process(self.run, [OVS_DAEMON, self.db, f"--unixctl={self.dir}/ctl"],
                              name="ovs-vswitchd", netns=self.netns, env=self.env)
        self.daemon.wait_log("DPDK Enabled - initialized", timeout=20)
        return self

    def vsctl(self, *words):
        """Run ovs-vsctl on this instance's database."""
        return command([installed("ovs-vsctl"), f"--db={self.db}", "--timeout=20", *words])

    def bridge(self, name):
        """Add a bridge that learns."""
        self.vsctl("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev")

    def vhost_client(self, bridge, name, socket):
        """Add a vhost-user port that connects to a server-mode VNF."""
        self.vsctl("add-port", bridge, name, "--", "set", "interface", name,
                   "type=dpdkvhostuserclient", f"options:vhost-server-path={socket}")

    def vhost_server(self, bridge, name):
        """Add a vhost-user port that listens; return the path of its socket."""
        self.vsctl("add-port", bridge, name, "--", "set", "interface", name, "type=dpdkvhostuser")
        return os.path.join(self.dir, name)

    def attach(self, bridge, endpoint):
        """Plug an endpoint's veth pair into a bridge."""
        endpoint.peer_netns = self.netns
        endpoint.plug()
        self.vsctl("add-port", bridge, f"to-{endpoint.name}")
        endpoint.configure()

    def stop(self):
        """Ask it to end."""
        self.daemon.end()


class Testpmd:
    """
    A dpdk-testpmd; ports are DPDK device arguments. `mode` io: forwards between its ports;
    flowgen: sends its own packets out of each port and counts what comes in.
    """

    __test__ = False  # for pytest: no test, despite its name

    def __init__(self, run, cpu, vdevs, name="testpmd", mode="io"):
        self.prefix = f"vnfkit-{run.id}-{name}"
        run.defer(shutil.rmtree, f"/var/run/dpdk/{self.prefix}", True)
        eal = [f"--lcores=0@{cpu},1@{cpu}", "--no-huge", "--no-pci", "--no-shconf",
               "--iova-mode=va", "-m", "256", f"--file-prefix={self.prefix}", "--no-telemetry"]
        self.process = Process(run, [
            installed("dpdk-testpmd"), *eal, *[f"--vdev={v}" for v in vdevs], "--",
            "--auto-start", f"--forward-mode={mode}", "--total-num-mbufs=16384", "--stats-period=1",
            "--no-lsc-interrupt"], name=name)

    def wait_ready(self):
        """Wait until it forwards."""
        self.process.wait_log("packet forwarding|Port statistics", timeout=20)
        return self

    def stop(self):
        """End it; return its final (received, sent) packets over all ports."""
        self.process.end(grace=10)
        text = self.process.output()
        final = text[text.rfind("Accumulated forward statistics"):]
        received = re.search(r"RX-packets:\s*(\d+)", final)
        sent = re.search(r"TX-packets:\s*(\d+)", final)
        return (int(received[1]), int(sent[1])) if received and sent else (0, 0)
