# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A plug-in of pytest for replays of one program:
#
#     PYTHONPATH=$(pkg-config --variable=pythondir vnfkit) \
#         pytest -p vnfkit_pytest --vnf build/vnf-mine --vnf-config mine.conf
#
#     def test_telnet_is_dropped(vnf_replay):
#         result = vnf_replay({"lan": [Ether() / IP() / TCP(dport=23)]})
#         assert [v.reason for v in result.verdicts] == ["telnet"]

"""The fixture vnf_replay."""

from pathlib import Path

import pytest
from vnfkit_replay import replay


def pytest_addoption(parser):
    """What is tested."""
    group = parser.getgroup("vnfkit")
    group.addoption("--vnf", metavar="PROGRAM", help="the program that vnf_replay runs")
    group.addoption("--vnf-config", metavar="FILE", help="its configuration")


@pytest.fixture
def vnf_replay(pytestconfig):
    """vnfkit_replay.replay() with program and configuration of the command line, unless given."""
    def run(packets, *, vnf=None, config=None, **options):
        vnf = vnf or pytestconfig.getoption("--vnf")
        path = pytestconfig.getoption("--vnf-config")
        if config is None and path:
            config = Path(path)
        if vnf is None or config is None:
            pytest.fail("vnf_replay: name the program by --vnf and its configuration by "
                        "--vnf-config, or give them to it", pytrace=False)
        return replay(vnf, config, packets, **options)

    return run
