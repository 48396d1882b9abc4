# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Real clients and servers in the namespaces: ping, an HTTP download by curl, iperf3. Each function
# runs one to its end and returns what it measured, or raises LabError. Main thread.

"""ping, curl, iperf3."""

import dataclasses
import hashlib
import json
import os
import re
import sys
import time

from .errors import LabError
from .process import Process, command
from .programs import installed
from .wait import POLL_S, Deadline


@dataclasses.dataclass
class Ping:
    """Result of a ping."""

    sent: int
    received: int
    average_ms: float


@dataclasses.dataclass
class Download:
    """Result of a download."""

    size: int
    seconds: float
    sha256: str

    @property
    def bits_per_second(self):
        """Rate of the payload."""
        return self.size * 8 / self.seconds


@dataclasses.dataclass
class Stream:
    """Result of an iperf3 run."""

    bits_per_second: float
    retransmits: int
    seconds: float
    lost_percent: float


def echoes(netns, address):
    """(requests sent, replies received) by the kernel of a namespace so far, in this family."""
    if ":" in address:
        text = command(["cat", "/proc/net/snmp6"], netns=netns).stdout
        counts = dict(line.split() for line in text.splitlines())
        return int(counts["Icmp6OutEchos"]), int(counts["Icmp6InEchoReplies"])
    text = command(["cat", "/proc/net/snmp"], netns=netns).stdout
    names, values = (line.split() for line in text.splitlines() if line.startswith("Icmp:"))
    counts = dict(zip(names, values))
    return int(counts["OutEchos"]), int(counts["InEchoReps"])


def ping(source, target, count=10, interval=0.05, size=56, allow_loss=False,
         dont_fragment=False):
    """
    Ping the address of `target` from `source` (both endpoints). The kernel's counters decide what
    was answered: the program itself does not wait for the last replies on a busy machine.
    """
    argv = [installed("ping"), "-n", "-q", "-c", str(count), "-i", str(interval), "-s", str(size),
            "-W", "3", *(["-M", "do"] if dont_fragment else []), target.address]
    sent_before, answered_before = echoes(source.netns, target.address)
    done = command(argv, netns=source.netns, timeout=count * interval + 10, check=False)
    if " packets transmitted" not in done.stdout:
        raise LabError(f"ping {target.address}: {(done.stderr or done.stdout).strip()}")

    def counts():
        sent, answered = echoes(source.netns, target.address)
        return sent - sent_before, answered - answered_before

    deadline = Deadline(3)
    while counts()[1] < counts()[0] and not deadline.passed():
        time.sleep(POLL_S)
    sent, answered = counts()
    if sent < count:
        raise LabError(f"ping from {source.name}: only {sent} of {count} could be sent: "
                       f"{(done.stderr or done.stdout).strip()}")
    if answered < sent and not allow_loss:
        raise LabError(f"ping from {source.name} to {target.name}: {sent} sent, "
                       f"{answered} answered")
    rtt = re.search(r"= [\d.]+/([\d.]+)/", done.stdout)
    return Ping(sent, answered, float(rtt[1]) if rtt else 0.0)


def random_file(run, size):
    """A file of random bytes in a directory of its own; (path, SHA-256)."""
    folder = run.path("www")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"random-{size}")
    digest = hashlib.sha256()
    with open(path, "wb") as f:
        for offset in range(0, size, 1 << 20):
            block = os.urandom(min(1 << 20, size - offset))
            digest.update(block)
            f.write(block)
    return path, digest.hexdigest()


def _sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def download(run, client, server, size=100_000_000, timeout=60, to=None):
    """
    `client` fetches a random file from `server` over HTTP; the checksums must agree. `to`: another
    pair of address and port that leads there.
    """
    path, expected = random_file(run, size)
    got_path = run.path("download")
    host, port = to or (server.address, 8000)
    host = f"[{host}]" if ":" in host else host
    http = Process(run, [sys.executable, "-u", "-m", "http.server", "8000", "--bind",
                         server.address, "--directory", os.path.dirname(path)],
                   name="http-server", netns=server.netns)
    try:
        http.wait_log("Serving HTTP")
        done = command([installed("curl"), "-sS", "--fail", "--noproxy", "*",
                        "--connect-timeout", "5", "--max-time", str(timeout), "-o", got_path,
                        "-w", "%{time_total}",
                        f"http://{host}:{port}/{os.path.basename(path)}"],
                       netns=client.netns, timeout=timeout + 5)
        seconds = float(done.stdout)
        got = _sha256(got_path)
    finally:
        http.end()
        for leftover in (path, got_path):
            if os.path.exists(leftover):
                os.unlink(leftover)
    if got != expected:
        raise LabError(f"the download arrived damaged: SHA-256 {got}, should be {expected}")
    return Download(size, seconds, got)


def iperf3(run, client, server, seconds=3, reverse=False, extra=(), to=None):
    """
    TCP from client to server for some seconds; `reverse`: from server to client. `to`: another
    address that leads to the server.
    """
    listener = Process(run, [installed("iperf3"), "-s", "-1", "-B", server.address,
                             "--forceflush"], name="iperf3-server", netns=server.netns)
    try:
        listener.wait_log("Server listening")
        done = command([installed("iperf3"), "-c", to or server.address, "-t", str(seconds), "-J",
                        *(["-R"] if reverse else []), *extra],
                       netns=client.netns, timeout=seconds + 20, check=False)
    finally:
        listener.end()
    try:
        answer = json.loads(done.stdout)
        if "error" in answer:
            raise LabError(f"iperf3: {answer['error']}")
        end = answer["end"]
        total = end["sum_received" if "sum_received" in end else "sum"]
        return Stream(total["bits_per_second"], end.get("sum_sent", {}).get("retransmits", 0),
                      total["seconds"], total.get("lost_percent", 0.0))
    except (ValueError, KeyError) as error:
        raise LabError(f"iperf3 gave no result: {(done.stderr or done.stdout).strip()}") from error
