# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The command lines of vnfkit and its commands. Wrong ones end here, with what is allowed and exit
# code 2. Used by main.py.

"""Options."""

import argparse
import re

from . import VERSION
from .errors import UsageError

CPUS_MAX, QUEUES_MAX = 64, 64

IMAGE_TEXT = """\
Makes the image of a virtual machine around a VNF: a folder with a kernel, the files of the guest,
domain.xml for libvirt, and what "vnfkit run" needs. Nothing is installed, no root is needed. Each
port of kind virtio-user becomes a virtio-net device on the same vhost-user socket."""

RUN_TEXT = """\
Starts the virtual machine of an image, or of a VNF and its configuration, on the sockets of a
running vnf-switch. The guest's console is standard output. SIGINT or SIGTERM stops the VNF and the
machine; a second one ends it at once.
Exit codes: 0 stopped as asked, 1 failed, 2 wrong command line or configuration."""

GUEST_TEXT = """\
Talks to a running guest over its control socket: the one that "vnfkit run" names, or that of
domain.xml."""

TEST_TEXT = """\
Runs golden tests of a program: folders, each with a configuration, the capture files that ports
are to receive, and what is expected to come out, to the octet and to the nanosecond. Every test is
run with bursts of 1, 7 and 32 packets, which must make no difference. No root is needed.
A test is a folder with

  *.conf or config       the configuration
  in-PORT.pcap[ng]       what a port receives
  args                   --until TIME or --seed N, one to a line, if a test needs them
  expect-PORT.pcap       what a port is to send; without this file, nothing
  expect-verdicts.jsonl  what is to become of each packet, if that matters

Exit codes: 0 all passed, 1 some failed, 2 wrong command line, configuration or test."""


class Parser(argparse.ArgumentParser):
    """One that says what is wrong in our words."""

    def error(self, message):
        raise UsageError(f"{message}\nTry: {self.prog} --help")


def number(least, most):
    """A type: a whole number of this range."""
    def convert(text):
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f'"{text}" is not allowed; a whole number, {least} to '
                                             f"{most}")
        return int(text)
    return convert


def seconds(text):
    """A type: a time."""
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]+)?", text) or float(text) <= 0:
        raise argparse.ArgumentTypeError(f'"{text}" is not allowed; seconds, more than 0')
    return float(text)


