# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The client of a guest's control socket: JSON lines, see docs. Used by guest.py.

"""Asking a guest."""

import json
import os
import socket
import time

from .errors import FrontError

LINE_MAX = 1 << 20


class Control:
    """A connection. Events that come in between are passed over."""

    def __init__(self, path, timeout):
        self.path, self.timeout = path, timeout
        self.buffer = b""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(path)
        except OSError as error:
            self.close()
            raise FrontError(f"{path}: {error.strerror or error}; is the guest running? vnfkit run "
                             "names its control socket") from None

    def close(self):
        """Leave."""
        self.socket.close()

    def request(self, command, **fields):
        """The result of a command."""
        number = int.from_bytes(os.urandom(4), "little")
        message = json.dumps({"id": number, "command": command, **fields}) + "\n"
        deadline = time.monotonic() + self.timeout
        try:
            self.socket.sendall(message.encode())
            while True:
                answer = self.answer(deadline)
                if answer.get("id") == number:
                    break
        except TimeoutError:
            raise FrontError(f"{self.path}: no answer within {self.timeout:g} s; the guest is "
                             "still booting, or another program has the socket") from None
        except OSError as error:
            raise FrontError(f"{self.path}: {error.strerror}") from None
        if "error" in answer:
            raise FrontError(f"the guest refused: {answer['error']}")
        return answer.get("result", {})

    def answer(self, deadline):
        """The next message, a dictionary."""
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.socket.settimeout(left)
            data = self.socket.recv(65536)
            if not data:
                raise FrontError(f"{self.path}: the guest is gone")
            self.buffer += data
            if len(self.buffer) > LINE_MAX:
                raise FrontError(f"{self.path}: what answers is no guest of vnfkit")
        line, _, self.buffer = self.buffer.partition(b"\n")
        return message_of(line)


def message_of(line):
    """A line as a dictionary; an empty one for what is no message."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
