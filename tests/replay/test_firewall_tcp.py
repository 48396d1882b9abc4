# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# TCP connections through vnf-firewall: how they begin and end, and what does not belong to one.
# Windows are in test_firewall_window.py, times in test_firewall_times.py.

"""States of TCP connections."""

from fw import STRAY, Tcp, at, ip, scene, transparent, wan
from scapy.layers.inet import TCP

OPEN = transparent('from = [ "lan" ]; to = [ "wan" ]; action = "accept";')
LOOSE = transparent('from = [ "lan" ]; to = [ "wan" ]; action = "accept";', more="strict = false;")
# Later than all but connections that stand live.
LATER = 300
# What a segment that is not of the connection's state may be dropped for.
WRONG = ("tcp_state", "tcp_window")


def talk(tcp):
    """Data in both directions."""
    return [tcp.c("PA", b"x" * 100), tcp.s("A"), tcp.s("PA", b"y" * 200), tcp.c("A")]


@scene(OPEN)
def test_connection(net):
    """From the first SYN to the last ACK, in both families."""
    rows = []
    for family in (4, 6):
        tcp = net.tcp(family)
        rows += at(family, tcp.open(), talk(tcp), tcp.close())
        tcp = net.tcp(family, host=2)
        rows += at(family + 0.1, tcp.open(), talk(tcp), tcp.s("FPA", b"z"), tcp.c("A"),
                   tcp.c("FA"), tcp.s("A"))
    return rows


@scene(OPEN)
def test_only_syn_begins(net):
    """Without a connection nothing but a SYN passes, whoever sends it."""
    rows = []
    for host, flags in enumerate(("SA", "A", "PA", "FA", "R", "RA", "UA"), 1):
        for family in (4, 6):
            tcp = net.tcp(family, host)
            rows += [tcp.c(flags, want=STRAY), tcp.s(flags, want=STRAY)]
    return at(0, rows)


@scene(OPEN)
def test_server_does_not_begin(net):
    """A SYN of the side that no rule lets begin."""
    return at(0, [net.tcp(family).s("S", want="policy") for family in (4, 6)])


@scene(OPEN)
def test_other_connections_of_the_same_hosts(net):
    """Ports and addresses of a connection are its own."""
    tcp = net.tcp()
    rows = at(0, tcp.open())
    for client, ports in ((net.client(), (80, 4001)), (net.client(), (81, 4000)),
                          (net.client(host=2), (80, 4000))):
        segment = ip(net.server(), client) / TCP(
            sport=ports[0], dport=ports[1], flags="A", seq=tcp.next[1], ack=tcp.next[0])
        rows += at(1, wan(segment, STRAY))
    return rows + at(2, talk(tcp))


@scene(OPEN)
def test_segments_sent_again(net):
    """SYN, SYN-ACK, data and FIN that got lost behind the firewall."""
    tcp = net.tcp()
    return (at(0, tcp.c("S")) + at(1, tcp.c("S", seq=1000), tcp.s("SA")) +
            at(2, tcp.s("SA", seq=900_000), tcp.c("A"), tcp.c("A")) +
            at(3, tcp.c("PA", b"x" * 100), tcp.c("PA", b"x" * 100, seq=1001), tcp.s("A")) +
            at(4, tcp.c("PA", b"x" * 100, seq=1001), tcp.s("A")) +
            at(5, tcp.c("FA"), tcp.s("A")) + at(6, tcp.c("FA", seq=1101), tcp.s("A"), tcp.s("FA")) +
            at(7, tcp.s("FA", seq=900_001), tcp.c("A"), tcp.c("A")))


@scene(OPEN)
def test_reordered_data(net):
    """The second segment, then the first; acknowledgements that overtake each other."""
    tcp = net.tcp()
    return at(0, tcp.open(), tcp.c("PA", b"y" * 100, seq=1101), tcp.s("A"),
              tcp.c("PA", b"x" * 200, seq=1001), tcp.s("A", ack=1201), tcp.s("A", ack=1101),
              tcp.c("A", seq=1201), tcp.s("PA", b"z", ack=1201))


@scene(OPEN)
def test_numbers_wrap(net):
    """Sequence numbers go through zero."""
    tcp = net.tcp(isns=(2**32 - 60, 2**32 - 1))
    return at(0, tcp.open(), talk(tcp), talk(tcp), tcp.close())


@scene(OPEN)
def test_syn_with_ecn_and_data(net):
    """ECN in the handshake (RFC 3168), and data in a SYN (RFC 7413)."""
    ecn, fast = net.tcp(), net.tcp(host=2)
    return (at(0, ecn.c("SEC"), ecn.s("SAE"), ecn.c("A"), ecn.c("PAC", b"x"), ecn.s("AE")) +
            at(0, fast.c("S", b"request"), fast.s("SA"), fast.c("A"), fast.s("PA", b"answer"),
               fast.c("A")))