def size_mib(text):
    """A type: a size such as 256M, in MiB."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})([MG])", text)
    if not match:
        raise argparse.ArgumentTypeError(f'"{text}" is not allowed; a size such as 256M or 1G')
    return int(match[1]) * (1024 if match[2] == "G" else 1)


def pair(what, allowed=()):
    """A type: PORT=VALUE."""
    def convert(text):
        port, equals, value = text.partition("=")
        if not port or not equals or not value:
            raise argparse.ArgumentTypeError(f'"{text}" is not allowed; PORT={what}')
        if allowed and value not in allowed:
            raise argparse.ArgumentTypeError(f'"{text}" is not allowed; PORT={what}')
        return port, value
    return convert


def machine_options(parser):
    """What the machine is like."""
    group = parser.add_argument_group("the machine")
    group.add_argument("--cpus", type=number(1, CPUS_MAX), metavar="N",
                       help="virtual CPUs; without it one for each worker and one more, "
                       'or up to the highest of "cpus" in the configuration')
    group.add_argument("--mem", type=size_mib, metavar="SIZE",
                       help="memory, such as 512M; without it what the guest needs")
    group.add_argument("--queues", type=number(1, QUEUES_MAX), metavar="N",
                       help="queue pairs of each port; without it what the configuration uses")
    group.add_argument("--packed", action="store_true", help="packed rings; after a restart of the "
                       "switch the VNF resets its device by itself")
    group.add_argument("--no-mergeable", action="store_true", help="no frames in several buffers, "
                       "which lets DPDK use its vectorised receive path")


def image_options(parser):
    """What goes into the image."""
    group = parser.add_argument_group("the image")
    group.add_argument("--kernel", metavar="PACKAGE.deb", help="package of the guest's kernel; "
                       "without it apt downloads Debian's cloud kernel, once")
    group.add_argument("--driver", action="append", default=[], metavar="PMD", help="a further "
                       "driver of DPDK, such as net_mlx5; may be given several times")


def add_image(commands):
    """vnfkit image"""
    parser = commands.add_parser("image", help="make the image of a virtual machine around a VNF",
                                 description=IMAGE_TEXT, formatter_class=FORM)
    parser.add_argument("vnf", metavar="VNF", help="the program, by path or name")
    parser.add_argument("-c", "--config", required=True, metavar="FILE", help="its configuration")
    parser.add_argument("-o", "--output", required=True, metavar="DIR",
                        help="folder to make; an image that is there is replaced")
    image_options(parser)
    machine_options(parser)


def add_run(commands):
    """vnfkit run"""
    parser = commands.add_parser("run", help="run a VNF in a virtual machine on a host switch",
                                 description=RUN_TEXT, formatter_class=FORM)
    parser.add_argument("what", metavar="DIR | VNF", help="an image, or with -c a VNF")
    parser.add_argument("-c", "--config", metavar="FILE", help="configuration of the VNF")
    parser.add_argument("--qemu", action="store_true", required=True, help="in QEMU")
    image_options(parser)
    machine_options(parser)
    group = parser.add_argument_group("the run")
    group.add_argument("--accel", choices=("auto", "kvm", "tcg"), default="auto",
                       help="auto: KVM when it works, else TCG, which is slow")
    group.add_argument("--cpu", default="", metavar="MODEL", help="as QEMU knows it; without it "
                       '"host" under KVM, "max" under TCG')
    group.add_argument("--socket", action="append", default=[], type=pair("PATH"),
                       metavar="PORT=PATH", help="another vhost-user socket for this port")
    group.add_argument("--mode", action="append", default=[],
                       type=pair("server or PORT=client", ("server", "client")),
                       metavar="PORT=server|client", help="who makes the socket: we, or the switch")
    group.add_argument("--control", metavar="PATH", help="socket for vnfkit guest")
    group.add_argument("--monitor", metavar="PATH", help="socket for QEMU's own control, QMP")
    group.add_argument("--qemu-arg", action="append", default=[], metavar="ARG",
                       help="a further argument for QEMU, as in --qemu-arg=-s")
    group.add_argument("--print", action="store_true", help="only print the QEMU command")


def add_guest(commands):
    """vnfkit guest"""
    parser = commands.add_parser("guest", help="talk to a guest: status, stop, restart, telemetry",
                                 description=GUEST_TEXT, formatter_class=FORM)
    parser.add_argument("socket", metavar="SOCKET", help="the guest's control socket")
    parser.add_argument("--json", action="store_true", help="print the answer as it came")
    parser.add_argument("--timeout", type=seconds, default=5.0, metavar="S",
                        help="seconds to wait for the answer, default 5")
    inner = parser.add_subparsers(dest="request", required=True, metavar="REQUEST",
                                  parser_class=Parser)
    inner.add_parser("status", help="how the VNF is doing")
    inner.add_parser("stop", help="stop the VNF, then switch the machine off")
    inner.add_parser("restart", help="stop the VNF and start it again")
    telemetry = inner.add_parser("telemetry", help="ask the VNF's telemetry")
    telemetry.add_argument("query", metavar="QUERY", help="such as /vnf/ports or /vnf/stats,0")
    for one in inner.choices.values():
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS,
                         help="print the answer as it came")


def add_ctl(commands):
    """vnfkit ctl, whose words are its own affair: the instance knows what is allowed."""
    commands.add_parser("ctl", help="ask a running instance: ports, drops, commands of its own",
                        add_help=False)


def add_test(commands):
    """vnfkit test"""
    parser = commands.add_parser("test", help="run golden tests of a program, without a network",
                                 description=TEST_TEXT, formatter_class=FORM)
    parser.add_argument("program", metavar="PROGRAM", help="the VNF or vnf-switch, by path or name")
    parser.add_argument("folder", metavar="DIR", nargs="+", help="a test, or a folder of tests")
    parser.add_argument("-c", "--config", metavar="FILE",
                        help="configuration of the tests that have none of their own")
    parser.add_argument("--bless", action="store_true", help="what comes out is right: write it as "
                        "what is expected; of verdicts if they were there, or if all is new")
    parser.add_argument("--tap", action="store_true", help="print TAP, for meson and its like")
    parser.add_argument("-v", "--verbose", action="store_true",
                        help="print what came out, and what the program said")


FORM = argparse.RawDescriptionHelpFormatter


def parse(arguments):
    """The namespace of a command line."""
    parser = Parser(prog="vnfkit", description="The front command of vnfkit.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"vnfkit {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND",
                                     parser_class=Parser)
    add_image(commands)
    add_run(commands)
    add_guest(commands)
    add_ctl(commands)
    add_test(commands)
    if arguments[:1] == ["ctl"]:
        return argparse.Namespace(command="ctl", words=arguments[1:])
    return parser.parse_args(arguments)
