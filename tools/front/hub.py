# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Shares the guest's control port, which has room for one, between our own run and any number of
# clients of the control socket. Each request gets a number of ours on its way in, and its own back
# on its way out; events go to everybody. Used by session.py, on its selector.

"""The control socket of a run."""

import itertools
import json
import os
import selectors
import socket

from .control import LINE_MAX, message_of

SEND_S = 1.0


class Hub:
    """`guest`: connected socket; `path`: what clients connect to; `on_event` gets each event."""

    def __init__(self, selector, guest, path, on_event):
        self.selector, self.guest, self.path, self.on_event = selector, guest, path, on_event
        self.buffers = {guest: b""}
        self.pending = {}   # our number: (client, its own)
        self.numbers = itertools.count(1)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if os.path.lexists(path):
            os.unlink(path)
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen()
        selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.watch(guest)

    def watch(self, peer):
        """Read from it from now on; nobody may keep us waiting by not reading."""
        peer.settimeout(SEND_S)
        self.selector.register(peer, selectors.EVENT_READ, lambda: self.read(peer))

    def accept(self):
        """A new client."""
        client, _ = self.listener.accept()
        self.buffers[client] = b""
        self.watch(client)

    def drop(self, peer):
        """A client, or the guest, is gone."""
        if self.buffers.pop(peer, None) is not None:
            self.selector.unregister(peer)
            peer.close()

    def read(self, peer):
        """What came, message by message."""
        if peer not in self.buffers:
            return   # dropped in this very round
        try:
            data = peer.recv(65536)
        except OSError:
            data = b""
        self.buffers[peer] += data
        if not data or len(self.buffers[peer]) > LINE_MAX:
            self.drop(peer)
            return
        *lines, self.buffers[peer] = self.buffers[peer].split(b"\n")
        for line in lines:
            message = message_of(line)
            if message and peer is self.guest:
                self.from_guest(message)
            elif message:
                self.ask(message.pop("command", ""), peer, message.pop("id", None), **message)

    def ask(self, command, client=None, own=None, **fields):
        """Send a request to the guest."""
        number = next(self.numbers)
        self.pending[number] = (client, own)
        if not self.send(self.guest, {**fields, "id": number, "command": command}) and client:
            self.send(client, {"id": own, "error": "the guest does not take requests"})

    def from_guest(self, message):
        """An answer to whoever asked, or an event."""
        if "id" not in message:
            self.on_event(message)
            for client in [peer for peer in self.buffers if peer is not self.guest]:
                self.send(client, message)
            return
        number = message["id"] if isinstance(message["id"], int) else None
        client, own = self.pending.pop(number, (None, None))
        if client in self.buffers:
            self.send(client, {**message, "id": own})

    def send(self, peer, message):
        """One line; whoever does not take it is dropped. Did it go?"""
        if peer not in self.buffers:
            return False
        try:
            peer.sendall(json.dumps(message).encode() + b"\n")
            return True
        except OSError:
            self.drop(peer)
            return False

    def close(self):
        """The end of all connections, and of the socket."""
        for peer in list(self.buffers):
            self.drop(peer)
        self.selector.unregister(self.listener)
        self.listener.close()
        if os.path.lexists(self.path):
            os.unlink(self.path)
