# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Two lists of frames, or of verdicts, as a person wants to see their difference: one line each,
# "-" for what should be there, "+" for what is; of the first frame that is another one, the header
# fields and octets. Used by golden.py. Any thread.

"""Differences of records and of verdicts."""

import difflib
import json

from . import dissect
from .capture import SECOND_NS

CONTEXT = 2
# Lines of a difference that are shown, and items that are compared for them.
SHOWN_MAX = 24
WINDOW = 200


def since(time_ns, origin_ns):
    """A time as seconds since the first input."""
    sign, length = ("-", origin_ns - time_ns) if time_ns < origin_ns else ("", time_ns - origin_ns)
    seconds, rest = divmod(length, SECOND_NS)
    fraction = f"{rest:09d}"
    return f"{sign}{seconds}.{fraction[:6] if fraction.endswith('000') else fraction}"


def common_start(old, new):
    """How many of the first are the same."""
    for at, (one, other) in enumerate(zip(old, new)):
        if one != other:
            return at
    return min(len(old), len(new))


def list_diff(old, new, show):
    """(lines, pair): the difference, and the first of old and new that stand in one place."""
    start = max(common_start(old, new) - CONTEXT, 0)
    window = [items[start:start + WINDOW] for items in (old, new)]
    # What makes an item equal to another, as a string, which is always hashable.
    keys = [[repr(item) for item in items] for items in window]
    lines, pair = [], None
    for what, a, b, c, d in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if what == "equal":
            lines += [f"  {show(start + i, window[0][i])}" for i in near(a, b, len(window[0]))]
            continue
        if what == "replace" and pair is None:
            pair = window[0][a], window[1][c]
        lines += [f"- {show(start + i, window[0][i])}" for i in range(a, b)]
        lines += [f"+ {show(start + i, window[1][i])}" for i in range(c, d)]
    if len(lines) > SHOWN_MAX or max(len(old), len(new)) > start + WINDOW:
        lines = lines[:SHOWN_MAX] + ["  …"]
    return lines, pair


def near(a, b, n):
    """Of the same items a to b among n, those beside what differs."""
    return [i for i in range(a, b) if i < a + CONTEXT or (b < n and i >= b - CONTEXT)]


def frames_diff(old, new, origin_ns):
    """Lines about two lists of frames that differ."""
    def show(index, frame):
        return f"{index + 1:4} {since(frame.time_ns, origin_ns)} {dissect.line(frame.data)}"

    lines, pair = list_diff(old, new, show)
    if pair is not None:
        lines += frame_diff(*pair, origin_ns)
    return lines


def frame_diff(old, new, origin_ns):
    """Lines about the first frame that is another one."""
    lines = []
    if old.time_ns != new.time_ns:
        lines.append(f"time: {since(old.time_ns, origin_ns)} → {since(new.time_ns, origin_ns)}")
    if old.data != new.data:
        lines += dissect.fields(old.data, new.data) or []
        lines += dissect.octets(old.data, new.data)
    return ["the first that differs:"] + [f"  {line}" for line in lines]


def verdict_line(event, origin_ns):
    """A verdict in a line."""
    seconds, _, rest = str(event.get("time", "0.0")).partition(".")
    time_ns = int(seconds) * SECOND_NS + int(rest.ljust(9, "0"))
    number = event.get("number")
    text = f"packet {number} from {event.get('port')}" if number is not None else "a made packet"
    text = f"{since(time_ns, origin_ns)} {text}: {event.get('verdict')}"
    for key, word in (("reason", ""), ("to", " to")):
        if event.get(key) is not None:
            text += f"{word} {event[key]}"
    return text


def verdicts_diff(old, new, origin_ns):
    """Lines about two lists of verdicts that differ."""
    def show(_, event):
        try:
            return verdict_line(event, origin_ns)
        except ValueError:
            return json.dumps(event)

    return list_diff(old, new, show)[0]
