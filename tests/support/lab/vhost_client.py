# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A vhost-user frontend made of single messages: for tests that play a guest which keeps to no rules.
# The memory is one memfd; each ring has a fixed place in it. Used by test_hostile and test_notify.
# Main thread.

"""A guest that says what it likes."""

import array
import contextlib
import mmap
import os
import socket
import struct

from .wait import until

(GET_FEATURES, SET_FEATURES, SET_OWNER, RESET_OWNER, SET_MEM_TABLE, SET_LOG_BASE, _, SET_NUM,
 SET_ADDR, SET_BASE, GET_BASE, SET_KICK, SET_CALL, _, _, _, _, SET_ENABLE) = range(1, 19)
VERSION_1, PROTOCOL, MRG_RXBUF, MQ, PACKED = 1 << 32, 1 << 30, 1 << 15, 1 << 22, 1 << 34
NEED_REPLY = 8
NO_NOTIFY = 1

GUEST_BASE = 0x10000000
RING_STRIDE, AVAIL, USED = 0x40000, 0x20000, 0x30000
BUFFERS = 0x200000


class VhostClient:
    """A connection to the switch and the guest memory behind it."""

    def __init__(self, path, size=4 << 20):
        self.size = size
        self.fd = os.memfd_create("guest")
        os.ftruncate(self.fd, size)
        self.memory = mmap.mmap(self.fd, size)
        self.socket = None
        until(lambda: self._connect(path), 5, f"a connection to {path}")

    def _connect(self, path):
        new = socket.socket(socket.AF_UNIX)
        new.settimeout(5)
        try:
            new.connect(path)
        except OSError:
            new.close()
            return False
        self.socket = new
        return True

    def close(self):
        """Leave."""
        self.socket.close()
        os.close(self.fd)

    # Messages -----------------------------------------------------------------------------------

    def send(self, request, payload=b"", fds=(), flags=0):
        """One message; what the other side does not take any more is not an error."""
        header = struct.pack("<III", request, 1 | flags, len(payload))
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendmsg([header + payload], control)

    def receive(self):
        """An answer's payload; None at the end of the connection."""
        try:
            header = self.socket.recv(12, socket.MSG_WAITALL)
            if len(header) < 12:
                return None
            return self.socket.recv(struct.unpack("<III", header)[2], socket.MSG_WAITALL)
        except ConnectionResetError:
            return None

    def is_served(self):
        """Is the switch still talking to us?"""
        self.send(GET_FEATURES)
        return self.receive() is not None

    def state(self, request, ring, num):
        """A message about a ring's size, position or state."""
        self.send(request, struct.pack("<II", ring, num))

    def event(self, request, ring):
        """A ring's kick or call descriptor."""
        fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.send(request, struct.pack("<Q", ring), [fd])
        os.close(fd)

    def memory_table(self, fd=None, size=None, flags=0):
        """One region at guest address 0."""
        self.send(SET_MEM_TABLE, struct.pack("<IIQQQQ", 1, 0, 0, size or self.size, GUEST_BASE, 0),
                  [self.fd if fd is None else fd], flags)

    def address(self, ring, used=None):
        """Where the ring is."""
        at = GUEST_BASE + ring * RING_STRIDE
        self.send(SET_ADDR, struct.pack("<IIQQQQ", ring, 0, at, used or at + USED, at + AVAIL, 0))

    def start_ring(self, ring, num):
        """All messages of a ring, in virtio-user's order."""
        self.event(SET_CALL, ring)
        self.state(SET_NUM, ring, num)
        self.state(SET_BASE, ring, 0)
        self.address(ring)
        self.event(SET_KICK, ring)
        self.state(SET_ENABLE, ring, 1)

    def negotiate(self, features=VERSION_1 | PROTOCOL):
        """Owner, features, memory."""
        self.send(SET_OWNER)
        self.send(SET_FEATURES, struct.pack("<Q", features))
        self.memory_table()

    def start(self, num=256, features=VERSION_1 | PROTOCOL, buffer_size=2048):
        """As a good guest does; then offer it all buffers."""
        self.negotiate(features)
        for ring in (0, 1):
            self.start_ring(ring, num)
        for i in range(num):
            self.describe(0, i, BUFFERS + i * 2048, buffer_size, flags=2)
        self.publish(0, range(num), num)

    # Rings --------------------------------------------------------------------------------------

    def describe(self, ring, index, address, length, flags=0):
        """Write a descriptor."""
        at = ring * RING_STRIDE + 16 * index
        self.memory[at:at + 16] = struct.pack("<QIHH", address, length, flags, 0)

    def publish(self, ring, heads, num, claim=None):
        """Make descriptors available; or claim that so many are."""
        at = ring * RING_STRIDE + AVAIL
        for i, head in enumerate(heads):
            place = at + 4 + 2 * (i % num)
            self.memory[place:place + 2] = struct.pack("<H", head)
        self.memory[at:at + 4] = struct.pack("<HH", 1, len(heads) if claim is None else claim)

    def used_flags(self, ring):
        """What the switch says in the used ring."""
        at = ring * RING_STRIDE + USED
        return struct.unpack("<H", self.memory[at:at + 2])[0]

    def device_event_flags(self, ring):
        """What the switch says of a packed ring."""
        at = ring * RING_STRIDE + USED + 2
        return struct.unpack("<H", self.memory[at:at + 2])[0]

    def set_used_flags(self, ring, flags):
        """As memory has them that a driver has just cleared."""
        at = ring * RING_STRIDE + USED
        self.memory[at:at + 2] = struct.pack("<H", flags)
