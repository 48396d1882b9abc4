# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A vhost-user frontend made of single messages: for tests that play a guest which keeps to no rules.
# The memory is one memfd; each ring has a fixed place in it. Used by test_hostile, test_notify and
# test_guest_faults.
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
# Of a packed ring: a descriptor's flags, and a fresh ring's position.
WRITE, AVAIL_FLAG, USED_FLAG = 2, 1 << 7, 1 << 15
FRESH = 1 << 15

GUEST_BASE = 0x10000000
RING_STRIDE, AVAIL, USED = 0x40000, 0x20000, 0x30000
BUFFERS = 0x200000


class VhostClient:
    """A connection to the switch and the guest memory behind it."""

    def __init__(self, path, size=4 << 20, shared=True):
        self.path = path
        self.size = size
        self.fd = os.memfd_create("guest")
        os.ftruncate(self.fd, size)
        # As QEMU has it with share=off: what is written here does not get into the file.
        self.memory = mmap.mmap(self.fd, size, mmap.MAP_SHARED if shared else mmap.MAP_PRIVATE)
        self.socket = None
        self.kicks = {}
        self.connect()

    def connect(self):
        """Connect, or connect again: the memory stays as it is."""
        until(lambda: self._connect(self.path), 5, f"a connection to {self.path}")

    def disconnect(self):
        """Leave, but keep the memory."""
        self.socket.close()

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
        for fd in (self.fd, *self.kicks.values()):
            os.close(fd)
        self.kicks = {}

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

    def event(self, request, ring, value=0):
        """A ring's kick or call descriptor."""
        fd = os.eventfd(value, os.EFD_NONBLOCK)
        self.send(request, struct.pack("<Q", ring), [fd])
        if request == SET_KICK:
            fd, self.kicks[ring] = self.kicks.get(ring), fd
        if fd is not None:
            os.close(fd)

    def kick(self, *rings, times=1):
        """Signal buffers, there or not."""
        for ring in rings:
            os.eventfd_write(self.kicks[ring], times)

    def memory_table(self, fd=None, size=None, flags=0):
        """One region at guest address 0."""
        self.send(SET_MEM_TABLE, struct.pack("<IIQQQQ", 1, 0, 0, size or self.size, GUEST_BASE, 0),
                  [self.fd if fd is None else fd], flags)

    def address(self, ring, used=None, descriptors=None):
        """Where the ring is."""
        at = GUEST_BASE + ring * RING_STRIDE
        self.send(SET_ADDR, struct.pack("<IIQQQQ", ring, 0, descriptors or at, used or at + USED,
                                        at + AVAIL, 0))

    def start_ring(self, ring, num, base=0, kicks=0, enable=True, descriptors=None):
        """All messages of a ring, in virtio-user's order."""
        self.event(SET_CALL, ring)
        self.state(SET_NUM, ring, num)
        self.state(SET_BASE, ring, base)
        self.address(ring, descriptors=descriptors)
        self.event(SET_KICK, ring, kicks)
        if enable:
            self.state(SET_ENABLE, ring, 1)

    def stop_ring(self, ring):
        """Ask for its position, which stops it."""
        self.state(GET_BASE, ring, 0)
        return struct.unpack("<II", self.receive())[1]

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

    def describe_packed(self, ring, num, flags, address=BUFFERS):
        """Write all descriptors of a packed ring."""
        for i in range(num):
            at = ring * RING_STRIDE + 16 * i
            self.memory[at:at + 16] = struct.pack("<QIHH", address + i * 2048, 2048, i, flags)

    def packed_flags(self, ring, num):
        """The flags of all descriptors of a packed ring."""
        at = ring * RING_STRIDE
        return [d[3] for d in struct.iter_unpack("<QIHH", self.memory[at:at + 16 * num])]

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
