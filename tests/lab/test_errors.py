# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What goes wrong at start: each case says what happened, where, and what to do; ends with the right
# code (2: command line or configuration, 1: the machine); and leaves nothing behind.

"""Start-up errors."""

import json
import os
import re
import time

import lab
import pytest

TWO_PORTS = """
ports = (
	{ name = "lan"; kind = "virtio-user"; socket = "%(dir)s/lan.sock"; %(lan)s },
	{ name = "wan"; kind = "virtio-user"; socket = "%(dir)s/wan.sock"; }
);
"""


def attempt(run, program, text, *options, timeout=15):
    """Start with a configuration of this text; return (exit code, output)."""
    path = run.path("case.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    process = lab.Process(run, [program, "-c", path, *options], name="case")
    code = process.wait(timeout)
    print(process.output())
    return code, process.output()


def two_ports(run, top="", lan=""):
    """Configuration of a two-port VNF with further keys."""
    return f'hugepages = "never";\n{top}\n' + TWO_PORTS % {"dir": run.dir, "lan": lan}


CONFIG_CASES = {
    # name: (top-level keys, keys of the port lan, what the message must say)
    "unknown_key": ("wokers = 1;", "", r"case\.conf:2: wokers: .*workers"),
    "unknown_port_key": ("", "queue = 1;", r"case\.conf:5: ports\[0\]\.queue: .*queues"),
    "wrong_type": ('workers = "two";', "", r"case\.conf:2: workers: "),
    "overflow": ("workers = 4294967297;", "", r"case\.conf:2: .*4294967297"),
    "out_of_range": ("workers = 0;", "", r"case\.conf:2: workers: .*1"),
    "bad_unit": ('memory = "64Q";', "", r"case\.conf:2: memory: "),
    "bad_mac": ("", 'mac = "02:00:00:00:00";', r"ports\[0\]\.mac: "),
    "multicast_mac": ("", 'mac = "03:00:00:00:00:00";', r"ports\[0\]\.mac: .*multicast"),
    "syntax": ("workers = = 1;", "", r"case\.conf:2: .*syntax"),
    "bad_cpu_list": ('cpus = "one";', "", r"case\.conf:2: cpus: .*one"),
    "no_such_cpu": ('cpus = "1000";', "", r"case\.conf:2: cpus: .*1000"),
    "too_little_memory": ('memory = "1M";', "", r"case\.conf:2: memory: "),
    "too_many_queues": ("", "queues = 9;", r"ports\[0\]\.queues: .*8"),
    "mtu_out_of_range": ("", "mtu = 20;", r"ports\[0\]\.mtu: .*68"),
}


@pytest.mark.quick
@pytest.mark.parametrize("case", CONFIG_CASES)
@pytest.mark.parametrize("check", [True, False], ids=["check", "start"])
def test_configuration(run, case, check):
    """A bad file is refused, by --check just as at a start, with file, line, key and advice."""
    top, lan, message = CONFIG_CASES[case]
    code, output = attempt(run, lab.vnf_program(), two_ports(run, top, lan),
                           *(["--check"] if check else []))
    assert code == 2
    assert re.search(message, output), output


@pytest.mark.quick
def test_all_errors_at_once(run):
    """Not only the first."""
    code, output = attempt(run, lab.vnf_program(), two_ports(
        run, 'wokers = 1;\nlog_level = "loud";', "mtu = 1;"), "--check")
    assert code == 2
    for key in ("wokers", "log_level", "mtu"):
        assert key in output


@pytest.mark.quick
def test_port_named_twice(run):
    """Names are unique."""
    code, output = attempt(run, lab.vnf_program(), two_ports(run).replace('"wan"', '"lan"'))
    assert code == 2
    assert re.search(r'ports\[1\].*"lan"', output)


@pytest.mark.quick
def test_unknown_kind(run):
    """The kinds that there are stand in the message."""
    code, output = attempt(run, lab.vnf_program(), two_ports(run).replace("virtio-user", "virtuo"))
    assert code == 2
    assert re.search(r"ports\[0\]\.kind: .*virtio", output)


@pytest.mark.quick
def test_vhost_user_is_the_switchs_kind(run):
    """A VNF has no such port."""
    code, output = attempt(run, lab.vnf_program(),
                           two_ports(run).replace("virtio-user", "vhost-user"))
    assert code == 2
    assert "kind" in output


@pytest.mark.quick
def test_one_port_too_few(run):
    """The template needs two."""
    code, output = attempt(run, lab.vnf_program(), 'ports = ( { name = "a"; kind = "null"; } );')
    assert code == 2
    assert re.search(r"ports: 1 port", output)


@pytest.mark.quick
@pytest.mark.parametrize("program", ["vnf", "switch"])
def test_socket_path_too_long(run, program):
    """107 bytes are the kernel's limit."""
    long = run.path("x" * 120)
    if program == "vnf":
        text = two_ports(run).replace(f"{run.dir}/lan.sock", long)
        code, output = attempt(run, lab.vnf_program(), text)
    else:
        code, output = attempt(run, lab.switch_program(), "ports = ( { name = \"g\"; kind = "
                               f"\"vhost-user\"; socket = \"{long}\"; }} );")
    assert code == 2
    assert re.search(r"ports\[0\]\.socket: .*107", output)


@pytest.mark.quick
def test_missing_socket_directory(run):
    """A server's socket cannot be made there."""
    text = two_ports(run).replace(f"{run.dir}/lan.sock", f"{run.dir}/missing/lan.sock")
    code, output = attempt(run, lab.vnf_program(), text)
    assert code in (1, 2)
    assert f"{run.dir}/missing" in output


@pytest.mark.quick
def test_missing_file(run):
    """No such configuration."""
    process = lab.Process(run, [lab.vnf_program(), "-c", run.path("none.conf")], name="case")
    assert process.wait(5) == 2
    assert "none.conf" in process.output()
    assert "No such file" in process.output()


@pytest.mark.quick
@pytest.mark.parametrize("arguments", [[], ["--bogus"], ["-c"], ["-c", "f", "extra"]])
def test_command_line(run, arguments):
    """Usage errors point to --help."""
    process = lab.Process(run, [lab.vnf_program(), *arguments], name="case")
    assert process.wait(5) == 2
    assert "--help" in process.output()


@pytest.mark.quick
@pytest.mark.parametrize("program", ["vnf", "switch"])
@pytest.mark.parametrize("option", ["--help", "--version", "--config-reference"])
def test_information(run, program, option):
    """Needs no configuration and no machine."""
    argv = [lab.vnf_program() if program == "vnf" else lab.switch_program(), option]
    process = lab.Process(run, argv, name="case")
    assert process.wait(5) == 0
    assert process.output()


@pytest.mark.quick
def test_dump_loads_again(run):
    """--dump-config prints a file with the same meaning; its comments tell what was set."""
    _, first = attempt(run, lab.vnf_program(), two_ports(run, "workers = 1;"), "--dump-config")
    code, second = attempt(run, lab.vnf_program(), first, "--dump-config")
    assert code == 0
    assert re.sub("# default", "", first).split() == re.sub("# default", "", second).split()


@pytest.mark.quick
@pytest.mark.parametrize("address", ["zz:00.0", "0000:00:1f.7"])
def test_nic(run, address):
    """A PCI address that is none, and one where nothing is."""
    text = two_ports(run).replace(f'kind = "virtio-user"; socket = "{run.dir}/lan.sock";',
                                  f'kind = "nic"; address = "{address}";')
    code, output = attempt(run, lab.vnf_program(), text)
    assert code == (2 if address.startswith("z") else 1)
    assert address in output


@pytest.mark.quick
@pytest.mark.parametrize("other", ["a.sock", "./a.sock", "a.sock.lock"])
def test_one_socket_for_two_ports_of_the_switch(run, other):
    """Found before anything is opened, however the path is written."""
    code, output = attempt(run, lab.switch_program(), f"""
ports = (
  {{ name = "a"; kind = "vhost-user"; socket = "{run.dir}/a.sock"; domain = "A"; }},
  {{ name = "b"; kind = "vhost-user"; socket = "{run.dir}/{other}"; domain = "A"; }}
);
""")
    assert code == 2
    assert 'ports[1].socket' in output and 'port "a"' in output


def test_hugepages_always_without_enough(run, caps):
    """Demanded, not there, and more than could be reserved."""
    text = two_ports(run).replace('"never"', '"always"; memory = "1000G"')
    before = caps.hugepages_free
    code, output = attempt(run, lab.vnf_program(), text)
    assert code == 2
    assert re.search("MiB of hugepages (are needed|would be reserved)", output)
    assert lab.capabilities().hugepages_free == before


def hugepages_reserved():
    """Pages that the kernel holds ready, used or not."""
    with open("/proc/sys/vm/nr_hugepages", encoding="ascii") as f:
        return int(f.read())


def test_hugepages_are_reserved_and_given_back(run):
    """What "always" lacks is reserved until stop."""
    if not os.access("/proc/sys/vm/nr_hugepages", os.W_OK):
        raise lab.LabUnavailable("only root may reserve hugepages")
    before = hugepages_reserved()
    vnf = lab.Instance(run, lab.vnf_program(), {
        "name": "vnf", "hugepages": "always", "memory": f"{2 * before + 64}M",
        "ports": [{"name": n, "kind": "null"} for n in ("lan", "wan")]})
    vnf.start()
    assert hugepages_reserved() > before
    vnf.stop()
    lab.until(lambda: hugepages_reserved() == before, 5, "the hugepages to be given back")


OVERRIDES = {
    "no_port": (["--virtio", "nosuch=00:08.0"], r'case\.conf:4: ports: no port is named "nosuch"'),
    "no_device": (["--virtio", "lan"], "--virtio lan: write PORT=ADDRESS"),
    "no_address": (["--virtio", "lan=eth0"], r'"eth0" is neither a PCI address.* nor a MAC'),
    "twice": (["--virtio", "lan=00:08.0", "--virtio", "lan=00:09.0"], 'two --virtio for port "lan"'),
    "same_device": (["--virtio", "lan=00:1e.7", "--virtio", "wan=0000:00:1e.7"],
                    "device 0000:00:1e.7 is used by port"),
    "never": (["--virtio", "lan=00:1e.7"], r"hugepages: .*physical addresses"),
}


@pytest.mark.quick
@pytest.mark.parametrize("case", OVERRIDES)
def test_virtio_override(run, case):
    """--virtio is held against the file as a whole; nothing is touched."""
    options, message = OVERRIDES[case]
    code, output = attempt(run, lab.vnf_program(), two_ports(run), *options)
    assert code == 2
    assert re.search(message, output), output


@pytest.mark.quick
def test_virtio_device_that_is_not_there(run):
    """Found out before DPDK starts; what would have been reserved is not."""
    text = two_ports(run).replace('"never"', '"auto"')
    code, output = attempt(run, lab.vnf_program(), text, "--virtio", "lan=00:1e.7")
    assert code in (1, 2)
    assert re.search("there is no PCI device 0000:00:1e.7|for root only|hugepages are needed",
                     output), output


@pytest.mark.quick
def test_guest_file_is_checked_on_the_host(run):
    """Neither its devices nor its hugepages need be here; without root a start says what is missing."""
    text = two_ports(run).replace('"never"', '"auto"')
    for user in ([], ["setpriv", "--reuid", "65534", "--clear-groups"]):
        if user and os.geteuid() != 0:
            continue
        path = run.path("guest.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(run.dir, 0o755)
        vnf = [*user, lab.vnf_program(), "-c", path, "--virtio", "lan=00:1e.7"]
        assert lab.command([*vnf, "--check"]).returncode == 0
        if user or os.geteuid() != 0:
            done = lab.command(vnf, check=False)
            assert done.returncode == 2
            assert re.search(r'guest\.conf:\d+: ports: port "lan" .* for root only; start it as root',
                             done.stderr), done.stderr


@pytest.mark.quick
def test_plan(run):
    """What a file comes to, on whatever machine: included files, CPUs that this one may not have."""
    with open(run.path("more.conf"), "w", encoding="utf-8") as f:
        f.write('workers = 2;\n')
    code, output = attempt(run, lab.vnf_program(), two_ports(
        run, '@include "more.conf"\ncpus = "90-91";', "queues = 2; mtu = 9000;"), "--plan")
    assert code == 0
    plan = json.loads(output)
    assert plan["files"] == [run.path("case.conf"), run.path("more.conf")]
    assert plan["worker_cpus"] == [90, 91]
    assert plan["memory_bytes"] % (2 << 20) == 0
    lan, wan = plan["ports"]
    assert (lan["kind"], lan["mtu"], lan["queues"]) == ("virtio-user", 9000, 2)
    assert lan["settings"]["socket"] == run.path("lan.sock")
    assert wan["mac"] != lan["mac"]


@pytest.mark.quick
def test_switch_configuration(run):
    """The switch's own checks: wires to nowhere, tap in a namespace that is not there."""
    code, output = attempt(run, lab.switch_program(), """
ports = ( { name = "a"; kind = "null"; }, { name = "b"; kind = "null"; } );
wires = ( { a = "a"; b = "c"; } );
""")
    assert code == 2
    assert '"c"' in output
    code, output = attempt(run, lab.switch_program(), """hugepages = "never";
ports = ( { name = "a"; kind = "tap"; ifname = "t0"; netns = "vnfkit-nowhere";
            domain = "A"; } );
""")
    assert code == 1
    assert "vnfkit-nowhere" in output


def test_report_cannot_be_written(run):
    """A stop that loses the report is not a clean one."""
    path = run.path("case.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(two_ports(run))
    vnf = lab.Process(run, [lab.vnf_program(), "-c", path, "--report", f"{run.dir}/no/r.json"],
                      name="case")
    started = time.monotonic()
    lab.until(lambda: not vnf.running() or vnf.find_log("running: "), 10, "start or refusal")
    code = vnf.end()
    assert code != 0, f"ended with 0 after {time.monotonic() - started:.1f} s"
    assert f"{run.dir}/no/r.json" in vnf.output()
    assert not os.path.exists(f"{run.dir}/lan.sock")
