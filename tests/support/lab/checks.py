# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Checks on numbers: does a ledger balance, do the counters of neighbouring stages agree. Each
# returns what it found; whether that is a failure is the caller's decision. Any thread.

"""Ledgers and stages."""

import dataclasses


def ledger_faults(name, ledger):
    """Sentences about a ledger that does not balance; empty if it does."""
    came = ledger["rx"] + ledger["created"] + ledger["handed_in"]
    went = ledger["tx"] + ledger["drops"] + ledger["handed_out"] + ledger["held"]
    faults = []
    if came != went:
        faults.append(f"{name}: the ledger is off by {came - went}: came {came}, went {went}: "
                      f"{ledger}")
    if ledger["balance"] != came - went:
        faults.append(f"{name}: says its balance is {ledger['balance']}, it is {came - went}")
    return faults


def ledger_words(ledger):
    """The ledger as one line of arithmetic."""
    left = f"rx {ledger['rx']:,} + created {ledger['created']:,}"
    right = f"tx {ledger['tx']:,} + drops {ledger['drops']:,} + held {ledger['held']:,}"
    if ledger["handed_in"] or ledger["handed_out"]:
        left += f" + handed in {ledger['handed_in']:,}"
        right += f" + handed out {ledger['handed_out']:,}"
    return f"{left} = {right}"


@dataclasses.dataclass
class Hop:
    """What one stage sent, and what the next says it received."""

    sender: str
    sent: int
    receiver: str
    received: int

    @property
    def lost(self):
        """Packets that are not accounted for."""
        return self.sent - self.received


def packets(report):
    """Port name -> (rx_packets, tx_packets) of a report."""
    return {p["name"]: (p["rx_packets"], p["tx_packets"]) for p in report["ports"]}


def drops(report):
    """(port, reason) -> count of a report, only those that happened."""
    return {(p["name"], reason): n for p in report["ports"]
            for reason, n in p.get("drops", {}).items() if n}
