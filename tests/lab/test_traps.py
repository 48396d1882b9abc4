# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Traps of DPDK, virtio and vhost that no other test walks into; docs/traps.md lists all of them
# with their tests.

"""Traps, each walked into on purpose."""

import json
import os
import re
import subprocess

import lab
import pytest
from lab.peers import Testpmd


def settings(run, caps, ports, **more):
    """Configuration of the template VNF."""
    return {"name": "vnf", "cpus": str(caps.cpus[-1]), "hugepages": "never", **more,
            "ports": ports}


def waiting_ports(run):
    """Two ports that nobody connects to."""
    return [{"name": p, "kind": "virtio-user", "socket": run.socket(p)}
            for p in (lab.LAN, lab.WAN)]


def say(run, caps, ports, *options):
    """(exit code, standard output, standard error) of the VNF with these ports."""
    path = run.path("vnf.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(lab.config_text(settings(run, caps, ports)))
    done = subprocess.run([lab.vnf_program(), "-c", path, *options], capture_output=True, text=True,
                          timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.quick
def test_macs_stay(run, caps):
    """virtio-user makes one up at each start; ours come from the names, and are nobody's."""
    plans = [json.loads(say(run, caps, waiting_ports(run), "--plan")[1]) for _ in range(2)]
    macs = [[port["mac"] for port in plan["ports"]] for plan in plans]
    assert macs[0] == macs[1]
    assert len(set(macs[0])) == 2
    assert all(int(mac[:2], 16) & 3 == 2 for mac in macs[0]), "not locally administered"


@pytest.mark.quick
def test_devargs_given_twice(run, caps):
    """DPDK would take neither."""
    ports = waiting_ports(run)[:1] + [
        {"name": "card", "kind": "nic", "devargs": "net_memif0,id=1,role=client,id=2"}]
    code, _, error = say(run, caps, ports, "--check")
    assert code == 2
    assert re.search(r'ports\[1\]\.devargs: "id" is given twice', error), error


def bare_virtio_user(run, caps, *options):
    """A path whose VNF has virtio-user by DPDK's own arguments: few descriptors, no control queue."""
    path = lab.Path(run, caps, endpoints="none", vnf_mode="client")
    path.switch.start()
    path.vnf.settings["ports"] = [
        {"name": p, "kind": "nic", "devargs": f"net_virtio_user{i},path={run.socket(p)},queue_size=256"}
        for i, p in enumerate((lab.LAN, lab.WAN))]
    path.vnf.start(extra=options)
    path.vnf.wait_port(lab.LAN, lab.WAN)
    return path


@pytest.mark.quick
@pytest.mark.parametrize("options", [[], ["-v"]], ids=["", "verbose"])
def test_short_rings_are_told(run, caps, options):
    """virtio's driver takes 1,024 descriptors for rings of 256 without a word."""
    path = bare_virtio_user(run, caps, *options)
    assert path.vnf.process.find_log(r'warning: port "lan": the device\'s rings have 256 '
                                     r'descriptors, not 1024')
    path.stop()


def test_no_promiscuous_mode(run, caps):
    """Without a control queue there is none to set, and the port is up all the same."""
    path = bare_virtio_user(run, caps, "-v")
    assert path.vnf.process.find_log('port "lan": no promiscuous mode to set')
    path.stop()


def test_no_checksums_are_left_to_others(run, caps):
    """A back end that offers checksum and segmentation offloads: they are not taken."""
    sockets = [run.socket(p) for p in (lab.LAN, lab.WAN)]
    vnf = lab.Instance(run, lab.vnf_program(), settings(run, caps, waiting_ports(run)))
    vnf.start()
    testpmd = Testpmd(run, caps.cpus[0], [f"net_vhost{i},iface={s},client=1"
                                          for i, s in enumerate(sockets)], mode="io").wait_ready()
    vnf.wait_port(lab.LAN, lab.WAN, timeout=20)
    features = int(testpmd.process.wait_log(
        r"negotiated Virtio features: (0x[0-9a-f]+)").group(1), 16)
    assert features & 1 << 32, "not virtio 1?"
    for bit, name in {0: "CSUM", 1: "GUEST_CSUM", 7: "GUEST_TSO4", 8: "GUEST_TSO6", 10: "GUEST_UFO",
                      11: "HOST_TSO4", 12: "HOST_TSO6", 14: "HOST_UFO"}.items():
        assert not features & 1 << bit, f"VIRTIO_NET_F_{name} was negotiated"
    testpmd.stop()
    vnf.stop()


def test_no_secondary_process(run, caps):
    """It cannot attach, says so, and disturbs nothing."""
    proc_info = lab.installed("dpdk-proc-info")
    path = lab.Path(run, caps, endpoints="none").start()
    prefix = path.vnf.process.wait_log(r"dpdk-telemetry\.py -f (\S+)").group(1)
    done = subprocess.run([proc_info, f"--file-prefix={prefix}", "--", "--stats"],
                          capture_output=True, text=True, timeout=30, check=False, env=run.env())
    assert done.returncode != 0, done.stdout
    path.check_alive()
    assert path.vnf.telemetry("/vnf/ports") == [lab.LAN, lab.WAN]
    path.stop()


def test_helpers_keep_off_the_workers_cpu(run, caps):
    """DPDK's own threads and ours may not run where a worker polls."""
    if len(caps.cpus) < 2:
        raise lab.LabUnavailable("needs two CPUs")
    vnf = lab.Instance(run, lab.vnf_program(), settings(run, caps, waiting_ports(run)))
    vnf.start()
    allowed = {}
    for task in os.listdir(f"/proc/{vnf.process.pid}/task"):
        with open(f"/proc/{vnf.process.pid}/task/{task}/status", encoding="ascii") as f:
            status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
        allowed[status["Name"]] = os.sched_getaffinity(int(task))
    workers = [name for name in allowed if "worker" in name]
    assert len(workers) == 1, allowed
    assert allowed.pop(workers[0]) == {caps.cpus[-1]}
    assert allowed and all(caps.cpus[-1] not in cpus for cpus in allowed.values()), allowed
    vnf.stop()


@pytest.mark.quick
def test_cpu_outside_of_the_set(run, caps):
    """EAL would end the process."""
    if len(caps.cpus) < 2:
        raise lab.LabUnavailable("needs two CPUs")
    os.sched_setaffinity(0, caps.cpus[:1])
    try:
        code, _, error = say(run, caps, waiting_ports(run))
    finally:
        os.sched_setaffinity(0, caps.cpus)
    assert code == 2
    assert f"CPU {caps.cpus[-1]} is not among those this process may use ({caps.cpus[0]})" in error
