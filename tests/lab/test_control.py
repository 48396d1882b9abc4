# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The control socket and vnfkit ctl, with real programs: each command, commands of a VNF's own
# (commands.c), clients that are slow, silent, greedy or hostile, the run directory, the stop.

"""The control socket."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import time

import lab
import pytest

VNFKIT = os.path.join(lab.ROOT, "tools", "vnfkit")
CLIENTS_MAX, REQUEST_MAX = 32, 65536
PORTS = [{"name": "lan", "kind": "gen", "rate": 1000, "count": 100},
         {"name": "wan", "kind": "sink"}]


def start(run, program=None, name="commands", wait=True, **more):
    """An instance with a generator and a sink."""
    program = program or os.path.join(lab.build_dir(), "tests", "vnf-commands")
    instance = lab.Instance(run, program, {"name": name, "ports": PORTS, **more})
    return instance.start(wait=wait)


def socket_path(run, name="commands"):
    """Where it is without a word in the configuration."""
    return run.path("c", f"{name}.ctl")


class Client:
    """A connection, bare."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Leave."""
        self.file.close()
        self.socket.close()

    def send(self, data):
        """Octets, or a request."""
        self.socket.sendall(data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n")

    def reply(self):
        """The next reply, or None at the end."""
        try:
            line = self.file.readline()
        except ConnectionResetError:
            return None
        return json.loads(line) if line else None

    def ask(self, command, **args):
        """The reply to a command."""
        self.send({"id": 1, "command": command, "args": args})
        return self.reply()

    def result(self, command, **args):
        """The result of a command."""
        reply = self.ask(command, **args)
        assert reply["ok"], reply
        return reply["result"]


def works(run, name="commands"):
    """It still answers."""
    with Client(socket_path(run, name)) as client:
        assert client.result("echo", text="still there")["text"] == "still there"


def ctl(run, *arguments, timeout=30):
    """vnfkit ctl: code, output, errors."""
    done = subprocess.run([sys.executable, VNFKIT, "ctl", *arguments], env=run.env(),
                          capture_output=True, text=True, timeout=timeout, check=False)
    return done.returncode, done.stdout, done.stderr


def thread_cpu(pid, name):
    """Seconds of the thread of this name."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii") as f:
            text = f.read()
        if f"({name})" in text:
            fields = text.rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    raise AssertionError(f"no thread {name}")


# ---- commands ----

@pytest.mark.quick
def test_basic_commands(run):
    """What every program answers."""
    instance = start(run, lab.vnf_program(), name="fwd")
    lab.until(lambda: instance.stats("wan")["tx_packets"] == 100, 20, "100 packets")
    with Client(socket_path(run, "fwd")) as client:
        info = client.result("info")
        assert (info["name"], info["program"], info["pid"]) == ("fwd", "forward",
                                                               instance.process.pid)
        assert info["control"] == socket_path(run, "fwd")
        ports = {port["name"]: port for port in client.result("ports")}
        assert ports["lan"]["rx_packets"] == ports["wan"]["tx_packets"] == 100
        assert ports["wan"]["kind"] == "sink" and ports["wan"]["up"] is True
        assert ports["lan"]["drops"] == ports["lan"]["missed"] == 0
        assert client.result("stats", port="lan")["generated"] == 100
        assert client.result("stats", port="1")["received"] == 100
        assert [row["port"] for row in client.result("stats")] == ["lan", "wan"]
        assert client.ask("stats", port="2")["error"]["code"] == "ENOENT"
        ledger = client.result("ledger")
        assert (ledger["rx"], ledger["tx"], ledger["balance"]) == (100, 100, 0)
        assert client.result("ledger", worker="0") == ledger
        assert "no worker" in client.ask("ledger", worker="1")["error"]["text"]
        assert client.result("workers")[0]["rx_queues"] == 2
        names = [command["name"] for command in client.result("commands")]
        assert names == sorted(set(names), key=names.index) and "ports" in names
    instance.stop()


def test_drops(run):
    """Reasons that occurred, with their meaning; all of them on request."""
    ports = [{"name": "lan", "kind": "gen", "rate": 1000, "count": 50, "size": 1400},
             {"name": "wan", "kind": "sink", "mtu": 576}]
    instance = lab.Instance(run, lab.vnf_program(), {"name": "fwd", "ports": ports}).start()
    with Client(socket_path(run, "fwd")) as client:
        row = lab.until(lambda: next((row for row in client.result("drops")
                                      if row["packets"] == 50), None), 20, "50 drops")
        assert (row["port"], row["reason"]) == ("wan", "too_long")
        assert row["meaning"] == "longer than the port's MTU allows"
        assert client.result("drops", port="lan") == []
        everything = client.result("drops", all=True)
        assert len(everything) == 2 * len(client.result("drops", port="wan", all=True)) > 20
    instance.stop()


def test_config(run):
    """As text it loads again; as JSON it says the same."""
    instance = start(run, lab.vnf_program(), name="fwd", control={"mode": "0640"})
    with Client(socket_path(run, "fwd")) as client:
        copy = run.path("again.conf")
        with open(copy, "w", encoding="utf-8") as f:
            f.write(client.result("config"))
        done = lab.command([lab.vnf_program(), "-c", copy, "--check"])
        assert "no errors" in done.stdout
        config = client.result("config", form="json")
        assert config["control"] == {"enabled": True, "mode": 0o640}
        assert [port["name"] for port in config["ports"]] == ["lan", "wan"]
    instance.stop()


def test_log_level(run):
    """Lines come and go at once."""
    instance = start(run, lab.vnf_program(), name="fwd")
    # The last of the lines of the start, which may be read later than the socket's answers.
    instance.process.wait_log('port "wan": rx')
    with Client(socket_path(run, "fwd")) as client:
        assert client.result("log-level", level="debug") == {"level": "debug", "was": "info"}
        assert client.result("info")["log_level"] == "debug"
        assert client.result("log-level", level="error")["was"] == "debug"
        mark = instance.process.mark()
        assert "did you mean" in client.ask("log-level", level="debux")["error"]["text"]
    instance.stop()
    lines = instance.process.output().splitlines()[mark:]
    assert not [line for line in lines if "notice:" in line], lines


@pytest.mark.quick
def test_switch_commands(run):
    """What the switch adds: the whole MAC table, however long."""
    ports = [{"name": "g", "kind": "gen", "rate": 20000, "macs": 2000, "domain": "a"},
             {"name": "s", "kind": "sink", "domain": "a"},
             {"name": "w1", "kind": "null"}, {"name": "w2", "kind": "null"},
             {"name": "vm", "kind": "vhost-user", "domain": "b", "mode": "server",
              "socket": run.socket("vm")}]
    instance = lab.Instance(run, lab.switch_program(),
                            {"name": "sw", "ports": ports, "wires": [{"a": "w1", "b": "w2"}]})
    instance.start()
    with Client(socket_path(run, "sw")) as client:
        lab.until(lambda: len(client.result("fdb")) == 2000, 30, "2,000 addresses")
        row = client.result("fdb", limit=1)[0]
        assert (row["domain"], row["port"]) == ("a", "g") and row["age_s"] >= 0
        assert [one["mac"] for one in client.result("fdb", mac=row["mac"])] == [row["mac"]]
        assert len(client.result("fdb", domain="a", port="g")) == 2000
        assert client.result("fdb", domain="b") == client.result("fdb", port="s") == []
        assert "no domain" in client.ask("fdb", domain="c")["error"]["text"]
        domains = {one["domain"]: one for one in client.result("domains")}
        assert domains["a"]["addresses"] == 2000 and domains["a"]["ports"] == ["g", "s"]
        rows = {one["port"]: one for one in client.result("switch-ports")}
        assert rows["w1"]["wire"] == "w2" and rows["g"]["domain"] == "a"
        assert client.result("switch-ports", port="vm")["connections"] == 0
        assert client.result("fdb-stats")["used"] == 2000
        assert client.ask("switch-ports", port="x")["error"]["code"] == "ENOENT"
    instance.stop()


@pytest.mark.quick
def test_commands_of_a_vnf(run):
    """Its arguments come decoded, its refusals go out as they are."""
    instance = start(run)
    with Client(socket_path(run)) as client:
        assert client.result("echo", text="ä", number=7, time="2s", loud=True, colour="green",
                             list=[1, 2]) == {
            "text": "ä", "number": 7, "time": 2 * 10**9, "loud": True, "colour": "green",
            "list": [1, 2]}
        assert client.result("echo", text="")["number"] == 1
        reply = client.ask("echo", number=101, colour="gren")
        assert reply["error"]["code"] == "EINVAL"
        for part in ("text: is required", "number: is 101, 0 to 100", 'did you mean "green"'):
            assert part in reply["error"]["text"]
        assert client.ask("fail")["error"] == {"code": "EBUSY",
                                               "text": "too busy for that; ask later"}
        assert client.ask("vanish")["error"]["code"] == "EIO"
        assert client.result("nap", time="1ms") is None
        assert 'did you mean "echo"?' in client.ask("ecko")["error"]["text"]
    instance.stop()


# ---- clients ----

def test_pipelined_requests(run):
    """Many at once are answered one after the other, in order."""
    instance = start(run)
    with Client(socket_path(run)) as client:
        client.send(b"".join(json.dumps({"id": i, "command": "echo", "args": {"text": str(i)}})
                             .encode() + b"\n" for i in range(2000)))
        for i in range(2000):
            reply = client.reply()
            assert (reply["id"], reply["result"]["text"]) == (i, str(i))
    instance.stop()


@pytest.mark.quick
@pytest.mark.parametrize("data", [b"\n" * 5000, os.urandom(10000), b"x" * 10000,
                                  b"[" * 60000 + b"\n", b'{"command": "echo"', b"{}\n" * 3000],
                         ids=["blank", "random", "letters", "nested", "partial", "refused"])
@pytest.mark.parametrize("stay", [True, False], ids=["stays", "leaves"])
def test_garbage(run, data, stay):
    """Whatever is sent harms nobody, whether its sender stays or leaves."""
    instance = start(run)
    with Client(socket_path(run)) as client:
        client.socket.settimeout(0.5)
        with contextlib.suppress(OSError):
            client.send(data)
        if not stay:
            client.close()
        works(run)
    works(run)
    instance.stop()


def test_line_too_long(run):
    """An error, and the end of the connection."""
    instance = start(run)
    text = "a" * (REQUEST_MAX - len('{"command":"echo","args":{"text":""}}'))
    with Client(socket_path(run)) as client:
        request = json.dumps({"command": "echo", "args": {"text": text}}, separators=(",", ":"))
        client.send(request.encode() + b"\n")
        assert client.reply()["result"]["text"] == text
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.send(b"b" * 1000000)
        assert "longer than 65536" in client.reply()["error"]["text"]
        assert client.reply() is None
    works(run)
    instance.stop()


def test_request_in_pieces(run):
    """One octet at a time."""
    instance = start(run)
    with Client(socket_path(run)) as client:
        for octet in b'{"command":"echo","args":{"text":"x"}}\n':
            client.send(bytes([octet]))
        assert client.reply()["result"]["text"] == "x"
    instance.stop()


def test_half_closed(run):
    """Who has said all it has to say still gets its answers."""
    instance = start(run)
    with Client(socket_path(run)) as client:
        client.send({"command": "nap", "args": {"time": "300ms"}})
        client.send({"command": "echo", "args": {"text": "x"}})
        client.socket.shutdown(socket.SHUT_WR)
        assert client.reply()["ok"] and client.reply()["result"]["text"] == "x"
        assert client.reply() is None
    instance.stop()


def test_client_leaves_in_the_middle(run):
    """Its answer is nobody's."""
    instance = start(run)
    for _ in range(3 * CLIENTS_MAX):
        with Client(socket_path(run)) as client:
            client.send({"command": "rows", "args": {"count": 100}})
    with Client(socket_path(run)) as client:
        client.send({"command": "nap", "args": {"time": "500ms"}})
    works(run)
    instance.stop()


def test_great_reply(run):
    """Many megabytes come whole."""
    instance = start(run)
    with Client(socket_path(run), timeout=60) as client:
        rows = client.result("rows", count="200k")
        assert len(rows) == 200000 and rows[-1]["id"] == 199999
    instance.stop()


def test_reader_that_does_not_read(run):
    """It is left after 10 s; until then it costs others nothing, and no thread spins."""
    instance = start(run)
    with Client(socket_path(run)) as greedy:
        greedy.send({"command": "rows", "args": {"count": 200000}})
        lab.until(lambda: greedy.socket.recv(1, socket.MSG_PEEK), 30, "the reply to begin")
        before = thread_cpu(instance.process.pid, "control")
        begun = time.monotonic()
        for _ in range(100):
            works(run)
        lab.until(lambda: _is_cut(greedy.socket), 40, "the connection to end", poll=0.5)
        assert time.monotonic() - begun > 5
        assert thread_cpu(instance.process.pid, "control") - before < 5
    works(run)
    instance.stop()


def _is_cut(connection):
    """Has the other side closed? Without reading what is there."""
    info = subprocess.run(["ss", "-xnp"], capture_output=True, text=True, check=True).stdout
    inode = os.fstat(connection.fileno()).st_ino
    line = next((line for line in info.splitlines() if f" {inode} " in line), "")
    return line.split()[7] == "0" if line else True


def test_silent_clients(run):
    """The one that was idle for longest makes room; who is served stays."""
    instance = start(run)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(socket_path(run))) for _ in range(CLIENTS_MAX)]
        for client in clients:
            client.result("echo", text="hello")
        clients[0].result("echo", text="I am the youngest now")
        works(run)
        reply = clients[1].reply()
        assert reply["error"]["code"] == "EBUSY" and "idle for longest" in reply["error"]["text"]
        assert clients[1].reply() is None
        assert clients[0].result("echo", text="x")["text"] == "x"
    works(run)
    instance.stop()


