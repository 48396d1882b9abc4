# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnfkit run: the checks before a virtual machine starts, the choice between KVM and TCG, and what a
# run comes to. session.py is the running itself. Used by main.py.

"""Running an image, or a VNF, in QEMU."""

import contextlib
import os
import shlex
import shutil
import tempfile

from . import qemu
from .errors import FrontError, UsageError
from .image import adjust, build, foreign_note, kvm_usable, load
from .program import not_there
from .say import say, words
from .session import Session, exit_code
from .unixnet import check_folder, check_free, claimed


def run_main(args):
    """The command."""
    if args.config is None and (args.kernel or args.driver):
        raise UsageError("--kernel and --driver are for making an image: name a VNF and -c FILE")
    if args.print:
        return print_command(args)
    with tempfile.TemporaryDirectory(prefix="vnfkit-run-") as work:
        image = get_image(args, work)
        machine = image.machine
        override(machine, args)
        machine.control = os.path.abspath(args.control or f"{work}/control.sock")
        monitor = absolute(args.monitor)
        check_start(machine, monitor)
        foreign_note(image)
        with contextlib.ExitStack() as stack:
            for path, what in served(machine, monitor):
                stack.enter_context(claimed(path, what))
            return start(machine, monitor, args)


def print_command(args):
    """--print: a command that works later needs an image that is there later."""
    if args.config is not None:
        raise UsageError("--print with -c FILE would name files that are gone afterwards; make an "
                         f"image first: vnfkit image {shlex.quote(args.what)} -c "
                         f"{shlex.quote(args.config)} -o DIR, then vnfkit run --qemu DIR --print")
    machine = load_image(args).machine
    override(machine, args)
    machine.control = absolute(args.control) or machine.control
    machine.accel = choose_accel(args.accel)[0]
    print(qemu.shell_text(qemu.argv(machine, None, absolute(args.monitor), args.qemu_arg)))
    return 0


def absolute(path):
    """The absolute path; None for none."""
    return os.path.abspath(path) if path else None


def load_image(args):
    """The image that is named, with the options of the machine."""
    if not os.path.isdir(args.what):
        raise UsageError(f"{args.what} is no folder with an image; for a VNF give its "
                         "configuration by -c FILE")
    image = load(args.what)
    adjust(image, args)
    return image


def get_image(args, work):
    """The image that is named, or one that is made for this run."""
    if args.config is None:
        return load_image(args)
    args.vnf = args.what
    folder = os.path.join(work, "image")
    os.mkdir(folder)
    return build(args, folder, folder)


def override(machine, args):
    """Sockets, modes and the CPU model of the command line."""
    machine.cpu = args.cpu
    nics = {nic.port: nic for nic in machine.nics}
    for option, values in (("socket", args.socket), ("mode", args.mode)):
        for port, value in values:
            if port not in nics:
                raise UsageError(f"--{option} {port}={value}: no such port is on a socket; on one "
                                 f"are: {words(nics) or 'none'}")
            setattr(nics[port], option, os.path.abspath(value) if option == "socket" else value)


def check_start(machine, monitor):
    """What can be known to fail is said before anything is started."""
    if not shutil.which(qemu.QEMU):
        raise FrontError(not_there(qemu.QEMU))
    for nic in machine.nics:
        check_folder(nic.socket, f"port \"{nic.port}\"")
    for path, what in served(machine, monitor):
        check_free(path, what)


def served(machine, monitor):
    """(path, what for) of the sockets that QEMU or we make."""
    paths = [(nic.socket, f"port \"{nic.port}\"") for nic in machine.nics if nic.mode == "server"]
    paths.append((machine.control, "--control"))
    return paths + ([(monitor, "--monitor")] if monitor else [])


def choose_accel(wanted):
    """(kvm or tcg, why)"""
    if wanted != "auto":
        return wanted, "as asked"
    usable, why = kvm_usable()
    return ("kvm", "it works here") if usable else ("tcg", f"no KVM: {why}")


def start(machine, monitor, args):
    """Run it; if KVM, chosen by us, turns out not to work, without."""
    machine.accel, why = choose_accel(args.accel)
    say(f"accelerator {machine.accel} ({why}), {machine.cpus} CPU{'s' * (machine.cpus > 1)}, "
        f"{machine.memory_mib} MiB")
    say(f"control: vnfkit guest {machine.control} status")
    end = Session(machine, machine.control, monitor, args.qemu_arg).run()
    if args.accel == "auto" and machine.accel == "kvm" and kvm_failed(end):
        say("KVM does not work here, see above; going on with tcg, which is slow")
        machine.accel = "tcg"
        end = Session(machine, machine.control, monitor, args.qemu_arg).run()
    return exit_code(end)


def kvm_failed(end):
    """Did QEMU end by itself before the guest was heard of, and did it name KVM?"""
    return end.early and end.qemu > 0 and not end.asked and any(
        "kvm" in text.lower() for text in end.messages)
