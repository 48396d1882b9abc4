# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The kernel's own virtio-net driver with all kinds of agreements about checksums and TCP
# segmentation, against kernels behind taps, against each other, and through a VNF. What arrives is
# what was sent. tests/lab/test_offloads.py has the same without machines.

"""Offloads of kernel guests, in all combinations."""

import hashlib
import os
import re

import lab
import pytest
from lab import guest_files
from lab.clients import random_file

SIZE = 400_000
ADDRESSES = ("10.99.0.{}", "fd99::{:x}")
# Names of a machine's devices: keys of the switch's port, QEMU's options of the device.
KINDS = {
    "none": ({"offloads": "none"}, ""),
    "checksum": ({"offloads": "checksum"}, ""),
    "tso": ({"offloads": "tso"}, ""),
    "tso-mergeable": ({"offloads": "tso", "mergeable": True}, ""),
    "takes-only": ({"offloads": "tso", "mergeable": True},
                   ",csum=off,host_tso4=off,host_tso6=off,host_ecn=off,host_ufo=off"),
    "leaves-only": ({"offloads": "tso"},
                    ",guest_csum=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off,"
                    "packed=on"),
}
LEVELS = ("none", "checksum", "tso")
FIRST_TAP, FIRST_GUEST = 1, 0x21

# Each device gets a network namespace, named by a process that sleeps in it, and serves a file.
SETUP = """
mkdir -p /www /tmp
dd if=/dev/urandom of=/www/file bs=1000 count={kilobytes} 2>/dev/null
echo "file $(sha256sum /www/file)"
in_netns() {{ n=$1; shift; nsenter -t $(cat /tmp/netns$n) -n "$@"; }}
for n in {numbers}; do
	unshare -n sleep 10000 & p=$!
	echo $p > /tmp/netns$n
	until [ "$(readlink /proc/$p/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do usleep 10000; done
	ip link set eth$n netns $p
	in_netns $n sh -c "echo 0 > /proc/sys/net/ipv6/conf/eth$n/accept_dad"
	in_netns $n ip link set eth$n up
	in_netns $n ip addr add 10.99.0.$((33 + n))/24 dev eth$n
	in_netns $n ip -6 addr add fd99::$(printf %x $((33 + n)))/64 dev eth$n
	in_netns $n httpd -p 8000 -h /www
done
fetch() {{ echo "fetched $1 $2 $(in_netns $1 wget -q -O - http://$2:8000/file | sha256sum)"; }}
echo ready
"""


class Tap:
    """A namespace behind a tap, that serves a file."""

    def __init__(self, run, number, level, domain):
        self.level = level
        self.addresses = [a.format(number) for a in ADDRESSES]
        self.endpoint = lab.Endpoint(f"tap-{level}-{domain}".lower(), self.addresses[0],
                                     f"02:99:00:00:00:{number:02x}",
                                     lab.Namespace(run, f"t{number}"), "tap")
        self.port = {**self.endpoint.port(domain), "offloads": level}

    def configure(self, run, folder):
        """Addresses and the server."""
        self.endpoint.configure()
        lab.command(["sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6;"
                     "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad"], netns=self.endpoint.netns)
        self.endpoint.netns.ip("address", "replace", f"{self.addresses[1]}/64", "dev", "eth0", "nodad")
        server = lab.Process(run, ["python3", "-u", "-m", "http.server", "8000", "--bind", "::",
                                   "--directory", folder], f"http-{self.level}",
                             netns=self.endpoint.netns)
        server.wait_log("Serving HTTP")
        return server

    def fetch(self, run, address):
        """SHA-256 of the file that a machine serves there."""
        path = run.path("fetched")
        lab.command(["curl", "-sS", "--fail", "--noproxy", "*", "--max-time", "20", "-g",
                     "-o", path, f"http://{url(address)}:8000/file"], netns=self.endpoint.netns)
        with open(path, "rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest()


def url(address):
    """As busybox wants it."""
    return f"[{address}]" if ":" in address else address


def machine_script(pairs, numbers):
    """What the machine fetches: [(device, address)]; then it serves until it is ended."""
    lines = [f"fetch {number} '{url(address)}'" for number, address in pairs]
    return SETUP.format(kilobytes=SIZE // 1000, numbers=" ".join(map(str, numbers))) + \
        "\n".join(lines) + "\necho done\nsleep 10000\n"


def check_fetched(vm, pairs, expected):
    """Each got what it should: expected(address) -> SHA-256."""
    vm.wait_log(r"^done", 240)
    got = {(int(n), a): digest for n, a, digest in
           re.findall(r"fetched (\d+) (\S+) ([0-9a-f]{64})", vm.output())}
    wrong = [(n, a) for n, a in pairs if got.get((n, url(a))) != expected(a)]
    assert not wrong, f"{wrong}\n{vm.tail()}"


def start(run, caps, taps, devices, extra=()):
    """(switch, servers, SHA-256 of what they serve) with these taps and devices of a machine."""
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never", "ports": [
            *(t.port for t in taps), *devices, *extra]})
    switch.start()
    path, digest = random_file(run, SIZE)
    folder = run.path("served")
    os.makedirs(folder, exist_ok=True)
    os.replace(path, os.path.join(folder, "file"))
    servers = [t.configure(run, folder) for t in taps]
    return switch, servers, digest