def test_too_many_clients_that_wait(run):
    """When all places wait for an answer, a further client is told so."""
    instance = start(run)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(socket_path(run))) for _ in range(CLIENTS_MAX)]
        for client in clients:
            client.result("echo", text="hello")
        clients[0].send({"command": "nap", "args": {"time": "4s"}})
        for client in clients[1:]:
            client.send({"command": "echo", "args": {"text": "x"}})
        lab.until(lambda: not any(_unread(client) for client in clients), 3, "requests to be read")
        replies = []
        for _ in range(10):
            late = stack.enter_context(Client(socket_path(run)))
            late.socket.settimeout(0.2)
            with contextlib.suppress(OSError):
                late.send({"command": "echo", "args": {"text": "late"}})
            with contextlib.suppress(TimeoutError):
                replies.append(late.reply())
                break
        assert "all of them waiting" in replies[0]["error"]["text"]
        assert all(client.reply()["ok"] for client in clients)
    works(run)
    instance.stop()


def _unread(client):
    """Octets that the other side has not read yet."""
    return struct.unpack("i", fcntl.ioctl(client.socket, termios.TIOCOUTQ, b"    "))[0]


def test_many_connections(run):
    """More than there are places, again and again, at full speed."""
    instance = start(run)
    for _ in range(30):
        with contextlib.ExitStack() as stack:
            clients = []
            for _ in range(2 * CLIENTS_MAX):
                with contextlib.suppress(OSError):
                    clients.append(stack.enter_context(Client(socket_path(run))))
            for client in clients:
                with contextlib.suppress(OSError):
                    client.send(b'{"command": "info"}\n')
    lab.until(lambda: ctl(run, "info")[0] == 0, 20, "an answer")
    instance.stop()


