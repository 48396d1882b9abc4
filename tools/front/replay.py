# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# One replay: a program, its configuration, a capture file for each port that receives something;
# what the ports sent, the verdicts, the counters and the log come back. All that is written is in
# a temporary folder. Needs no scapy. Used by golden.py and python/vnfkit_replay.py. Any thread.

"""Running a program from capture files to capture files."""

import contextlib
import dataclasses
import json
import os
import tempfile

from .errors import FrontError, UsageError
from .plan import find_vnf, parse_plan
from .program import run

LIMIT_S = 600


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a replay came to."""

    code: int        # exit code
    log: str         # what the program said
    records: dict    # {port: octets of a pcap file}; without those of a program that did not run
    verdicts: bytes  # JSON lines
    report: dict     # final counters and ledger; empty if there are none

    @property
    def ledger(self):
        """rx, created, tx, drops, ..., balance."""
        return self.report.get("ledger", {})

    @property
    def counters(self):
        """{port: its counters}"""
        return {port["name"]: port for port in self.report.get("ports", [])}

    def events(self):
        """The verdicts, one dictionary each."""
        return [json.loads(line) for line in self.verdicts.splitlines()]

    def faults(self):
        """What every replay must come to, and this one did not: lines."""
        found = []
        if self.code < 0:
            found.append(f"it was ended by signal {-self.code}")
        elif self.code:
            found.append(f"its exit code is {self.code}")
        balance = self.ledger.get("balance", 0)
        if balance:
            found.append(f"its ledger does not balance: {balance} packets are not accounted for")
        if not self.report and not self.code:
            found.append("it wrote no report")
        return found


def ask_plan(program, config):
    """The plan of a program for a configuration: its ports. What it finds wrong is raised."""
    program, config = find_vnf(str(program)), os.path.abspath(config)
    done = run([program, "-c", config, "--plan"])
    if done.returncode == 0:
        return parse_plan(program, config, done.stdout)
    text = done.stderr.decode(errors="replace").strip()
    if done.returncode == 2:
        raise UsageError(text or f"{program} does not accept {config}")
    raise FrontError(f"{program} --plan failed, code {done.returncode}\n{text}".strip())


def run_replay(plan, inputs, options=()):
    """The Outcome of a replay of the plan's program and configuration.

    inputs is {port: path of a capture file}; options are further words of the command line.
    """
    ports = [port.name for port in plan.ports]
    with tempfile.TemporaryDirectory(prefix="vnfkit-replay-") as folder:
        words = [plan.vnf, "-c", plan.config, "--verdicts", f"{folder}/verdicts",
                 "--report", f"{folder}/report"]
        for port, path in inputs.items():
            words += ["--replay", f"{port}={path}"]
        for number, port in enumerate(ports):
            words += ["--record", f"{port}={folder}/{number}.pcap"]
        done = run([*words, *options], timeout=LIMIT_S)
        return gather(folder, ports, done)


def gather(folder, ports, done):
    """The Outcome that lies in a folder."""
    records = {port: content(f"{folder}/{number}.pcap") for number, port in enumerate(ports)}
    report = {}
    with contextlib.suppress(ValueError):
        report = json.loads(content(f"{folder}/report") or b"{}")
    return Outcome(done.returncode, done.stderr.decode(errors="replace"),
                   {port: data for port, data in records.items() if data is not None},
                   content(f"{folder}/verdicts") or b"", report)


def content(path):
    """The octets of a file; None if there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
