# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Guests that are set up so that nothing can pass, which without a word would look like an idle
# guest: memory that is not shared, and packed rings that outlived the switch that served them.

"""Guests that cannot work, and how the switch says so."""

import os
import re

import lab
import pytest
from lab import vhost_client as vu

NUM = 256
PACKED = vu.VERSION_1 | vu.PROTOCOL | vu.PACKED
PLAIN = vu.VERSION_1 | vu.PROTOCOL
# QEMU says the used index too, in the upper half.
QEMU_FRESH = vu.FRESH << 16 | vu.FRESH
NOT_SHARED = r'port "{}": the guest signals packets but its memory shows none'
LOST = r'port "{}": the guest\'s packed ring was in use before this switch'


@pytest.fixture
def switch(run, caps):
    """A switch with ports for guests, and a flood of frames to them."""
    guests = [{"name": name, "kind": "vhost-user", "socket": run.socket(name), "mode": "server",
               "domain": "A", "queues": 2, "ring_max": 32768}
              for name in ("guest", "filled", "wrapped", "late", "down", "packed")]
    flood = {"name": "flood", "kind": "gen", "domain": "A", "rate": "2k",
             "dst_mac": "ff:ff:ff:ff:ff:ff"}
    new = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never",
        "ports": [*guests, flood]})
    new.start()
    yield new
    assert new.stop()["ledger"] is not None


def said(switch, what, port="guest"):
    """How often the switch has said that of a port."""
    return len(re.findall(what.format(port), switch.process.output()))


def guest_info(switch, port="guest"):
    """What telemetry says of a port's guest."""
    return switch.telemetry(f"/switch/ports,{port}")


def start_rings(guest, features=PLAIN, base=0, kicks=1, **settings):
    """Both rings as QEMU starts them: with a signal in each kick descriptor."""
    guest.negotiate(features)
    for ring in (0, 1):
        guest.start_ring(ring, NUM, base=base, kicks=kicks, **settings)
    assert guest.is_served()


# Memory -----------------------------------------------------------------------------------------

def test_memory_that_is_not_shared(run, switch):
    """The guest fills its rx ring and sends, in pages that the switch does not see."""
    guest = vu.VhostClient(run.socket("guest"), shared=False)
    assert guest.is_served()
    other = start_down(run)
    switch.wait_port("down")  # The connection has been there when all ports were looked at.
    start_rings(guest)
    for ring in (0, 1):
        guest.describe(ring, 0, vu.BUFFERS, 2048)
        guest.publish(ring, [0], NUM)
        guest.kick(ring)
    switch.process.wait_log(NOT_SHARED.format("guest") + ".*share=on", timeout=3)
    assert guest_info(switch)["memory_unshared"] == 1
    guest.close()
    lab.until(lambda: guest_info(switch)["memory_unshared"] == 0, 3, "the guest to be forgotten")


def test_packed_rings_that_are_not_shared(run, switch):
    """Likewise."""
    guest = vu.VhostClient(run.socket("guest"), shared=False)
    start_rings(guest, PACKED, base=vu.FRESH)
    guest.describe_packed(0, NUM, vu.WRITE | vu.AVAIL_FLAG)
    guest.kick(0)
    switch.process.wait_log(NOT_SHARED.format("guest"), timeout=3)
    guest.close()


def start_filled(run):
    """A guest that waits for frames, and whose driver signals its empty tx ring as well."""
    guest = vu.VhostClient(run.socket("filled"))
    guest.start()
    guest.kick(0, 1, times=3)
    return guest


def start_wrapped(run):
    """A guest that has sent a multiple of 65,536 frames, and gives no buffers."""
    guest = vu.VhostClient(run.socket("wrapped"))
    start_rings(guest)
    guest.describe(1, 0, vu.BUFFERS, 60)
    guest.kick(1, times=9)
    return guest


def start_late(run):
    """A guest that signals before it has written anything."""
    guest = vu.VhostClient(run.socket("late"))
    start_rings(guest)
    guest.kick(0, 1, times=5)
    guest.publish(0, [0], NUM)
    return guest


def start_down(run):
    """A guest whose driver is there, but whose interface is not up: nothing but QEMU's signal."""
    guest = vu.VhostClient(run.socket("down"))
    start_rings(guest)
    return guest


def start_packed(run):
    """A packed ring whose flags are all zero: so the second round ends."""
    guest = vu.VhostClient(run.socket("packed"))
    guest.describe_packed(0, NUM, 0)
    start_rings(guest, PACKED, base=vu.FRESH)
    guest.kick(0, 1, times=3)
    return guest


