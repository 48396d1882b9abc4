# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnfkit run with a program in QEMU's place that plays the guest: stops, exit codes, the control
# socket with several clients, and what is said before anything starts.

"""run.py, session.py, hub.py, guest.py"""

import contextlib
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import types

import pytest

from conftest import port
from front import hub as hub_module
from front import guest, run, unixnet
from front.errors import FrontError
from front.hub import CLIENTS_MAX, PENDING_MAX, Hub
from front.options import parse
from front.session import End

# Does what its environment says; else it is a guest whose VNF runs until it is told to stop.
FAKE_QEMU = r'''#!/usr/bin/python3
import json, os, re, signal, socket, sys
act = os.environ.get("FAKE_ACT", "")
if act == "fail":
    print("qemu-system-x86_64: no such thing", file=sys.stderr)
    sys.exit(1)
if act == "sockets":
    served = socket.socket(socket.AF_UNIX)
    served.bind(re.search(r"path=(\S+/lan.sock),server=on", " ".join(sys.argv))[1])
if act != "silent":
    print(os.getpid(), *sys.argv[1:], flush=True)
control = socket.socket(fileno=int(re.search(r"fd=(\d+)", " ".join(sys.argv))[1]))
lines = control.makefile("rw")
def tell(**message):
    lines.write(json.dumps(message) + "\n")
    lines.flush()
if act == "waits":
    signal.pause()
if act == "silent":
    print("qemu-system-x86_64: info: up", file=sys.stderr, flush=True)
    request = json.loads(lines.readline())
    open("asked", "w").write(request["command"])
    sys.exit(0)
tell(event="started", pid=7)
if act.startswith("code"):
    tell(event="ended", code=int(act[4:]), signal=None)
    sys.exit(0)
if act == "panic":
    sys.exit(0)
if act == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
tell(event="running")
for line in lines:
    request = json.loads(line)
    if act == "deaf":
        continue
    if request["command"] == "status":
        result = {"state": "running", "pid": 7, "starts": 1, "uptime_s": 3, "code": None,
                  "signal": None}
    elif request["command"] == "telemetry":
        result = {request["request"]: {"x": 1}}
    else:
        result = {}
    if request["command"] in ("status", "telemetry", "stop"):
        tell(id=request["id"], result=result)
    else:
        tell(id=request["id"], error="never heard of it")
    if request["command"] == "stop":
        if act == "sockets":
            print(f"{os.stat(served.getsockname()).st_mode:o}")
        print("last words", flush=True)
        tell(event="ended", code=0, signal=None)
        sys.exit(0)
'''


@pytest.fixture
def image(front, package):
    """A Front with an image whose sockets are in its folder, and a QEMU that is none."""
    tools = front.folder / "tools"
    tools.mkdir()
    (tools / "qemu-system-x86_64").write_text(FAKE_QEMU)
    (tools / "qemu-system-x86_64").chmod(0o755)
    front.env["PATH"] = f"{tools}:{front.env['PATH']}"
    front.plan(port("lan", settings={"socket": f"{front.folder}/lan.sock"}))
    front.image(package)
    return front


