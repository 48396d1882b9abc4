# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# One side of a vhost-user connection dies under traffic: the other goes on, and finds it again.

"""Crashes under traffic."""

import signal
import time

import lab

RECOVERY_S = 3
BYSTANDER_PPS = 20_000


def generator_path(run, caps, *more_ports, **settings):
    """The path between a generator and a sink."""
    ports = lab.generator_ports(rate=50_000) + list(more_ports)
    return lab.Path(run, caps, endpoints="none", extra_ports=ports, **settings).start()


def wait_for_sink(path, more=1000, timeout=RECOVERY_S):
    """Seconds until the sink has received so many more packets."""
    started = time.monotonic()
    before = path.switch.stats("gen-sink")["received"]
    lab.until(lambda: path.switch.stats("gen-sink")["received"] >= before + more, timeout,
              f"{more} packets at the sink")
    return time.monotonic() - started


def test_switch_is_killed_and_restarted(run, caps):
    """The VNF keeps running and carries traffic again within the time."""
    path = generator_path(run, caps)
    wait_for_sink(path, timeout=10)
    path.switch.crash()
    lab.until(lambda: not path.vnf.port_state(lab.LAN) and not path.vnf.port_state(lab.WAN), 2,
              "the VNF to see that its peer is gone")
    started = time.monotonic()
    path.start_switch()
    path.vnf.wait_port(lab.LAN, lab.WAN)
    wait_for_sink(path)
    assert time.monotonic() - started < RECOVERY_S
    path.stop()


def test_switch_restarts_under_real_clients(run, caps):
    """The same with kernels at both ends, five times."""
    path = lab.Path(run, caps).start()
    for _ in range(5):
        lab.ping(path.client, path.server, count=3)
        path.switch.crash()
        path.start_switch()
        path.vnf.wait_port(lab.LAN, lab.WAN)
    lab.download(run, path.client, path.server, size=20_000_000)
    path.stop()


def test_switch_is_stopped_and_restarted(run, caps):
    """A clean restart, as in an update, is found just so."""
    path = generator_path(run, caps)
    wait_for_sink(path, timeout=10)
    path.switch.stop()
    path.start_switch()
    path.vnf.wait_port(lab.LAN, lab.WAN)
    wait_for_sink(path)
    path.stop()


def test_vnf_hangs_and_others_lose_nothing(run, caps):
    """A guest that stops polling fills its own rings, nobody else's; then it goes on."""
    bystander = lab.generator_ports(rate=BYSTANDER_PPS, domains=("C", "C"), name="by")
    path = generator_path(run, caps, *bystander)
    wait_for_sink(path, timeout=10)
    path.vnf.process.signal(signal.SIGSTOP)
    try:
        lab.until(lambda: path.switch.drops(lab.LAN).get("tx_full", 0) > 1000, 5,
                  "the switch to drop what the guest does not take")
        before = path.switch.stats("by-sink")["received"]
        lab.until(lambda: path.switch.stats("by-sink")["received"] > before + BYSTANDER_PPS // 2, 5,
                  "the bystander to go on")
    finally:
        path.vnf.process.signal(signal.SIGCONT)
    wait_for_sink(path)
    report, _ = path.stop()
    sink = next(p for p in report["ports"] if p["name"] == "by-sink")
    assert sink["traffic"]["lost"] == 0
    # The generator had nowhere to send before the guest was there.
    assert set(lab.drops(report)) <= {(lab.LAN, "tx_full"), ("gen", "no_destination")}


def test_vnf_dies_and_others_lose_nothing(run, caps):
    """A bystander in a domain of its own loses no packet; the VNF restarted is found again."""
    bystander = lab.generator_ports(rate=BYSTANDER_PPS, domains=("C", "C"), name="by")
    path = generator_path(run, caps, *bystander)
    wait_for_sink(path, timeout=10)
    for _ in range(3):
        path.vnf.crash()
        lab.until(lambda: not path.switch.port_state(lab.LAN), 2,
                  "the switch to see that its guest is gone")
        path.vnf.start()
        path.vnf.wait_port(lab.LAN, lab.WAN)
        path.switch.wait_port(lab.LAN, lab.WAN)
        wait_for_sink(path)
    seen = path.switch.stats("by-sink")
    assert seen["received"] > BYSTANDER_PPS // 2
    report, _ = path.stop()
    gen, sink = (next(p for p in report["ports"] if p["name"] == n) for n in ("by", "by-sink"))
    assert sink["traffic"]["lost"] == 0
    assert sink["traffic"]["reordered"] == 0
    assert gen["traffic"]["generated"] == gen["rx_packets"] == sink["tx_packets"]
    assert sink["traffic"]["received"] == sink["tx_packets"]
    assert not any(port in ("by", "by-sink") for port, _ in lab.drops(report))
