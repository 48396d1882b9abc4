# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A golden test: a folder with what a program gets and what it is expected to make of it.
#
#     *.conf or config        configuration of the program
#     in-PORT.pcap[ng]        what a port receives
#     args                    further options of the replay, such as --until +3h, one per line
#     expect-PORT.pcap        what a port is to send; without it, nothing
#     expect-verdicts.jsonl   what is to become of each packet; without it, that is not looked at
#
# Used by testing.py. Main thread; the replays of one test run beside each other.

"""Golden tests: finding, running, comparing, blessing."""

import concurrent.futures
import contextlib
import dataclasses
import json
import os
import re
import shlex

from . import capture, diff
from .errors import FrontError, UsageError
from .replay import Outcome, ask_plan, run_replay
from .say import words

# However packets of one time come together, the same must come out.
BURSTS = (1, 7, 32)
OPTIONS = {"--until", "--seed"}
INPUT = re.compile(r"in-(.+)\.(pcap|pcapng)")
EXPECTED = re.compile(r"expect-(.+)\.pcap")
VERDICTS = "expect-verdicts.jsonl"


@dataclasses.dataclass
class Golden:
    """A test, as its folder has it."""

    name: str
    folder: str
    config: str
    inputs: dict                  # {port: path}
    expected: dict                # {port: path}
    options: list
    plan: object = None
    origin_ns: int = 0            # when the first input comes

    @property
    def verdicts(self):
        """Path of the expected verdicts, there or not."""
        return os.path.join(self.folder, VERDICTS)

    def path(self, port):
        """Path of what a port is expected to send, there or not."""
        return os.path.join(self.folder, f"expect-{port}.pcap")


@dataclasses.dataclass
class Result:
    """What a test came to."""

    golden: Golden
    faults: list = dataclasses.field(default_factory=list)    # lines; none: it passed
    notes: list = dataclasses.field(default_factory=list)     # what was blessed, warnings
    outcome: Outcome = None
    records: dict = dataclasses.field(default_factory=dict)   # {port: frames}


# ---- finding ----


def find(folders, config=None):
    """The tests of some folders: each one, or a folder of them."""
    found = []
    for folder in folders:
        if not os.path.isdir(folder):
            raise UsageError(f"{folder} is no folder; name that of a test, or of tests")
        inner = [folder] if is_test(folder) else sorted(
            entry.path for entry in os.scandir(folder) if entry.is_dir() and is_test(entry.path))
        if not inner:
            raise UsageError(f"{folder}: no test is in it; a test is a folder with in-PORT.pcap")
        found += [read(path, config) for path in inner]
    return found


def is_test(folder):
    """Does it hold what only a test has?"""
    return any(name == "args" or name.startswith(("in-", "expect-")) for name in os.listdir(folder))


def read(folder, config):
    """The test of a folder."""
    names = sorted(os.listdir(folder))
    inputs, expected = {}, {}
    for name in names:
        path = os.path.join(folder, name)
        if name.startswith("in-"):
            take(inputs, INPUT, path, "in-PORT.pcap or in-PORT.pcapng")
        elif name.startswith("expect-") and name != VERDICTS:
            take(expected, EXPECTED, path, f"expect-PORT.pcap or {VERDICTS}")
    options = read_options(os.path.join(folder, "args"))
    if not inputs and "--until" not in options:
        raise UsageError(f"{folder}: there is nothing to replay: no in-PORT.pcap, and no --until "
                         "in the file args")
    return Golden(name=os.path.basename(os.path.abspath(folder)), folder=folder, inputs=inputs,
                  config=find_config(folder, names) or config or no_config(folder),
                  expected=expected, options=options)


def take(files, pattern, path, form):
    """A file that belongs to a port."""
    match = pattern.fullmatch(os.path.basename(path))
    if not match:
        raise UsageError(f"{path}: a file of a test that begins so is named {form}")
    if match[1] in files:
        raise UsageError(f"{path}: port \"{match[1]}\" has {files[match[1]]} already")
    files[match[1]] = path


def find_config(folder, names):
    """The configuration in a folder; None if there is none."""
    found = [name for name in names if name == "config" or name.endswith(".conf")]
    if len(found) > 1:
        raise UsageError(f"{folder}: {words(found)} are one configuration too many")
    return os.path.join(folder, found[0]) if found else None


def no_config(folder):
    """A test without one."""
    raise UsageError(f"{folder}: has no configuration: a file *.conf or config, or one for all "
                     "tests by -c FILE")


def read_options(path):
    """The words of the file args."""
    if not os.path.exists(path):
        return []
    found = []
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                found += split_option(shlex.split(line, comments=True), f"{path}:{number}")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from None
    return found


def split_option(given, where):
    """A line of args in two words, or none."""
    if not given:
        return []
    option, equals, value = given[0].partition("=")
    given = [option, *([value] if equals else []), *given[1:]]
    if option not in OPTIONS or len(given) != 2:
        raise UsageError(f"{where}: {' '.join(given)}: is not allowed; "
                         f"{words(sorted(OPTIONS), 'or')} and its value, one to a line")
    return given


