# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What one source may have of vnf-firewall, and how many sessions may be half-open: by rules, by
# both IP versions, over all workers; and when the place of a session is free again, to the
# nanosecond. Reloads are the lab's (tests/lab/test_firewall_limits.py).

"""Limits per source, and of half-open sessions."""

from fw import ALL_WAYS, PASS, Net, Tcp, at, check, ip, lan, scene, transparent
from scapy.layers.inet import ICMP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest

TIMES = """timeouts = { tcp_opening = "20s"; tcp_time_wait = "60s"; tcp_reset = "60s";
                        udp_new = "30s"; udp = "40s"; };"""
RULES = (
    'name = "few"; from = [ "lan" ]; proto = [ "tcp" ]; dport = [ "80" ]; source_sessions = 3; '
    'action = "accept";',
    'name = "other"; from = [ "lan" ]; proto = [ "tcp" ]; dport = [ "81" ]; source_sessions = 3; '
    'action = "accept";',
    'from = [ "lan" ]; proto = [ "udp" ]; dport = [ "53" ]; source_sessions = 2; '
    'action = "accept";',
    'name = "ssh"; from = [ "lan" ]; proto = [ "tcp" ]; dport = [ "22" ]; source_rate = 3; '
    'source_period = "1m"; action = "accept";',
    'name = "second"; from = [ "lan" ]; proto = [ "tcp" ]; dport = [ "23" ]; source_rate = 2; '
    'action = "accept";',
    'name = "both"; from = [ "lan" ]; proto = [ "tcp" ]; dport = [ "24" ]; source_sessions = 2; '
    'source_rate = 3; source_period = "1m"; rate = 4; action = "accept";',
    'name = "ping"; proto = [ "icmp" ]; source_rate = 2; action = "accept";',
    'from = [ "lan" ]; proto = [ "udp" ]; dport = [ "1000" ]; action = "accept";',
)
MANY = transparent(*RULES, more=TIMES)


def client(net, family, host):
    """A source: hosts of a Net are all of one /64, so with IPv6 others are elsewhere."""
    if family == 6 and host > 1:
        return f"2001:db8:{0xa00 + host:x}:{net.number:x}::1"
    return net.client(family, host)


def syns(net, number, dport, family=4, first=4000, want=PASS, host=1):
    """So many SYNs of a host, each from a port of its own and to a server of its own."""
    return [net.out(TCP(sport=first + n, dport=dport, flags="S", seq=1), want, family,
                    src=client(net, family, host), dst=net.server(family, 1 + n % 5))
            for n in range(number)]


@scene(MANY)
def test_sessions_at_a_time(net):
    """So many of a source by a rule, to whichever servers; others have as many of their own."""
    return [at(0, syns(net, 3, 80, family), syns(net, 2, 80, family, 5000, "source_sessions"),
               syns(net, 3, 80, family, host=2), syns(net, 3, 81, family))
            for family in (4, 6)]


@scene(MANY)
def test_prefix_is_a_source(net):
    """All of a /64 is one source of IPv6; an address is one of IPv4."""
    near, far = f"2001:db8:a:{net.number:x}:1::", f"2001:db8:a:{net.number:x}:2::"
    return at(0, [net.out(TCP(sport=4000 + n, dport=80, flags="S"), family=6,
                          want=PASS if n < 3 else "source_sessions",
                          src=f"2001:db8:a:{net.number:x}:ffff:{n}::") for n in range(5)],
              syns(net, 1, 80, 6, want="source_sessions"),
              [net.out(TCP(sport=4000 + n, dport=80, flags="S"), family=6,
                       src=f"2001:db8:{0xb00 + net.number:x}:{n}::1") for n in range(5)],
              [net.out(TCP(sport=4000, dport=80, flags="S"), family=6, src=near + "1",
                       want="source_sessions"),
               net.out(TCP(sport=4000, dport=80, flags="S"), family=6, src=far + "1",
                       want="source_sessions")])


@scene(MANY)
def test_expiry_gives_the_place_back(net):
    """When its time is over, and not a nanosecond earlier."""
    return [[at(0, syns(net, 3, 80, family)),
             at("19.999999999", syns(net, 1, 80, family, 5000, "source_sessions")),
             at(20, syns(net, 3, 80, family, 6000), syns(net, 1, 80, family, 7000,
                                                         "source_sessions"))]
            for family in (4, 6)]


