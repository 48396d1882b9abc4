# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Python values written as a libconfig file: a dict is a group, a list of dicts a list, another list
# an array. Used by instance.py and the tests. Any thread.

"""Writing configuration files."""


def _value(value, indent):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}L" if abs(value) > 0x7FFFFFFF else str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        keys = " ".join(f"{k} = {_value(v, indent)};" for k, v in value.items() if v is not None)
        return "{ " + keys + " }"
    if value and isinstance(value[0], dict):
        pad = "\t" * (indent + 1)
        return "(\n" + ",\n".join(pad + _value(v, indent + 1) for v in value) + "\n)"
    return "[ " + ", ".join(_value(v, indent) for v in value) + " ]"


def config_text(settings):
    """The file's text; keys whose value is None are left out."""
    return "".join(f"{key} = {_value(value, 0)};\n"
                   for key, value in settings.items() if value is not None)
