# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What a firewall under attack receives: sessions of honest hosts, which stand and have data both
# ways, and floods of several kinds. All frames are made before, into pcap files that ports play for
# ever. Used by the script floods. Any thread.

"""Frames of honest hosts and of floods."""

import random
import struct

HEADS = {side: bytes((2, 0x60, 0, 0, 0, side, 2, 0x60, 0, 0, 0, 1 - side)) + b"\x08\x00"
         for side in (0, 1)}
TCP, UDP, ICMP = 6, 17, 1
FIN, SYN, RST, ACK = 1, 2, 4, 16
MORE = 0x2000
DATA = b"honest"
VICTIMS = (203 << 24) + (113 << 8)  # 203.0.113.0/24 of the rules
WEB, TELNET, SSH, SECRET = 443, 23, 22, 9
SCANNER = (192 << 24) + (2 << 8) + 77
PORTS = 65535


def ip4(side, src, dst, proto, payload, fragment=0x4000, ident=0):
    """A frame to the port of that side (0 lan, 1 wan)."""
    head = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(payload), ident, fragment, 64, proto, 0,
                       src, dst)
    total = sum(struct.unpack(">10H", head))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    frame = HEADS[side] + head[:10] + struct.pack(">H", 0xFFFF - total) + head[12:] + payload
    return frame + bytes(max(0, 60 - len(frame)))


def tcp(sport, dport, flags, seq=0, ack=0, data=b""):
    """A TCP segment; nobody here looks at its checksum."""
    return struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 65535, 0, 0) + data


def udp(sport, dport, data=DATA):
    """A UDP datagram without a checksum."""
    return struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data


def icmp_error(quote):
    """Host unreachable, with a right checksum."""
    body = struct.pack(">BBHI", 3, 1, 0, 0) + quote
    total = sum(struct.unpack(f">{len(body) // 2}H", body))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return body[:2] + struct.pack(">H", 0xFFFF - total) + body[4:]


# ---- honest hosts ----

class Session:
    """A connection of a host inside with a server outside: every fourth is UDP."""

    def __init__(self, number):
        self.is_udp = number % 4 == 3
        self.ends = ((10 << 24) + (1 << 16) + number // 4 + 1,
                     (198 << 24) + (51 << 16) + (100 << 8) + number % 200 + 1)
        self.ports = (1024 + number % 60000, WEB)
        self.seq = (number * 2654435761 & 0x7FFFFFFF, number * 40503 & 0x7FFFFFFF)

    def _frame(self, side, flags, at, data):
        ports = self.ports if side == 0 else self.ports[::-1]
        ends = self.ends if side == 0 else self.ends[::-1]
        if self.is_udp:
            return ip4(side, *ends, UDP, udp(*ports))
        ack = self.seq[1 - side] + 1 if flags & ACK else 0
        return ip4(side, *ends, TCP, tcp(*ports, flags, self.seq[side] + at, ack, data))

    def first(self, side):
        """SYN, or the answer to it."""
        return self._frame(side, SYN if side == 0 else SYN | ACK, 0, b"")

    def data(self, side):
        """The same octets each time: a window is never left, however often."""
        return self._frame(side, ACK, 1, DATA)


