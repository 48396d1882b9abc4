# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Capture files: pcap of either byte order, micro- or nanoseconds, and pcapng, read; pcap with
# nanoseconds written, as vnfkit's programs do. Ethernet only. Used by golden.py and by
# python/vnfkit_replay.py. Any thread.

"""Reading and writing pcap, reading pcapng."""

import dataclasses
import struct

from .errors import UsageError

ETHERNET = 1
SNAPLEN = 262144
SECOND_NS = 10**9
# A file with these octets first, by its byte order and by what a fraction of a second counts in.
MAGICS = {bytes.fromhex("d4c3b2a1"): ("<", 1000), bytes.fromhex("4d3cb2a1"): ("<", 1),
          bytes.fromhex("a1b2c3d4"): (">", 1000), bytes.fromhex("a1b23c4d"): (">", 1)}
SECTION, INTERFACE, SIMPLE, ENHANCED = 0x0a0d0d0a, 1, 3, 6
SECTION_MAGIC = 0x1a2b3c4d
END_OF_OPTIONS, RESOLUTION, OFFSET = 0, 9, 14


@dataclasses.dataclass(frozen=True)
class Frame:
    """A frame, and the nanosecond at which it was seen."""

    time_ns: int
    data: bytes
    whole: bool = True   # not cut short when captured


@dataclasses.dataclass(frozen=True)
class Capture:
    """What a file holds."""

    frames: tuple
    unit_ns: int   # how fine its times are


def dump(frames):
    """The octets of a pcap file with these frames."""
    parts = [struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, SNAPLEN, ETHERNET)]
    for frame in frames:
        seconds, rest = divmod(frame.time_ns, SECOND_NS)
        parts.append(struct.pack("<IIII", seconds, rest, len(frame.data), len(frame.data)))
        parts.append(frame.data)
    return b"".join(parts)


def load(path):
    """The Capture of a file."""
    try:
        with open(path, "rb") as file:
            return parse(file.read(), path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def parse(data, name="capture"):
    """The Capture of a file's octets."""
    try:
        if data[:4] in MAGICS:
            return parse_pcap(data, name)
        if data[:4] == struct.pack("<I", SECTION):
            return parse_pcapng(data, name)
    except struct.error:
        raise UsageError(f"{name}: is damaged, or cut short") from None
    raise UsageError(f"{name}: is neither a pcap nor a pcapng file")


def check_link(link, name):
    """Refuse what is not Ethernet."""
    if link != ETHERNET:
        raise UsageError(f"{name}: its link type is number {link}; only Ethernet, 1, can be used")


def check_length(data, at, length):
    """So many octets must follow."""
    if at + length > len(data):
        raise struct.error


def parse_pcap(data, name):
    """The Capture of a pcap file."""
    order, unit_ns = MAGICS[data[:4]]
    check_link(struct.unpack_from(f"{order}I", data, 20)[0] & 0xffff, name)
    frames, at = [], 24
    while at < len(data):
        seconds, rest, kept, length = struct.unpack_from(f"{order}IIII", data, at)
        at += 16
        check_length(data, at, kept)
        frames.append(Frame(seconds * SECOND_NS + rest * unit_ns, data[at:at + kept],
                            kept == length))
        at += kept
    return Capture(tuple(frames), unit_ns)


# ---- pcapng ----


class Section:
    """A section of a pcapng file: its byte order, and (ticks in a second, offset) of interfaces."""

    def __init__(self, order="<"):
        self.order = order
        self.interfaces = []

    def interface(self, body, name):
        """An interface, described before its packets."""
        check_link(struct.unpack_from(f"{self.order}H", body)[0], name)
        ticks, offset_s = 10**6, 0
        for code, value in self.options(body[8:]):
            if code == RESOLUTION:
                ticks = 2**(value[0] & 0x7f) if value[0] & 0x80 else 10**value[0]
            elif code == OFFSET:
                offset_s = struct.unpack(f"{self.order}q", value)[0]
        self.interfaces.append((ticks, offset_s))

    def options(self, body):
        """(code, value) of each."""
        at = 0
        while at + 4 <= len(body):
            code, length = struct.unpack_from(f"{self.order}HH", body, at)
            if code == END_OF_OPTIONS:
                return
            yield code, body[at + 4:at + 4 + length]
            at += 4 + (length + 3) // 4 * 4

    def packet(self, body, name):
        """The Frame of a packet."""
        number, high, low, kept, length = struct.unpack_from(f"{self.order}IIIII", body)
        check_length(body, 20, kept)
        if number >= len(self.interfaces):
            raise UsageError(f"{name}: a packet is of an interface that is not described")
        ticks, offset_s = self.interfaces[number]
        time_ns = (high << 32 | low) * SECOND_NS // ticks + offset_s * SECOND_NS
        return Frame(time_ns, body[20:20 + kept], kept == length)


def blocks(data):
    """(section it is in, type, body) of each block."""
    section, at = Section(), 0
    while at < len(data):
        if data[at:at + 4] == struct.pack("<I", SECTION):
            little = data[at + 8:at + 12] == struct.pack("<I", SECTION_MAGIC)
            section = Section("<" if little else ">")
        kind, length = struct.unpack_from(f"{section.order}II", data, at)
        check_length(data, at, length)
        if length < 12 or length % 4:
            raise struct.error
        yield section, kind, data[at + 8:at + length - 4]
        at += length


def parse_pcapng(data, name):
    """The Capture of a pcapng file."""
    frames = []
    for section, kind, body in blocks(data):
        if kind == INTERFACE:
            section.interface(body, name)
        elif kind == ENHANCED:
            frames.append(section.packet(body, name))
        elif kind == SIMPLE:
            raise UsageError(f"{name}: has packets without a time")
    return Capture(tuple(frames), 1)
