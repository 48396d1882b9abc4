# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnfkit ctl why PORT: the loss is provoked, and the right one is blamed.

"""Where was it lost?"""

import json
import os
import signal

import lab
import pytest

RATE = 50_000


def why(run, instance, port):
    """The answer, as a program reads it."""
    tool = os.path.join(lab.ROOT, "tools/vnfkit")
    done = lab.command([tool, "ctl", "-n", instance.name, "--json", "why", port], env=run.env())
    return json.loads(done.stdout)


def blamed(run, instance, port, reason):
    """The finding of this reason, which comes."""
    def find():
        return next((f for f in why(run, instance, port)["findings"] if f["reason"] == reason),
                    None)
    return lab.until(find, 10, f"{reason} at {port}")


def switch(run, *ports):
    """A switch with a generator, a sink and these ports."""
    return lab.Instance(run, lab.switch_program(), {
        "name": "switch", "hugepages": "never",
        "ports": [{"name": "gen", "kind": "gen", "rate": RATE, "domain": "a", "size": 1000},
                  *ports]}).start()


@pytest.mark.quick
def test_nothing_was_lost(run):
    """And it says so."""
    instance = switch(run, {"name": "sink", "kind": "sink", "domain": "a"})
    answer = why(run, instance, "sink")
    assert answer["findings"] == [] and "nothing was lost" in answer["verdict"]
    assert answer["losses_also_at"] == []
    instance.stop()


@pytest.mark.quick
def test_mtu(run):
    """Longer than the port takes, with the length that was seen."""
    instance = switch(run, {"name": "small", "kind": "sink", "domain": "a", "mtu": 500})
    finding = blamed(run, instance, "small", "too_long")
    assert finding["to_blame"] == "MTU" and "mtu = 500" in finding["what"]
    assert "has 1000" in finding["what"] and "1000 octets from" in finding["evidence"]
    first = finding["packets"]
    more = lab.until(lambda: next((f for f in why(run, instance, "small")["findings"]
                                   if f["packets"] > first), None), 10, "more of them")
    assert 0 < more["since_last"] < more["packets"]
    assert "small" in why(run, instance, "gen")["losses_also_at"]
    instance.stop()


def test_guest_that_does_not_drain_and_one_that_is_gone(run, caps):
    """Stopped: its queue is full. Killed: the port is down."""
    path = lab.Path(run, caps, endpoints="none", extra_ports=lab.generator_ports(rate=RATE))
    path.start()
    os.kill(path.vnf.process.pid, signal.SIGSTOP)
    try:
        finding = blamed(run, path.switch, lab.LAN, "tx_full")
        assert finding["to_blame"] == "the peer"
        assert "does not take packets out of its queue" in finding["what"]
    finally:
        os.kill(path.vnf.process.pid, signal.SIGCONT)
    path.vnf.crash()
    wan_or_lan = lab.LAN
    lab.until(lambda: not path.switch.port_state(wan_or_lan), 5, "the switch to see it")
    assert "tx_full" in [f["reason"] for f in why(run, path.switch, lab.LAN)["findings"]]
    path.switch.stop()


def test_no_peer(run):
    """A wire to a guest that never came."""
    instance = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "hugepages": "never", "wires": [{"a": "gen", "b": "guest"}],
        "ports": [{"name": "gen", "kind": "gen", "rate": RATE},
                  {"name": "guest", "kind": "vhost-user", "socket": run.socket("g")}]}).start()
    finding = blamed(run, instance, "guest", "port_down")
    assert finding["to_blame"] == "the peer" and "no peer" in finding["what"]
    instance.stop()


def test_rule_of_a_vnf(run):
    """Its own reason, with its own words."""
    twin = lab.Instance(run, lab.built("tests/vnf-twin"), {
        "name": "twin", "hugepages": "never", "mark": 1, "twin": 2, "fixed": 7,
        "ports": [{"name": "gen", "kind": "gen", "rate": RATE},
                  {"name": "sink", "kind": "sink"}]}).start()
    finding = blamed(run, twin, "gen", "mixed")
    assert finding["to_blame"] == "policy"
    assert "met two configurations" in finding["what"]
    twin.stop()