@contextlib.contextmanager
def running(front, *words, until="running, after"):
    """A run that has come up; killed at the end if it is still there."""
    argv = front.argv("run", "--qemu", "image", "--control", "ctl", *words)
    env = dict(front.env, TMPDIR=str(front.folder))   # a killed one leaves its folder
    with subprocess.Popen(argv, env=env, cwd=front.folder, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        try:
            for line in process.stderr:
                if until in line:
                    break
            yield process
        finally:
            process.kill()


def test_stop_by_signal(image):
    with running(image) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert out.splitlines()[-1] == "last words"
    assert not (image.folder / "ctl").exists()


def test_a_guest_that_was_not_heard_of_is_asked_too(image):
    """Whether QEMU still waits for a switch is not known if that is in another namespace."""
    image.env["FAKE_ACT"] = "silent"
    with running(image, until="info: up") as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert (image.folder / "asked").read_text() == "stop"


def test_a_qemu_that_waits_is_ended(image):
    """And nothing has failed then."""
    image.env["FAKE_ACT"] = "waits"
    (image.folder / "tools/qemu-system-x86_64").write_text(FAKE_QEMU.replace('!= "silent"', '== 1'))
    with running(image, until="waiting for a switch") as process:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0 and "did not" not in err, err


def test_second_signal_ends_at_once(image):
    image.env["FAKE_ACT"] = "deaf"
    with running(image) as process:
        process.send_signal(signal.SIGTERM)
        for line in process.stderr:
            if "stopping" in line:
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 1


def test_qemu_does_not_outlive_us(image):
    image.env["FAKE_ACT"] = "deaf"
    with running(image) as process:
        pidfd = os.pidfd_open(int(process.stdout.readline().split()[0]))
        process.kill()
        assert select.select([pidfd], [], [], 10)[0]
        os.close(pidfd)


@pytest.mark.parametrize("act,code,message", [
    ("fail", 1, "no such thing"), ("code0", 0, ""), ("code1", 1, "exit code 1"),
    ("code2", 2, "exit code 2"), ("panic", 1, "without a word"),
])
def test_exit_codes(image, act, code, message):
    image.env["FAKE_ACT"] = act
    assert message in image.run("run", "--qemu", "image", code=code).stderr


def test_clients_share_the_control_socket(image):
    with running(image) as process:
        with socket.socket(socket.AF_UNIX) as idle:
            idle.connect(str(image.folder / "ctl"))
            assert image.run("guest", "ctl", "status").stdout == (
                "running, pid 7 in the guest, up 3 s, started once\n")
        assert json.loads(image.run("guest", "ctl", "--json", "status").stdout)["pid"] == 7
        assert json.loads(image.run("guest", "ctl", "telemetry", "/a").stdout) == {"/a": {"x": 1}}
        assert "never heard of it" in image.run("guest", "ctl", "restart", code=1).stderr
        image.run("guest", "ctl", "stop")
        assert process.wait(10) == 0


def test_nobody_answers(image):
    assert "No such file" in image.run("guest", "ctl", "status", code=1).stderr
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(image.folder / "ctl"))
        server.listen()
        done = image.run("guest", "--timeout", "0.2", "ctl", "status", code=1)
    assert "no answer within 0.2 s" in done.stderr


@pytest.mark.parametrize("result", [[], "x", 7, {"starts": 1, "state": []}])
def test_answers_that_make_no_sense(monkeypatch, capsys, result):
    """Whatever a guest says, words come of it, or an error of ours."""
    control = types.SimpleNamespace(request=lambda *_, **__: result, close=lambda: None)
    monkeypatch.setattr(guest, "Control", lambda *_: control)
    args = parse(["guest", "ctl", "status"])
    if isinstance(result, dict):
        assert guest.guest_main(args) == 0 and capsys.readouterr().out
        return
    with pytest.raises(FrontError, match="ctl: the answer is none of vnfkit's"):
        guest.guest_main(args)


def test_options_reach_qemu(image):
    words = ["--print", "--cpus", 3, "--packed", "--socket", "lan=/run/x.sock", "--mode",
             "lan=client", "--queues", 2, "--mem", "1G", "--qemu-arg=-s", "--monitor", "m"]
    text = image.run("run", "--qemu", "image", *words).stdout
    for part in ("-smp 3", "packed=on", "path=/run/x.sock,reconnect=1", "mq=on,vectors=6",
                 "-m 1024M", "\n  -s", f"-qmp unix:{image.folder}/m,server=on,wait=off"):
        assert part in text, text
    done = image.run("run", "--qemu", "image", "--socket", "x=y", code=2)
    assert "on one are: lan" in done.stderr


def test_printed_commands_work_later(image):
    """All that they name is there, or is made by QEMU where it can be found."""
    folder = image.folder / "image"
    assert f"path={folder}/control.sock,server=on" in image.run("run", "--qemu", folder,
                                                                "--print").stdout
    text = image.run("run", "--qemu", folder, "--print", "--control", "c").stdout
    assert f"path={image.folder}/c,server=on" in text
    done = image.run("run", "--qemu", image.vnf, "-c", image.config, "--print", code=2)
    assert f"vnfkit image {image.vnf} -c {image.config} -o DIR" in done.stderr


def test_a_moved_image_runs(image):
    os.rename(image.folder / "image", image.folder / "moved")
    text = image.run("run", "--qemu", "moved", "--print").stdout
    assert f"-kernel {image.folder}/moved/kernel" in text


