# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The lab's own checks must be able to go red: what is left behind is found, what hangs is ended,
# what does not balance is seen.

"""The lab itself."""

import os
import signal
import socket
import subprocess
import sys

import lab
import pytest

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1; done"


@pytest.mark.quick
def test_stubborn_process_is_killed_and_reported():
    """SIGTERM is ignored: SIGKILL, and an error that says so."""
    run = lab.Run()
    process = lab.Process(run, ["sh", "-c", STUBBORN], name="stubborn")
    process.wait_log("ready")
    with pytest.raises(lab.LabError, match="ignored SIGTERM"):
        process.end(grace=0.3)
    run.close()
    assert not process.running()
    assert not run.strays()


@pytest.mark.quick
def test_grandchildren_are_found():
    """A process that a child left behind is reported and ended."""
    run = lab.Run()
    left = lab.Process(run, ["sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"], name="parent")
    pid = int(left.wait_log(r"(\d+)").group(1))
    left.wait(5)
    run.close()
    assert f"process {pid} of the run still runs" in run.leaks
    lab.until(lambda: not lab.alive(pid), 5, "the stray to end")


@pytest.mark.quick
def test_left_files_are_found():
    """A socket and DPDK's runtime directory."""
    run = lab.Run()
    process = lab.Process(run, ["true"], name="made-up")
    process.wait(5)
    folder = run.path("r", "dpdk", f"vnfkit-made-up-{process.pid}")
    os.makedirs(folder)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(run.socket("left"))
    run.close()
    listener.close()
    assert any(folder in leak for leak in run.leaks)
    assert any("left.sock" in leak for leak in run.leaks)


def test_left_namespace_is_found(caps):
    """A namespace that nobody removed."""
    if caps.why_no_namespaces:
        raise lab.LabUnavailable(caps.why_no_namespaces)
    run = lab.Run()
    run.namespaces.append(run.name("left"))
    lab.command(["ip", "netns", "add", run.name("left")])
    try:
        run.close()
    finally:
        lab.command(["ip", "netns", "del", run.name("left")])
    assert any("namespace" in leak for leak in run.leaks)


@pytest.mark.quick
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_clean_up(signum):
    """An interrupted program of the lab leaves nothing."""
    program = "\n".join([
        "import sys, time", "import lab", "lab.handle_signals()", "with lab.Run() as run:",
        "    lab.Process(run, ['sleep', '60'])", "    print(run.dir, flush=True)",
        "    time.sleep(60)"])
    env = {**os.environ, "PYTHONPATH": os.path.join(lab.ROOT, "tests", "support")}
    with subprocess.Popen([sys.executable, "-B", "-c", program], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, env=env) as child:
        folder = child.stdout.readline().strip()
        assert os.path.isdir(folder)
        child.send_signal(signum)
        assert child.wait(10) != 0
    assert not os.path.exists(folder)


@pytest.mark.quick
def test_unbalanced_ledger_is_seen():
    """Lost, counted twice, or a balance that lies."""
    good = {"rx": 5, "created": 1, "handed_in": 2, "tx": 4, "drops": 1, "handed_out": 2, "held": 1,
            "balance": 0}
    assert not lab.ledger_faults("x", good)
    assert lab.ledger_faults("x", {**good, "rx": 6, "balance": 1})
    assert lab.ledger_faults("x", {**good, "tx": 5, "balance": -1})
    assert lab.ledger_faults("x", {**good, "balance": 1})


@pytest.mark.quick
def test_waiting_for_output():
    """Output that came before, that comes later, and that never comes."""
    with lab.Run() as run:
        process = lab.Process(run, ["sh", "-c", "echo one; sleep 0.2; echo two; sleep 0.2; exit 3"])
        assert process.wait_log("one")
        mark = process.mark()
        assert process.wait_log("two", since=mark)
        assert process.find_log("one", since=mark) is None
        with pytest.raises(lab.LabError, match="ended with code 3"):
            process.wait_log("three")


@pytest.mark.quick
def test_configuration_text():
    """Python values as libconfig writes them."""
    text = lab.config_text({"a": 1, "b": 1 << 40, "c": 'say "x"', "d": True, "e": None,
                            "f": [1, 2], "ports": [{"name": "p", "sizes": [60]}]})
    assert text.splitlines() == [
        "a = 1;", "b = 1099511627776L;", 'c = "say \\"x\\"";', "d = true;", "f = [ 1, 2 ];",
        "ports = (", '\t{ name = "p"; sizes = [ 60 ]; }', ");"]