def honest(side, sessions, rounds):
    """
    Frames of one side. In the first round connections begin. Answers are half a round late, for the
    ports are polled by turns; what is played again finds its session open.
    """
    all_of = [Session(n) for n in range(sessions)]
    late = [s.data(1) for s in all_of if s.is_udp] * 4
    frames = late[:sessions // 2] if side == 1 else []
    frames += [s.first(side) for s in all_of]
    data = [s.data(side) for s in all_of]
    frames += data * (rounds - 1)
    return frames[:sessions * rounds]


# ---- floods ----

def _sources(count, seed):
    """Random ones, which may be on the wire."""
    chance = random.Random(seed)
    for _ in range(count):
        yield (chance.randrange(24, 100) << 24) + chance.getrandbits(24), chance.getrandbits(31)


def _victim(bits):
    return VICTIMS + 1 + bits % 200


def _syns(dport, flags=SYN):
    def make(count):
        return [ip4(1, src, _victim(bits), TCP, tcp(1024 + bits % 60000, dport, flags, bits, bits))
                for src, bits in _sources(count, dport)]
    return make


def _datagrams(dport, flows=0):
    def make(count):
        rows = list(_sources(flows or count, dport + 1))
        frames = [ip4(1, src, _victim(bits), UDP, udp(1024 + bits % 60000, dport))
                  for src, bits in rows]
        return (frames * (count // len(frames) + 1))[:count]
    return make


def _scan_ports(count):
    """One host, one victim after the other."""
    return [ip4(1, SCANNER, _victim(n // PORTS), TCP, tcp(40000, n % PORTS + 1, SYN, n))
            for n in range(count)]


def _scan_hosts(count):
    """One host, all others of a network, one port."""
    return [ip4(1, SCANNER, (100 << 24) + n, TCP, tcp(40000, SSH, SYN, n)) for n in range(count)]


def _fragments(offsets, payload):
    """Datagrams of these fragments each, of random sources."""
    def make(count):
        frames = []
        for src, bits in _sources(count // len(offsets) + 1, 7):
            frames += [ip4(1, src, _victim(bits), UDP, payload, fragment, bits & 0xFFFF)
                       for fragment in offsets]
        return frames[:count]
    return make


def _errors_about_none(count):
    return [ip4(1, src, _victim(bits), ICMP, icmp_error(
                ip4(0, _victim(bits), src, TCP, tcp(WEB, 1024 + bits % 60000, ACK, bits))[14:42]))
            for src, bits in _sources(count, 11)]


def _errors_forged(count):
    """Errors about sessions that are there, with a number that nobody sent."""
    rows = list(_sources(1000, 12))
    begin = [ip4(1, src, _victim(bits), TCP, tcp(1024 + bits % 60000, WEB, SYN, bits))
             for src, bits in rows]
    errors = [ip4(1, src, _victim(bits), ICMP, icmp_error(
                  ip4(0, _victim(bits), src, TCP, tcp(WEB, 1024 + bits % 60000, ACK, 99))[14:42]))
              for src, bits in rows]
    return begin + (errors * (count // len(errors) + 1))[:count - len(begin)]


# Name: (words, make(count)). The first two are no attacks: what others are held against.
KNOWN, DROPPED = "known", "dropped"
FLOODS = {
    KNOWN: ("packets of 1,000 sessions", _datagrams(WEB, 1000)),
    DROPPED: ("datagrams that no rule accepts", _datagrams(SECRET)),
    "syn": ("SYNs to an open port", _syns(WEB)),
    "udp": ("datagrams to an open port", _datagrams(WEB)),
    "syn-rejected": ("SYNs to a port of reject", _syns(TELNET)),
    "ack": ("ACKs of no connection", _syns(WEB, ACK)),
    "scan-ports": ("scan of ports", _scan_ports),
    "scan-hosts": ("scan of hosts", _scan_hosts),
    "first": ("first fragments", _fragments([MORE], udp(53, WEB, bytes(16)))),
    "later": ("later fragments", _fragments([MORE | 3], bytes(24))),
    "overlap": ("overlapping fragments",
                _fragments([MORE, MORE | 2, MORE | 1], udp(53, WEB, bytes(16)))),
    "icmp-none": ("ICMP errors about no session", _errors_about_none),
    "icmp-forged": ("ICMP errors, forged numbers", _errors_forged),
}


def mixed(frames, flood, each):
    """After each frame so many of the flood, which begins anew when it ends."""
    out, at = [], 0
    for frame in frames:
        out.append(frame)
        for _ in range(each):
            out.append(flood[at])
            at = at + 1 if at + 1 < len(flood) else 0
    return out
