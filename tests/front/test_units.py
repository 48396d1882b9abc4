# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The unit files and manual pages as they are installed: systemd's own checker and mandoc's have
# nothing to say. That the programs run under the units' restrictions is tests/lab/test_service.py's.

"""Units and manual pages."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(os.environ.get("VNFKIT_SOURCE", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("VNFKIT_BUILD", SOURCE / "build"))
# What systemd-analyze security says of each at most; 10 is worst.
EXPOSURE = {"vnf-switch.service": 2.2, "vnf@.service": 1.3}
MANUALS = sorted(SOURCE.glob("docs/man/*.[1-9]"))


def run(*command, cwd=None):
    """The output of a command that has to succeed."""
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([str(c) for c in command], cwd=cwd, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(params=sorted(EXPOSURE))
def unit(request, tmp_path):
    """A unit whose program exists, in a folder of its own."""
    path = BUILD / "systemd" / request.param
    if not path.exists():
        pytest.skip(f"{request.param} is not built")
    program = tmp_path / "vnf-any"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    copy = tmp_path / request.param
    copy.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={program}", path.read_text(),
                           flags=re.MULTILINE))
    return copy


def test_unit_is_verified(unit):
    """Without a word, warnings included."""
    name = unit.name.replace("@.", "@any.")
    assert run("systemd-analyze", "verify", "--man=no", f"./{name}", cwd=unit.parent) == ""


def test_unit_has_few_privileges(unit):
    """By systemd's own measure."""
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"./{unit.name}",
               cwd=unit.parent)
    exposure = float(re.search(r"exposure level for \S+: ([0-9.]+)", said)[1])
    assert exposure <= EXPOSURE[unit.name], said


def test_user_is_described(tmp_path):
    """systemd-sysusers takes the file."""
    (tmp_path / "etc").mkdir()
    said = run("systemd-sysusers", "--dry-run", f"--root={tmp_path}",
               SOURCE / "systemd/vnfkit.sysusers")
    assert re.search(r"user 'vnfkit'.*vnfkit network functions", said), said


@pytest.mark.parametrize("manual", MANUALS, ids=[m.name for m in MANUALS])
def test_manual_renders_without_warnings(manual):
    """With mandoc's lint."""
    assert run("mandoc", "-T", "lint", "-W", "warning", manual) == ""
