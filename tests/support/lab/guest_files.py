# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Machines that `vnfkit image` does not make: with several programs, or with the kernel's own
# network drivers. The parts are the front tool's: kernel, libraries, archive, first process; what
# the machine does is a shell script. Used by the guest tests and by tests/perf/guest. Main thread.

"""Kernel and initramfs of a machine for a test."""

import os

# The lab's guest.py has told where the front tool's package is.
from .errors import LabUnavailable
from .guest import guest_cpus, require_machine
from .process import Process
from .programs import build_dir

from front import closure, initramfs, kernel, modules, tree
from front.errors import FrontError
from front.machine import CMDLINE

BUSYBOX = "/bin/busybox"
BASE_DRIVERS = ("bus_pci", "bus_vdev", "mempool_ring", "net_virtio")


def _package(run):
    """The kernel's package, in the run's directory."""
    folder = run.path("package")
    os.makedirs(folder, exist_ok=True)
    try:
        return kernel.download(kernel.ask_apt(), folder)
    except FrontError as error:
        raise LabUnavailable(f"no kernel for a machine: {error}") from error


def _kernel(run, extra):
    """(bzImage, [(path, module)]) with these modules beside the usual ones."""
    files = kernel.package_files(_package(run))
    images = [name for name in files if name.startswith("boot/vmlinuz-")]
    paths = {modules.module_name(n): n for n in files if modules.SUFFIX.search(n)}
    data = {name: modules.unpacked(path, files[path]) for name, path in paths.items()}
    builtin = {modules.module_name(line) for name, text in files.items()
               if name.endswith("/modules.builtin") for line in text.decode().split()}
    order = modules.loading_order(data, builtin, (*modules.NEEDED, *extra))
    return files[images[0]], [(kernel.guest_path(paths[n]), data[n]) for n in order]


def _add_programs(files, programs, drivers):
    found = closure.libraries(programs)
    folder, abi = closure.plugin_folder(found)
    paths = closure.plugins(folder, abi, drivers, ()) if folder else []
    found = {**closure.libraries(paths), **found}
    for path in [*programs, *paths, *found.values(), *closure.opened_later(found)]:
        files.file(path)


def make(run, name, script, programs=(), contents=None, drivers=BASE_DRIVERS, extra_modules=()):
    """
    A machine that runs the shell script and powers off: {"kernel": path, "initrd": path}. `programs`
    come with their libraries and DPDK's plug-ins `drivers`, `contents` is {path: text}.
    """
    require_machine()
    if not os.path.exists(BUSYBOX):
        raise LabUnavailable("busybox-static is not installed")
    os.environ["VNFKIT_BUILD"] = build_dir()
    image, loaded = _kernel(run, extra_modules)
    files = tree.Tree()
    files.file(initramfs.find_init(), at="/init")
    files.file(os.path.realpath(BUSYBOX))
    _add_programs(files, [initramfs.find_init(), *programs], drivers)
    for path, data in loaded:
        files.data(path, data)
    for path, text in (contents or {}).items():
        files.data(path, text.encode())
    files.data("/etc/vnfkit/modules", initramfs.lines(path for path, _ in loaded))
    files.data("/etc/vnfkit/command", initramfs.lines([BUSYBOX, "sh", "/start.sh"]))
    files.data("/start.sh", (f"PATH=/busybox\n{BUSYBOX} mkdir -p /busybox\n"
                             f"{BUSYBOX} --install -s /busybox\n{script}\n").encode())
    made = {"kernel": run.path(f"{name}.kernel"), "initrd": run.path(f"{name}.initrd")}
    with open(made["kernel"], "wb") as f:
        f.write(image)
    initramfs.write(files, made["initrd"])
    for path in made.values():
        run.defer(os.unlink, path)
    return made


def boot(run, name, made, devices, memory=256, cpus=1, kernel_arguments=""):
    """Start it; the console is the process's output."""
    size = f"{memory}M"
    return Process(run, [
        *guest_cpus(), "qemu-system-x86_64", "-machine", "q35,accel=tcg,memory-backend=mem",
        "-cpu", "max", "-smp", str(cpus), "-m", size,
        "-object", f"memory-backend-memfd,id=mem,size={size},share=on", "-nodefaults",
        "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel", made["kernel"],
        "-initrd", made["initrd"], "-append", f"{CMDLINE} {kernel_arguments}", *devices], name=name)


def vhost_nic(number, socket, extra=""):
    """A virtio-net device at 0000:00:(8 + number).0 on a socket that QEMU serves."""
    return ["-chardev", f"socket,id=c{number},path={socket},server=on,wait=off",
            "-netdev", f"vhost-user,id=n{number},chardev=c{number}",
            "-device", f"virtio-net-pci,netdev=n{number},addr=0x{8 + number:x},romfile=,"
                       f"mac=52:54:00:00:00:{number + 1:02x},rx_queue_size=1024,"
                       f"tx_queue_size=1024{extra}"]
