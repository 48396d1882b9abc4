# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnfkit ctl without an instance: the words of its command line, tables, rates, the run directory,
# and servers that answer wrongly. With real instances: tests/lab/test_control.py.

"""vnfkit ctl: pure parts, and a stand-in for an instance."""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from conftest import TOP
from front import ctl_args, ctl_client, ctl_find, ctl_table, ctl_watch
from front.errors import FrontError, UsageError

VNFKIT = str(TOP / "tools/vnfkit")


def arg(name, kind="string", required=False, **more):
    """An argument's schema."""
    return {"name": name, "type": kind, "required": required, "doc": f"The {name}.", **more}


COMMAND = {"name": "try", "help": "Try.", "args": [
    arg("port", required=True), arg("count", "u32"), arg("all", "bool"), arg("time", "duration"),
    arg("list", "u32s"), arg("rx_names", "strings")]}


# ---- the command line ----

@pytest.mark.parametrize("words, expected", [
    (["a"], {"port": "a"}),
    (["a", "5", "all"], {"port": "a", "count": 5, "all": True}),
    (["all", "a"], {"port": "a", "all": True}),
    (["--all", "a", "7"], {"port": "a", "all": True, "count": 7}),
    (["count=7", "a"], {"port": "a", "count": 7}),
    (["--count", "7", "--port", "a"], {"port": "a", "count": 7}),
    (["--count=7", "--port=a=b"], {"port": "a=b", "count": 7}),
    (["a", "--all=no"], {"port": "a", "all": False}),
    (["a", "time=0"], {"port": "a", "time": 0}),
    (["a", "time=5ms"], {"port": "a", "time": "5ms"}),
    (["a", "list=1,2,x"], {"port": "a", "list": [1, 2, "x"]}),
    (["a", "--rx-names", "b,c"], {"port": "a", "rx_names": ["b", "c"]}),
    (["a", "many"], {"port": "a", "count": "many"}),
    (["-5"], {"port": "-5"}),
    (["port=all", "all"], {"port": "all", "all": True}),
])
def test_arguments(words, expected):
    """Bare values in order, names with values, flags."""
    assert ctl_args.arguments_of(COMMAND, words) == expected


@pytest.mark.parametrize("words, part", [
    ([], "port is missing: vnfkit ctl try PORT [COUNT] [all]"),
    (["a", "prt=b"], 'did you mean "port"?'),
    (["a", "--zzz"], "it has port, count, all"),
    (["a", "port=b"], "port is given twice"),
    (["a", "--count"], "--count: its value is missing"),
    (["a", "all=maybe"], '"maybe" is not allowed'),
    (["a", "1", "1s", "1", "x", "y"], '"y" is one too many'),
])
def test_wrong_arguments(words, part):
    """Each with what is allowed."""
    with pytest.raises(UsageError) as error:
        ctl_args.arguments_of(COMMAND, words)
    assert part in str(error.value)


@pytest.mark.parametrize("words, expected", [
    (["-n", "a", "ports"], {"name": "a", "rest": ["ports"]}),
    (["ports", "--name=a"], {"name": "a", "rest": ["ports"]}),
    (["--watch", "ports"], {"watch": 1.0, "rest": ["ports"]}),
    (["--watch", "0.5", "ports"], {"watch": 0.5, "rest": ["ports"]}),
    (["ports", "--watch=2", "--json"], {"watch": 2.0, "json": True, "rest": ["ports"]}),
    (["--", "--json"], {"rest": ["--json"]}),
    (["x", "--port", "a"], {"rest": ["x", "--port", "a"]}),
])
def test_options(words, expected):
    """They may stand anywhere; what is not known is the command's."""
    options = ctl_args.split_options(words)
    assert {key: getattr(options, key) for key in expected} == expected


@pytest.mark.parametrize("words", [["-n"], ["--timeout", "0"], ["--timeout", "x"], ["--watch=0"],
                                   ["--json=1"], ["-n", "a", "--socket", "b"]])
def test_wrong_options(words):
    """Wrong command lines."""
    with pytest.raises(UsageError):
        ctl_args.split_options(words)


# ---- tables ----

def test_two_words_are_one_command():
    """If there is such a command, and only then."""
    commands = [{"name": "capture"}, {"name": "capture-start"}]
    words = ctl_args.command_words
    assert words(["capture", "start", "file=x"], commands) == ("capture-start", ["file=x"])
    assert words(["capture", "all"], commands) == ("capture", ["all"])
    assert words(["capture"], commands) == ("capture", [])


