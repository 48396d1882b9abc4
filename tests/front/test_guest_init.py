# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Process 1 of a guest, tried in a directory instead of a machine: small scripts are the VNF, a fake
# of DPDK's telemetry socket stands where the VNF's would, the test is the host at the control line.
# Times are those of a machine, divided by SPEED, but where an end must be an early one on any host.

"""vnfkit-guest-init --test: policy and protocol."""

import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest

PROGRAM = os.path.join(os.environ["VNFKIT_BUILD"], "tools/guest-init/vnfkit-guest-init")
SPEED = 20
EARLY_S = 10 / SPEED
WAIT_S = 20
WAITS = "trap 'exit 0' TERM; echo ready; while :; do sleep 60 & wait; done"


class Guest:
    """A directory, a process 1 and the host's end of the control line."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="vnf-guest-")
        for folder in ("etc/vnfkit", "proc", "dev/input", "run/dpdk/vnf"):
            os.makedirs(self.path(folder))
        self.cpu("fpu sse4_1 sse4_2")
        self.button = None
        self.process = None
        self.host = None
        self.received = b""
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path("control"))
        self.listener.listen()
        self.listener.settimeout(WAIT_S)

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)

    def cpu(self, flags):
        self.write("proc/cpuinfo", f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t:\n\n")

    def vnf(self, script):
        """The VNF is this shell script; $ROOT is the directory."""
        self.write("etc/vnfkit/command", "\n".join(
            ["/bin/sh", "-c", script.replace("$ROOT", self.root).replace("\n", "; ")]) + "\n")

    def add_button(self):
        os.mkfifo(self.path("dev/input/event0"))
        self.button = os.open(self.path("dev/input/event0"), os.O_RDWR)

    def start(self, script=None, connect=True, speed=SPEED):
        if script is not None:
            self.vnf(script)
        self.process = subprocess.Popen([PROGRAM, "--test", self.root, str(speed)],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if connect:
            self.connect()
        return self

    def connect(self):
        self.host, _ = self.listener.accept()
        self.host.settimeout(WAIT_S)
        self.received = b""

    def hang_up(self):
        self.host.close()
        self.host = None

    def line(self):
        """The next line of the guest, or None at its end."""
        while b"\n" not in self.received:
            data = self.host.recv(65536)
            if not data:
                return None
            self.received += data
        line, self.received = self.received.split(b"\n", 1)
        return json.loads(line)

    def event(self, name):
        """The next line, which must be this event."""
        line = self.line()
        assert line is not None and line.get("event") == name, line
        return line

    def send(self, **fields):
        self.host.sendall(json.dumps(fields).encode() + b"\n")

    def ask(self, command, **fields):
        """What the guest replies; events before it are passed over."""
        self.send(id=7, command=command, **fields)
        while (line := self.line()).get("id") != 7:
            assert "event" in line, line
        return line

    def result(self, command, **fields):
        return self.ask(command, **fields)["result"]

    def ready(self):
        """Wait for the VNF's word on the console."""
        line = self.process.stdout.readline()
        assert line == b"ready\n", line

    def end(self):
        """The process ends by itself: what it and the VNF wrote since."""
        output, _ = self.process.communicate(timeout=WAIT_S)
        assert self.process.returncode == 0, (self.process.returncode, output)
        return output.decode()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.communicate(timeout=WAIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()
        for one in (self.host, self.listener):
            if one is not None:
                one.close()
        if self.button is not None:
            os.close(self.button)
        shutil.rmtree(self.root)


class Telemetry(threading.Thread):
    """DPDK's telemetry socket, for as many clients as come, until its socket is shut down."""

    ANSWERS = {b"/vnf/ports": b'{"/vnf/ports": ["lan", "wan"]}',
               b"/vnf/stats,0": b'{"/vnf/stats": {"rx_packets": 5}}',
               b"/garbage": b"\xff\x00{",
               b"/nothing": None}

    def __init__(self, guest, name="vnf"):
        super().__init__()
        os.makedirs(guest.path(f"run/dpdk/{name}"), exist_ok=True)
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(guest.path(f"run/dpdk/{name}/dpdk_telemetry.v2"))
        self.server.listen(10)
        self.held = []
        self.start()

    def run(self):
        try:
            while True:
                client, _ = self.server.accept()
                client.send(b'{"version": "DPDK 22.11.11", "pid": 1, "max_output_len": 16384}')
                request = client.recv(1024)
                answer = self.ANSWERS.get(request, b'{"%s": null}' % request.split(b",")[0])
                if answer is None:
                    self.held.append(client)
                    continue
                client.send(answer)
                client.close()
        except OSError:
            pass

    def stop(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.join()
        for one in [self.server, *self.held]:
            one.close()


@pytest.fixture
def guest():
    new = Guest()
    yield new
    new.close()


@pytest.fixture
def telemetry(guest):
    server = Telemetry(guest)
    yield server
    server.stop()


def test_usage():
    done = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 2 and "process 1" in done.stderr


@pytest.mark.quick
def test_start_and_status(guest):
    guest.start(WAITS)
    pid = guest.event("started")["pid"]
    status = guest.result("status")
    assert status == {"state": "starting", "pid": pid, "starts": 1, "uptime_s": 0,
                      "code": None, "signal": None}
    guest.ready()
    assert os.getsid(pid) == pid


def test_running_when_telemetry_answers(guest, telemetry):
    guest.start(WAITS)
    guest.event("started")
    guest.event("running")
    assert guest.result("status")["state"] == "running"


def test_stale_socket_is_passed_over(guest):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stale:
        stale.bind(guest.path("run/dpdk/vnf/dpdk_telemetry.v2"))
    server = Telemetry(guest, "vnf2")
    guest.start(WAITS)
    guest.event("started")
    guest.event("running")
    server.stop()


@pytest.mark.quick
def test_telemetry(guest, telemetry):
    guest.start(WAITS)
    guest.event("started")
    guest.event("running")
    assert guest.result("telemetry", request="/vnf/stats,0") == {"/vnf/stats": {"rx_packets": 5}}
    assert guest.result("telemetry", request="/unknown") == {"/unknown": None}
    assert "not JSON" in guest.ask("telemetry", request="/garbage")["error"]
    assert "request" in guest.ask("telemetry")["error"]
    assert "request" in guest.ask("telemetry", request="vnf")["error"]
    assert "longer" in guest.ask("telemetry", request="/" + "x" * 1023)["error"]


def test_telemetry_without_answer(guest, telemetry):
    guest.start(WAITS)
    guest.event("started")
    guest.event("running")
    for _ in range(9):
        guest.send(id=1, command="telemetry", request="/nothing")
    assert "ask again" in guest.line()["error"]
    assert guest.result("status")["state"] == "running"
    assert ["in time" in guest.line()["error"] for _ in range(8)] == [True] * 8


def test_telemetry_before_there_is_any(guest):
    guest.start(WAITS)
    assert "starting" in guest.ask("telemetry", request="/vnf/ports")["error"]


@pytest.mark.quick
def test_stop(guest):
    guest.start("trap 'echo last words; exit 0' TERM; echo ready; while :; do sleep 60 & wait; done")
    guest.ready()
    guest.event("started")
    assert guest.result("stop") == {}
    assert guest.event("ended") == {"event": "ended", "code": 0, "signal": None}
    output = guest.end()
    assert "last words" in output and "ended with code 0" in output
    assert guest.line() is None


def test_stop_of_the_deaf(guest):
    guest.start("trap '' TERM; echo ready; while :; do sleep 60; done")
    guest.ready()
    guest.event("started")
    assert guest.result("stop") == {}
    assert guest.result("status")["state"] == "stopping"
    assert "stopped for good" in guest.ask("restart")["error"]
    assert guest.event("ended")["signal"] == signal.SIGKILL
    output = guest.end()
    assert "did not end when asked to" in output and "memory" not in output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGPWR])
