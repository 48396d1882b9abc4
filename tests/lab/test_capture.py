# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Captures and the records of drops, with real traffic: what is in the files by tshark, limits, a full
# disk, a stop, and what is refused.

"""Captures and drop-log."""

import json
import os
import re
import socket
import time

import lab
import pytest


class Refused(Exception):
    """The instance said no."""


def ask(instance, name, **args):
    """One command over the control socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(30)
        s.connect(instance.run.path("c", f"{instance.name}.ctl"))
        s.sendall(json.dumps({"id": 1, "command": name, "args": args}).encode() + b"\n")
        with s.makefile("rb") as f:
            reply = json.loads(f.readline())
    if not reply["ok"]:
        raise Refused(reply["error"]["text"])
    return reply["result"]


def folder(run):
    """A directory for captures, and the keys that name it."""
    path = run.path("captures")
    os.makedirs(path, exist_ok=True)
    return path, {"capture": {"directory": path}}


def seen(path, *fields, where=""):
    """Packets of a file as tshark reads them: tuples of these fields."""
    words = [lab.installed("tshark"), "-n", "-r", path, "-T", "fields", "-E", "separator=|"]
    for field in ("frame.interface_name", *fields):
        words += ["-e", field]
    out = lab.command(words + (["-Y", where] if where else []), timeout=60)
    assert "cut short" not in out.stderr, out.stderr
    return [tuple(line.split("|")) for line in out.stdout.splitlines()]


def started(instance, file, **args):
    """Start a capture."""
    status = ask(instance, "capture-start", file=file, **args)
    assert status["running"]
    return status


def ended(instance, timeout=30):
    """Wait for the capture's own end; its last status."""
    return lab.until(lambda: (lambda s: None if s["running"] else s)(ask(instance, "capture")),
                     timeout, f"{instance.name}: end of the capture")


def alone(run, wan=None, **keys):
    """A VNF that has a generator at one side: of 1,000 frames a second, for ever."""
    path, capture = folder(run)
    vnf = lab.Instance(run, lab.vnf_program(), {
        "name": "vnf", "hugepages": "never", **capture, **keys,
        "ports": [{"name": "lan", "kind": "gen", "rate": 1000, "size": 300, "flows": 4},
                  {"name": "wan", **(wan or {"kind": "sink"})}]})
    vnf.start()
    return vnf, path


@pytest.mark.quick
def test_a_ping_is_seen_at_every_port(run, caps):
    """Received and sent, in the switch and in the VNF, with a filter."""
    files, capture = folder(run)
    path = lab.Path(run, caps, switch_keys=capture, vnf_keys=capture).start()
    lab.ping(path.client, path.server)
    for instance in (path.switch, path.vnf):
        started(instance, f"{instance.name}.pcapng", filter="icmp[icmptype] == icmp-echo")
    sent = lab.ping(path.client, path.server, count=5).sent
    for instance in (path.switch, path.vnf):
        lab.until(lambda i=instance: ask(i, "capture")["written"] > 0, 10, "packets in the file")
        status = ask(instance, "capture-stop")
        assert (status["lost"], status["state"]) == (0, "stopped")
        assert status["filtered"] > 0
        assert status["bytes"] == os.path.getsize(status["file"])
    vnf = seen(f"{files}/vnf.pcapng", "frame.packet_flags", "icmp.seq", "ip.src", "icmp.checksum")
    assert sorted({(name, int(flags, 0) & 3) for name, flags, *_ in vnf}) == [("lan", 1), ("wan", 2)]
    assert len(vnf) == 2 * sent
    switch = seen(f"{files}/switch.pcapng", "frame.packet_flags", "icmp.seq")
    assert ({(name, int(flags, 0) & 3) for name, flags, _ in switch}
            == {("client", 1), ("lan", 2), ("wan", 1), ("server", 2)})
    assert len(switch) == 4 * sent
    path.stop()


def test_the_octets_are_those_on_the_wire(run, caps):
    """Between what the client's kernel sends and what the VNF is given nothing differs."""
    files, capture = folder(run)
    path = lab.Path(run, caps, vnf_keys=capture).start()
    lab.ping(path.client, path.server)
    started(path.vnf, "a.pcapng", port="lan", points="rx", filter="icmp", snaplen=60)
    lab.ping(path.client, path.server, count=3, size=1000)
    ask(path.vnf, "capture-stop")
    rows = seen(f"{files}/a.pcapng", "frame.len", "frame.cap_len", "ip.src", "eth.src")
    assert len(rows) == 3
    assert {row[1:] for row in rows} == {("1042", "60", path.client.address, path.client.mac)}
    path.stop()


