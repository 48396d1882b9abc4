# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# How long packets wait, by port and stage, and what a packet costs a worker. On a shared machine the
# numbers are anything; that they are there, in order and of the right ports is held against them.

"""Latency and cycles in telemetry."""

import lab
import pytest

STAGES = ("rx_wait", "callback", "packet", "tx_wait")
LONGEST_NS = 20_000_000_000


def stage_of(latency, stage):
    """Its five numbers."""
    return [latency[f"{stage}_{name}"]
            for name in ("samples", "p50_ns", "p99_ns", "p99_9_ns", "max_ns")]


def check_plausible(latency, stages):
    """There are samples, and they are in order."""
    for stage in stages:
        samples, p50, p99, p99_9, most = stage_of(latency, stage)
        assert samples > 0, f"{stage}: {latency}"
        assert p50 <= p99 <= p99_9 <= most <= LONGEST_NS, f"{stage}: {latency}"
    assert latency["packet_max_ns"] <= latency["callback_max_ns"]


@pytest.mark.quick
def test_waiting_times(run, caps):
    """Of the VNF's ports all stages, of the switch's those that each has a part in."""
    path = lab.Path(run, caps, endpoints="none",
                    extra_ports=lab.generator_pair(rate=20000)).start()
    lab.until(lambda: path.vnf.stats("lan")["rx_packets"] > 20000, 20, "traffic")
    for instance in (path.vnf, path.switch):
        for port in ("lan", "wan"):
            check_plausible(instance.telemetry(f"/vnf/latency,{port}"), STAGES)
    path.stop()


def test_no_packets_no_samples(run, caps):
    """Zeros, and a port that does not exist is none."""
    path = lab.Path(run, caps, endpoints="none").start()
    latency = path.vnf.telemetry("/vnf/latency,lan")
    assert len(latency) == 5 * len(STAGES)
    assert set(latency.values()) == {0}
    assert not path.vnf.telemetry("/vnf/latency,nowhere")
    assert not path.vnf.telemetry("/vnf/latency")
    path.stop()


def test_cycles_and_busy_share(run, caps):
    """Since start and in the last second."""
    path = lab.Path(run, caps, endpoints="none",
                    extra_ports=lab.generator_pair(rate=20000)).start()

    def numbers():
        return path.vnf.telemetry("/vnf/workers,0")
    lab.until(lambda: numbers()["packets_1s"] > 0, 20, "a second with packets")
    for suffix in ("", "_1s"):
        now = numbers()
        assert now[f"packets{suffix}"] > 0
        assert 0 < now[f"cycles_per_packet{suffix}"] < 1e9
        assert 0 <= now[f"busy_permille{suffix}"] <= 1000
    path.stop()