def test_table():
    """Numbers to the right with separators, names of things without; what is missing is a dash."""
    rows = [{"name": "a", "pid": 12345, "rx": 1234567, "up": True},
            {"name": "long-name", "pid": 1, "rx": 0, "up": False, "ports": ["x", "y"]}]
    assert ctl_table.table(rows) == [
        "name         pid         rx  up   ports",
        "a          12345  1,234,567  yes  -",
        "long-name      1          0  no   x, y"]


def test_other_results():
    """Objects, text, lists, nothing."""
    assert ctl_table.lines_of({"rx": 1000, "name": "a"}) == ["rx    1,000", "name  a"]
    assert ctl_table.lines_of({"n": 1, "rows": [{"a": 2}], "on": True}) == [
        "n   1", "on  yes", "", "a", "2"]
    assert ctl_table.lines_of({"n": 1, "of": {"on": True, "none": {}, "rows": [{"a": 2}]}}) == [
        "n  1", "", "on    yes", "none  {}", "", "a", "2"]
    assert ctl_table.lines_of("a\nb\n") == ["a", "b"]
    assert ctl_table.lines_of(["a", 5]) == ["a", "5"]
    assert ctl_table.lines_of([]) == ["(none)"]
    assert ctl_table.lines_of(None) == ["done"]
    assert ctl_table.lines_of(True) == ["yes"]


def test_terminal_is_safe():
    """A name that a guest chose does not reach the terminal as a command."""
    assert ctl_table.lines_of([{"name": "\x1b[2J"}])[1] == "\\x1b[2J"
    assert ctl_table.lines_of("\x1b]0;x\x07") == ["\\x1b]0;x\\x07"]


def test_rates():
    """Growth per second beside what grows, from then on; not beside names and measures."""
    rates = ctl_watch.Rates()
    row = {"name": "a", "id": 1, "rx": 100, "drops": 0, "uptime_s": 5}
    assert ctl_watch.with_rates([row], rates, 10.0) == [row]
    row = {"name": "a", "id": 1, "rx": 300, "drops": 0, "uptime_s": 7}
    assert ctl_watch.with_rates([row], rates, 12.0) == [
        {"name": "a", "id": 1, "rx": 300, "rx/s": 100, "drops": 0, "uptime_s": 7}]
    row = {"name": "a", "id": 1, "rx": 5, "drops": 0, "uptime_s": 8}
    assert ctl_watch.with_rates([row], rates, 13.0)[0]["rx/s"] == 0
    other = {"name": "b", "id": 2, "rx": 5}
    assert ctl_watch.with_rates([other], rates, 14.0)[0]["rx/s"] is None


# ---- the run directory ----

@pytest.fixture
def run_dir(tmp_path, monkeypatch):
    """A run directory of one's own."""
    os.chmod(tmp_path, 0o755)
    monkeypatch.setenv("VNFKIT_RUN_DIR", str(tmp_path))
    return tmp_path


def enter(folder, name, control=""):
    """An entry; the lock is held as long as the result lives."""
    (folder / f"{name}.json").write_text(json.dumps({
        "name": name, "program": "p", "version": "1", "pid": os.getpid(), "started": 1,
        "telemetry": "/t", "prefix": "x", "control": control}))
    lock = open(folder / f"{name}.json.lock", "w", encoding="ascii")  # pylint: disable=R1732
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def test_instances(run_dir):
    """Those whose lock is held; others' files are no hindrance."""
    locks = [enter(run_dir, "b"), enter(run_dir, "a")]
    enter(run_dir, "gone").close()
    (run_dir / "bad.json").write_text("{")
    (run_dir / "odd.json").write_text("[]")
    assert [entry.name for entry in ctl_find.instances()] == ["a", "b"]
    with pytest.raises(UsageError, match='There are "a" and "b"'):
        ctl_find.the_instance("")
    with pytest.raises(FrontError, match='no instance "c" is running'):
        ctl_find.the_instance("c")
    locks.pop().close()
    assert ctl_find.the_instance("").name == "b"
    locks.pop().close()
    with pytest.raises(FrontError, match="no running instance"):
        ctl_find.the_instance("")


def test_unsafe_run_directory(run_dir):
    """One that others may write to is not believed."""
    lock = enter(run_dir, "a")
    os.chmod(run_dir, 0o777)
    assert not ctl_find.instances()
    lock.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_run_directory_of_services(run_dir, monkeypatch):
    """It belongs to their user, whom root believes there and nowhere else."""
    lock = enter(run_dir, "a")
    os.chown(run_dir, 65534, 65534)
    assert not ctl_find.instances()
    monkeypatch.setattr(ctl_find, "ROOT_DIR", str(run_dir))
    assert [entry.name for entry in ctl_find.instances()] == ["a"]
    for mode in (0o777, 0o770):
        os.chmod(run_dir, mode)
        assert not ctl_find.instances()
    lock.close()


