# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The guest tests use the lab's fixtures and hooks. Read by pytest.

"""Fixtures and hooks of the guest tests."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from lab.hooks import *  # noqa: E402, F401, F403
