# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What kind of NAT is between a client and a server, in the manner of RFC 5780: the server has two
# addresses and two ports at each, says who it sees, and answers from another one of them if it is
# asked to. Both are driven from here, so questions need no messages. Used by
# tests/lab/test_nat_punch.py. Main thread.

"""Behaviour of a NAT: mapping and filtering."""

import contextlib
import os
import select
import socket

from .errors import LabError
from .transfer import tcp_socket, udp_socket
from .wait import until

INDEPENDENT = "endpoint-independent"
ADDRESS = "address-dependent"
ADDRESS_AND_PORT = "address-and-port-dependent"
PORTS = (3478, 3479)
WAIT_S = 10


class Probe:
    """
    `client` and `server` are namespaces, the latter with these two addresses; `local` is the
    client's own address. `filtered()` tells how many packets the NAT has kept from the client.
    """

    def __init__(self, client, server, local, addresses, filtered):
        self.client = client
        self.server = server
        self.local = local
        self.filtered = filtered
        self.one, self.port, self.addr, self.both = (
            (addr, port) for addr in addresses for port in PORTS)
        # RFC 5780: of the other three, one has another port, one another address, one both.
        self.stack = contextlib.ExitStack()
        self.at = {}

    def __enter__(self):
        for end in (self.one, self.port, self.addr, self.both):
            self.at[end] = self.stack.enter_context(self.serving(end))
        return self

    def __exit__(self, *_):
        self.stack.close()

    def mapping(self):
        """Tests I to III of section 4.3."""
        with self.begin() as own:
            seen = {end: self.ask(own, end) for end in (self.one, self.addr, self.both, self.port)}
            if any(addr == self.local for addr, _ in seen.values()):
                raise LabError(f"there is no NAT: {seen}")
        if len(set(seen.values())) == 1:
            return INDEPENDENT
        return ADDRESS if seen[self.one] == seen[self.port] else ADDRESS_AND_PORT

    def filtering(self):
        """Tests I to III of section 4.4."""
        with self.begin() as own:
            mapped = self.ask(own, self.one)
            if self.passes(own, self.both, mapped):
                return INDEPENDENT
            return ADDRESS if self.passes(own, self.port, mapped) else ADDRESS_AND_PORT

    def arrives(self, arrived, readable):
        """It does, or the NAT has dropped it: whichever is seen first."""
        before = self.filtered()

        def fate():
            if readable and select.select(readable, [], [], 0.05)[0]:
                return arrived()
            return "filtered" if self.filtered() > before else None

        return fate

    def serving(self, end):
        """A socket of the server."""
        raise NotImplementedError

    def begin(self):
        """What the client asks from, with one port of its own."""
        raise NotImplementedError

    def ask(self, own, end):
        """The client turns to this end of the server's; the address that is seen there."""
        raise NotImplementedError

    def passes(self, own, end, mapped):
        """This end turns to the client: does it get there?"""
        raise NotImplementedError


class UdpProbe(Probe):
    """By datagrams."""

    def serving(self, end):
        """A socket of the server."""
        s = udp_socket(self.server, end[0])
        s.settimeout(WAIT_S)
        s.bind(end)
        return s

    def begin(self):
        """The client's socket."""
        s = udp_socket(self.client, self.local)
        s.bind((self.local, 0))
        return s

    def ask(self, own, end):
        """As of Probe."""
        token = os.urandom(8)
        own.sendto(token, end)
        got, seen = self.at[end].recvfrom(64)
        if got != token:
            raise LabError(f"another datagram came to {end}")
        return seen

    def passes(self, own, end, mapped):
        """As of Probe."""
        token = os.urandom(8)
        fate = self.arrives(lambda: own.recvfrom(64), [own])
        self.at[end].sendto(token, mapped)
        got = until(fate, WAIT_S, f"a datagram of {end} to arrive or to be dropped")
        if got not in ("filtered", (token, end)):
            raise LabError(f"{got} came instead of what {end} has sent")
        return got != "filtered"


class TcpProbe(Probe):
    """By connections that all have one port of the client's."""

    @staticmethod
    def bound(netns, end):
        """A socket that shares its port with others."""
        s = tcp_socket(netns, end[0])
        s.settimeout(WAIT_S)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.bind(end)
        return s

    def serving(self, end):
        """A socket of the server that listens."""
        s = self.bound(self.server, end)
        s.listen(4)
        return s

    @contextlib.contextmanager
    def begin(self):
        """One that listens; the others have its port, and end with it."""
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(self.bound(self.client, (self.local, 0)))
            listener.listen(4)
            self.stack, before = stack, self.stack
            try:
                yield listener
            finally:
                self.stack = before

    def ask(self, own, end):
        """As of Probe."""
        s = self.stack.enter_context(self.bound(self.client, own.getsockname()))
        s.connect(end)
        accepted, seen = self.at[end].accept()
        self.stack.enter_context(accepted)
        return seen

    def passes(self, own, end, mapped):
        """As of Probe. The NAT drops SYNs at once (`syn_hold` is 0)."""
        fate = self.arrives(own.accept, [own])
        s = self.stack.enter_context(self.bound(self.server, end))
        s.setblocking(False)
        s.connect_ex(mapped)
        got = until(fate, WAIT_S, f"a SYN of {end} to arrive or to be dropped")
        if got == "filtered":
            return False
        accepted, peer = got
        self.stack.enter_context(accepted)
        if peer != end:
            raise LabError(f"a connection of {peer} came, {end} had asked for one")
        return True
