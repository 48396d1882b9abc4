# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Pairs of measurements and what they say: the ratio of each pair, then median and quartiles of the
# ratios. Speeds drift on a machine that others use; the two halves of a pair are seconds apart, so
# that most of the drift is in both. Any thread.

"""Medians and quartiles of ratios."""

import dataclasses
import statistics

from .disturbed import DISTURBED


def quartiles(values):
    """(first quartile, median, third quartile)."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


@dataclasses.dataclass
class Ratio:
    """How often the first is the second."""

    name: str
    first: str
    second: str
    values: list  # one a pair
    left_out: int = 0

    @property
    def median(self):
        """Of the ratios; 0 where there is none."""
        return statistics.median(self.values) if self.values else 0.0

    def words(self):
        """One line."""
        if not self.values:
            return f"{self.first} : {self.second} = ? (no packets)"
        low, middle, high = quartiles(self.values)
        out = f", {self.left_out} left out as disturbed" if self.left_out else ""
        return (f"{self.first} : {self.second} = {middle:.3f}   "
                f"(quartiles {low:.3f} to {high:.3f}, {len(self.values)} pairs{out})")


def quiet_pairs(results, first, second):
    """Pairs of results of the same round, without those that others disturbed; or all."""
    pairs = list(zip(results[first], results[second]))
    return [p for p in pairs if max(p[0].disturbed, p[1].disturbed) <= DISTURBED] or pairs


def ratio_of(name, results, first, second):
    """The ratio of two rows of results (label -> one Result a round), paired by round."""
    pairs = quiet_pairs(results, first, second)
    return Ratio(name, first, second, [a.rate / b.rate for a, b in pairs if b.rate > 0],
                 len(results[first]) - len(pairs))


def quiet_rates(results):
    """Rates of the results, without those that others disturbed; or all."""
    return [r.rate for r in results if r.disturbed <= DISTURBED] or [r.rate for r in results]


def rate_words(values, unit=1e6, digits=3):
    """Median and quartiles of plain numbers, in `unit`."""
    low, middle, high = (v / unit for v in quartiles(values))
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
