# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A guest that breaks the rules of vhost-user: it is disconnected, the switch runs on, and the ports
# of others carry all of their packets.

"""Hostile guests."""

import os
import struct

import lab
import pytest
from lab import vhost_client as vu


@pytest.fixture
def switch(run, caps):
    """A switch with two guests' ports in a domain with traffic, and a bystander in another one."""
    guests = [{"name": n, "kind": "vhost-user", "socket": run.socket(n), "mode": "server",
               "domain": "A", "queues": 4, "mergeable": n == "merge"} for n in ("guest", "merge")]
    flood = {"name": "flood", "kind": "gen", "domain": "A", "rate": "5k", "size": 1514,
             "dst_mac": "ff:ff:ff:ff:ff:ff"}
    bystander = lab.generator_ports(rate=5000, domains=("C", "C"), name="by")
    new = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never",
        "ports": [*guests, flood, *bystander]})
    new.start()
    yield new
    check_alive(new)
    report = new.stop()
    sink = next(p for p in report["ports"] if p["name"] == "by-sink")
    assert sink["traffic"]["lost"] == 0


def check_alive(switch):
    """The bystander's packets still arrive."""
    before = switch.stats("by-sink")["received"]
    lab.until(lambda: switch.stats("by-sink")["received"] > before + 1000, 5,
              "the bystander to go on")


def guest_of(run, name="guest", **settings):
    """A guest that began as a good one."""
    guest = vu.VhostClient(run.socket(name))
    guest.start(**settings)
    assert guest.is_served()
    return guest


def stop_ring_and_restart_without_size(guest):
    """Its tables are freed by then."""
    for ring in (0, 1):
        guest.state(vu.GET_BASE, ring, 0)
    for ring in (0, 1):
        guest.address(ring)
        guest.event(vu.SET_KICK, ring)
        guest.state(vu.SET_ENABLE, ring, 1)


def grow_a_ring_in_use(guest):
    """Beyond the memory that was looked at."""
    guest.state(vu.SET_NUM, 1, 4096)


def change_to_packed_rings(guest):
    """The table of a split ring is too short for that."""
    guest.send(vu.SET_FEATURES, struct.pack("<Q", vu.VERSION_1 | vu.PROTOCOL | 1 << 34))


def a_second_pair_without_multiqueue(guest):
    """Its rings may be freed in use."""
    guest.start_ring(2, 256)


def a_pipe_for_memory(guest):
    """librte_vhost has let go of the old memory when it sees."""
    ends = os.pipe()
    guest.memory_table(fd=ends[1], size=1 << 20, flags=vu.NEED_REPLY)
    for fd in ends:
        os.close(fd)


def memory_larger_than_the_address_space(guest):
    """The same."""
    fd = os.memfd_create("huge")
    os.ftruncate(fd, 1 << 60)
    guest.memory_table(fd=fd, size=1 << 59, flags=vu.NEED_REPLY)
    os.close(fd)


def a_log_beyond_its_file(guest):
    """Written to with each frame."""
    fd = os.memfd_create("log")
    guest.send(vu.SET_LOG_BASE, struct.pack("<QQ", 1 << 20, 0), [fd])
    os.close(fd)


def a_pipe_for_interrupts(guest):
    """A full one would hold a worker up."""
    ends = os.pipe()
    guest.send(vu.SET_CALL, struct.pack("<Q", 0), [ends[1]])
    for fd in ends:
        os.close(fd)


def reset_owner(guest):
    """Leaks rings."""
    guest.send(vu.RESET_OWNER)


def memory_cut_off(guest):
    """SIGBUS for whoever touches it."""
    os.ftruncate(guest.fd, 0)


def a_ring_beyond_its_memory(guest):
    """Its used area begins in it: librte_vhost would write what we told it about notifications."""
    lab.until(lambda: guest.used_flags(1) == vu.NO_NOTIFY, 5, "the ring to be told")
    guest.state(vu.GET_BASE, 1, 0)
    guest.receive()
    guest.state(vu.SET_NUM, 1, 256)
    guest.state(vu.SET_BASE, 1, 0)
    guest.address(1, used=vu.GUEST_BASE + guest.size - 1)
    for request in (vu.SET_CALL, vu.SET_KICK):
        guest.event(request, 1)
    guest.state(vu.SET_ENABLE, 1, 1)


