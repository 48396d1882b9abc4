# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Machines whose network is not virtio-pmd: a plain Linux on its kernel's virtio-net, and vnf-switch
# itself on network cards as QEMU emulates them.

"""A guest that knows nothing of DPDK, and real NIC drivers."""

import os
import re
import socket

import lab
from lab import capture, clients, guest_files

SIZE = 5_000_000
SWITCH_IN_A_GUEST = """
name = "inner";
ports = (
  { name = "left";  kind = "nic"; address = "0000:00:10.0"; domain = "A"; },
  { name = "lan"; kind = "vhost-user"; socket = "/run/lan.sock"; domain = "A"; },
  { name = "wan"; kind = "vhost-user"; socket = "/run/wan.sock"; domain = "B"; },
  { name = "right"; kind = "nic"; address = "0000:00:11.0"; domain = "B"; }
);
"""
VNF_IN_A_GUEST = """
name = "vnf"; hugepages = "never";
ports = (
  { name = "lan"; kind = "virtio-user"; socket = "/run/lan.sock"; },
  { name = "wan"; kind = "virtio-user"; socket = "/run/wan.sock"; }
);
"""


def test_linux_pings_and_downloads(run, caps):
    """A machine and a namespace in one domain of the switch, kernels at both ends."""
    caps.require_endpoints()
    netns = lab.Namespace(run, "server")
    server = lab.Endpoint("server", "10.99.0.2", "02:99:00:00:00:02", netns, "tap")
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never", "ports": [
            server.port("A"),
            {"name": "vm", "kind": "vhost-user", "socket": run.socket("vm"), "domain": "A"}]})
    switch.start()
    server.configure()
    path, digest = clients.random_file(run, SIZE)
    http = lab.Process(run, ["python3", "-u", "-m", "http.server", "8000", "--bind", server.address,
                             "--directory", os.path.dirname(path)], "http-server", netns=netns)
    http.wait_log("Serving HTTP")
    made = guest_files.make(run, "linux", extra_modules=("virtio_net",), script=f"""
ip link set eth0 up
ip address add 10.99.0.1/24 dev eth0
ping -c 10 -i 0.2 -W 3 {server.address}
wget -q -O /tmp/file http://{server.address}:8000/{os.path.basename(path)}
sha256sum /tmp/file
""")
    # Without vectors=0 QEMU 7.2 crashes under emulation as soon as the driver turns on MSI-X.
    vm = guest_files.boot(run, "linux", made,
                          guest_files.vhost_nic(0, run.socket("vm"), ",vectors=0"))
    vm.wait_log("10 packets transmitted, 10 packets received, 0% packet loss", 60)
    vm.wait_log(digest, 60)
    assert vm.wait(30) == 0
    http.end()
    switch.stop()


VNF_BEHIND_AN_IOMMU = """
name = "vnf";
ports = (
  { name = "lan"; kind = "virtio"; address = "0000:00:08.0"; restore = true; },
  { name = "wan"; kind = "virtio"; address = "0000:00:09.0"; restore = true; }
);
"""


def test_vfio_behind_an_iommu(run, caps):
    """Where there is an IOMMU the VNF takes vfio-pci by itself, and gives the devices back."""
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never", "ports": [
            {"name": lab.LAN, "kind": "vhost-user", "socket": run.socket("lan"), "domain": "A"},
            {"name": lab.WAN, "kind": "vhost-user", "socket": run.socket("wan"), "domain": "B"},
            *lab.generator_ports(rate=5_000)]})
    switch.start()
    vnf = lab.vnf_program()
    made = guest_files.make(
        run, "iommu", f"timeout -s TERM 8 {vnf} -c /etc/vnf.conf\n"
        "head -1 /sys/bus/pci/devices/0000:00:08.0/uevent",
        programs=[vnf], contents={"/etc/vnf.conf": VNF_BEHIND_AN_IOMMU},
        extra_modules=("vfio_pci", "vfio_iommu_type1"))
    vm = guest_files.boot(
        run, "iommu", made, [
            "-device", "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on",
            *guest_files.vhost_nic(0, run.socket("lan")),
            *guest_files.vhost_nic(1, run.socket("wan"))],
        kernel_arguments="intel_iommu=on iommu=pt")
    for port, address in ((lab.LAN, "08"), (lab.WAN, "09")):
        vm.wait_log(rf'port "{port}": PCI device 0000:00:{address}\.0 by vfio-pci', 60)
    lab.until(lambda: switch.stats("gen-sink")["received"] > 5_000, 30, "frames behind the VNF")
    vm.wait_log("notice: ledger: rx", 30)
    vm.wait_log("DRIVER=virtio-pci", 30)
    assert vm.wait(30) == 0
    assert not re.search(r"vnf: (warning|error)", vm.output()), vm.tail()
    switch.stop()


class Card:
    """The other end of an emulated card's wire: a datagram is a frame."""

    def __init__(self, run, name):
        self.own, self.qemu = run.socket(f"{name}-own"), run.socket(f"{name}-qemu")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.own)
        self.socket.settimeout(5)
        run.defer(self.close)

    def close(self):
        """Remove both sockets: QEMU leaves its own."""
        self.socket.close()
        for path in (self.own, self.qemu):
            if os.path.exists(path):
                os.unlink(path)

    def device(self, number, model="e1000"):
        """QEMU's options for the card at 0000:00:(10 + number).0."""
        return ["-netdev", f"dgram,id=card{number},local.type=unix,local.path={self.qemu},"
                           f"remote.type=unix,remote.path={self.own}",
                "-device", f"{model},netdev=card{number},addr=0x{0x10 + number:x},romfile=,"
                           f"mac=52:54:00:00:01:{number:02x}"]

    def send(self, frame):
        """Put a frame on the wire."""
        self.socket.sendto(frame, self.qemu)

    def receive(self):
        """The next frame of the test; others (a driver may send some) are passed over."""
        while True:
            frame = self.socket.recv(65536)
            if frame[:2] == b"\x02\x99":
                return frame


def test_switch_on_emulated_cards(run, caps):
    """vnf-switch and a VNF in a machine, two e1000 cards by DPDK's driver on uio_pci_generic."""
    switch, vnf = lab.switch_program(), lab.vnf_program()
    made = guest_files.make(
        run, "cards", f"{vnf} -c /etc/vnf.conf &\nexec {switch} -c /etc/switch.conf",
        programs=[switch, vnf], drivers=(*guest_files.BASE_DRIVERS, "net_e1000"),
        contents={"/etc/switch.conf": SWITCH_IN_A_GUEST, "/etc/vnf.conf": VNF_IN_A_GUEST})
    left, right = Card(run, "left"), Card(run, "right")
    vm = guest_files.boot(run, "cards", made, [*left.device(0), *right.device(1)], memory=512)
    for port in ("left", "right"):
        vm.wait_log(rf'inner: info: port "{port}": PCI device 0000:00:1\d\.0 by uio_pci_generic', 60)
        vm.wait_log(rf'inner: notice: port "{port}" is up', 60)
    for port in ("lan", "wan"):
        vm.wait_log(rf'vnf: notice: port "{port}" is up', 60)
        vm.wait_log(rf'inner: notice: port "{port}" is up', 60)
    for there, back in ((left, right), (right, left)):
        for frame in capture.frames(300):
            there.send(frame)
            assert back.receive() == frame
    run.crashed.add(vm.pid)
    assert not re.search(r"inner: (warning|error)", vm.output()), vm.tail()
    vm.kill_now()
    vm.wait(5)
