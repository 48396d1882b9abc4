# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Systems that take turns on the same CPUs. All of a round are started and warm; then each in turn is
# awake for less than a second while the others are stopped (SIGSTOP), so that the two halves of a
# pair are about a second apart and what drifts on a shared machine is in both. Main thread.

"""Rounds of turns."""

import contextlib
import os
import signal
import time

from lab import until

from .disturbed import Watch
from .measure import Result, rate_of, undisturbed

SETTLE_S = 0.15  # after waking: caches and rings are as they were when all had run on


class Live:
    """A system that runs. `packets` is its counter, `watched` the pids of what polls."""

    def __init__(self, packets, watched, stop):
        self.packets = packets
        self.watched = watched
        self.stop = stop

    def pause(self):
        """Stop its processes where they are. That one is gone the next question to it will tell."""
        for pid in self.watched:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        until(lambda: all(_state(pid) in "TZ" for pid in self.watched), 5, "processes to stop")

    def wake(self):
        """Let them go on; also those that are gone."""
        for pid in self.watched:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _state(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def _turn(live, seconds):
    """One Result."""
    live.wake()
    try:
        time.sleep(SETTLE_S)
        watch = Watch(live.watched)
        rate, doubt = rate_of(live.packets, seconds)
        return Result(rate, doubt, disturbed=watch.share())
    finally:
        live.pause()


def rotated(labels, by):
    """A B C, B C A, C A B: being first, or after a certain other, is nobody's for good."""
    by %= len(labels)
    return labels[by:] + labels[:by]


def _round(args, cpus, launchers, turns, results):
    """Start all, let them take their turns, end all."""
    with contextlib.ExitStack() as stack:
        lives = {}
        for label in rotated(list(launchers), len(results[next(iter(results))])):
            lives[label] = launchers[label](stack)
            # Undone first: who is stopped does not hear that he should end.
            stack.callback(lives[label].wake)
            lives[label].pause()
        for number in range(turns):
            for label in rotated(list(lives), number):
                results[label].append(
                    undisturbed(args, cpus, lambda l=lives[label]: _turn(l, args.window)))
        for live in lives.values():
            live.wake()
            live.stop()


def take_turns(args, cpus, launchers):
    """
    label -> Results, `args.pairs` of each, A B C, B C A. `launchers` are label -> launch(stack), which
    starts the system, registers its clean-up in the ExitStack, and returns a Live that is warm.
    """
    results = {label: [] for label in launchers}
    left = args.pairs
    while left > 0:
        turns = min(args.turns, left)
        _round(args, cpus, launchers, turns, results)
        left -= turns
    return results
