# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Our own messages: on standard error, so that standard output is the result, or the guest's
# console. Used by all modules.

"""Messages, sizes and lists of words."""

import sys

MIB = 1 << 20


def say(text):
    """One message, each line with our name before it."""
    for line in str(text).splitlines():
        print(f"vnfkit: {line}", file=sys.stderr, flush=True)


def mib(size_bytes):
    """A size for people."""
    return f"{size_bytes / MIB:.1f} MiB"


def words(items, last="and"):
    """a, b and c"""
    items = [str(item) for item in items]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
