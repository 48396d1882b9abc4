# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What the engine of a replay promises, by a VNF that is told in each frame what to do with it
# (probe.c): the same bytes however packets come together and however many workers there are, timers
# and ticks at their nanosecond, packets in the order in which they were decided, every packet
# accounted for, and a leak named.

"""The engine of a replay."""

import itertools
import os
import signal
import struct
import subprocess
import time

import pytest
from scapy.layers.inet import IP, UDP, in4_pseudoheader
from scapy.layers.l2 import Ether
from scapy.utils import checksum
from vnfkit_replay import replay

BUILD = os.environ["VNFKIT_BUILD"]
PROBE = os.path.join(BUILD, "tests/vnf-probe")
FORWARD = os.path.join(BUILD, "templates/vnf-forward")
HAS_OWNERS = os.environ.get("VNFKIT_OWNERS") == "1"
PORTS = """
ports = ( { name = "left"; kind = "virtio-user"; socket = "/nonexistent/left.sock"; },
          { name = "right"; kind = "virtio-user"; socket = "/nonexistent/right.sock"; } );
"""
SECOND = 10**9
START = 1_700_000_000


# The head of a file with microseconds, and a file with a frame of the year 2200.
PCAP = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
PCAPNG_2200 = (struct.pack("<IIIHHqI", 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0, -1, 28) +
               struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20) +
               struct.pack("<IIIIIII60sI", 6, 92, 0, 7258118400 * 10**6 >> 32,
                           7258118400 * 10**6 & 0xffffffff, 60, 60, b"f" * 60, 92))


def frame(what, number=0, at=0.0, length=64):
    """A frame that tells the probe what to do."""
    payload = f"{what}{number:06d}".encode().ljust(length - 14, b".")
    packet = Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b", type=0x88b5) / payload
    packet.time = START + at
    return packet


def flow(host, number, at=0.0):
    """A frame of one of many stations."""
    packet = frame("f", number, at)
    packet.src = f"02:00:00:00:01:{host:02x}"
    return packet


def texts(packets):
    """What stands in frames."""
    return [bytes(p)[14:].split(b"\0")[0].rstrip(b".").decode() for p in packets]


def since_start(packet):
    """Nanoseconds since the first input."""
    return round((packet.time - START) * SECOND)


def burst_of_everything(n=90):
    """Frames of one time at both ports, of all kinds that end by themselves."""
    kinds = itertools.cycle("fofrnxffrt")
    left = [frame(next(kinds), i) for i in range(n)]
    right = [frame(next(kinds), 500 + i, length=200) for i in range(n)]
    later = [frame(next(kinds), 900 + i, at=0.5) for i in range(n)]
    return {"left": left + later, "right": right}


def outcome(**options):
    """All bytes that a replay gives."""
    result = replay(PROBE, PORTS + options.pop("config", ""), burst_of_everything(), until="+3h",
                    **options)
    return ({port: [(bytes(p), p.time) for p in packets]
             for port, packets in result.packets.items()},
            [vars(v) for v in result.verdicts], result.ledger)


@pytest.mark.quick
@pytest.mark.parametrize("burst", [2, 7, 31, 32])
def test_bursts_do_not_matter(burst):
    """However packets of one time come together."""
    assert outcome(burst=burst) == outcome(burst=1)


