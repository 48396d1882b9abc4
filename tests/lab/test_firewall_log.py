# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The log of vnf-firewall over reloads, between a generator and a sink: why sessions have ended, by
# the names of the policy that had accepted them. All else of the log: tests/replay.

"""What a reload does to the log."""

import json

import lab
import pytest

FLOWS = 4
OWN = "10.9.1.1"
ACCEPT = {"name": "old", "from": ["lan"], "proto": ["udp"], "action": "accept", "log": True}
DENY = {"name": "new", "from": ["lan"], "proto": ["udp"], "action": "drop", "log": True}


class Logging(lab.Instance):
    """A firewall that logs into a file; a generator sends to it."""

    def __init__(self, run, workers, pps, **settings):
        self.file = run.path("log.jsonl")
        super().__init__(run, lab.built("vnfs/firewall/vnf-firewall"), {
            "name": "firewall", "workers": workers, "hugepages": "never", "memory": None,
            "journal": {"file": self.file}, "rules": [ACCEPT], **settings,
            "ports": [{"name": "lan", "kind": "gen", "rate": pps, "flows": FLOWS, "queues": 1,
                       **settings.get("lan", {})},
                      {"name": "wan", "kind": "sink", "queues": 1}]})
        self.settings.pop("lan", None)

    def lines(self, event, **has):
        """Lines of the event that have these members, as far as they are written."""
        with open(self.file, encoding="utf-8") as f:
            found = [json.loads(line) for line in f.read().splitlines(keepends=True)
                     if line.endswith("\n")]
        return [line for line in found
                if line["event"] == event and has.items() <= line.items()]

    def wait(self, n, event, **has):
        """So many of them, or more."""
        return lab.until(lambda: (lambda some: some if len(some) >= n else None)(
            self.lines(event, **has)), 10, f"{n} lines of {event}")


def wire(run, workers, pps, **settings):
    """From the generator to the sink."""
    return Logging(run, workers, pps, mode="transparent", wires=[{"a": "lan", "b": "wan"}],
                   zones=[{"name": "lan", "ports": ["lan"]}, {"name": "wan", "ports": ["wan"]}],
                   **settings)


def ports(lines):
    """Who it was."""
    return sorted(line["src_port"] for line in lines)


@pytest.mark.quick
@pytest.mark.parametrize("workers", (1, 2))
def test_policy(run, workers):
    """What a packet ends, or the walk; with the names that it had, and then those of now."""
    vnf = wire(run, workers, 100).start()
    begun = vnf.wait(FLOWS, "session-begin", rule="old", **{"from": "lan"})
    # Another zone takes the port, and the rule is another one, in another place.
    vnf.reload(zones=[{"name": "new-lan", "ports": ["lan"]}, {"name": "wan", "ports": ["wan"]}],
               rules=[{"action": "accept", "dport": ["1"], "proto": ["udp"]},
                      {**DENY, "from": ["new-lan"]}])
    ended = vnf.wait(FLOWS, "session-end", rule="old", why="policy", state="new")
    assert ports(ended) == ports(begun)
    assert all(line["from"] == "lan" and line["in"] == "lan" and 0 <= line["duration_ms"] < 20_000
               for line in ended)
    vnf.wait(1, "drop", rule="new", reason="policy", **{"from": "new-lan", "to": "wan"})
    vnf.stop()
    assert len(vnf.lines("session-end")) == FLOWS


def test_silence(run):
    """
    Sessions of which nothing comes any more: the walk ends them. Their rule is known, although
    policies come faster than it walks.
    """
    vnf = wire(run, 1, 100, log={"sessions": "all"}, lan={"count": 100}).start()
    vnf.wait(FLOWS, "session-begin")
    lab.until(lambda: vnf.stats("lan")["rx_packets"] == 100, 10, "the last packet")
    names = ["old", "second", "third", "fourth"]
    for name in names[1:]:
        vnf.reload(rules=[{**ACCEPT, "name": name}])
    vnf.reload(rules=[DENY])
    found = vnf.wait(FLOWS, "session-end", why="policy", **{"in": "lan"})
    assert len(found) == FLOWS and {line.get("rule") for line in found} <= set(names)
    vnf.stop()
    assert not vnf.lines("drop")


