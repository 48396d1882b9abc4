# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What the scripts' command lines and their main() have in common: pairs, windows, hugepages, the
# short form. Main thread.

"""Command line and main."""

import argparse
import contextlib
import os
import sys

import lab

from .machine import facts
from .record import Tap, say, speak_tap, write

HUGEPAGES = 896
CHECK_PAIRS = 5


def number(kind, least, most=None):
    """A type for argparse: an int or a float from `least` on, and not beyond `most`."""
    def convert(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= (value if most is None else most):
            allowed = f"{least:,g} or more" if most is None else f"{least:,g} to {most:,.9g}"
            raise argparse.ArgumentTypeError(f'"{text}" is not allowed; a '
                                             f"{'whole ' * (kind is int)}number, {allowed}")
        return value
    return convert


def build_directory(text):
    """A type for argparse: a build directory of vnfkit."""
    path = os.path.abspath(text)
    if not os.path.exists(os.path.join(path, "build.ninja")):
        raise argparse.ArgumentTypeError(f"{path} is no build directory (meson setup makes one)")
    return path


def parser(description, pairs=15, window=1.0, turns=0):
    """The options that all have."""
    p = argparse.ArgumentParser(description=description,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--window", type=number(float, 0.1, 600), default=window, metavar="S",
                   help=f"seconds that are counted, default {window:g}")
    p.add_argument("--warm-up", type=number(float, 0, 600), default=1.0, metavar="S",
                   help="seconds before that at least, default 1")
    p.add_argument("--no-huge", action="store_true", help="do without hugepages")
    p.add_argument("--check", action="store_true", help="the short form for CI, in TAP")
    if pairs:
        ratio_options(p, pairs, turns)
    return p


def traffic_options(p, macs=True):
    """What is sent."""
    p.add_argument("--size", type=number(int, 60, 1514), default=60,
                   help="bytes without FCS, default 60")
    p.add_argument("--flows", type=number(int, 1, 100000), default=1, help="UDP flows a side")
    if macs:
        p.add_argument("--macs", type=number(int, 1, 100000), default=1,
                       help="MAC addresses a side")


def ratio_options(p, pairs, turns):
    """The options of those that compare."""
    p.add_argument("--pairs", type=number(int, 1), default=pairs, help=f"pairs, default {pairs}")
    if turns:
        p.add_argument("--turns", type=number(int, 1), default=turns, metavar="N",
                       help=f"turns of each between two starts of the processes, default {turns}")
    p.add_argument("--again", type=number(int, 0), default=2, metavar="N",
                   help="repeat a measurement up to N times when others used its CPUs, default 2")
    p.add_argument("--patience", type=number(float, 0), default=0, metavar="S",
                   help="before each measurement wait up to S seconds for idle CPUs, default 0")
    p.add_argument("--record", action="store_true", help="write the ratios to recorded.json")


def parse(p, argv):
    """The command line; the short form has its own numbers."""
    args = p.parse_args(argv)
    if args.check:
        args.window, args.again = 0.5, 0
        if "pairs" in args:
            args.pairs = min(args.pairs, CHECK_PAIRS)
    return args


def two_cpus():
    """(the switch's, the guest's); LabUnavailable with fewer."""
    cpus = lab.capabilities().cpus
    if len(cpus) < 2:
        raise lab.LabUnavailable("two CPUs are needed, one for the switch and one for the guest")
    return cpus[0], cpus[1]


@contextlib.contextmanager
def memory(args):
    """Yields whether there are hugepages: those that are free, or reserved for the while."""
    if args.no_huge:
        say("without hugepages: not comparable with results that had them")
        yield False
        return
    if lab.capabilities().hugepages_free >= HUGEPAGES:
        yield True
        return
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(lab.reserved_hugepages(HUGEPAGES))
            huge = True
        except lab.LabUnavailable as error:
            if args.check:
                raise
            say(f"{error}; going on without: not comparable with results that had them")
            huge = False
        yield huge


def head(args, title):
    """What is measured, on what."""
    fresh = f"for every {args.turns} turns" if "turns" in args else "for each"
    pairs = f"{args.pairs} pairs, " if "pairs" in args else ""
    for line in (title, *facts(), f"{pairs}windows of {args.window:g} s, fresh processes {fresh}, "
                 f"warmed up for {args.warm_up:g} s or more"):
        say(line)


def finish(args, ratios):
    """Print, check or record the ratios; the exit code."""
    if args.record and ratios:
        write(ratios)
    if not args.check:
        return 0
    tap = Tap()
    for ratio in ratios:
        tap.check(ratio)
    return tap.plan()


def main(args, work):
    """Run `work(args)`: 0, or 1 with the reason on standard error (for CI: on a TAP line)."""
    if args.check:
        speak_tap()
    lab.handle_signals()
    lab.sweep()
    try:
        return work(args)
    except lab.LabUnavailable as error:
        if args.check:
            return Tap.skip(str(error))
        print(f"cannot be measured here: {error}", file=sys.stderr)
    except lab.LabError as error:
        if args.check:
            tap = Tap()
            tap.fail(str(error).splitlines()[0])
            print(str(error), file=sys.stderr)
            return tap.plan()
        print(error, file=sys.stderr)
    except lab.Interrupted as interrupted:
        print(interrupted, file=sys.stderr)
    finally:
        lab.close_all()
    return 1