def test_vnf_and_configuration(image, package):
    image.env["FAKE_ACT"] = "code0"
    image.run("run", "--qemu", image.vnf, "-c", image.config, "--kernel", package)


def test_sockets_that_cannot_be(image):
    done = image.run("run", "--qemu", "image", "--socket", "lan=/nowhere/x.sock", code=2)
    assert "mkdir -p /nowhere" in done.stderr
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(image.folder / "lan.sock"))
        server.listen()
        assert "another process serves" in image.run("run", "--qemu", "image", code=1).stderr
    (image.folder / "file").write_text("")
    done = image.run("run", "--qemu", "image", "--socket", "lan=file", code=2)
    assert "is no socket" in done.stderr


def test_two_runs_do_not_share_a_socket(image):
    with running(image):
        done = image.run("run", "--qemu", "image", "--control", "other", code=1)
        assert f"it holds {image.folder}/lan.sock.lock" in done.stderr
        done = image.run("run", "--qemu", "image", "--control", "ctl", "--socket", "lan=x.sock",
                         code=1)
        assert "--control: another process serves" in done.stderr
        assert not (image.folder / "x.sock.lock").exists()


def test_no_lock_is_left(image):
    image.env["FAKE_ACT"] = "code0"
    (image.folder / "lan.sock.lock").write_text("")   # of one that was killed
    before = set(os.listdir(image.folder)) - {"lan.sock.lock"}
    image.run("run", "--qemu", "image", "--monitor", "m", "--control", "c")
    assert set(os.listdir(image.folder)) == before


def test_a_socket_gets_its_mode_in_a_stale_ones_place(image):
    """The file system gives the new one the number of the old one."""
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(image.folder / "lan.sock"))
    image.env["FAKE_ACT"] = "sockets"
    with running(image) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert out.splitlines()[-2:] == ["140660", "last words"], out + err
    assert not (image.folder / "lan.sock").exists()


def test_links_are_given_to_nobody(tmp_path):
    (tmp_path / "secret").write_text("")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "link").symlink_to("secret")
    for name in ("link", "secret"):
        with pytest.raises(FrontError, match="no socket"):
            unixnet.give(str(tmp_path / name), -1, -1, 0o666)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    unixnet.give(str(tmp_path / "socket"), os.getuid(), os.getgid(), 0o640)
    assert (tmp_path / "socket").stat().st_mode & 0o777 == 0o640


def test_kvm_that_does_not_work(image, monkeypatch, capsys):
    """It looks good, fails at once, and the emulation takes over."""
    ends = {"kvm": End(qemu=1, vnf={}, asked=False, forced=False, early=True,
                       messages=("failed to initialize KVM: Invalid argument",)),
            "tcg": End(qemu=0, vnf={"code": 0}, asked=False, forced=False, early=False)}
    monkeypatch.setattr(run, "kvm_usable", lambda: (True, ""))
    monkeypatch.setattr(run, "Session", lambda machine, *_: types.SimpleNamespace(
        run=lambda: ends[machine.accel]))
    argv = ["run", "--qemu", str(image.folder / "image")]
    monkeypatch.setenv("PATH", image.env["PATH"])
    assert run.run_main(parse(argv)) == 0
    assert "going on with tcg" in capsys.readouterr().err
    assert run.run_main(parse([*argv, "--accel", "kvm"])) == 1
    ends["kvm"].messages = ("Failed to bind socket to /run/lan.sock: Permission denied",)
    assert run.run_main(parse(argv)) == 1
    assert "going on" not in capsys.readouterr().err


def test_without_qemu(image):
    image.env["PATH"] = "/nowhere"
    done = image.run("run", "--qemu", "image", code=1)
    assert "apt-get install --no-install-recommends qemu-system-x86" in done.stderr


def test_damaged_image(image):
    (image.folder / "image/image.json").write_text('{"format": "vnfkit-image", "version": 1}')
    assert "make the image again" in image.run("run", "--qemu", "image", code=1).stderr


