# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A run: everything that one bring-up of the lab creates, under one id. Whatever is created
# registers how it is undone (Run.defer); closing the run undoes all of it, in reverse order, also
# after an error, Ctrl-C or SIGTERM, and then looks for anything that is still there.
# Used by all that creates something. Main thread.

"""Runs: identity, clean-up, leak check."""

import atexit
import contextlib
import glob
import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import weakref

from .errors import Interrupted, LabError

ID_VARIABLE = "VNFKIT_LAB_ID"
_open_runs = weakref.WeakSet()


class Run:
    """One bring-up: use as a context manager."""

    def __init__(self, label="lab"):
        self.label = label
        self.id = secrets.token_hex(3)
        base = tempfile.gettempdir()
        # A socket's path has 107 bytes; leave room for the names below.
        if len(base) > 60:
            base = "/tmp"
        self.dir = os.path.join(base, f"vnfkit-{self.id}")
        os.mkdir(self.dir, 0o700)
        self._began = os.stat(self.dir).st_mtime
        os.mkdir(self.path("r"), 0o700)
        os.mkdir(self.path("c"), 0o755)
        self.processes = []
        self.namespaces = []
        self.crashed = set()
        self.leaks = []
        self.errors = []
        self.closing = False
        self.closed = False
        self._undo = []
        with open(self.path("owner"), "w", encoding="ascii") as f:
            f.write(f"{os.getpid()}\n")
        _open_runs.add(self)

    def path(self, *parts):
        """A path inside of the run's directory."""
        return os.path.join(self.dir, *parts)

    def socket(self, name):
        """A path for a UNIX socket, in a directory of its own."""
        os.makedirs(self.path("s"), mode=0o700, exist_ok=True)
        return self.path("s", f"{name}.sock")

    def name(self, what):
        """A name that no other run has, for namespaces."""
        return f"vnfkit-{self.id}-{what}"

    def env(self):
        """
        Environment of the run's processes: by the id they are found again. DPDK's runtime
        directories of ordinary users are the run's own, for /tmp/dpdk is the first user's only;
        and so is the directory of control sockets of everybody.
        """
        own = {ID_VARIABLE: self.id, "LC_ALL": "C.UTF-8", "VNFKIT_RUN_DIR": self.path("c")}
        if os.geteuid() != 0:
            own["XDG_RUNTIME_DIR"] = self.path("r")
        inherited = {k: v for k, v in os.environ.items() if k != "RUNTIME_DIRECTORY"}
        return {**inherited, **own}

    def runtime_dirs(self):
        """Where EAL may put the runtime directories of our processes."""
        return ["/var/run/dpdk", self.path("r", "dpdk"), "/tmp/dpdk"]

    def runtime_dirs_of(self, pid):
        """Those of one process that exist; not of one that had its number before the run."""
        found = [d for base in self.runtime_dirs() for d in glob.glob(f"{base}/*-{pid}")]
        return [d for d in found if os.stat(d).st_mtime >= self._began]

    def defer(self, undo, *args):
        """Call `undo(*args)` when the run is closed; later ones first."""
        self._undo.append((undo, args))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self.close()
        faults = self.errors + self.leaks
        if faults and kind is None:
            raise LabError("clean-up of the run failed: " + "; ".join(faults))
        for fault in faults:
            print(f"clean-up: {fault}", file=sys.stderr)

    def close(self):
        """Undo everything, look for what is left, remove the directory. May be called twice."""
        if self.closed:
            return
        self.closing = True
        while self._undo:
            undo, args = self._undo.pop()
            try:
                undo(*args)
            except Exception as error:  # each step of the clean-up must be tried
                self.errors.append(str(error))
        self._remove_runtime_dirs(self.crashed)
        self.leaks = self.find_leaks()
        self._end_strays()
        self._remove_runtime_dirs(p.pid for p in self.processes)
        if os.environ.get("VNFKIT_LAB_KEEP"):
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        self.closed = True
        _open_runs.discard(self)

    def end_processes(self):
        """End those that still run, the last one first; the rest of the clean-up is close()'s."""
        for process in reversed(self.processes):
            process.end()

    def _remove_runtime_dirs(self, pids):
        """What processes leave that were killed on purpose, or are at fault, is ours to remove."""
        for pid in pids:
            for path in self.runtime_dirs_of(pid):
                shutil.rmtree(path, ignore_errors=True)

    def strays(self):
        """Pids of living processes of this run (descendants too, by their environment)."""
        mark = f"{ID_VARIABLE}={self.id}".encode()
        found = []
        for path in glob.glob("/proc/[0-9]*/environ"):
            pid = int(path.split("/")[2])
            with contextlib.suppress(OSError), open(path, "rb") as f:
                if pid != os.getpid() and mark in f.read().split(b"\0"):
                    found.append(pid)
        return found

    def _end_strays(self):
        for pid in self.strays():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def find_leaks(self):
        """Sentences about all that should not exist after the run."""
        leaks = [f"process {p.pid} ({p.name}) still runs" for p in self.processes if p.running()]
        leaks += [f"process {pid} of the run still runs" for pid in self.strays()]
        leaks += [f"network namespace {n} still exists" for n in self.namespaces
                  if os.path.exists(f"/run/netns/{n}")]
        for process in self.processes:
            leaks += [f"{process.name} left the directory {d}"
                      for d in self.runtime_dirs_of(process.pid)]
            leaks += [f"{process.name} left the hugepage file {f}"
                      for f in _hugetlb_files_of(process.pid)]
        if not self.crashed:
            leaks += [f"the socket {s} was left behind" for s in _sockets_below(self.dir)]
        return sorted(set(leaks))


def _hugetlb_files_of(pid):
    with open("/proc/mounts", encoding="utf-8") as f:
        mounts = [line.split()[1] for line in f if line.split()[2] == "hugetlbfs"]
    return [path for m in mounts for path in glob.glob(f"{m}/*-{pid}map_*")]


def _sockets_below(folder):
    found = []
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    found.append(path)
    return found


def close_all():
    """Close every run that is still open."""
    for run in list(_open_runs):
        run.close()


def _on_signal(signum, _frame):
    runs = list(_open_runs)
    if not any(run.closing for run in runs):
        raise Interrupted(signum)
    # Asked again while cleaning up: do not wait for children any longer.
    for run in runs:
        for process in run.processes:
            process.kill_now()


def handle_signals():
    """Turn SIGINT, SIGTERM and SIGHUP into Interrupted, so that clean-up runs."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _on_signal)


def sweep():
    """Remove what runs left whose owner was killed: their namespaces and directories."""
    for owner in glob.glob(os.path.join(tempfile.gettempdir(), "vnfkit-*", "owner")):
        folder = os.path.dirname(owner)
        try:
            with open(owner, encoding="ascii") as f:
                pid = int(f.read())
            if os.path.exists(f"/proc/{pid}") or os.stat(folder).st_uid != os.geteuid():
                continue
        except (OSError, ValueError):
            continue
        for path in glob.glob(f"/run/netns/{os.path.basename(folder)}-*"):
            subprocess.run(["ip", "netns", "del", os.path.basename(path)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


atexit.register(close_all)
