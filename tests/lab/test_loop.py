# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Both ports of a bump-in-the-wire VNF in one domain: what it forwards comes back to it. The switch
# says so instead of just being busy.

"""A loop is reported."""

import lab
import pytest


@pytest.mark.quick
def test_loop_is_reported(run, caps):
    """In the log and in the numbers; and the switch stops cleanly all the same."""
    path = lab.Path(run, caps, endpoints="none", loop=True, extra_ports=lab.generator_ports(
        rate=1000, domains=("A", "A"))).start()
    path.switch.process.wait_log(r"warning: .*loop", timeout=10)
    stats = path.switch.telemetry("/switch/stats")
    assert any("loop" in key and value for key, value in stats.items()), stats
    path.stop()


def test_no_loop_is_not_reported(run, caps):
    """Two domains: nothing to report, under traffic in both directions."""
    path = lab.Path(run, caps, endpoints="none",
                    extra_ports=lab.generator_pair(rate=5000)).start()
    for side in ("left", "right"):
        lab.until(lambda s=side: path.switch.stats(s)["received"] > 5000, 10, "traffic")
    assert not path.switch.process.find_log(r"warning: .*loop")
    path.stop()