class Table:
    """A Hub, the guest's end of its port, and clients."""

    def __init__(self, folder):
        self.selector = selectors.DefaultSelector()
        ours, self.guest = socket.socketpair()
        self.events, self.path = [], str(folder / "ctl")
        self.hub = Hub(self.selector, ours, self.path, self.events.append)
        self.open = [self.guest]
        self.guest.settimeout(5)

    def client(self):
        """A new one."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(5)
        client.connect(self.path)
        self.open.append(client)
        return client

    def turn(self):
        """Whatever is ready, until nothing is."""
        while ready := self.selector.select(0):
            for key, _ in ready:
                key.data()

    def say(self, peer, line):
        """A line of a peer, and what the hub makes of it."""
        peer.sendall(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
        self.turn()

    def close(self):
        """All of it."""
        self.hub.close()
        self.selector.close()
        for peer in self.open:
            peer.close()


@pytest.fixture
def table(tmp_path):
    """A Table."""
    table = Table(tmp_path)
    yield table
    table.close()


def heard(peer):
    """The one message that is there."""
    return json.loads(peer.recv(65536))


@pytest.mark.parametrize("key", ["client", "self", "own", "fields", "number"])
def test_keys_of_ours_mean_nothing(table, key):
    client = table.client()
    table.say(client, {"id": "x", "command": "telemetry", "request": "/a", key: 1})
    request = heard(table.guest)
    assert request == {"id": request["id"], "command": "telemetry", "request": "/a"}
    table.say(table.guest, {"id": request["id"], "result": 7})
    assert heard(client) == {"id": "x", "result": 7}


@pytest.mark.parametrize("own", [None, [], {}, 1.5])
def test_a_request_without_a_good_id(table, own):
    client = table.client()
    table.say(client, {"id": own, "command": "status"})
    assert "id" in heard(client)["error"]


def test_depths_that_json_reads_and_does_not_write(table, monkeypatch):
    """Which depth that is differs with Python's version: here each one does."""
    client = table.client()
    for depth in (10, 300, 900, 990, 1000, 5000, 100000):
        nested = b"[" * depth + b"]" * depth
        for line in (b'{"id": %s}', b'{"id": 1, "command": %s}', b'{"command": %s, "id": "a"}'):
            table.say(client, line % nested + b"\n")
        table.say(table.guest, b'{"event": %s}\n' % nested)
    table.turn()
    real = json.dumps
    monkeypatch.setattr(hub_module.json, "dumps", lambda message: real(message) if "error" in
                        message else (_ for _ in ()).throw(RecursionError))
    other = table.client()
    table.say(other, b'{"id": 5, "command": "status"}\n')
    assert "cannot be passed on" in heard(other)["error"]


def test_an_answer_that_cannot_be_passed_on(table, monkeypatch):
    client = table.client()
    table.say(client, {"id": 5, "command": "status"})
    number, real = heard(table.guest)["id"], json.dumps

    def dumps(message):
        if "result" in message:
            raise RecursionError
        return real(message)
    monkeypatch.setattr(hub_module.json, "dumps", dumps)
    table.say(table.guest, b'{"id": %d, "result": []}\n' % number)
    answer = heard(client)
    assert answer["id"] == 5 and "cannot be passed on" in answer["error"]


def test_requests_of_a_client_are_bounded(table):
    client, other = table.client(), table.client()
    for number in range(PENDING_MAX + 1):
        table.say(client, {"id": number, "command": "status"})
    assert heard(client)["error"].startswith("busy")
    table.say(other, {"id": 1, "command": "status"})
    assert len(table.hub.pending) == PENDING_MAX + 1
    client.close()
    table.turn()
    assert len(table.hub.pending) == 1


def test_a_guest_that_does_not_read_stays(table):
    """Clients hear that it is busy; our own request waits; all that was taken arrives whole."""
    client, lines = table.client(), b""
    for number in range(PENDING_MAX):
        table.say(client, {"id": number, "command": "telemetry", "request": "x" * 100000})
    assert b"busy" in client.recv(65536)
    table.hub.ask("stop")
    table.guest.setblocking(False)
    while table.hub.unsent or not lines.endswith(b"\n"):
        lines += table.guest.recv(1 << 20)
        table.turn()
    assert [json.loads(line) for line in lines.splitlines()][-1]["command"] == "stop"
    table.say(table.guest, {"event": "running"})
    assert table.events == [{"event": "running"}]


def test_clients_are_bounded(table):
    clients = [table.client() for _ in range(CLIENTS_MAX + 1)]
    table.turn()
    assert clients[-1].recv(1) == b""
    table.say(clients[0], {"id": 1, "command": "status"})
    assert heard(table.guest)["command"] == "status"
