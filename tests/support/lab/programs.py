# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Where the programs under test are. The build directory is VNFKIT_BUILD, else build/ in the
# repository. Used by the topology and the tests. Any thread.

"""Finding programs."""

import os
import shutil

from .errors import LabError, LabUnavailable

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def build_dir():
    """The build directory; it need not exist."""
    return os.path.abspath(os.environ.get("VNFKIT_BUILD") or os.path.join(ROOT, "build"))


def built(path):
    """A program of the build."""
    full = os.path.join(build_dir(), path)
    if not os.access(full, os.X_OK):
        raise LabError(f"{full} is not there: build first (tools/demo does; or meson setup "
                       f"{build_dir()} && meson compile -C {build_dir()}), or set VNFKIT_BUILD to "
                       "the build directory")
    return full


def switch_program():
    """vnf-switch."""
    return built("host-switch/vnf-switch")


def vnf_program(name="forward"):
    """A VNF, of vnfs/ or of templates/."""
    folder = f"vnfs/{name}" if os.path.isdir(os.path.join(ROOT, "vnfs", name)) else "templates"
    return built(f"{folder}/vnf-{name}")


def installed(*names):
    """The first of these programs that is installed; LabUnavailable if none is."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise LabUnavailable(f"{names[0]} is not installed")
