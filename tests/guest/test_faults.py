# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# One side dies under traffic: machine reset, QEMU killed, switch killed. The other side goes on,
# others lose nothing, and both find each other again.

"""Crashes of machines and switches under traffic."""

import statistics
import time

import lab
import pytest

# From the restart of the switch to frames behind the VNF. Split rings go on where they were.
RECOVERY_S = 2
BYSTANDER_PPS = 10_000


def under_traffic(run, caps, *more_ports, guest=(), **settings):
    """A path through a machine, with a generator in front and a sink behind."""
    ports = lab.generator_ports(rate=20_000) + list(more_ports)
    path = lab.Path(run, caps, endpoints="none", extra_ports=ports, guest=list(guest),
                    **settings).start()
    wait_for_sink(path)
    return path


def wait_for_sink(path, more=1000, timeout=30):
    """Wait until the sink has received so many more packets."""
    before = path.switch.stats("gen-sink")["received"]
    lab.until(lambda: path.switch.stats("gen-sink")["received"] >= before + more, timeout,
              f"{more} packets at the sink")


def bystander():
    """Traffic that has nothing to do with the guest."""
    return lab.generator_ports(rate=BYSTANDER_PPS, domains=("C", "C"), name="by")


def check_bystander(path):
    """Not one of its packets was lost, and it went on."""
    wait_for = path.switch.stats("by-sink")["received"] + BYSTANDER_PPS // 10
    lab.until(lambda: path.switch.stats("by-sink")["received"] >= wait_for, 5, "the bystander")
    assert path.switch.stats("by-sink")["lost"] == 0


def test_guest_reset(run, caps):
    """The reset button, twice: the VNF comes up again on the same sockets."""
    # A machine of vnfkit's ends when it would reboot, as after a panic; this one is to go on.
    path = under_traffic(run, caps, *bystander(),
                         guest=["--qemu-arg=-action", "--qemu-arg=reboot=reset"])
    for _ in range(2):
        mark = path.vnf.reset()
        path.vnf.wait_running(mark)
        wait_for_sink(path)
    check_bystander(path)
    path.stop()


@pytest.mark.parametrize("mode", ["server", "client"])
def test_guest_killed(run, caps, mode):
    """QEMU ends by SIGKILL; another one takes the same sockets, stale as they are."""
    path = under_traffic(run, caps, *bystander(), vnf_mode=mode)
    for _ in range(2):
        path.vnf.crash()
        lab.until(lambda: not path.switch.port_state(lab.LAN), 5, "the switch to see it")
        path.vnf.start()
        path.switch.wait_port()
        wait_for_sink(path)
    check_bystander(path)
    path.stop()


@pytest.mark.parametrize("mode", ["server", "client"])
def test_switch_killed(run, caps, mode, record_property):
    """
    The switch ends by SIGKILL and starts again, three times; QEMU as server, and as client. The
    median counts: on a machine with neighbours one of them may be late.
    """
    path = under_traffic(run, caps, vnf_mode=mode)
    times = []
    for _ in range(3):
        path.switch.crash()
        started = time.monotonic()
        path.start_switch(wait=False)
        wait_for_sink(path, more=1, timeout=5 * RECOVERY_S)
        times.append(time.monotonic() - started)
    record_property("says", "traffic again after "
                            + ", ".join(f"{seconds:.2f}" for seconds in times) + " s")
    assert statistics.median(times) < RECOVERY_S
    path.stop()


def test_switch_stopped_and_started(run, caps):
    """A clean restart is found just so."""
    path = under_traffic(run, caps)
    path.switch.stop()
    path.start_switch(wait=False)
    wait_for_sink(path)
    path.stop()


def test_switch_killed_with_packed_rings(run, caps):
    """
    QEMU loses the position of packed rings: the switch says so and touches none of them, the VNF
    resets its devices, and traffic passes again, undamaged.
    """
    path = under_traffic(run, caps, guest=["--packed"])
    path.switch.crash()
    path.start_switch(wait=False)
    path.vnf.process.wait_log("the link is back; resetting the device", 20)
    wait_for_sink(path)
    assert path.switch.stats("gen-sink")["foreign"] == 0
    path.stop()


def test_link_goes_down_and_up(run, caps):
    """The operator takes the cable out, by QEMU's monitor."""
    path = under_traffic(run, caps)
    mark = path.vnf.process.mark()
    path.vnf.qmp("set_link", name="net0", up=False)
    path.vnf.process.wait_log('port "lan" is down', 10, mark)
    path.vnf.qmp("set_link", name="net0", up=True)
    path.vnf.process.wait_log('port "lan" is up', 10, mark)
    wait_for_sink(path)
    path.stop()
