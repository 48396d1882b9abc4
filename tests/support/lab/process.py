# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A child process of a run: started in a namespace if wanted, its output read as it comes, ended by
# SIGTERM, a deadline and SIGKILL. It dies with us whatever happens (parent-death signal).
# Main thread; each process has one thread that reads its output.

"""Child processes."""

import contextlib
import re
import signal
import subprocess
import threading
import time

from .errors import LabError
from .wait import Deadline


class Process:
    """A running child. `netns` is a Namespace or None; `env` adds to ours, None removes."""

    def __init__(self, run, argv, name=None, netns=None, cwd=None, env=None):
        self.run = run
        self.name = name or argv[0].rsplit("/", 1)[-1]
        self.lines = []
        self._news = threading.Condition()
        full = ["setpriv", "--pdeathsig", "TERM", "--"]
        if netns:
            full += netns.enter_argv()
        try:
            self.popen = subprocess.Popen(
                full + list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace", process_group=0,
                cwd=cwd or run.dir, env=self._environment(env or {}))
        except OSError as error:
            raise LabError(f"{self.name} cannot be started: {error}") from error
        self.pid = self.popen.pid
        self.started = time.monotonic()
        run.processes.append(self)
        run.defer(self.end)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _environment(self, changes):
        merged = {**self.run.env(), **changes}
        return {name: value for name, value in merged.items() if value is not None}

    def _read(self):
        with open(self.run.path(f"{self.name}-{self.pid}.log"), "w", encoding="utf-8") as log:
            for line in self.popen.stdout:
                log.write(line)
                log.flush()
                with self._news:
                    self.lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def running(self):
        """True until it ended."""
        return self.popen.poll() is None

    def output(self):
        """All it has written, standard output and error together."""
        with self._news:
            return "\n".join(self.lines)

    def tail(self, n=15):
        """Its last lines, for error texts."""
        with self._news:
            lines = self.lines[-n:]
        return "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"

    def mark(self):
        """A place in the output; wait_log() can look at what comes after it only."""
        with self._news:
            return len(self.lines)

    def find_log(self, pattern, since=0):
        """The first match of the regular expression after the mark, or None."""
        with self._news:
            lines = self.lines[since:]
        return next((m for m in (re.search(pattern, line) for line in lines) if m), None)

    def wait_log(self, pattern, timeout=10, since=0):
        """Wait until a line matches; return the match."""
        deadline = Deadline(timeout)
        expression = re.compile(pattern)
        with self._news:
            while True:
                for line in self.lines[since:]:
                    match = expression.search(line)
                    if match:
                        return match
                since = max(since, len(self.lines))
                ended = not self._reader.is_alive()
                if ended or deadline.passed():
                    break
                self._news.wait(min(deadline.left(), 0.2))
        why = f"did not in {deadline.seconds:g} s"
        if ended:
            why = f"ended with code {self.wait(5)}"
        raise LabError(f"{self.name} should write /{pattern}/ but {why}; its last lines:\n"
                       f"{self.tail()}")

    def signal(self, signum):
        """Send a signal, if it still runs."""
        if self.running():
            self.popen.send_signal(signum)

    def wait(self, timeout=10):
        """Wait for its end; return the exit code (negative: the signal that ended it)."""
        deadline = Deadline(timeout)
        try:
            code = self.popen.wait(deadline.left())
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.name} (pid {self.pid}) should have ended within "
                           f"{deadline.seconds:g} s; its last lines:\n{self.tail()}") from None
        self._reader.join(2)
        return code

    def kill_now(self):
        """SIGKILL; does not wait."""
        with contextlib.suppress(OSError):
            self.signal(signal.SIGKILL)

    def end(self, grace=5):
        """End it: SIGTERM, `grace` seconds, SIGKILL. LabError if it had to be killed."""
        if not self.running():
            return self.wait(1)
        self.signal(signal.SIGTERM)
        # One that was stopped hears it only then.
        self.signal(signal.SIGCONT)
        try:
            return self.wait(grace)
        except LabError:
            self.kill_now()
            self.run.crashed.add(self.pid)
            self.wait(5)
            raise LabError(f"{self.name} (pid {self.pid}) ignored SIGTERM for {grace} s and was "
                           f"killed; its last lines:\n{self.tail()}") from None


def command(argv, netns=None, timeout=30, check=True, env=None):
    """Run a short command to its end; return the subprocess.CompletedProcess."""
    full = (netns.enter_argv() if netns else []) + list(argv)
    deadline = Deadline(timeout)
    try:
        done = subprocess.run(full, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=deadline.left(), env=env, check=False)
    except FileNotFoundError as error:
        raise LabError(f"{error.filename} is not installed; tools/demo installs what the lab "
                       "needs") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"'{' '.join(argv)}' took longer than {deadline.seconds:g} s") from error
    if check and done.returncode != 0:
        raise LabError(f"'{' '.join(argv)}' failed with code {done.returncode}: "
                       f"{(done.stderr or done.stdout).strip()}")
    return done


def alive(pid):
    """True while a process of this number exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
