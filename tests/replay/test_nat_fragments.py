# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Fragments through vnf-nat, in whatever order they come (RFC 4787 REQ-14): all parts of a datagram
# are translated as the first, which alone has ports, and get the same identification; no two
# datagrams that may be fragmented have the same (RFC 6864).

"""Fragments, and identifications."""

from nat import Net, Row, Seen, at, check, nat, packet_of, row, scene, staged
from scapy.layers.inet import IP, fragment

STAGE = staged()
# More than a burst that waited is sent on in bursts, a millisecond apart if nothing else comes.
MANY = staged(grain_ns=10**7)
CGN = staged(more='profile = "cgn";')
LONG = bytes(range(256)) * 12
ONE = ((1, 32),)
GONE = ("no_mapping", "fragment_fate")
FILTERED = ("filtered", "fragment_fate")


def parts(packet, size=1000):
    """A datagram's fragments."""
    return fragment(packet, size)


class Datagram:
    """One in its parts, as it is sent and as it is to come out."""

    def __init__(self, one, inbound=False, octets=len(LONG), size=1000, name=7, **fields):
        data = (LONG * (1 + octets // len(LONG)))[:octets]
        fields = {"data": data, "id": name, **fields}
        if one.proto == "icmp":
            fields["type"] = 0 if inbound else 8
        self.ports = ("wan", one.port) if inbound else (one.port, "wan")
        both = ((one.answer(**fields), one.answer(inside=True, **fields)) if inbound else
                (one.sent(**fields), one.seen(**fields)))
        self.sent, self.seen = (parts(packet, size) for packet in both)
        self.names = []
        self.late = 0

    def rows(self, order=None, want="pass", apart=0, begin=0):
        """
        Rows of its parts, `apart` seconds each; those before the first wait for it.
        """
        order = list(range(len(self.sent)) if order is None else order)
        first, rows = order.index(0), []
        for place, k in enumerate(order):
            wait = max(0, first - place) * apart
            out = Seen(self.ports[1], self.seen[k], (wait, wait + self.late), self.names)
            rows += at(begin + place * apart, row(
                self.ports[0], self.sent[k], want, [out] * (want == "pass")))
        return rows

    def name(self):
        """The identification that all its parts have now."""
        assert len(self.names) == len(self.sent) and len(set(self.names)) == 1, self.names
        return self.names[0]


def orders(number):
    """In order, reversed, first last but one, and mixed."""
    straight = list(range(number))
    mixed = straight[1::2] + straight[::2]
    return straight, straight[::-1], straight[1:] + [0], mixed


def whole(datagrams, then=None):
    """A scene's end: each datagram's parts have one identification."""
    def look(made):
        for one in datagrams:
            one.name()
        return then(made) if then else made
    return look


def through(net, inbound, sizes, apart=0):
    """Datagrams of each protocol in parts of each number, in each order, one way."""
    rows, datagrams = [], []
    for n, proto in enumerate(("udp", "tcp", "icmp")):
        one = net.map(proto, 4000)
        rows += [at(n, one.out(), one.back(**({"flags": "SA"} if proto == "tcp" else {})))]
        name, fields = 100, {"flags": "A"} if proto == "tcp" else {}
        for octets, size in sizes:
            for order in orders(len(Datagram(one, inbound, octets, size).sent)):
                name += 1
                datagrams.append(Datagram(one, inbound, octets, size, name, **fields))
                begin = 4 + n + (name - 100) * 0.02 if apart == 0 else 4 + n * 20 + name - 100
                rows += [datagrams[-1].rows(order, apart=apart, begin=begin)]
    return rows, whole(datagrams)


@scene(STAGE)
def test_outbound(net):
    """In two, three and eight parts, at once."""
    return through(net, False, ((1500, 1000), (2500, 1000), (7500, 1000)))


@scene(STAGE)
def test_inbound(net):
    """The same from outside."""
    return through(net, True, ((1500, 1000), (2500, 1000), (7500, 1000)))


@scene(STAGE)
def test_apart(net):
    """One after the other: those before the first wait."""
    return through(net, False, ((2500, 1000),), 0.1)


@scene(STAGE)
def test_apart_inbound(net):
    """The same from outside."""
    return through(net, True, ((2500, 1000),), 0.1)


@scene(MANY)
def test_many_parts(net):
    """Forty-five: a datagram of 64 kilobytes."""
    one = net.map("udp", 4000)
    count = Datagram(one, octets=65_400, size=1480)
    assert len(count.sent) == 45
    rows, datagrams = [at(0, one.out(), one.back())], []
    for n, order in enumerate(orders(45)):
        for inbound in (False, True):
            datagrams.append(Datagram(one, inbound, 65_400, 1480, 50 + n))
            datagrams[-1].late = 0.002
            rows.append(datagrams[-1].rows(order, begin=1 + n + inbound * 0.5))
    return rows, whole(datagrams)


@scene(STAGE)
def test_first_packet_of_a_session(net):
    """A session may begin with fragments, in whatever order."""
    rows, datagrams = [], []
    for n, order in enumerate(orders(4)):
        one = net.map("udp", 4000 + n)
        datagrams.append(Datagram(one))
        rows += [datagrams[-1].rows(order, begin=n), at(n + 0.5, one.back())]
    return rows, whole(datagrams)


@scene(STAGE)
def test_not_let_in(net):
    """Of a datagram whose first part is dropped, nothing passes."""
    one, none = net.map("udp", 4000), net.map("udp", 4001)
    rows = [at(0, one.out())]
    for n, order in enumerate(orders(4)):
        rows += [Datagram(none, True, name=10 + n).rows(order, GONE, begin=1 + n),
                 Datagram(one, True, name=20 + n, server=2).rows(order, FILTERED, begin=10 + n)]
    return rows


@scene(STAGE)
def test_of_several_hosts(net):
    """Equal identifications of different hosts and servers do not meet."""
    rows, datagrams = [], []
    for host in (1, 2, 3):
        one = net.map("udp", 4000 + host, host)
        rows.append([one.out(), one.out(server=2)])
        datagrams += [Datagram(one, inbound, server=server) for inbound in (False, True)
                      for server in (1, 2)]
    # Outside, all is to one address: servers that send to it name their datagrams apart.
    for n, one in enumerate(datagrams):
        if one.ports[0] == "wan":
            for part in (*one.sent, *one.seen):
                part.id = 300 + n
    rows = [at(0, rows)] + [
        at(1, row(one.ports[0], one.sent[k], outs=[Seen(one.ports[1], one.seen[k], 0, one.names)]))
        for k in (1, 0, 3, 2) for one in datagrams]

    def apart(made):
        names = [one.name() for one in datagrams if one.ports[1] == "wan"]
        assert len(set(names)) == len(names), names
        return made
    return rows, whole(datagrams, apart)


@scene(STAGE)
def test_never_first(net):
    """Parts whose first one does not come go nowhere; later its number may come again."""
    one = net.map("udp", 4000)
    lost, late = Datagram(one), Datagram(one)
    return [at(0, one.out()), at(1, [row("lan", part, "fragment_alone") for part in lost.sent[1:]]),
            late.rows((1, 0, 2, 3), begin=10)], whole([late])


def begun(net, host, name):
    """A part of a datagram whose first one does not come."""
    return fragment(net.map("udp", 4000, host).sent(data=LONG, id=name), 1000)[1]


@scene(STAGE)
def test_waiting_of_one_host(net):
    """Sixteen datagrams of it may wait, then the oldest goes; others are none the worse for it."""
    one = net.map("udp", 4000, 2)
    good = Datagram(one)
    rows = at(1, [row("lan", begun(net, 1, n), "fragment_alone" if n > 4 else "fragment_budget")
                  for n in range(1, 21)])
    return [at(0, one.out()), rows, good.rows((3, 2, 1, 0), begin=2)], whole([good])


def test_waiting_of_all():
    """So many packets wait, then the oldest go (RFC 4787 REQ-14a), and what is whole passes."""
    net = Net(1)
    one = net.map("udp", 4000)
    good, part = Datagram(one), begun(net, 2, 1)
    rows = []
    for host in range(2, 802):
        lost = part.copy()
        lost.src = net.host(host)
        rows.append(row("lan", lost, ("fragment_alone", "fragment_budget")))
    check(nat('name = "p"; addresses = [ "203.0.113.1" ];'),
          [at(0, one.out()), at(1, rows), good.rows((3, 2, 1, 0), begin=2)], ONE)
    good.name()
    oldest = [lost.fate == "fragment_budget" for lost in rows]
    assert oldest == sorted(oldest, reverse=True) and 32 <= sum(oldest) < 40


def overlapping(net, port, inbound):
    """A datagram, and a part of another that covers some of the same octets."""
    one = net.map("udp", port)
    good = Datagram(one, inbound, name=port)
    bad = Datagram(one, inbound, name=port, size=504, data=b"evil" * 1000, octets=0)
    return one, good, bad


@scene(STAGE)
def test_overlap(net):
    """Parts that overlap end a datagram (RFC 1858, 3128): the rest is dropped, too."""
    rows = []
    for port, inbound in ((4000, False), (4001, True)):
        one, good, bad = overlapping(net, port, inbound)
        way, there = good.ports
        seen = [Seen(there, part) for part in good.seen]
        rows += [at(0, one.out(), one.back()),
                 at(1, row(way, good.sent[0], outs=[seen[0]]),
                    row(way, bad.sent[1], "fragment_overlap"),
                    row(way, good.sent[1], "fragment_overlap"),
                    row(way, good.sent[2], "fragment_overlap"))]
    return rows


@scene(STAGE)
def test_overlap_before_the_first(net):
    """Those that wait go nowhere."""
    rows = []
    for port, inbound in ((4000, False), (4001, True)):
        one, good, bad = overlapping(net, port, inbound)
        rows += [at(0, one.out(), one.back()),
                 at(1, [row(good.ports[0], part, "fragment_overlap")
                        for part in (good.sent[1], bad.sent[2], good.sent[0])])]
    return rows


@scene(STAGE)
def test_first_cut_short(net):
    """A first part without TCP's flags is refused with all of its datagram (RFC 1858)."""
    packet = bytes(net.map("tcp", 4000).sent(data=LONG, id=9))
    parts_of = []
    for first, last, more in ((20, 28, 1), (28, 100, 0)):
        header = IP(packet[:20])
        del header.len, header.chksum
        header.flags, header.frag = "MF" * more, (first - 20) // 8
        parts_of.append(header / packet[first:last])
    return at(0, row("lan", parts_of[0], TINY), row("lan", parts_of[1], (*TINY, "fragment_fate")))


TINY = ("fragment_tiny", "tcp_short", "l4_short", "fragment_alone")


# ---- identifications ----

@scene(STAGE)
def test_identifications_of_two_hosts(net):
    """Two that count alike do not meet outside (RFC 7857 section 10); nor in parts."""
    hosts = [net.map("udp", 4000 + host, host) for host in range(1, 5)]
    names = []

    def sent(one, name):
        data = b"%d %d" % (one.inside[1], name)
        return Row("lan", lambda: (one.sent(data=data, id=name), [
            Seen("wan", one.seen(data=data, id=name), 0, names)]))
    cut = [Datagram(one, name=5) for one in hosts]
    rows = [at(0, [sent(one, name) for name in range(1, 33) for one in hosts])]
    rows += [one.rows(begin=1) for one in cut]

    def apart(made):
        everything = names + [one.name() for one in cut]
        assert len(set(everything)) == len(everything)
        return made
    return rows, whole(cut, apart)


@scene(STAGE)
def test_identification_of_what_is_not_fragmented(net):
    """With DF it means nothing and stays (RFC 6864 section 4)."""
    one = net.map("udp", 4000)
    return at(0, [one.out(df=1, id=name) for name in (0, 7, 7, 65535)], one.back(df=1, id=7))


@scene(CGN)
def test_from_outside(net):
    """A session that a stranger begins with fragments."""
    one = net.map("udp", 4000)
    datagrams = [Datagram(one, True, server=2 + n, name=30 + n) for n in range(4)]
    return [at(0, one.out())] + [d.rows(order, begin=1 + n) for n, (d, order) in enumerate(
        zip(datagrams, orders(4)))], whole(datagrams)


def test_helpers():
    """Both views of a datagram are cut alike."""
    packets = [packet_of("udp", (host, 7), ("198.18.1.1", 8), LONG, id=3)
               for host in ("10.1.0.1", "203.0.113.9")]
    one, two = (parts(packet) for packet in packets)
    assert [(p.frag, len(p)) for p in one] == [(p.frag, len(p)) for p in two]
