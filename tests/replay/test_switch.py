# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-switch where time matters: learning, addresses that move, ageing, and the order of what is
# flooded, with its real configuration and in virtual time.

"""The switch in replays."""

import os

import pytest
from scapy.layers.l2 import Ether
from vnfkit_replay import replay

SWITCH = os.path.join(os.environ["VNFKIT_BUILD"], "host-switch/vnf-switch")
CONFIG = """
ports = ( { name = "a"; kind = "vhost-user"; socket = "/nonexistent/a.sock"; domain = "lan"; },
          { name = "b"; kind = "vhost-user"; socket = "/nonexistent/b.sock"; domain = "lan"; },
          { name = "c"; kind = "vhost-user"; socket = "/nonexistent/c.sock"; domain = "lan"; } );
"""
START = 1_700_000_000
BROADCAST = "ff:ff:ff:ff:ff:ff"


def frame(src, dst, at, number=0):
    """A frame between stations, which are numbers."""
    macs = [mac if isinstance(mac, str) else f"02:00:00:00:00:{mac:02x}" for mac in (src, dst)]
    packet = Ether(src=macs[0], dst=macs[1], type=0x88b5) / f"{number:050d}".encode()
    packet.time = START + at
    return packet


def fates(result):
    """Verdict and where to, packet by packet."""
    return [v.to if v.verdict == "forward" else v.reason or v.verdict for v in result.verdicts]


@pytest.mark.quick
def test_learning():
    """Unknown addresses are flooded, known ones are not; nobody gets a frame back."""
    result = replay(SWITCH, CONFIG, {"a": [frame(1, 2, 0), frame(1, 2, 2)],
                                     "b": [frame(2, 1, 1), frame(2, 2, 3)]})
    assert fates(result) == ["flood", "a", "b", "hairpin"]
    assert [len(result.packets[p]) for p in "abc"] == [1, 2, 1]


@pytest.mark.quick
@pytest.mark.parametrize("seen, silence, fate", [
    (0, 299.999, "a"), (0, 300, "a"), (0.9, 299.2, "a"), (0.999, 300, "a"),
    (0, 301.011, "flood"), (0.9, 300.111, "flood")])
def test_ageing(seen, silence, fate):
    """An address that was not seen for 300 s is forgotten: never earlier, and within a second."""
    result = replay(SWITCH, CONFIG, {"c": [frame(9, 8, 0)], "a": [frame(1, 2, seen)],
                                     "b": [frame(2, 1, seen + silence)]})
    assert fates(result)[-1] == fate


def test_ageing_counts_from_the_last_frame():
    """Whoever goes on sending stays known."""
    result = replay(SWITCH, CONFIG, {"a": [frame(1, 9, at) for at in range(0, 1000, 250)],
                                     "b": [frame(2, 1, 1040)]})
    assert fates(result)[-1] == "a"


def test_ageing_of_another_length():
    """As the file says."""
    config = 'ageing = "10s";' + CONFIG
    result = replay(SWITCH, config, {"a": [frame(1, 2, 0)],
                                     "b": [frame(2, 1, 9.9), frame(2, 1, 11.011)]})
    assert fates(result) == ["flood", "a", "flood"]


def test_moves():
    """A station that shows up at another port is there from then on."""
    result = replay(SWITCH, CONFIG, {"a": [frame(1, 9, 0)], "b": [frame(2, 1, 1), frame(2, 1, 3)],
                                     "c": [frame(1, 9, 2)]})
    assert fates(result) == ["flood", "a", "flood", "c"]


def test_frames_of_one_time_do_not_know_of_each_other():
    """What one shows is known to those that come later, however they come in bursts."""
    packets = {"a": [frame(1, 2, 0)], "b": [frame(2, 1, 0), frame(2, 1, 0.001)]}
    for burst in (1, 32):
        assert fates(replay(SWITCH, CONFIG, packets, burst=burst)) == ["flood", "flood", "a"]


def test_loop_is_reported():
    """An address that jumps to and fro within a second."""
    result = replay(SWITCH, CONFIG, {"a": [frame(1, 9, i * 0.02) for i in range(9)],
                                     "b": [frame(1, 9, i * 0.02 + 0.01) for i in range(9)]})
    assert "loop suspected" in result.log


@pytest.mark.parametrize("burst", [1, 7, 32])
def test_flooded_frames_keep_their_place(burst):
    """
    A broadcast is not overtaken by what its sender sent after it, nor does it overtake: once a
    burst's floods left behind all its other frames.
    """
    known = frame(2, BROADCAST, 0)
    mixed = [frame(1, BROADCAST if i % 3 == 0 else 2, 1, i) for i in range(40)]
    result = replay(SWITCH, CONFIG, {"b": [known], "a": mixed}, burst=burst)
    assert [bytes(p) for p in result.packets["b"]] == [bytes(p) for p in mixed]
    assert [bytes(p) for p in result.packets["c"][1:]] == [bytes(p) for p in mixed[::3]]
    assert fates(result)[1:] == ["flood" if i % 3 == 0 else "b" for i in range(40)]


def test_wires():
    """No address is looked at."""
    config = CONFIG.replace('domain = "lan"; }', "}") + 'wires = ( { a = "a"; b = "b"; } );'
    result = replay(SWITCH, config.replace('c.sock"; }', 'c.sock"; domain = "x"; }'),
                    {"a": [frame(1, 1, 0), frame(0, BROADCAST, 1)]})
    assert fates(result) == ["b", "b"]


def test_what_is_not_for_bridges():
    """Addresses of one link's own, and sources that cannot be."""
    result = replay(SWITCH, CONFIG, {"a": [frame(1, "01:80:c2:00:00:0e", 0),
                                           frame(BROADCAST, 2, 1)]})
    assert fates(result) == ["link_local", "bad_source"]