def test_stop_by_signal(guest, number):
    guest.start(WAITS)
    guest.ready()
    guest.process.send_signal(number)
    guest.event("started")
    guest.event("ended")
    assert "ended with code 0" in guest.end()


def test_stop_by_power_button(guest):
    guest.add_button()
    guest.start(WAITS)
    guest.ready()
    key = "llHHi"
    os.write(guest.button, struct.pack(key, 0, 0, 1, 30, 1) + struct.pack(key, 0, 0, 0, 0, 0))
    assert guest.result("status")["state"] == "starting"
    os.write(guest.button, struct.pack(key, 0, 0, 1, 116, 1) * 2)
    guest.event("ended")
    assert "ended with code 0" in guest.end()


def test_restart(guest, telemetry):
    guest.start(WAITS)
    guest.ready()
    first = guest.event("started")["pid"]
    guest.event("running")
    assert guest.result("restart") == {}
    assert guest.event("ended")["code"] == 0
    second = guest.event("started")["pid"]
    guest.event("running")
    status = guest.result("status")
    assert second != first and status["starts"] == 2 and status["code"] == 0


def test_stop_overrules_restart(guest):
    guest.start("trap '' TERM; echo ready; while :; do sleep 60; done")
    guest.ready()
    guest.event("started")
    assert guest.result("restart") == {}
    assert guest.result("restart") == {}
    assert guest.result("stop") == {}
    assert guest.event("ended")["signal"] == signal.SIGKILL
    guest.end()


