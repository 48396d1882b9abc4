# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# One life of a virtual machine: QEMU as our child, its console, its messages, the control port, our
# signals, and the deadlines of a stop, all in one loop on one thread. QEMU dies with us
# (parent-death signal), and nothing of it stays behind. Used by run.py.

"""A running guest."""

import contextlib
import dataclasses
import grp
import os
import pwd
import selectors
import signal
import socket
import subprocess
import sys
import time

from . import qemu
from .errors import STOP_SIGNALS, FrontError
from .guest import end_words
from .hub import Hub
from .program import not_there
from .say import say
from .unixnet import CONNECTED, give, remove_stale, states

STOP_S = 10      # for the VNF and the guest to end by themselves
SILENT_S = 2     # the same, while nothing has been heard of a guest
QEMU_S = 3       # for QEMU to end when told to
WAIT_SAY_S = 2   # after which we say which sockets nobody has connected to
TICK_S = 0.1
EARLY_S = 5      # a failure before that is one of starting


@dataclasses.dataclass
class End:
    """How it went. qemu: its exit code; vnf: the last "ended" event; asked: to stop, by us;
    messages: those of QEMU."""

    qemu: int
    vnf: dict
    asked: bool
    forced: bool
    early: bool
    messages: tuple = ()


class Session:
    """Start with run()."""

    def __init__(self, machine, control, monitor=None, more=()):
        self.machine, self.control, self.monitor, self.more = machine, control, monitor, more
        self.selector = selectors.DefaultSelector()
        self.signals = 0
        self.vnf_end, self.heard, self.connected = {}, False, not machine.nics
        self.waiting_said, self.messages, self.message = False, set(), b""
        self.forced, self.stages = False, []
        self.given = set()   # sockets that QEMU made and that have their owners
        self.process = self.hub = None
        self.console_open = True
        self.started = time.monotonic()

    def run(self):
        """From start to end; the End."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.selector)
            stack.callback(self.remove_sockets)
            self.take_signals(stack)
            self.launch(stack)
            while self.process.poll() is None:
                for key, _ in self.selector.select(self.timeout()):
                    key.data()
                self.tick()
            self.drain()
            return End(self.process.returncode, self.vnf_end, self.signals > 0, self.forced,
                       time.monotonic() - self.started < EARLY_S and not self.heard,
                       tuple(self.messages))

    # Start and end ------------------------------------------------------------------------------

    def launch(self, stack):
        """QEMU, with one end of the control port; its console and its messages by pipes."""
        ours, theirs = socket.socketpair()
        stack.callback(ours.close)
        with theirs:
            self.hub = Hub(self.selector, ours, self.control, self.on_event)
            stack.callback(self.hub.close)
            command = qemu.argv(self.machine, f"fd={theirs.fileno()}", self.monitor, self.more)
            try:
                self.process = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", "--", *command], stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0,
                    pass_fds=[theirs.fileno()])
            except FileNotFoundError:
                raise FrontError(not_there("setpriv")) from None
        stack.callback(self.end_qemu)
        for pipe, take in ((self.process.stdout, self.on_console),
                           (self.process.stderr, self.on_message)):
            os.set_blocking(pipe.fileno(), False)
            self.selector.register(pipe, selectors.EVENT_READ, take)
        pidfd = os.pidfd_open(self.process.pid)
        stack.callback(os.close, pidfd)
        self.selector.register(pidfd, selectors.EVENT_READ, lambda: None)

    def take_signals(self, stack):
        """Signals are counted, and wake the loop up."""
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.setblocking(False)
            stack.callback(end.close)
        self.selector.register(reader, selectors.EVENT_READ, lambda: self.on_signal(reader))
        stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(writer.fileno()))
        for number in STOP_SIGNALS:
            stack.callback(signal.signal, number, signal.signal(number, lambda *_: None))

    def end_qemu(self):
        """Whatever happened, it is gone afterwards."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def remove_sockets(self):
        """Those that QEMU made and could not remove; our caller has claimed their paths."""
        for path in [nic.socket for nic in self.machine.nics if nic.mode == "server"]:
            remove_stale(path)
        if self.monitor:
            remove_stale(self.monitor)

    # What happens -------------------------------------------------------------------------------

    def on_signal(self, reader):
        """The first one asks, the second one does not."""
        self.signals += len(reader.recv(64))
        if self.signals > 1:
            say("ending at once")
            self.forced = True
            self.process.kill()
        else:
            self.stop()

    def stop(self):
        """Ask for an end, and take note of what follows when it does not come."""
        self.signals = max(self.signals, 1)
        if self.stages:
            return
        say("stopping the VNF")
        self.hub.ask("stop")
        self.stages = self.deadlines()

    def deadlines(self):
        """(when, what is then said to have failed, what is done) of a stop, in this order."""
        if self.heard or self.connected:
            wait, text = STOP_S, f"the guest did not switch off within {STOP_S} s"
        else:
            # QEMU may still wait for the switch: then nobody is there to hear, and none has failed.
            wait, text = SILENT_S, ""
        first = time.monotonic() + wait
        return [(first, text, self.process.terminate),
                (first + QEMU_S, "QEMU did not end", self.process.kill)]

    def hear(self):
        """There is a guest; one that is being stopped gets its time."""
        if not self.heard:
            self.heard = True
            self.stages = self.stages and self.deadlines()

    def on_console(self):
        """The guest's console, as it comes."""
        data = self.read(self.process.stdout)
        if data:
            self.hear()
        if not self.console_open:
            return
        try:
            sys.stdout.buffer.write(data.replace(b"\r", b""))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            self.console_open = False
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            say("nobody reads the console any more")
            self.stop()

    def on_message(self):
        """QEMU's own messages; one that is repeated is shown once."""
        *lines, self.message = (self.message + self.read(self.process.stderr)).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").removeprefix(f"{qemu.QEMU}: ").strip()
            if text and text not in self.messages and "QEMU waiting for connection" not in text:
                self.messages.add(text)
                say(f"qemu: {text}")

    def read(self, pipe):
        """What is there now."""
        try:
            data = os.read(pipe.fileno(), 65536)
        except BlockingIOError:
            return b""
        if not data and pipe.fileno() in self.selector.get_map():
            self.selector.unregister(pipe)
        return data

    def on_event(self, event):
        """The guest tells."""
        self.hear()
        if event.get("event") == "ended":
            self.vnf_end = {key: event[key] for key in ("code", "signal")
                            if isinstance(event.get(key), int)} or {"code": None}
        elif event.get("event") in ("started", "running"):
            self.vnf_end = {}
            if event["event"] == "running":
                say(f"running, after {time.monotonic() - self.started:.1f} s")

    def drain(self):
        """The last words of an ended QEMU."""
        ends = (self.hub.guest, self.process.stdout, self.process.stderr)
        while True:
            ready = [key for key, _ in self.selector.select(0) if key.fileobj in ends]
            if not ready:
                return
            for key in ready:
                key.data()

    # As time goes by ----------------------------------------------------------------------------

    def timeout(self):
        """Seconds that the loop may sleep."""
        if not self.connected:
            return TICK_S
        return max(0, self.stages[0][0] - time.monotonic()) if self.stages else None

    def tick(self):
        """Deadlines; sockets, until all are connected."""
        now = time.monotonic()
        if self.stages and now >= self.stages[0][0]:
            _, text, action = self.stages.pop(0)
            if text:
                say(f"{text}; ending it")
                self.forced = True
            action()
        if not self.connected:
            self.look_at_sockets(now)

    def look_at_sockets(self, now):
        """Give those that QEMU makes their owner and mode; say which ones seem to be alone."""
        for nic in self.machine.nics:
            if nic.mode == "server" and nic.socket not in self.given:
                self.own_socket(nic)
        alone = [nic for nic in self.machine.nics
                 if not self.heard and CONNECTED not in states(nic.socket)]
        self.connected = not alone   # QEMU starts the guest when it has all connections
        if alone and now - self.started > WAIT_SAY_S and not self.waiting_said:
            self.waiting_said = True
            for nic in alone:
                say(f"port {nic.port}: no connection of {nic.socket} is seen: waiting for a "
                    "switch, unless it is in another network namespace")

    def own_socket(self, nic):
        """Owner, group and mode, as the configuration has them for the VNF's own."""
        if not os.path.lexists(nic.socket):
            return
        self.given.add(nic.socket)
        try:
            give(nic.socket, account(nic.owner, pwd.getpwnam, "pw_uid"),
                 account(nic.group, grp.getgrnam, "gr_gid"),
                 int(nic.access, 8) if nic.access else None)
        except (OSError, KeyError, FrontError) as error:
            say(f"port {nic.port}: {nic.socket} cannot be given to its owner: {error}")


def account(name, find, field):
    """The number of a user or group; -1 leaves it as it is."""
    if not name:
        return -1
    return int(name) if name.isdigit() else getattr(find(name), field)


def exit_code(end):
    """What a run comes to: 0, 1 or 2, with a message where it is not 0."""
    if end.forced:
        return 1
    if end.qemu != 0 and not (end.asked and end.qemu < 0):
        how = f"signal {-end.qemu}" if end.qemu < 0 else f"code {end.qemu}"
        say(f"QEMU ended with {how}")
        return 1
    if not end.vnf:
        if end.asked:
            return 0
        say("the machine ended without a word about the VNF; its console says why")
        return 1
    if end.vnf.get("code") == 0:
        return 0
    say(f"the VNF ended with {end_words(end.vnf)}")
    return 2 if end.vnf.get("code") == 2 else 1
