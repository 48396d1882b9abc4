# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The guest's kernel: Debian's for clouds, downloaded by apt (no root), never installed. What the
# guest needs of a package is kept in the cache as a small tar file. A package given by hand is read
# each time. Used by image.py.

"""The guest's kernel and its modules."""

import contextlib
import dataclasses
import io
import os
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

from .errors import FrontError, UsageError
from .modules import SUFFIX, loading_order, module_name, unpacked
from .program import not_there, reason, run
from .say import mib, say

META = "linux-image-cloud-amd64"
BY_HAND = "or give the file of a kernel package by --kernel FILE.deb"
# apt changes to a user of its own, which cannot write into our cache, and warns about that.
APT = ("-o", "APT::Sandbox::User=root", "-o", "APT::Get::List-Cleanup=false")


@dataclasses.dataclass
class Kernel:
    """image: the bzImage; modules: [(path in the guest, bytes)] in loading order."""

    name: str
    image: bytes
    modules: list


def cache_dir():
    """Where downloads are kept, made if it is not there."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(base) / "vnfkit"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FrontError(f"the cache {folder} cannot be made: {error.strerror}; set XDG_CACHE_HOME "
                         "to a folder that may be written") from None
    return folder


def get_kernel(package=None):
    """The Kernel of this package file, or of the newest that apt offers."""
    if package:
        if not os.path.isfile(package):
            raise UsageError(f"--kernel {package}: there is no such file")
        return read_package(Path(package))
    folder = cache_dir()
    name = newest_package(folder)
    kept = folder / f"{name.removesuffix('.deb')}.tar"
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as work:
            kernel = read_package(download(name, work))
            keep(kernel, kept, work)
    return read_kept(kept)


def newest_package(folder):
    """The file name of the package that apt would download; without apt the newest kept."""
    try:
        return ask_apt()
    except FrontError as error:
        kept = sorted(folder.glob("linux-image-*.tar"), key=os.path.getmtime)
        if not kept:
            raise
        say(f"{error}\nusing {kept[-1].stem} from the cache")
        return kept[-1].stem


def ask_apt():
    """linux-image-6.1.0-56-cloud-amd64_6.1.192-2_amd64.deb"""
    done = run(["apt-cache", "depends", "--important", META])
    images = re.findall(r"Depends: (linux-image-\S+)", done.stdout.decode(errors="replace"))
    if done.returncode or not images:
        raise FrontError(f"apt knows no package {META}; run: apt-get update, {BY_HAND}")
    done = run(["apt-get", *APT, "download", "--print-uris", images[0]])
    match = re.search(r"^'\S+' (\S+\.deb) ", done.stdout.decode(errors="replace"), re.M)
    if done.returncode or not match:
        raise FrontError(f"apt cannot say where {images[0]} is: {reason(done)}\n"
                         f"run: apt-get update, {BY_HAND}")
    return match[1]


def download(name, folder):
    """Let apt download, which also checks the signature; the path."""
    package = name.partition("_")[0]
    say(f"downloading the kernel {name}, once")
    done = run(["apt-get", *APT, "-q", "download", package], timeout=1800, cwd=folder)
    found = list(Path(folder).glob("*.deb"))
    if done.returncode or not found:
        raise FrontError(f"apt could not download {package}: {reason(done)}\ncheck the network and "
                         f"run: apt-get update, {BY_HAND}")
    return found[0]


def read_package(package):
    """The Kernel in a .deb file."""
    files = package_files(package)
    images = [name for name in files if name.startswith("boot/vmlinuz-")]
    if not images:
        raise UsageError(f"{package} is no package of a kernel: it has no boot/vmlinuz; take "
                         "linux-image-...-cloud-amd64, not the package that only depends on it")
    builtin = {module_name(line) for name, data in files.items()
               if name.endswith("/modules.builtin") for line in data.decode().split()}
    paths = {module_name(name): name for name in files if SUFFIX.search(name)}
    modules = {name: unpacked(path, files[path]) for name, path in paths.items()}
    order = loading_order(modules, builtin)
    return Kernel(images[0].removeprefix("boot/vmlinuz-"), files[images[0]],
                  [(guest_path(paths[name]), modules[name]) for name in order])


def guest_path(path):
    """Where a module of the package stands in the guest."""
    return "/usr/" + SUFFIX.sub(".ko", path.removeprefix("usr/"))


def package_files(package):
    """{path: bytes} of what matters in a .deb file."""
    argv = ["dpkg", "--fsys-tarfile", str(package)]
    try:
        dpkg = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise FrontError(not_there("dpkg")) from None
    with dpkg, contextlib.suppress(tarfile.ReadError):
        with tarfile.open(fileobj=dpkg.stdout, mode="r|") as tar:
            files = {member.name.removeprefix("./"): tar.extractfile(member).read()
                     for member in tar if member.isfile() and matters(member.name)}
        dpkg.stdout.read()
        if dpkg.wait() == 0:
            return files
    error = dpkg.stderr.read().decode(errors="replace") if not dpkg.stderr.closed else ""
    raise UsageError(f"{package} cannot be read as a Debian package"
                     f"{': ' + error.strip().splitlines()[-1] if error.strip() else ''}")


def matters(name):
    """Kernel, modules, and which are built in."""
    return "/vmlinuz-" in name or name.endswith("/modules.builtin") or bool(SUFFIX.search(name))


def keep(kernel, path, work):
    """Write a Kernel into the cache, whole or not at all."""
    temporary = Path(work) / "kept"
    with tarfile.open(temporary, "w") as tar:
        for name, data in [(f"boot/vmlinuz-{kernel.name}", kernel.image), *kernel.modules]:
            info = tarfile.TarInfo(name.lstrip("/"))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    temporary.rename(path)
    say(f"kept in {path.parent}: {mib(path.stat().st_size)}")


def read_kept(path):
    """The Kernel of the cache."""
    try:
        with tarfile.open(path) as tar:
            files = [(member.name, tar.extractfile(member).read()) for member in tar]
    except (OSError, tarfile.TarError) as error:
        raise FrontError(f"{path} cannot be read: {error}; remove it, and it is made again"
                         ) from None
    image, *modules = files
    return Kernel(image[0].removeprefix("boot/vmlinuz-"), image[1],
                  [("/" + name, data) for name, data in modules])
