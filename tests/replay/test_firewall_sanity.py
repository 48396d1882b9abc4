# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What vnf-firewall drops before any rule is asked: every packet here would be accepted by one.

"""Packets that are wrong in themselves."""

from fw import MACS, Row, at, ip, lan, scene, transparent, wan
from scapy.layers.inet import (ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_RR,
                               IPOption_Router_Alert, IPOption_SSRR)
from scapy.layers.inet6 import (ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting, PadN)
from scapy.layers.l2 import LLC, STP, Dot3, Ether

ANY = transparent('action = "accept";')
SUMS = transparent('action = "accept";', more="checksums = true; ether_types = [ 0x88cc, 0x88b5 ];")
OWN, HOST = MACS["lan"]
DATA = UDP(sport=1000, dport=53) / b"data"
DISCOVER = UDP(sport=68, dport=67) / b"discover"
# Of IPv6, neither sources nor destinations: unspecified, loopback, IPv4-compatible, IPv4-mapped,
# site-local, ORCHIDs.
NOT_SENT = ("::", "::1", "::2", "::10.1.1.1", "::ffff:10.1.1.1", "fec0::1", "feff:ffff::1",
            "2001:10::1", "2001:1f:ffff::1")


def frame(data, kind=0x0800):
    """Octets of layer 3 in a frame."""
    return bytes(Ether(src=HOST, dst=OWN, type=kind) / data)


def raw(data, want, kind=0x0800):
    """A row of octets of layer 3."""
    return Row("lan", frame(data, kind), want)


@scene(ANY)
def test_martians(net):
    """Addresses that may not be on the wire (RFC 1812 section 5.3.7, RFC 4291, RFC 5156)."""
    client, server = net.client(), net.server()
    sources = ("127.0.0.1", "127.255.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1", "241.0.0.1",
               "254.255.255.254", "255.255.255.255", "0.0.0.0", "0.0.0.1")
    rows = [lan(ip(src, server) / DATA, "martian") for src in sources]
    rows += [lan(ip("0.0.0.1", "255.255.255.255") / DISCOVER, "martian")]
    rows += [lan(ip(client, dst) / DATA, "martian")
             for dst in ("127.0.0.1", "0.0.0.0", "240.1.1.1")]
    rows += [lan(ip(src, net.server(6)) / DATA, "martian")
             for src in (*NOT_SENT, "ff02::1", "ff0e::5")]
    rows += [lan(ip(net.client(6), dst) / DATA, "martian") for dst in NOT_SENT]
    return at(0, rows)


@scene(ANY)
def test_no_martians(net):
    """
    DHCP, broadcasts, groups, link-local, private and documentation's addresses pass a bridge, and
    those beside the prefixes of martians.
    """
    rows = [lan(ip(src, dst) / DATA) for src, dst in (
        (net.client(), "255.255.255.255"), (net.client(), "224.0.0.5"),
        ("169.254.1.1", net.server()), ("192.168.1.1", "172.16.0.1"),
        (net.client(6), "ff02::fb"), ("fe80::1", "fe80::2"), ("fd00::1", "2001:db8:ffff::1"),
        ("febf:ffff::1", "2001:f:ffff::1"), ("2001:20::1", "2001:1:1000::1"), ("::1:0:0", "1::"),
        ("::fffe:10.1.1.1", "0:0:0:0:1:ffff:a01:101"))]
    discover = ip("0.0.0.0", "255.255.255.255") / DISCOVER
    return at(0, rows, lan(discover), wan(discover))


@scene(ANY)
def test_land(net):
    """From an address to the very same."""
    return at(0, [[lan(ip(a, a) / TCP(sport=80, dport=80), "land"),
                   lan(ip(a, a) / TCP(sport=80, dport=81), "land"), lan(ip(a, a) / DATA, "land"),
                   wan(ip(a, a) / TCP(sport=80, dport=80), "land")]
                  for a in (net.client(), net.client(6))])


