# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A client of DPDK's telemetry socket, protocol v2: UNIX SOCK_SEQPACKET, one request "/command,
# parameter" a packet, one JSON object as the answer. Used by instance.py. Main thread.

"""DPDK telemetry client."""

import json
import socket

from .errors import LabError


class Telemetry:
    """A connection to one process."""

    def __init__(self, path, timeout=5):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(path)
            self.hello = json.loads(self.socket.recv(1024))
        except (OSError, ValueError) as error:
            self.socket.close()
            raise LabError(f"telemetry socket {path}: {error}") from error

    def ask(self, request):
        """The answer to "/command" or "/command,parameter", without its envelope."""
        try:
            self.socket.sendall(request.encode())
            answer = self.socket.recv(self.hello.get("max_output_len", 16384))
            decoded = json.loads(answer)
        except (OSError, ValueError) as error:
            raise LabError(f"telemetry {request} at {self.path}: {error}") from error
        return decoded[request.split(",", 1)[0]]

    def close(self):
        """Hang up."""
        self.socket.close()
