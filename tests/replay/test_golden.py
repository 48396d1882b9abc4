# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The command vnfkit test: what it calls a failure, what it says about it, what it writes, and what
# it refuses.

"""Golden tests of vnf-forward that fail as they should."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

BUILD = Path(os.environ["VNFKIT_BUILD"])
SOURCE = Path(os.environ.get("VNFKIT_SOURCE", Path(__file__).resolve().parents[2]))
FORWARD = BUILD / "templates/vnf-forward"
GOLDEN = SOURCE / "tests/replay/golden/forward/both-ways"

sys.path.insert(0, str(SOURCE / "tools"))

from front import capture, dissect  # noqa: E402  pylint: disable=wrong-import-position

# Stands for vnf-forward; its last line can spoil what that gave. $record: the file of "right".
WRAPPER = """#!/bin/sh
{forward} "$@" || exit
for word; do case $word in right=*.pcap) record=${{word#right=}} ;; esac; done
[ -n "$record" ] || exit 0   # no replay
{spoil}
"""


def frame(number, at_ns, ttl=64):
    """A frame of a capture."""
    packet = (Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") /
              IP(src="10.0.0.1", dst="10.0.0.2", ttl=ttl) / UDP(sport=number, dport=53) / b"x")
    return capture.Frame(1_700_000_000 * 10**9 + at_ns, bytes(packet))


class Bench:
    """A folder with the test "one", and the command."""

    def __init__(self, folder):
        self.folder = folder
        self.one = folder / "tests/one"
        self.program = FORWARD
        self.one.mkdir(parents=True)
        shutil.copy(GOLDEN / "forward.conf", self.one)
        self.put("in-left.pcap", [frame(n, n * 1000) for n in range(1, 41)])

    def put(self, name, frames):
        """A file of the test."""
        (self.one / name).write_bytes(capture.dump(frames))

    def frames(self, name):
        """What is in one."""
        return list(capture.load(self.one / name).frames)

    def run(self, *words, code=0, env=None):
        """Run vnfkit test; all that it says."""
        done = subprocess.run([SOURCE / "tools/vnfkit", "test", self.program,
                               self.folder / "tests", *words], text=True, check=False, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=env)
        assert done.returncode == code, done.stdout
        assert "Traceback" not in done.stdout and "unexpected" not in done.stdout, done.stdout
        return done.stdout

    def bless(self):
        """Take what comes out for right."""
        return self.run("--bless")

    def spoil(self, *lines):
        """From now on the program's output is spoiled by these lines of shell."""
        self.program = self.folder / "vnf-spoiled"
        self.program.write_text(WRAPPER.format(forward=FORWARD, spoil="\n".join(lines)))
        self.program.chmod(0o755)


@pytest.fixture
def tests(tmp_path):
    """Tests that are not blessed yet."""
    return Bench(tmp_path)


@pytest.mark.quick
def test_bless_then_pass(tests):
    """What is written is what comes out; a second time there is nothing to write."""
    text = tests.bless()
    assert "expect-right.pcap: 40 packets" in text
    assert "expect-verdicts.jsonl: 40 verdicts" in text
    assert sorted(os.listdir(tests.one)) == ["expect-right.pcap", "expect-verdicts.jsonl",
                                             "forward.conf", "in-left.pcap"]
    assert tests.frames("expect-right.pcap") == tests.frames("in-left.pcap")
    text = tests.run()
    assert text.startswith("ok    one")
    assert text.endswith("\n1 passed, 0 failed\n")
    assert "wrote" not in tests.bless() and "changed" not in tests.bless()


def test_what_is_not_expected_fails(tests):
    """A port that sends, without a file for it."""
    text = tests.run(code=1)
    assert 'port "right" sent 40 packets, and there is no' in text
    assert "--bless" in text
    assert "0 passed, 1 failed" in text
    assert not (tests.one / "expect-right.pcap").exists()


@pytest.mark.quick
def test_difference_is_readable(tests):
    """By packet, by header field and by octet."""
    tests.bless()
    frames = tests.frames("in-left.pcap")
    frames[20] = frame(21, 21000, ttl=63)
    tests.put("in-left.pcap", frames)
    lines = [line.strip() for line in tests.run(code=1).splitlines()]
    where = "0.000020 02:00:00:00:00:01 → 02:00:00:00:00:02 IPv4 10.0.0.1 → 10.0.0.2 UDP"
    assert 'port "right": expected 40 packets (-), got 40 (+)' in lines
    assert f"-   21 {where} 21 → 53 len 43" in lines
    assert f"+   21 {where} 21 → 53 len 43" in lines
    assert "IP ttl: 64 → 63" in lines
    assert any(line.startswith("IP chksum: ") for line in lines)
    assert len([line for line in lines if where[9:] in line]) == 6    # two beside it on each side
    assert any(line.startswith("- 0010  ") for line in lines)
    assert not any(line.startswith("- 0020  ") for line in lines)


def test_difference_without_scapy(tests, tmp_path):
    """Octets all the same."""
    tests.bless()
    tests.put("in-left.pcap", [frame(9, 1000), *tests.frames("in-left.pcap")[1:]])
    (tmp_path / "scapy.py").write_text("raise ImportError('hidden')\n")
    text = tests.run(code=1, env=dict(os.environ, PYTHONPATH=str(tmp_path)))
    assert "- 0020  " in text
    assert "UDP sport" not in text


@pytest.mark.parametrize("change, line", [
    (lambda f: f[:5] + f[6:], "-    6 0.000005 "),
    (lambda f: f[:5] + [frame(99, 5500)] + f[5:], "+    6 0.000004500 "),
    (lambda f: f[:5] + [frame(6, 6001)] + f[6:], "time: 0.000005 → 0.000005001"),
    (lambda f: f[:5] + [capture.Frame(f[5].time_ns, f[5].data + b"y")] + f[6:], "len 44"),
])
def test_other_differences(tests, change, line):
    """One less, one more, later, longer."""
    tests.bless()
    tests.put("in-left.pcap", change(tests.frames("in-left.pcap")))
    assert line in tests.run(code=1)


def test_verdicts_that_differ(tests):
    """Also where nothing was sent."""
    tests.bless()
    path = tests.one / "expect-verdicts.jsonl"
    events = [json.loads(line) for line in path.read_text().splitlines()]
    events[2] = dict(events[2], verdict="drop", reason="telnet")
    del events[2]["to"]
    path.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    text = tests.run(code=1)
    assert "- 0.000002 packet 3 from left: drop telnet" in text
    assert "+ 0.000002 packet 3 from left: forward to right" in text


def test_bless_says_what_it_changes(tests):
    """Files are changed, and removed when nothing is sent any more."""
    tests.bless()
    tests.put("in-left.pcap", [frame(1, 0)])
    assert "changed" in tests.bless()
    os.rename(tests.one / "in-left.pcap", tests.one / "in-right.pcap")
    text = tests.bless()
    assert "wrote" in text and "expect-left.pcap: 1 packet\n" in text
    assert "removed" in text and "expect-right.pcap: the port sends nothing" in text
    tests.run()


def test_bless_leaves_verdicts_out_that_were_left_out(tests):
    """Whoever removed them does not want them."""
    tests.bless()
    (tests.one / "expect-verdicts.jsonl").unlink()
    tests.put("in-left.pcap", [frame(1, 0)])
    tests.bless()
    assert not (tests.one / "expect-verdicts.jsonl").exists()


def test_bursts_that_matter_fail(tests):
    """Even a blessing does not help."""
    tests.spoil('case "$*" in *"--burst 7"*) head -c 200 "$record" >"$record.x"',
                'head -c 83 "$record.x" >"$record" ;; esac')
    text = tests.run("--bless", code=1)
    assert 'port "right" sends otherwise with --burst 1 (-) than with --burst 7 (+):' in text
    assert not (tests.one / "expect-right.pcap").exists()


@pytest.mark.parametrize("spoil, message", [
    ("exit 1", "its exit code is 1"),
    ("kill -SEGV $$", "it was ended by signal 11"),
    ("""sed -i 's/"balance": 0/"balance": 2/' "${record%/*}/report" """, "does not balance: 2"),
    ('rm "${record%/*}/report"', "it wrote no report"),
])
def test_a_run_that_went_wrong_fails(tests, spoil, message):
    """Whatever the packets."""
    tests.bless()
    tests.spoil(spoil)
    assert message in tests.run(code=1)


def test_times_in_microseconds(tests):
    """An expectation made by another tool tells no more than it can."""
    tests.put("in-left.pcap", [frame(1, 1000), frame(2, 2345)])
    data = bytearray(capture.dump(tests.frames("in-left.pcap")))
    data[:4] = bytes.fromhex("d4c3b2a1")
    for at, microseconds in ((28, 1), (28 + 16 + 43, 2)):
        data[at:at + 4] = microseconds.to_bytes(4, "little")
    (tests.one / "expect-right.pcap").write_bytes(data)
    tests.run()


def test_options_of_a_test(tests):
    """The file args goes to the program."""
    (tests.one / "args").write_text("# three hours more\n--until +3h\n--seed=7\n")
    tests.bless()
    assert "10800.000039000 s of virtual time" in tests.run("--verbose")


def test_tap(tests):
    """For meson: one line per test, all else as comments."""
    shutil.copytree(tests.one, tests.one.parent / "two")
    tests.bless()
    (tests.one / "expect-right.pcap").unlink()
    lines = tests.run("--tap", code=1).splitlines()
    assert lines[:2] == ["1..2", "not ok 1 - one"]
    assert lines[-1] == "ok 2 - two"
    assert all(line.startswith("#") for line in lines[2:-1])
    (tests.one / "in-left.pcap").write_bytes(b"no capture")
    assert "Bail out! " in tests.run("--tap", code=2)


def test_one_configuration_for_all(tests):
    """By -c; a test's own comes first."""
    os.rename(tests.one / "forward.conf", tests.folder / "all.conf")
    assert "has no configuration" in tests.run(code=2)
    tests.run("-c", tests.folder / "all.conf", "--bless")
    (tests.one / "config").write_text("ports = 3;\n")
    assert "config:1: ports:" in tests.run("-c", tests.folder / "all.conf", code=2)


@pytest.mark.parametrize("name, content, message", [
    ("in-lan.pcap", None, 'no port is named "lan"; those of'),
    ("expect-lan.pcap", None, 'no port is named "lan"; those of'),
    ("in-left.pcapng", None, "has"),
    ("in-right.cap", None, "is named in-PORT.pcap or in-PORT.pcapng"),
    ("expect-verdicts.json", None, "is named expect-PORT.pcap or expect-verdicts.jsonl"),
    ("in-right.pcap", b"x", "is neither a pcap nor a pcapng file"),
    ("in-right.pcap", capture.dump([frame(1, 0)])[:-1], "is damaged, or cut short"),
    ("other.conf", b"", "are one configuration too many"),
    ("args", b"--until\n", "args:1: --until: is not allowed"),
    ("args", b"\n--record left=x\n", "args:2: --record left=x: is not allowed"),
    ("args", b"--until 'x\n", "No closing quotation"),
])
def test_is_refused(tests, name, content, message):
    """Exit code 2 before anything is run."""
    content = capture.dump([]) if content is None else content
    (tests.one / name).write_bytes(content)
    assert message in tests.run(code=2)


def test_nothing_to_test(tests, tmp_path):
    """A folder that is not there, one without tests, a test without input, no program."""
    assert "is no folder" in tests.run(tmp_path / "none", code=2)
    (tmp_path / "empty").mkdir()
    assert "no test is in it" in tests.run(tmp_path / "empty", code=2)
    (tests.one / "args").write_text("--seed 1\n")
    (tests.one / "in-left.pcap").unlink()
    assert "there is nothing to replay" in tests.run(code=2)
    tests.program = tmp_path / "no-program"
    (tests.one / "args").write_text("--until 1s\n")
    assert "does not exist" in tests.run(code=2)


@pytest.mark.parametrize("data, text", [
    ("", "[] len 0"),
    ("0200000000", "[02 00 00 00 00] len 5"),
    ("0200000000020200000000018100", "02:00:00:00:00:01 → 02:00:00:00:00:02 type 0x8100 len 14"),
    ("0200000000020200000000010800450000", "type 0x0800, cut short len 17"),
    ("020000000002020000000001000c", "802.3 length 12 len 14"),
])
def test_odd_frames_have_a_line(data, text):
    """Whatever a program sends."""
    assert dissect.line(bytes.fromhex(data)).endswith(text)


def test_pcapng_is_read(tmp_path):
    """Another writer's file: nanoseconds, and packets of two sections."""
    def block(kind, body):
        length = (len(body) + 12).to_bytes(4, "little")
        return kind.to_bytes(4, "little") + length + body + length

    def packet(ticks, data):
        head = [0, ticks >> 32, ticks & 0xffffffff, len(data), len(data)]
        return block(6, b"".join(n.to_bytes(4, "little") for n in head) + data +
                     bytes(-len(data) % 4))

    section = block(0x0a0d0d0a, bytes.fromhex("4d3c2b1a01000000ffffffffffffffff"))
    micro = block(1, bytes.fromhex("0100000000000000"))
    nano = block(1, bytes.fromhex("010000000000000009000100090000000000 0000"))
    path = tmp_path / "a.pcapng"
    path.write_bytes(section + nano + packet(1_700_000_000_000_000_001, b"abcde") +
                     block(0x0bad, b"") + section + micro + packet(1_700_000_000_000_002, b"f"))
    frames = capture.load(path).frames
    assert [(f.time_ns, f.data) for f in frames] == [
        (1_700_000_000_000_000_001, b"abcde"), (1_700_000_000_000_002_000, b"f")]
