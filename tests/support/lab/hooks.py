# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# pytest's set-up for tests that use the lab: fixtures, skips with their reasons, logs of the
# processes beside a failure. With VNFKIT_CI=1 nothing may be skipped. Taken over whole by the
# conftest.py of each folder.

"""Fixtures and hooks of the lab tests."""

import os

import pytest

import lab


def pytest_configure(config):
    """Markers; signals that clean up."""
    config.addinivalue_line("markers", "quick: part of the short subset")
    lab.enter(may_exec=False)
    lab.handle_signals()
    lab.sweep()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """
    What this machine cannot do is a skip; in CI a skip is a failure; beside a failure stand the
    processes' last lines.
    """
    report = (yield).get_result()
    if call.excinfo and issubclass(call.excinfo.type, lab.LabUnavailable):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), 0, f"Skipped: {call.excinfo.value}")
    if report.skipped and os.environ.get("VNFKIT_CI") == "1":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, which is not allowed in CI: {reason}"
    if report.failed:
        runs = [v for v in item.funcargs.values() if isinstance(v, lab.Run)]
        runs += [v.run for v in item.funcargs.values() if isinstance(v, lab.Path)]
        for process in [p for run in runs for p in run.processes][-4:]:
            report.sections.append((f"{process.name} (pid {process.pid})", process.tail(40)))


@pytest.fixture
def run():
    """A run of its own for a test; what it leaves behind fails the test."""
    with lab.Run() as new:
        yield new


@pytest.fixture(scope="session")
def caps():
    """What this machine and user can do."""
    return lab.capabilities()
