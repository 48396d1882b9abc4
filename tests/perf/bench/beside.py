# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What the scripts of stateful programs have in common: programs that take turns on the second CPU
# and the ratios of their rates, and instructions a packet. Used by firewall and nat. Main thread.

"""Stateful programs beside others."""

import argparse
import time

import lab

from .callgrind import Callgrind
from .machine import tsc_hz
from .measure import disturbed_words
from .options import two_cpus
from .ratios import quiet_rates, rate_words, ratio_of
from .record import say
from .turns import take_turns

CALLGRIND_S = 6


def cases_of(known):
    """A type for argparse: names of cases."""
    def convert(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f'there is no case "{name}"; there are: '
                                                 f'{", ".join(known)}')
        return names
    return convert


def compare(args, name, pairs, begin, words=("Mpps", "a packet")):
    """All that is in these pairs of labels, in turns; prints, returns the ratios of the pairs."""
    labels = list(dict.fromkeys(label for pair in pairs for label in pair))
    results = take_turns(args, [two_cpus()[1]], {
        label: lambda stack, l=label: begin(stack, l) for label in labels})
    for label, rows in results.items():
        values = quiet_rates(rows)
        cycles = rate_words([tsc_hz() / v for v in values], unit=1, digits=1)
        say(f"  {label:<21} {rate_words(values, digits=2)} {words[0]}, {cycles} cycles {words[1]}; "
            f"{disturbed_words(rows)}")
    found = [ratio_of(f"{name}: {a} : {b}", results, a, b) for a, b in pairs]
    for ratio in found:
        say(f"  {ratio.words()}")
    return found


def nothing_dropped(program):
    """Else drops would be measured. Before all sessions were set up there may be some."""
    before = program.dropped()
    time.sleep(0.1)
    lost = {reason: n for reason, n in program.dropped().items() if n > before.get(reason, 0)}
    if lost:
        raise lab.LabError(f"the program drops what it should pass: {lost}")


def instructions(label, program, make, ready):
    """
    Print instructions a packet of a program: `make(run, program)` is what stands for it, counted
    from ready(it) on.
    """
    with lab.Run("callgrind") as run:
        callgrind = Callgrind(run, label, at_start=False)
        made = make(run, callgrind.wrapper(program)).start(timeout=120)
        ready(made)
        callgrind.count_from_now(made.pid)
        before = made.packets()
        time.sleep(CALLGRIND_S)
        for line in callgrind.lines(made.stop() - before, most=40):
            say(f"  {line}")