def test_idle_costs_nothing(run):
    """Silent clients and their partial lines do not keep the server's thread awake."""
    instance = start(run)
    with contextlib.ExitStack() as stack:
        for i in range(CLIENTS_MAX):
            client = stack.enter_context(Client(socket_path(run)))
            client.send(b'{"half' if i % 2 else b"")
            if i % 4 == 1:
                client.socket.shutdown(socket.SHUT_RD)
        before = thread_cpu(instance.process.pid, "control")
        time.sleep(2)
        assert thread_cpu(instance.process.pid, "control") - before < 0.5
    instance.stop()


def test_latency(run):
    """
    An answer does not wait for the control thread's 10 ms: it takes not much longer than one for
    which the server does not need that thread.
    """
    instance = start(run)
    with Client(socket_path(run)) as client:
        refused = _median_time(client, b"[]\n")
        answered = _median_time(client, b'{"command": "echo", "args": {"text": "x"}}\n')
    assert answered < 20 * refused, f"{answered * 1e6:.0f} us, refusals {refused * 1e6:.0f} us"
    instance.stop()


def _median_time(client, line):
    """Seconds for the answer to a line."""
    times = []
    for _ in range(301):
        begun = time.monotonic()
        client.send(line)
        client.reply()
        times.append(time.monotonic() - begun)
    return sorted(times)[150]


