# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Shares the guest's control port, which has room for one, between our own run and any number of
# clients of the control socket. Each request gets a number of ours on its way in, and its own back
# on its way out; events go to everybody. Neither a client nor a guest can end the run by what it
# sends or by not reading. Used by session.py, on its selector.

"""The control socket of a run."""

import contextlib
import itertools
import json
import os
import selectors
import socket

from .control import LINE_MAX, message_of

SEND_S = 1.0
CLIENTS_MAX = 64
PENDING_MAX = 64       # requests of one client that the guest has not answered
FIELDS = ("request",)  # of a client's request, that go to the guest


class Hub:
    """`guest`: connected socket; `path`: what clients connect to; `on_event` gets each event."""

    def __init__(self, selector, guest, path, on_event):
        self.selector, self.guest, self.path, self.on_event = selector, guest, path, on_event
        self.buffers = {guest: b""}
        self.unsent = b""   # for the guest, which reads when it likes
        self.pending = {}   # our number: (client, its own)
        self.numbers = itertools.count(1)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if os.path.lexists(path):
            os.unlink(path)
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen()
        selector.register(self.listener, selectors.EVENT_READ, self.accept)
        guest.setblocking(False)
        selector.register(guest, selectors.EVENT_READ, self.serve_guest)

    def accept(self):
        """A new client; it may not keep us waiting by not reading."""
        with contextlib.suppress(OSError):
            client, _ = self.listener.accept()
            if len(self.buffers) > CLIENTS_MAX:
                client.close()
                return
            client.settimeout(SEND_S)
            self.buffers[client] = b""
            self.selector.register(client, selectors.EVENT_READ, lambda: self.read(client))

    def drop(self, peer):
        """A client, or the guest, is gone, and so is what it asked for."""
        if self.buffers.pop(peer, None) is not None:
            self.selector.unregister(peer)
            peer.close()
        self.pending = {number: asked for number, asked in self.pending.items()
                        if asked[0] is not peer}

    # From the peers -----------------------------------------------------------------------------

    def serve_guest(self):
        """It reads, or writes."""
        self.flush()
        self.read(self.guest)

    def read(self, peer):
        """What came, message by message."""
        if peer not in self.buffers:
            return   # dropped in this very round
        try:
            data = peer.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.buffers[peer] += data
        if not data or len(self.buffers[peer]) > LINE_MAX:
            self.drop(peer)
            return
        *lines, self.buffers[peer] = self.buffers[peer].split(b"\n")
        for message in filter(None, map(message_of, lines)):
            if peer is self.guest:
                self.from_guest(message)
            else:
                self.from_client(peer, message)

    def from_client(self, client, message):
        """A request; its number may be any that can be sent back."""
        own = message.get("id")
        if not isinstance(own, (int, str)):
            self.send(client, {"id": None, "error": "a request has an id, a number or a text"})
            return
        fields = {key: message[key] for key in FIELDS if key in message}
        self.ask(message.get("command", ""), fields, client, own)

    def from_guest(self, message):
        """An answer to whoever asked, or an event."""
        if "id" not in message:
            self.on_event(message)
            for client in [peer for peer in self.buffers if peer is not self.guest]:
                self.send(client, message)
            return
        number = message["id"] if isinstance(message["id"], int) else None
        client, own = self.pending.pop(number, (None, None))
        if not self.send(client, {**message, "id": own}):
            self.send(client, {"id": own, "error": "the guest's answer cannot be passed on"})

    # To the peers -------------------------------------------------------------------------------

    def ask(self, command, fields=None, client=None, own=None):
        """Send a request to the guest; our own ones, without a client, are never refused."""
        number = next(self.numbers)
        line = line_of({**(fields or {}), "id": number, "command": command})
        refusal = self.refusal(line, client)
        if refusal:
            self.send(client, {"id": own, "error": refusal})
            return
        self.pending[number] = (client, own)
        self.unsent += line
        self.flush()

    def refusal(self, line, client):
        """Why a request does not go to the guest; empty if it does."""
        if not line:
            return "the request cannot be passed on"
        if self.guest not in self.buffers:
            return "the guest does not take requests"
        asked = sum(1 for other, _ in self.pending.values() if other is client)
        if client and (asked >= PENDING_MAX or len(self.unsent) + len(line) > LINE_MAX):
            return "busy: the guest has not answered earlier requests; try again later"
        return ""

    def flush(self):
        """What the guest takes now; the rest when it reads."""
        if self.guest not in self.buffers:
            return
        try:
            while self.unsent:
                self.unsent = self.unsent[self.guest.send(self.unsent):]
        except BlockingIOError:
            pass
        except OSError:
            self.unsent = b""   # its end, which reading tells, after what it said before
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.unsent else 0)
        self.selector.modify(self.guest, wanted, self.serve_guest)

    def send(self, client, message):
        """One line; a client that does not take it is dropped. Could it be passed on?"""
        line = line_of(message)
        if line and client in self.buffers:
            try:
                client.sendall(line)
            except OSError:
                self.drop(client)
        return bool(line)

    def close(self):
        """The end of all connections, and of the socket."""
        for peer in list(self.buffers):
            self.drop(peer)
        self.selector.unregister(self.listener)
        self.listener.close()
        if os.path.lexists(self.path):
            os.unlink(self.path)


def line_of(message):
    """A message as it is sent; empty for one that cannot be: what json reads, it may not write."""
    try:
        return json.dumps(message).encode() + b"\n"
    except (ValueError, TypeError, RecursionError):
        return b""
