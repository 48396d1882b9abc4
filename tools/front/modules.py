# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Which modules the guest loads and in which order, from what the modules say of themselves; there
# is no depmod in it. Pure logic on the bytes of modules. Used by kernel.py.

"""Kernel modules in loading order."""

import gzip
import lzma
import re

from .errors import FrontError
from .program import reason, run

# Without these a guest is no use: devices, control, and what gives a device to DPDK.
NEEDED = ("virtio_pci", "virtio_console", "uio_pci_generic")
# IOMMU in the machine; a power button that is pressed by virsh shutdown.
WANTED = ("vfio_pci", "vfio_iommu_type1", "button", "evdev")
SUFFIX = re.compile(r"\.ko(\.gz|\.xz|\.zst)?$")


def module_name(path):
    """kernel/drivers/vfio/pci/vfio-pci.ko.xz is vfio_pci."""
    return SUFFIX.sub("", path.rpartition("/")[2]).replace("-", "_")


def unpacked(path, data):
    """The module itself."""
    if path.endswith(".gz"):
        return gzip.decompress(data)
    if path.endswith(".xz"):
        return lzma.decompress(data)
    if path.endswith(".zst"):
        done = run(["zstd", "-dcq"], data=data)
        if done.returncode:
            raise FrontError(f"{path} cannot be unpacked: {reason(done)}")
        return done.stdout
    return data


def depends(data):
    """The names of the modules that this one needs: its .modinfo has NUL-ended key=value texts."""
    match = re.search(rb"(?:^|\0)depends=([^\0]*)\0", data)
    names = match[1].decode().split(",") if match else []
    return [name.replace("-", "_") for name in names if name]


def loading_order(modules, builtin, needed=NEEDED, wanted=WANTED):
    """
    Names in loading order. `modules`: {name: bytes}, as far as they are modules; `builtin`: names
    that the kernel has inside. Of those wanted, what it does not have is left out.
    """
    order = []

    def visit(name, by):
        if name in order or name in builtin:
            return
        if name not in modules:
            raise FrontError(f"the kernel has no module {name}" + (f", which {by} needs" if by else
                             "; take Debian's linux-image-cloud-amd64 or linux-image-amd64"))
        for other in depends(modules[name]):
            visit(other, name)
        order.append(name)

    for name in needed:
        visit(name, "")
    for name in wanted:
        if name in modules:
            visit(name, "")
    return order