def test_work_done(guest):
    guest.start("echo done")
    guest.event("started")
    assert guest.event("ended")["code"] == 0
    assert "ended with code 0" in guest.end()


def test_early_end(guest):
    guest.start("echo no such device >&2; exit 1", speed=1)
    guest.event("started")
    assert guest.event("ended")["code"] == 1
    output = guest.end()
    assert "no such device" in output and "ended with code 1" in output
    assert "trying again would cure nothing" in output


def test_illegal_instruction(guest):
    guest.start("kill -ILL $$", speed=1)
    guest.event("started")
    assert guest.event("ended") == {"event": "ended", "code": None, "signal": 4}
    assert "-cpu host" in guest.end()


def test_killed_hints_at_memory(guest):
    guest.start("kill -KILL $$", speed=1)
    guest.event("started")
    guest.event("ended")
    assert "give the guest more" in guest.end()


def test_crash_later_is_tried_again(guest):
    started = time.monotonic()
    guest.start(WAITS)
    guest.ready()
    for _ in range(3):
        pid = guest.event("started")["pid"]
        while time.monotonic() - started < 2 * EARLY_S:
            select.select([guest.host], [], [], 0.05)
        os.kill(pid, signal.SIGABRT)
        assert guest.event("ended")["signal"] == signal.SIGABRT
    guest.event("started")
    assert guest.result("status")["starts"] == 4


def test_code_2_is_never_tried_again(guest):
    guest.start("while [ ! -e $ROOT/go ]; do sleep 0.05; done; exit 2")
    guest.event("started")
    select.select([guest.host], [], [], 2 * EARLY_S)
    guest.write("go", "")
    assert guest.event("ended")["code"] == 2
    assert "configuration" in guest.end()


def test_restart_does_not_wait_for_its_turn(guest):
    guest.start(WAITS)
    guest.ready()
    pid = guest.event("started")["pid"]
    select.select([guest.host], [], [], 2 * EARLY_S)
    os.kill(pid, signal.SIGABRT)
    guest.event("ended")
    guest.send(id=1, command="status")
    guest.send(id=2, command="restart")
    lines = [guest.line() for _ in range(3)]
    assert [line.get("id", line.get("event")) for line in lines] == [1, 2, "started"], lines
    assert lines[0]["result"]["state"] == "ended" and lines[0]["result"]["pid"] == 0


def test_what_the_vnf_leaves_ends_with_it(guest):
    guest.start("sleep 600 & echo $! > $ROOT/child; exit 0")
    guest.event("started")
    guest.event("ended")
    guest.end()
    with open(guest.path("child")) as file:
        pid = int(file.read())
    try:
        child = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([child], [], [], WAIT_S)
    os.close(child)
    assert ended


