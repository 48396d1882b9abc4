# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What the command vnfkit does: images of a virtual machine around a VNF, running them on a host
# switch, talking to them. One module per concern; main.py is where a command line enters.
#
# Needs Python's standard library, and of the system what each module names. Main thread.

"""The package behind vnfkit."""

VERSION = "0.1.0"