def test_drops_with_their_reasons(run):
    """Why, and on the way to where; in a capture, in the log of drops and in its file."""
    vnf, files = alone(run, {"kind": "virtio-user", "socket": run.socket("nobody")})
    lab.until(lambda: vnf.drops("wan").get("port_down", 0) > 100, 10, "drops")
    started(vnf, "drops.pcapng", points="drop", packets=50)
    assert ended(vnf)["written"] == 50
    rows = seen(f"{files}/drops.pcapng", "frame.packet_flags", "frame.comment", "frame.len")
    assert set(rows) == {("wan", rows[0][1], "drop: port_down, on its way out of port wan", "300")}
    assert int(rows[0][1], 0) & 3 == 2
    log = ask(vnf, "drop-log", reason="port_down", count=5, octets=True)
    assert len(log) == 5
    newest = log[0]
    assert [row["time"] for row in log] == sorted((row["time"] for row in log), reverse=True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", newest["time"])
    assert (newest["port"], newest["to"], newest["length"]) == ("wan", "wan", 300)
    assert (newest["ip_src"], newest["ip_dst"], newest["protocol"]) == ("198.18.0.1", "198.19.0.1", 17)
    assert 1024 <= newest["src_port"] < 1028
    assert len(newest["octets"]) == 2 * 96
    assert ask(vnf, "drop-log", port="lan") == []
    assert "octets" not in ask(vnf, "drop-log", count=1)[0]
    export = ask(vnf, "drop-log", file="log.pcapng", count=20)
    assert export == {"file": f"{files}/log.pcapng", "packets": 20}
    rows = seen(f"{files}/log.pcapng", "frame.len", "frame.cap_len", "frame.comment")
    assert len(rows) == 20
    assert all(row[:3] == ("wan", "300", "96") for row in rows)
    assert all(row[3].startswith("drop: port_down, on its way out of port wan") for row in rows)
    for args, words in (({"port": "dmz"}, 'no port is named "dmz"'),
                        ({"reason": "bad_luck"}, 'no drop reason is named "bad_luck"'),
                        ({"file": "../x"}, "not a file name"),
                        ({"file": "log.pcapng"}, "there already")):
        with pytest.raises(Refused, match=re.escape(words)):
            ask(vnf, "drop-log", **args)
    vnf.stop()


def test_drops_of_the_switch_where_they_came_in(run):
    """A frame that nobody may have is dropped where it came from."""
    files, capture = folder(run)
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "hugepages": "never", **capture,
        "ports": [{"name": "alone", "kind": "gen", "rate": 1000, "domain": "A"}]})
    switch.start()
    lab.until(lambda: switch.drops("alone"), 10, "drops")
    started(switch, "a.pcapng", packets=20)
    ended(switch)
    rows = seen(f"{files}/a.pcapng", "frame.packet_flags", "frame.comment")
    assert {(int(flags, 0) & 3, comment) for _, flags, comment in rows} \
        == {(1, ""), (1, "drop: no_destination")}
    newest = ask(switch, "drop-log")[0]
    assert (newest["port"], newest["to"], newest["reason"]) == ("alone", None, "no_destination")
    switch.stop()


def test_limits(run):
    """Packets, bytes and seconds end it, and the file is whole."""
    vnf, files = alone(run)
    started(vnf, "packets.pcapng", packets=100, points="rx")
    status = ended(vnf)
    assert status["written"] == len(seen(f"{files}/packets.pcapng")) == 100
    assert "as many packets" in status["state"]
    started(vnf, "bytes.pcapng", bytes="64k")
    status = ended(vnf)
    assert "as long as it may be" in status["state"]
    assert 64000 < os.path.getsize(f"{files}/bytes.pcapng") == status["bytes"] <= 65536
    assert len(seen(f"{files}/bytes.pcapng")) == status["written"]
    begin = time.monotonic()
    started(vnf, "seconds.pcapng", seconds=1)
    assert "time is over" in ended(vnf)["state"]
    assert time.monotonic() - begin >= 1
    times = [float(row[1]) for row in seen(f"{files}/seconds.pcapng", "frame.time_relative")]
    assert 0.2 < max(times) <= 1
    assert all(later >= earlier for earlier, later in zip(times, times[1:]))
    vnf.stop()


