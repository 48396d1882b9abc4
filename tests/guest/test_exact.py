# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Frames from a capture through the VNF in a machine into another capture: each octet, each frame,
# in order; for each form of ring that a machine can be given.

"""Exact delivery through a guest."""

import lab
import pytest
from lab import capture

COUNT = 50_000


def send_through(run, caps, packets, **settings):
    """The frames that come out behind the VNF; the path is stopped, all ledgers are checked."""
    source = capture.write(run.path("in.pcap"), packets)
    target = run.path("out.pcap")
    mtu = settings.get("mtu", 1500)
    ports = [{"name": "in", "kind": "pcap", "rx_file": source, "after": lab.WAN, "mtu": mtu},
             {"name": "out", "kind": "pcap", "tx_file": target, "mtu": mtu}]
    # By wire: a flood to an address that nobody has yet would wait for no full ring.
    wires = {"wires": [{"a": "in", "b": lab.LAN}, {"a": lab.WAN, "b": "out"}]}
    keys = {"tx_wait": "1s", "domain": None, **settings.pop("vnf_port_keys", {})}
    path = lab.Path(run, caps, endpoints="none", extra_ports=ports, vnf_port_keys=keys,
                    switch_keys=wires, **{"guest": [], **settings}).start()
    try:
        lab.until(lambda: path.switch.stats("out")["tx_packets"] >= len(packets), 60,
                  f"{len(packets)} frames behind the VNF")
    except lab.LabError as error:
        counts = {(i.name, p): (i.stats(p)["rx_packets"], i.stats(p)["tx_packets"], i.drops(p))
                  for i in (path.switch, path.vnf) for p in (lab.LAN, lab.WAN)}
        raise lab.LabError(f"{error}; rx, tx and drops: {counts}") from error
    path.stop()
    return path, capture.read(target)


def check_order(packets, received):
    """Each frame once, and each flow's in order."""
    assert len(received) == len(packets)
    assert sorted(received) == sorted(packets)
    for flow in {capture.flow_of(p) for p in packets}:
        assert ([p for p in received if capture.flow_of(p) == flow]
                == [p for p in packets if capture.flow_of(p) == flow])


@pytest.mark.parametrize("form", ["split", "mergeable", "mergeable-not-used", "packed"])
def test_every_frame_in_order(run, caps, form):
    """50,000 frames, byte-exact and in order."""
    options = {"packed": ["--packed"], "mergeable-not-used": ["--no-mergeable"]}.get(form, [])
    keys = {"mergeable": True} if form.startswith("mergeable") else {}
    packets = capture.frames(COUNT)
    path, received = send_through(run, caps, packets, guest=options, vnf_port_keys=keys)
    assert received == packets
    log = path.switch.process.output()
    assert f"guest ready, 1 queue pairs, {'packed' if form == 'packed' else 'split'} rings" in log
    # QEMU passes no in-order on.
    way = {"mergeable": "rx split, mergeable", "packed": "rx and tx packed, standard"}.get(
        form, "rx and tx split, standard")
    assert path.vnf.process.find_log(rf'port "lan": {way}, 1 ring of 1024')


def test_two_queues(run, caps):
    """Two workers on two queue pairs: every frame once, each flow in order, both queues used."""
    packets = capture.frames(COUNT)
    path, received = send_through(run, caps, packets, workers=2,
                                  guest=["--cpus", "2", "--queues", "2"])
    check_order(packets, received)
    assert "guest ready, 2 queue pairs" in path.switch.process.output()


def test_long_frames(run, caps):
    """MTU 9000: frames of up to 9,014 octets."""
    packets = capture.frames(5_000, longest=9014)
    _, received = send_through(run, caps, packets, mtu=9000)
    assert received == packets


def test_boots_in_ten_seconds(run, caps):
    """From the command to forwarding, in 256 MiB; the best of three, for others use the CPUs too."""
    path = lab.Path(run, caps, endpoints="none", guest=["--mem", "256M"])
    path.start_switch(wait=False)
    best = 60.0
    for _ in range(3):
        path.vnf.start()
        best = min(best, float(path.vnf.process.wait_log(r"vnfkit: running, after ([\d.]+) s")[1]))
        path.vnf.stop()
        if best < 10:
            break
    path.switch.stop()
    assert best < 10
