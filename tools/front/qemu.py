# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The QEMU command of a Machine. domain.py has the same for libvirt; a test compares them. Used by
# image.py and run.py.

"""QEMU's command line."""

import shlex

from .machine import CONTROL_PORT, CONTROL_SLOT, RING

QEMU = "qemu-system-x86_64"


def argv(machine, control=None, monitor=None, more=()):
    """The command, a list. `control` replaces the chardev that serves the control socket."""
    memory = f"{machine.memory_mib}M"
    control = control or f"path={comma(machine.control)},server=on,wait=off"
    command = [
        QEMU, "-name", comma(machine.name),
        "-machine", f"q35,accel={machine.accel},memory-backend=mem",
        "-cpu", machine.cpu_model, "-smp", str(machine.cpus), "-m", memory,
        "-object", f"memory-backend-memfd,id=mem,size={memory},share=on",
        "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio",
        "-kernel", machine.kernel, "-initrd", machine.initramfs, "-append", machine.cmdline,
        "-chardev", f"socket,id=control,{control}",
        "-device", f"virtio-serial-pci,addr=0x{CONTROL_SLOT:x}",
        "-device", f"virtserialport,chardev=control,name={CONTROL_PORT}",
    ]
    for index, nic in enumerate(machine.nics):
        command += nic_argv(machine, nic, index)
    if monitor:
        command += ["-qmp", f"unix:{comma(monitor)},server=on,wait=off"]
    return command + list(more)


def nic_argv(machine, nic, index):
    """The socket, the vhost-user back end, the device."""
    peer = "server=on,wait=off" if nic.mode == "server" else "reconnect=1"
    net = f"vhost-user,id=net{index},chardev=vhost{index}"
    device = (f"virtio-net-pci,netdev=net{index},mac={nic.mac},addr=0x{nic.slot:x},romfile=,"
              f"rx_queue_size={RING},tx_queue_size={RING}")
    if nic.queues > 1:
        net += f",queues={nic.queues}"
        device += f",mq=on,vectors={2 * nic.queues + 2}"
    if machine.packed:
        device += ",packed=on"
    if not machine.mergeable:
        device += ",mrg_rxbuf=off"
    if nic.mtu != 1500:
        device += f",host_mtu={nic.mtu}"
    return ["-chardev", f"socket,id=vhost{index},path={comma(nic.socket)},{peer}",
            "-netdev", net, "-device", device]


def comma(text):
    """A value in QEMU's lists: a comma is written twice."""
    return text.replace(",", ",,")


def shell_text(command):
    """The command for a shell, one option a line."""
    rows, words = [], list(command)
    rows.append(shlex.quote(words.pop(0)))
    while words:
        row = [words.pop(0)]
        while words and not words[0].startswith("-"):
            row.append(words.pop(0))
        rows.append(shlex.join(row))
    return " \\\n  ".join(rows)
