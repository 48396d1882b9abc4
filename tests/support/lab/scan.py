# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# nmap, which sends what no kernel would, and says what came back. Used by the tests of the firewall.
# Main thread.

"""Port scans."""

import xml.etree.ElementTree

from .process import command
from .programs import installed
from .wait import slow_factor

# Nothing is lost here, so each is asked once; what is filtered is waited for.
PATIENCE_MS = 400


def _patience():
    ms = int(PATIENCE_MS * slow_factor())
    return ["--max-retries", "0", "--min-rtt-timeout", f"{ms}ms", "--initial-rtt-timeout", f"{ms}ms",
            "--max-rtt-timeout", f"{ms}ms"]


def nmap(client, server, ports, *options):
    """
    Scan these ports ("80,81") of `server` from `client`: {number: (state, reason)}, in nmap's words.
    With "-sO", the numbers are protocols.
    """
    family = ["-6"] if ":" in server.address else []
    done = command([installed("nmap"), "-n", "-Pn", "--send-eth", *family, *_patience(), *options,
                    "-p", ports, "-oX", "-", server.address], netns=client.netns, timeout=60)
    tree = xml.etree.ElementTree.fromstring(done.stdout)
    # Ports in one state may be told as a number of them: "filtered ports are not shown".
    found = {int(port.get("portid")): (port.find("state").get("state"),
                                       port.find("state").get("reason"))
             for port in tree.iter("port")}
    alike = [(group.get("state"), reason.get("reason"), reason.get("ports"))
             for group in tree.iter("extraports") for reason in group.iter("extrareasons")]
    for state, reason, numbers in alike:
        found.update({int(number): (state, reason) for number in (numbers or "").split(",")
                      if number.isdigit()})
    return found


def states(*args):
    """The same without the reasons."""
    return {number: state for number, (state, _) in nmap(*args).items()}
