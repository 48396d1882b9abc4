# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Which device a port becomes, and the machine as QEMU and as libvirt see it.

"""devices.py, qemu.py, domain.py, memory.py"""

import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

from conftest import port
from front import domain, memory, qemu
from front.devices import map_ports
from front.errors import UsageError
from front.machine import Machine, Nic
from front.plan import Plan, Port
from front.say import MIB


def plan_of(*ports):
    """A plan with these ports."""
    return Plan("/vnf", "/conf", "vnf", "1", (), 1, 0, tuple(Port(**p) for p in ports))


def test_virtio_user_is_told_its_device():
    devices = map_ports(plan_of(port("lan"), port("gen", "gen"),
                                port("wan", queues=4, settings={"mode": "client"})))
    assert devices.arguments == ["--virtio", "lan=0000:00:08.0", "--virtio", "wan=0000:00:0a.0"]
    assert [(n.port, n.address, n.queues, n.mode, n.access) for n in devices.nics] == [
        ("lan", "0000:00:08.0", 1, "server", "0660"), ("wan", "0000:00:0a.0", 4, "client", "0660")]


def test_virtio_stays_where_it_is():
    devices = map_ports(plan_of(port("lan", "virtio", settings={"address": "0000:00:0f.0"})))
    assert devices.arguments == [] and devices.nics[0].address == "0000:00:0f.0"
    assert devices.nics[0].socket == "/run/vnfkit/lan.sock"


def test_nic_brings_drivers():
    devices = map_ports(plan_of(port("a", "nic", settings={"address": "0000:00:05.0"}),
                                port("b", "nic", settings={"devargs": "net_memif0,role=client"})))
    assert "net_e1000" in devices.wanted_drivers and "net_memif" in devices.drivers
    assert devices.foreign == [("a", "0000:00:05.0")] and devices.nics == []


@pytest.mark.parametrize("ports,words", [
    ([port("x", "tap")], ['port "x"', '"tap"', "virtio-user, virtio, nic, null, gen or sink"]),
    ([port("x", "nic", settings={"devargs": "foo"})], ["foo", "not known"]),
    ([port(f"p{i}") for i in range(17)], ['"p16"', "16 ports", "17"]),
    ([port("a"), port("b", "virtio", settings={"address": "00:08.0"})], ["a", "b", "both"]),
    ([port("a", "virtio", settings={"address": "0000:01:00.0"})], ["0000:01:00.0", "0000:00:08.0"]),
])
def test_what_a_guest_cannot_have(ports, words):
    with pytest.raises(UsageError) as error:
        map_ports(plan_of(*ports))
    assert all(word in str(error.value) for word in words), str(error.value)


def machine(**more):
    """A machine with a port of each mode."""
    nics = [Nic("lan", 8, "02:00:00:00:00:01", 1500, 1, "/run/a,b.sock", "server"),
            Nic("wan", 9, "02:00:00:00:00:02", 9000, 4, "/run/wan.sock", "client")]
    return Machine(**{"name": "vnf", "kernel": "/i/kernel", "initramfs": "/i/initramfs",
                      "control": "/i/control.sock", "cpus": 2, "memory_mib": 256, "nics": nics,
                      **more})


def value(argv, option, name, key):
    """A key in the value of that option which has `name` in it."""
    values = [argv[i + 1] for i, word in enumerate(argv) if word == option]
    found = next(v for v in values if name in v).replace(",,", "\0").split(",")
    pairs = dict(part.partition("=")[::2] for part in found)
    return pairs.get(key, "").replace("\0", ",")


@pytest.mark.parametrize("more", [{}, {"packed": True, "mergeable": False}, {"accel": "kvm"},
                                  {"cpu": "Nehalem"}, {"cpu": "Nehalem,-x2apic,+aes"}])
def test_qemu_and_libvirt_get_the_same_machine(more):
    made = machine(**more)
    argv, root = qemu.argv(made), ET.fromstring(domain.text(made))
    assert root.get("type") == {"tcg": "qemu", "kvm": "kvm"}[made.accel]
    assert f"{root.findtext('memory')}M" == argv[argv.index("-m") + 1]
    assert root.findtext("vcpu") == argv[argv.index("-smp") + 1]
    for tag, option in (("kernel", "-kernel"), ("initrd", "-initrd"), ("cmdline", "-append")):
        assert root.findtext(f"os/{tag}") == argv[argv.index(option) + 1]
    assert root.find(".//channel/source").get("path") == value(argv, "-chardev", "control", "path")
    for index, nic in enumerate(root.iter("interface")):
        device = [f"netdev=net{index}", *"mac addr rx_queue_size packed mrg_rxbuf host_mtu".split()]
        got = dict(zip(device[1:], (value(argv, "-device", device[0], key) for key in device[1:])))
        assert got["mac"] == nic.find("mac").get("address")
        assert int(got["addr"], 16) == int(nic.find("address").get("slot"), 16)
        assert got["rx_queue_size"] == nic.find("driver").get("rx_queue_size")
        assert got["packed"] == nic.find("driver").get("packed", "")
        assert bool(got["mrg_rxbuf"]) == (nic.find("driver/host") is not None)
        assert got["host_mtu"] == (nic.find("mtu").get("size") if index else "")
        queues = value(argv, "-netdev", f"net{index}", "queues")
        assert queues == nic.find("driver").get("queues", "")
        chardev = f"vhost{index}"
        assert value(argv, "-chardev", chardev, "path") == nic.find("source").get("path")
        mode = "server" if value(argv, "-chardev", chardev, "server") == "on" else "client"
        assert mode == nic.find("source").get("mode")
    assert value(argv, "-device", "net1", "vectors") == "10"


@pytest.mark.parametrize("more", [{}, {"packed": True, "mergeable": False, "accel": "kvm"},
                                  {"cpu": "Nehalem,-x2apic", "nics": []}])
def test_domain_is_valid(tmp_path, more):
    if not shutil.which("virt-xml-validate") or not shutil.which("xmllint"):
        pytest.skip("virt-xml-validate is not installed (libvirt-clients, libxml2-utils)")
    (tmp_path / "domain.xml").write_text(domain.text(machine(**more)))
    subprocess.run(["virt-xml-validate", tmp_path / "domain.xml", "domain"], check=True)


def test_command_for_a_shell():
    text = qemu.shell_text(qemu.argv(machine(), more=["-s"]))
    words = subprocess.run(["bash", "-c", f"printf '%s\\n' {text}"], check=True, text=True,
                           capture_output=True).stdout.splitlines()
    assert words == qemu.argv(machine(), more=["-s"])
    assert all(len(line.split(" -")) == 2 for line in text.splitlines()[1:])


def test_memory():
    need = memory.need_bytes(14 * MIB, 11 * MIB, 38 * MIB, 2)
    assert memory.default_mib(need) == 256
    assert memory.default_mib(need + 300 * MIB) > 400
    with pytest.raises(UsageError, match=r"--mem 64M is too little: the guest needs 1\d\dM"):
        memory.check_mib(64, need, 38 * MIB, 11 * MIB)


def test_memory_for_many_files():
    """Seen with 100 MiB of them: 330 MiB of memory end in "Initramfs unpacking failed"."""
    need = memory.need_bytes(14 * MIB, 100 * MIB, 38 * MIB, 2)
    assert 350 * MIB < need < 390 * MIB
