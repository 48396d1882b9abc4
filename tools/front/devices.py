# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# From the ports of a plan to the devices of the guest: which PCI device each port becomes, how the
# VNF is told, which plug-ins of DPDK it needs there. Pure logic. Used by image.py.

"""Ports to devices."""

import dataclasses
import re

from .errors import UsageError
from .machine import FIRST_SLOT, NICS_MAX, Nic
from .say import words

BASE_DRIVERS = ("bus_pci", "bus_vdev", "mempool_ring", "net_virtio")
NIC_DRIVERS = ("net_e1000", "net_i40e", "net_iavf", "net_ice", "net_igc", "net_ixgbe",
               "net_vmxnet3")
PLAIN_KINDS = ("null", "gen", "sink")   # the VNF alone does these, anywhere
KINDS = ("virtio-user", "virtio", "nic", *PLAIN_KINDS)
PCI_ADDRESS = re.compile(r"(?:([0-9a-fA-F]{4}):)?([0-9a-fA-F]{2}):([0-9a-fA-F]{2})\.([0-7])")
LAST_SLOT = FIRST_SLOT + NICS_MAX - 1


@dataclasses.dataclass
class Devices:
    """What the ports come to."""

    nics: list            # of Nic
    arguments: list       # that the VNF gets further
    drivers: list         # plug-ins that must be there, without "librte_"
    wanted_drivers: list  # plug-ins that are taken along if they are there
    foreign: list         # (port, address) of devices that whoever runs the machine must add


def map_ports(plan):
    """The Devices of a plan; UsageError for what a guest cannot have."""
    devices = Devices([], [], list(BASE_DRIVERS), [], [])
    for index, port in enumerate(plan.ports):
        if port.kind not in KINDS:
            raise UsageError(f"port \"{port.name}\": kind \"{port.kind}\" is of the host, a guest "
                             f"has no such device; possible are {words(KINDS, 'or')}")
        if port.kind == "virtio-user":
            add_virtio_user(devices, port, index)
        elif port.kind == "virtio":
            add_virtio(devices, port, index)
        elif port.kind == "nic":
            add_nic(devices, port)
    check_slots(devices.nics)
    return devices


def add_virtio_user(devices, port, index):
    """It becomes a device, and the VNF is told which."""
    settings = port.settings
    nic = Nic(port.name, FIRST_SLOT + index, port.mac, port.mtu, port.queues, settings["socket"],
              settings.get("mode", "server"), settings.get("owner") or "",
              settings.get("group") or "", access_of(settings))
    devices.nics.append(nic)
    devices.arguments += ["--virtio", f"{port.name}={nic.address}"]


def access_of(settings):
    """The mode of the socket file, in octal digits."""
    access = settings.get("access")
    return f"{access:04o}" if isinstance(access, int) else access or ""


def add_virtio(devices, port, index):
    """The configuration is for a guest: the address stays, the socket is named when it runs."""
    slot = FIRST_SLOT + index
    address = port.settings.get("address", "")
    match = PCI_ADDRESS.fullmatch(address)
    if match:
        domain, bus, slot, function = (int(part or "0", 16) for part in match.groups())
        if domain or bus or function or not FIRST_SLOT <= slot <= LAST_SLOT:
            raise UsageError(f"port \"{port.name}\": no device can be at {address}, only from "
                             f"0000:00:{FIRST_SLOT:02x}.0 to 0000:00:{LAST_SLOT:02x}.0")
    mac = port.mac if match else address
    devices.nics.append(Nic(port.name, slot, mac, port.mtu, port.queues,
                            f"/run/vnfkit/{port.name}.sock", "server"))


def add_nic(devices, port):
    """A card that whoever runs the machine puts there, or a device that DPDK makes."""
    address = port.settings.get("address") or port.settings.get("devargs", "").partition(",")[0]
    if PCI_ADDRESS.fullmatch(address):
        devices.foreign.append((port.name, address))
        devices.wanted_drivers += [name for name in NIC_DRIVERS
                                   if name not in devices.wanted_drivers]
        return
    match = re.match(r"net_[a-z0-9_]*[a-z_]", address)
    if not match:
        raise UsageError(f"port \"{port.name}\": {address} is neither a PCI address nor a device "
                         "net_DRIVER of DPDK, so that its driver is not known")
    devices.drivers.append(match[0].rstrip("_"))


def check_slots(nics):
    """One device at a place, and all within the root bus."""
    taken = {}
    for nic in nics:
        if nic.slot > LAST_SLOT:
            raise UsageError(f"port \"{nic.port}\": a guest has room for {NICS_MAX} ports, "
                             f"this is number {nic.slot - FIRST_SLOT + 1}")
        if nic.slot in taken:
            raise UsageError(f"ports \"{taken[nic.slot]}\" and \"{nic.port}\" would both be at "
                             f"{nic.address}; give the virtio port another address")
        taken[nic.slot] = nic.port