def test_healthy_guests_are_not_blamed(run, switch):
    """Until the warning of one that deserves it, which came last, there is none of them."""
    guests = [start(run) for start in (start_filled, start_wrapped, start_late, start_down,
                                       start_packed)]
    bad = vu.VhostClient(run.socket("guest"), shared=False)
    start_rings(bad)
    bad.kick(0, 1)
    switch.process.wait_log(NOT_SHARED.format("guest"), timeout=4)
    bad.close()
    assert said(switch, NOT_SHARED, ".*") == 1
    for guest in guests:
        assert guest.is_served()
        guest.close()


def test_memory_cut_off_under_observation(run, switch):
    """Rings that are not enabled: only the observer reads them, while the guest takes them away."""
    guests = [vu.VhostClient(run.socket(name)) for name in ("guest", "filled", "late")]
    for guest in guests:
        start_rings(guest, kicks=2, enable=False)
    for guest in guests:
        os.ftruncate(guest.fd, 0)
    for guest in guests:
        lab.until(lambda g=guest: not g.is_served(), 3, "the guest to be disconnected")
        guest.close()


def test_memory_changes_under_observation(run, switch):
    """Each table unmaps what the observer may be reading."""
    guest = vu.VhostClient(run.socket("guest"))
    start_rings(guest, kicks=2, enable=False)
    for _ in range(25):
        guest.memory_table()
        assert guest.is_served()
    guest.close()


@pytest.mark.parametrize("features, base", [(PLAIN, 0), (PACKED, vu.FRESH)],
                         ids=["split", "packed"])
def test_ring_beyond_the_end_of_its_memory(run, switch, features, base):
    """The descriptors begin in it. Nobody looks beyond the end; nobody is accused either."""
    guest = vu.VhostClient(run.socket("guest"))
    guest.negotiate(features)
    guest.start_ring(0, NUM, base, kicks=9, descriptors=vu.GUEST_BASE + guest.size - 64)
    guest.start_ring(1, 32768, base, kicks=9, descriptors=vu.GUEST_BASE + guest.size - 4096)
    assert guest.is_served()
    lab.until(lambda: guest_info(switch)["connections"] == 1, 3, "telemetry")
    other = vu.VhostClient(run.socket("filled"), shared=False)
    start_rings(other, kicks=2)
    switch.process.wait_log(NOT_SHARED.format("filled"), timeout=3)
    assert said(switch, NOT_SHARED) == 0
    for g in (guest, other):
        assert g.is_served()
        g.close()


# Packed rings -----------------------------------------------------------------------------------

def offer(guest):
    """A driver's fresh rings: the rx ring full of buffers, nothing to send."""
    guest.describe_packed(0, NUM, vu.WRITE | vu.AVAIL_FLAG)
    guest.describe_packed(1, NUM, 0)


def n_used(guest, ring=0):
    """Descriptors that the switch has used."""
    return sum(flags & vu.USED_FLAG != 0 for flags in guest.packed_flags(ring, NUM))


def start_packed_guest(run, base=vu.FRESH):
    """A guest on packed rings that gets the flood."""
    guest = vu.VhostClient(run.socket("guest"))
    offer(guest)
    start_rings(guest, PACKED, base)
    lab.until(lambda: n_used(guest) > 20, 3, "frames in the guest's ring")
    return guest


def come_again(switch, guest):
    """As after a crash of the switch: the connection is another one, the memory is the same."""
    switch.wait_port("guest")
    guest.disconnect()
    lab.until(lambda: not switch.port_state("guest"), 3, "the port to go down")
    guest.connect()


def test_packed_ring_that_outlived_its_switch(run, switch):
    """It is left alone and said to be lost; after a reset of the guest's device it works."""
    guest = start_packed_guest(run)
    come_again(switch, guest)
    before = guest.packed_flags(0, NUM)
    received = switch.stats("guest")["tx_packets"]
    start_rings(guest, PACKED, base=QEMU_FRESH)
    switch.process.wait_log(LOST.format("guest"), timeout=3)
    assert guest_info(switch)["rings_lost"] == 1
    flooded = switch.stats("flood")["rx_packets"]
    lab.until(lambda: switch.stats("flood")["rx_packets"] > flooded + 500, 3, "more frames")
    assert not switch.port_state("guest")
    assert switch.stats("guest")["tx_packets"] == received
    assert guest.packed_flags(0, NUM) == before

    for ring in (0, 1):
        guest.stop_ring(ring)
    offer(guest)
    for ring in (0, 1):
        guest.start_ring(ring, NUM, base=QEMU_FRESH)
    lab.until(lambda: n_used(guest) > 20, 3, "frames in the ring that was reset")
    lab.until(lambda: switch.port_state("guest"), 3, "the port to be up")
    assert guest_info(switch)["rings_lost"] == 0
    assert said(switch, LOST) == 1
    guest.close()


