# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnfkit image: a folder with all that a virtual machine around a VNF needs. It is made beside its
# place and moved there when it is whole, so that a failure leaves nothing and an image that is
# there is replaced only by a good one. Used by main.py and run.py.

"""Images."""

import contextlib
import ctypes
import dataclasses
import hashlib
import json
import os
import shlex
import shutil
import tempfile

from . import domain, initramfs, memory, qemu
from .devices import map_ports
from .errors import FrontError, UsageError
from .kernel import get_kernel
from .machine import Machine, machine_from
from .options import CPUS_MAX
from .plan import plan_in_guest, read_plan
from .say import MIB, mib, say, words

FORMAT, FORMAT_VERSION = "vnfkit-image", 1
FILES = ("kernel", "initramfs", "image.json", "domain.xml")
OURS = (*FILES, "control.sock")   # the last is that of a domain that runs
RENAME_EXCHANGE = 2
AT_FDCWD = -100


@dataclasses.dataclass
class Image:
    """What image.json says. sizes: bytes of kernel, initramfs and of the VNF's packet memory."""

    machine: Machine
    sizes: dict
    queues: dict    # {port: that the configuration uses}
    command: list
    foreign: list   # [port, PCI address] of devices to be added by hand
    worker_cpus: list   # that the configuration names
    domain_sha256: str = ""   # of domain.xml as it was made


def image_main(args):
    """The command."""
    output = os.path.realpath(args.output)
    check_output(output)
    with beside(output) as work:
        image = build(args, work, output)
        check_output(output)   # making it took a while
        place(work, output)
    summary(image, output)
    return 0


def check_output(output):
    """An image may be replaced, nothing else."""
    if not os.path.lexists(output):
        if not os.path.isdir(os.path.dirname(output)):
            raise UsageError(f"-o {output}: the folder {os.path.dirname(output)} does not exist")
    elif not is_image(output):
        raise UsageError(f"-o {output}: it exists and is no image of vnfkit; name another folder")
    else:
        check_replaceable(output)


def check_replaceable(folder):
    """An image may be replaced if nothing in it is the user's own."""
    own = sorted(set(os.listdir(folder)) - set(OURS))
    if own:
        raise UsageError(f"-o {folder}: {words(own)} in it would be lost, which vnfkit did not "
                         "make; move it away, or name another folder")
    made = read_json(folder).get("domain_sha256")
    with contextlib.suppress(FileNotFoundError), open(f"{folder}/domain.xml", "rb") as file:
        if made != hashlib.sha256(file.read()).hexdigest():
            raise UsageError(f"-o {folder}: domain.xml in it has been edited since, which would be "
                             "lost; move it away, or name another folder")


def read_json(folder):
    """What image.json has, a dictionary."""
    with open(os.path.join(folder, "image.json"), encoding="utf-8") as file:
        return json.load(file)


def is_image(folder):
    """Was it made by us?"""
    try:
        return read_json(folder).get("format") == FORMAT
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


@contextlib.contextmanager
def beside(output):
    """A temporary folder on the same file system; gone afterwards, whatever happens."""
    try:
        work = tempfile.mkdtemp(prefix=f".{os.path.basename(output)}.", dir=os.path.dirname(output))
    except OSError as error:
        raise FrontError(f"{os.path.dirname(output)}: {error.strerror}") from None
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def build(args, work, output):
    """Make the image in the folder `work`, for use at `output`; the Image."""
    plan = read_plan(args.vnf, args.config)
    devices = map_ports(plan)
    plan = plan_in_guest(plan, devices.arguments)
    kernel = get_kernel(args.kernel)
    tree = initramfs.make(plan, devices, args.driver, kernel.modules)
    size = initramfs.write(tree, os.path.join(work, "initramfs"))
    write_file(work, "kernel", kernel.image)
    machine = Machine(name=plan.name, kernel=f"{output}/kernel", initramfs=f"{output}/initramfs",
                      control=f"{output}/control.sock", memory_mib=0,
                      cpus=max(plan.workers, *plan.worker_cpus, 0) + 1, nics=devices.nics,
                      accel="kvm" if kvm_usable()[0] else "tcg")
    image = Image(machine, {"kernel": len(kernel.image), "initramfs": size,
                            "vnf": plan.memory_bytes},
                  {nic.port: nic.queues for nic in devices.nics},
                  [plan.vnf, "-c", plan.config, *devices.arguments],
                  [list(pair) for pair in devices.foreign], list(plan.worker_cpus))
    adjust(image, args)
    text = domain.text(machine).encode()
    image.domain_sha256 = hashlib.sha256(text).hexdigest()
    write_file(work, "domain.xml", text)
    write_file(work, "image.json", to_json(image).encode())
    os.chmod(work, 0o777 & ~umask())
    return image