@scene(OPEN)
def test_part_of_syn_data_acknowledged(net):
    """A server that does not take data of a SYN acknowledges that alone."""
    tcp = net.tcp()
    return at(0, tcp.c("S", b"request"), tcp.s("SA", ack=1001), tcp.c("A"),
              tcp.c("PA", b"request", seq=1001), tcp.s("A"))


@scene(OPEN)
def test_half_close(net):
    """One side is done, the other sends on, for longer than any timeout but not in silence."""
    rows = []
    for host, first in ((1, "c"), (2, "s")):
        tcp = net.tcp(host=host)
        done, other = (tcp.c, tcp.s) if first == "c" else (tcp.s, tcp.c)
        rows += at(0, tcp.open(), done("FA"), other("A"))
        for time in range(200, 1100, 200):
            rows += at(time, other("PA", b"more"), done("A"))
        rows += at(1100, other("FA"), done("A"))
    return rows


@scene(OPEN)
def test_data_after_fin(net):
    """There is none: who has sent FIN sends nothing new."""
    tcp = net.tcp()
    return at(0, tcp.open(), tcp.c("FA"), tcp.s("A"),
              tcp.c("PA", b"x" * 100, want=WRONG), tcp.s("PA", b"y"), tcp.c("A"))


@scene(OPEN)
def test_both_close_at_once(net):
    """FINs that cross."""
    tcp = net.tcp()
    return at(0, tcp.open(), tcp.c("FA", seq=1001, ack=900_001),
              tcp.s("FA", seq=900_001, ack=1001), tcp.c("A", seq=1002, ack=900_002),
              tcp.s("A", seq=900_002, ack=1002))


@scene(OPEN)
def test_simultaneous_open(net):
    """SYNs that cross (RFC 9293 figure 7), then SYN-ACKs; of these one is enough."""
    rows = []
    for host, family, answer in ((1, 4, "SA"), (2, 4, "A"), (3, 6, "SA")):
        tcp = net.tcp(family, host)
        rows += at(0, tcp.c("S"), tcp.s("S"), tcp.c("SA", seq=1000),
                   tcp.s(answer, seq=900_000 + (answer == "A")), tcp.c("A"), talk(tcp))
        rows += at(LATER, talk(tcp), tcp.close())
    return rows


@scene(OPEN)
def test_wrong_answer_to_syn(net):
    """SYN-ACK and RST that acknowledge something else are nobody's; the right one still comes."""
    wrong, reset, refused = (net.tcp(host=host) for host in (1, 2, 3))
    rows = at(0, wrong.c("S"), wrong.s("SA", ack=5, want=WRONG), wrong.s("PA", b"x", want=WRONG),
              wrong.s("SA"), wrong.c("A"), talk(wrong))
    rows += at(0, reset.c("S"), reset.s("RA", seq=0, ack=5, want=WRONG),
               reset.s("R", seq=0, want=WRONG), reset.s("SA"), reset.c("A"), talk(reset))
    rows += at(0, refused.c("S"), refused.s("RA", seq=0))
    return rows + at(20, refused.s("SA", want=STRAY))


@scene(OPEN)
def test_half_open_connection(net):
    """
    A client that has forgotten all sends SYN; the server acknowledges what it has, the client
    resets it, and begins anew (RFC 9293 figure 9).
    """
    tcp, anew = net.tcp(), net.tcp(isns=(70_000_000, 80_000_000))
    return (at(0, tcp.open(), talk(tcp)) +
            at(60, anew.c("S", want=None, seq=70_000_000), tcp.s("A"),
               tcp.c("R", seq=tcp.next[0])) +
            at(63, anew.open(), talk(anew)))


@scene(OPEN)
def test_half_open_connection_that_is_unknown(net):
    """The same, where the firewall has forgotten it too: the server's answer and the RST pass."""
    tcp = net.tcp()
    return (at(0, tcp.c("S"), tcp.s("A", seq=123_456, ack=777), tcp.c("R", seq=777)) +
            at(1, tcp.c("S", seq=1000), tcp.s("SA"), tcp.c("A"), talk(tcp)))


# ---- resets and SYNs of connections that stand: RFC 5961 ----

@scene(OPEN)
def test_reset_ends(net):
    """The very number that is expected: the connection is over, ten seconds later unknown."""
    client, server = net.tcp(), net.tcp(6, host=2)
    return (at(0, client.open(), talk(client), client.c("R")) +
            at(0, server.open(), talk(server), server.s("RA")) +
            at(11, client.s("PA", b"x", want=STRAY), server.c("PA", b"x", want=STRAY)))


