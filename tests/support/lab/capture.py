# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Pcap files of random frames, and what is in such files. Used by tests that send frames through a
# path and compare them octet by octet. Any thread.

"""Captures."""

import random
import struct

HEADER = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
MAGIC = 0xA1B2C3D4


def _checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def _frame(number, flow, size, noise):
    """A UDP frame of a flow; its number stands at the front of the payload."""
    macs = bytes.fromhex("0299000000020299") + struct.pack(">I", 1)
    head = struct.pack(">BBHHHBBHII", 0x45, 0, size - 14, number & 0xFFFF, 0x4000, 64, 17, 0,
                       0xC6120001, 0xC6120002)
    head = head[:10] + struct.pack(">H", _checksum(head)) + head[12:]
    payload = struct.pack(">HI", flow, number)
    payload += noise[number % 97:][:size - 42 - len(payload)]
    udp = struct.pack(">HHHH", 1024 + flow, 9, 8 + len(payload), 0)
    return macs + b"\x08\x00" + head + udp + payload


def frames(count, longest=1514, flows=16, seed=1):
    """Frames of random sizes and octets, the same for the same arguments."""
    chance = random.Random(seed)
    noise = chance.randbytes(longest + 97)
    return [_frame(n, n % flows, chance.randint(60, longest), noise) for n in range(count)]


def flow_of(frame):
    """The flow that such a frame is of."""
    return struct.unpack_from(">H", frame, 42)[0]


def write(path, packets):
    """Write a pcap file."""
    with open(path, "wb") as f:
        f.write(HEADER.pack(MAGIC, 2, 4, 0, 0, 262144, 1))
        for number, data in enumerate(packets):
            f.write(RECORD.pack(0, number, len(data), len(data)) + data)
    return path


def read(path):
    """The frames of a pcap file; one that is still being written is read up to its end."""
    with open(path, "rb") as f:
        data = f.read()
    found, at = [], HEADER.size
    while at + RECORD.size <= len(data):
        length = RECORD.unpack_from(data, at)[2]
        at += RECORD.size
        if at + length > len(data):
            break
        found.append(data[at:at + length])
        at += length
    return found
