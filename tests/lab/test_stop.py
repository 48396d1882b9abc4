# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Stopping: asked politely, asked twice, under load, while waiting. Exit codes, reports, leftovers
# (the run's end looks for these).

"""Stopping."""

import os
import signal
import subprocess
import sys
import time

import lab
import pytest

STOP_S = 5


def loaded_path(run, caps):
    """The path with a generator at full speed."""
    path = lab.Path(run, caps, endpoints="none", extra_ports=lab.generator_ports(rate=0)).start()
    lab.until(lambda: path.switch.stats("gen-sink")["received"] > 10_000, 10, "load")
    return path


@pytest.mark.quick
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("first", ["switch", "vnf"])
def test_under_load(run, caps, signum, first):
    """Either may stop first; both end with 0 and a balanced report."""
    path = loaded_path(run, caps)
    order = [path.switch, path.vnf] if first == "switch" else [path.vnf, path.switch]
    for instance in order:
        report = instance.stop(timeout=STOP_S, signum=signum)
        assert report["name"] == instance.name
        assert report["ledger"]["rx"] > 10_000


@pytest.mark.quick
def test_while_a_port_waits(run, caps):
    """No peer ever came: virtio-user waits in server mode, the switch in client mode."""
    path = lab.Path(run, caps, endpoints="none")
    path.vnf.start()
    assert path.vnf.stop(timeout=STOP_S)["ledger"]["rx"] == 0
    path.switch.start()
    assert path.switch.stop(timeout=STOP_S)["ledger"]["rx"] == 0


def test_while_one_port_waits_and_one_carries(run, caps):
    """One of two has its peer."""
    path = lab.Path(run, caps, endpoints="none")
    path.vnf.settings["ports"][1]["socket"] = run.socket("nobody")
    path.vnf.start()
    path.switch.start()
    path.vnf.wait_port(lab.LAN)
    path.vnf.stop(timeout=STOP_S)
    path.switch.stop(timeout=STOP_S)


def test_an_interrupt_thread_that_hangs(run, caps):
    """It is what closes virtio-user ports: after a while the program ends without that."""
    path = lab.Path(run, caps, endpoints="none")
    path.vnf.program = os.path.join(lab.build_dir(), "tests", "vnf-commands")
    path.start()
    subprocess.run([sys.executable, os.path.join(lab.ROOT, "tools", "vnfkit"), "ctl", "-n",
                    path.vnf.name, "hold-interrupts"], env=run.env(), check=True)
    path.vnf.stop(timeout=60, code=1)
    assert "interrupt thread did not close a virtio-user port" in path.vnf.process.output()
    path.switch.stop(timeout=STOP_S)


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2, 0.5])
def test_during_start(run, caps, delay):
    """A signal that comes early ends the start; whatever was made is undone."""
    path = lab.Path(run, caps, endpoints="none")
    path.vnf.start(wait=False)
    time.sleep(delay)
    path.vnf.process.signal(signal.SIGTERM)
    code = path.vnf.process.wait(STOP_S)
    # Before the program could set its handler the signal ends it by itself.
    assert code == 0 or (delay == 0.0 and code == -signal.SIGTERM), path.vnf.process.tail()


def test_second_signal_forces(run, caps):
    """Two signals at once: it ends at once, and nothing hangs."""
    path = loaded_path(run, caps)
    run.crashed.add(path.vnf.process.pid)
    path.vnf.process.signal(signal.SIGTERM)
    path.vnf.process.signal(signal.SIGINT)
    path.vnf.process.wait(STOP_S)
    path.switch.stop(timeout=STOP_S)


def test_start_again_in_place(run, caps):
    """A stopped VNF leaves nothing that hinders the next start."""
    path = loaded_path(run, caps)
    for _ in range(3):
        path.vnf.stop(timeout=STOP_S)
        path.vnf.start()
        path.vnf.wait_port(lab.LAN, lab.WAN)
    path.stop()


def test_same_socket_twice_is_refused(run, caps):
    """A second VNF on the same socket is told so and does not disturb the first."""
    path = loaded_path(run, caps)
    second = lab.Instance(run, lab.vnf_program(), {**path.vnf.settings, "name": "second"})
    second.start(wait=False)
    assert second.process.wait(STOP_S) != 0
    assert "lan.sock" in second.process.output()
    before = path.switch.stats("gen-sink")["received"]
    lab.until(lambda: path.switch.stats("gen-sink")["received"] > before + 1000, 5,
              "traffic to go on")
    path.stop()
