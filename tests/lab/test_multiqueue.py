# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A VNF with two workers: two queue pairs each polled by its own worker, and one queue pair that
# both must send on, which takes a hand-over.

"""More than one worker."""

import lab
import pytest


@pytest.mark.parametrize("queues", [2, 1])
def test_two_workers(run, caps, queues):
    """All queues carry traffic and the hand-over sums to nothing."""
    path = lab.Path(run, caps, workers=2, queues=queues, endpoints="none",
                    extra_ports=lab.generator_pair(rate=50_000, flows=256)).start()
    for side in ("left", "right"):
        lab.until(lambda s=side: path.switch.stats(s)["received"] > 50_000, 15,
                  f"traffic at {side}")
    assert not lab.ledger_faults("vnf", path.vnf.ledger())
    assert path.vnf.telemetry("/vnf/info")["workers"] == 2
    _, vnf = path.stop()
    assert vnf["ledger"]["handed_in"] == vnf["ledger"]["handed_out"]


def test_two_workers_in_the_switch(run, caps):
    """The switch shares its ports out over two workers, which both send on all."""
    path = lab.Path(run, caps, switch_workers=2, queues=2, workers=2, endpoints="none",
                    extra_ports=lab.generator_pair(rate=50_000, flows=256)).start()
    for side in ("left", "right"):
        lab.until(lambda s=side: path.switch.stats(s)["received"] > 50_000, 15,
                  f"traffic at {side}")
    assert not lab.ledger_faults("switch", path.switch.ledger())
    path.stop()


def test_real_clients(run, caps):
    """TCP in both directions over two queue pairs."""
    path = lab.Path(run, caps, workers=2, queues=2).start()
    lab.ping(path.client, path.server)
    lab.download(run, path.client, path.server, size=20_000_000)
    lab.download(run, path.server, path.client, size=20_000_000)
    path.stop()
