# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What the modules of this package raise for main.py to print. Nothing else reaches the user.

"""Exceptions, each with the exit code that it leads to."""

import signal

# That of a closed terminal is among them, unless nohup has us ignore it.
STOP_SIGNALS = [number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
                if signal.getsignal(number) != signal.SIG_IGN]


class FrontError(Exception):
    """Something failed; the text says what, where, and what to do."""

    code = 1


class UsageError(FrontError):
    """The command line or a configuration asks for what is not possible."""

    code = 2


class AlreadySaid(FrontError):
    """A program that we ran has printed what is wrong; there is nothing to add."""

    def __init__(self, code):
        super().__init__("")
        self.code = code


class Interrupted(BaseException):
    """A signal asked us to end. Not an Exception, so that nothing swallows it."""

    def __init__(self, signum):
        super().__init__(signum)
        self.signum = signum