# ---- stop ----

def test_stop_with_commands_under_way(run):
    """What waits is refused, what is done is sent, nothing hangs."""
    instance = start(run)
    with Client(socket_path(run)) as busy, Client(socket_path(run)) as waiting:
        busy.send({"id": "nap", "command": "nap", "args": {"time": "1s"}})
        lab.until(lambda: _control_naps(instance.process.pid), 10, "the control thread to nap")
        waiting.send({"id": "wait", "command": "echo", "args": {"text": "x"}})
        instance.stop()
        assert busy.reply()["ok"]
        reply = waiting.reply()
        assert reply["ok"] or reply["error"]["code"] == "ESHUTDOWN"
        assert waiting.reply() is None
    assert os.listdir(run.path("c")) == []


def _server_has_read(run):
    """The server's thread has met all that came before this: it answers nonsense by itself."""
    with Client(socket_path(run)) as client:
        client.send(b"nonsense\n")
        assert not client.reply()["ok"]


def test_nobody_waits_for_the_answer(run):
    """A command that only looks is not run when its client has gone; others are."""
    instance = start(run)
    released = run.path("released")
    with Client(socket_path(run)) as busy:
        busy.send({"command": "hold", "args": {"until": released}})
        gone = [Client(socket_path(run)) for _ in range(4)]
        for client, command in zip(gone, ("look", "do", "look", "do")):
            client.send({"command": command})
        _server_has_read(run)
        for client in gone[:3]:
            client.close()
        _server_has_read(run)
        with open(released, "w", encoding="ascii"):
            pass
        assert busy.reply()["ok"] and gone[3].reply()["ok"]
        assert busy.result("counts") == {"looks": 0, "done": 2}
        gone[3].close()
    instance.stop()