@scene(OPEN)
def test_reset_of_another_number(net):
    """Out of the window it does not pass, and within it does not end the connection."""
    rows = []
    for host, (said, by_client) in enumerate((n, c) for n in (-100_000, 100_000, 10, 8000)
                                             for c in (True, False)):
        tcp = net.tcp(host=host + 1)
        far = abs(said) > 8192
        rows += at(0, tcp.open(), talk(tcp))
        say, side = (tcp.c, 0) if by_client else (tcp.s, 1)
        rows += at(1, say("R", seq=tcp.next[side] + said, want="tcp_window" if far else None))
        rows += at(LATER, talk(tcp))
    return rows


@scene(OPEN)
def test_syn_in_a_connection(net):
    """Whatever its number, and whether the server is asked by it, the connection stays."""
    rows = []
    for host, number in enumerate((900, 1301, 1400, 900_000_000), 1):
        tcp = net.tcp(host=host)
        rows += at(0, tcp.open(), talk(tcp))
        rows += at(1, tcp.c("S", seq=number, want=None), tcp.s("A"),
                   tcp.s("S", seq=number, want=None), tcp.c("A"))
        rows += at(LATER, talk(tcp), tcp.close())
    return rows


# ---- the end ----

@scene(OPEN)
def test_reset_in_time_wait(net):
    """It does not end the waiting (RFC 1337): the last FIN may have to be acknowledged again."""
    tcp = net.tcp()
    return (at(0, tcp.open(), tcp.close()) + at(1, tcp.c("R", want=None)) +
            at(100, tcp.s("FA", seq=tcp.next[1] - 1), tcp.c("A")))


@scene(OPEN)
def test_new_connection_in_time_wait(net):
    """A SYN with a greater number (RFC 9293 section 3.6.1), or of any after a reset."""
    closed, reset = net.tcp(), net.tcp(host=2)
    anew = net.tcp(isns=(500_000, 77_000_000))
    other = net.tcp(host=2, isns=(77_000_000, 5))
    return (at(0, closed.open(), closed.close(), reset.open(), reset.c("R")) +
            at(1, anew.open(), talk(anew), other.open(), talk(other)) +
            at(LATER, talk(anew), talk(other), anew.close(), other.close()))


@scene(OPEN)
def test_older_syn_in_time_wait(net):
    """With a number that is not greater nothing begins: the last FIN is still acknowledged."""
    rows = []
    for host, before in enumerate((1, 1000, 2**31 - 1), 1):
        tcp = net.tcp(host=host)
        rows += at(0, tcp.open(), tcp.close()) + at(1, tcp.c("S", seq=tcp.next[0] - before))
        rows += at(100, tcp.s("FA", seq=tcp.next[1] - 1), tcp.c("A"))
    return rows


@scene(OPEN)
def test_server_does_not_begin_anew(net):
    """Where a connection is over, a SYN of the server is judged by the rules."""
    tcp = net.tcp()
    anew = Tcp(net.client(), net.server(), isns=(0, 77_000_000))
    return at(0, tcp.open(), tcp.close()) + at(
        1, anew.s("S", want=("policy", "tcp_state", "tcp_window")))


# ---- connections found in their middle ----

@scene(LOOSE)
def test_pick_up(net):
    """With `strict = false` an ACK of the side that may begin is enough, as after a restart."""
    rows = []
    for family in (4, 6):
        tcp = net.tcp(family)
        rows += at(0, talk(tcp)) + at(LATER, talk(tcp), tcp.close())
        server = net.tcp(family, host=2)
        rows += at(0, server.s("PA", b"x", want="policy"), server.c("A"), server.s("PA", b"x"))
    return rows


@scene(LOOSE)
def test_pick_up_with_scaled_windows(net):
    """Nobody knows of their scale: far ahead may be right."""
    tcp = net.tcp()
    return at(0, tcp.c("PA", b"x"), tcp.s("PA", b"y"), tcp.c("A"),
              tcp.s("PA", b"z" * 100, seq=tcp.next[1] + 500_000), tcp.c("A"))


@scene(LOOSE)
def test_no_pick_up(net):
    """Of what is no middle of a connection."""
    return at(0, [net.tcp(host=host).c(flags, want=STRAY)
                  for host, flags in enumerate(("SA", "R", "RA"), 1)])


@scene(LOOSE)
def test_connection_where_pick_up_is_allowed(net):
    """One with a beginning is held to its windows all the same."""
    tcp = net.tcp()
    return at(0, tcp.open(), talk(tcp), tcp.s("PA", b"z", seq=tcp.next[1] + 100_000,
                                              want="tcp_window"), talk(tcp), tcp.close())
