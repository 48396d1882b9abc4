# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The words of a command line of vnfkit ctl: its own options, which may stand anywhere, and the
# arguments of a command by the schema that the instance tells: bare values in its order, KEY=VALUE,
# --KEY VALUE, and the names of booleans. Pure. Used by ctl.py.

"""Words to options and arguments."""

import dataclasses
import difflib
import re

from .errors import UsageError
from .say import words as words_of

INTEGERS = ("u32", "u64", "bytes", "count", "duration")
TRUTHS = {"true": True, "yes": True, "on": True, "1": True,
          "false": False, "no": False, "off": False, "0": False}


@dataclasses.dataclass
class Options:
    """What is said to vnfkit ctl itself, and the rest."""

    name: str = ""
    socket: str = ""
    json: bool = False
    watch: float = 0.0
    timeout: float = 5.0
    help: bool = False
    rest: list = dataclasses.field(default_factory=list)


def seconds(option, text):
    """A time."""
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]+)?", text) or float(text) <= 0:
        raise UsageError(f'{option}: "{text}" is not allowed; seconds, more than 0')
    return float(text)


def needed(option, value, left):
    """The value of an option: behind =, or the next word."""
    if value is None and not left:
        raise UsageError(f"{option}: its value is missing")
    return left.pop(0) if value is None else value


def watch_period(value, left):
    """The period may be left out."""
    if value is None and left and re.fullmatch(r"[0-9.]+", left[0]):
        value = left.pop(0)
    return seconds("--watch", value) if value is not None else 1.0


def flag(option, value):
    """An option without a value."""
    if value is not None:
        raise UsageError(f"{option} has no value")
    return True


def split_options(arguments):
    """Options; what is not of vnfkit ctl itself is the rest."""
    options, left = Options(), list(arguments)
    while left:
        word = left.pop(0)
        option, equals, value = word.partition("=")
        value = value if equals else None
        if word == "--":
            options.rest += left
            break
        if option in ("-n", "--name"):
            options.name = needed(option, value, left)
        elif option == "--socket":
            options.socket = needed(option, value, left)
        elif option == "--timeout":
            options.timeout = seconds(option, needed(option, value, left))
        elif option == "--watch":
            options.watch = watch_period(value, left)
        elif option == "--json":
            options.json = flag(option, value)
        elif option in ("-h", "--help"):
            options.help = flag(option, value)
        else:
            options.rest.append(word)
    if options.name and options.socket:
        raise UsageError("-n and --socket both say which instance; one of them is enough")
    return options


# ---- arguments by schema ----

def near(word, allowed):
    """A suggestion, or nothing."""
    found = difflib.get_close_matches(word, allowed, 1)
    return f', did you mean "{found[0]}"?' if found else ""


def command_words(words, commands):
    """The name and what follows it; `capture start` is `capture-start`."""
    joined = "-".join(words[:2])
    if len(words) > 1 and any(command["name"] == joined for command in commands):
        return joined, words[2:]
    return words[0], words[1:]


def find_command(name, commands):
    """The command's description."""
    for command in commands:
        if command["name"] == name:
            return command
    names = [command["name"] for command in commands] + ["list", "help"]
    raise UsageError(f'there is no command "{name}"' +
                     (near(name, names) or f"; there are {words_of(names)}"))


def truth(key, text):
    """A boolean."""
    if text not in TRUTHS:
        raise UsageError(f'{key}: "{text}" is not allowed; true or false')
    return TRUTHS[text]


def value_of(arg, text):
    """A word as JSON has it. What is out of range, or no number, the instance says."""
    if arg["type"] == "bool":
        return truth(arg["name"], text)
    if arg["type"] in INTEGERS and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if arg["type"] == "strings":
        return text.split(",") if text else []
    if arg["type"] == "u32s":
        return [int(one) if re.fullmatch(r"[0-9]{1,18}", one) else one
                for one in text.split(",") if one]
    return text


class Arguments:
    """A command's arguments as they come in."""

    def __init__(self, command):
        self.command = command
        self.by_name = {arg["name"]: arg for arg in command["args"]}
        self.values = {}

    def known(self, key):
        """The argument of this name; - and _ are one."""
        for name in (key, key.replace("-", "_"), key.replace("_", "-")):
            if name in self.by_name:
                return self.by_name[name]
        have = f"; it has {words_of(self.by_name)}" if self.by_name else "; it has none"
        raise UsageError(f'"{self.command["name"]}" has no argument "{key}"' +
                         (near(key, self.by_name) or have))

    def put(self, arg, value):
        """Each once."""
        if arg["name"] in self.values:
            raise UsageError(f'{arg["name"]} is given twice')
        self.values[arg["name"]] = value

    def named(self, key, text, left):
        """--KEY VALUE, --KEY=VALUE; a boolean alone is true."""
        arg = self.known(key)
        if text is None and arg["type"] == "bool":
            self.put(arg, True)
            return
        if text is None and not left:
            raise UsageError(f"--{key}: its value is missing")
        self.put(arg, value_of(arg, left.pop(0) if text is None else text))

    def bare(self, word):
        """The next one that is not given yet; or the name of a boolean."""
        free = [arg for arg in self.command["args"] if arg["name"] not in self.values]
        for arg in free:
            if arg["type"] == "bool" and word in (arg["name"], arg["name"].replace("_", "-")):
                self.put(arg, True)
                return
        for arg in free:
            if arg["type"] != "bool":
                self.put(arg, value_of(arg, word))
                return
        raise UsageError(f'"{word}" is one too many: {usage(self.command)}')

    def complete(self):
        """All of them, or what is missing."""
        for arg in self.command["args"]:
            if arg["required"] and arg["name"] not in self.values:
                raise UsageError(f'{arg["name"]} is missing: {usage(self.command)}')
        return self.values


def arguments_of(command, given):
    """The words behind the command as a dictionary."""
    arguments, left = Arguments(command), list(given)
    while left:
        word = left.pop(0)
        key, equals, text = word.partition("=")
        if word.startswith("--") and len(word) > 2:
            arguments.named(key[2:], text if equals else None, left)
        elif equals and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", key):
            arguments.named(key, text, left)
        else:
            arguments.bare(word)
    return arguments.complete()


def usage(command):
    """How it is called."""
    text = f"vnfkit ctl {command['name']}"
    for arg in command["args"]:
        word = arg["name"] if arg["type"] == "bool" else arg["name"].upper()
        text += f" {word}" if arg["required"] else f" [{word}]"
    return text
