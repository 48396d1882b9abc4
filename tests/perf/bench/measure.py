# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# One measurement: wait until the speed is steady, count for a while. Main thread, asleep while the
# others work: both CPUs belong to what is measured.

"""Warm-up and window."""

import dataclasses
import time

from .disturbed import DISTURBED, Watch, wait_idle

WARM_STEP_S = 0.2
WARM_MOST_S = 8.0
WARM_SAME = 0.05
ASK_AGAIN_S = 0.002


@dataclasses.dataclass
class Result:
    """What one run of a system gave. Shares are 0 to 1, or None where nothing tells."""

    rate: float
    doubt: float = 0.0
    guest_busy: float = None
    switch_busy: float = None
    taken: float = None
    disturbed: float = 0.0


def stamp(count):
    """(time, count(), doubt): asked again while the answer is slow, for its time is then vague."""
    for _ in range(5):
        before = time.monotonic()
        value = count()
        after = time.monotonic()
        if after - before < ASK_AGAIN_S:
            break
    return (before + after) / 2, value, (after - before) / 2


def rate_of(count, seconds):
    """(how much it grows in a second, doubt), over `seconds`."""
    first, n, doubt = stamp(count)
    time.sleep(seconds)
    last, m, more = stamp(count)
    return (m - n) / (last - first), (doubt + more) / (last - first)


def warm_up(count, least):
    """Until two rates in a row are alike, `least` seconds at least; flows must be learned."""
    start, before = time.monotonic(), 0.0
    while time.monotonic() - start < WARM_MOST_S:
        now, _ = rate_of(count, WARM_STEP_S)
        steady = before > 0 and abs(now - before) < WARM_SAME * before
        if steady and time.monotonic() - start >= least:
            return
        before = now


def measure(guest, switch, seconds, warm):
    """Run the window. Rate and busy share are the guest's, in all systems alike."""
    switch.settle()
    warm_up(guest.packets, warm)
    offered, received = switch.offered(), guest.received()
    guest.begin()
    switch.begin()
    watch = Watch([switch.pid, guest.pid])
    rate, doubt = rate_of(guest.packets, seconds)
    disturbed = watch.share()
    switch_busy = switch.busy()
    guest.end()
    offered, received = switch.offered() - offered, guest.received() - received
    return Result(rate, doubt, guest.stop(rate), switch_busy,
                  received / offered if offered > 0 else None, disturbed)


def undisturbed(args, cpus, run):
    """The result of run(), which is repeated while others had too much of its CPUs."""
    best = None
    for _ in range(args.again + 1):
        wait_idle(cpus, args.patience)
        result = run()
        if best is None or result.disturbed < best.disturbed:
            best = result
        if best.disturbed <= DISTURBED:
            break
    return best


def disturbed_words(results):
    """What share others had, at worst of what counts; a warning where it spoils the result."""
    shares = [result.disturbed for result in results]
    worst = max([s for s in shares if s <= DISTURBED] or shares)
    return f"others had {worst:.1%} of its CPUs at most" + \
        (" (TOO MUCH: measure again on a quiet machine)" if worst > DISTURBED else "")