@pytest.mark.parametrize("make", ("fifo", "link", "bell"))
def test_entries_that_are_none(run_dir, make):
    """Whoever may write into the directory cannot hold up who looks, nor write to his terminal."""
    locks = [enter(run_dir, "a"), enter(run_dir, "b\a" if make == "bell" else "b")]
    if make == "fifo":
        os.unlink(run_dir / "b.json")
        os.mkfifo(run_dir / "b.json")
        os.mkfifo(run_dir / "c.json.lock")
        os.link(run_dir / "a.json", run_dir / "c.json")
    elif make == "link":
        os.rename(run_dir / "b.json", run_dir / "elsewhere")
        os.symlink(run_dir / "elsewhere", run_dir / "b.json")
    names = [entry.name for entry in ctl_find.instances()]
    for lock in locks:
        lock.close()
    # Of a lock that is none it is not known; then the process decides.
    assert names == (["a", "c"] if make == "fifo" else ["a"])


# ---- servers that answer wrongly ----

@contextlib.contextmanager
def server(path, answer):
    """A stand-in for an instance: one connection, this answer to its first line; None: silence."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(1)

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            if answer is None:
                connection.recv(1)
            else:
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield str(path)
    thread.join(5)
    listener.close()


@pytest.mark.parametrize("answer, part", [
    (b"", "hung up"),
    (b'{"ok": true', "hung up"),
    (b"hello\n", "no instance of vnfkit"),
    (b"[]\n", "no instance of vnfkit"),
    (b'{"ok": false}\n', "no instance of vnfkit"),
    (b'{"ok": true}\n', "no instance of vnfkit"),
    (b"[" * 100000 + b"\n", "no instance of vnfkit"),
    (b'{"ok": false, "error": {"code": "EPERM", "text": "not you"}}\n', "not you"),
    (None, "no answer within 0.3 s"),
])
def test_wrong_answers(tmp_path, answer, part):
    """Said in our words."""
    with server(tmp_path / "s", answer) as path:
        with pytest.raises(FrontError) as error:
            ctl_client.ask(path, "info", timeout=0.3)
    assert part in str(error.value)


def test_unreachable(tmp_path):
    """What to do about it."""
    with pytest.raises(FrontError, match="there is no such socket"):
        ctl_client.ask(str(tmp_path / "none"), "info")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.close()
    with pytest.raises(FrontError, match="nobody listens"):
        ctl_client.ask(str(tmp_path / "s"), "info")
    with pytest.raises(FrontError, match="AF_UNIX path too long|too long"):
        ctl_client.ask(str(tmp_path / ("x" * 200)), "info")


# ---- as a user has it ----

def ctl(folder, *words):
    """Run it."""
    return subprocess.run([sys.executable, VNFKIT, "ctl", *words], capture_output=True, text=True,
                          env={**os.environ, "VNFKIT_RUN_DIR": str(folder)}, check=False)


def test_codes(tmp_path):
    """2 for a wrong command line, 1 for an instance that is not there."""
    assert ctl(tmp_path, "--help").returncode == 0
    assert ctl(tmp_path).returncode == 2
    assert ctl(tmp_path, "list", "x").returncode == 2
    assert ctl(tmp_path, "--timeout", "x", "info").returncode == 2
    assert ctl(tmp_path, "info").returncode == 1
    done = ctl(tmp_path, "list")
    assert done.returncode == 0 and "no running instance" in done.stderr
    assert ctl(tmp_path, "list", "--json").stdout == "[]\n"


def test_bash_completion(tmp_path):
    """The script, in a shell; with an entry to complete."""
    lock = enter(tmp_path, "fwd")
    os.chmod(tmp_path, 0o755)
    script = ('source "$1"; shopt -s expand_aliases; compopt() { :; }; COMP_LINE=$2; '
              'COMP_POINT=${#COMP_LINE}; read -ra COMP_WORDS <<<"$COMP_LINE"; '
              '[[ $COMP_LINE != *" " ]] || COMP_WORDS+=(""); '
              'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _vnfkit; printf "%s\\n" "${COMPREPLY[@]}"')

    def complete(line):
        done = subprocess.run(
            ["bash", "-c", script, "bash", str(TOP / "tools/vnfkit-completion.sh"), line],
            capture_output=True, text=True, check=True,
            env={**os.environ, "VNFKIT_RUN_DIR": str(tmp_path)})
        return done.stdout.split()

    assert complete("vnfkit c") == ["ctl"]
    assert complete(f"{VNFKIT} ctl -n ") == ["fwd"]
    assert complete(f"{VNFKIT} ctl li") == ["list"]
    assert complete(f"{VNFKIT} ctl -n fwd zz") == []
    lock.close()
