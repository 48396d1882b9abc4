# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# ICMP errors through vnf-nat (RFC 5508 section 4): what they quote is turned back as the packet was
# turned, to the octet, and they go where the quoted packet came from. What they quote is data of
# strangers: all that is wrong about it is dropped.

"""ICMP errors."""

import struct

from nat import (OWN, PASS, PROTOS, Row, Seen, at, ip, lan, moved, packet_of, rewrite_checksum,
                 scene, staged, tag, wan)
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, IPOption_RR, IPOption_Timestamp
from scapy.utils import checksum

STAGE = staged()
CGN = staged(more='profile = "cgn";')
KINDS = [ICMP(type=3, code=code) for code in range(16)] + [
    ICMP(type=3, code=4, nexthopmtu=1400), ICMP(type=11, code=0), ICMP(type=11, code=1),
    ICMP(type=12, code=0, ptr=8), ICMP(type=12, code=2)]
UNREACHABLE = ICMP(type=3, code=1)
NOBODYS = "icmp_quote"
QUOTE = ("icmp_quote", "icmp_short")
ROUTER = 250   # a host of the net
LOST = b"lost and quoted."


def about(one, **fields):
    """A packet of the inside host, as it was lost outside, and as it was sent."""
    fields = {"data": LOST, "ttl": 3, **fields}
    return one.seen(**fields), one.sent(**fields)


def error(one, seen, sent, kind=UNREACHABLE, want=PASS, src=None, **fields):
    """A row: an error of a router outside, which quotes `seen`, and is to quote `sent` inside."""
    src = src or one.net.server(ROUTER)
    outs = [Seen("lan", ip(src, one.inside[0], **fields) / kind / sent)] if want == PASS else []
    return wan(ip(src, one.ext()[0], **fields) / kind / seen, want, outs)


def about_answer(one, **fields):
    """A packet of the server, as it was lost inside, and as it was sent."""
    fields = {"data": LOST, "ttl": 3, **fields}
    return one.answer(inside=True, **fields), one.answer(**fields)


def own_error(one, inside, outside, kind=UNREACHABLE, want=PASS, src=None, **fields):
    """A row: an error of the inside host or a router there, which quotes `inside`."""
    server = one.server(1, None)[0]
    return lan(ip(src or one.inside[0], server, **fields) / kind / inside, want, [
        Seen("wan", ip(one.ext()[0], server, **fields) / kind / outside,
             sources=(one.ext()[0], OWN["wan"][0]))] if want == PASS else [])


def begun(net, port=4000):
    """A mapping of each protocol, and the packets that made them."""
    ones = [net.map(proto, port) for proto in PROTOS]
    return ones, [one.out() for one in ones]


# ---- from outside: REQ-4 ----

@scene(STAGE)
def test_from_outside(net):
    """All types, about each protocol, of the server and of a router that was never sent to."""
    ones, rows = begun(net)
    for one in ones:
        for kind in KINDS:
            for src in (net.server(1), net.server(ROUTER), "192.0.2.77"):
                rows.append(error(one, *about(one), kind, src=src))
    return at(0, rows)


@scene(STAGE)
def test_where_ports_were_changed(net):
    """Quotes get the inside port, and the headers around right checksums."""
    rows = [at(0, [net.map(proto, 4000, 2).out() for proto in PROTOS])]
    for proto in PROTOS:
        one = net.map(proto, 4000, learn=True)
        data = tag()
        rows += [at(1, one.out())]

        def make(one=one, data=data):
            return error(one, *about(one, data=data)).make()
        rows += [at(2, Row("wan", make), Row("wan", make))]
    return rows


@scene(STAGE)
def test_short_quotes(net):
    """The header and eight octets are enough (RFC 792): of TCP without its checksum."""
    ones, rows = begun(net)
    for one in ones:
        seen, sent = about(one, data=b"x" * 64)
        for octets in (28, 29, 32, 36, 40, 60, 84):
            rows.append(error(one, bytes(seen)[:octets], bytes(sent)[:octets]))
        for octets in (0, 1, 19, 20, 23):
            rows.append(error(one, bytes(seen)[:octets], b"", want=QUOTE))
    return at(0, rows)


