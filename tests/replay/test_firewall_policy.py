# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The rules of vnf-firewall. Each test brings rules of its own, which hold for its servers only, so
# that those of all tests are one policy of one replay.

"""Rules and what matches them."""

from fw import (ALL_WAYS, PASS, Config, Net, at, check, ip, lan, scene, transparent, wan)
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import ICMPv6EchoRequest

RULES = []
DROP = "policy"
SETS = """
    sets = ( { name = "bad"; addresses = [ "10.0.0.0/16", "10.%N%.1.0/25", "10.%N%.0.7-10.%N%.0.9",
                                           "2001:db8:a:%X%::7" ]; } );
    port_sets = ( { name = "web"; ports = [ "80", "443", "8000-8080" ]; },
                  { name = "none"; ports = [ "9" ]; } );
"""
ACCEPT, DENY = 'action = "accept";', 'action = "drop";'


def policy_text(workers):
    """All rules, as they were collected."""
    sets = SETS.replace("%N%", SET_OF[0].removesuffix(".")).replace("%X%", SET_OF[1])
    return transparent(*RULES, more=sets).text(workers)


ENDS = {"lan": "wan", "wan": "lan"}
POLICY = Config(policy_text, ENDS)
SET_OF = ["", ""]   # of the scene that has sets: its number, decimal and hexadecimal


def rules(*texts):
    """A scene with rules, from the lan to its servers unless they say otherwise."""
    def decorate(function):
        number = rules.count = rules.count + 1
        for n, text in enumerate(texts, 1):
            if "dst" not in text:
                text = f'dst = [ "198.51.{number}.0/24", "2001:db8:b:{number:x}::/64" ]; {text}'
            if "from" not in text:
                text = f'from = [ "lan" ]; {text}'
            if "@bad" in text:
                SET_OF[:] = str(number), f"{number:x}"
            RULES.append(f'name = "{function.__name__}-{n}"; ' + text.replace("%N%", str(number)))
        return scene(POLICY)(function)
    return decorate


rules.count = 0


def udp(net, dport=53, sport=1000, want=PASS, family=4, **header):
    """A datagram of the client that begins a session."""
    return net.out(UDP(sport=sport, dport=dport), want, family, **header)


@rules('dport = [ "1000" ]; proto = [ "udp" ]; action = "drop";',
       'dport = [ "900-1100" ]; proto = [ "udp" ]; action = "accept";',
       'dport = [ "1000-1200" ]; proto = [ "udp" ]; action = "accept";',
       'dport = [ "1150" ]; proto = [ "udp" ]; action = "drop";')
def test_first_match(net):
    """The first that matches counts; the default where none does."""
    return at(0, [udp(net, port, want=want, family=family) for family in (4, 6) for port, want in (
        (899, DROP), (900, PASS), (999, PASS), (1000, DROP), (1001, PASS), (1100, PASS),
        (1150, PASS), (1200, PASS), (1201, DROP))])


@rules('src = [ "@bad" ]; action = "drop";',
       'dport = [ "1" ]; proto = [ "udp" ]; src = [ "!@bad" ]; action = "accept";',
       'family = "ipv6"; action = "accept";')
def test_sets(net):
    """Prefixes, ranges and addresses, to their edges; and all but those."""
    n = net.number
    rows = [udp(net, 1, src=src, want=want) for src, want in (
        (f"10.{n}.1.0", DROP), (f"10.{n}.1.127", DROP), (f"10.{n}.1.128", PASS),
        (f"10.{n}.0.6", PASS), (f"10.{n}.0.7", DROP), (f"10.{n}.0.8", DROP), (f"10.{n}.0.9", DROP),
        (f"10.{n}.0.10", PASS), ("10.0.255.255", DROP))]
    rows += [udp(net, 2, src=f"10.{n}.0.6", want=DROP)]
    return at(0, rows, udp(net, family=6, src=f"2001:db8:a:{n:x}::7", want=DROP),
              udp(net, family=6, src=f"2001:db8:a:{n:x}::8"))


@rules('dst = [ "198.51.%N%.0-198.51.%N%.9", "198.51.%N%.200/29", "2001:db8:b:0::1" ]; '
       'action = "accept";')
def test_destinations(net):
    """Ranges and prefixes."""
    return at(0, [udp(net, dst=f"198.51.{net.number}.{host}", want=want) for host, want in (
        (1, PASS), (9, PASS), (10, DROP), (199, DROP), (200, PASS), (207, PASS), (208, DROP))],
              udp(net, family=6, dst="2001:db8:b::1"), udp(net, family=6, dst="2001:db8:b::2",
                                                           want=DROP))