def test_a_full_disk(run):
    """The capture ends and says why, its file is whole, and the program goes on."""
    files, _ = folder(run)
    mounted = lab.command(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", files], check=False)
    if mounted.returncode != 0:
        raise lab.LabUnavailable(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    try:
        vnf, _ = alone(run)
        started(vnf, "a.pcapng")
        status = ended(vnf)
        assert status["state"] == "it cannot be written: No space left on device"
        vnf.process.wait_log(r"error: capture: .*No space left on device; make room", timeout=5)
        assert 900_000 < os.path.getsize(f"{files}/a.pcapng") == status["bytes"]
        assert len(seen(f"{files}/a.pcapng")) == status["written"] > 0
        before = vnf.stats("wan")["tx_packets"]
        lab.until(lambda: vnf.stats("wan")["tx_packets"] > before, 10, "traffic to go on")
        with pytest.raises(Refused, match="not complete|cannot write|No space"):
            started(vnf, "b.pcapng")
            raise Refused(ended(vnf)["state"])
        os.unlink(f"{files}/a.pcapng")
        started(vnf, "c.pcapng", packets=10)
        assert ended(vnf)["written"] == 10
        vnf.stop()
    finally:
        lab.command(["umount", files])


def test_refusals(run):
    """What cannot be is refused with a reason, and leaves nothing behind."""
    vnf, files = alone(run)
    for args, words in (
            ({"filter": "udp prot 53"}, "syntax error"),
            ({"filter": "ether proto ("}, "syntax error"),
            ({"port": "dmz"}, 'no port is named "dmz"'),
            ({"points": "rx,up"}, "rx, tx, drop"),
            ({"file": "../../etc/x"}, "not a file name"),
            ({"file": "/etc/x"}, "not a file name"),
            ({"file": ".x"}, "not a file name"),
            ({"snaplen": 3}, "snaplen"),
            ({"bytes": "2G"}, "capture.max_size"),
            ({"colour": "red"}, "colour")):
        with pytest.raises(Refused, match=re.escape(words)):
            ask(vnf, "capture-start", **{"file": "x.pcapng", **args})
    with pytest.raises(Refused, match="no capture is running"):
        ask(vnf, "capture-stop")
    assert not os.listdir(files)
    started(vnf, "a.pcapng")
    with pytest.raises(Refused, match="a.pcapng is running; end it with capture-stop"):
        started(vnf, "b.pcapng")
    ask(vnf, "capture-stop")
    with pytest.raises(Refused, match="there already"):
        started(vnf, "a.pcapng")
    started(vnf, "a.pcapng", overwrite=True)
    ask(vnf, "capture-stop")
    assert os.listdir(files) == ["a.pcapng"]
    vnf.stop()


def test_nothing_without_a_directory(run):
    """The refusal says what to write, and into which file."""
    vnf = lab.Instance(run, lab.vnf_program(), {
        "name": "vnf", "hugepages": "never", "drop_recorder": 0,
        "ports": [{"name": "lan", "kind": "gen", "rate": 100}, {"name": "wan", "kind": "sink"}]})
    vnf.start()
    with pytest.raises(Refused, match=re.escape(f"into {vnf.config_path}")):
        started(vnf, "a.pcapng")
    with pytest.raises(Refused, match="drop_recorder = 0"):
        ask(vnf, "drop-log")
    assert not ask(vnf, "capture")["running"]
    vnf.stop()


def test_the_end_of_the_program_completes_the_file(run):
    """SIGTERM in the middle of a capture."""
    vnf, files = alone(run)
    started(vnf, "a.pcapng", points="tx")
    lab.until(lambda: ask(vnf, "capture")["written"] > 100, 10, "packets in the file")
    tx = vnf.stop()["ports"]
    vnf.process.wait_log(r"capture: .* ended: the program stopped; \d+ packets, 0 lost", timeout=5)
    assert 100 < len(seen(f"{files}/a.pcapng"))
    assert tx


def test_a_port_that_goes_down_and_comes_back(run, caps):
    """The capture goes on."""
    files, capture = folder(run)
    path = lab.Path(run, caps, switch_keys=capture).start()
    lab.ping(path.client, path.server)
    started(path.switch, "a.pcapng", port="lan", points="tx",
            filter="icmp[icmptype] == icmp-echo")
    first = lab.ping(path.client, path.server).sent
    path.vnf.stop()
    path.vnf.start()
    path.vnf.wait_port(lab.LAN, lab.WAN)
    path.switch.wait_port(lab.LAN, lab.WAN)
    lab.ping(path.client, path.server)
    status = ask(path.switch, "capture-stop")
    assert status["state"] == "stopped"
    assert len(seen(f"{files}/a.pcapng")) > first
    path.stop()


def test_again_and_again_under_load(run):
    """Starts and stops at full speed, with two workers: no file is broken, every packet has its
    place in the ledger, and what the buffer had no room for is counted."""
    files, capture = folder(run)
    switch = lab.Instance(run, lab.switch_program(), {
        "name": "switch", "hugepages": "never", "workers": 2,
        "capture": {**capture["capture"], "buffer": "1M"},
        "ports": [*({"name": f"gen{i}", "kind": "gen", "domain": "A", "flows": 16} for i in (0, 1)),
                  {"name": "out", "kind": "sink", "domain": "A"}]})
    switch.start()
    lost = 0
    for i in range(20):
        started(switch, f"{i}.pcapng", bytes="200k" if i % 2 else "20M", snaplen=64 + i)
        lab.until(lambda: ask(switch, "capture")["bytes"] > 150_000, 20, "packets in the file")
        try:
            status = ask(switch, "capture-stop")
        except Refused:
            status = ask(switch, "capture")
        lost += status["lost"]
        assert os.path.getsize(f"{files}/{i}.pcapng") == status["bytes"]
        if i < 4:
            assert len(seen(f"{files}/{i}.pcapng")) == status["written"]
    assert lost > 0
    report = switch.stop(timeout=30)
    assert report["ledger"]["rx"] > 0