@scene(STAGE)
def test_long_quotes(net):
    """All of a packet."""
    ones, rows = begun(net)
    return at(0, rows, [error(one, *about(one, data=bytes(range(256)) * 4)) for one in ones])


@scene(STAGE)
def test_wrong_checksum(net):
    """Of the error: dropped (REQ-3)."""
    ones, rows = begun(net)
    for one in ones:
        seen, _ = about(one)
        wrong = ip(net.server(ROUTER), net.external) / ICMP(type=3, code=1, chksum=0x1234) / seen
        rows.append(wan(wrong, "icmp_checksum"))
    inside, _ = about_answer(ones[0])
    rows += [ones[0].back(), lan(ip(net.host(), net.server()) /
                                 ICMP(type=3, code=3, chksum=0x4321) / inside, "icmp_checksum")]
    return at(0, rows)


@scene(STAGE)
def test_wrong_header_checksum_in_quote(net):
    """Of the quoted header: dropped (REQ-3a)."""
    ones, rows = begun(net)
    for one in ones:
        seen, _ = about(one)
        seen.chksum = 0x1234
        rows.append(error(one, seen, b"", want=("icmp_checksum", "icmp_quote")))
    return at(0, rows)


@scene(STAGE)
def test_wrong_transport_checksum_in_quote(net):
    """Nobody looks at it (REQ-3c): it stays as wrong as it was."""
    ones, rows = begun(net)
    for one, place in zip(ones, (6, 16, 2)):
        seen, sent = (bytes(packet) for packet in about(one))
        at_sum = 20 + place
        before, after = (int.from_bytes(p[at_sum:at_sum + 2], "big") for p in (seen, sent))
        for wrong in (0x1234, before ^ 0x0101):
            turned = moved(wrong, before, after)
            rows.append(error(one, *(p[:at_sum] + value.to_bytes(2, "big") + p[at_sum + 2:]
                                     for p, value in ((seen, wrong), (sent, turned)))))
    return at(0, rows)


@scene(STAGE)
def test_no_udp_checksum(net):
    """None stays none, in packets and in quotes of them."""
    one = net.map("udp", 4000)
    return at(0, one.out(chksum=0), one.back(chksum=0), error(one, *about(one, chksum=0)),
              own_error(one, *about_answer(one, chksum=0)))


@scene(STAGE)
def test_options_in_quote(net):
    """The quoted header may be as long as it likes (REQ-3b)."""
    ones, rows = begun(net)
    for one in ones:
        for options in ([IPOption_NOP()] * 4, [IPOption_RR(length=39, pointer=4,
                                                           routers=["0.0.0.0"] * 9)],
                        [IPOption_Timestamp(length=8, pointer=5, flg=0, timestamp=0)]):
            rows.append(error(one, *about(one, options=options)))
            seen, sent = about(one, options=options)
            octets = IP(bytes(seen)).ihl * 4 + 8
            rows.append(error(one, bytes(seen)[:octets], bytes(sent)[:octets]))
    return at(0, rows)


def extended(kind, quote):
    """A quote of 128 octets and an extension of MPLS (RFC 4884), whose length the error tells."""
    quote = bytes(quote)[:128].ljust(128, b"\0")
    item = struct.pack("!HBB", 8, 1, 1) + b"\x12\x34\x51\xff"
    extension = struct.pack("!BBH", 0x20, 0, 0) + item
    extension = extension[:2] + checksum(extension).to_bytes(2, "big") + item
    packet = bytearray(bytes(kind / (quote + extension)))
    packet[5] = 32
    packet[2:4] = b"\0\0"
    packet[2:4] = checksum(bytes(packet)).to_bytes(2, "big")
    return bytes(packet)