def umask():
    """The process's own; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def kvm_usable():
    """(does KVM work here, why not)"""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return False, f"/dev/kvm: {error.strerror}"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        flags = next((line.split() for line in file if line.startswith("flags")), [])
    if not {"vmx", "svm"} & set(flags):
        return False, "the CPU has neither vmx nor svm, so that /dev/kvm is not the usual one"
    return True, ""


def adjust(image, args):
    """The options of the machine, checked against what the VNF uses."""
    machine, sizes = image.machine, image.sizes
    machine.cpus = args.cpus or machine.cpus
    check_cpus(machine.cpus, image.worker_cpus)
    machine.packed |= args.packed
    machine.mergeable &= not args.no_mergeable
    for nic in machine.nics:
        used = image.queues[nic.port]
        if args.queues and args.queues < used:
            raise UsageError(f"--queues {args.queues} is too little: port \"{nic.port}\" uses "
                             f"{used}; lower \"queues\" or \"workers\" in the configuration")
        nic.queues = args.queues or nic.queues
    need = memory.need_bytes(sizes["kernel"], sizes["initramfs"], sizes["vnf"], machine.cpus)
    machine.memory_mib = args.mem or max(machine.memory_mib, memory.default_mib(need))
    memory.check_mib(machine.memory_mib, need, sizes["vnf"], sizes["initramfs"])


def check_cpus(cpus, worker_cpus):
    """The machine must have the processors that the configuration names."""
    need = max(worker_cpus, default=0) + 1
    if need > CPUS_MAX:
        raise UsageError(f"\"cpus\" in the configuration names {words(worker_cpus)}, but a machine "
                         f"has {CPUS_MAX} at most, numbered from 0; name lower ones")
    if need > cpus:
        raise UsageError(f"--cpus {cpus} is too little: \"cpus\" in the configuration names "
                         f"{words(worker_cpus)}, and the machine's are numbered from 0; give "
                         f"--cpus {need}, or name lower ones")


def to_json(image):
    """The text of image.json. Its kernel and initramfs are beside it, wherever it is moved to."""
    raw = dataclasses.asdict(image)
    for name in ("kernel", "initramfs", "control", "accel"):
        del raw["machine"][name]
    return json.dumps({"format": FORMAT, "version": FORMAT_VERSION, **raw}, indent=2) + "\n"


def load(folder):
    """The Image in a folder."""
    folder = os.path.abspath(folder)
    if not is_image(folder):
        raise UsageError(f"{folder} is no image; make one: vnfkit image VNF -c FILE -o DIR")
    try:
        raw = read_json(folder)
        if raw.pop("version") != FORMAT_VERSION:
            raise UsageError(f"{folder} was made by another version of vnfkit; make it again")
        del raw["format"]
        places = {"kernel": f"{folder}/kernel", "initramfs": f"{folder}/initramfs",
                  "control": f"{folder}/control.sock"}
        image = Image(**{**raw, "machine": machine_from({**raw["machine"], **places})})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FrontError(f"{folder}/image.json is damaged ({error}); make the image again"
                         ) from None
    for name in ("kernel", "initramfs"):
        if not os.access(places[name], os.R_OK):
            raise FrontError(f"{places[name]} is missing or may not be read; make the image again")
    return image


def write_file(folder, name, data):
    """A file of the image."""
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def place(work, output):
    """Move the whole image to its place, in one step."""
    try:
        if not os.path.lexists(output):
            os.rename(work, output)
            return
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.renameat2(AT_FDCWD, os.fsencode(work), AT_FDCWD, os.fsencode(output),
                          RENAME_EXCHANGE) == 0:
            return   # the old one is now the temporary folder
        old = f"{work}.old"
        os.rename(output, old)
        os.rename(work, output)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise FrontError(f"{output}: {error.strerror}") from None


def summary(image, output):
    """What was made, and how it is used."""
    machine, sizes = image.machine, image.sizes
    print(f"{output}: kernel {mib(sizes['kernel'])}, initramfs {mib(sizes['initramfs'])}")
    print(f"machine: {machine.memory_mib} MiB (packet memory {sizes['vnf'] // MIB} MiB), "
          f"{machine.cpus} CPU{'s' * (machine.cpus > 1)}")
    print(f"in the guest: {shlex.join(image.command)}")
    for nic in machine.nics:
        print(f"port {nic.port}: {nic.address}, {nic.mac}, {nic.queues} queue"
              f"{'s' * (nic.queues > 1)}, {nic.mode} of {nic.socket}")
    foreign_note(image)
    print(f"\nQEMU:\n{qemu.shell_text(qemu.argv(machine))}")
    path = shlex.quote(f"{output}/domain.xml")
    print(f"\nlibvirt, to keep it: virsh -c {domain.URI} define {path}")
    print(f"libvirt, to run it once: virsh -c {domain.URI} create {path}")
    print(f"start: vnfkit run --qemu {shlex.quote(output)}")


def foreign_note(image):
    """Devices that we cannot know."""
    for port, address in image.foreign:
        say(f"port \"{port}\" needs a device at {address} in the guest, which you add, as in: "
            f"--qemu-arg=-device --qemu-arg=vfio-pci,host=HOST_ADDRESS,addr=0x{address[-4:-2]}")
