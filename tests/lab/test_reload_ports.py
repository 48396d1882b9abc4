# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Ports and domains of a running switch come, go and change, and the others notice nothing.

"""Reloads of vnf-switch."""

import os
import signal

import lab

RATE = 50_000


def pair(name, domain, **keys):
    """A generator and a sink in a domain."""
    return [{"name": f"{name}-gen", "kind": "gen", "rate": RATE, "domain": domain, **keys},
            {"name": f"{name}-sink", "kind": "sink", "domain": domain}]


def resident_kib(pid):
    """Memory in use."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1])


def descriptors(pid):
    """Open files."""
    return os.listdir(f"/proc/{pid}/fd")


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


def test_what_cannot_be_is_undone(run):
    """A port that cannot be opened, or does not fit: all as before, those that changed too."""
    switch = Switch(run, *pair("a", "a"), *pair("b", "b")).start()
    switch.flows("a")
    bad = {"name": "bad", "kind": "vhost-user", "socket": run.path("not-there", "x.sock"),
           "domain": "a"}
    still = switch.settings["ports"][:2]
    switch.refused(r"everything is as it was", undone=True,
                   ports=[*still, *pair("a", "a", size=300), bad])
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


def balanced(switch):
    """The ledger balances while packets flow."""
    ledger = switch.ledger()
    assert ledger["balance"] == 0, ledger
    return ledger


def test_ledger_outlives_ports(run):
    """What a port has counted stays in the ledger, whichever port goes; the next one begins at 0."""
    switch = Switch(run, *pair("a", "a")).start()
    gen, sink = pair("a", "a")
    for _ in range(5):
        switch.flows("a")
        switch.ports(gen)
        balanced(switch)
        lab.until(lambda: switch.drops("a-gen").get("no_destination"), 5, "packets for nobody")
        switch.ports(gen, {**sink, "name": "b-sink"})
        switch.flows("b")
        balanced(switch)
        switch.ports(gen, sink)
        balanced(switch)
    switch.ports()
    assert balanced(switch)["rx"] > 0
    switch.finish()


def test_numbers_of_generations_are_used_once(run):
    """A reload that is undone leaves its number behind; each packet is counted under one."""
    switch = Switch(run, latency="power").start()
    switch.flows("still")
    bad = {"name": "bad", "kind": "vhost-user", "socket": run.path("not-there", "x.sock"),
           "domain": "a"}
    still = switch.settings["ports"]
    for _ in range(5):
        before = switch.generation()
        switch.write(ports=[*still, bad])
        mark = switch.hang_up()
        switch.process.wait_log("everything is as it was", since=mark)
        switch.ports(*pair("a", "a"))
        switch.flows("a")
        assert switch.generation() > before + 1
        switch.ports()
    switch.finish()


def test_port_that_cannot_be_opened_later(run):
    """It waits for another to come up, and fails then: it stays closed, and the others go on."""
    switch = Switch(run).start()
    first = {"name": "first", "kind": "vhost-user", "socket": run.socket("x"), "domain": "a"}
    late = {"name": "late", "kind": "tap", "ifname": "lo", "domain": "a", "after": "first"}
    switch.ports(first, late)
    vnf = lab.Instance(run, lab.vnf_program(), {
        "name": "vnf", "hugepages": "never",
        "ports": [{"name": name, "kind": "virtio-user", "socket": run.socket(name)}
                  for name in "xy"]}).start()
    switch.process.wait_log(r'port "late" stays closed', timeout=20)
    switch.flows("still", 20_000)
    switch.ports(first)
    switch.flows("still")
    vnf.stop()
    switch.finish()


def test_sockets_change_hands(run):
    """A port is renamed, two swap their sockets, a tap of the same interface gets another name."""
    ports = [{"name": name, "kind": "vhost-user", "socket": run.socket(name), "domain": "v",
              "mode": "server"} for name in "pq"]
    switch = Switch(run, *ports).start()
    swapped = [{**ports[0], "socket": ports[1]["socket"]}, {**ports[1], "socket": ports[0]["socket"]}]
    for _ in range(3):
        switch.ports(*swapped)
        switch.ports(*ports)
        switch.ports({**ports[0], "name": "r"}, ports[1])
        switch.ports(*ports)
    switch.flows("still")
    switch.finish()


def test_storm_of_signals_and_memory(run):
    """Hundreds of reloads with ports that come and go: memory stays, and no descriptor is left."""
    switch = Switch(run).start()
    guest = {"name": "g", "kind": "vhost-user", "socket": run.socket("g"), "domain": "a"}
    for i in range(300):
        switch.ports(*([*pair("a", "a"), guest] if i % 2 else []))
        if i == 60:
            early = resident_kib(switch.process.pid), len(descriptors(switch.process.pid))
    assert resident_kib(switch.process.pid) - early[0] < 4096
    assert len(descriptors(switch.process.pid)) <= early[1] + 4
    for _ in range(200):
        switch.process.signal(signal.SIGHUP)
    switch.flows("still")
    switch.finish()
