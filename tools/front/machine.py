# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The virtual machine as data: what qemu.py makes a command of and domain.py a libvirt domain, and
# what image.json keeps. Used by image.py and run.py.

"""The virtual machine."""

import dataclasses

RING = 1024   # descriptors; QEMU's most
CONTROL_PORT = "org.vnfkit.control"
CONTROL_SLOT = 3
FIRST_SLOT = 8   # of the VNF's ports on the root bus
NICS_MAX = 16
# Measured under emulation: neither mitigations=off nor nokaslr, nor a packed archive, boots sooner;
# an unpacked kernel does by 0.3 s of 2.8, which is not worth a tool for unpacking.
# The kernel tries its ciphers when it boots, which a VNF has no use for, and in which an emulated CPU
# was once seen to hang.
CMDLINE = "console=ttyS0 panic=-1 quiet cryptomgr.notests"


@dataclasses.dataclass
class Nic:
    """A virtio-net device on a vhost-user socket; in mode "server" QEMU makes the socket."""

    port: str
    slot: int
    mac: str
    mtu: int
    queues: int
    socket: str
    mode: str
    owner: str = ""
    group: str = ""
    access: str = ""

    @property
    def address(self):
        """Its PCI address in the guest."""
        return f"0000:00:{self.slot:02x}.0"


@dataclasses.dataclass
class Machine:
    """All of it. Paths are absolute when it is used."""

    name: str
    kernel: str
    initramfs: str
    control: str
    cpus: int
    memory_mib: int
    nics: list
    packed: bool = False
    mergeable: bool = True
    accel: str = "tcg"
    cpu: str = ""
    cmdline: str = CMDLINE

    @property
    def cpu_model(self):
        """What QEMU is asked for."""
        return self.cpu or ("host" if self.accel == "kvm" else "max")


def machine_from(raw):
    """The Machine of what dataclasses.asdict() made of one."""
    return Machine(**{**raw, "nics": [Nic(**nic) for nic in raw["nics"]]})
