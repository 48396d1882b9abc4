# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# TCP through vnf-nat: all valid ways of a connection (RFC 5382 REQ-2), SYNs that nobody asked for
# (REQ-4), and what begins no connection. How long states live is in test_nat_times.py.

"""TCP connections."""

from nat import Error, at, scene, staged

STAGE = staged()
CGN = staged(more='profile = "cgn";')
SILENT = staged(more='syn_hold = "0s";')
PATIENT = staged(more='syn_hold = "10s";')
GONE = ("no_mapping", "tcp_state")


def talk(tcp):
    """Data in both directions."""
    return [tcp.c("PA", b"x" * 100), tcp.s("A"), tcp.s("PA", b"y" * 200), tcp.c("A")]


def called(tcp):
    """The server speaks first: of what has ended, the client's would be picked up."""
    return [tcp.s("PA", b"y" * 200), tcp.c("A")]


@scene(STAGE)
def test_connection(net):
    """From the first SYN to the last ACK."""
    tcp = net.tcp()
    return at(0, tcp.open(), talk(tcp), tcp.close())


@scene(STAGE)
def test_many_connections(net):
    """Of one inside port, to several servers and ports."""
    rows = []
    for server, dport in ((1, 80), (1, 81), (2, 80), (3, 443)):
        tcp = net.tcp(server=server, dport=dport)
        rows.append([tcp.open(), talk(tcp)])
    return at(0, rows)


@scene(STAGE)
def test_simultaneous_open(net):
    """SYNs that cross (RFC 9293 figure 7), then SYN-ACKs, or ACKs."""
    rows = []
    for n, flags in enumerate(("SA", "A")):
        tcp = net.tcp(4000 + n)
        rows += at(n, tcp.c("S"), tcp.s("S"), tcp.c(flags, seq=1000 + (flags == "A")),
                   tcp.s(flags, seq=900_000 + (flags == "A")), talk(tcp), tcp.close())
    return rows


@scene(STAGE)
def test_syns_that_are_lost(net):
    """They come again, and so does the answer; data in a SYN are no fault."""
    tcp, data = net.tcp(), net.tcp(4001)
    return at(0, tcp.c("S"), tcp.c("S", seq=1000), tcp.s("SA"), tcp.s("SA", seq=900_000),
              tcp.c("A"), talk(tcp), data.c("S", b"hello"), data.s("SA"), data.c("A"), talk(data))


@scene(STAGE)
def test_half_close(net):
    """One side has said all, the other has not."""
    rows = []
    for n, first in enumerate("cs"):
        tcp = net.tcp(4000 + n)
        say, other = (tcp.c, tcp.s) if first == "c" else (tcp.s, tcp.c)
        rows += [at(n, tcp.open(), say("FA"), other("A"))]
        rows += [at(t + n, other("PA", b"more"), say("A")) for t in (300, 600, 1200)]
        rows += [at(1300 + n, other("FA"), say("A"))]
    return rows


@scene(STAGE)
def test_both_close_at_once(net):
    """FINs that cross, and once more."""
    tcp = net.tcp()
    return at(0, tcp.open(), tcp.c("FA", seq=1001, ack=900_001), tcp.s("FA", seq=900_001, ack=1001),
              tcp.c("A", seq=1002, ack=900_002), tcp.s("A", seq=900_002, ack=1002)) + at(
                  100, tcp.s("FA", seq=900_001, ack=1001), tcp.c("A", seq=1002, ack=900_002))


@scene(STAGE)
def test_new_connection_where_one_was_closed(net):
    """Between the same ports, at once."""
    tcp, anew = net.tcp(), net.tcp(isns=(70_000_000, 80_000_000))
    return at(0, tcp.open(), talk(tcp), tcp.close(), anew.open()) + at(
        1000, called(anew), talk(anew)) + at(1001, anew.close())


@scene(STAGE)
def test_new_connection_where_one_was_reset(net):
    """The same after a reset; it is one that stands."""
    tcp, anew = net.tcp(), net.tcp(isns=(70_000_000, 80_000_000))
    return at(0, tcp.open(), tcp.s("RA")) + at(1, anew.open()) + at(1000, called(anew), talk(anew))


@scene(STAGE)
def test_reset_passes(net):
    """In both directions, in all states (RFC 7857 section 2.2)."""
    refused, client, server = net.tcp(4000), net.tcp(4001), net.tcp(4002)
    return at(0, refused.c("S"), refused.s("RA", seq=0), client.open(), client.c("R"),
              server.open(), server.s("R"))


@scene(STAGE)
def test_reset_does_not_end(net):
    """It may be a stranger's: what comes after it passes, and the connection stands again."""
    tcp = net.tcp()
    return at(0, tcp.open(), tcp.s("R", seq=5)) + at(200, talk(tcp)) + at(
        1000, called(tcp), talk(tcp))