def prepare(golden, program):
    """Ask the program for the ports, and look at the inputs."""
    golden.plan = ask_plan(program, golden.config)
    ports = [port.name for port in golden.plan.ports]
    for port, path in (golden.inputs | golden.expected).items():
        if port not in ports:
            raise UsageError(f"{path}: no port is named \"{port}\"; those of {golden.config} are "
                             f"{words(ports)}")
    times = [frame.time_ns for path in golden.inputs.values()
             for frame in capture.load(path).frames]
    golden.origin_ns = min(times, default=0)


# ---- running ----


def run_test(golden, bless=False):
    """The Result of a test; with bless what came out becomes what is expected."""
    result = Result(golden)
    try:
        outcomes = run_bursts(golden)
        look(result, outcomes)
        if not result.faults:
            (write if bless else compare)(result)
    except FrontError as error:
        result.faults += str(error).splitlines()
    return result


def run_bursts(golden):
    """One Outcome for each of BURSTS."""
    def replay(burst):
        return run_replay(golden.plan, golden.inputs, [*golden.options, "--burst", str(burst)])

    with concurrent.futures.ThreadPoolExecutor(min(len(BURSTS), os.cpu_count() or 1)) as pool:
        return list(pool.map(replay, BURSTS))


def look(result, outcomes):
    """What must be right of every replay, whatever is expected of it."""
    first = result.outcome = outcomes[0]
    for burst, outcome in zip(BURSTS, outcomes):
        faults = outcome.faults()
        if faults:
            result.faults = [f"with --burst {burst}: {fault}" for fault in faults]
            result.faults += outcome.log.splitlines()[-10:]
            return
    result.notes += [line for line in first.log.splitlines() if ": notice: " not in line]
    result.records = {port: frames_of(data, f"record of port \"{port}\"")
                      for port, data in first.records.items()}
    for burst, outcome in zip(BURSTS[1:], outcomes[1:]):
        result.faults += bursts_diff(result, outcome, burst)
        if result.faults:
            return


def frames_of(data, name):
    """The frames of a pcap file's octets."""
    return list(capture.parse(data, name).frames)


def bursts_diff(result, other, burst):
    """Lines about what another burst changes."""
    lines, origin_ns = [], result.golden.origin_ns
    for port, data in result.outcome.records.items():
        if other.records[port] != data:
            lines.append(f"port \"{port}\" sends otherwise with --burst {BURSTS[0]} (-) than with "
                         f"--burst {burst} (+):")
            lines += diff.frames_diff(result.records[port], frames_of(other.records[port], port),
                                      origin_ns)
    if other.verdicts != result.outcome.verdicts:
        lines.append(f"the verdicts are others with --burst {BURSTS[0]} (-) than with --burst "
                     f"{burst} (+):")
        lines += diff.verdicts_diff(result.outcome.events(), other.events(), origin_ns)
    return lines


# ---- comparing ----


def compare(result):
    """Hold what came out against what is expected."""
    golden = result.golden
    for port, frames in result.records.items():
        if port in golden.expected:
            result.faults += compare_port(golden, port, frames)
        elif frames:
            result.faults.append(f"port \"{port}\" sent {count(frames, 'packet')}, and there is no "
                                 f"{golden.path(port)}; if they are right: --bless")
            result.faults += diff.frames_diff([], frames, golden.origin_ns)
    if os.path.exists(golden.verdicts):
        expected, events = load_events(golden.verdicts), result.outcome.events()
        if expected != events:
            result.faults.append("verdicts: expected (-), got (+)")
            result.faults += diff.verdicts_diff(expected, events, golden.origin_ns)


def compare_port(golden, port, frames):
    """Lines about one port's difference."""
    expected = capture.load(golden.expected[port])
    # A file with microseconds cannot say more.
    got = [dataclasses.replace(frame, time_ns=frame.time_ns - frame.time_ns % expected.unit_ns)
           for frame in frames]
    if list(expected.frames) == got:
        return []
    return [f"port \"{port}\": expected {count(expected.frames, 'packet')} (-), got {len(got)} (+)",
            *diff.frames_diff(list(expected.frames), got, golden.origin_ns)]


def load_events(path):
    """The verdicts of a file."""
    try:
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.strip()]
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from None


def count(items, what):
    """3 packets"""
    return f"{len(items)} {what}{'s' * (len(items) != 1)}"


# ---- blessing ----


def write(result):
    """Make what came out what is expected, and note what that changes."""
    golden = result.golden
    new = not golden.expected
    for port, frames in result.records.items():
        if frames:
            put(result, golden.path(port), result.outcome.records[port], count(frames, "packet"))
        elif port in golden.expected:
            os.unlink(golden.expected[port])
            result.notes.append(f"removed {golden.expected[port]}: the port sends nothing")
    if new or os.path.exists(golden.verdicts):
        put(result, golden.verdicts, result.outcome.verdicts,
            count(result.outcome.verdicts.splitlines(), "verdict"))


def put(result, path, data, what):
    """Write a file whole or not at all, unless it is the same already."""
    there = os.path.exists(path)
    if there:
        with open(path, "rb") as file:
            if file.read() == data:
                return
    work = f"{path}.new-{os.getpid()}"
    try:
        with open(work, "wb") as file:
            file.write(data)
        os.replace(work, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(work)
        raise FrontError(f"{path} cannot be written: {error.strerror}") from None
    result.notes.append(f"{'changed' if there else 'wrote'} {path}: {what}")
