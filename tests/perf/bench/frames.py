# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The traffic: two pcap files of UDP frames, one for each side. What one side sends to is what the
# other sends from, so that a learning switch knows every address after one turn of the files.
# Any thread.

"""Traffic files."""

import dataclasses
import struct

FRAMES_MIN = 64
PORTS = 50000


@dataclasses.dataclass(frozen=True)
class Traffic:
    """Frames of `size` bytes (without FCS), `flows` UDP flows and `macs` addresses a side."""

    size: int = 60
    flows: int = 1
    macs: int = 1
    frames: int = 0

    @property
    def count(self):
        """Frames in each file."""
        return max(self.frames, self.flows, self.macs, FRAMES_MIN)

    def __str__(self):
        words = f"{self.size} B, {self.flows:,} flow{'s' if self.flows > 1 else ''}"
        words += f", {self.macs:,} MAC{'s' if self.macs > 1 else ''} a side"
        return words + (f", files of {self.frames:,} frames" if self.frames else "")


def _checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def _mac(side, number):
    return bytes((0x02, 0x10 + side)) + struct.pack(">I", number + 1)


def _ip(side, number):
    return struct.pack(">I", (198 << 24) + ((18 + side) << 16) + number + 1)


def frame(traffic, side, number):
    """Frame `number` of the side 0 or 1."""
    flow, mac = number % traffic.flows, number % traffic.macs
    port = 1024 + flow % PORTS
    ports = (port, 9) if side == 0 else (9, port)
    length = traffic.size - 14
    hosts = _ip(side, flow // PORTS) + _ip(1 - side, flow // PORTS)
    head = struct.pack(">BBHHHBBH", 0x45, 0, length, 0, 0x4000, 64, 17, 0) + hosts
    head = head[:10] + struct.pack(">H", _checksum(head)) + head[12:]
    datagram = struct.pack(">HHHH", *ports, length - 20, 0)
    whole = _mac(1 - side, mac) + _mac(side, mac) + b"\x08\x00" + head + datagram
    return whole + bytes(traffic.size - len(whole))


def write(traffic, side, path):
    """Write one side's pcap file."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number in range(traffic.count):
            data = frame(traffic, side, number)
            f.write(struct.pack("<IIII", 0, number, len(data), len(data)) + data)
    return path
