# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Routing between two ports that play files for ever: the router, the same frames swapped by a VNF of
# this folder and by dpdk-testpmd. Used by the script router. Main thread.

"""Programs that forward between files."""

import random
import socket
import struct

from lab import Instance, capture

from .dpdk import Testpmd, packets_received
from .stateful import port
from .switches import pcap_devargs

# Between announcements of the neighbours, which keep them reachable.
EVERY = 1024
SIDES = ("left", "right")
GROUP = b"\xff" * 6


def port_mac(side):
    """The router's."""
    return bytes((0x02, 0x51, 0, 0, 0, side))


def mac_words(side):
    """The same, for configurations."""
    return ":".join(f"{o:02x}" for o in port_mac(side))


def host_mac(side):
    """The neighbour's."""
    return bytes((0x02, 0x52, 0, 0, 0, side))


def _checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def arp_reply(side):
    """A frame: the neighbour says where it is, as an answer to the router."""
    return (port_mac(side) + host_mac(side) + b"\x08\x06" +
            struct.pack(">HHBBH", 1, 0x0800, 6, 4, 2) + host_mac(side) + bytes((10, 0, side, 2)) +
            port_mac(side) + bytes((10, 0, side, 1)))


def _advertisement(side):
    """The same of IPv6, RFC 4861 section 4.4."""
    source, own = (socket.inet_pton(socket.AF_INET6, f"2001:db8:{side}::{n}") for n in (2, 1))
    body = struct.pack(">BBHI", 136, 0, 0, 0x60000000) + source + b"\x02\x01" + host_mac(side)
    total = _checksum(source + own + struct.pack(">II", len(body), 58) + body)
    body = body[:2] + struct.pack(">H", total) + body[4:]
    return port_mac(side) + host_mac(side) + b"\x86\xdd" + \
        struct.pack(">IHBB", 6 << 28, len(body), 58, 255) + source + own + body


def _udp4(side, target, size):
    head = struct.pack(">BBHHHBBH", 0x45, 0, size - 14, 0, 0x4000, 64, 17, 0) + \
        bytes((10, 0, side, 2)) + target
    head = head[:10] + struct.pack(">H", _checksum(head)) + head[12:]
    udp = struct.pack(">HHHH", 1024, 9, size - 34, 0)
    return port_mac(side) + host_mac(side) + b"\x08\x00" + head + udp + bytes(size - 42)


def _udp6(side, target, size):
    size = max(size, 62)
    source = socket.inet_pton(socket.AF_INET6, f"2001:db8:{side}::2")
    head = struct.pack(">IHBB", 6 << 28, size - 54, 17, 64) + source + target
    return port_mac(side) + host_mac(side) + b"\x86\xdd" + head + \
        struct.pack(">HHHH", 1024, 9, size - 54, 0) + bytes(size - 62)


def random_routes(count):
    """[(prefix, length)] of IPv4, all different, as the Internet's table is made up."""
    generator, found = random.Random(4), {}
    while len(found) < count:
        length = generator.choices((24, 22, 20, 16, 19, 23, 18, 28, 32),
                                   (58, 11, 8, 5, 4, 9, 2, 2, 1))[0]
        prefix = generator.getrandbits(32) >> (32 - length) << (32 - length)
        # Neither of this host, nor of the test's own networks.
        if 11 <= prefix >> 24 < 127 or 128 <= prefix >> 24 < 224:
            found[(prefix, length)] = True
    return list(found)


def targets(routes, count, family):
    """Destinations, packed: within the routes, or a few hosts beyond the neighbour."""
    if routes:
        generator = random.Random(5)
        return [struct.pack(">I", p | (generator.getrandbits(32) & ((1 << (32 - n)) - 1)))
                for p, n in generator.choices(routes, k=count)]
    if family == 6:
        return [socket.inet_pton(socket.AF_INET6, f"2001:db8:ffff::{i + 1:x}")
                for i in range(count)]
    return [struct.pack(">I", (198 << 24) + (18 << 16) + i + 1) for i in range(count)]


def traffic_file(path, side, hosts, size, family=4):
    """Frames from one side to these hosts."""
    make = _udp6 if family == 6 else _udp4
    frames = []
    for number, host in enumerate(hosts):
        if number % EVERY == 0:
            frames += [arp_reply(side), _advertisement(side)]
        frames.append(make(side, host, size))
    return capture.write(path, frames)


class RouterVnf:
    """The router template; each side's packets go to the other side's neighbour."""

    def __init__(self, run, cpu, huge, program, files, routes_file=None, family=4,
                 table="large"):
        ports = [{**port(name, file), "mac": mac_words(side)}
                 for side, (name, file) in enumerate(zip(SIDES, files))]
        ip = {"interfaces": [
            {"port": name, "addresses": [f"10.0.{side}.1/24", f"2001:db8:{side}::1/64"],
             "dad": False} for side, name in enumerate(SIDES)], "table": table}
        if routes_file:
            ip["routes_file"] = routes_file
        else:
            ip["routes"] = [{"prefix": "0.0.0.0/0", "via": "10.0.1.2"},
                            {"prefix": "::/0", "via": "2001:db8:1::2"}]
        self.family = family
        self.instance = Instance(run, program, {
            "name": "router", "workers": 1, "cpus": str(cpu),
            "hugepages": "always" if huge else "never", "ports": ports, "ip": ip})

    def start(self):
        """Wait until its workers run."""
        self.instance.start()
        return self

    def packets(self):
        """Packets received: ports that only read a file throw away what is sent to them."""
        return self.instance.telemetry("/vnf/stats")["rx_packets"]

    @property
    def pid(self):
        """Its process."""
        return self.instance.process.pid

    def stop(self):
        """End it; return the packets of its whole life."""
        return self.instance.stop(timeout=30)["ledger"]["rx"]


class SwapVnf(RouterVnf):
    """A VNF of this folder between the same files."""

    def __init__(self, run, cpu, huge, program, files):
        super().__init__(run, cpu, huge, program, files)
        del self.instance.settings["ip"]
        self.instance.settings["name"] = "macswap"


class SwapTestpmd:
    """dpdk-testpmd between the same files; without one, nothing comes."""

    def __init__(self, run, cpu, huge, files, frames, wrap=()):
        # net_pcap keeps each frame of both files in a packet.
        vdevs = [pcap_devargs(i, file) for i, file in enumerate(files)]
        self.testpmd = Testpmd(run, cpu, vdevs, "macswap", huge, mode="macswap", wrap=wrap,
                               mbufs=40960 + 2 * frames)

    def start(self, timeout=30):
        """Wait until it forwards."""
        self.testpmd.wait_ready(timeout)
        return self

    def packets(self):
        """Packets received: net_pcap without a file to write throws away what is sent, uncounted."""
        return self.testpmd.sum("ipackets")

    @property
    def pid(self):
        """Its process."""
        return self.testpmd.process.pid

    def stop(self):
        """End it; return the packets of its whole life."""
        return packets_received(self.testpmd.stop())