def test_settings(run):
    """What is logged may be changed; of sessions that stand, too."""
    vnf = wire(run, 1, 100, log={"sessions": "off"}).start()
    lab.until(lambda: vnf.stats("lan")["rx_packets"] > 10, 10, "packets")
    vnf.reload(log={"sessions": "all"}, rules=[{**ACCEPT, "log": False}])
    vnf.reload(rules=[{**DENY, "log": False}])
    assert len(vnf.wait(FLOWS, "session-end", why="policy", rule="old")) == FLOWS
    vnf.reload(log={"drops": "all"})
    vnf.wait(1, "drop", rule="new", reason="policy")
    vnf.stop()
    assert not vnf.lines("session-begin")


def test_rule_of_what_is_ended(run):
    """A packet of a session that the new policy does not want is dropped by the new rule."""
    vnf = wire(run, 1, 100, log={"sessions": "all", "drops": "all"}).start()
    vnf.wait(FLOWS, "session-begin")
    vnf.reload(rules=[DENY])
    vnf.wait(FLOWS, "session-end", why="policy", rule="old")
    vnf.wait(FLOWS, "drop")
    vnf.stop()
    assert {line["rule"] for line in vnf.lines("drop")} == {"new"}
    assert {line["why"] for line in vnf.lines("session-end")} == {"policy"}


@pytest.mark.parametrize("count", (20, 0), ids=("silent", "busy"))
def test_rule_that_takes_over(run, count):
    """
    Whether an end is logged is said by the rule that has accepted the session last: when the walk
    came to it, or a packet of it.
    """
    vnf = wire(run, 1, 100, lan={"count": count}, rules=[{**ACCEPT, "log": False}]).start()
    lab.until(lambda: vnf.stats("lan")["rx_packets"] >= 20, 10, "packets")
    vnf.reload(rules=[{**ACCEPT, "name": "second"}])
    lab.until(lambda: len(lab.control(run, vnf.name, "sessions", rule="second")) == FLOWS, 20,
              "sessions of the rule")
    vnf.reload(rules=[DENY])
    vnf.wait(FLOWS, "session-end", rule="second", why="policy")
    vnf.stop()
    assert not vnf.lines("session-begin")


def interfaces(*names):
    """By ports, in this order."""
    at = {"lan": f"{OWN}/24", "wan": "10.9.2.1/24"}
    return {"interfaces": [{"port": port, "name": name, "dad": False, "addresses": [at[port]]}
                           for port, name in names]}


def test_interfaces_in_another_order(run):
    """Their numbers change with a reload, their names in the log do not."""
    vnf = Logging(run, 1, 100, mode="routed", log={"default": True},
                  ip=interfaces(("lan", "first"), ("wan", "second")), reverse_path="off",
                  zones=[{"name": "lan", "interfaces": ["first"]}],
                  rules=[{**ACCEPT, "to": ["self"]}],
                  lan={"mac": "02:00:00:00:00:01", "dst_ip": OWN, "src_ip": "10.9.1.9"}).start()
    vnf.wait(FLOWS, "session-begin", to="self", **{"in": "first"})
    vnf.reload(ip=interfaces(("wan", "second"), ("lan", "first")))
    seen = vnf.stats("lan")["rx_packets"]
    lab.until(lambda: vnf.stats("lan")["rx_packets"] > seen + 20, 10, "packets after it")
    assert not vnf.lines("session-end")
    vnf.reload(ip=interfaces(("lan", "first"), ("wan", "second")),
               rules=[{**DENY, "dport": ["1"]}])
    assert len(vnf.wait(FLOWS, "session-end", why="policy", to="self")) == FLOWS
    vnf.wait(1, "drop", rule="default", **{"in": "first"})
    vnf.stop()
    assert all(line.get("in", "first") == "first" for line in vnf.lines("session-end"))