def test_a_question_ends_with_its_client(run):
    """Workers that have no answer keep nobody who comes after one that has gone."""
    instance = start(run)
    endless = Client(socket_path(run))
    endless.send({"command": "endless"})
    _server_has_read(run)
    endless.close()
    works(run)
    instance.stop()


def test_stop_comes_before_what_waits(run):
    """Workers that have no answer, and many who ask: a stop waits for none of them."""
    instance = start(run)
    clients = [Client(socket_path(run), timeout=60) for _ in range(CLIENTS_MAX - 1)]
    for client in clients:
        client.send({"command": "endless"})
    _server_has_read(run)
    for client in clients[1:4]:
        client.close()
    instance.stop(timeout=60)
    for client in clients[:1] + clients[4:]:
        assert client.reply()["error"]["code"] == "ESHUTDOWN"
        client.close()


def _control_naps(pid):
    """Is the main thread in nanosleep()?"""
    with open(f"/proc/{pid}/syscall", encoding="ascii") as f:
        return f.read().split()[0] in ("35", "230")


def test_stop_while_asked(run):
    """Again and again while clients ask without a pause."""
    for _ in range(5):
        instance = start(run)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Client(socket_path(run))) for _ in range(4)]
            for client in clients:
                client.send(b'{"command": "ports"}\n' * 500)
            instance.stop()
            for client in clients:
                while client.reply() is not None:
                    pass


def test_killed(run):
    """What it leaves is no instance, and is replaced by the next one of that name."""
    instance = start(run)
    instance.crash()
    assert sorted(os.listdir(run.path("c"))) == ["commands.ctl", "commands.json",
                                                 "commands.json.lock"]
    assert ctl(run, "list")[1] == ""
    again = start(run)
    works(run)
    again.stop()
    assert os.listdir(run.path("c")) == []


# ---- the socket and the run directory ----

def test_socket_of_ones_own(run):
    """Path, group and mode are the configuration's."""
    path = run.path("mine.sock")
    instance = start(run, control={"socket": path, "mode": "0660", "group": "daemon"})
    found = os.stat(path)
    assert stat.S_IMODE(found.st_mode) == 0o660
    assert found.st_gid == 1
    assert ctl(run, "--socket", path, "info")[0] == 0
    assert ctl(run, "-n", "commands", "info")[0] == 0
    second = start(run, name="second", wait=False, control={"socket": path})
    assert second.process.wait(20) == 1
    assert "is served by another process" in second.process.output()
    assert ctl(run, "--socket", path, "info")[0] == 0
    instance.stop()
    assert not os.path.exists(path) and not os.path.exists(f"{path}.lock")