@scene(ANY)
def test_source_routes(net):
    """LSRR, SSRR, and routing headers of type 0 (RFC 5095) and, of Mobile IPv6, 2."""
    client, server = net.client(), net.server()
    rows = [lan(IP(src=client, dst=server, options=[option]) / DATA, "source_routed")
            for option in (IPOption_LSRR(routers=["192.0.2.1", "192.0.2.2"]),
                           IPOption_SSRR(routers=["192.0.2.1"]))]
    rows += [lan(IPv6(src=net.client(6), dst=net.server(6)) / IPv6ExtHdrRouting(
        type=kind, addresses=["2001:db8::1", "2001:db8::2"][:most], segleft=left) / DATA,
                 "source_routed") for kind, most, left in ((0, 2, 1), (0, 2, 2), (2, 1, 1))]
    return at(0, rows)


@scene(ANY)
def test_options_that_pass(net):
    """Record route, router alert, padding; extension headers of IPv6, routes at their end too."""
    rows = [lan(IP(src=net.client(), dst=net.server(), options=[option]) / DATA)
            for option in (IPOption_RR(), IPOption_Router_Alert())]
    head = IPv6(src=net.client(6), dst=net.server(6))
    pad = [PadN(optdata=b"\0\0")]
    rows += [lan(head / part / DATA) for part in (
        IPv6ExtHdrHopByHop(options=pad), IPv6ExtHdrDestOpt(options=pad),
        IPv6ExtHdrHopByHop(options=pad) / IPv6ExtHdrDestOpt(options=pad),
        IPv6ExtHdrRouting(addresses=["2001:db8::1"], segleft=0),
        IPv6ExtHdrRouting(type=2, addresses=["2001:db8::1"], segleft=0))]
    return at(0, rows)


@scene(ANY)
def test_flags_of_tcp(net):
    """Those that contradict each other, in a first segment and in a connection."""
    rows = []
    for host, flags in enumerate(("", "SF", "SR", "SFRPAU", "F", "P", "U", "FPU", "RF", "SAF",
                                  "SRA"), 1):
        fresh, tcp = net.tcp(host=host, ports=(4001, 80)), net.tcp(host=host)
        rows += at(0, fresh.c(flags, want="tcp_flags"), tcp.open(), tcp.c(flags, want="tcp_flags"),
                   tcp.s(flags, want="tcp_flags"), tcp.c("PA", b"x"))
    return rows


@scene(ANY)
def test_flags_that_go_together(net):
    """Urgent data, ECN, FIN with data."""
    tcp = net.tcp()
    return at(0, tcp.open(), tcp.c("UA", b"x"), tcp.c("PUA", b"x"), tcp.s("AE"), tcp.c("AC", b"x"),
              tcp.c("FPUA", b"x"), tcp.s("A"), tcp.s("RA"))


@scene(ANY)
def test_lengths(net):
    """Headers that are cut short, and lengths that cannot be."""
    client, server = net.client(), net.server()
    good, six = bytes(ip(client, server) / DATA), bytes(ip(net.client(6), net.server(6)) / DATA)
    tcp = bytes(net.tcp().segment(0, "S"))
    echo = bytes(ip(client, server) / ICMP(type=8))

    def put(data, at_octet, *octets):
        return data[:at_octet] + bytes(octets) + data[at_octet + len(octets):]

    rows = [raw(put(good, 0, 0x44), "ipv4_ihl"), raw(put(good, 0, 0x4f), "ipv4_ihl"),
            raw(put(good, 0, 0x65), "ipv4_version"), raw(put(good, 2, 0, 19), "ipv4_length"),
            raw(put(good, 2, 1, 0), "ipv4_length"), raw(good[:19], "ipv4_short"),
            raw(put(good, 2, 0, 27), "udp_short"), raw(put(good, 24, 0, 7), "udp_length"),
            raw(put(good, 24, 0, 200), "udp_length"),
            raw(put(tcp, 32, 0x40), "tcp_offset"), raw(put(tcp, 32, 0xf0), "tcp_offset"),
            raw(put(tcp, 2, 0, 39), "tcp_short"), raw(put(echo, 2, 0, 27), "icmp_short"),
            raw(put(six, 4, 1, 0), "ipv6_length", 0x86dd),
            raw(put(six, 0, 0x40), "ipv6_version", 0x86dd), raw(six[:39], "ipv6_short", 0x86dd),
            raw(put(six, 6, 0, 0), ("ipv6_ext_short", "ipv6_ext_order", "ipv6_options"), 0x86dd),
            raw(b"\0\1\x08\0\6\4\0\1", "arp_short", 0x0806), raw(b"\0" * 28, "arp_format", 0x0806),
            Row("lan", b"\2" * 13, ("ethernet_short", "malformed")),
            raw(good + b"\0" * 14, "pass"), raw(six + b"\0" * 5, "pass", 0x86dd)]
    return at(0, rows)


