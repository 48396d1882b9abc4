# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# TCP between two namespaces, both ends driven from here: a socket belongs to the namespace that its
# thread was in when it was made. Random octets go there and back and are compared. Used by the tests
# of offloads. Any thread.

"""TCP connections between namespaces."""

import contextlib
import ctypes
import os
import socket
import threading

from .errors import LabError

PORT = 7000
CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
_libc = ctypes.CDLL(None, use_errno=True)


def _in_namespace(netns, make):
    """What `make` returns, called in the namespace, on a thread of its own."""
    made = []

    def visit():
        fd = os.open(netns.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(fd, CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), "setns")
            made.append(make())
        finally:
            os.close(fd)

    thread = threading.Thread(target=visit)
    thread.start()
    thread.join()
    if not made:
        raise LabError(f"no socket could be made in namespace {netns.name}")
    return made[0]


def _family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def tcp_socket(netns, address):
    """A TCP socket of the address' family in the namespace."""
    return _in_namespace(netns, lambda: socket.socket(_family(address), socket.SOCK_STREAM))


def udp_socket(netns, address):
    """Likewise for UDP."""
    return _in_namespace(netns, lambda: socket.socket(_family(address), socket.SOCK_DGRAM))


def raw_socket(netns, ifname):
    """All frames of an interface of the namespace, from now on, without waiting for any."""
    s = _in_namespace(netns, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                                   socket.htons(ETH_P_ALL)))
    s.bind((ifname, ETH_P_ALL))
    s.setblocking(False)
    return s


def _read(connection, size):
    got = bytearray()
    while len(got) < size:
        chunk = connection.recv(min(1 << 20, size - len(got)))
        if not chunk:
            break
        got += chunk
    return bytes(got)


def exchange(client, server, address, size, timeout=20):
    """
    Send `size` random octets from namespace `client` to `address` in namespace `server`, and as many
    others back at the same time. LabError if what arrives is not what was sent.
    """
    sent = {"client": os.urandom(size), "server": os.urandom(size)}
    got, errors = {}, []

    def side(name, connection):
        try:
            reader = threading.Thread(target=lambda: got.update(
                {name: _read(connection, size)}), daemon=True)
            reader.start()
            connection.sendall(sent[name])
            reader.join(timeout)
        except OSError as error:
            errors.append(f"{name}: {error}")

    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(tcp_socket(server, address))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, PORT))
        listener.listen(1)
        ends = {"client": stack.enter_context(tcp_socket(client, address))}
        for end in (listener, ends["client"]):
            end.settimeout(timeout)
        ends["client"].connect((address, PORT))
        ends["server"] = stack.enter_context(listener.accept()[0])
        ends["server"].settimeout(timeout)
        threads = [threading.Thread(target=side, args=item) for item in ends.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for end in ends.values():
            # No TIME_WAIT: the same ports serve the next one.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if errors:
        raise LabError(f"TCP to {address} in {server.name}: {'; '.join(errors)}")
    for name, other in (("client", "server"), ("server", "client")):
        if got.get(name) != sent[other]:
            raise LabError(f"TCP to {address} in {server.name}: {len(got.get(name, b''))} octets of "
                           f"{size} reached the {name}, or they are not what was sent")


class Connection:
    """
    A connection from `client` to a port of `server`, both of lab.Address or the like. `to`: another
    pair of address and port that leads there.
    """

    def __init__(self, client, server, port=PORT, timeout=5, to=None):
        self.ends = []
        with tcp_socket(server.netns, server.address) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((server.address, port))
            listener.listen(1)
            listener.settimeout(timeout)
            self.ends.append(tcp_socket(client.netns, server.address))
            self.ends[0].settimeout(timeout)
            try:
                self.ends[0].connect(to or (server.address, port))
                self.ends.append(listener.accept()[0])
            except OSError:
                self.close()
                raise
        self.ends[1].settimeout(timeout)

    def seen(self):
        """The address and port that the server sees."""
        return self.ends[1].getpeername()[:2]

    def talk(self):
        """Some octets each way."""
        for sender, receiver in (self.ends, self.ends[::-1]):
            sent = os.urandom(100)
            sender.sendall(sent)
            if _read(receiver, 100) != sent:
                raise LabError("what was sent did not arrive")

    def send(self, size):
        """So many octets to the server."""
        sent, got = os.urandom(size), []
        reader = threading.Thread(target=lambda: got.append(_read(self.ends[1], size)))
        reader.start()
        self.ends[0].sendall(sent)
        reader.join()
        if got != [sent]:
            raise LabError("what was sent did not arrive")

    def talks(self, wait=1):
        """Do octets arrive at the server yet?"""
        before = self.ends[1].gettimeout()
        self.ends[1].settimeout(wait)
        try:
            self.ends[0].sendall(b"x")
            return self.ends[1].recv(1) == b"x"
        except OSError:
            return False
        finally:
            self.ends[1].settimeout(before)

    def close(self):
        """The end, without TIME_WAIT: the same ports serve the next one."""
        for end in self.ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            end.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def datagrams(client, server, address, sizes, timeout=5):
    """Send one datagram of each size over UDP; LabError unless all arrive as they were."""
    with udp_socket(server, address) as receiver, udp_socket(client, address) as sender:
        receiver.bind((address, PORT))
        receiver.settimeout(timeout)
        for size in sizes:
            data = os.urandom(size)
            sender.sendto(data, (address, PORT))
            try:
                got = receiver.recv(65536)
            except TimeoutError as error:
                raise LabError(f"UDP to {address} in {server.name}: a datagram of {size} octets "
                               "did not arrive") from error
            if got != data:
                raise LabError(f"UDP to {address} in {server.name}: damaged at {size} octets")
