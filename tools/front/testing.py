# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnfkit test: golden tests of a program, a line for each, differences beneath; or as TAP, for Meson
# and its like. golden.py is what a test is. Used by main.py.

"""The command that runs golden tests."""

import time

from .dissect import line
from .diff import since
from .errors import FrontError
from .golden import count, find, prepare, run_test


def test_main(args):
    """The command."""
    report = Tap() if args.tap else Lines()
    try:
        tests = find(args.folder, args.config)
        for golden in tests:
            prepare(golden, args.program)
    except FrontError as error:
        report.bail_out(error)
        raise
    report.begin(tests)
    failed = 0
    for number, golden in enumerate(tests, 1):
        begun = time.monotonic()
        result = run_test(golden, args.bless)
        failed += bool(result.faults)
        report.result(number, result, time.monotonic() - begun)
        report.details(details(result, args.verbose))
    report.end(len(tests), failed)
    return 1 if failed else 0


def details(result, verbose):
    """What is to be said beneath a test's line."""
    lines = result.notes + result.faults
    if verbose and result.outcome is not None:
        for port, frames in result.records.items():
            lines.append(f"port \"{port}\" sent {count(frames, 'packet')}")
            lines += [f"  {number:4} {since(frame.time_ns, result.golden.origin_ns)} "
                      f"{line(frame.data)}" for number, frame in enumerate(frames, 1)]
        lines += [text for text in result.outcome.log.splitlines() if text not in lines]
    return lines


class Lines:
    """Results for people."""

    def bail_out(self, error):
        """main.py prints it."""

    def begin(self, tests):
        """Nothing but the results."""

    def result(self, _, result, seconds):
        """A test's line."""
        word = "FAIL" if result.faults else "ok"
        print(f"{word:<5} {result.golden.name} ({seconds:.1f} s)")

    def details(self, lines):
        """What is beneath."""
        for text in lines:
            print(f"      {text}".rstrip(), flush=True)

    def end(self, n, failed):
        """The sum."""
        print(f"\n{n - failed} passed, {failed} failed", flush=True)


class Tap:
    """Results for Meson and its like."""

    def bail_out(self, error):
        """There will be no results."""
        print(f"Bail out! {' '.join(str(error).split())}", flush=True)

    def begin(self, tests):
        """How many there will be."""
        print(f"1..{len(tests)}", flush=True)

    def result(self, number, result, _):
        """A test's line."""
        word = "not ok" if result.faults else "ok"
        print(f"{word} {number} - {result.golden.name.replace('#', '')}", flush=True)

    def details(self, lines):
        """What is beneath, which TAP takes for comments."""
        for text in lines:
            print(f"# {text}".rstrip(), flush=True)

    def end(self, n, failed):
        """The lines say it."""
