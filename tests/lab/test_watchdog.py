# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A callback that does not come back keeps its worker from all queues: the log names it, with its
# port, and telemetry counts it. The VNF is tests/lab/slow.c.

"""The watchdog."""

import lab
import pytest
from lab.programs import built


def slow_vnf(run, caps, where, **more):
    """A VNF one of whose callbacks takes 400 ms, once a second."""
    settings = {"name": "slow", "cpus": str(caps.cpus[-1]), "hugepages": "never", "where": where,
                "ports": [{"name": "calm", "kind": "sink"},
                          {"name": "busy", "kind": "gen", "rate": 1}], **more}
    return lab.Instance(run, built("tests/vnf-slow"), settings).start()


@pytest.mark.parametrize("where, words", [
    ("packet", 'the callback for packets of port "busy"'),
    ("tick", "the tick callback"),
    ("timeout", "a timeout's callback")])
def test_slow_callback_is_named(run, caps, where, words):
    """In the log, and that it came back; and in the numbers."""
    vnf = slow_vnf(run, caps, where)
    vnf.process.wait_log(rf"warning: worker 0: {words} has not come back for \d+ ms", timeout=20)
    vnf.process.wait_log(r"notice: worker 0: goes on, after \d+ ms", timeout=20)
    numbers = vnf.telemetry("/vnf/workers,0")
    assert numbers["slow_callbacks"] >= 1
    assert numbers["longest_callback_ns"] >= 100_000_000
    vnf.stop(timeout=20)


def test_watchdog_off(run, caps):
    """watchdog = 0 says and counts nothing."""
    vnf = slow_vnf(run, caps, "tick", watchdog=0)
    vnf.process.wait_log("notice: running: ", timeout=20)
    lab.until(lambda: vnf.telemetry("/vnf/workers,0")["busy_ns"] > 0 and
              vnf.stats("busy")["rx_packets"] >= 2, 20, "packets")
    assert vnf.telemetry("/vnf/workers,0")["slow_callbacks"] == 0
    assert not vnf.process.find_log("has not come back")
    vnf.stop(timeout=20)


def test_watchdog_that_is_too_short(run, caps):
    """Refused, with what is allowed."""
    vnf = lab.Instance(run, built("tests/vnf-slow"), {
        "name": "slow", "hugepages": "never", "watchdog": "1ms",
        "ports": [{"name": "a", "kind": "sink"}, {"name": "b", "kind": "sink"}]})
    vnf.start(wait=False)
    assert vnf.process.wait(20) == 2
    assert "watchdog: is too short: workers are looked at every 10 ms" in vnf.process.output()
