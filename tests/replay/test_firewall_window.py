# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Sequence numbers and acknowledgements of TCP in vnf-firewall: what fits a connection's windows
# passes to the last octet, what does not is dropped and changes nothing.

"""Windows of TCP connections."""

from fw import at, scene, transparent

OPEN = transparent('from = [ "lan" ]; to = [ "wan" ]; action = "accept";',
                   more='timeouts = { tcp_established = "5m"; };')
# Later than all but connections that stand live.
LATER = 250
WINDOW = 8192   # what both sides offer
OUT = "tcp_window"


def sides(net):
    """Connections that stand, with the one that says something wrong: (tcp, speaker, side)."""
    for host, (family, side) in enumerate(((4, 0), (4, 1), (6, 0), (6, 1)), 1):
        tcp = net.tcp(family, host)
        yield tcp, (tcp.c, tcp.s)[side], side


@scene(OPEN)
def test_end_of_the_window(net):
    """Data up to the last octet that may be sent, and not one beyond."""
    rows = []
    for tcp, say, side in sides(net):
        rows += at(0, tcp.open())
        end = tcp.next[side] + WINDOW
        rows += at(1, say("PA", b"x" * 100, seq=end - 99, want=OUT),
                   say("PA", b"x" * 100, seq=end - 100),
                   say("PA", b"x" * 100, seq=end, want=OUT), say("PA", b"x", seq=end - 1))
        rows += at(LATER, say("PA", b"x" * 100))
    return rows


@scene(OPEN)
def test_window_moves_with_acknowledgements(net):
    """And with what they offer; it never shrinks (RFC 9293 section 3.8.6)."""
    tcp = net.tcp()
    rows = at(0, tcp.open())
    end = 1001 + WINDOW
    rows += at(1, tcp.c("PA", b"x" * 1000), tcp.c("A", seq=end + 2, want=OUT), tcp.s("A"),
               tcp.c("A", seq=end + 1), tcp.c("PA", b"x" * 1000, seq=end + 1, want=OUT),
               tcp.c("PA", b"x" * 1000, seq=end))
    return rows + at(2, tcp.s("A", ack=2001, window=10),
                     tcp.c("PA", b"x" * 1000, seq=2001), tcp.s("A", ack=3001, window=20_000),
                     tcp.c("PA", b"x" * 1000, seq=22_001), tcp.c("PA", b"x", seq=23_001, want=OUT))


@scene(OPEN)
def test_old_segments(net):
    """The last octet again, to keep a connection alive; but nothing that was long ago."""
    rows = []
    for tcp, say, side in sides(net):
        rows += at(0, tcp.open(), [[tcp.c("PA", b"x" * 1000), tcp.s("PA", b"y" * 1000)]
                                   for _ in range(20)], tcp.c("A"))
        now = tcp.next[side]
        rows += at(1, say("A", seq=now - 1), say("A", b"\0", seq=now - 1),
                   say("PA", b"x" * 1000, seq=now - 3000),
                   say("PA", b"x" * 1000, seq=now - 2 * WINDOW, want=OUT),
                   say("A", seq=now - 2 * WINDOW, want=OUT))
        rows += at(LATER, say("PA", b"x" * 100))
    return rows


@scene(OPEN)
def test_acknowledgements(net):
    """Of what was never sent, and of what was long ago."""
    rows = []
    for tcp, say, side in sides(net):
        rows += at(0, tcp.open(), [[tcp.c("PA", b"x" * 1000), tcp.s("PA", b"y" * 1000)]
                                   for _ in range(100)], tcp.c("A"))
        now = tcp.next[1 - side]
        rows += at(1, say("A", ack=now + 1, want=OUT), say("A", ack=now + 2**30, want=OUT),
                   say("PA", b"x", want=OUT, ack=now + 1), say("A", ack=now - 1000),
                   say("A", ack=now - 66_000), say("A", ack=now - 66_001, want=OUT),
                   say("A", ack=now - 90_000, want=OUT))
        rows += at(LATER, say("PA", b"x" * 100))
    return rows


@scene(OPEN)
def test_acknowledgement_of_nothing_sent_moves_no_window(net):
    """A lie about what came must not open the other side's window."""
    tcp = net.tcp()
    rows = at(0, tcp.open(), tcp.c("A", ack=900_001 + 60_000, want=OUT))
    return rows + at(1, tcp.s("PA", b"x", seq=900_001 + 60_000, want=OUT), tcp.s("PA", b"x"))