@scene(STAGE)
def test_extensions(net):
    """What follows the quote stays as it is (REQ-3d), whatever the length of what is quoted."""
    ones, rows = begun(net)
    src = net.server(ROUTER)
    for one in ones:
        for octets in (4, 40, 400):
            seen, sent = about(one, data=b"z" * octets)
            for kind in (ICMP(type=11, code=0), ICMP(type=3, code=1)):
                rows.append(wan(ip(src, one.ext()[0], proto=1) / extended(kind, seen), PASS, [
                    Seen("lan", ip(src, one.inside[0], proto=1) / extended(kind, sent))]))
    return at(0, rows)


@scene(STAGE)
def test_of_nobody(net):
    """No such mapping, protocol, or address in the quote (REQ-4a)."""
    ones, rows = begun(net)
    for one in ones:
        other = net.map(one.proto, 4001)
        stranger = net.map(one.proto, 4000, external=(f"203.0.113.{100 + net.number}", 4000))
        rows += [error(one, about(other)[0], b"", want=NOBODYS),
                 error(one, about(stranger)[0], b"", want=NOBODYS)]
    gre = ip(net.external, net.server(), proto=47) / b"0123456789"
    rows += [error(ones[0], gre, b"", want=NOBODYS)]
    return at(0, rows)


@scene(STAGE)
def test_about_other_directions(net):
    """What is quoted was sent by who is told: a packet to the NAT is nobody's."""
    one = net.map("udp", 4000)
    return at(0, one.out(), one.back(), error(one, one.answer(data=LOST), b"", want=NOBODYS),
              # To another external address than the quoted one.
              wan(ip(net.server(ROUTER), "203.0.113.40") / UNREACHABLE / about(one)[0], NOBODYS))


@scene(STAGE)
def test_fragments_in_quotes(net):
    """The first has ports; a later one has none that are true."""
    one = net.map("udp", 4000)
    later = ip(net.external, net.server(), frag=100, proto=17) / bytes(about(one)[0])[20:]
    return at(0, one.out(), error(one, *about(one, mf=1)), error(one, later, b"", want=NOBODYS))


@scene(STAGE)
def test_errors_in_quotes(net):
    """No error is about another (RFC 1122 section 3.2.2)."""
    one = net.map("udp", 4000)
    inner = ip(net.external, net.server()) / UNREACHABLE / one.answer(data=LOST)
    return at(0, one.out(), one.back(), error(one, inner, b"", want=NOBODYS))


@scene(STAGE)
def test_of_queries_and_replies(net):
    """A request of the inside host was lost, or the reply to it inside; timestamps as echoes."""
    echo, stamp = net.map("icmp", 4000), net.map("icmp", 4001)
    times = {"ts_ori": 1, "ts_rx": 2, "ts_tx": 3}
    return at(0, echo.out(), echo.back(), stamp.out(type=13, data=b"", **times),
              stamp.back(type=14, data=b"", **times), error(echo, *about(echo)),
              error(stamp, *about(stamp, type=13, data=b"", **times)),
              own_error(echo, *about_answer(echo)),
              own_error(stamp, *about_answer(stamp, type=14, data=b"", **times)))


@scene(CGN)
def test_of_sessions_from_outside(net):
    """The server began; the inside host's answer was lost."""
    one = net.map("udp", 4000)
    fields = {"server": 2, "port": 9}
    return at(0, one.out(), one.back(**fields), error(one, *about(one, **fields)))


@scene(STAGE)
def test_traffic_class(net):
    """It stays, outside and in the quote (REQ-10d)."""
    one = net.map("udp", 4000)
    return at(0, one.out(tos=0xb8), one.back(tos=0x28),
              error(one, *about(one, tos=0xb8), tos=0xc0))


# ---- from inside: REQ-5 ----

@scene(STAGE)
def test_from_inside(net):
    """Of the host and of a router between, all types: from an external address, to the server."""
    ones, rows = begun(net)
    for one in ones:
        rows.append(one.back(**({"flags": "SA"} if one.proto == "tcp" else {})))
        for kind in KINDS:
            for src in (None, net.host(ROUTER)):
                rows.append(own_error(one, *about_answer(one), kind, src=src))
    return at(0, rows)


