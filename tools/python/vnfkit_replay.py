# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A replay of a VNF or of vnf-switch from a Python test: scapy packets in; scapy packets, verdicts
# and counters out. Needs scapy, no root. Installed, it is found by
#
#     PYTHONPATH=$(pkg-config --variable=pythondir vnfkit)
#
# The replay itself is in the package of the command vnfkit, in the folder above. Any thread.

"""Replays for tests with scapy; vnfkit_pytest has a fixture."""

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw
from scapy.utils import EDecimal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
try:
    from front import capture
    from front.errors import FrontError
    from front.replay import ask_plan, run_replay
finally:
    del sys.path[0]

__all__ = ["Replay", "ReplayError", "Verdict", "replay"]

SECOND_NS = 10**9
# When the first packet comes that does not say so, and how far apart they are.
FIRST_NS = 1_700_000_000 * SECOND_NS
APART_NS = SECOND_NS // 1000
# Beside its MTU a port takes an Ethernet header and two VLAN tags, as vnf/port.h says.
OVERHEAD = 22


class ReplayError(AssertionError):
    """The replay did not end as it should have."""


@dataclass
class Verdict:
    """What became of a packet."""

    number: int | None   # its place among all inputs, from 1; None: the program made it
    time: Decimal
    port: str | None     # where it came in
    verdict: str         # forward, flood, drop, taken or sent
    to: str | None = None
    reason: str | None = None


@dataclass
class Replay:
    """What a replay gave."""

    packets: dict    # {port: [packet]}, what each sent
    verdicts: list
    counters: dict   # {port: its counters}
    ledger: dict
    log: str


def process_start_s():
    """When this process began."""
    words = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    up_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time() - up_s + int(words[19]) / os.sysconf("SC_CLK_TCK")


def has_time(packet):
    """Was a packet given a time? If not, it has that of its making, by this process."""
    if not isinstance(packet.time, float):
        return True
    return not process_start_s() - 1 <= packet.time <= time.time() + 1


def to_ns(seconds):
    """Nanoseconds of a time. Of the present a float tells microseconds and no more."""
    if isinstance(seconds, float):
        return round(seconds * 10**6) * 1000
    return int(seconds * SECOND_NS)


def to_frame(item, index):
    """The frame of a packet, or of a pair (time, packet)."""
    at, packet = item if isinstance(item, tuple) else (None, item)
    if not isinstance(packet, (Packet, bytes, bytearray)):
        raise TypeError(f"packet {index} is of type {type(packet).__name__}; scapy's packets, "
                        "bytes, and pairs (time, packet) can be replayed")
    if at is None and isinstance(packet, Packet) and has_time(packet):
        at = packet.time
    time_ns = FIRST_NS + index * APART_NS if at is None else to_ns(at)
    return capture.Frame(time_ns, bytes(packet))


def to_frames(port, items):
    """The frames that a port is to receive; it must be able to."""
    frames = [to_frame(item, index) for index, item in enumerate(items)]
    most = port.mtu + OVERHEAD
    for index, frame in enumerate(frames):
        if not 1 <= len(frame.data) <= most:
            raise ValueError(f"packet {index} for port \"{port.name}\" has {len(frame.data)} "
                             f"octets; with an MTU of {port.mtu} it takes 1 to {most}")
    return frames


def write_inputs(plan, packets, folder):
    """{port: path} of the files with what ports are to receive."""
    ports = {port.name: port for port in plan.ports}
    paths = {}
    for number, (name, items) in enumerate(packets.items()):
        if name not in ports:
            raise ValueError(f"no port is named \"{name}\"; there are {', '.join(ports)}")
        paths[name] = folder / f"in-{number}.pcap"
        paths[name].write_bytes(capture.dump(to_frames(ports[name], items)))
    return paths


def to_packet(frame):
    """scapy's packet of a frame, with its time to the nanosecond."""
    packet = (Ether if len(frame.data) >= 14 else Raw)(frame.data)
    packet.time = EDecimal(frame.time_ns) / SECOND_NS
    return packet


def options_of(**values):
    """The words of the command line for options that have a value."""
    return [f"--{name}={value}" for name, value in values.items() if value is not None]


def check(outcome, expect):
    """Raise what is wrong with a replay."""
    if outcome.code != expect:
        raise ReplayError(f"exit code {outcome.code}, not {expect}:\n{outcome.log}")
    if outcome.ledger.get("balance", 0) != 0:
        raise ReplayError(f"the ledger does not balance:\n{outcome.log}")


def replay(vnf, config, packets, *, until=None, seed=None, burst=None, expect=0):
    """
    Run the program `vnf` with `config`, a text, or a Path to a file, on the packets of each port:
    {port: [packet or (time, packet)]}. Packets without a time come a millisecond apart. Its exit
    code must be `expect`, and its ledger must balance, or ReplayError tells what it said.
    """
    with tempfile.TemporaryDirectory(prefix="vnfkit-replay-") as name:
        folder = Path(name)
        if not isinstance(config, os.PathLike):
            (folder / "config").write_text(config, encoding="utf-8")
            config = folder / "config"
        try:
            plan = ask_plan(vnf, config)
            paths = write_inputs(plan, packets, folder)
            outcome = run_replay(plan, paths, options_of(until=until, seed=seed, burst=burst))
        except FrontError as error:
            raise ReplayError(str(error)) from None
    check(outcome, expect)
    return Replay({port: [to_packet(f) for f in capture.parse(data).frames]
                   for port, data in outcome.records.items()},
                  [Verdict(**{**event, "time": Decimal(event["time"])})
                   for event in outcome.events()],
                  outcome.counters, outcome.ledger, outcome.log)
