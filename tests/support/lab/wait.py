# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Waiting for something to become true, with a deadline. The lab never just sleeps: whoever waits
# says for what, and hears what was seen instead when it does not come. Any thread.

"""Deadlines and conditions."""

import os
import time

from .errors import LabError

POLL_S = 0.02


def slow_factor():
    """Deadlines are multiplied by this: VNFKIT_LAB_SLOW, for sanitizer builds and busy machines."""
    return float(os.environ.get("VNFKIT_LAB_SLOW", "1"))


class Deadline:
    """A point in time that is `seconds` away."""

    def __init__(self, seconds):
        self.seconds = seconds * slow_factor()
        self.end = time.monotonic() + self.seconds

    def left(self):
        """Seconds until then, not below 0."""
        return max(0.0, self.end - time.monotonic())

    def passed(self):
        """True from then on."""
        return time.monotonic() >= self.end


def until(condition, timeout, what, poll=POLL_S):
    """Return the first true value of `condition()`; LabError after `timeout` seconds."""
    deadline = Deadline(timeout)
    while True:
        value = condition()
        if value:
            return value
        if deadline.passed():
            raise LabError(f"waited {deadline.seconds:g} s for {what}, which did not happen")
        time.sleep(min(poll, deadline.left()))


def steady(sample, timeout, what, quiet=0.3):
    """Return `sample()` once it has not changed for `quiet` seconds."""
    deadline = Deadline(timeout)
    value, since = sample(), time.monotonic()
    while time.monotonic() - since < quiet:
        if deadline.passed():
            raise LabError(f"waited {deadline.seconds:g} s for {what} to settle; it keeps changing")
        time.sleep(POLL_S)
        new = sample()
        if new != value:
            value, since = new, time.monotonic()
    return value
