# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnfkit guest: one request to a running guest, and its answer in words. Used by main.py.

"""Talking to a guest."""

import json

from .control import Control
from .errors import FrontError


def guest_main(args):
    """The command."""
    control = Control(args.socket, args.timeout)
    try:
        fields = {"request": args.query} if args.request == "telemetry" else {}
        result = control.request(args.request, **fields)
    finally:
        control.close()
    try:
        text = json.dumps(result) if args.json else WORDS[args.request](result)
    except (AttributeError, TypeError, ValueError, RecursionError):
        raise FrontError(f"{args.socket}: the answer is none of vnfkit's") from None
    print(text)
    return 0


def status_words(status):
    """A line or two about the VNF."""
    text = status.get("state", "unknown")
    if status.get("pid") and text != "ended":
        text += f", pid {status['pid']} in the guest"
    if status.get("uptime_s") is not None:
        text += f", up {status['uptime_s']} s"
    starts = status.get("starts") or 0
    text += f", started {'once' if starts == 1 else f'{starts} times'}"
    if status.get("code") is not None or status.get("signal") is not None:
        text += f"\nits last end: {end_words(status)}"
    return text


def end_words(end):
    """How a VNF ended."""
    if end.get("signal") is not None:
        return f"signal {end['signal']}"
    return f"exit code {end.get('code')}"


WORDS = {
    "status": status_words,
    "stop": lambda _: "stopping; the machine switches off afterwards",
    "restart": lambda _: "restarting",
    "telemetry": lambda result: json.dumps(result, indent=2),
}
