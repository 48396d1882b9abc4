# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Short runs of other programs: their output, or an error that says what to install. Used by
# everything that calls apt, dpkg, ldd or a VNF.

"""Running other programs."""

import os
import subprocess

from .errors import FrontError

PACKAGES = {
    "apt-cache": "apt",
    "apt-get": "apt",
    "dpkg": "dpkg",
    "ldd": "libc-bin",
    "pkg-config": "pkg-config",
    "qemu-system-x86_64": "qemu-system-x86",
    "setpriv": "util-linux",
    "zstd": "zstd",
}


def not_there(name):
    """What to say when a program is missing."""
    package = PACKAGES.get(os.path.basename(name))
    how = f"; install it: apt-get install --no-install-recommends {package}" if package else ""
    return f"{name} is not installed{how}"


def run(argv, timeout=60, stderr=subprocess.PIPE, cwd=None, data=None):
    """Run to the end; the CompletedProcess, output in bytes, whatever its code."""
    env = dict(os.environ, LC_ALL="C.UTF-8")
    stdin = {"stdin": subprocess.DEVNULL} if data is None else {"input": data}
    try:
        return subprocess.run(argv, stdout=subprocess.PIPE, stderr=stderr, timeout=timeout, env=env,
                              cwd=cwd, check=False, **stdin)
    except FileNotFoundError:
        raise FrontError(not_there(argv[0])) from None
    except subprocess.TimeoutExpired:
        raise FrontError(f"{' '.join(argv)} did not end within {timeout} s") from None
    except OSError as error:
        raise FrontError(f"{argv[0]} cannot be run: {error.strerror}") from None


def reason(done):
    """The last lines that it wrote about its failure."""
    text = (done.stderr or b"").decode(errors="replace").strip()
    return "\n".join(text.splitlines()[-3:]) or f"exit code {done.returncode}"