@rules('proto = [ "tcp" ]; dport = [ "@web" ]; sport = [ "1024-65535" ]; action = "accept";',
       'proto = [ "udp" ]; dport = [ "!@web", "!2000-2999" ]; action = "accept";')
def test_ports(net):
    """Sets of ports, ranges, source ports, and all but those."""
    rows = [net.tcp(ports=(sport, dport)).c("S", want=want) for sport, dport, want in (
        (1024, 80, PASS), (1023, 80, DROP), (65535, 443, PASS), (1024, 444, DROP),
        (1024, 7999, DROP), (1024, 8000, PASS), (1024, 8080, PASS), (1024, 8081, DROP))]
    rows += [udp(net, port, want=want) for port, want in (
        (80, DROP), (81, PASS), (8040, DROP), (1999, PASS), (2000, DROP), (2999, DROP),
        (3000, PASS))]
    return at(0, rows)


@rules('proto = [ "udp", "47", "esp" ]; action = "accept";',
       'proto = [ "!tcp", "!253", "!icmp", "!icmpv6" ]; family = "ipv6"; action = "accept";')
def test_protocols(net):
    """By name and number; and all but those."""
    gre, esp = b"\0\0\x08\0" + b"x" * 20, b"\0\0\0\x09\0\0\0\1" + b"x" * 16
    rows = [udp(net), net.out(gre, proto=47), net.out(esp, proto=50), net.tcp().c("S", want=DROP),
            net.out(b"x" * 20, DROP, proto=254)]
    rows += [net.out(b"x" * 20, want, 6, nh=proto) for proto, want in ((254, PASS), (253, DROP))]
    return at(0, rows, net.tcp(6).c("S", want=DROP), net.out(ICMPv6EchoRequest(), DROP, 6))


@rules('family = "ipv6"; proto = [ "udp" ]; dport = [ "1" ]; action = "accept";',
       'family = "ipv4"; proto = [ "udp" ]; dport = [ "2" ]; action = "accept";')
def test_families(net):
    """One or the other."""
    return at(0, udp(net, 1, want=DROP), udp(net, 1, family=6), udp(net, 2),
              udp(net, 2, family=6, want=DROP))


@rules('proto = [ "icmp" ]; icmp = [ "echo-request", "13", "17/0", "40/2" ]; action = "accept";',
       'proto = [ "icmpv6" ]; icmp = [ "echo-request", "150" ]; action = "accept";')
def test_types_of_icmp(net):
    """Names, types, types with a code."""
    four = b"\0" * 4
    rows = [net.out(ICMP(type=kind, code=code) / (four * 3), want) for kind, code, want in (
        (8, 0, PASS), (13, 0, PASS), (17, 0, PASS), (17, 1, DROP), (10, 0, DROP), (40, 2, PASS),
        (40, 1, DROP))]
    return at(0, rows, net.out(ICMPv6EchoRequest(), family=6))


@rules('proto = [ "tcp" ]; flags = [ "syn", "ece" ]; action = "drop";',
       'proto = [ "tcp" ]; flags = [ "syn", "!ack", "!psh" ]; action = "accept";')
def test_flags(net):
    """That are set, and that are not."""
    return at(0, [net.tcp(host=host).c(flags, want=want) for host, (flags, want) in enumerate(
        (("S", PASS), ("SE", DROP), ("SEC", DROP), ("SC", PASS), ("SP", DROP)), 1)],
              udp(net, want=DROP))


@rules('vlan = [ "10", "100-200" ]; dport = [ "1" ]; proto = [ "udp" ]; action = "accept";',
       'vlan = [ "untagged" ]; dport = [ "2" ]; proto = [ "udp" ]; action = "accept";',
       'vlan = [ "!10", "!11-20" ]; dport = [ "3" ]; proto = [ "udp" ]; action = "accept";')
def test_vlans(net):
    """Tags, ranges, none; and all but those, also none."""
    return at(0, [udp(net, dport, vlan=vlan, want=want) for dport, vlan, want in (
        (1, 10, PASS), (1, 11, DROP), (1, 100, PASS), (1, 200, PASS), (1, 201, DROP),
        (1, None, DROP), (2, None, PASS), (2, 10, DROP), (3, 10, DROP), (3, 20, DROP),
        (3, 21, PASS), (3, None, PASS))])


@rules('fragment = "no"; dport = [ "1" ]; proto = [ "udp" ]; action = "accept";',
       'fragment = "yes"; dport = [ "2" ]; proto = [ "udp" ]; action = "accept";',
       'dport = [ "3" ]; proto = [ "udp" ]; action = "accept";')
