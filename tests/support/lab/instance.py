# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A vnfkit program as an operator has it: a configuration file, a process, its telemetry, its final
# report. Used by the topology and the tests. Main thread.

"""Running vnfkit programs."""

import json
import os
import signal

from .checks import ledger_faults
from .config import config_text
from .errors import LabError
from .process import Process
from .telemetry import Telemetry
from .wait import until


class Instance:
    """A vnf-switch or a VNF. It can be started, stopped and started again."""

    def __init__(self, run, program, settings):
        self.run = run
        self.program = program
        self.settings = settings
        self.name = settings["name"]
        self.config_path = run.path(f"{self.name}.conf")
        self.report_path = run.path(f"{self.name}.report.json")
        self.process = None
        self._telemetry = None
        self._ports = None

    def start(self, wait=True, extra=(), env=None, prefix=()):
        """
        Write the configuration, start the program, wait until its workers run. `env` is of the
        process; `prefix` is a command that starts it.
        """
        self.write()
        if os.path.exists(self.report_path):
            os.unlink(self.report_path)
        self._hang_up()
        self.process = Process(self.run, [*prefix, self.program, "-c", self.config_path,
                                          "--report", self.report_path, *extra], name=self.name,
                               env=env)
        if wait:
            self.process.wait_log(r"notice: running: ", timeout=20)
        return self

    def port_state(self, port):
        """True if the log's last word on the port is that it is up."""
        lines = [line for line in self.process.output().splitlines()
                 if f'port "{port}" is ' in line]
        return bool(lines) and lines[-1].rstrip().endswith(f'port "{port}" is up')

    def wait_port(self, *ports, timeout=10):
        """Wait until these ports are up (without names: all)."""
        for port in ports or [p["name"] for p in self.settings["ports"]]:
            self.process.wait_log(rf'port "{port}" is up', timeout)
            until(lambda p=port: self.port_state(p), timeout, f"{self.name}: port {port} to be up")

    # Numbers ------------------------------------------------------------------------------------

    def telemetry(self, request):
        """Ask over the telemetry socket, with the connection kept open."""
        if self._telemetry is None:
            place, prefix = self.process.wait_log(
                r"telemetry: (?:RUNTIME_DIRECTORY=(\S+) )?dpdk-telemetry\.py -f (\S+)").groups()
            bases = [f"{place}/dpdk"] if place else self.run.runtime_dirs()
            paths = [f"{base}/{prefix}/dpdk_telemetry.v2" for base in bases]
            path = until(lambda: next((p for p in paths if os.path.exists(p)), None), 5,
                         f"{self.name}: telemetry socket, one of {', '.join(paths)}")
            self._telemetry = Telemetry(path)
        return self._telemetry.ask(request)

    def _hang_up(self):
        if self._telemetry:
            self._telemetry.close()
        self._telemetry = self._ports = None

    def port_id(self, port):
        """Number of a port by its name."""
        if self._ports is None:
            self._ports = self.telemetry("/vnf/ports")
        return self._ports.index(port)

    def stats(self, port):
        """Counters of a port."""
        return self.telemetry(f"/vnf/stats,{self.port_id(port)}")

    def drops(self, port):
        """Drops of a port by reason; only those that happened."""
        drops = self.telemetry(f"/vnf/drops,{self.port_id(port)}")
        return {reason: n for reason, n in (drops or {}).items() if n}

    def ledger(self):
        """The ledger, as of a burst border."""
        return self.telemetry("/vnf/ledger")

    # Reloads ------------------------------------------------------------------------------------

    def write(self, **settings):
        """Change the file."""
        self.settings = {**self.settings, **settings}
        with open(self.config_path, "w", encoding="utf-8") as f:
            f.write(config_text(self.settings))

    def hang_up(self):
        """SIGHUP; returns a mark in the log from before it."""
        mark = self.process.mark()
        self.process.signal(signal.SIGHUP)
        return mark

    def generation(self):
        """Number of the configuration in force."""
        return self.telemetry("/vnf/info")["generation"]

    def reload(self, **settings):
        """Change the file and wait until that is in force."""
        self.write(**settings)
        mark = self.hang_up()
        self.process.wait_log(r"generation \d+ is in force|stays in force", since=mark)
        if not self.process.find_log(r"generation \d+ is in force", since=mark):
            raise LabError(f"{self.name} did not take over its file:\n{self.process.tail()}")
        self._ports = None

    def refused(self, pattern, undone=False, **settings):
        """
        Change the file, which must not be taken over, for this reason; then mend it. `undone`: it
        was in force for a moment.
        """
        good, before = dict(self.settings), self.generation()
        self.write(**settings)
        mark = self.hang_up()
        self.process.wait_log(pattern, since=mark)
        self.process.wait_log("stays in force", since=mark)
        if self.generation() != before + (2 if undone else 0):
            raise LabError(f"{self.name} took over a file that it refused")
        self.write(**{key: good.get(key) for key in settings})

    # End ----------------------------------------------------------------------------------------

    def stop(self, timeout=10, signum=signal.SIGTERM, code=0):
        """Stop it as an operator does; return its report, checked."""
        self._hang_up()
        self.process.signal(signum)
        got = self.process.wait(timeout)
        if got != code:
            raise LabError(f"{self.name} should end with code {code} but ended with {got}; its "
                           f"last lines:\n{self.process.tail()}")
        return self.report()

    def report(self):
        """The report of the last stop; LabError if it is missing or does not add up."""
        try:
            with open(self.report_path, encoding="utf-8") as f:
                report = json.load(f)
        except (OSError, ValueError) as error:
            raise LabError(f"{self.name} left no usable report: {error}; its last lines:\n"
                           f"{self.process.tail()}") from error
        faults = ledger_faults(self.name, report["ledger"])
        if faults:
            raise LabError("; ".join(faults))
        return report

    def crash(self):
        """Kill it without warning."""
        self._hang_up()
        self.run.crashed.add(self.process.pid)
        self.process.kill_now()
        self.process.wait(5)
