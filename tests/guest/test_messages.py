# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Mistakes that cost their makers hours, each with the sentence that says what it is.

"""What a user is told when the machine is made wrongly."""

import shlex
import signal

import lab
import pytest


def printed_command(run, vnf, *options):
    """The QEMU command that `vnfkit run --print` gives, as arguments."""
    folder = lab.image(run, vnf.name, vnf.settings, vnf.program)
    text = lab.command([lab.vnfkit(), "run", "--qemu", folder, "--print",
                        "--control", vnf.control, *options], timeout=60).stdout
    return shlex.split(text.replace("\\\n", " "))


def replaced(argv, old, new):
    """The command with one thing changed; it must have been there."""
    changed = [word.replace(old, new) for word in argv]
    assert changed != argv, f"{old} is not in {argv}"
    return changed


def test_memory_that_is_not_shared(run, caps):
    """share=off: link up, and no packet. The switch says why; the printed command works by hand."""
    path = lab.Path(run, caps, endpoints="none", guest=[],
                    extra_ports=lab.generator_ports(rate=1000))
    path.start_switch(wait=False)
    argv = printed_command(run, path.vnf)
    qemu = lab.Process(run, lab.guest_cpus() + replaced(argv, "share=on", "share=off"), "unshared")
    path.switch.process.wait_log(r'port "lan": the guest signals packets but its memory shows none: '
                                 r"it is not shared; QEMU needs share=on", 60)
    run.crashed.add(qemu.pid)
    qemu.kill_now()
    qemu.wait(5)
    path.switch.stop()


def test_processor_without_sse42(run, caps):
    """DPDK needs it; without the sentence all that is seen is SIGILL."""
    path = lab.Path(run, caps, endpoints="none", guest=["--cpu", "qemu64"])
    path.start_switch(wait=False)
    path.vnf.start(wait=False)
    path.vnf.process.wait_log("this CPU model has no SSE4.2.* -cpu max", 60)
    assert path.vnf.process.wait(20) == 1
    path.switch.stop()


def test_too_little_memory_is_refused(run, caps):
    """Before anything starts, with numbers."""
    path = lab.Path(run, caps, endpoints="none", guest=["--mem", "64M"])
    path.vnf.start(wait=False)
    assert path.vnf.process.wait(30) == 2
    assert path.vnf.process.find_log(r"--mem 64M is too little: .* needs \d+M"), path.vnf.process.output()


def test_missing_hugepages(run, caps):
    """A machine made by hand with too little: the VNF says how much it needs and what to do."""
    path = lab.Path(run, caps, endpoints="none", guest=[])
    path.start_switch(wait=False)
    argv = printed_command(run, path.vnf, "--mem", "256M")
    for old, new in (("size=256M", "size=112M"), ("-m 256M", "-m 112M")):
        argv = shlex.split(shlex.join(argv).replace(old, new))
    qemu = lab.Process(run, lab.guest_cpus() + argv, "small")
    qemu.wait_log(r"hugepages.*(would be reserved|could be reserved).*more memory", 60)
    qemu.wait(30)
    path.switch.stop()


def test_configuration_that_does_not_fit(run, caps):
    """A CPU that the machine has not: the VNF's own message, with file and line; it powers off."""
    path = lab.Path(run, caps, endpoints="none", guest=[])
    path.start_switch(wait=False)
    path.vnf.settings["cpus"] = "1"
    argv = printed_command(run, path.vnf, "--cpus", "2")
    argv[argv.index("-smp") + 1] = "1"
    qemu = lab.Process(run, lab.guest_cpus() + argv, "one-cpu")
    qemu.wait_log(r"vnf.conf:\d+: cpus: CPU 1 is not among", 60)
    qemu.wait(30)
    path.switch.stop()


@pytest.mark.parametrize("options, text", [
    (["--queues", "1"], "2"),
    (["--socket", "nosuch=/tmp/x"], "nosuch"),
    (["--accel", "fast"], "accel"),
])
def test_options_that_make_no_sense(run, caps, options, text):
    """Exit code 2, and the option is named."""
    path = lab.Path(run, caps, endpoints="none", workers=2, guest=options)
    path.vnf.start(wait=False)
    assert path.vnf.process.wait(30) == 2
    assert text in path.vnf.process.output()


def test_switch_that_is_not_there(run, caps):
    """QEMU waits for it, and says so; a stop while it waits is a clean one."""
    path = lab.Path(run, caps, endpoints="none", guest=[])
    path.vnf.start(wait=False)
    path.vnf.process.wait_log("waiting for .*switch", 30)
    path.vnf.process.signal(signal.SIGTERM)
    assert path.vnf.process.wait(20) == 0