def test_whole_and_in_fragments(net):
    """A rule may be for one or the other; fragments are judged by their first."""
    rows = []
    for dport, whole, parts in ((1, PASS, DROP), (2, DROP, PASS), (3, PASS, PASS)):
        pieces = fragment(IP(src=net.client(4, dport), dst=net.server(), id=dport) /
                          UDP(sport=1000, dport=dport) / (b"x" * 2000), 1000)
        parts = parts if parts == PASS else (DROP, "no_session")
        rows += [udp(net, dport, want=whole, sport=1001), [lan(p, parts) for p in pieces]]
    return at(0, rows)


@rules('proto = [ "udp" ]; rate = 3; action = "accept";')
def test_rate(net):
    """New sessions a second; those that there are go on."""
    rows = [udp(net, sport=port, want=PASS if port < 3 else "rate") for port in range(10)]
    old = [udp(net, sport=port) for port in range(3)]
    more = [udp(net, sport=port, want=PASS if port < 13 else "rate") for port in range(10, 20)]
    return at(0, rows) + at(0.1, old) + at(60, more) + at(60.1, old)


@rules('from = [ "wan" ]; to = [ "lan" ]; proto = [ "udp" ]; dst = [ "10.%N%.0.0/16" ]; '
       'src = [ "198.51.%N%.0/24" ]; action = "accept";',
       'from = [ "wan" ]; proto = [ "udp" ]; to = [ "wan" ]; dst = [ "2001:db8:a::/48" ]; '
       'action = "accept";')
def test_zones(net):
    """Where a packet comes from and where it goes."""
    return at(0, udp(net, want=DROP), net.back(UDP(sport=1, dport=2)),
              net.out(UDP(sport=2, dport=1)), net.back(UDP(sport=1, dport=2), DROP, 6))


@rules('proto = [ "udp" ]; dport = [ "7" ]; action = "reject";', 'action = "accept";')
def test_reject(net):
    """Refused, whatever later rules say."""
    def one_answer(made):
        assert [m.packet[ICMP].code for m in made] == [13]
    return at(0, udp(net, 7, want="rejected"), udp(net, 8)), one_answer


def test_files(tmp_path):
    """Sets may be in files beside the configuration."""
    (tmp_path / "bad.txt").write_text("# bad ones\n10.1.0.1\n10.1.1.0/24\n2001:db8:a:1::/64\n")
    config = transparent('src = [ "@bad" ]; action = "drop";', ACCEPT, more=(
        'sets = ( { name = "bad"; addresses = [ "10.1.2.1" ]; files = [ "bad.txt" ]; } );'))
    net = Net(1)
    check(config, at(0, [udp(net, src=src, want=want) for src, want in (
        ("10.1.0.1", DROP), ("10.1.0.2", PASS), ("10.1.1.255", DROP), ("10.1.2.1", DROP),
        ("10.1.2.2", PASS))], udp(net, family=6, want=DROP)), folder=tmp_path, ways=((1, 32),))


def test_default_reject():
    """What no rule matches is refused."""
    config = transparent('from = [ "lan" ]; dport = [ "53" ]; proto = [ "udp" ]; ' + ACCEPT,
                         default="reject")
    net = Net(1)
    made = check(config, at(0, udp(net), udp(net, 54, want="rejected"), net.tcp().c(
        "S", want="rejected"), net.back(UDP(sport=1, dport=2), "rejected")), ways=((1, 32),)).made
    assert [m.port for m in made] == ["lan", "lan", "wan"]


def test_no_rules():
    """Nothing passes."""
    net = Net(1)
    check(transparent(), at(0, udp(net, want=DROP), net.tcp(6).c("S", want=DROP), wan(
        ip(net.server(), net.client()) / TCP(dport=22), DROP)), ways=((1, 32),))


def test_many_sessions_by_many_workers():
    """Octets, order and fates do not depend on the number of workers, nor on bursts."""
    config = transparent('from = [ "lan" ]; to = [ "wan" ]; dport = [ "80", "53" ]; '
                         'proto = [ "tcp", "udp" ]; ' + ACCEPT, 'proto = [ "udp" ]; ' + DENY,
                         default="reject")
    rows = []
    for n in range(1, 13):
        net = Net(n)
        for family in (4, 6):
            tcp = net.tcp(family)
            rows += at(n % 3, tcp.open(), udp(net, family=family), udp(net, 54, want=DROP,
                                                                       family=family),
                       tcp.c("PA", b"x" * n), tcp.s("PA", b"y", seq=5, want="tcp_window"),
                       net.back(UDP(sport=53, dport=1000), family=family),
                       net.tcp(family, 2, ports=(4000, 22)).c("S", want="rejected"),
                       tcp.s("A"), tcp.close())
    result = check(config, rows, ALL_WAYS)
    assert len(result.made) == 24
