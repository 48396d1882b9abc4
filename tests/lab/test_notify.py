# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The switch polls, so it tells guests not to notify it: a notification is a system call of the
# guest's, or an exit of its virtual machine, for each burst that it sends or makes room for.

"""Notifications by guests."""

import lab
import pytest
from lab import vhost_client as vu


@pytest.fixture
def socket(run, caps):
    """That of a switch for a guest."""
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never",
        "ports": [{"name": "guest", "kind": "vhost-user", "socket": run.socket("guest"),
                   "mode": "server", "domain": "A", "queues": 2}]})
    switch.start()
    yield run.socket("guest")
    switch.stop()


@pytest.fixture
def guest(socket):
    """A guest of two queue pairs, whose second pair is not set up yet."""
    new = vu.VhostClient(socket)
    new.start(features=vu.VERSION_1 | vu.PROTOCOL | vu.MQ)
    yield new
    new.close()


def wait_silent(guest, *rings):
    """Until the switch says in each ring that it needs no notification."""
    for ring in rings:
        lab.until(lambda r=ring: guest.used_flags(r) == vu.NO_NOTIFY, 5,
                  f"ring {ring} to say that notifications are not needed")


@pytest.mark.quick
def test_guest_is_told_not_to_notify(guest):
    """Both directions."""
    wait_silent(guest, 0, 1)


def test_ring_that_comes_later(guest):
    """A queue pair that the guest's driver takes into use when the device is running."""
    wait_silent(guest, 0, 1)
    for ring in (2, 3):
        guest.start_ring(ring, 256)
    wait_silent(guest, 2, 3)


def test_rx_ring_alone(guest):
    """Before its tx ring is enabled."""
    wait_silent(guest, 0, 1)
    guest.start_ring(2, 256)
    wait_silent(guest, 2)


def test_packed_rings(socket):
    """They say it elsewhere."""
    guest = vu.VhostClient(socket)
    guest.start(features=vu.VERSION_1 | vu.PROTOCOL | vu.PACKED)
    for ring in (0, 1):
        lab.until(lambda r=ring: guest.device_event_flags(r) == vu.NO_NOTIFY, 5,
                  f"ring {ring} to say that notifications are not needed")
    guest.close()


def test_ring_that_is_set_up_anew(guest):
    """After a driver's reset the ring's memory says nothing any more."""
    wait_silent(guest, 0, 1)
    for ring in (0, 1):
        guest.state(vu.GET_BASE, ring, 0)
        assert guest.receive() is not None
        guest.set_used_flags(ring, 0)
    for ring in (0, 1):
        guest.start_ring(ring, 256)
    wait_silent(guest, 0, 1)