@scene(OPEN)
def test_closed_window(net):
    """It is probed with one octet (RFC 9293 section 3.8.6.1), not with more."""
    tcp = net.tcp(window=1000)
    return at(0, tcp.open(), tcp.c("PA", b"x" * 1000), tcp.s("A", window=0),
              tcp.c("A", b"p"), tcp.s("A", ack=2001, window=0),
              tcp.c("PA", b"p" * 10, seq=2001, want=OUT), tcp.c("A", b"p", seq=2001),
              tcp.s("A", ack=2002, window=1000), tcp.c("PA", b"x" * 999))


@scene(OPEN)
def test_scaled_windows(net):
    """Both sides have the option (RFC 7323): windows are scaled, those of SYNs are not."""
    tcp = net.tcp()
    rows = at(0, tcp.c("S", options=[("WScale", 4)]), tcp.s("SA", options=[("WScale", 7)]))
    rows += at(1, tcp.c("PA", b"x" * 100, seq=1001 + WINDOW - 99, want=OUT), tcp.c("A"))
    rows += at(2, tcp.s("PA", b"y" * 100, seq=900_001 + (WINDOW << 4) - 99, want=OUT),
               tcp.s("PA", b"y" * 100, seq=900_001 + (WINDOW << 4) - 100))
    return rows + at(3, tcp.c("PA", b"x" * 100, seq=1001 + (WINDOW << 7) - 99, want=OUT),
                     tcp.c("PA", b"x" * 100, seq=1001 + (WINDOW << 7) - 100))


@scene(OPEN)
def test_windows_of_syns(net):
    """They are not scaled: before there are others, nothing older than they are is in window."""
    tcp = net.tcp()
    rows = at(0, tcp.c("S", options=[("WScale", 4)]), tcp.s("SA", options=[("WScale", 7)]))
    for say, first in ((tcp.s, 900_001), (tcp.c, 1001)):
        rows += at(1, say("A", seq=first - WINDOW - 4, want=OUT))
    return rows + at(2, tcp.c("A"), tcp.s("A", seq=900_001 - WINDOW - 4))


@scene(OPEN)
def test_scale_of_one_side(net):
    """Then none is in force."""
    client, server, *great = (net.tcp(host=host) for host in range(1, 6))
    rows = at(0, client.c("S", options=[("WScale", 4)]), client.s("SA"), client.c("A"))
    rows += at(0, server.c("S"), server.s("SA", options=[("WScale", 4)]), server.c("A"))
    # More than 14 counts as 14 (RFC 7323 section 2.3).
    for tcp, scale in zip(great, (15, 200, 255)):
        rows += at(0, tcp.c("S", options=[("WScale", scale)]),
                   tcp.s("SA", options=[("WScale", 14)]), tcp.c("A", window=1))
    for tcp in (client, server):
        rows += at(1, tcp.s("PA", b"y" * 100, seq=900_001 + WINDOW - 99, want=OUT),
                   tcp.c("PA", b"x" * 100, seq=1001 + WINDOW - 99, want=OUT),
                   tcp.s("PA", b"y" * 100, seq=900_001 + WINDOW - 100))
    return rows + at(1, [[tcp.s("A", seq=900_001 + (1 << 14)),
                          tcp.s("A", seq=900_001 + 2 * (1 << 14), want=OUT)] for tcp in great])


@scene(OPEN)
def test_what_is_dropped_changes_nothing(net):
    """FIN and RST out of the window do not move the connection's state, nor its time."""
    tcp, still = net.tcp(), net.tcp(host=2)
    far = 1_000_000
    rows = at(0, tcp.open(), still.open())
    for time in (1, 100, 200, 280):
        rows += at(time, tcp.s("FA", seq=900_001 + far, want=OUT),
                   tcp.c("FA", seq=1001 + far, want=OUT), tcp.s("R", seq=900_001 + far, want=OUT),
                   still.s("PA", b"x", seq=900_001 + far, want=OUT))
    return rows + at(290, tcp.c("PA", b"x"), tcp.s("A")) + at(
        301, tcp.c("PA", b"x"), still.c("A", want=("tcp_state", "no_session")))