@scene(ANY)
def test_wrong_options(net):
    """An option that is longer than its header; too many extension headers, or in a wrong order."""
    client, server = net.client(), net.server()
    pad = [PadN(optdata=b"\0\0")]
    head = IPv6(src=net.client(6), dst=net.server(6))
    many = head
    for _ in range(9):
        many = many / IPv6ExtHdrDestOpt(options=pad)
    wrong = bytes([0x46, 0, 0, 36, 0, 1, 0, 0, 64, 17, 0, 0, *map(int, client.split(".")),
                   *map(int, server.split(".")), 7, 32, 4, 0]) + bytes(DATA)
    return at(0, raw(wrong, "ipv4_options"), lan(many / DATA, "ipv6_ext_many"),
              lan(head / IPv6ExtHdrDestOpt(options=pad) / IPv6ExtHdrHopByHop(options=pad) / DATA,
                  "ipv6_ext_order"))


@scene(ANY)
def test_ether_types(net):
    """Only IP and ARP: neither other types nor frames with a length."""
    tree = Dot3(src=HOST, dst="01:80:c2:00:00:00") / LLC() / STP()
    return at(0, [raw(b"x" * 46, "ether_type", kind) for kind in (0x88cc, 0x88b5, 0x8847, 0x0805)],
              Row("lan", bytes(tree), "ether_type"), lan(ip(net.client(), net.server()) / DATA))


@scene(SUMS)
def test_ether_types_of_the_file(_):
    """Those that it names pass, both ways."""
    return at(0, raw(b"x" * 46, "pass", 0x88cc), raw(b"x" * 46, "pass", 0x88b5),
              raw(b"x" * 46, "ether_type", 0x8847),
              Row("wan", frame(b"x" * 46, 0x88cc), "pass"))


def summed(net, **wrong):
    """(packet, its family) with checksums as given, of each protocol that has one."""
    for family in (4, 6):
        head = ip(net.client(family), net.server(family))
        yield head / TCP(sport=4000, dport=80, flags="S", **wrong)
        yield head / UDP(sport=1000, dport=53, **wrong) / b"odd"
        echo = {"chksum" if family == 4 else "cksum": value for value in wrong.values()}
        yield head / (ICMP(type=8, id=7, **echo) if family == 4 else
                      ICMPv6EchoRequest(id=7, **echo)) / b"odd"


@scene(ANY)
def test_checksums_are_the_hosts(net):
    """Without `checksums` they are not looked at."""
    return at(0, [lan(p) for p in summed(net, chksum=0x1234)])


@scene(SUMS)
def test_checksums(net):
    """With it wrong ones are dropped, and begin no session."""
    rows = at(0, [lan(p, "checksum") for p in summed(net, chksum=0x1234)])
    rows += at(1, [lan(p) for p in summed(net)])
    # IPv4 may leave UDP's out; IPv6 may not (RFC 8200 section 8.1).
    none = UDP(sport=1002, dport=53, chksum=0) / b"data"
    return rows + at(2, net.out(none), net.out(none, "checksum", 6))


@scene(SUMS)
def test_checksums_of_odd_frames(net):
    """With octets of padding behind the packet, and with IP options."""
    padded = frame(bytes(ip(net.client(), net.server()) / DATA)) + b"\xff" * 7
    options = IP(src=net.client(), dst=net.server(), options=[IPOption_Router_Alert()]) / DATA
    return at(0, Row("lan", padded), lan(options))
