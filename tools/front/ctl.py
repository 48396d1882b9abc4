# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnfkit ctl: lists the running instances and asks one of them. What can be asked, the instance
# itself says: this program knows no command but "commands". Used by main.py.

"""The command that talks to instances."""

import json
import time

from .ctl_args import arguments_of, command_words, find_command, split_options, usage
from .ctl_client import ask
from .ctl_complete import complete
from .ctl_find import instances, no_instance, socket_of
from .ctl_table import lines_of, table
from .ctl_watch import watch
from .errors import FrontError, UsageError
from .say import say

TEXT = """\
usage: vnfkit ctl [-n NAME | --socket PATH] [--json] [--watch [SECONDS]] COMMAND [ARG]...
       vnfkit ctl list
       vnfkit ctl help [COMMAND]

Asks a running instance of a VNF or of vnf-switch. If only one runs, it need not be named.

  list               the instances that run
  help               the commands of the instance
  help COMMAND       a command's arguments

  -n, --name NAME    the instance of this name
  --socket PATH      the instance that has this control socket
  --json             print the result as it came
  --watch [SECONDS]  ask again and again, with growth per second (every second)
  --timeout SECONDS  how long to wait for an answer (5)

An argument is a bare value, in the order that help tells, or KEY=VALUE or --KEY VALUE; a yes-or-no
one is set by its name.
Exit codes: 0 done, 1 the instance refused or cannot be reached, 2 wrong command line."""

LIST_TIMEOUT_S = 1.0


def ctl_main(args):
    """The command."""
    if args.words[:1] == ["__complete"]:
        return complete(args.words[1:])
    options = split_options(args.words)
    if options.help:
        print(TEXT)
        return 0
    if not options.rest:
        raise UsageError("a command is missing; list, help, or one of the instance's\n"
                         "Try: vnfkit ctl --help")
    own = {"list": list_command, "help": help_command}.get(options.rest[0], instance_command)
    return own(options)


def emit(result, as_json):
    """A result, once."""
    print(json.dumps(result, indent=2) if as_json else "\n".join(lines_of(result)))


# ---- list ----

def list_command(options):
    """vnfkit ctl list"""
    if len(options.rest) > 1:
        raise UsageError(f'list: "{options.rest[1]}" is one too many; it has no arguments')
    if options.watch:
        watch(list_rows, options.watch, "vnfkit ctl list", options.json)
    rows = list_rows()
    if not rows and not options.json:
        say(no_instance())
        return 0
    if options.json:
        emit(rows, True)
    else:
        print("\n".join(table([{**row, "uptime": span(row["uptime"])} for row in rows])))
    return 0


def list_rows():
    """A row for each instance."""
    return [list_row(entry) for entry in instances()]


def list_row(entry):
    """One that does not answer is listed all the same."""
    ports, state = None, "running"
    if not entry.control:
        state = "no control socket"
    else:
        try:
            ports = ask(entry.control, "info", timeout=LIST_TIMEOUT_S)["ports"]
        except FrontError as error:
            state = "no access" if "may not connect" in str(error) else "does not answer"
    return {"name": entry.name, "program": entry.program, "version": entry.version,
            "pid": entry.pid, "ports": ports, "uptime": max(0, int(time.time()) - entry.started),
            "state": state}


def span(seconds):
    """A time for people."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours}h"
    if hours:
        return f"{hours}h{minutes}m"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


# ---- help ----

def help_command(options):
    """vnfkit ctl help"""
    path = options.socket or socket_of(options.name)
    commands = ask(path, "commands", timeout=options.timeout)
    name, more = command_words(options.rest[1:] or [""], commands)
    if more:
        raise UsageError(f'help: "{more[0]}" is one too many; help [COMMAND]')
    if name:
        command = find_command(name, commands)
        if options.json:
            emit(command, True)
        else:
            print("\n".join(command_help(command)))
    elif options.json:
        emit(commands, True)
    else:
        width = max(len(command["name"]) for command in commands)
        print("\n".join(f"{command['name'].ljust(width)}  {command['help']}"
                        for command in sorted(commands, key=lambda one: one["name"])))
    return 0


def command_help(command):
    """Lines about one command."""
    yield usage(command)
    yield command["help"]
    if command["args"]:
        yield ""
        width = max(len(arg["name"]) for arg in command["args"])
        for arg in command["args"]:
            yield f"  {arg['name'].ljust(width)}  {arg['doc']} {argument_form(arg)}".rstrip()


def argument_form(arg):
    """How an argument is written."""
    form = "|".join(arg["choices"]) if "choices" in arg else arg["type"]
    if "unit" in arg:
        form += f", {arg['unit']}"
    if arg["required"]:
        form += ", required"
    elif "default" in arg:
        form += f", default {arg['default']}"
    return f"({form})"


# ---- commands of the instance ----

def instance_command(options):
    """vnfkit ctl COMMAND"""
    path = options.socket or socket_of(options.name)
    commands = ask(path, "commands", timeout=options.timeout)
    name, given = command_words(options.rest, commands)
    args = arguments_of(find_command(name, commands), given)

    def question():
        return ask(path, name, args, options.timeout)

    if options.watch:
        title = " ".join(["vnfkit ctl", *options.rest])
        watch(question, options.watch, f"{title}, every {options.watch:g} s", options.json)
    emit(question(), options.json)
    return 0