def test_cpu_without_sse42(guest):
    guest.cpu("fpu sse4_1 ssse3")
    guest.start("touch $ROOT/ran")
    assert guest.event("ended") == {"event": "ended", "code": 1, "signal": None}
    output = guest.end()
    assert "no SSE4.2" in output and "-cpu Nehalem" in output and "host-model" in output
    assert not os.path.exists(guest.path("ran"))


@pytest.mark.parametrize("command", [None, "", "\n", "vnf\n-c\n", "/bin/sh\0-c\n", "/x\n" * 300,
                                     "/" + "x" * 70000])
def test_bad_command_file(guest, command):
    if command is not None:
        guest.write("etc/vnfkit/command", command)
    guest.start()
    assert guest.event("ended")["code"] == 1
    assert "etc/vnfkit/command" in guest.end()


def test_program_that_is_not_there(guest):
    guest.write("etc/vnfkit/command", "/nowhere/vnf\n")
    guest.start(speed=1)
    guest.event("started")
    assert guest.event("ended")["code"] == 127
    assert "cannot execute /nowhere/vnf: No such file" in guest.end()


GARBAGE = [b"\n", b"hello\n", b"{\n", b"[]\n", b"17\n", b"null\n", b"\x00\xff\xfe\n", b'"x"\r\n',
           b"[" * 60000 + b"\n", b'{"id": "\xed\xa0\x80"}\n',
           b'{"id": 1, "command": "stat\\u0000us"}\n', b"x" * 200000 + b"\n"]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage(guest, garbage):
    guest.start(WAITS)
    guest.event("started")
    guest.host.sendall(garbage)
    line = guest.line()
    assert line["id"] is None and line["error"], line
    assert guest.result("status")["state"] == "starting"


@pytest.mark.parametrize("fields", [{}, {"command": "reboot"}, {"command": 7}, {"command": None}])
def test_unknown_command(guest, fields):
    guest.start(WAITS)
    guest.event("started")
    guest.send(id={"any": ["value"]}, **fields)
    line = guest.line()
    assert line["id"] == {"any": ["value"]}
    for name in ("status", "telemetry", "stop", "restart"):
        assert name in line["error"]


def test_host_that_never_reads(guest):
    guest.start("trap 'exit 0' TERM; echo ready; while :; do sleep 60 & wait; done")
    guest.ready()
    command = json.dumps({"id": "x" * 1000, "command": "status"}).encode() + b"\n"
    guest.host.sendall(command * 2000)
    guest.process.send_signal(signal.SIGTERM)
    output = guest.end()
    assert output.count("does not read its control port") == 1
    assert "ended with code 0" in output


def test_host_that_reads_again(guest):
    guest.start(WAITS)
    guest.event("started")
    command = json.dumps({"id": "x" * 1000, "command": "status"}).encode() + b"\n"
    guest.host.sendall(command * 2000)
    received = b""
    while select.select([guest.host], [], [], 0.5)[0]:
        received += guest.host.recv(65536)
    assert received.endswith(b"\n"), "what is lost is lost by whole lines"
    assert all(json.loads(line)["result"] for line in received.splitlines())
    assert received.count(b"\n") < 2000
    assert guest.result("status")["state"] == "starting"


def test_host_comes_and_goes(guest):
    guest.start(WAITS)
    guest.event("started")
    for _ in range(3):
        guest.host.sendall(b'{"id": 1, "comm')
        guest.hang_up()
        guest.connect()
        assert guest.result("status")["starts"] == 1


def test_does_not_spin_without_a_host(guest):
    guest.listener.close()
    os.unlink(guest.path("control"))
    guest.start(WAITS, connect=False)
    guest.ready()

    def cpu_ticks():
        with open(f"/proc/{guest.process.pid}/stat") as file:
            return sum(int(field) for field in file.read().split()[13:15])

    before = cpu_ticks()
    select.select([guest.process.stdout], [], [], 1)
    assert cpu_ticks() - before < 20


def test_no_host_at_all(guest):
    guest.listener.close()
    os.unlink(guest.path("control"))
    guest.start("exit 0", connect=False)
    assert "ended with code 0" in guest.end()
