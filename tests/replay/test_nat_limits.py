# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What an inside host may have of vnf-nat: external ports of each protocol, sessions, and new ones a
# second (RFC 6888 REQ-4, REQ-5). What it has stays, and others have as much.

"""Limits of hosts."""

from nat import at, scene, staged

PORTS = staged(more="limits = { ports = 4; };")
SESSIONS = staged(more='limits = { sessions = 5; }; profile = "cgn";')
RATE = staged(more="limits = { session_rate = 3; };")


def over(mapping, want, **fields):
    """A packet that is one too many. Whether its sender is told is not said."""
    return mapping.out(want, **fields)


def quiet(made):
    """Errors to who asks for too much are no fault."""
    return [m for m in made if m.port != "lan"]


@scene(PORTS)
def test_ports(net):
    """So many, of each protocol, to as many servers as it likes; other hosts as many."""
    rows = []
    for proto in ("udp", "tcp", "icmp"):
        for host in (1, 2):
            ones = [net.map(proto, 4000 + 10 * host + n, host) for n in range(5)]
            rows += [[one.out() for one in ones[:4]], over(ones[4], "limit_ports"),
                     [one.out(server=2) for one in ones[:4]],
                     over(ones[4], "limit_ports", server=3)]
    return at(0, rows), quiet


@scene(PORTS)
def test_ports_come_back(net):
    """When a mapping ends, another may be."""
    ones = [net.map("udp", 4000 + n) for n in range(5)]
    return [at(0, [one.out() for one in ones[:4]], over(ones[4], "limit_ports")),
            at(200, [one.out() for one in ones[1:4]], over(ones[4], "limit_ports")),
            at(299, over(ones[4], "limit_ports")), at(301, ones[4].out()),
            at(302, over(ones[0], "limit_ports"), ones[1].back(), ones[4].back())], quiet


@scene(SESSIONS)
def test_sessions(net):
    """Of all protocols together, begun or answered by the host; what it is only asked is not."""
    udp, tcp, echo = (net.map(proto, 4000) for proto in ("udp", "tcp", "icmp"))
    return [at(0, udp.out(), udp.out(server=2), tcp.out(), echo.out(), udp.back(server=3),
               udp.back(server=5), udp.out(server=3),
               over(udp, "limit_sessions", server=4), over(tcp, "limit_sessions", server=2)),
            at(1, udp.out(), udp.back(server=2), tcp.back(flags="SA"), echo.back(),
               net.map("udp", 4001, 2).out()),
            # That of ICMP is over, and makes room for one.
            at(62, udp.out(server=4), over(udp, "limit_sessions", server=6))], quiet


@scene(RATE)
def test_rate(net):
    """New ones in a second; what goes on is none."""
    ones = [net.map("udp", 4000 + n) for n in range(12)]
    other = net.map("udp", 4100, 2)

    def some(first, number):
        return [ones[n].out() for n in range(first, first + number)]
    return [at(0, some(0, 3), over(ones[3], "limit_rate"), some(0, 3), other.out()),
            at("0.9", ones[0].back()),
            at("2.1", some(3, 3), over(ones[6], "limit_rate")),
            at("4.2", some(6, 3), over(ones[9], "limit_rate"), some(0, 6))], quiet


@scene(RATE)
def test_rate_edge(net):
    """A second is one, not less; and no more than that many are saved up."""
    ones = [net.map("udp", 4000 + n) for n in range(7)]
    return [at(0, [one.out() for one in ones[:3]]), at("0.99", over(ones[3], "limit_rate")),
            at("1.01", [one.out() for one in ones[3:6]], over(ones[6], "limit_rate")),
            at("2.02", ones[6].out())], quiet
