# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Which way packets take through a port: what the log and telemetry say of real ports, and that the
# configuration line that they name does what they say.

"""The data path of each port, in words."""

import lab
import pytest
from lab import capture
from lab.peers import Testpmd

NOTHING = "nothing in the configuration changes that"


def line(instance, port, since=0, timeout=10):
    """What the log says of the port's path."""
    return instance.process.wait_log(rf'info: port "{port}": (rx .*)', timeout, since).group(1)


def ways(rx, tx):
    """The beginning of the line."""
    return f"rx and tx {tx}" if rx == tx else f"rx {rx}; tx {tx}"


def told(instance, port):
    """The same by telemetry, as one line."""
    d = instance.telemetry(f"/vnf/datapath,{port}")
    assert d["name"] == port
    why = f" ({d['why']})" if d["why"] else ""
    return f"{ways(d['rx'] or 'never', d['tx'] or 'never')}{why}; {d['change']}"


def path_with(run, caps, vnf_keys=None, **more):
    """A path without endpoints, whose VNF's ports have further keys."""
    path = lab.Path(run, caps, endpoints="none", **more,
                    extra_ports=lab.generator_ports(rate=20_000))
    for port in path.vnf.settings["ports"]:
        port.update(vnf_keys or {})
    return path.start()


@pytest.mark.parametrize("packed, mergeable, rx, tx, change", [
    (False, False, "split, in-order", "split, in-order", "packed = true: packed rings, if the peer"),
    (False, True, "split, in-order, mergeable", "split, in-order",
     "packed = true: packed rings, if the peer"),
    (True, False, "packed, standard", "packed, standard", "packed = false: split rings"),
    (True, True, "packed, mergeable", "packed, standard", "packed = false: split rings")])
def test_virtio_user_and_vhost_user(run, caps, packed, mergeable, rx, tx, change):
    """Both ends of a guest's rings. The lines that are named are those that this test varies."""
    path = path_with(run, caps, {"packed": packed}, vnf_port_keys={"mergeable": mergeable})
    got = line(path.vnf, lab.LAN)
    assert got.startswith(ways(f"{rx}, 1 ring of 1024", f"{tx}, 1 ring of 1024") + " (")
    assert f"); {change}" in got
    assert "mergeable buffers)" in got and ("no mergeable buffers" in got) != mergeable
    assert told(path.vnf, lab.LAN) == got
    lab.until(lambda: path.switch.stats("gen-sink")["received"] > 10_000, 15, "traffic")
    got = told(path.switch, lab.LAN)
    assert f"copied by librte_vhost, {'packed' if packed else 'split'} rings" in got
    assert "1 of 1 in use" in got
    assert f"{'1 frame' if mergeable else '32 frames'} a call" in got
    assert ("mergeable = false" in got) == mergeable
    if not packed:
        assert "wants no interrupts" in got
    path.stop()


def test_queues(run, caps):
    """All that the guest has taken into use, also those that came a little later."""
    path = path_with(run, caps, workers=2, queues=2)
    assert "in-order, 2 rings of 1024" in line(path.vnf, lab.LAN)
    lab.until(lambda: "2 of 2 in use" in told(path.switch, lab.LAN), 10, "both queues")
    path.stop()


def test_ring_of_another_length(run, caps):
    """It is what the key says, without a warning."""
    path = path_with(run, caps, {"queue_size": 256})
    assert "1 ring of 256" in line(path.vnf, lab.LAN)
    assert "descriptors, not" not in path.vnf.process.output()
    path.stop()


def test_said_again_when_it_changed(run, caps):
    """A switch that comes back as it was is nothing new; one with mergeable buffers is."""
    path = path_with(run, caps)
    line(path.vnf, lab.LAN)
    mark = path.vnf.process.mark()
    path.switch.stop()
    path.start_switch()
    path.vnf.process.wait_log(r'port "lan" is up', 10, mark)
    assert "no mergeable" in told(path.vnf, lab.LAN)
    path.switch.stop()
    for port in path.switch.settings["ports"]:
        if port["kind"] == "vhost-user":
            port["mergeable"] = True
    path.start_switch()
    assert "and mergeable buffers" in line(path.vnf, lab.LAN, mark)
    path.stop()


