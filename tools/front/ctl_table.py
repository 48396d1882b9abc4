# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Results for people: an array of objects is a table, an object a list of names and values, text is
# text. Pure. Used by ctl.py and ctl_watch.py.

"""Tables."""

import json

# Numbers that name something rather than count it.
NAMES = ("cpu", "id", "mtu", "pid", "vlan", "worker")


def is_number(value):
    """Python's truth values are numbers."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def printable(text):
    """Nothing that a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def cell(key, value):
    """A value as a word."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if is_number(value):
        return str(value) if key in NAMES else f"{value:,}"
    if isinstance(value, list) and not any(isinstance(one, (dict, list)) for one in value):
        return ", ".join(cell(key, one) for one in value) or "-"
    if isinstance(value, str):
        return printable(value) or "-"
    return printable(json.dumps(value))


def columns_of(rows):
    """All keys, in the order of their first appearance."""
    return list(dict.fromkeys(key for row in rows for key in row))


def table(rows, columns=None):
    """Lines of a table of dictionaries."""
    columns = columns or columns_of(rows)
    cells = [[cell(key, row.get(key)) for key in columns] for row in rows]
    right = [all(is_number(row[key]) for row in rows if row.get(key) is not None)
             and any(row.get(key) is not None for row in rows) for key in columns]
    widths = [max([len(key), *(len(line[i]) for line in cells)]) for i, key in enumerate(columns)]
    lines = []
    for line in [columns, *cells]:
        words = [word.rjust(width) if numeric else word.ljust(width)
                 for word, width, numeric in zip(line, widths, right)]
        lines.append("  ".join(words).rstrip())
    return lines


def pairs(result):
    """Lines of names and values."""
    width = max((len(key) for key in result), default=0)
    return [f"{key.ljust(width)}  {cell(key, value)}" for key, value in result.items()]


def is_table(result):
    """An array of objects, not an empty one."""
    return isinstance(result, list) and bool(result) and all(isinstance(r, dict) for r in result)


def blocks(rows):
    """Lines of dictionaries whose values are sentences: one below the other."""
    lines = []
    for row in rows:
        lines += ([""] if lines else []) + pairs(row)
    return lines


def is_wordy(rows):
    """Would a table be too wide to read?"""
    return any(isinstance(value, str) and len(value) > 48 for row in rows
               for value in row.values())


def is_group(value):
    """An object, not an empty one."""
    return isinstance(value, dict) and bool(value)


def object_lines(result):
    """Lines of an object: what is a value by itself, then the tables and the objects in it."""
    lines = pairs({key: value for key, value in result.items()
                   if not is_table(value) and not is_group(value)})
    for value in result.values():
        inner = []
        if is_table(value):
            inner = blocks(value) if is_wordy(value) else table(value)
        elif is_group(value):
            inner = object_lines(value)
        lines += ["", *inner] if lines and inner else inner
    return lines


def text_lines(text):
    """Text as it is, but for what a terminal would obey."""
    return [line if line.isprintable() else
            "".join(c if c == "\t" else printable(c) for c in line) for line in text.split("\n")]


def lines_of(result):
    """Any result."""
    if is_table(result):
        return table(result)
    if isinstance(result, list):
        return [cell("", one) for one in result] or ["(none)"]
    if isinstance(result, dict):
        return object_lines(result) or ["(nothing)"]
    if isinstance(result, str):
        return text_lines(result.rstrip("\n"))
    return ["done"] if result is None else [cell("", result)]
