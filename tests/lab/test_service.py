# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The programs as a service manager has them: what they tell it, that a worker that hangs ends the
# signs of life, that nobody who does not read holds them up, and that they run under the
# restrictions of their units (but for a running systemd, which a test cannot have: what it would
# set up, tests/support/confine.py does).

"""Under a service manager."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time

import lab
import pytest
from lab.programs import built

USER = 65534


class Manager:
    """The service manager's end of NOTIFY_SOCKET."""

    def __init__(self, run, abstract=False):
        self.name = f"@vnfkit-{run.id}" if abstract else run.path("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name[1:] if abstract else self.name)
        if not abstract:
            os.chmod(self.name, 0o777)
        self.heard = []
        run.defer(self.close)

    def close(self):
        """Hang up."""
        self.socket.close()
        if self.name[0] == "/":
            os.unlink(self.name)

    def env(self, **more):
        """For the program."""
        return {"NOTIFY_SOCKET": self.name, **more}

    def listen(self, seconds=0.0):
        """All that was heard so far, and in so many seconds from now."""
        end = time.monotonic() + seconds
        while True:
            self.socket.settimeout(max(end - time.monotonic(), 0.001))
            try:
                self.heard.append(self.socket.recv(4096).decode())
            except TimeoutError:
                if time.monotonic() >= end:
                    return self.heard

    def wait(self, text, timeout=20):
        """Until a message contains the text."""
        lab.until(lambda: any(text in m for m in self.listen()), timeout, f'"{text}"')

    def count(self, text):
        """Messages that are this."""
        return sum(m == text for m in self.heard)


def switch(run, **more):
    """A switch with a generator, a sink and a port that waits for its guest."""
    settings = {
        "name": "sw", "hugepages": "never", "domains": [{"name": "d"}],
        "ports": [{"name": "gen", "kind": "gen", "domain": "d", "rate": 1000},
                  {"name": "sink", "kind": "sink", "domain": "d"},
                  {"name": "guest", "kind": "vhost-user", "domain": "d",
                   "socket": run.socket("guest")}], **more}
    return lab.Instance(run, lab.switch_program(), settings)


@pytest.mark.quick
@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_ready_status_stopping(run, abstract):
    """In this order; a port that waits for its guest does not hold up READY."""
    manager = Manager(run, abstract)
    instance = switch(run).start(env=manager.env())
    manager.wait("STATUS=2 of 3 ports up; down: guest")
    assert manager.heard[0] == "READY=1"
    instance.stop()
    manager.listen()
    assert manager.heard[-1].startswith("STOPPING=1\n")
    assert "EXTEND_TIMEOUT_USEC=" in manager.heard[-1]
    assert manager.count("READY=1") == 1
    assert manager.count("WATCHDOG=1") == 0, "nobody asked for it"


def test_status_changes_with_the_ports(run, caps):
    """When the VNF comes, and when it goes; at most once a second."""
    manager = Manager(run)
    path = lab.Path(run, caps, endpoints="none")
    path.switch.start(env=manager.env())
    path.vnf.start()
    n = len(path.switch.settings["ports"])
    manager.wait(f"STATUS={n} of {n} ports up")
    path.vnf.stop()
    manager.wait("; down: ")
    path.switch.stop()


def probe(run, first):
    """A VNF whose callback does what the first octet of the only frame says."""
    capture = run.path("in.pcap")
    frame = bytes.fromhex("020000000002" "020000000001" "88b5") + first + b"." * 60
    with open(capture, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        f.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
    return lab.Instance(run, built("tests/vnf-probe"), {
        "name": "probe", "hugepages": "never",
        "ports": [{"name": "a", "kind": "pcap", "rx_file": capture},
                  {"name": "b", "kind": "null", "receive": False}]})


def test_a_worker_that_hangs_ends_the_signs_of_life(run):
    """While those of a VNF that has nothing to do go on."""
    manager = Manager(run)
    env = manager.env(WATCHDOG_USEC="1000000")
    idle = probe(run, b"f").start(env=env)
    manager.listen(4)
    assert manager.count("WATCHDOG=1") >= 3
    idle.stop()
    manager.listen()
    manager.heard.clear()
    hanging = probe(run, b"h").start(env=env)
    hanging.process.wait_log("notice: hangs")
    # The time before it hung may still have had a sign.
    manager.listen(1)
    manager.heard.clear()
    manager.listen(4)
    assert manager.count("WATCHDOG=1") == 0
    hanging.crash()


def test_the_signs_of_life_are_for_one_process(run):
    """WATCHDOG_PID names another."""
    manager = Manager(run)
    instance = probe(run, b"f").start(env=manager.env(WATCHDOG_USEC="200000", WATCHDOG_PID="1"))
    manager.listen(1)
    assert manager.count("READY=1") == 1 and manager.count("WATCHDOG=1") == 0
    instance.stop()


def test_closed_standard_streams(run):
    """No file of ours gets their numbers, and then our log lines."""
    manager = Manager(run)
    instance = switch(run)
    instance.start(wait=False, env=manager.env(),
                   prefix=["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"])
    manager.wait("READY=1")
    streams = [os.readlink(f"/proc/{instance.process.pid}/fd/{fd}") for fd in range(3)]
    assert streams == ["/dev/null"] * 3
    instance.stop()


def test_a_log_that_nobody_reads(run):
    """A full pipe holds up neither start, nor traffic, nor stop."""
    manager = Manager(run)
    instance = switch(run)
    with open(instance.config_path, "w", encoding="utf-8") as f:
        f.write(lab.config_text({**instance.settings, "log_level": "debug"}))
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write_end, b"x" * 4096)
    os.set_blocking(write_end, True)
    process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", instance.program, "-c",
                                instance.config_path, "--report", instance.report_path],
                               stdin=subprocess.DEVNULL, stdout=write_end, stderr=write_end,
                               env={**run.env(), **manager.env()}, cwd=run.dir)
    os.close(write_end)
    try:
        manager.wait("READY=1")
        manager.listen(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert instance.report()["ledger"]["rx"] > 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
        os.close(read_end)


# ---- the restrictions of the units ----

def confined(run, unit):
    """A prefix that starts a program as its unit would; the run's folder is what it may write."""
    if os.geteuid() != 0 or os.environ.get("VNFKIT_LAB_INSIDE"):
        raise lab.LabUnavailable("only root can set up what a unit asks for")
    lab.installed("systemd-analyze")
    lab.command(["chmod", "-R", "a+rwX", run.dir])
    return [sys.executable, os.path.join(lab.ROOT, "tests", "support", "confine.py"),
            os.path.join(lab.build_dir(), "systemd", unit), run.dir]


FIREWALL = {"mode": "transparent", "wires": [{"a": lab.LAN, "b": lab.WAN}],
            "rules": [{"proto": ["udp"], "action": "accept"}]}


@pytest.mark.parametrize("endpoints, program, keys", [
    ("none", "forward", {}), ("tap", "forward", {}), ("none", "firewall", FIREWALL)])
def test_under_the_restrictions_of_the_units(run, endpoints, program, keys):
    """Switch and VNF do their work: vhost-user, a tap, metrics, telemetry, stop."""
    manager = Manager(run)
    metrics = run.socket("metrics")
    vnf_ports = [{"name": name, "kind": "virtio-user", "socket": run.socket(name)}
                 for name in (lab.LAN, lab.WAN)]
    ports = [{"name": f"vnf-{name}", "kind": "vhost-user", "mode": "client",
              "socket": run.socket(name), "domain": domain}
             for name, domain in ((lab.LAN, "A"), (lab.WAN, "B"))]
    netns = lab.Namespace(run, "host")
    if endpoints == "tap":
        if not os.path.exists("/dev/net/tun"):
            raise lab.LabUnavailable("there is no /dev/net/tun")
        ports.append({"name": "tap", "kind": "tap", "domain": "A"})
    vnf = lab.Instance(run, lab.vnf_program(program), {
        "name": "fwd", "hugepages": "never", "metrics": {"listen": f"unix:{metrics}"}, **keys,
        "ports": vnf_ports})
    host = lab.Instance(run, lab.switch_program(), {
        "name": "sw", "hugepages": "never", "metrics": {"listen": "127.0.0.1:0"},
        "domains": [{"name": "A"}, {"name": "B"}],
        "ports": ports + lab.generator_ports(rate=1000)})
    env = manager.env(RUNTIME_DIRECTORY=run.path("r"), WATCHDOG_USEC="2000000")
    vnf.start(env=env, prefix=confined(run, "vnf@.service"))
    host.start(env=env, prefix=netns.enter_argv() + confined(run, "vnf-switch.service"))
    manager.wait("READY=1")
    vnf.wait_port(timeout=30)
    lab.until(lambda: host.stats("gen-sink")["received"] > 500, 30, "traffic through the VNF")
    if endpoints == "tap":
        host.wait_port("tap")
    with open(f"/proc/{vnf.process.pid}/status", encoding="ascii") as f:
        status = f.read()
    assert "Seccomp:\t2" in status and "CapBnd:\t0000000000000000" in status
    assert f"Uid:\t{USER}\t" in status
    manager.wait("WATCHDOG=1")
    host.stop(timeout=20)
    vnf.stop(timeout=20)
