# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The libvirt domain of a Machine: the same machine as that of qemu.py. Used by image.py.

"""domain.xml"""

import xml.etree.ElementTree as ET

from .machine import CONTROL_PORT, CONTROL_SLOT, RING

URI = "qemu:///system"


def text(machine):
    """The domain's XML."""
    domain = ET.Element("domain", type="kvm" if machine.accel == "kvm" else "qemu")
    add(domain, "name", machine.name)
    add(domain, "memory", str(machine.memory_mib), unit="MiB")
    backing = add(domain, "memoryBacking")
    add(backing, "source", type="memfd")
    add(backing, "access", mode="shared")
    add(domain, "vcpu", str(machine.cpus))
    boot = add(domain, "os")
    add(boot, "type", "hvm", arch="x86_64", machine="q35")
    add(boot, "kernel", machine.kernel)
    add(boot, "initrd", machine.initramfs)
    add(boot, "cmdline", machine.cmdline)
    add(add(domain, "features"), "acpi")
    cpu(domain, machine)
    add(domain, "on_poweroff", "destroy")
    add(domain, "on_reboot", "destroy")
    add(domain, "on_crash", "destroy")
    devices(add(domain, "devices"), machine)
    ET.indent(domain)
    return ET.tostring(domain, encoding="unicode") + "\n"


def add(parent, tag, content=None, /, **attributes):
    """A new element."""
    element = ET.SubElement(parent, tag, attributes)
    element.text = content
    return element


def cpu(domain, machine):
    """The processor that QEMU is asked for by name there."""
    modes = {"host": "host-passthrough", "max": "maximum"}
    if machine.cpu_model in modes:
        add(domain, "cpu", mode=modes[machine.cpu_model])
    else:
        model, *features = machine.cpu_model.split(",")
        element = add(domain, "cpu", mode="custom", match="exact", check="none")
        add(element, "model", model, fallback="forbid")
        for feature in features:
            policy = "disable" if feature.startswith("-") else "force"
            add(element, "feature", policy=policy, name=feature.lstrip("+-"))


def devices(parent, machine):
    """Console, control, ports."""
    address(add(parent, "controller", type="virtio-serial", index="0"), CONTROL_SLOT)
    add(parent, "controller", type="usb", model="none")
    for nic in machine.nics:
        interface(parent, machine, nic)
    serial = add(parent, "serial", type="pty")
    add(serial, "target", type="isa-serial", port="0")
    console = add(parent, "console", type="pty")
    add(console, "target", type="serial", port="0")
    channel = add(parent, "channel", type="unix")
    add(channel, "source", mode="bind", path=machine.control)
    add(channel, "target", type="virtio", name=CONTROL_PORT)
    add(channel, "address", type="virtio-serial", controller="0", bus="0", port="1")
    add(parent, "memballoon", model="none")


def interface(parent, machine, nic):
    """A port."""
    element = add(parent, "interface", type="vhostuser")
    add(element, "mac", address=nic.mac)
    source = add(element, "source", type="unix", path=nic.socket, mode=nic.mode)
    if nic.mode == "client":
        add(source, "reconnect", enabled="yes", timeout="1")
    add(element, "model", type="virtio")
    driver = add(element, "driver", rx_queue_size=str(RING), tx_queue_size=str(RING))
    if nic.queues > 1:
        driver.set("queues", str(nic.queues))
    if machine.packed:
        driver.set("packed", "on")
    if not machine.mergeable:
        add(driver, "host", mrg_rxbuf="off")
    if nic.mtu != 1500:
        add(element, "mtu", size=str(nic.mtu))
    add(element, "rom", enabled="no")
    address(element, nic.slot)


def address(element, slot):
    """A place on the root bus."""
    add(element, "address", type="pci", domain="0x0000", bus="0x00", slot=f"0x{slot:02x}",
        function="0x0")
