# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A replay of a VNF or of vnf-switch from a Python test: scapy packets in, scapy packets, verdicts
# and counters out. Needs no root.

"""Replays for pytest and scapy."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from scapy.packet import Raw
from scapy.utils import PcapReader, wrpcap

# When the first packet comes that does not say so, and how far apart they are.
FIRST_S = 1_700_000_000
APART_S = Decimal("0.001")
LIMIT_S = 120
# Times from FIRST_S on that are taken as given.
SPAN_S = 10_000_000


class ReplayError(AssertionError):
    """The replay did not end as it should have."""


@dataclass
class Verdict:
    """What became of a packet."""

    number: int | None
    time: Decimal
    port: str | None
    verdict: str
    to: str | None = None
    reason: str | None = None


@dataclass
class Replay:
    """What a replay gave."""

    packets: dict
    verdicts: list
    counters: dict
    ledger: dict
    log: str


def _timed(packets):
    """Copies of the packets, each with a time: scapy's own default, the present, is none."""
    for i, packet in enumerate(packets):
        at, packet = packet if isinstance(packet, tuple) else (packet.time, packet)
        copy = Raw(bytes(packet))
        copy.time = at if FIRST_S <= at < FIRST_S + SPAN_S else FIRST_S + i * APART_S
        yield copy


def _write(path, packets):
    packets = list(_timed(packets))
    if packets:
        wrpcap(str(path), packets, nano=True, linktype=1)
    else:
        path.write_bytes(bytes.fromhex("4d3cb2a1020004000000000000000000ffff000001000000"))


def _read(path):
    with PcapReader(str(path)) as reader:
        return list(reader)


def _arguments(folder, packets, until, seed, burst, record):
    for port, frames in packets.items():
        _write(folder / f"in-{port}.pcap", frames)
        yield from ("--replay", f"{port}={folder}/in-{port}.pcap")
    for port in record:
        yield from ("--record", f"{port}={folder}/out-{port}.pcap")
    for name, value in (("--until", until), ("--seed", seed), ("--burst", burst)):
        if value is not None:
            yield from (name, str(value))
    yield from ("--verdicts", str(folder / "verdicts"), "--report", str(folder / "report"))


def _ports(vnf, config):
    """Names of the ports of a configuration, by the program itself."""
    done = subprocess.run([vnf, "-c", config, "--plan"], capture_output=True, text=True,
                          check=False, timeout=LIMIT_S)
    if done.returncode != 0:
        raise ReplayError(done.stderr)
    return [port["name"] for port in json.loads(done.stdout)["ports"]]


def replay(vnf, config, packets, *, until=None, seed=None, burst=None, expect=0):
    """
    Run the program `vnf` with the text `config` on the packets of each port: {port: [packet or
    (time, packet)]}. Its exit code must be `expect`, and its ledger must balance.
    """
    with tempfile.TemporaryDirectory(prefix="vnfkit-replay-") as name:
        folder = Path(name)
        (folder / "config").write_text(config)
        ports = _ports(vnf, folder / "config")
        argv = [vnf, "-c", folder / "config",
                *_arguments(folder, packets, until, seed, burst, ports)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LIMIT_S)
        if done.returncode != expect:
            raise ReplayError(f"exit code {done.returncode}:\n{done.stderr}")
        report = json.loads((folder / "report").read_text())
        if report["ledger"]["balance"] != 0:
            raise ReplayError(f"the ledger does not balance:\n{done.stderr}")
        verdicts = [Verdict(**{**line, "time": Decimal(line["time"])}) for line in
                    map(json.loads, (folder / "verdicts").read_text().splitlines())]
        return Replay({port: _read(folder / f"out-{port}.pcap") for port in ports}, verdicts,
                      {port["name"]: port for port in report["ports"]}, report["ledger"],
                      done.stderr)