def test_behind_another_switch(run, caps):
    """dpdk-testpmd offers mergeable buffers."""
    sockets = [run.socket(p) for p in (lab.LAN, lab.WAN)]
    vnf = lab.Instance(run, lab.vnf_program(), {
        "name": "vnf", "cpus": str(caps.cpus[-1]), "hugepages": "never",
        "ports": [{"name": p, "kind": "virtio-user", "socket": s}
                  for p, s in zip((lab.LAN, lab.WAN), sockets)]})
    vnf.start()
    testpmd = Testpmd(run, caps.cpus[0], [f"net_vhost{i},iface={s},client=1"
                                          for i, s in enumerate(sockets)], mode="io").wait_ready()
    assert line(vnf, lab.LAN, timeout=20).startswith("rx split, in-order, mergeable, 1 ring")
    testpmd.stop()
    vnf.stop()


@pytest.mark.parametrize("kind, rx, why", [
    ("tap", "readv(), a system call a frame", "knows no bursts"),
    ("af_packet", "recvmmsg(), up to 32 frames a system call", "no mapped ring (TPACKET)")])
def test_kernel_interfaces(run, caps, kind, rx, why):
    """tap and af_packet."""
    if kind == "af_packet" and caps.why_no_veth:
        raise lab.LabUnavailable(caps.why_no_veth)
    path = lab.Path(run, caps, endpoints=kind).start()
    got = line(path.switch, "client")
    assert got.startswith(f"rx {rx}") and why in got and got.endswith(NOTHING)
    assert told(path.switch, "client") == got
    path.stop()


def test_ports_for_measuring(run, caps):
    """pcap, gen, sink, null and any other DPDK device."""
    frames = run.path("in.pcap")
    capture.write(frames, capture.frames(10))
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never",
        "ports": [
            {"name": "file", "kind": "pcap", "rx_file": frames, "domain": "A"},
            {"name": "again", "kind": "pcap", "rx_file": frames, "loop": True,
             "tx_file": run.path("out.pcap"), "domain": "B"},
            {"name": "made", "kind": "gen", "domain": "A"},
            {"name": "slow", "kind": "gen", "rate": 10, "domain": "A"},
            {"name": "end", "kind": "sink", "domain": "B"},
            {"name": "none", "kind": "null", "domain": "C"},
            {"name": "device", "kind": "nic", "devargs": "net_null7,no-rx=1", "domain": "C"}]})
    switch.start()
    expected = {
        "file": "rx copied from memory, 10 frames once; tx never (rx_file was read whole when the "
                "port was opened); loop = true: the frames come for ever",
        "again": "rx copied from memory, 10 frames for ever; tx written to the file through a "
                 "buffer (rx_file was read whole when the port was opened); loop = false: the "
                 "frames come once",
        "made": "rx made when polled, as many as are taken; tx checked and freed (each frame is "
                "written anew, with its number); rate = N: so many a second",
        "slow": "rx made when polled, 10 a second; tx checked and freed (each frame is written "
                "anew, with its number); rate = 0: as many as are taken",
        "end": f"rx never; tx checked and freed (a sink only takes); {NOTHING}",
        "none": "rx buffers of 60 octets as they lie there; tx freed at once (net_null with copy=0 "
                "touches no frame); receive = false: receives nothing",
        "device": "rx and tx the driver's only functions, rings of 1024 "
                  f"(net_null chose them for MTU 1500, without receive offloads); "
                  f"{NOTHING}"}
    for port, text in expected.items():
        assert line(switch, port) == text
        assert told(switch, port) == text
    switch.stop()


def test_not_up_yet(run, caps):
    """A port that waits for its peer has no path; one that is not there is no port."""
    vnf = lab.Instance(run, lab.vnf_program(), {
        "name": "vnf", "cpus": str(caps.cpus[-1]), "hugepages": "never",
        "ports": [{"name": p, "kind": "virtio-user", "socket": run.socket(p)}
                  for p in (lab.LAN, lab.WAN)]})
    vnf.start()
    assert vnf.telemetry("/vnf/datapath,lan") == {
        "name": "lan", "up": 0, "rx": "", "tx": "", "why": "", "change": "not up yet"}
    assert not vnf.telemetry("/vnf/datapath,dmz")
    vnf.stop()