@scene(STAGE)
def test_from_inside_short(net):
    """With eight octets of what was lost, a wrong checksum, options or an extension."""
    ones, rows = begun(net)
    for one in ones:
        inside, outside = about_answer(one)
        rows.append(own_error(one, bytes(inside)[:28], bytes(outside)[:28]))
        rows.append(own_error(one, *about_answer(one, options=[IPOption_NOP()] * 4)))
        kind = ICMP(type=11, code=0)
        rows.append(lan(ip(one.inside[0], net.server(), proto=1) / extended(kind, inside), PASS, [
            Seen("wan", ip(one.ext()[0], net.server(), proto=1) / extended(kind, outside),
                 sources=(one.ext()[0], OWN["wan"][0]))]))
        inside.chksum = 0x1111
        rows.append(own_error(one, inside, b"", want=("icmp_checksum", "icmp_quote")))
    return at(0, rows)


@scene(STAGE)
def test_from_inside_of_nobody(net):
    """Without such a mapping they stay inside."""
    ones, rows = begun(net)
    for one in ones:
        other = net.map(one.proto, 4001)
        rows += [own_error(one, about_answer(other)[0], b"", want=NOBODYS),
                 own_error(one, one.sent(data=LOST), b"", want=NOBODYS)]
    return at(0, rows)


@scene(STAGE)
def test_identifications(net):
    """Those of routers inside that count alike do not meet outside (RFC 7857 section 10)."""
    ones = [net.map("udp", 4000 + host, host) for host in range(1, 5)]
    rows, names = [at(0, [one.out() for one in ones])], []
    for one in ones:
        for name in range(1, 9):
            inside, outside = about_answer(one, data=b"%08d" % name)
            heads = (ip(src, net.server(), id=name) for src in (one.inside[0], one.ext()[0]))
            inside, outside = (head / UNREACHABLE / lost
                               for head, lost in zip(heads, (inside, outside)))
            rows.append(at(1, lan(inside, outs=[Seen("wan", outside, 0, names)])))

    def apart(made):
        assert len(names) == len(set(names)) == 32, names
        return made
    return rows, apart


# ---- other types ----

@scene(STAGE)
def test_types_that_are_none_of_its(net):
    """Redirects, source quench, information and address mask, router discovery (REQ-10, REQ-11)."""
    one = net.map("udp", 4000)
    rows = [one.out()]
    for kind in (ICMP(type=4), ICMP(type=5, gw="198.18.0.1")):
        rows.append(wan(ip(net.server(ROUTER), net.external) / kind / about(one)[0], "icmp_type"))
    for number in (15, 16, 17, 18, 9, 10, 40, 255):
        packet = ip(net.server(), net.external, proto=1) / struct.pack("!BBHI", number, 0, 0, 7)
        data = bytearray(bytes(packet))
        data[22:24] = checksum(bytes(data[20:])).to_bytes(2, "big")
        rewrite_checksum(data)
        rows.append(wan(IP(bytes(data)), "icmp_type"))
        sent = ip(net.host(), net.server(), proto=1) / bytes(data[20:])
        rows.append(lan(sent, "icmp_type"))
    return at(0, rows)


@scene(STAGE)
def test_headers_that_are_cut(net):
    """Quotes of a header that says it is longer than all there is, or of none."""
    one = net.map("udp", 4000)
    rows = [one.out()]
    good = bytes(about(one)[0])
    for quote in (b"\x4f" + good[1:36], b"\x44" + good[1:], b"\x65" + good[1:], b"\x05" + good[1:],
                  b"\0" * 28, b"\xff" * 60):
        rows.append(error(one, quote, b"", want=(*QUOTE, "icmp_checksum")))
    return at(0, rows)


def test_helpers():
    """A wrong checksum stays as wrong: what moved() says is what one header more would give."""
    for proto, layer in (("udp", UDP), ("tcp", TCP)):
        one, two = (IP(bytes(packet_of(proto, (host, 7), ("198.18.1.1", 8), b"data")))
                    for host in ("10.1.0.1", "203.0.113.9"))
        sums = one[layer].chksum, two[layer].chksum
        assert moved(sums[0], *sums) == sums[1]
