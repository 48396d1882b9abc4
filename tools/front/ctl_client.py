# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The client of an instance's control socket: one request, one reply, each a JSON object on a line;
# see docs/control.md. Used by ctl.py and its neighbours.

"""Asking an instance."""

import contextlib
import json
import socket
import struct

from .errors import FrontError

REQUEST_MAX = 65536


class Refused(FrontError):
    """The instance said no."""

    def __init__(self, code, text):
        super().__init__(text)
        self.errno_name = code


def connect(path, timeout):
    """A connection."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # With Python's own timeout connect() would not wait for a place in the queue.
    seconds, fraction = divmod(timeout, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                          struct.pack("@ll", int(seconds), int(fraction * 1e6)))
    try:
        connection.connect(path)
        connection.settimeout(timeout)
        return connection
    except OSError as error:
        connection.close()
        raise FrontError(f"{path}: {connect_words(error, timeout)}") from None


def connect_words(error, timeout):
    """Why nobody answers, and what to do."""
    if isinstance(error, FileNotFoundError):
        return "there is no such socket; the instance has ended, or was never started"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens; the instance was killed. Start it again"
    if isinstance(error, PermissionError):
        return ("this user may not connect; do it as root or as the instance's user, or let a "
                'group in: control = { group = "NAME"; mode = "0660"; }; in its configuration')
    if isinstance(error, (TimeoutError, BlockingIOError)):
        return f"no connection within {timeout:g} s; the instance is stopped or overloaded"
    return error.strerror or str(error)


def read_line(connection, path):
    """The reply, up to its end; however long it is."""
    parts = []
    while True:
        part = connection.recv(1 << 18)
        if not part:
            raise FrontError(f"{path}: the instance hung up; it has stopped, or had too many "
                             "clients")
        end = part.find(b"\n")
        if end >= 0:
            return b"".join([*parts, part[:end]])
        parts.append(part)


def reply_of(line, path):
    """The result in a reply; Refused."""
    try:
        reply = json.loads(line)
        if reply["ok"]:
            return reply["result"]
        refused = Refused(reply["error"]["code"], reply["error"]["text"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FrontError(f"{path}: what answers is no instance of vnfkit") from None
    raise refused


def ask(path, command, args=None, timeout=5.0):
    """The result of a command. The time is that between two signs of life."""
    line = json.dumps({"id": 1, "command": command, "args": args or {}}).encode() + b"\n"
    if len(line) > REQUEST_MAX:
        raise FrontError(f"the request has {len(line)} octets, {REQUEST_MAX} are possible")
    with contextlib.closing(connect(path, timeout)) as connection:
        try:
            connection.sendall(line)
            reply = read_line(connection, path)
        except TimeoutError:
            raise FrontError(f"{path}: no answer within {timeout:g} s; the instance is busy or "
                             "hangs; --timeout waits longer") from None
        except OSError as error:
            raise FrontError(f"{path}: {error.strerror or error}; the instance has ended") from None
    return reply_of(reply, path)
