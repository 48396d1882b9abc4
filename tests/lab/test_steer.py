# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Slots of state over real threads: packets that come to one worker and belong to another, slots that
# move while they come, by hand and by themselves, and what is told of it. The VNF of steered.c looks
# at the order of each flow and that nobody else is in a slot.

"""Steering with real workers."""

import json
import os
import subprocess
import sys

import lab
import pytest
from openmetrics import Page

from test_metrics import ask, address_of

RATE = 20_000
VNFKIT = os.path.join(lab.ROOT, "tools", "vnfkit")


class Steered(lab.Instance):
    """The VNF of steered.c between a generator and a sink; the first workers receive."""

    def __init__(self, run, workers=2, queues=1, slots=64, rebalance=False, rate=RATE, flows=256,
                 count=0, **settings):
        super().__init__(run, lab.built("tests/vnf-steered"), {
            "name": "steered", "workers": workers, "hugepages": "never", "memory": None,
            "steering": {"slots": slots, "ring": 4096, "rebalance": rebalance},
            "ports": [{"name": "gen", "kind": "gen", "rate": rate, "flows": flows,
                       "count": count, "queues": queues},
                      {"name": "sink", "kind": "sink", "queues": 1}], **settings})

    def ask(self, command, **args):
        """The result of a command."""
        return lab.control(self.run, self.name, command, **args)

    def flows(self, more=2000):
        """Packets arrive."""
        before = self.stats("sink")["received"]
        lab.until(lambda: self.stats("sink")["received"] >= before + more, 20, "packets")

    def slots(self):
        """The owners, by slot."""
        return [row["worker"] for row in self.ask("slots")]

    def move(self, slot, worker):
        """Begin a move, once the one before has ended."""
        def begun():
            try:
                return self.ask("slot-move", slot=slot, worker=worker)
            except lab.LabError as error:
                assert "EBUSY" in str(error), error
                return None
        return lab.until(begun, 10, f"a move of slot {slot}", poll=0.005)

    def moves(self, n, workers):
        """Let slots go round, one after the other."""
        owners = self.slots()
        for i in range(n):
            slot = i * 7 % len(owners)
            owners[slot] = (owners[slot] + 1 + i % (workers - 1)) % workers
            self.move(slot, owners[slot])
        return owners

    def settle(self):
        """No slot moves any more."""
        lab.until(lambda: all(row["state"] == "settled" for row in self.ask("slots")), 10,
                  "the last move")

    def kept_its_promise(self):
        """What the VNF saw."""
        seen = self.ask("seen")
        assert seen["violations"] == seen["reordered"] == 0, seen
        assert seen["packets"] > 0
        return seen

    def stop_without_loss(self):
        """Nothing was dropped, but what waited in a slot at the end."""
        report = self.stop()
        dropped = lab.drops(report)
        kept = dropped.pop(("gen", "stopping"), 0)
        assert not dropped
        sink = next(port for port in report["ports"] if port["name"] == "sink")
        assert sink["traffic"]["lost"] <= kept and sink["traffic"]["duplicated"] == 0
        ledger = report["ledger"]
        assert ledger["rx"] == sink["traffic"]["received"] + kept
        assert ledger["held"] == 0 and ledger["handed_in"] == ledger["handed_out"] > 0
        return report


