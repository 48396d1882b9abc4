# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A strict reader of the metrics page, in both of its formats: what Prometheus would pass over is an
# error here. Used by the lab tests. Any thread.

"""Reading a metrics page."""

import re

LINE = re.compile(r"(?P<name>[a-z][a-z0-9_]*)(?:\{(?P<labels>.*)\})? (?P<value>-?[0-9]+(?:\.[0-9]+)?)")
LABEL = re.compile(r'([a-z][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def _labels(text):
    found, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        assert match, f"labels: {text!r} from {at}"
        assert match[1] not in found, f"twice: {match[1]} in {text!r}"
        found[match[1]] = match[2]
        at = match.end()
    return found


def parse(text, openmetrics=False):
    """
    The page as {(name, frozenset of labels): value}. AssertionError if it is not well-formed: each
    family has HELP, then TYPE, then its samples, once; no sample is there twice.
    """
    lines = text.split("\n")
    assert lines.pop() == "", "the last line must end"
    if openmetrics:
        assert lines.pop() == "# EOF"
    values, families, family, kind = {}, set(), None, None
    for line in lines:
        if line.startswith("# HELP "):
            family, kind = line.split(" ", 3)[2], None
            assert family not in families, f"family twice: {family}"
            families.add(family)
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and kind in ("counter", "gauge"), line
            assert openmetrics or (kind == "counter") == family.endswith("_total"), line
            continue
        match = LINE.fullmatch(line)
        assert match and kind, f"no sample: {line!r}"
        suffix = "_total" if openmetrics and kind == "counter" else ""
        assert match["name"] == family + suffix, line
        key = (match["name"], frozenset(_labels(match["labels"] or "").items()))
        assert key not in values, f"sample twice: {line}"
        values[key] = float(match["value"]) if "." in match["value"] else int(match["value"])
    return values


class Page:
    """A parsed page, to be asked for values."""

    def __init__(self, text, openmetrics=False):
        self.values = parse(text, openmetrics)

    def get(self, name, **labels):
        """The one value with this name and, among others, these labels."""
        found = [value for (n, have), value in self.values.items()
                 if n == name and labels.items() <= dict(have).items()]
        assert len(found) == 1, f"{name} {labels}: {found}"
        return found[0]
