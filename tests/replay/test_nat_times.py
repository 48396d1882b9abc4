# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# How long mappings and sessions of vnf-nat live: a second before their time packets from outside
# get in, a second after it they do not. What makes the time begin anew, and what does not.

"""Timeouts."""

from nat import PASS, Tcp, at, ip, lan, scene, staged, wan
from scapy.layers.inet import ICMP

STAGE = staged()
CGN = staged(more='profile = "cgn";')
QUIET = staged(more="inbound_refresh = false;")
OTHERS = staged(more="""timeouts = { udp = "40s"; udp_known = "15s"; tcp_opening = "20s";
    tcp_established = "100s"; tcp_closing = "25s"; tcp_reset = "30s"; icmp = "10s"; };""")
MINUTES_4 = 240
HOURS_2 = 2 * 3600 + 240
GONE = ("no_mapping", "tcp_state")
EDGES = ((-1, True), (1, False))


def edges(net, proto, period, begin, late, first=4000, gone="no_mapping"):
    """
    Two mappings begun alike, and what comes a second before the end of the one's time, and a second
    after that of the other's. `late` says whether it is to pass.
    """
    rows = []
    for port, (more, lives) in enumerate(EDGES, first):
        one = net.map(proto, port)
        rows += [begin(one), at(period + more, late(one, PASS if lives else gone))]
    return rows


def tcp_edges(net, period, begin, late, first=4000):
    """The same with connections; `begin` gives rows of time 0, or several with times."""
    rows = []
    for port, (more, lives) in enumerate(EDGES, first):
        tcp = net.tcp(port)
        rows += [at(0, begin(tcp)), at(period + more, late(tcp, PASS if lives else GONE))]
    return rows


# ---- UDP ----

@scene(STAGE)
def test_udp(net):
    """Five minutes (RFC 4787 REQ-5c), whatever the port."""
    return edges(net, "udp", 300, lambda one: at(0, one.out(port=5000)),
                 lambda one, want: one.back(want, port=5000)) + edges(
        net, "udp", 300, lambda one: at(0, one.out(port=53)),
        lambda one, want: one.back(want, port=53), 5000)


@scene(STAGE)
def test_udp_refreshed_from_inside(net):
    """Each packet begins the time anew (REQ-6)."""
    return edges(net, "udp", 520, lambda one: [at(t, one.out()) for t in (0, 100, 220)],
                 lambda one, want: one.back(want))


@scene(STAGE)
def test_udp_refreshed_from_outside(net):
    """Those that get in, too (REQ-6a)."""
    return edges(net, "udp", 550, lambda one: [at(0, one.out()), at(250, one.back())],
                 lambda one, want: one.back(want))


@scene(QUIET)
def test_udp_not_refreshed_from_outside(net):
    """Unless the configuration says no."""
    return edges(net, "udp", 300, lambda one: [at(0, one.out()), at(250, one.back())],
                 lambda one, want: one.back(want)) + edges(
        net, "udp", 400, lambda one: [at(0, one.out()), at(50, one.back()), at(100, one.out())],
        lambda one, want: one.back(want), 5000)


@scene(STAGE)
def test_what_is_filtered_refreshes_nothing(net):
    """RFC 7857 section 7."""
    return edges(net, "udp", 300, lambda one: [at(0, one.out()), at(
        200, one.back("filtered", server=2))], lambda one, want: one.back(want))


@scene(OTHERS)
def test_other_periods(net):
    """As the configuration says, and shorter ones for well-known services (REQ-5a, 5b)."""
    return edges(net, "udp", 40, lambda one: at(0, one.out(port=1024)),
                 lambda one, want: one.back(want, port=1024)) + edges(
        net, "udp", 15, lambda one: at(0, one.out(port=1023)),
        lambda one, want: one.back(want, port=1023), 5000) + edges(
        net, "icmp", 10, lambda one: at(0, one.out()), lambda one, want: one.back(want))


@scene(OTHERS)
def test_mapping_lives_with_its_sessions(net):
    """With the last of them it ends, and until then the port is the same."""
    rows = []
    for port, (_, lives) in enumerate(EDGES, 4000):
        one = net.map("udp", port)
        rows += [at(0, one.out(port=53), one.out(server=2, port=5000)),
                 # The session with the first is over, but of the mapping are others.
                 at(20, one.back("filtered", port=53)), at(35, one.back(server=2, port=5000)),
                 at(74 if lives else 76, one.back(PASS if lives else "no_mapping", server=2,
                                                  port=5001))]
    return rows