def test_one_lost_ring_of_several(run, switch):
    """The tx ring alone was in use, and the second pair of rings comes when the port is up."""
    guest = vu.VhostClient(run.socket("guest"))
    offer(guest)
    guest.describe_packed(3, NUM, vu.AVAIL_FLAG | vu.USED_FLAG)
    start_rings(guest, PACKED | vu.MQ, vu.FRESH)
    lab.until(lambda: n_used(guest) > 20, 3, "frames")
    guest.start_ring(3, NUM, vu.FRESH)
    switch.process.wait_log(LOST.format("guest"), timeout=3)
    lab.until(lambda: not switch.port_state("guest"), 3, "the port to go down")
    assert guest_info(switch)["rings_lost"] == 1
    guest.close()


def test_packed_ring_that_is_paused(run, switch):
    """The frontend hands back what it was told, even if that looks like the beginning."""
    guest = vu.VhostClient(run.socket("guest"))
    offer(guest)
    start_rings(guest, PACKED, vu.FRESH, enable=False)
    for ring in (0, 1):
        assert guest.stop_ring(ring) == vu.FRESH
    # The rest of a chain keeps its marks when the device has been through the ring twice.
    guest.describe_packed(1, NUM, vu.USED_FLAG)
    for ring in (0, 1):
        guest.start_ring(ring, NUM, vu.FRESH)
    switch.wait_port("guest")
    assert said(switch, LOST) == 0
    guest.close()


def test_packed_ring_that_migrates(run, switch):
    """A frontend that knows the position says it, and goes on."""
    guest = start_packed_guest(run)
    switch.wait_port("guest")
    position = guest.stop_ring(0)
    guest.stop_ring(1)
    assert position != vu.FRESH
    come_again(switch, guest)
    guest.negotiate(PACKED)
    for ring, base in ((0, position), (1, vu.FRESH)):
        guest.start_ring(ring, NUM, base)
    lab.until(lambda: switch.port_state("guest"), 3, "the port to be up")
    assert said(switch, LOST) == 0
    guest.close()


def test_lost_ring_stays_lost(run, switch):
    """A pause of the virtual machine makes nothing better."""
    guest = start_packed_guest(run)
    come_again(switch, guest)
    start_rings(guest, PACKED, QEMU_FRESH)
    lab.until(lambda: said(switch, LOST) == 1, 3, "the warning")
    position = [guest.stop_ring(ring) for ring in (0, 1)]
    for ring in (0, 1):
        guest.start_ring(ring, NUM, position[ring])
    lab.until(lambda: said(switch, LOST) == 2, 3, "the second warning")
    assert not switch.port_state("guest")
    guest.close()


def test_large_lost_ring(run, switch):
    """All of a ring is looked at, as large as it may be."""
    guest = vu.VhostClient(run.socket("guest"))
    last = vu.BUFFERS + 16 * 32767
    guest.memory[last + 14:last + 16] = b"\x00\x80"
    guest.negotiate(PACKED)
    for ring in (0, 1):
        guest.start_ring(ring, 32768, vu.FRESH, descriptors=vu.GUEST_BASE + vu.BUFFERS)
    switch.process.wait_log(LOST.format("guest"), timeout=3)
    lab.until(lambda: guest_info(switch)["rings_lost"] == 2, 3, "both rings")
    guest.close()


def test_virtio_user_resets_its_packed_rings(run, caps):
    """A vnfkit VNF is no such guest: its rings are fresh when a restarted switch finds it again."""
    path = lab.Path(run, caps, endpoints="none", extra_ports=lab.generator_ports(rate=20_000))
    for port in path.vnf.settings["ports"]:
        port["packed"] = True
    path.start()
    for _ in range(3):
        lab.until(lambda: path.switch.stats("gen-sink")["received"] > 5000, 10, "traffic")
        path.switch.crash()
        path.start_switch()
        path.switch.wait_port(lab.LAN, lab.WAN)
    lab.until(lambda: path.switch.stats("gen-sink")["received"] > 5000, 10, "traffic")
    assert "packed rings" in path.switch.process.output()
    assert said(path.switch, LOST, ".*") == said(path.switch, NOT_SHARED, ".*") == 0
    path.stop()
