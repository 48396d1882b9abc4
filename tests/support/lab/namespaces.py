# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Network namespaces, and what this user may do with them on this machine. An ordinary user gets a
# user namespace of his own (enter()), in which he is root over networks that nobody else sees.
# Used by the topology, the demo and the tests' conftest. Main thread.

"""Namespaces, interfaces, capabilities."""

import contextlib
import dataclasses
import glob
import json
import os
import subprocess
import sys

from .errors import LabError, LabUnavailable
from .process import command

INSIDE = "VNFKIT_LAB_INSIDE"
FORCE = "VNFKIT_LAB_ENDPOINTS"


@dataclasses.dataclass
class Capabilities:
    """What is possible here. Each `why_*` is empty if it is, else a sentence."""

    user: str
    cpus: list
    hugepages_free: int
    why_no_namespaces: str
    why_no_tap: str
    why_no_veth: str

    @property
    def endpoints(self):
        """How kernel endpoints are attached: "tap", "af_packet", or "none"."""
        forced = os.environ.get(FORCE)
        if forced:
            return forced
        if self.why_no_namespaces:
            return "none"
        if not self.why_no_tap:
            return "tap"
        return "none" if self.why_no_veth else "af_packet"

    def why_no_endpoints(self):
        """The reasons behind endpoints == "none"."""
        return self.why_no_namespaces or "; ".join(filter(None, (self.why_no_tap,
                                                                  self.why_no_veth)))

    def require_endpoints(self):
        """Raise LabUnavailable where no client and server can be had."""
        if self.endpoints == "none":
            raise LabUnavailable(self.why_no_endpoints() or f"{FORCE} forbids it")


def _try(argv):
    """Empty if the command works, else what it said."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    text = (done.stderr or done.stdout).strip().splitlines()
    return "" if done.returncode == 0 else (text[-1] if text else f"exit code {done.returncode}")


def _hugepages_free():
    total = 0
    for path in glob.glob("/sys/kernel/mm/hugepages/*/free_hugepages"):
        with contextlib.suppress(OSError), open(path, encoding="ascii") as f:
            total += int(f.read())
    return total


def _who():
    if os.environ.get(INSIDE):
        return "ordinary user in a user namespace"
    return "root" if os.geteuid() == 0 else "ordinary user"


def capabilities():
    """Find out what is possible by trying it, in namespaces that vanish at once."""
    namespaces = _try(["unshare", "--net", "--mount", "true"])
    if namespaces:
        namespaces = f"network namespaces cannot be made here ({namespaces})"
    tap = veth = namespaces
    if not namespaces:
        tap = _try(["unshare", "--net", "ip", "tuntap", "add", "dev", "t0", "mode", "tap"])
        tap = tap and f"tap devices cannot be made here: /dev/net/tun: {tap}"
        veth = _try(["unshare", "--net", "ip", "link", "add", "v0", "type", "veth",
                     "peer", "name", "v1"])
        veth = veth and f"veth pairs cannot be made here ({veth})"
    return Capabilities(_who(), sorted(os.sched_getaffinity(0)), _hugepages_free(),
                        namespaces, tap, veth)


def enter(may_exec=True):
    """
    Become able to make namespaces, if this user may: an ordinary user's program is executed anew
    inside of a user namespace, and `ip netns` gets a /run of its own there. Call it first thing.
    With `may_exec` false only the second half is done, for a program that was so executed.
    """
    if os.environ.get(INSIDE):
        _prepare_inside()
        return
    if os.geteuid() == 0 or not may_exec or os.environ.get(FORCE) == "none":
        return
    unshare = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    if _try(unshare + ["true"]):
        return
    env = {**os.environ, INSIDE: "1"}
    env.pop("XDG_RUNTIME_DIR", None)
    sys.stdout.flush()
    os.execvpe("unshare", unshare + [sys.executable] + sys.orig_argv[1:], env)


def _prepare_inside():
    if os.path.ismount("/run") and os.access("/run", os.W_OK) and os.path.exists("/run/.vnfkit"):
        return
    why = _try(["mount", "-t", "tmpfs", "tmpfs", "/run"])
    if why:
        raise LabError(f"a private /run cannot be mounted in the user namespace: {why}")
    with open("/run/.vnfkit", "w", encoding="ascii"):
        pass
    command(["ip", "link", "set", "lo", "up"])


class Namespace:
    """A network namespace of a run."""

    def __init__(self, run, what):
        self.run = run
        self.name = run.name(what)
        self.path = f"/run/netns/{self.name}"
        command(["ip", "netns", "add", self.name])
        run.namespaces.append(self.name)
        run.defer(self.delete)
        # Neighbour and router discovery would add packets of their own to the counters.
        command(["sh", "-c", "echo 1 | tee /proc/sys/net/ipv6/conf/*/disable_ipv6"],
                netns=self, check=False)
        self.ip("link", "set", "lo", "up")

    def enter_argv(self):
        """Words to put before a command so that it runs in the namespace."""
        return ["nsenter", f"--net={self.path}", "--"]

    def ip(self, *words):
        """Run `ip` in the namespace."""
        return command(["ip", "-n", self.name, *words])

    def sysctl(self, key, value):
        """Set one of net.* in the namespace."""
        command(["sh", "-c", f"echo {value} >/proc/sys/net/{key}"], netns=self)

    def delete(self):
        """Remove it; the devices inside go with it."""
        if os.path.exists(self.path):
            command(["ip", "netns", "del", self.name])

    def link(self, ifname):
        """An interface with its counters, as `ip -s -j link` shows it; None if there is none."""
        done = command(["ip", "-n", self.name, "-s", "-j", "link", "show", "dev", ifname],
                       check=False)
        return json.loads(done.stdout)[0] if done.returncode == 0 else None


@contextlib.contextmanager
def reserved_hugepages(pages):
    """Reserve 2 MB pages for a while (root); give them back after."""
    knob = "/proc/sys/vm/nr_hugepages"
    try:
        with open(knob, encoding="ascii") as f:
            before = int(f.read())
        with open(knob, "w", encoding="ascii") as f:
            f.write(f"{before + pages}\n")
    except OSError as error:
        raise LabUnavailable(f"hugepages cannot be reserved here: {error}") from error
    try:
        if _hugepages_free() < pages:
            raise LabUnavailable(f"the kernel has no {pages} free hugepages to give "
                                 "(memory is too fragmented, or too small)")
        yield
    finally:
        with open(knob, "w", encoding="ascii") as f:
            f.write(f"{before}\n")