def a_running_ring_moves_beyond_its_memory(guest):
    """The same with the three messages that it takes."""
    lab.until(lambda: guest.used_flags(1) == vu.NO_NOTIFY, 5, "the ring to be told")
    guest.address(1, used=vu.GUEST_BASE + guest.size - 1)
    guest.state(vu.SET_ENABLE, 1, 0)
    guest.state(vu.SET_ENABLE, 1, 1)


@pytest.mark.parametrize("attack", [
    a_ring_beyond_its_memory, a_running_ring_moves_beyond_its_memory, stop_ring_and_restart_without_size, grow_a_ring_in_use, change_to_packed_rings,
    a_second_pair_without_multiqueue, a_pipe_for_memory, memory_larger_than_the_address_space,
    a_log_beyond_its_file, a_pipe_for_interrupts, reset_owner, memory_cut_off],
    ids=lambda attack: attack.__name__)
def test_is_disconnected(run, switch, attack):
    """Each of these ended the switch, or held it up, through librte_vhost."""
    guest = guest_of(run)
    attack(guest)
    if attack is stop_ring_and_restart_without_size:
        for _ in (0, 1):
            guest.receive()
    lab.until(lambda: not guest.is_served(), 3, "the guest to be disconnected")
    guest.close()
    check_alive(switch)


def test_packed_ring_beyond_its_memory(run, switch):
    """Likewise: two octets before the end, of an area of four."""
    guest = vu.VhostClient(run.socket("guest"))
    guest.start(features=vu.VERSION_1 | vu.PROTOCOL | vu.PACKED)
    lab.until(lambda: guest.device_event_flags(1) == vu.NO_NOTIFY, 5, "the ring to be told")
    guest.address(1, used=vu.GUEST_BASE + guest.size - 2)
    guest.state(vu.SET_ENABLE, 1, 0)
    guest.state(vu.SET_ENABLE, 1, 1)
    lab.until(lambda: not guest.is_served(), 3, "the guest to be disconnected")
    guest.close()


@pytest.mark.parametrize("num", [2, 32])
def test_tiny_ring(run, switch, num):
    """librte_vhost's table of used buffers would have no room for a burst."""
    guest = vu.VhostClient(run.socket("guest"))
    guest.start(num=num)
    assert not guest.is_served()
    guest.close()


@pytest.mark.parametrize("port", ["guest", "merge"])
def test_more_available_than_the_ring_has(run, switch, port):
    """With buffers of one octet each, as many as a frame could need, and many times that claimed."""
    guest = vu.VhostClient(run.socket(port))
    features = vu.VERSION_1 | vu.PROTOCOL | (vu.MRG_RXBUF if port == "merge" else 0)
    guest.start(features=features, buffer_size=13)
    guest.publish(0, range(256), 256, claim=0x8000)
    check_alive(switch)
    guest.state(vu.GET_BASE, 0, 0)
    guest.close()
    check_alive(switch)


def test_other_features_than_offered(run, switch):
    """Mergeable buffers are not, unless the port says so."""
    guest = vu.VhostClient(run.socket("guest"))
    guest.start(features=vu.VERSION_1 | vu.PROTOCOL | vu.MRG_RXBUF)
    assert not guest.is_served()
    guest.close()


def test_half_a_message_does_not_hold_others_up(run, switch):
    """One peer after the other that never ends what it began: a new one there is served at once."""
    slow = vu.VhostClient(run.socket("guest"))
    slow.socket.sendall(struct.pack("<III", vu.SET_FEATURES, 1, 8))
    other = guest_of(run, "merge")
    assert slow.receive() is None
    slow.close()
    for _ in range(3):
        again = vu.VhostClient(run.socket("guest"))
        assert not again.is_served(), "it has to wait"
        again.close()
    assert other.is_served()
    other.close()


def test_leaving_is_no_offence(run, switch):
    """A guest that dies and comes back, time and again, is served each time."""
    for _ in range(8):
        guest = guest_of(run)
        lab.until(lambda: switch.port_state("guest"), 2, "the switch to see that it came")
        guest.close()
        lab.until(lambda: not switch.port_state("guest"), 2, "the switch to see that it left")