@scene(CGN)
def test_sessions_from_outside_keep_a_mapping(net):
    """They are sessions as others are."""
    return edges(net, "udp", 580, lambda one: [at(0, one.out()), at(280, one.back(server=2))],
                 lambda one, want: one.back(want, server=3))


# ---- ICMP queries ----

@scene(STAGE)
def test_icmp(net):
    """A minute (RFC 5508 REQ-2), which each request begins anew; then nothing is left of it."""
    return edges(net, "icmp", 60, lambda one: at(0, one.out()),
                 lambda one, want: one.back(want)) + edges(
        net, "icmp", 110, lambda one: [at(0, one.out()), at(50, one.out())],
        lambda one, want: one.back(want), 5000)


@scene(STAGE)
def test_reply_keeps_no_query(net):
    """Only requests begin its time anew."""
    return edges(net, "icmp", 60, lambda one: [at(0, one.out()), at(40, one.back())],
                 lambda one, want: one.back(want))


# ---- TCP: RFC 7857 section 2 ----

@scene(STAGE)
def test_syn_without_an_answer(net):
    """Four minutes."""
    return tcp_edges(net, MINUTES_4, lambda tcp: tcp.c("S"),
                     lambda tcp, want: tcp.s("SA", want=want))


@scene(STAGE)
def test_syn_again_begins_the_time_anew(net):
    """Four minutes without a packet of the inside are meant (RFC 5382 REQ-5)."""
    rows = []
    for port, (more, lives) in enumerate(EDGES, 4000):
        tcp = net.tcp(port)
        rows += [at(0, tcp.c("S")), at(200, tcp.c("S", seq=1000)),
                 at(200 + MINUTES_4 + more, tcp.s("SA", want=PASS if lives else GONE))]
    return rows


@scene(STAGE)
def test_syn_answered(net):
    """SYNs of both were seen: it stands."""
    return tcp_edges(net, HOURS_2, lambda tcp: [tcp.c("S"), tcp.s("SA")],
                     lambda tcp, want: tcp.s("SA", seq=900_000, want=want)) + tcp_edges(
        net, HOURS_2, lambda tcp: [tcp.c("S"), tcp.s("S")],
        lambda tcp, want: tcp.s("SA", seq=900_000, want=want), 5000)


@scene(STAGE)
def test_established(net):
    """Two hours and four minutes (RFC 5382 REQ-5)."""
    return tcp_edges(net, HOURS_2, Tcp.open, lambda tcp, want: tcp.s("PA", b"x", want=want))


@scene(OTHERS)
def test_established_refreshed(net):
    """By packets of both sides, data or not."""
    rows = []
    for port, (more, lives) in enumerate(EDGES, 4000):
        tcp = net.tcp(port)
        rows += [at(0, tcp.open()), at(90, tcp.c("A")), at(180, tcp.s("A")),
                 at(270, tcp.s("PA", b"x")), at(370 + more, tcp.s(
                     "PA", b"y", want=PASS if lives else GONE))]
    return rows


@scene(STAGE)
def test_one_side_closed(net):
    """The other may go on, for as long as before."""
    return tcp_edges(net, HOURS_2, lambda tcp: [tcp.open(), tcp.c("FA"), tcp.s("A")],
                     lambda tcp, want: tcp.s("PA", b"x", want=want)) + tcp_edges(
        net, HOURS_2, lambda tcp: [tcp.open(), tcp.s("FA"), tcp.c("A")],
        lambda tcp, want: tcp.s("A", want=want), 5000)


@scene(STAGE)
def test_both_sides_closed(net):
    """Four minutes for the last acknowledgement."""
    return tcp_edges(net, MINUTES_4, lambda tcp: [tcp.open(), tcp.c("FA"), tcp.s("FA")],
                     lambda tcp, want: tcp.s("A", want=want)) + tcp_edges(
        net, MINUTES_4, lambda tcp: [tcp.open(), tcp.close()],
        lambda tcp, want: tcp.s("FA", seq=900_001, want=want), 5000)


@scene(STAGE)
def test_closing_is_not_kept(net):
    """They begin with the second FIN, not anew with each packet."""
    rows = []
    for port, (more, lives) in enumerate(EDGES, 4000):
        tcp = net.tcp(port)
        rows += [at(0, tcp.open(), tcp.c("FA"), tcp.s("FA")),
                 at(200, tcp.s("FA", seq=900_001), tcp.c("A")),
                 at(MINUTES_4 + more, tcp.s("FA", seq=900_001, want=PASS if lives else GONE))]
    return rows


