# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What a running switch says and does after ports are gone, and after a change that was undone: all
# readers are asked, numbers are given out again, and the workers that slept meanwhile wake up.

"""After a reload of vnf-switch."""

import json
import os
import re
import signal
import urllib.request

import lab
import pytest

from test_reload import Twin
from test_reload_ports import Switch, pair


def ctl(run, instance, *words):
    """The answer of a command."""
    tool = os.path.join(lab.ROOT, "tools/vnfkit")
    done = lab.command([tool, "ctl", "-n", instance.name, "--json", *words], env=run.env())
    return json.loads(done.stdout)


class Asked(Switch):
    """A switch of which every reader is asked."""

    def __init__(self, run, *ports, **settings):
        super().__init__(run, *ports, metrics={"listen": "127.0.0.1:0"}, **settings)

    def ask_all(self, names):
        """Every reader knows of these ports beside the bystanders, and of no other."""
        want = sorted(["still-gen", "still-sink", *names])
        for command in ("ports", "switch-ports", "stats"):
            rows = ctl(self.run, self, command)
            assert sorted(row.get("port") or row["name"] for row in rows) == want, command
        assert sorted(name for name in self.telemetry("/switch/ports") if name) == want
        for name in want:
            assert self.telemetry(f"/switch/ports,{name}")["up"] in (0, 1)
        host, port = self.process.wait_log(r"metrics: http://(\S+):(\d+)/metrics").groups()
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as page:
            text = page.read().decode()
        lines = [line for line in text.splitlines()
                 if line.startswith("vnf_switch_port_addresses{")]
        assert sorted(re.search(r'port="([^"]*)"', line)[1] for line in lines) == want
        for command in ("drops", "latency", "drop-log", "datapath", "domains", "fdb"):
            ctl(self.run, self, command)


def bad_port(run):
    """One that cannot be opened."""
    return {"name": "bad", "kind": "vhost-user", "socket": run.path("not-there", "x.sock"),
            "domain": "a"}


def test_every_reader_after_a_removal(run):
    """Whichever port goes, the last one or one between, nobody looks at what is left of it."""
    gen, sink = pair("a", "a")
    switch = Asked(run, gen, sink).start()
    switch.flows("a")
    for ports in ([gen], [gen, sink], [sink], [], [sink, gen], []):
        switch.ports(*ports)
        switch.ask_all([port["name"] for port in ports])
    switch.finish()


def test_every_reader_after_an_undone_change(run):
    """Ports that came for a moment are gone, those that went are there."""
    gen, sink = pair("a", "a")
    switch = Asked(run, gen, sink).start()
    still = switch.settings["ports"][:2]
    for ports in ([gen, sink], [sink], [gen], []):
        switch.refused("everything is as it was", undone=True,
                       ports=[*still, *ports, *pair("n", "a"), bad_port(run)])
        switch.ask_all(["a-gen", "a-sink"])
        switch.flows("a")
    switch.finish()


def test_undone_change_of_queues(run, caps):
    """Each worker finds the queues that it knew, though there were others for a moment."""
    gen, sink = pair("a", "a")
    switch = Switch(run, gen, {**sink, "queues": 1}, workers=2, cpus=f"{caps.cpus[0]}").start()
    still = switch.settings["ports"][:2]
    switch.flows("a")
    for ports in ([{**gen, "queues": 2}, {**sink, "queues": 2}], [gen, {**sink, "queues": 2}]):
        for _ in range(5):
            switch.refused("everything is as it was", undone=True,
                           ports=[*still, *ports, bad_port(run)])
            switch.flows("a")
            switch.flows("still")
    switch.finish()