def test_runs_do_not_matter():
    """Every run is the same, but for another seed."""
    first = outcome()
    assert outcome() == first
    assert outcome(seed=1) == first
    other = outcome(seed=2)
    assert other[1] == first[1]
    assert other[0] != first[0]


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_do_not_matter(workers):
    """More workers than queues: packets go over the rings between them."""
    packets = {"left": [flow(i % 13, i, at=i // 7 * 0.001) for i in range(100)],
               "right": [flow(i % 11, i, at=i // 3 * 0.001) for i in range(100)]}
    one = replay(FORWARD, PORTS, packets)
    more = replay(FORWARD, PORTS.replace("right.sock\";", "right.sock\"; queues = 1;") +
                  f"workers = {workers};", packets)
    assert more.ledger["handed_out"] > 0
    assert [bytes(p) for p in more.packets["left"]] == [bytes(p) for p in one.packets["left"]]
    assert [bytes(p) for p in more.packets["right"]] == [bytes(p) for p in one.packets["right"]]


def test_more_queues():
    """Flows are spread over the queues, so that all workers have something to do."""
    packets = {"left": [flow(i, i) for i in range(40)]}
    result = replay(FORWARD, PORTS + "workers = 2;", packets)
    assert [bytes(p) for p in result.packets["right"]] == [bytes(p) for p in packets["left"]]


@pytest.mark.parametrize("gap", [0.25, 30, 3599.999999, 7199.5])
def test_timers_are_exact(gap):
    """Two hours after the last touch, to the nanosecond, with nothing else going on."""
    result = replay(PROBE, PORTS, {"left": [frame("t", 1), frame("u", 2, at=gap)]}, until="+3h")
    assert texts([result.packets["right"][-1]]) == ["t000001"]
    assert result.verdicts[-1].time == result.verdicts[-2].time + 7200
    assert [v.verdict for v in result.verdicts] == ["taken", "forward", "sent"]
    assert result.verdicts[-1].number == 1
    assert result.verdicts[-1].to == "right"


def test_a_timer_beyond_the_end_does_not_run():
    """The packet is given back at the stop instead."""
    result = replay(PROBE, PORTS, {"left": [frame("t", 1)]}, until="7199s")
    assert not result.packets.get("right")
    assert result.counters["right"]["drops"] == {"stopping": 1}


def test_a_timer_and_a_packet_of_one_time():
    """The timer is first."""
    result = replay(PROBE, PORTS, {"left": [frame("t", 1), frame("f", 2, at=7200)]})
    assert texts(result.packets["right"]) == ["t000001", "f000002"]


@pytest.mark.quick
def test_ticks_are_exact():
    """A second apart from the start, also after the last packet."""
    result = replay(PROBE, PORTS + "ticks = true;", {"left": [frame("f", 1, at=0.3)]}, until="5s")
    base = since_start(result.packets["left"][0])
    assert [since_start(p) - base for p in result.packets["left"]] == \
        [i * SECOND for i in range(6)]
    assert texts(result.packets["left"]) == [f"tick {i * SECOND}" for i in range(6)]


def test_without_input():
    """Only time passes."""
    result = replay(PROBE, PORTS + "ticks = true;", {}, until="2s")
    assert texts(result.packets["left"]) == ["tick 0", "tick 1000000000", "tick 2000000000"]


def test_what_is_sent_keeps_its_place():
    """A frame that a callback makes goes behind those decided before, before those after."""
    kinds = "ffrff"
    result = replay(PROBE, PORTS, {"left": [frame(k, i) for i, k in enumerate(kinds)]})
    assert texts(result.packets["right"]) == ["f000000", "f000001", "before 0", "r000002",
                                              "f000003", "f000004"]


@pytest.mark.quick
def test_verdicts_and_reasons():
    """One line for each, in the order of the packets."""
    result = replay(PROBE, PORTS, {"left": [frame(k, i) for i, k in enumerate("fonk")] +
                                           [frame("f", 9, length=40)]})
    assert [(v.number, v.port, v.verdict, v.to, v.reason) for v in result.verdicts] == [
        (1, "left", "forward", "right", None), (2, "left", "drop", None, "own"),
        (3, "left", "drop", None, "no_such_port"), (4, "left", "taken", None, None),
        (5, "left", "drop", None, "malformed"), (4, "left", "drop", None, "stopping")]


def test_unfinished_packets():
    """What is left to hardware that is not there does not go out wrong."""
    result = replay(PROBE, PORTS, {"left": [frame("c", 1), frame("f", 2)]})
    assert texts(result.packets["right"]) == ["f000002"]
    assert result.counters["right"]["drops"] == {"unsupported_offload": 1}
    assert [v.reason for v in result.verdicts] == [None, "unsupported_offload", None]


def test_open_checksums():
    """Those that are left to hardware that is not there are completed."""
    good = [Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b") /
            IP(src="10.0.0.1", dst="10.0.0.2", tos=tos) / UDP(sport=1, dport=2) / (b"x" * n)
            for tos in (0, 4) for n in (30, 31, 1000)]
    sent = []
    for packet in good:
        opened = Ether(bytes(packet))
        pseudo = in4_pseudoheader(17, opened[IP], len(opened[UDP]))
        if opened.tos == 4:
            opened[UDP].chksum = ~checksum(pseudo) & 0xffff
        else:
            opened[IP].chksum, opened[UDP].chksum = 0x1111, 0x2222
        assert bytes(opened) != bytes(packet)
        opened.time = START
        sent.append(opened)
    result = replay(PROBE, PORTS, {"left": sent})
    assert [bytes(p) for p in result.packets["right"]] == [bytes(p) for p in good]


def test_long_and_short_frames():
    """What the port cannot carry is dropped on the way out; a runt before the callback."""
    config = PORTS.replace('name = "right";', 'name = "right"; mtu = 500;')
    runt = bytes(frame("f"))[:10]
    result = replay(PROBE, config, {"left": [(START, runt), frame("f", 1, length=1400)]})
    assert [(v.verdict, v.reason, v.to) for v in result.verdicts] == [
        ("drop", "malformed", None), ("forward", None, "right"), ("drop", "too_long", "right")]
    assert result.counters["left"]["drops"] == {"malformed": 1}
    assert result.counters["right"]["drops"] == {"too_long": 1}


def test_an_empty_pool_is_no_end():
    """Whoever keeps everything loses the rest, by name."""
    many = [frame("k", i) for i in range(1500)]
    result = replay(PROBE, PORTS + "packets = 1;", {"left": many}, expect=1)
    assert "no packet is left in the pool" in result.log
    assert result.counters["left"]["drops"]["no_mbuf"] > 0
    assert result.ledger["balance"] == 0


def test_a_pool_that_is_nearly_empty():
    """Packets that pass come back: none is lost, however they come together."""
    packets = [frame("k", i) for i in range(1000)] + [frame("f", i) for i in range(300)]
    for burst in (1, 32):
        result = replay(PROBE, PORTS + "packets = 1;", {"left": packets}, burst=burst, expect=1)
        assert len(result.packets["right"]) == 300


@pytest.mark.quick
@pytest.mark.parametrize("what, stage", [("l", "lost in the tests"), ("m", "the pool")])
def test_a_leak_is_named(what, stage):
    """By the stage that had the packet last, in a build that knows."""
    result = replay(PROBE, PORTS, {"left": [frame(what, 1), frame("f", 2)]}, expect=1)
    assert "leak: 1 packet was never given back" in result.log
    if HAS_OWNERS and what == "l":
        assert f'1 packet last in stage "{stage}"' in result.log
    elif not HAS_OWNERS:
        assert "-Downers=enabled" in result.log


def test_speed(tmp_path):
    """200,000 packets in less than two seconds, start-up in less than half a one."""
    # Four times the aim: a shared machine is not what this is about.
    slower = 10 if os.environ.get("ASAN_OPTIONS") else 4
    raw = bytes(frame("f"))
    many = tmp_path / "many.pcap"
    with open(many, "wb") as file:
        file.write(PCAP)
        for i in range(200_000):
            file.write((START + i // 1000).to_bytes(4, "little") +
                       (i % 1000 * 1000).to_bytes(4, "little") +
                       len(raw).to_bytes(4, "little") * 2 + raw)
    config = tmp_path / "probe.conf"
    config.write_text(PORTS)
    argv = [PROBE, "-c", config, "--record", f"right={tmp_path}/out.pcap", "--verdicts",
            tmp_path / "verdicts"]
    begun = time.monotonic()
    subprocess.run([*argv, "--until", "0s"], check=True, capture_output=True)
    start_s = time.monotonic() - begun
    subprocess.run([*argv, "--replay", f"left={many}"], check=True, capture_output=True)
    all_s = time.monotonic() - begun - start_s
    assert start_s < 0.5 * slower
    assert all_s < 2 * slower
    assert (tmp_path / "verdicts").read_bytes().count(b"\n") == 200_000


@pytest.mark.parametrize("options, message", [
    (["--replay", "lift=in"], 'no port is named "lift"; the file\'s are "left", "right"'),
    (["--replay", "left"], "write PORT=FILE"),
    (["--replay", "left=/nonexistent"], "No such file or directory"),
    (["--replay", "left=/dev/null"], "not a regular file"),
    (["--replay", "left=probe.conf"], "not a pcap file"),
    (["--record", "left=/nonexistent/x"], "cannot be written"),
    (["--record", "left=a", "--record", "left=b"], "has a record already"),
    (["--record", "left=a", "--record", "right=./a"], "is also the file of --record"),
    (["--verdicts", "a", "--record", "left=a"], "is also the file of --"),
    (["--record", "left=probe.conf"], "is also the file of --config"),
    (["--verdicts", "./probe.conf"], "is also the file of --config"),
    (["--report", "probe.conf", "--until", "0s"], "is also the file of --config"),
    (["--record", "left=folder/"], "no file is named"),
    (["--until", "1s", "--until", "2s"], "given a second time"),
    (["--verdicts", "a", "--verdicts", "b"], "given a second time"),
    (["--replay", "left=empty.pcap", "--replay", "left=empty.pcap"], "has a file already"),
    (["--replay", "left=future.pcap"], "beyond the year 2106"),
    (["--until", "3"], "write a time with its unit"),
    (["--until", "0s", "--burst", "33"], "write a number from 1 to 32"),
    (["--seed", "1"], "name a file with --replay"),
    (["--until", "0s", "--seed", "-1"], "write a number from 0"),
])
def test_wrong_command_lines(tmp_path, options, message):
    """Exit code 2, what is wrong, and no file is touched."""
    (tmp_path / "probe.conf").write_text(PORTS)
    (tmp_path / "empty.pcap").write_bytes(PCAP)
    (tmp_path / "future.pcap").write_bytes(PCAPNG_2200)
    before = sorted(os.listdir(tmp_path))
    done = subprocess.run([PROBE, "-c", "probe.conf", *options], cwd=tmp_path, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert sorted(os.listdir(tmp_path)) == before


def runtime_dir(process):
    """DPDK's, of a process."""
    return f"/var/run/dpdk/vnfkit-probe-{process.pid}"


def stop(process, n):
    """Send one signal once DPDK has started, or more once the callback hangs; what it said."""
    log = ""
    while n > 1 and "hangs" not in log:
        log += process.stderr.readline()
        assert process.poll() is None, log
    while not os.path.exists(runtime_dir(process)):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    while n > 1 and process.poll() is None:
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
    return log + process.communicate(timeout=20)[1]


@pytest.mark.parametrize("what, signals", [("f", 1), ("h", 2)])
def test_signals(tmp_path, what, signals):
    """One ends a replay that would go on for long, two end one whose callback hangs."""
    (tmp_path / "probe.conf").write_text(PORTS + "ticks = true;")
    raw = bytes(frame(what))
    (tmp_path / "in.pcap").write_bytes(
        PCAP + struct.pack("<IIII", START, 0, len(raw), len(raw)) + raw)
    argv = [PROBE, "-c", "probe.conf", "--replay", "left=in.pcap", "--until", "2000000h"]
    with subprocess.Popen(argv, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        log = stop(process, signals)
        assert process.returncode == 1
        assert ("replay: stopped at input" in log) == (signals == 1)
        assert not os.path.exists(runtime_dir(process))