def guest_port(run, number, kind, domain):
    """The switch's port of a machine's device."""
    return {"name": f"vm{number}", "kind": "vhost-user", "socket": run.socket(f"vm{number}"),
            "domain": domain, **KINDS[kind][0]}


def boot(run, kinds, pairs):
    """A machine with a device of each kind."""
    made = guest_files.make(run, "offloads", extra_modules=("virtio_net",),
                            script=machine_script(pairs, range(len(kinds))))
    nics = [word for number, kind in enumerate(kinds)
            for word in guest_files.vhost_nic(number, run.socket(f"vm{number}"),
                                              f",vectors=0{KINDS[kind][1]}")]
    vm = guest_files.boot(run, "offloads", made, nics, memory=768)
    vm.wait_log(r"^ready", 90)
    return vm, re.search(r"file ([0-9a-f]{64})", vm.output()).group(1)


def end(run, vm, servers, switch):
    """The machine does not end by itself."""
    run.crashed.add(vm.pid)
    vm.kill_now()
    vm.wait(5)
    for server in servers:
        server.end()
    switch.stop()


def addresses_of(number):
    """IPv4 and IPv6 of a machine's device."""
    return [a.format(FIRST_GUEST + number) for a in ADDRESSES]


def crossing(first, second):
    """(device, address) so that each device meets each of the others, by one family or the other."""
    return [(a, addresses_of(b)[(a + b) % 2]) for a in first for b in second if a != b]


def test_taps_and_each_other(run, caps):
    """Six kinds of devices, three of taps, all in one domain."""
    caps.require_endpoints()
    taps = [Tap(run, FIRST_TAP + i, level, "A") for i, level in enumerate(LEVELS)]
    devices = [guest_port(run, number, kind, "A") for number, kind in enumerate(KINDS)]
    switch, servers, digest = start(run, caps, taps, devices)
    numbers = range(len(KINDS))
    pairs = [(n, a) for n in numbers for t in taps for a in t.addresses] + crossing(numbers, numbers)
    vm, own = boot(run, list(KINDS), pairs)
    served = {a for t in taps for a in t.addresses}
    check_fetched(vm, pairs, lambda a: digest if a in served else own)
    for tap in taps:
        for number in numbers:
            for address in addresses_of(number):
                assert tap.fetch(run, address) == own, (tap.level, address)
    # Only where it was agreed do frames come, or go, that are yet to be cut.
    for number, kind in enumerate(KINDS):
        stats = switch.stats(f"vm{number}")
        sizes = {way: stats[f"{way}_bytes"] / stats[f"{way}_packets"] for way in ("rx", "tx")}
        leaves, takes = kind in ("tso", "tso-mergeable", "leaves-only"), "takes" in kind or "tso" in kind
        assert (sizes["rx"] > 1514) <= leaves and (sizes["tx"] > 1514) <= takes, (kind, sizes)
    end(run, vm, servers, switch)


@pytest.mark.parametrize("level", ["checksum", "tso"])
def test_through_a_vnf(run, caps, level):
    """Three devices and a tap on each side of it."""
    caps.require_endpoints()
    kinds, near, far = list(KINDS), (0, 1, 3), (2, 4, 5)
    taps = [Tap(run, 1, "tso", "A"), Tap(run, 2, "none", "B")]
    devices = [guest_port(run, n, kinds[n], domain) for d, domain in ((near, "A"), (far, "B"))
               for n in d]
    sockets = {name: run.socket(name) for name in (lab.LAN, lab.WAN)}
    vnf = lab.Instance(run, lab.vnf_program(), {
        "name": "vnf", "cpus": str(caps.cpus[-1]), "hugepages": "never",
        "ports": [{"name": name, "kind": "virtio-user", "socket": path, "offloads": level}
                  for name, path in sockets.items()]})
    vnf.start(wait=False)
    switch, servers, digest = start(run, caps, taps, devices, [
        {"name": name, "kind": "vhost-user", "socket": sockets[name], "domain": domain,
         "offloads": level, "mergeable": level == "tso"}
        for name, domain in ((lab.LAN, "A"), (lab.WAN, "B"))])
    vnf.wait_port()
    pairs = [(n, a) for d, tap in ((near, taps[1]), (far, taps[0])) for n in d for a in tap.addresses]
    pairs += crossing(near, far) + crossing(far, near)
    vm, own = boot(run, kinds, pairs)
    served = {a for t in taps for a in t.addresses}
    check_fetched(vm, pairs, lambda a: digest if a in served else own)
    for tap, d in zip(taps, (far, near)):
        for number in d:
            for address in addresses_of(number):
                assert tap.fetch(run, address) == own, (tap.level, address)
    end(run, vm, servers, switch)
    vnf.stop()


def test_a_vnf_in_a_machine(run, caps):
    """By DPDK's driver for virtio's device, with long packets, between two taps."""
    caps.require_endpoints()
    path = lab.Path(run, caps, endpoints="tap", guest=(),
                    vnf_port_keys={"offloads": "tso", "mergeable": True})
    for port in path.switch.settings["ports"] + path.vnf.settings["ports"]:
        port["offloads"] = "tso"
    path.start()
    lab.ping(path.client, path.server)
    lab.download(run, path.client, path.server, size=10_000_000)
    stats = path.vnf.stats(lab.WAN)
    assert stats["rx_bytes"] > 1514 * stats["rx_packets"]
    path.stop()