def test_undone_change_of_a_port_that_waits(run):
    """It waits on as before, and its peer still finds it."""
    wait = {"name": "w", "kind": "virtio-user", "socket": run.socket("w"), "domain": "a",
            "mode": "client"}
    switch = Switch(run, wait).start()
    still = switch.settings["ports"][:2]
    for mtu in (1400, 1300):
        switch.refused("everything is as it was", undone=True,
                       ports=[*still, {**wait, "mtu": mtu}, bad_port(run)])
    peer = lab.Instance(run, lab.switch_program(), {
        "name": "peer", "hugepages": "never",
        "ports": [{"name": "w", "kind": "vhost-user", "mode": "server", "socket": run.socket("w"),
                   "domain": "a"}]}).start()
    switch.wait_port("w")
    assert "stays closed" not in switch.process.output()
    peer.stop()
    switch.finish()


def test_numbers_are_given_out_anew(run):
    """Nothing of what was counted, timed or recorded for the port before is the next one's."""
    switch = Switch(run).start()
    still = switch.settings["ports"][:2]
    gen = {"name": "n", "kind": "gen", "rate": 50_000, "domain": "nobody"}
    sink = {"name": "x", "kind": "sink", "domain": "other"}
    switch.ports(gen)
    lab.until(lambda: switch.drops("n").get("no_destination"), 5, "packets for nobody")
    lab.until(lambda: any(row["samples"] for row in ctl(run, switch, "latency", "port=n")),
              5, "latencies")
    assert ctl(run, switch, "why", "n")["findings"]
    switch.ports(sink)
    for undone in (False, True):
        if undone:
            switch.ports()
            switch.refused("everything is as it was", undone=True,
                           ports=[*still, gen, bad_port(run)])
            switch.ports(sink)
        stats = switch.stats("x")
        assert stats["rx_packets"] == stats["tx_packets"] == 0
        assert not switch.drops("x")
        latency = ctl(run, switch, "latency", "port=x")
        assert not any(row["samples"] for row in latency), latency
        assert not ctl(run, switch, "drop-log", "port=x")
        assert not ctl(run, switch, "why", "x")["findings"]
    switch.finish()


def test_captures_and_reloads(run):
    """A capture knows its port by the name it had, and only ends for ports that come or go."""
    gen, sink = pair("a", "a")
    switch = Switch(run, gen, sink, capture={"directory": run.path("captures")})
    os.mkdir(run.path("captures"))
    switch.start()
    ctl(run, switch, "capture-start", "file=one.pcapng", "port=a-sink")
    switch.ports(gen, {**sink, "mtu": 1400})
    switch.flows("a")
    assert ctl(run, switch, "capture")["running"]
    switch.ports(gen)
    status = ctl(run, switch, "capture")
    assert not status["running"] and status["port"] == "a-sink"
    switch.ports(gen, {**sink, "name": "b-sink"})
    assert ctl(run, switch, "capture")["port"] == "a-sink"
    ctl(run, switch, "capture-start", "file=two.pcapng")
    still = switch.settings["ports"][:2]
    switch.refused("everything is as it was, but that the capture has ended", undone=True,
                   ports=[*still, gen, {**sink, "name": "b-sink"}, bad_port(run)])
    assert not ctl(run, switch, "capture")["running"]
    switch.finish()


@pytest.mark.parametrize("latency", ["balanced", "power"])
def test_stop_after_a_reload(run, latency):
    """Workers that sleep through both end with what is in force."""
    for _ in range(10):
        twin = Twin(run, latency=latency, ports=[
            {"name": name, "kind": "sink"} for name in ("left", "right")]).start()
        twin.write(mark=2, twin=2)
        twin.process.signal(signal.SIGHUP)
        twin.process.wait_log("SIGHUP: generation 2")
        twin.stop()
        assert "two configurations" not in twin.process.output()


def test_signal_during_the_start(run):
    """SIGHUP before the workers run is not forgotten."""
    switch = Switch(run, {"name": "w", "kind": "virtio-user", "socket": run.socket("w"),
                          "domain": "a", "mode": "client"})
    switch.start(wait=False)
    switch.process.wait_log(r'port "w"')
    switch.write(ageing="77s")
    switch.process.signal(signal.SIGHUP)
    switch.process.wait_log(r"SIGHUP: generation 2 is in force, 1 changes")
    switch.flows("still")
    switch.finish()