def udp(net, sport, want=PASS, family=4):
    """A datagram by the rule of two."""
    return net.out(UDP(sport=sport, dport=53), want, family)


@scene(MANY)
def test_datagrams(net):
    """A session of UDP counts from its first packet to its end, answered or not."""
    return [[at(0, udp(net, 1000, family=family), udp(net, 1001, family=family),
                udp(net, 1002, "source_sessions", family)),
             at(1, net.back(UDP(sport=53, dport=1000), family=family),
                udp(net, 1002, "source_sessions", family)),
             at(30, udp(net, 1002, family=family), udp(net, 1003, "source_sessions", family)),
             at("40.999999", udp(net, 1004, "source_sessions", family)),
             at(42, udp(net, 1004, family=family), udp(net, 1005, "source_sessions", family))]
            for family in (4, 6)]


@scene(MANY)
def test_close_gives_the_place_back(net):
    """A connection that both sides have closed counts no more, though its session waits; one that
    a side has closed still does. Nor does one that was reset."""
    rows = []
    for family in (4, 6):
        one, two, three, four = (net.tcp(family, ports=(5000 + n, 80)) for n in range(4))
        rows += [at(0, one.open(), two.open(), three.open(), four.c("S", want="source_sessions"))]
        rows += [at(1, one.c("FA"), one.s("A"), four.c("S", want="source_sessions"), one.s("FA"),
                    four.c("S", want="source_sessions"), one.c("A"), four.open())]
        rows += [at(2, syns(net, 1, 80, family, 6000, "source_sessions"), two.s("R"),
                    syns(net, 1, 80, family, 6001),
                    syns(net, 1, 80, family, 6002, "source_sessions"))]
    return rows


@scene(MANY)
def test_anew(net):
    """Another connection between the ports of one that is over counts as any other."""
    rows = []
    for family in (4, 6):
        for host, others in (1, 2), (2, 3):
            ends = client(net, family, host + 4), net.server(family)
            old, new = Tcp(*ends), Tcp(*ends, isns=(500_000_000, 7))
            one_more = syns(net, 1, 80, family, 7000, "source_sessions", host + 4)
            rows += [at(0, old.open(), old.close(),
                        syns(net, others, 80, family, 6000, host=host + 4),
                        new.c("S", want=PASS if others < 3 else "source_sessions"), one_more)]
    return rows


@scene(MANY)
def test_guessing(net):
    """Three in a minute, which begins with the first of them."""
    return [[at(family, syns(net, 1, 22, family)),
             at(family + 30, syns(net, 2, 22, family, 4100),
                syns(net, 5, 22, family, 4200, "source_rate"),
                syns(net, 1, 22, family, 4300, host=2)),
             at(f"{family + 59}.999999999", syns(net, 1, 22, family, 4400, "source_rate")),
             at(family + 60, syns(net, 3, 22, family, 4500),
                syns(net, 1, 22, family, 4600, "source_rate"))]
            for family in (4, 6)]


@scene(MANY)
def test_second_is_the_period(net):
    """That none is written for."""
    return [[at(0, syns(net, 2, 23, family), syns(net, 1, 23, family, 5000, "source_rate")),
             at(1, syns(net, 2, 23, family, 6000), syns(net, 1, 23, family, 7000, "source_rate"))]
            for family in (4, 6)]


@scene(MANY)
def test_refused_counts_nothing(net):
    """What one limit refuses takes nothing of another; a source takes none of all others' rate."""
    one = net.tcp(ports=(5000, 24))
    return [at(0, one.open(), syns(net, 1, 24, first=5001),
               # Neither of the period, of which one is left, nor of the rule's second.
               syns(net, 9, 24, first=6000, want="source_sessions")),
            at("0.1", one.s("R"), syns(net, 1, 24, first=5003), syns(net, 1, 24, 6, 5003),
               # Of the rule's second none is left; the other source's place and period are.
               syns(net, 4, 24, 6, 6000, "rate")),
            at("1.2", syns(net, 1, 24, 6, 7000), syns(net, 1, 24, 6, 7001, "source_sessions")),
            at(2, syns(net, 1, 24, first=8000, want="source_sessions")),
            at("20.2", syns(net, 1, 24, first=8001, want="source_rate"),
               syns(net, 1, 24, 6, 8001)),
            at("21.3", syns(net, 1, 24, 6, 8002, "source_rate"))]