@scene(CGN)
def test_reset_and_syn_of_a_stranger(net):
    """Both may be forged, one after the other: the connection stands all the same."""
    tcp = net.tcp()
    return [at(0, tcp.open(), tcp.s("R", seq=5)), at(1, tcp.s("S", seq=77)),
            at(2, tcp.c("PA", b"x"), tcp.s("A")), at(1000, called(tcp))]


@scene(STAGE)
def test_picked_up(net):
    """One that began before the NAT did; the inside host goes on, and then the server may."""
    rows = []
    for n, flags in enumerate(("A", "PA", "FA")):
        tcp = net.tcp(4000 + n)
        rows += at(n, tcp.s("PA", b"x", want=GONE), tcp.c(flags), tcp.s("A"), talk(tcp))
    return rows


@scene(STAGE)
def test_resets_begin_nothing(net):
    """Nobody needs to hear of what the NAT does not know."""
    return at(0, [net.tcp(4000 + n).c(flags, want="tcp_state") for n, flags in enumerate(
        ("R", "RA"))], [net.tcp(4000 + n).s(flags, want=GONE) for n, flags in enumerate(
            ("R", "RA", "A", "FA", "SA", "PA"))])


@scene(CGN)
def test_from_outside_only_syn_begins(net):
    """A mapping lets it in, and nothing else that is of no connection."""
    tcp = net.tcp()
    rows = at(0, tcp.open())
    for server, flags in enumerate(("A", "PA", "R", "RA", "FA", "SA"), 2):
        stray = net.tcp(server=server)
        rows += at(server, stray.s(flags, want="tcp_state"))
    other = net.tcp(server=20)
    return rows + at(30, other.s("S"), other.c("SA"), other.s("A"), other.s("PA", b"x"),
                     other.c("FA"))


# ---- SYNs that nobody asked for ----

def unsolicited(net, port, server=1, dport=80, told=(6, 6.5), want="syn_unanswered"):
    """A SYN of a server, and what it is told."""
    one = net.map("tcp", port)
    syn = one.answer(server, dport, flags="S", seq=7)
    return one.back(want, server, dport, data=b"", flags="S", seq=7,
                    outs=[Error("wan", syn, (3, 3), told)] if told else [])


@scene(STAGE)
def test_unsolicited_syn(net):
    """Six seconds nothing, then port unreachable, once (RFC 5382 REQ-4)."""
    return at(0, unsolicited(net, 4000), unsolicited(net, 4001, 2)) + at(
        "0.5", unsolicited(net, 4002)) + at(20, net.map("tcp", 4009).out())


@scene(STAGE)
def test_unsolicited_syn_of_a_stranger(net):
    """The same where there is a mapping, and filtering does not let him in."""
    one = net.map("tcp", 4000)
    return at(0, one.out()) + at(1, unsolicited(net, 4000, 2)) + at(20, one.out())


@scene(STAGE)
def test_unsolicited_syn_that_comes_again(net):
    """Whoever asks again while the first waits hears of it once, or of each; never early."""
    one = net.map("tcp", 4000)
    syn = one.answer(1, 80, flags="S", seq=7)
    more = Error("wan", syn, (3, 3), (6, 6.5), needed=False)
    return at(0, unsolicited(net, 4000, want=None)) + [
        at(t, one.back(None, 1, 80, data=b"", flags="S", seq=7, outs=[more])) for t in (1, 3)]


@scene(STAGE)
def test_syn_that_was_asked_for_after_all(net):
    """The inside host begins within that time: the SYN is forgotten, and comes again."""
    tcp, stranger = net.tcp(), net.tcp(4001, server=2)
    return [at(0, tcp.s("S", want=None)), at(5, tcp.c("S")),
            at(6, tcp.s("S", seq=900_000), tcp.c("SA", seq=1000), tcp.s("SA", seq=900_000),
               talk(tcp)),
            # Here there was a mapping, to somebody else.
            at(0, net.tcp(4001).c("S")), at(1, stranger.s("S", want=None)),
            at(4, stranger.c("S")), at(5, stranger.s("S", seq=900_000), stranger.c("SA", seq=1000),
                                       stranger.s("SA", seq=900_000), talk(stranger)),
            at(30, talk(tcp))]


@scene(STAGE)
def test_unsolicited_syn_and_another_connection(net):
    """It is told of if what was begun is not what it asked for."""
    return [at(0, unsolicited(net, 4000)), at(1, unsolicited(net, 4001, dport=81)),
            at(2, net.tcp(4000, server=2).open(), net.tcp(4001).open()), at(20, net.tcp().c("A"))]


@scene(SILENT)
def test_unsolicited_syn_and_no_answer(net):
    """Where policy forbids one (REQ-4a)."""
    return [at(0, unsolicited(net, 4000, told=None, want="no_mapping")),
            at(1, net.map("tcp", 4001).out(), unsolicited(net, 4001, 2, told=None,
                                                          want="filtered")),
            at(20, net.map("tcp", 4009).out())]


@scene(PATIENT)
def test_unsolicited_syn_and_more_patience(net):
    """It may be longer."""
    return at(0, unsolicited(net, 4000, told=(10, 10.5))) + at(20, net.map("tcp", 4009).out())
