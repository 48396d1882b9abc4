# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What the lab raises. Used by every module of the package and by its callers. Any thread.

"""Exceptions of the lab."""


class LabError(Exception):
    """Something did not happen as it should; the text says what, where, and what to do."""


class LabUnavailable(LabError):
    """This machine or user cannot do it; the text says why. A test turns it into a skip."""


class Interrupted(BaseException):
    """A signal asked the run to end. Not an Exception, so that nothing swallows it."""

    def __init__(self, signum):
        super().__init__(f"ended by signal {signum}")
        self.signum = signum
