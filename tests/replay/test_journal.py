# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The journal in virtual time, by a VNF that logs an event for each frame (events.c): the same lines
# in every run, however packets come together and however many workers there are.

"""The journal in a replay."""

import json
import os
import subprocess

import pytest
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap
from vnfkit_replay import replay

EVENTS = os.path.join(os.environ["VNFKIT_BUILD"], "tests/vnf-events")
PORTS = """
ports = ( { name = "left"; kind = "virtio-user"; socket = "/nonexistent/left.sock"; },
          { name = "right"; kind = "virtio-user"; socket = "/nonexistent/right.sock"; } );
"""
START = 1_700_000_000


def frame(name, at=0.0, times=1):
    """A frame that is so many events."""
    packet = Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b", type=0x88b5) / (
        f"{times}{name}".encode().ljust(60, b"\0"))
    packet.time = START + at
    return packet


def journal(path, *frames, rate=10000, more="", **options):
    """The text that is appended to the file at `path`."""
    replay(EVENTS, f'{PORTS} journal: {{ file = "{path}"; rate = {rate}; }}; {more}',
           {"left": list(frames)}, **options)
    return path.read_text(encoding="utf-8")


def events(text, *kinds):
    """The lines of these kinds, parsed."""
    return [line for line in map(json.loads, text.splitlines()) if line["event"] in kinds]


def names(text):
    """What was logged of frames, in order."""
    return "".join(line["name"] for line in events(text, "frame"))


@pytest.mark.quick
def test_line(tmp_path):
    """The time, of the packet and to the nanosecond, then what the program says."""
    text = journal(tmp_path / "log", frame("a", at=0.25), frame("b", at=1.25))
    first, second = text.splitlines()[:2]
    assert first == ('{"time":"2023-11-14T22:13:20.250000000Z","event":"frame","port":"left",'
                     '"name":"a","number":1}')
    assert second.startswith('{"time":"2023-11-14T22:13:21.250000000Z",')


def test_off(tmp_path):
    """Without a file nothing is made."""
    replay(EVENTS, PORTS, {"left": [frame("a")]})
    assert not list(tmp_path.iterdir())


def mixed():
    """Many at one time, and many times."""
    return [frame(chr(97 + i % 26), at=i // 40 * 0.1, times=1 + i % 3) for i in range(400)]


@pytest.mark.parametrize("how", [{"burst": 1}, {"burst": 7}, {"burst": 32}, {"seed": 5}],
                         ids=str)
def test_runs_and_bursts_do_not_matter(tmp_path, how):
    """The same octets, those lost included."""
    text = journal(tmp_path / "one", *mixed(), rate=50)
    assert len(events(text, "lost")) > 1
    assert journal(tmp_path / "two", *mixed(), rate=50, **how) == text


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_workers_do_not_matter(tmp_path, workers):
    """The same events at the same times, in the same order; and the same are lost."""
    def seen(text):
        return [{**line, "number": 0} for line in events(text, "frame", "lost")]
    one = journal(tmp_path / "one", *mixed(), rate=50)
    more = journal(tmp_path / "more", *mixed(), rate=50, more=f"workers = {workers};")
    # But how many were lost at the end: each worker says a last word.
    assert seen(more)[:-1] == seen(one)[:-1]


def test_rate(tmp_path):
    """A second's worth at once, then evenly; in virtual time."""
    text = journal(tmp_path / "log", frame("a", times=9), frame("b", at=0.2), frame("c", at=0.25),
                   frame("d", at=0.26), frame("e", at=100, times=9), rate=4)
    assert names(text) == "aaaaceeee"


def test_losses_are_told_once_a_second(tmp_path):
    """And all of them in the end."""
    frames = [frame("a", at=i * 0.05) for i in range(100)]
    text = journal(tmp_path / "log", *frames, rate=2)
    lost = events(text, "lost")
    times = [line["time"] for line in lost]
    assert len(lost) == 6
    assert [t[17:19] for t in times] == ["20", "21", "22", "23", "24", "24"]
    assert {line["by"] for line in lost} == {"rate"}
    written = len(events(text, "frame", "end"))
    assert written + sum(line["count"] for line in lost) == len(frames) + 1


def test_last_words_are_written(tmp_path):
    """Those of worker_fini."""
    text = journal(tmp_path / "log", frame("a"), frame("b"), more="workers = 2;")
    assert sum(line["seen"] for line in events(text, "end")) == 2
    assert text.endswith("\n")


def test_file_is_appended_to(tmp_path):
    """What was there stays."""
    first = journal(tmp_path / "log", frame("a"))
    assert journal(tmp_path / "log", frame("a")) == 2 * first


def test_path_is_relative_to_the_configuration(tmp_path):
    """Not to where the program was started."""
    folder = tmp_path / "etc"
    folder.mkdir()
    conf = folder / "events.conf"
    conf.write_text(f'{PORTS} journal: {{ file = "log"; }};', encoding="utf-8")
    replay(EVENTS, conf, {"left": [frame("a")]})
    assert names((folder / "log").read_text(encoding="utf-8")) == "a"


@pytest.mark.parametrize("path,says", [
    ("missing/log", "No such file or directory; make its folder"),
    (".", "Is a directory; name a file in it"),
])
def test_file_that_cannot_be_opened(tmp_path, path, says):
    """Where it was written, why, and what to do; a check of the configuration opens nothing."""
    conf = tmp_path / "events.conf"
    conf.write_text(f'{PORTS}\njournal: {{\n    file = "{tmp_path}/{path}";\n}};',
                    encoding="utf-8")
    wrpcap(str(tmp_path / "in.pcap"), [frame("a")])
    done = subprocess.run([EVENTS, "-c", conf, "--replay", f"left={tmp_path}/in.pcap"],
                          check=False, text=True, capture_output=True)
    assert done.returncode == 2
    assert f"{conf}:6: journal.file: cannot write to \"{tmp_path}/{path}\": {says}" in done.stderr
    subprocess.run([EVENTS, "-c", conf, "--check"], check=True)


def test_full_disk(tmp_path):
    """The replay goes on, and says what was lost."""
    result = replay(EVENTS, f'{PORTS} journal: {{ file = "/dev/full"; }};',
                    {"left": [frame("a", at=i) for i in range(200)]})
    assert len(result.packets["right"]) == 200
    assert "journal: cannot write to /dev/full: No space left on device; make room" in result.log
    assert "journal: 0 lines were written; lost were 0 over the rate, 0 for a full ring, 201 " \
        in result.log
    assert not list(tmp_path.iterdir())