@scene(STAGE)
def test_reset(net):
    """Four minutes, if nothing else comes (RFC 7857 section 2.2); of both sides."""
    return tcp_edges(net, MINUTES_4, lambda tcp: [tcp.open(), tcp.s("R")],
                     lambda tcp, want: tcp.s("PA", b"x", want=want)) + tcp_edges(
        net, MINUTES_4, lambda tcp: [tcp.open(), tcp.c("RA")],
        lambda tcp, want: tcp.s("PA", b"x", want=want), 5000)


@scene(OTHERS)
def test_reset_and_revived(net):
    """Something else came: it stands."""
    rows = []
    for port, (more, lives) in enumerate(EDGES, 4000):
        tcp = net.tcp(port)
        rows += [at(0, tcp.open(), tcp.s("R")), at(20, tcp.c("PA", b"x")),
                 at(120 + more, tcp.s("PA", b"x", want=PASS if lives else GONE))]
    return rows


@scene(STAGE)
def test_picked_up(net):
    """What has no beginning is as one that begins."""
    return tcp_edges(net, MINUTES_4, lambda tcp: tcp.c("PA", b"x"),
                     lambda tcp, want: tcp.s("A", want=want))


@scene(OTHERS)
def test_other_periods_of_tcp(net):
    """As the configuration says (RFC 7857 section 2.1), each by itself."""
    return tcp_edges(net, 20, lambda tcp: tcp.c("S"), lambda tcp, want: tcp.s("SA", want=want)) + \
        tcp_edges(net, 100, Tcp.open, lambda tcp, want: tcp.s("A", want=want), 5000) + \
        tcp_edges(net, 25, lambda tcp: [tcp.open(), tcp.c("FA"), tcp.s("FA")],
                  lambda tcp, want: tcp.s("A", want=want), 6000) + \
        tcp_edges(net, 30, lambda tcp: [tcp.open(), tcp.c("R")],
                  lambda tcp, want: tcp.s("A", want=want), 7000)


# ---- what counts for nothing ----

def error(one, kind, want=None):
    """An error of a router outside about what an inside host sent."""
    seen = one.seen(data=b"lost" * 4)
    return wan(ip(one.net.server(99), one.ext()[0]) / kind / seen, want)


def own_error(one, kind, want=None):
    """An error of an inside host about what a server sent."""
    got = one.answer(data=b"lost" * 4, inside=True)
    return lan(ip(one.inside[0], one.server(1, None)[0]) / kind / got, want)


def unasked(made):
    """All but errors, which are looked at in test_nat_errors.py."""
    return [m for m in made if ICMP not in m.packet]


@scene(STAGE)
def test_errors_refresh_nothing(net):
    """In either direction (RFC 5508 REQ-6, RFC 7857 section 7.1)."""
    def about(one):
        return [say(one, ICMP(type=3, code=1), PASS) for say in (error, own_error)]
    udp = edges(net, "udp", 300, lambda one: [at(0, one.out(), one.back()), at(200, about(one))],
                lambda one, want: one.back(want))
    icmp = edges(net, "icmp", 60, lambda one: [at(0, one.out(), one.back()), at(40, about(one))],
                 lambda one, want: one.back(want))
    tcp = edges(net, "tcp", MINUTES_4, lambda one: [at(0, one.out()), at(200, about(one))],
                lambda one, want: one.back(want, flags="SA"), gone=GONE)
    stands = []
    for port, (more, lives) in enumerate(EDGES, 7000):
        one = net.tcp(port)
        stands += [at(0, one.open()), at(5000, about(one.mapping)),
                   at(HOURS_2 + more, one.s("PA", b"x", want=PASS if lives else GONE))]
    return [udp, icmp, tcp, stands], unasked


@scene(STAGE)
def test_errors_end_nothing(net):
    """Of none of the types (RFC 4787 REQ-12, RFC 5382 REQ-10)."""
    kinds = [ICMP(type=3, code=code) for code in range(16)] + [
        ICMP(type=11, code=code) for code in (0, 1)] + [ICMP(type=12), ICMP(type=4)]
    udp, echo, tcp = net.map("udp", 4000), net.map("icmp", 4000), net.tcp()
    rows = at(0, udp.out(), echo.out(), tcp.open())
    rows += at(1, [error(one, kind) for kind in kinds for one in (udp, echo, tcp.mapping)])
    rows += at(2, [own_error(one, kind) for kind in kinds for one in (udp, echo, tcp.mapping)])
    rows += at(50, echo.back()) + at(250, udp.back(), udp.out()) + at(1000, tcp.s("A"))
    return rows, unasked
