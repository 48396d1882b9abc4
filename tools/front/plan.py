# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What a VNF says that it will do: the answer of VNF -c FILE --plan. The VNF reads its own
# configuration; nobody else does. Used by image.py and run.py.

"""A VNF's plan."""

import dataclasses
import json
import os
import shutil

from .errors import AlreadySaid, FrontError, UsageError
from .program import run


@dataclasses.dataclass(frozen=True)
class Port:
    """A port as the configuration has it, defaults included."""

    name: str
    kind: str
    mac: str
    mtu: int
    queues: int
    settings: dict


@dataclasses.dataclass(frozen=True)
class Plan:
    """The whole of it. vnf and config are the absolute paths that were asked."""

    vnf: str
    config: str
    name: str
    version: str
    files: tuple
    workers: int
    memory_bytes: int
    ports: tuple
    worker_cpus: tuple = ()   # that the configuration names


def find_vnf(name):
    """The absolute path of a VNF given by path, or by a name that is in PATH."""
    path = shutil.which(name)
    if path:
        return os.path.abspath(path)
    if not os.path.exists(name):
        where = "does not exist" if "/" in name else "is neither a file nor in PATH"
        raise UsageError(f"{name} {where}; name the program of a VNF")
    raise UsageError(f"{name} is not a program that may be run")


def read_plan(vnf, config, arguments=()):
    """Ask the VNF. What it finds wrong it prints itself."""
    vnf, config = find_vnf(vnf), os.path.abspath(config)
    done = run([vnf, "-c", config, *arguments, "--plan"], stderr=None)
    if done.returncode < 0:
        raise FrontError(f"{vnf} --plan was ended by signal {-done.returncode}")
    if done.returncode == 2:
        raise AlreadySaid(2)
    if done.returncode != 0:
        raise FrontError(f"{vnf} --plan failed with exit code {done.returncode}")
    return parse_plan(vnf, config, done.stdout)


def plan_in_guest(plan, arguments):
    """The plan as the VNF has it with its arguments there: ports and files stay those of the file.

    What it would refuse in the guest it refuses here, before anything is made.
    """
    if not arguments:
        return plan
    there = read_plan(plan.vnf, plan.config, arguments)
    return dataclasses.replace(plan, workers=there.workers, memory_bytes=there.memory_bytes,
                               worker_cpus=there.worker_cpus)


def parse_plan(vnf, config, text):
    """The Plan of what it printed."""
    try:
        raw = json.loads(text)
        names = [field.name for field in dataclasses.fields(Port)]
        ports = tuple(Port(**{name: port[name] for name in names}) for port in raw["ports"])
        return Plan(vnf=vnf, config=config, name=raw["name"], version=raw["version"],
                    files=tuple(raw["files"]), workers=int(raw["workers"]),
                    memory_bytes=int(raw["memory_bytes"]), ports=ports,
                    worker_cpus=tuple(int(cpu) for cpu in raw.get("worker_cpus", ())))
    except (ValueError, KeyError, TypeError) as error:
        raise FrontError(f"{vnf} --plan printed no plan ({type(error).__name__}: {error}); is it a "
                         "VNF made with this version of vnfkit?") from None
