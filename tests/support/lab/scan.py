# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# nmap, which sends what no kernel would, and says what came back. Used by the tests of the
# firewall. Main thread.

"""Port scans."""

import xml.etree.ElementTree

from .errors import LabError
from .process import command
from .programs import installed
from .wait import slow_factor

# Nothing is lost here, so each port is asked once, and what is filtered is waited for: at first so
# long, and longer if an answer that is expected did not come, for machines are busy.
PATIENCE_MS = (400, 2000, 6000)


def _nmap(client, server, ports, options, patience_ms):
    family = ["-6"] if ":" in server.address else []
    times = [word for option in ("--min-rtt-timeout", "--initial-rtt-timeout", "--max-rtt-timeout")
             for word in (option, f"{int(patience_ms * slow_factor())}ms")]
    done = command([installed("nmap"), "-n", "-Pn", "--send-eth", *family, "--max-retries", "0",
                    *times, *options, "-p", ",".join(map(str, ports)), "-oX", "-", server.address],
                   netns=client.netns, timeout=60)
    tree = xml.etree.ElementTree.fromstring(done.stdout)
    found = {int(port.get("portid")): (port.find("state").get("state"),
                                       port.find("state").get("reason"))
             for port in tree.iter("port")}
    return {port: found.get(port, ("unknown", "no-response")) for port in ports}


def scan(client, server, expected, *options):
    """
    Scan ports of `server` from `client`, by these options of nmap; with "-sO" they are protocols.
    `expected`: the states by number, in its words; LabError if there are others. Returns the
    reasons by number.
    """
    for patience_ms in PATIENCE_MS:
        found = _nmap(client, server, list(expected), options, patience_ms)
        wrong = [port for port, (state, _) in found.items() if state != expected[port]]
        if any(found[port][1] != "no-response" for port in wrong) or not wrong:
            break
    if wrong:
        raise LabError(f"nmap {' '.join(options)} {server.address}: {found}, expected {expected}")
    return {port: reason for port, (_, reason) in found.items()}