@pytest.mark.parametrize("what", ["file", "folder"])
def test_socket_that_cannot_be(run, what):
    """A path that was asked for and cannot be had is an error."""
    path = run.path("file") if what == "file" else run.path("no", "such.sock")
    if what == "file":
        with open(path, "w", encoding="ascii") as f:
            f.write("mine\n")
    instance = start(run, wait=False, control={"socket": path})
    assert instance.process.wait(20) == 1
    assert f"control: {path}" in instance.process.output()
    if what == "file":
        assert os.path.getsize(path) == 5


def test_left_over_socket_is_replaced(run):
    """Of a program that was killed."""
    path = run.path("mine.sock")
    first = start(run, control={"socket": path})
    first.crash()
    assert os.path.exists(path)
    second = start(run, control={"socket": path})
    works_at = ctl(run, "--socket", path, "echo", "x")
    assert works_at[0] == 0, works_at
    second.stop()


def test_without_a_socket(run):
    """Listed, and not to be asked."""
    instance = start(run, control={"enabled": False})
    assert "no control socket" in ctl(run, "list")[1]
    code, _, errors = ctl(run, "info")
    assert code == 1 and "control.enabled is false" in errors
    assert not os.path.exists(socket_path(run))
    instance.stop()


def test_two_of_one_name(run):
    """The second is known by its process number too, and says so."""
    first, second = start(run), start(run)
    other = f"commands-{second.process.pid}"
    assert f'knows this one as "{other}"' in second.process.output()
    code, _, errors = ctl(run, "info")
    assert code == 2 and f'"commands" and "{other}"' in errors
    for name, instance in (("commands", first), (other, second)):
        code, output, _ = ctl(run, "-n", name, "info", "--json")
        assert code == 0 and json.loads(output)["pid"] == instance.process.pid
    second.stop()
    assert ctl(run, "info")[0] == 0
    first.stop()


@pytest.mark.parametrize("folder", ["/proc/none", "/dev/null"])
def test_run_directory_that_cannot_be(run, folder):
    """A warning; everything else works."""
    instance = lab.Instance(run, lab.vnf_program(), {"name": "fwd", "ports": PORTS})
    run.env = lambda env=run.env: {**env(), "VNFKIT_RUN_DIR": folder}
    instance.start()
    assert "no entry in the run directory" in instance.process.output()
    instance.stop()


def test_socket_of_a_port_beside_it(run):
    """The directory may hold others' sockets; the same name does no harm."""
    path = run.path("c", "fwd.sock")
    ports = [{"name": "lan", "kind": "virtio-user", "socket": path}, PORTS[1]]
    instance = lab.Instance(run, lab.vnf_program(), {"name": "fwd", "ports": ports}).start()
    lab.until(lambda: os.path.exists(path), 20, "the port's socket")
    other = start(run)
    assert ctl(run, "-n", "fwd", "ports")[0] == 0
    assert sorted(os.listdir(run.path("c"))) == [
        "commands.ctl", "commands.json", "commands.json.lock", "fwd.ctl", "fwd.json",
        "fwd.json.lock", "fwd.sock", "fwd.sock.lock"]
    other.stop()
    instance.stop()
    assert os.listdir(run.path("c")) == []


def test_not_for_a_check(run):
    """--check and --plan touch nothing."""
    config = run.path("fwd.conf")
    with open(config, "w", encoding="utf-8") as f:
        f.write(lab.config_text({"name": "fwd", "ports": PORTS}))
    for option in ("--check", "--plan", "--dump-config"):
        lab.Process(run, [lab.vnf_program(), "-c", config, option]).wait(20)
    assert os.listdir(run.path("c")) == []


def test_wrong_keys(run):
    """Found before anything is done."""
    config = run.path("fwd.conf")
    with open(config, "w", encoding="utf-8") as f:
        f.write(lab.config_text({"name": "fwd", "ports": PORTS, "control": {
            "socket": "x.sock", "mode": "999", "group": "no-such-group", "enbled": True}}))
    process = lab.Process(run, [lab.vnf_program(), "-c", config])
    assert process.wait(20) == 2
    for part in ("control.socket: is \"x.sock\", an absolute path", "control.mode:",
                 "control.group: there is no group", 'did you mean "enabled"?'):
        assert part in process.output()


# ---- vnfkit ctl ----

