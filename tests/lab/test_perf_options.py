# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The command lines of tests/perf: what makes no sense is refused at once, before anything is started.

"""Wrong options of the measurements."""

import os
import subprocess

import pytest
from lab import ROOT


@pytest.mark.quick
@pytest.mark.parametrize("script, option, value", [
    ("pvp", "--pairs", "0"), ("pvp", "--turns", "0"), ("pvp", "--window", "0"),
    ("pvp", "--window", "nan"), ("pvp", "--flows", "-1"), ("pvp", "--macs", "0"),
    ("pvp", "--size", "59"), ("pvp", "--size", "x"), ("pvp", "--switches", "other"),
    ("pvp", "--switches", "vnf-switch,vnf-switch@/nowhere"), ("sdk", "--before", "/nowhere"),
    ("sdk", "--warm-up", "-1"), ("kernel", "--flows", "0"), ("stages", "--size", "1515")])
def test_is_refused(script, option, value):
    """Exit code 2, and the option is named."""
    done = subprocess.run([os.path.join(ROOT, "tests/perf", script), option, value],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2, done.stderr
    assert option in done.stderr.splitlines()[-1]
