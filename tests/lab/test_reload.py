# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A running program takes over another configuration: whole or not at all, without a lost packet.

"""Reloads of a VNF."""

import lab
import pytest

RATE = 50_000


class Twin(lab.Instance):
    """The VNF of twin.c between a generator and a sink."""

    def __init__(self, run, **settings):
        super().__init__(run, lab.built("tests/vnf-twin"), {
            "name": "twin", "hugepages": "never", "memory": None, "mark": 1, "twin": 1, "fixed": 7,
            "ports": [{"name": "gen", "kind": "gen", "rate": RATE},
                      {"name": "sink", "kind": "sink"}], **settings})

    def resident_kib(self):
        """Memory in use."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(next(line for line in f if line.startswith("VmRSS")).split()[1])

    def flows(self, more=1000):
        """Packets arrive."""
        before = self.stats("sink")["received"]
        lab.until(lambda: self.stats("sink")["received"] >= before + more, 10, "packets")


def test_thousand_reloads_lose_nothing(run):
    """Under a paced load: no drop, none handled by a mixed state, memory flat."""
    twin = Twin(run, workers=1).start()
    twin.flows()
    for i in range(2, 1002):
        twin.reload(mark=i, twin=i)
        if i == 101:
            early = twin.resident_kib()
    assert twin.resident_kib() - early < 4096
    twin.flows()
    assert twin.generation() == 1001
    report = twin.stop()
    sink = next(port for port in report["ports"] if port["name"] == "sink")
    assert not any(port["drops"] for port in report["ports"])
    assert sink["traffic"]["lost"] == sink["traffic"]["reordered"] == 0
    assert report["ledger"]["rx"] == sink["traffic"]["received"]


@pytest.mark.quick
def test_what_cannot_be_is_refused_and_changes_nothing(run):
    """A bad file, a key that takes a restart, a build that fails: file and line, and all goes on."""
    twin = Twin(run).start()
    twin.flows()
    twin.refused(r'twin\.conf:\d+: marc: .*did you mean "mark"', marc=3)
    twin.refused(r"twin\.conf:\d+: fixed: changed, which takes a restart", fixed=8)
    twin.refused(r"twin\.conf:\d+: ports\[0\]\.rate: changed, which takes a restart",
                 ports=[{**twin.settings["ports"][0], "rate": 1}, twin.settings["ports"][1]])
    twin.refused(r"twin\.conf:\d+: ports\[2\]: is new, which takes a restart",
                 ports=[*twin.settings["ports"], {"name": "more", "kind": "null"}])
    twin.refused(r"twin\.conf:\d+: refuse: is true, which cannot be built", refuse=True)
    twin.reload(mark=5, twin=5)
    twin.flows()
    assert twin.generation() == 2
    report = twin.stop()
    assert not any(port["drops"] for port in report["ports"])


def test_what_cannot_be_built_at_the_start(run):
    """Is an error of the file: with its line, and exit code 2."""
    twin = Twin(run, refuse=True).start(wait=False)
    twin.process.wait_log(r"twin\.conf:\d+: refuse: is true, which cannot be built")
    assert twin.process.wait(10) == 2


def test_worker_that_does_not_return_is_waited_for(run):
    """The reload says which worker is late, refuses another, and is finished when it comes."""
    twin = Twin(run).start()
    twin.flows()
    # The worker may be in its first long pass before the reload has seen it take the file over.
    twin.write(mark=2, twin=2, stall="4s")
    twin.process.wait_log("generation 2 is in force", since=twin.hang_up())
    twin.write(mark=3, twin=3, stall="0ns")
    mark = twin.hang_up()
    twin.process.wait_log("generation 3 waits for a worker", since=mark)
    assert twin.telemetry("/vnf/info")["name"] == "twin"
    mark = twin.hang_up()
    twin.process.wait_log("worker 0 still works by the configuration before", since=mark)
    twin.process.wait_log("generation 3 is in force on all workers, after", since=mark)
    twin.flows()
    report = twin.stop()
    assert not any(port["drops"] for port in report["ports"] if port["name"] == "sink")
