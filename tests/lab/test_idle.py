# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Workers without traffic sleep (the key `latency`): what that saves, what it costs the packet that
# comes first, and that nobody waits for a sleeper. Exact numbers are tests/perf/idle's business:
# here is only what holds on any machine.

"""Idle workers."""

import re
import time

import lab
import pytest

IDLE_MOST = 0.10  # of a core; measured are 3 to 4 hundredths
WATCH_S = 2.0


def path_in(run, caps, mode, **more):
    """Switch and VNF in this mode."""
    return lab.Path(run, caps, switch_keys={"latency": mode}, vnf_keys={"latency": mode},
                    **more).start()


def worker(instance, number=0):
    """What telemetry says of a worker."""
    return instance.telemetry(f"/vnf/workers,{number}")


def wait_asleep(instance):
    """Until it sleeps, and sleeps again."""
    for _ in range(2):
        before = worker(instance)["sleeps"]
        lab.until(lambda b=before: worker(instance)["sleeps"] > b, 5, f"{instance.name} to sleep")


@pytest.mark.parametrize("mode", ["balanced", "power"])
def test_idle_worker_costs_little(run, caps, mode):
    """Nothing comes: the workers of switch and VNF take some hundredths of a core."""
    path = path_in(run, caps, mode, endpoints="none")
    for instance in (path.switch, path.vnf):
        wait_asleep(instance)
    before = [lab.worker_cpu_s(i) for i in (path.switch, path.vnf)]
    began = time.monotonic()
    time.sleep(WATCH_S)
    passed = time.monotonic() - began
    for instance, then in zip((path.switch, path.vnf), before):
        share = (lab.worker_cpu_s(instance) - then) / passed
        assert share < IDLE_MOST, f"{instance.name} takes {share:.1%} of a core in {mode}"
        numbers = worker(instance)
        assert numbers["empty_passes"] <= numbers["passes"] + 1
        assert numbers["slept_ns"] > 0
    path.stop()


def test_low_never_sleeps(run, caps):
    """It has its CPU and keeps it."""
    path = path_in(run, caps, "low", endpoints="none")
    passes = worker(path.vnf)["passes"]
    lab.until(lambda: worker(path.vnf)["passes"] > passes + 10000, 10, "passes")
    assert worker(path.vnf)["sleeps"] == 0
    path.stop()


def test_first_packets_come_through(run, caps):
    """A ping every 20 ms: each meets sleepers, none is lost, and most wait for little."""
    path = path_in(run, caps, "balanced")
    out = lab.command(["ping", "-i", "0.02", "-c", "101", path.server.address],
                      netns=path.client.netns).stdout
    times = sorted(float(t) for t in re.findall(r"time=([\d.]+)", out)[1:])
    assert len(times) == 100, out
    assert times[len(times) // 2] < 5, f"half of the round trips take more than 5 ms: {times}"
    assert worker(path.vnf)["sleeps"] > 0
    path.check_hops()
    path.stop()


def test_nobody_waits_for_a_sleeper(run, caps):
    """Ledger, handover between workers, and stop."""
    path = path_in(run, caps, "power", workers=2, queues=1)
    wait_asleep(path.vnf)
    began = time.monotonic()
    for _ in range(10):
        assert path.vnf.ledger()["balance"] == 0
    assert time.monotonic() - began < 5, "a ledger waits for each worker's sleep, 2 ms, at most"
    lab.ping(path.client, path.server)
    path.check_hops()
    began = time.monotonic()
    path.stop()
    assert time.monotonic() - began < 10


def test_load_after_sleep(run, caps):
    """Workers that slept take up a load, and count themselves busy."""
    path = path_in(run, caps, "balanced", endpoints="none",
                   extra_ports=lab.generator_pair(rate=20000))
    lab.until(lambda: path.vnf.stats("lan")["rx_packets"] > 20000, 20, "traffic")
    numbers = worker(path.vnf)
    assert numbers["busy_ns"] > 0
    path.stop()
