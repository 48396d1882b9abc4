# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Where a command line enters: the command it names, and the one place that prints an error. No
# traceback reaches a user; VNFKIT_DEBUG=1 shows those of our own faults. Called by tools/vnfkit.

"""The entry."""

import contextlib
import os
import signal
import sys
import traceback

from .ctl import ctl_main
from .errors import STOP_SIGNALS, AlreadySaid, FrontError, Interrupted
from .guest import guest_main
from .image import image_main
from .options import parse
from .run import run_main
from .say import say
from .testing import test_main

COMMANDS = {"image": image_main, "run": run_main, "guest": guest_main, "ctl": ctl_main,
            "test": test_main}


def main(arguments):
    """Run a command line; the exit code."""
    for number in STOP_SIGNALS:
        signal.signal(number, interrupt)
    try:
        args = parse(arguments)
        code = COMMANDS[args.command](args)
        sys.stdout.flush()
        return code
    except AlreadySaid as error:
        return error.code
    except FrontError as error:
        say(error)
        return error.code
    except BrokenPipeError:
        # Who reads our output has left; Python would complain once more at its end.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except Interrupted as interrupted:
        return 128 + interrupted.signum
    except Exception as error:  # pylint: disable=broad-exception-caught
        if os.environ.get("VNFKIT_DEBUG") == "1":
            traceback.print_exc()
        say(f"unexpected {type(error).__name__}: {error}; VNFKIT_DEBUG=1 shows where")
        return 1


def interrupt(signum, _frame):
    """A signal ends what we do, temporary files included."""
    raise Interrupted(signum)
