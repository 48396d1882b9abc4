# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The lab: vnf-switch, VNFs and real clients, on this machine, in processes and namespaces of their
# own. One library for tools/demo, the tests in tests/lab and whoever wants to try something:
#
#     with Run() as run:
#         path = Path(run).start()
#         print(ping(path.client, path.server))
#         path.stop()
#
# Needs Python's standard library and iproute2. Main thread.

"""The lab. Start with Run and Path."""

from .chain import FirewallNat
from .checks import Hop, drops, ledger_faults, ledger_words, packets
from .clients import download, iperf3, ping
from .config import config_text
from .errors import Interrupted, LabError, LabUnavailable
from .firewall import RoutedFirewall, TransparentFirewall
from .guest import GuestVnf, guest_cpus, image, vnfkit
from .instance import Instance
from .namespaces import FORCE, Capabilities, Namespace, capabilities, enter, reserved_hugepages
from .nat import NatNet
from .process import Process, alive, command
from .programs import ROOT, build_dir, built, installed, switch_program, vnf_program
from .router import Address, Router, control
from .run import Run, close_all, handle_signals, sweep
from .telemetry import Telemetry
from .threads import worker_cpu_s
from .topology import LAN, WAN, Endpoint, Path, generator_pair, generator_ports
from .wait import Deadline, steady, until

__all__ = [
    "Address", "alive", "build_dir", "built", "capabilities", "Capabilities", "close_all",
    "command", "config_text", "control", "Deadline", "download", "drops", "Endpoint", "enter",
    "FirewallNat", "FORCE", "generator_pair", "generator_ports", "guest_cpus", "GuestVnf",
    "handle_signals", "Hop",
    "image", "installed", "Instance", "Interrupted", "iperf3", "LabError", "LabUnavailable", "LAN",
    "ledger_faults", "ledger_words", "Namespace", "NatNet", "packets", "Path", "ping", "Process",
    "reserved_hugepages", "ROOT", "RoutedFirewall", "Router", "Run", "steady", "sweep",
    "switch_program", "Telemetry", "TransparentFirewall", "until", "vnf_program", "vnfkit", "WAN",
    "worker_cpu_s",
]
