# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnfkit_replay and its plug-in for pytest: times of packets, what comes back, and that a replay
# which went wrong, or cannot be, is raised.

"""Replays from Python."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.utils import EDecimal
from vnfkit_replay import ReplayError, replay

BUILD = Path(os.environ["VNFKIT_BUILD"])
SOURCE = Path(os.environ.get("VNFKIT_SOURCE", Path(__file__).resolve().parents[2]))
FORWARD = BUILD / "templates/vnf-forward"
PROBE = BUILD / "tests/vnf-probe"
CONFIG = """
ports = ( { name = "left"; kind = "virtio-user"; socket = "/nonexistent/left.sock"; },
          { name = "right"; kind = "virtio-user"; socket = "/nonexistent/right.sock"; } );
"""
START = 1_700_000_000
# Made when the tests are collected, long before they run.
EARLY = (Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") /
         IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1000, dport=53))
OTHER = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01") / "x"


def timed(packet, at):
    """A copy with a time."""
    packet = packet.copy()
    packet.time = at
    return packet


def texts(result, port):
    """The octets of what a port sent."""
    return [bytes(packet) for packet in result.packets[port]]


@pytest.mark.quick
def test_times():
    """As the packet says, or its pair; else a millisecond apart."""
    exact = EDecimal("1700000003.000000007")
    packets = [EARLY, Ether(bytes(EARLY)), timed(EARLY, START + 0.0021), (START + 1, EARLY),
               timed(EARLY, exact), (Decimal("1700000003.000000008"), bytes(EARLY))]
    result = replay(FORWARD, CONFIG, {"left": packets})
    assert [p.time for p in result.packets["right"]] == [
        START, START + Decimal("0.001"), START + Decimal("0.0021"), START + 1, exact,
        Decimal("1700000003.000000008")]
    assert [v.time for v in result.verdicts] == [p.time for p in result.packets["right"]]


def test_times_of_another_day():
    """Any but the present."""
    result = replay(FORWARD, CONFIG, {"left": [timed(EARLY, 1.5), timed(EARLY, 2_000_000_000)]})
    assert [p.time for p in result.packets["right"]] == [Decimal("1.5"), 2_000_000_000]


@pytest.mark.quick
def test_what_comes_back():
    """Packets, verdicts, counters, ledger, log."""
    result = replay(FORWARD, CONFIG, {"left": [EARLY, bytes(EARLY)[:10]], "right": OTHER})
    assert texts(result, "right") == [bytes(EARLY)]
    assert result.packets["right"][0][UDP].dport == 53
    assert len(result.packets["left"]) == 1
    assert [(v.number, v.port, v.verdict, v.to, v.reason) for v in result.verdicts] == [
        (1, "left", "forward", "right", None), (2, "right", "forward", "left", None),
        (3, "left", "drop", None, "malformed")]
    assert result.counters["left"]["drops"] == {"malformed": 1}
    assert result.counters["right"]["tx_packets"] == 1
    assert (result.ledger["rx"], result.ledger["drops"], result.ledger["balance"]) == (3, 1, 0)
    assert "of virtual time" in result.log


def test_configuration_in_a_file(tmp_path):
    """A Path is one, with its include files; a text is a text."""
    (tmp_path / "ports").write_text(CONFIG)
    (tmp_path / "vnf.conf").write_text('@include "ports"\n')
    result = replay(FORWARD, tmp_path / "vnf.conf", {"left": [EARLY]})
    assert texts(result, "right") == [bytes(EARLY)]
    with pytest.raises(ReplayError, match="ports"):
        replay(FORWARD, '@include "ports"\n', {})


def test_longest_frame():
    """What a port takes goes through; one octet more is not left out in silence."""
    longest = bytes(EARLY).ljust(1522, b".")
    assert len(replay(FORWARD, CONFIG, {"left": [longest]}).packets["right"]) == 1
    with pytest.raises(ValueError, match='packet 1 for port "left" has 1523 octets.* 1500'):
        replay(FORWARD, CONFIG, {"left": [longest, longest + b"."]})


@pytest.mark.parametrize("packets, error, message", [
    ({"lan": [EARLY]}, ValueError, 'no port is named "lan"; there are left, right'),
    ({"left": [Raw(b"")]}, ValueError, "has 0 octets"),
    ({"left": ["text"]}, TypeError, "packet 0 is of type str"),
    ({"left": bytes(EARLY)}, TypeError, "packet 0 is of type int"),
])
def test_wrong_packets(packets, error, message):
    """Said before anything is run."""
    with pytest.raises(error, match=message):
        replay(FORWARD, CONFIG, packets)


@pytest.mark.parametrize("config, options, message", [
    ("ports = 3;", {}, "config:1: ports: "),
    (CONFIG, {"until": "3"}, "write a time with its unit"),
    (CONFIG, {"burst": 33}, "write a number from 1 to 32"),
    (CONFIG, {"expect": 1}, "exit code 0, not 1"),
])
def test_a_replay_that_went_wrong(config, options, message):
    """What the program said is in the error."""
    with pytest.raises(ReplayError, match=message):
        replay(FORWARD, config, {"left": [EARLY]}, **options)


def test_a_leak_is_raised():
    """Unless it is expected."""
    leak = bytes(OTHER)[:12] + bytes.fromhex("88b5") + b"l".ljust(60, b".")
    with pytest.raises(ReplayError, match="exit code 1(.|\n)*never given back"):
        replay(PROBE, CONFIG, {"left": [leak]})
    assert "never given back" in replay(PROBE, CONFIG, {"left": [leak]}, expect=1).log


PLUGIN_TEST = """
def test_there(vnf_replay):
    result = vnf_replay({"left": [b"." * 60]}, until="+1s")
    assert [bytes(p) for p in result.packets["right"]] == [b"." * 60]

def test_other(vnf_replay):
    config = CONFIG.replace("left", "inner")
    assert vnf_replay({"inner": [b"." * 14]}, config=config).counters["inner"]["rx_packets"] == 1
"""


def pytest_run(folder, *words):
    """pytest with the plug-in, in a process of its own."""
    (folder / "test_it.py").write_text(f"CONFIG = '''{CONFIG}'''\n{PLUGIN_TEST}")
    env = dict(os.environ, PYTHONPATH=str(SOURCE / "tools/python"), PYTEST_ADDOPTS="")
    return subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p",
                           "vnfkit_pytest", "test_it.py", *words], cwd=folder, env=env, text=True,
                          capture_output=True, timeout=120, check=False)


def test_fixture(tmp_path):
    """Program and configuration are named once."""
    (tmp_path / "vnf.conf").write_text(CONFIG)
    done = pytest_run(tmp_path, "--vnf", FORWARD, "--vnf-config", "vnf.conf")
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    done = pytest_run(tmp_path, "--vnf", FORWARD)
    assert "1 failed, 1 passed" in done.stdout
    assert "name the program by --vnf and its configuration by --vnf-config" in done.stdout
