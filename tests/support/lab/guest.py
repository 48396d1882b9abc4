# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A VNF in a virtual machine, as a user has it: `vnfkit run --qemu` on the sockets of a running
# vnf-switch. It stands where an Instance stands, so that a Path goes through it unchanged. The
# machine's memory ends with it, so its report is what it wrote on the console. Used by the guest
# tests. Main thread.

"""Virtual machines."""

import functools
import json
import os
import re
import shutil
import signal
import socket
import sys

from .checks import ledger_faults
from .config import config_text
from .errors import LabError, LabUnavailable
from .instance import Instance
from .process import Process, command
from .programs import ROOT, build_dir, installed
from .wait import until

sys.path.insert(0, os.path.join(ROOT, "tools"))

from front import kernel  # noqa: E402
from front.errors import FrontError  # noqa: E402

# From QEMU's start to a forwarding VNF, under emulation on a busy machine.
BOOT_S = 60
LEDGER = re.compile(r"notice: ledger: rx (\d+) \+ created (\d+) \+ handed in (\d+) = "
                    r"tx (\d+) \+ drops (\d+) \+ handed out (\d+) \+ held (\d+)")
LEDGER_KEYS = ("rx", "created", "handed_in", "tx", "drops", "handed_out", "held")


def vnfkit():
    """The front tool."""
    return os.path.join(ROOT, "tools", "vnfkit")


def guest_cpus():
    """What pins a machine to the CPUs that the switch does not have."""
    cpus = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", ",".join(map(str, cpus[1:] or cpus))]


@functools.cache
def require_machine():
    """LabUnavailable, with the reason, if there is no QEMU or no kernel for a machine."""
    installed("qemu-system-x86_64")
    try:
        kernel.get_kernel()
    except FrontError as error:
        raise LabUnavailable(f"no kernel for a machine: {error}") from error


class GuestVnf(Instance):
    """A VNF in a machine. `options` go to `vnfkit run`, `image` is a folder made before."""

    def __init__(self, run, program, settings, options=(), image=None):
        require_machine()
        # Physical addresses take hugepages; the lab's processes do without.
        settings = {k: v for k, v in settings.items() if k != "hugepages"}
        super().__init__(run, program, settings)
        self.options = list(options)
        self.restarted = False
        self.image = image
        self.control = run.path(f"{self.name}.ctl")
        self.monitor = run.path(f"{self.name}.qmp")

    def start(self, wait=True, extra=()):
        """Start the machine and wait until its VNF runs."""
        with open(self.config_path, "w", encoding="utf-8") as f:
            f.write(config_text(self.settings))
        what = [self.image] if self.image else [self.program, "-c", self.config_path]
        self.process = Process(self.run, [
            *guest_cpus(), vnfkit(), "run", "--qemu", *what, "--control", self.control,
            "--monitor", self.monitor, *self.options, *extra], name=self.name,
            env={"VNFKIT_BUILD": build_dir()})
        if wait:
            self._wait_started(extra)
        return self

    def _wait_started(self, extra):
        try:
            self.wait_running()
        except LabError:
            if self.restarted or not self._kernel_hangs():
                raise
            # Under emulation, one boot in many hundreds does not get as far as its first process:
            # that is QEMU's and the kernel's matter, and no test of ours.
            print(f"{self.name}: the machine's kernel hangs; another one is started")
            self.restarted = True
            self.crash()
            self.start(extra=extra)

    def _kernel_hangs(self):
        """Has the machine's kernel said that it is stuck, before there was a VNF?"""
        output = self.process.output()
        return "watchdog: BUG: soft lockup" in output and "notice: " not in output

    def wait_running(self, since=0):
        """Wait until the VNF forwards, for the first time or after a reset."""
        self.process.wait_log(r"notice: running: ", BOOT_S, since)

    def ask(self, *words):
        """`vnfkit guest` with these words; what it printed."""
        return command([vnfkit(), "guest", self.control, *words]).stdout

    def telemetry(self, request):
        """The VNF's telemetry, through the machine's control port."""
        answer = json.loads(self.ask("telemetry", request))
        return answer.get(request.split(",", maxsplit=1)[0], answer)

    def qmp(self, command, /, **arguments):
        """One command of QEMU's monitor."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            until(lambda: os.path.exists(self.monitor), 20, f"{self.name}: QEMU's monitor")
            s.connect(self.monitor)
            stream = s.makefile("rw", encoding="utf-8")
            json.loads(stream.readline())
            for request in ({"execute": "qmp_capabilities"},
                            {"execute": command, "arguments": arguments}):
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                answer = self._reply(stream)
        return answer

    @staticmethod
    def _reply(stream):
        for line in stream:
            answer = json.loads(line)
            if "error" in answer:
                raise LabError(f"QEMU's monitor: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise LabError("QEMU's monitor hung up")

    def qemu_pid(self):
        """Number of the QEMU process."""
        def find():
            for pid in self._descendants(self.process.pid):
                with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
                    if f.read().startswith("qemu-system"):
                        return pid
            return None
        return until(find, 10, f"{self.name}: a QEMU process below pid {self.process.pid}")

    def _descendants(self, pid):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            children = [int(word) for word in f.read().split()]
        return children + [d for child in children for d in self._descendants(child)]

    def reset(self):
        """The machine's reset button; the VNF starts anew."""
        mark = self.process.mark()
        self.qmp("system_reset")
        return mark

    def crash(self):
        """Kill QEMU without warning."""
        self.run.crashed.add(self.process.pid)
        os.kill(self.qemu_pid(), signal.SIGKILL)
        self.process.wait(20)

    def stop(self, timeout=30, signum=signal.SIGTERM, code=0):
        """Stop it as an operator does; return its report, checked."""
        return super().stop(timeout, signum, code)

    def report(self):
        """What the VNF wrote at its end; LabError if that is missing or does not add up."""
        found = LEDGER.findall(self.process.output())
        if not found:
            raise LabError(f"{self.name} wrote no ledger; its last lines:\n{self.process.tail()}")
        ledger = dict(zip(LEDGER_KEYS, map(int, found[-1])))
        # The console has none: it was in the VNF's own hands to add up.
        ledger["balance"] = 0
        faults = ledger_faults(self.name, ledger)
        if faults:
            raise LabError("; ".join(faults))
        return {"ledger": ledger}


def image(run, name, settings, program, *options):
    """Make an image by `vnfkit image`; its folder."""
    require_machine()
    path = run.path(f"{name}.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(config_text(settings))
    folder = run.path(f"{name}.image")
    command([vnfkit(), "image", program, "-c", path, "-o", folder, *options], timeout=120,
            env={**os.environ, "VNFKIT_BUILD": build_dir()})
    run.defer(shutil.rmtree, folder, True)
    return folder
