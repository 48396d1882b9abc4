# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Ports and domains of a running switch come, go and change, and the others notice nothing.

"""Reloads of vnf-switch."""

import lab
import pytest

RATE = 50_000


def pair(name, domain, **keys):
    """A generator and a sink in a domain."""
    return [{"name": f"{name}-gen", "kind": "gen", "rate": RATE, "domain": domain, **keys},
            {"name": f"{name}-sink", "kind": "sink", "domain": domain}]


class Switch(lab.Instance):
    """A switch with bystanders, a generator and a sink, and whatever else."""

    def __init__(self, run, *ports, **settings):
        super().__init__(run, lab.switch_program(), {
            "name": "switch", "hugepages": "never", **settings,
            "ports": [*pair("still", "still"), *ports]})

    def received(self, name):
        """Packets at a sink."""
        return self.stats(f"{name}-sink")["received"]

    def flows(self, name, more=500):
        """Packets arrive at the sink."""
        before = self.received(name)
        lab.until(lambda: self.received(name) >= before + more, 10, f"packets at {name}")

    def ports(self, *ports):
        """Reload with these beside the bystanders."""
        self.reload(ports=[*self.settings["ports"][:2], *ports])

    def finish(self):
        """Stop; the bystanders have lost nothing."""
        report = self.stop()
        by_name = {port["name"]: port for port in report["ports"]}
        for name in ("still-gen", "still-sink"):
            assert not by_name[name]["drops"], by_name[name]
        traffic = by_name["still-sink"]["traffic"]
        assert traffic["lost"] == traffic["reordered"] == traffic["duplicated"] == 0
        return by_name


@pytest.mark.quick
def test_ports_come_and_go(run):
    """Added, changed, moved and removed, again and again; numbers are used again."""
    switch = Switch(run).start()
    switch.flows("still")
    for _ in range(20):
        switch.ports(*pair("new", "fresh"))
        switch.flows("new")
        switch.ports(*pair("new", "fresh", size=200))
        switch.flows("new")
        switch.ports(*pair("other", "fresh"), *pair("new", "moved", size=200))
        switch.flows("new")
        switch.flows("other")
        switch.ports()
        assert [name for name in switch.telemetry("/vnf/ports") if name] == [
            "still-gen", "still-sink"]
    switch.flows("still")
    switch.finish()


def test_two_workers_share_what_comes(run, caps):
    """Queues that stay are polled by who polled them."""
    cpu = caps.cpus[0]
    switch = Switch(run, workers=2, cpus=f"{cpu}").start()
    for i in range(10):
        switch.ports(*pair("a", "a"), *pair("b", "b"))
        switch.flows("a")
        switch.flows("b")
        switch.ports(*pair("b", "b", size=100 + i))
        switch.flows("b")
    switch.finish()


def test_domains_are_kept_apart(run):
    """A port that moves takes no addresses along, and hears nothing of where it was."""
    gen = {"name": "g", "kind": "gen", "rate": RATE, "domain": "a"}
    sinks = [{"name": f"{name}-sink", "kind": "sink", "domain": name} for name in "ab"]
    switch = Switch(run, gen, *sinks).start()
    switch.flows("a")
    for _ in range(10):
        switch.ports({**gen, "domain": "b"}, *sinks)
        switch.flows("b")
        before = switch.received("a")
        switch.flows("b")
        assert switch.received("a") == before
        switch.ports(gen, *sinks)
        switch.flows("a")
        before = switch.received("b")
        switch.flows("a")
        assert switch.received("b") == before
    switch.finish()


@pytest.mark.quick
def test_what_cannot_be_is_undone(run):
    """A port that cannot be opened, or does not fit: all as before, those that changed too."""
    switch = Switch(run, *pair("a", "a"), *pair("b", "b")).start()
    switch.flows("a")
    bad = {"name": "bad", "kind": "vhost-user", "socket": run.path("not-there", "x.sock"),
           "domain": "a"}
    still = switch.settings["ports"][:2]
    switch.refused(r"everything is as it was", ports=[*still, *pair("a", "a", size=300), bad])
    switch.flows("a")
    switch.flows("b")
    switch.refused(r"ports: these ports take .* packets of .*, and the program was started with",
                   ports=[*still, *pair("a", "a"), *pair("b", "b"),
                          *({"name": f"v{i}", "kind": "vhost-user", "domain": "a", "queues": 8,
                             "socket": run.socket(f"v{i}"), "ring_max": 32768}
                            for i in range(10))])
    switch.refused(r"mac_table_size: changed, which takes a restart", mac_table_size=100)
    switch.refused(r"wires\[0\]\.a: there is no port", wires=[{"a": "x", "b": "y"}])
    switch.flows("a")
    switch.flows("b")
    switch.finish()


def test_guests_ports_change(run, caps):
    """A vhost-user port is added for a VNF that waits, changed under it, and taken away."""
    path = lab.Path(run, caps, endpoints="none", extra_ports=[
        *lab.generator_ports(rate=RATE), *pair("still", "still")])
    vnf_ports = [p for p in path.switch.settings["ports"] if p["kind"] == "vhost-user"]
    others = [p for p in path.switch.settings["ports"] if p["kind"] != "vhost-user"]
    path.switch.settings["ports"] = others
    path.switch.start()
    path.vnf.start()
    path.switch.reload(ports=others + vnf_ports)
    path.vnf.wait_port(lab.LAN, lab.WAN)

    def flows():
        before = path.switch.stats("gen-sink")["received"]
        lab.until(lambda: path.switch.stats("gen-sink")["received"] >= before + 1000, 10,
                  "packets through the VNF")

    flows()
    for mtu in (1400, 1500, 1450):
        changed = [{**p, "mtu": mtu} for p in vnf_ports]
        path.switch.reload(ports=others + changed)
        path.vnf.wait_port(lab.LAN, lab.WAN)
        flows()
    path.switch.reload(ports=others)
    lab.until(lambda: not path.vnf.port_state(lab.LAN), 5, "the VNF to see that its port is gone")
    path.switch.reload(ports=others + vnf_ports)
    path.vnf.wait_port(lab.LAN, lab.WAN)
    flows()
    path.vnf.stop()
    report = path.switch.stop()
    still = next(p for p in report["ports"] if p["name"] == "still-sink")
    assert still["traffic"]["lost"] == still["traffic"]["reordered"] == 0
