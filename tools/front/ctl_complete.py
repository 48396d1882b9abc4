# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Words that may follow on a command line of vnfkit ctl, for the shell's completion: instances,
# commands, arguments and their values, as the instance tells them. Whatever goes wrong, there is
# nothing to complete. Used by ctl.py.

"""Completion."""

from .ctl_args import Arguments, command_words, find_command, split_options
from .ctl_client import ask
from .ctl_find import instances, socket_of
from .errors import FrontError

OPTIONS = ["--json", "--name", "--socket", "--timeout", "--watch", "--help"]
# Where the values of an argument come from: a command, and the field of its rows.
SOURCES = {"port": ("ports", "name"), "worker": ("workers", "worker"),
           "domain": ("domains", "domain")}
TIMEOUT_S = 1.0


def values_of(arg, path):
    """What an argument may be."""
    if arg["type"] == "enum":
        return arg["choices"]
    if arg["type"] == "bool":
        return ["true", "false"]
    if arg["name"] in SOURCES:
        command, field = SOURCES[arg["name"]]
        return [str(row[field]) for row in ask(path, command, timeout=TIMEOUT_S)]
    return []


def argument_words(command, given, word, path):
    """What may stand for an argument."""
    known = Arguments(command)
    key, equals, _ = word.lstrip("-").partition("=")
    if equals:
        return [f"{word.partition('=')[0]}={value}" for value in values_of(known.known(key), path)]
    for one in given:
        name = one.lstrip("-").partition("=")[0]
        if name in known.by_name:
            known.put(known.by_name[name], True)
        elif not one.startswith("-"):
            known.bare(one)
    free = [arg for arg in command["args"] if arg["name"] not in known.values]
    found = [arg["name"] for arg in free if arg["type"] == "bool"]
    bare = [arg for arg in free if arg["type"] != "bool"]
    if bare:
        found += values_of(bare[0], path)
    return found + [f"--{arg['name']}" for arg in free]


def candidates(given, word):
    """Words that may stand where `word` has been begun."""
    if given and given[-1] in ("-n", "--name"):
        return [entry.name for entry in instances()]
    if given and given[-1] in ("--socket", "--timeout"):
        return []
    options = split_options(given)
    path = options.socket or socket_of(options.name)
    commands = ask(path, "commands", timeout=TIMEOUT_S)
    names = [command["name"] for command in commands]
    if not options.rest:
        return ["list", "help", *names, *OPTIONS]
    if options.rest[0] == "help":
        return names
    first = options.rest[0]
    second = [name[len(first) + 1:] for name in names if name.startswith(first + "-")]
    if len(options.rest) > 1:
        second = []
    elif second and first not in names:
        return second
    name, given = command_words(options.rest, commands)
    return second + argument_words(find_command(name, commands), given, word, path) + OPTIONS


def complete(arguments):
    """Print the candidates, one a line; the last argument is the word that is being typed."""
    *given, word = arguments or [""]
    try:
        found = candidates(given, word)
    except (FrontError, KeyError, TypeError):
        found = ["list", "help", *OPTIONS] if not given else []
    for one in dict.fromkeys(found):
        if one.startswith(word):
            print(one)
    return 0