def ctl(run, *arguments):
    """vnfkit ctl: code, output."""
    done = subprocess.run([sys.executable, VNFKIT, "ctl", *arguments], env=run.env(),
                          capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.quick
def test_slots_to_and_fro(run):
    """Two workers, one of which receives: no loss, no packet out of order, nobody is disturbed."""
    vnf = Steered(run).start()
    vnf.flows()
    owners = vnf.moves(40, workers=2)
    vnf.settle()
    assert vnf.slots() == owners
    vnf.flows()
    vnf.kept_its_promise()
    vnf.stop_without_loss()


@pytest.mark.parametrize("workers, queues", [(2, 2), (4, 1), (4, 3)])
def test_slots_around_many_workers(run, workers, queues):
    """Each has its turn with each slot; some of them receive."""
    vnf = Steered(run, workers=workers, queues=queues).start()
    vnf.flows()
    owners = vnf.moves(160, workers)
    vnf.settle()
    assert vnf.slots() == owners
    vnf.flows()
    vnf.kept_its_promise()
    rows = vnf.ask("steering")
    assert [row["slots"] for row in rows] == [owners.count(i) for i in range(workers)]
    assert all(row["packets"] > 0 and row["taken"] > 0 for row in rows)
    assert not any(row["full"] for row in rows)
    vnf.stop_without_loss()


def test_numbers_are_true(run):
    """Commands, metrics and the ledger agree when all is at rest."""
    vnf = Steered(run, workers=2, queues=2, count=10_000,
                  metrics={"listen": "127.0.0.1:0"}).start()
    vnf.moves(10, workers=2)
    lab.until(lambda: vnf.stats("sink")["received"] == 10_000, 20, "all packets")
    vnf.settle()
    slots, workers, ledger = vnf.ask("slots"), vnf.ask("steering"), vnf.ledger()
    assert [row["slot"] for row in slots] == list(range(64))
    seen = vnf.kept_its_promise()
    assert seen["packets"] == 10_000
    # Those that waited for a tick entered once more.
    entered = sum(row["packets"] for row in slots)
    assert 10_000 <= entered <= 10_000 + 10_000 // 61
    assert sum(row["packets"] for row in workers) == entered
    assert sum(row["given"] for row in workers) == sum(row["taken"] for row in workers)
    assert all(row["slots"] == vnf.slots().count(row["worker"]) for row in workers)
    # The sink's one queue is handed over to, too.
    assert ledger["handed_out"] >= sum(row["given"] for row in workers) > 0
    status, headers, text = ask(address_of(vnf))
    assert status == 200
    values = Page(text, headers["Content-Type"].startswith("application/openmetrics-text"))
    for row in workers:
        for name in ("slots", "packets", "given", "full"):
            metric = f"vnf_steering_{name}" + ("" if name == "slots" else "_total")
            assert values.get(metric, worker=str(row["worker"])) == row[name]
    assert values.get("vnf_steering_moves_total") == 10
    vnf.stop_without_loss()


def test_slot_move_by_hand(run):
    """vnfkit ctl moves a slot, and says why it does not."""
    vnf = Steered(run).start()
    vnf.flows()
    assert vnf.slots()[17] == 0
    code, text = ctl(run, "-n", "steered", "slot-move", "17", "1", "--json")
    assert code == 0 and json.loads(text) == {"slot": 17, "from": 0, "to": 1}
    vnf.settle()
    assert vnf.slots()[17] == 1
    for arguments, why in ((("17", "1"), "slot 17 is worker 1's already"),
                           (("64", "1"), "there is no slot 64; the last is 63"),
                           (("17", "2"), "there is no worker 2; the last is 1")):
        code, text = ctl(run, "-n", "steered", "slot-move", *arguments)
        assert code != 0 and why in text, text
    assert "worker" in ctl(run, "-n", "steered", "steering")[1]
    vnf.stop_without_loss()


def loads(vnf, before):
    """Packets of each worker's slots since."""
    rows, sums = vnf.ask("slots"), {0: 0, 1: 0}
    for row, old in zip(rows, before):
        sums[row["worker"]] += row["packets"] - old["packets"]
    return sums


def test_rebalance(run):
    """Off, all stays where it was put; on, by a reload, it evens out, and then stays."""
    vnf = Steered(run, slots=8, rate=30_000).start()
    for slot in range(4):
        vnf.move(slot, 1)
    vnf.settle()
    # Three seconds: long enough to see that it is uneven.
    vnf.flows(90_000)
    assert vnf.slots() == [1] * 8
    vnf.reload(steering={**vnf.settings["steering"], "rebalance": True})
    mark = vnf.process.mark()
    vnf.process.wait_log("steering: slot [0-7] goes from worker 1 to worker 0", 10, mark)

    def is_even():
        before = vnf.ask("slots")
        vnf.flows(15_000)
        sums = loads(vnf, before)
        return max(sums.values()) * 2 <= sum(sums.values()) * 1.25
    lab.until(is_even, 20, "even loads")
    vnf.settle()
    owners = vnf.slots()
    vnf.flows(90_000)
    assert vnf.slots() == owners
    vnf.kept_its_promise()
    vnf.reload(steering={**vnf.settings["steering"], "rebalance": False})
    for slot, worker in enumerate(owners):
        if worker == 0:
            vnf.move(slot, 1)
    vnf.settle()
    vnf.flows(90_000)
    assert vnf.slots() == [1] * 8
    vnf.stop_without_loss()


@pytest.mark.parametrize("workers", [2, 4])
def test_stop_while_slots_move(run, workers):
    """The ledger balances, whatever step it is in, and the exit code is 0."""
    vnf = Steered(run, workers=workers, queues=workers)
    for slot in range(3):
        vnf.start()
        vnf.flows(500)
        for _ in range(5):
            vnf.move(slot, (vnf.slots()[slot] + 1) % workers)
        vnf.stop_without_loss()