@scene(MANY)
def test_packets_without_a_session(net):
    """Those to a group are judged one by one, and count so."""
    group = ICMP(type=8)
    return at(0, [net.out(group, dst="224.0.0.251", want=PASS if n < 2 else "source_rate")
                  for n in range(4)])


# ---- half-open ----

HALF = transparent('from = [ "lan" ]; action = "accept";', more="""
    timeouts = { tcp_opening = "20s"; udp_new = "30s"; icmp = "40s"; };
    limits = { half_open = 6; half_open_source = 4; ipv6_prefix = 48; };
""")


def test_half_open():
    """Of a source and of all; answers and ends give places back, of both versions together."""
    net = Net(1)
    one, two = net.tcp(ports=(5000, 80)), net.tcp(ports=(5001, 80))
    first = [one.c("S"), two.c("S"), net.out(UDP(sport=1, dport=2)), net.out(ICMP(id=7)),
             syns(net, 2, 80, want="half_open_source")]
    others = [net.out(UDP(sport=1, dport=2), family=6),
              net.out(ICMPv6EchoRequest(id=7), family=6, src="2001:db8:a:2::1"),
              net.out(UDP(sport=3, dport=4), "half_open", family=6)]
    rows = [
        at(0, first, others),
        # Agreed is not before the client's ACK.
        at(1, one.s("SA"), net.out(UDP(sport=3, dport=4), "half_open", family=6), one.c("A"),
           net.out(UDP(sport=3, dport=4), family=6), syns(net, 1, 80, want="half_open")),
        # An answer, and a RST.
        at(2, net.back(UDP(sport=2, dport=1)), two.s("RA"), syns(net, 2, 81),
           syns(net, 1, 81, first=6000, want="half_open")),
        # What has been answered stays so.
        at(3, net.out(UDP(sport=1, dport=2)), one.c("PA", b"x"), one.s("A"),
           syns(net, 1, 81, first=6000, want="half_open")),
        at("21.9", syns(net, 1, 81, first=6000, want="half_open")),
        at("22.01", syns(net, 2, 82), syns(net, 1, 83, want="half_open")),
        at("30.1", syns(net, 1, 84), syns(net, 1, 85, want="half_open_source"))]
    check(HALF, rows, ways=ALL_WAYS)


def test_source_of_a_prefix():
    """All of a /48 together, where the configuration says so."""
    rows = [at(0, [lan(ip(f"2001:db8:7:{n:x}::1", "2001:db8:b::1") / UDP(sport=1, dport=2),
                       PASS if n < 4 else "half_open_source") for n in range(8)],
               lan(ip("2001:db8:8::1", "2001:db8:b::1") / UDP(sport=1, dport=2)))]
    check(HALF, rows, ways=ALL_WAYS)


# ---- tables that are full ----

FULL = transparent('name = "all"; from = [ "lan" ]; source_sessions = 10; source_rate = 10; '
                   'action = "accept";', more="""
    sessions = 4; steering: { slots = 1; }; limits = { half_open = 10; half_open_source = 10; };
""")


def test_made_room():
    """A session that made room for another counts no more."""
    net = Net(1)
    rows = [at(n, syns(net, 9, 80, family, 5000 + 9 * n)) for n in range(9) for family in (4, 6)]
    check(FULL, rows, ways=((1, 32), (1, 1)))


def test_no_room():
    """Nor does one that there was no room for."""
    net = Net(1)
    opened = [net.tcp(ports=(5000 + n, 80)) for n in range(4)]
    rows = [at(0, [tcp.open() for tcp in opened]),
            at(1, [syns(net, 1, 80, first=6000 + n, want="full") for n in range(20)]),
            at(2, [syns(net, 1, 80, 6, first=6000 + n) for n in range(4)])]
    check(FULL, rows, ways=((1, 32), (1, 1)))
