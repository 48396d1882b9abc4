# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Traffic for firewalls: conversations between clients on one side and servers on the other, TCP or
# UDP, as two pcap files. The file of a side begins with its part of the handshakes, which comes
# once; what is played for ever after that is an acknowledgement, or a datagram, of each
# conversation. Used by the script firewall. Any thread.

"""Conversations in files."""

import dataclasses
import struct

from lab import capture

SIDES = ("lan", "wan")  # the client's, the server's
SERVERS = 1 << 14
CLIENTS = 1 << 16
SCATTER = 2654435761    # odd: neighbours in a file are none in the tables
LEAST = 64              # frames that are played for ever
SYN, ACK = 0x02, 0x10
PROTOS = {"tcp": 6, "udp": 17}
SEQ = (1000, 5000)      # after the SYN of each side
SERVER_PORT = 80
MACS = (bytes.fromhex("020000000002"), bytes.fromhex("020000000001"))  # that a side sends to


def server_address(number):
    """Of 198.19.0.0/16, so that neighbours have neighbouring addresses."""
    return f"198.19.{number >> 8}.{number & 255}"


def _checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


@dataclasses.dataclass(frozen=True)
class Traffic:
    """So many conversations, in frames of `size` octets without FCS. IPv4."""

    conversations: int
    proto: str = "tcp"
    size: int = 60

    @property
    def played(self):
        """Frames of a side that are played for ever."""
        return -(-LEAST // self.conversations) * self.conversations

    @property
    def once(self):
        """Frames of a side before those."""
        return self.conversations if self.proto == "tcp" else 0

    def _hosts(self, number):
        """(client, server, the client's port): no two conversations have all the same."""
        scattered = number * SCATTER
        return ((198 << 24 | 18 << 16) + (scattered >> 7) % CLIENTS,
                (198 << 24 | 19 << 16) + scattered % SERVERS,
                1024 + number // SERVERS)

    def frame(self, side, number, flags=ACK):
        """A frame of a conversation; of TCP with these flags."""
        client, server, port = self._hosts(number)
        ends = struct.pack(">II", *((client, server) if side == 0 else (server, client)))
        ports = struct.pack(">HH", *((port, SERVER_PORT) if side == 0 else (SERVER_PORT, port)))
        if self.proto == "udp":
            rest = struct.pack(">HH", self.size - 34, 0)
        else:
            rest = struct.pack(">IIBBHHH", SEQ[side] - (flags & SYN != 0),
                               SEQ[1 - side] if flags & ACK else 0, 0x50, flags, 0x8000, 0, 0)
            # OVS tracks no segment whose sum is wrong.
            pseudo = ends + struct.pack(">HH", PROTOS["tcp"], 20)
            rest = rest[:12] + struct.pack(">H", _checksum(pseudo + ports + rest)) + rest[14:]
        # Acknowledgements carry nothing: what is behind them fills the frame.
        octets = self.size - 14 if self.proto == "udp" else 40
        head = struct.pack(">BBHHHBBH", 0x45, 0, octets, 0, 0x4000, 64, PROTOS[self.proto], 0)
        head += ends
        head = head[:10] + struct.pack(">H", _checksum(head)) + head[12:]
        data = MACS[side] + MACS[1 - side] + b"\x08\x00" + head + ports + rest
        return data + bytes(self.size - len(data))

    def frames(self, side, handshakes):
        """All frames of a side's file."""
        if handshakes and self.proto == "tcp":
            for number in range(self.conversations):
                yield self.frame(side, number, SYN if side == 0 else SYN | ACK)
        for number in range(self.played):
            yield self.frame(side, number % self.conversations)

    def write(self, path, side, handshakes):
        """Write a side's file."""
        return capture.write(path, self.frames(side, handshakes))
