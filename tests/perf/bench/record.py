# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The short form for CI: TAP on standard output, each ratio held against the one that was recorded
# (recorded.json). Ratios move from machine to machine, so only half of the recorded one fails.
# Main thread.

"""Recorded ratios and TAP."""

import json
import os

from .machine import cpu_model, vnfkit_version

FILE = os.path.join(os.path.dirname(__file__), "..", "recorded.json")
LEAST = 0.5

_prefix = ""


def say(line):
    """A line of the report; in TAP a comment."""
    print(_prefix + line, flush=True)


def speak_tap():
    """From now on standard output is TAP."""
    global _prefix
    _prefix = "# "


def read():
    """{"machine": ..., "ratios": {name: ratio}}"""
    try:
        with open(FILE, encoding="utf-8") as f:
            return json.load(f)
    except FileNotFoundError:
        return {"ratios": {}}


def write(ratios):
    """Record the medians of these ratios, beside what is there of others."""
    record = read()
    record["machine"] = f"{cpu_model()}, {os.cpu_count()} CPUs, Linux {os.uname().release}"
    record["version"] = vnfkit_version()
    record["ratios"].update({r.name: round(r.median, 3) for r in ratios})
    record["ratios"] = dict(sorted(record["ratios"].items()))
    with open(FILE, "w", encoding="utf-8") as f:
        json.dump(record, f, indent="\t")
        f.write("\n")


class Tap:
    """TAP lines, one a ratio."""

    def __init__(self):
        self.count = 0
        self.failed = False

    def check(self, ratio):
        """ok unless it is below half of what was recorded."""
        recorded = read()["ratios"].get(ratio.name)
        ok = bool(ratio.values) and (recorded is None or ratio.median >= LEAST * recorded)
        beside = "not recorded" if recorded is None else f"recorded {recorded:.3f}"
        self.state(ok, f"{ratio.name} {ratio.median:.3f} ({beside})")

    def state(self, ok, what):
        """One line."""
        self.count += 1
        self.failed |= not ok
        print(f"{'ok' if ok else 'not ok'} {self.count} - {what}", flush=True)

    def fail(self, what):
        """Something else went wrong."""
        self.state(False, what)

    def plan(self):
        """The last line; the exit code."""
        print(f"1..{self.count}")
        return 1 if self.failed else 0

    @staticmethod
    def skip(why):
        """Nothing can be measured here."""
        print(f"1..0 # SKIP {' '.join(why.split())}")
        return 0
