# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What the measurements of tests/perf share, on top of the lab library (tests/support/lab).

"""Measuring ratios."""
