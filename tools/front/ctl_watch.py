# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnfkit ctl --watch: the same question again and again, and how much each number grew per second. On
# a terminal the table is drawn anew, elsewhere each row is a line. Used by ctl.py.

"""Watching numbers."""

import json
import sys
import time

from .ctl_table import NAMES, cell, columns_of, is_number, lines_of

# By these a row is known again.
KEYS = ("name", "port", "reason", "mac", "domain", "worker", "id")
# Measures, which may grow but have no rate.
GAUGES = ("_s", "_ms", "_ns", "_percent")
CLEAR = "\x1b[H\x1b[2J\x1b[3J"


def identity(row):
    """What a row is about."""
    return tuple((key, str(row[key])) for key in KEYS if key in row)


def counts(key, value):
    """May it be a counter?"""
    return is_number(value) and key not in NAMES and not key.endswith(GAUGES)


class Rates:
    """Growth per second from one sample to the next."""

    def __init__(self):
        self.before, self.when = {}, 0.0
        self.growing = []

    def add(self, rows, now):
        """The rows, with a column KEY/s behind each column that has grown."""
        past, span = self.before, now - self.when
        self.before, self.when = {identity(row): row for row in rows}, now
        growth = [self.growth(row, past.get(identity(row), {})) for row in rows]
        self.growing += [key for key in columns_of(rows) if key not in self.growing
                         and any(one.get(key, 0) > 0 for one in growth)]
        return [self.widened(row, one, span) for row, one in zip(rows, growth)]

    @staticmethod
    def growth(row, past):
        """How much each number of a row has grown; a restart is no growth."""
        return {key: max(0, value - past[key]) for key, value in row.items()
                if counts(key, value) and is_number(past.get(key))}

    def widened(self, row, growth, span):
        """A row with its rates."""
        wide = {}
        for key, value in row.items():
            wide[key] = value
            if key in self.growing:
                wide[f"{key}/s"] = round(growth[key] / span) if key in growth else None
        return wide


def with_rates(result, rates, now):
    """A table or an object with rates; anything else as it is."""
    if isinstance(result, dict):
        return rates.add([result], now)[0]
    if isinstance(result, list) and result and all(isinstance(row, dict) for row in result):
        return rates.add(result, now)
    return result


def plain_lines(result):
    """A line for each row, the time before it."""
    stamp = time.strftime("%H:%M:%S")
    rows = result if isinstance(result, list) else [result]
    for row in rows:
        if isinstance(row, dict):
            words = [f"{key}={str(value) if is_number(value) else cell(key, value)}"
                     for key, value in row.items() if value is not None]
            yield f"{stamp} {' '.join(words)}"
        else:
            yield from (f"{stamp} {line}" for line in lines_of(row))


def show(result, title, as_json):
    """One sample."""
    if as_json:
        print(json.dumps(result), flush=True)
    elif sys.stdout.isatty():
        print(CLEAR + "\n".join([f"{title}  {time.strftime('%H:%M:%S')}", "", *lines_of(result)]),
              flush=True)
    else:
        for line in plain_lines(result):
            print(line, flush=True)


def watch(question, period, title, as_json):
    """Ask for ever; `question` gives a result."""
    rates, due = Rates(), time.monotonic()
    while True:
        now = time.monotonic()
        show(with_rates(question(), rates, now), title, as_json)
        due = max(due + period, now)
        time.sleep(max(0.0, due - time.monotonic()))