def test_ctl(run):
    """A VNF's own command, as a user types it."""
    instance = start(run)
    code, output, _ = ctl(run, "list")
    assert code == 0
    assert output.splitlines()[1].split()[:2] == ["commands", "commands"]
    assert output.splitlines()[1].split()[-1] == "running"
    code, output, _ = ctl(run, "echo", "hello", "7", "--colour", "green", "loud", "list=1,2",
                          "--json")
    assert code == 0
    assert json.loads(output) == {"text": "hello", "number": 7, "time": 10**9, "loud": True,
                                  "colour": "green", "list": [1, 2]}
    code, output, _ = ctl(run, "rows", "count=2k")
    assert code == 0 and output.splitlines()[-1].split()[0] == "1999"
    code, output, errors = ctl(run, "fail")
    assert (code, output, errors) == (1, "", "vnfkit: too busy for that; ask later\n")
    code, output, _ = ctl(run, "help", "echo")
    assert code == 0 and "vnfkit ctl echo TEXT [NUMBER] [TIME] [loud] [COLOUR] [LIST]" in output
    assert ctl(run, "echo")[0] == 2
    instance.stop()
    code, _, errors = ctl(run, "info")
    assert code == 1 and "no running instance" in errors


def test_ctl_when_nobody_answers(run):
    """An instance that is stopped: the text says so, in time."""
    instance = start(run)
    instance.process.signal(signal.SIGSTOP)
    try:
        code, output, _ = ctl(run, "list")
        assert code == 0 and "does not answer" in output
        code, _, errors = ctl(run, "info", "--timeout", "0.5")
        assert code == 1 and "no answer within 0.5 s" in errors
    finally:
        instance.process.signal(signal.SIGCONT)
    instance.stop()


def test_ctl_watch(run):
    """A line for each row, with rates; it ends with the instance."""
    ports = [{"name": "lan", "kind": "gen", "rate": 1000}, {"name": "wan", "kind": "sink"}]
    instance = lab.Instance(run, lab.vnf_program(), {"name": "fwd", "ports": ports}).start()
    watching = lab.Process(run, [sys.executable, VNFKIT, "ctl", "ports", "--watch", "0.3"])
    watching.wait_log(r" name=wan .*tx_packets/s=[1-9]", timeout=20)
    instance.stop()
    assert watching.wait(20) == 1
    assert "there is no such socket" in watching.output() or "has ended" in watching.output() \
        or "hung up" in watching.output() or "nobody listens" in watching.output() \
        or "is stopping" in watching.output()


def test_ctl_of_another_user(run):
    """Who may not connect is told how to be let in."""
    if os.geteuid() != 0:
        raise lab.LabUnavailable("only root can become another user")
    instance = start(run)
    os.chmod(run.dir, 0o711)
    copy = run.path("tools")
    subprocess.run(["cp", "-r", os.path.join(lab.ROOT, "tools"), copy], check=True)
    subprocess.run(["chmod", "-R", "a+rX", copy], check=True)
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", sys.executable,
            os.path.join(copy, "vnfkit"), "ctl"]
    process = lab.Process(run, [*user, "list"], name="list", cwd="/")
    assert process.wait(20) == 0
    assert "no access" in process.output()
    process = lab.Process(run, [*user, "info"], name="info", cwd="/")
    assert process.wait(20) == 1
    assert "this user may not connect" in process.output()
    instance.stop()


def test_ctl_completion(run):
    """The shell's words."""
    instance = start(run)
    words = {(): {"list", "help", "ports", "echo", "--json"}, ("-n",): {"commands"},
             ("stats",): {"lan", "wan", "--port"}, ("echo", "x", "1", "1s"): {"red", "green", "loud"},
             ("help",): {"ports", "echo"}}
    for given, some in words.items():
        found = set(ctl(run, "__complete", *given, "")[1].splitlines())
        assert some <= found, (given, found)
    assert {"start", "stop"} <= set(ctl(run, "__complete", "capture", "")[1].splitlines())
    assert ctl(run, "__complete", "drop", "")[1] == "log\n"
    assert ctl(run, "__complete", "stats", "w")[1] == "wan\n"
    assert ctl(run, "__complete", "stats", "port=l")[1] == "port=lan\n"
    assert ctl(run, "__complete", "--name", "co")[1] == "commands\n"
    instance.stop()
    assert ctl(run, "__complete", "stats", "")[1] == ""
