# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Which external address and port vnf-nat gives an inside address and port: always the same one,
# whoever it is for (RFC 4787 section 4), as like it as can be, and else hard to guess.

"""Mappings: external addresses and ports."""

from ipaddress import ip_address

from nat import PROTOS, Mapping, Net, at, check, nat, scene, staged

STAGE = staged()
RANDOM = staged("preserve = false;")
NO_PARITY = staged("preserve = false; parity = false;")
# Two ports of each class.
EDGE = staged('ports = "1022-1025";')


def learnt(net, proto, port, hosts, **out):
    """Mappings of hosts with the same port, and their first packets."""
    mappings = [net.map(proto, port, host, learn=True) for host in hosts]
    return mappings, [m.out(**out) for m in mappings]


def are_apart(mappings):
    """No two have the same external address and port."""
    assert len({m.external for m in mappings}) == len(mappings), [m.external for m in mappings]


@scene(STAGE)
def test_endpoint_independent(net):
    """The same external port for all that an inside port talks to, of TCP, UDP and ICMP."""
    rows = []
    for proto in PROTOS:
        one = net.map(proto, 4000)
        rows += [[one.out(server=1, port=7), one.out(server=1, port=8), one.out(server=2, port=7),
                  one.out(server=3, port=9)],
                 [one.back(server=server, port=port, **({"flags": "SA"} if proto == "tcp" else {}))
                  for server, port in ((1, 7), (1, 8), (2, 7), (3, 9))]]
    return at(0, rows)


@scene(STAGE)
def test_endpoint_independent_when_ports_collide(net):
    """What had to get another port keeps that one, too."""
    rows = []
    for proto in PROTOS:
        mappings, first = learnt(net, proto, 4000, range(1, 6))
        rows += [first] + [m.out(server=server, port=port)
                           for server, port in ((1, 7), (2, 53), (3, 9)) for m in mappings]
    return at(0, rows)


@scene(STAGE)
def test_no_overloading(net):
    """No two inside ports share an external one, not even for the same destination."""
    rows, everyone = [], {}
    for proto in PROTOS:
        everyone[proto], first = learnt(net, proto, 5000, range(1, 21))
        rows.append(first)

    def then(_):
        for mappings in everyone.values():
            are_apart(mappings)
            assert mappings[0].external[1] == 5000
    return at(0, rows), then


@scene(STAGE)
def test_protocols_are_apart(net):
    """Each has ports of its own: the same number is free in another (RFC 7857 section 5)."""
    flags = {"udp": {}, "tcp": {"flags": "SA"}, "icmp": {}}
    return [at(n, net.map(proto, 6000, n + 1).out(), net.map(proto, 6000, n + 1).back(
        **flags[proto])) for n, proto in enumerate(PROTOS)] + [
            at(5, net.map("tcp", 6001).out()),
            at(6, net.map("udp", 6001).back("no_mapping"),
               net.map("icmp", 6001).back("no_mapping"))]


@scene(STAGE)
def test_preserved(net):
    """The same port, where it is free."""
    return at(0, [net.map(proto, port, 1).out() for proto in PROTOS
                  for port in (1, 1023, 1024, 4001, 32768, 65535)])


@scene(STAGE)
def test_parity(net):
    """Even stays even, and odd stays odd (RFC 4787 REQ-4)."""
    rows, everyone = [], []
    for proto in ("udp", "tcp"):
        for port in (5004, 5005):
            mappings, first = learnt(net, proto, port, range(1, 33))
            rows.append(first)
            everyone += mappings

    def then(_):
        assert all(m.external[1] % 2 == m.inside[1] % 2 for m in everyone)
    return at(0, rows), then


@scene(STAGE)
def test_well_known_ports(net):
    """Those up to 1023 stay among these, others among the others (REQ-3a)."""
    low, rows = learnt(net, "udp", 500, range(1, 40))
    high, more = learnt(net, "udp", 1024, range(1, 40))

    def then(_):
        are_apart(low + high)
        assert all(1 <= m.external[1] < 1024 for m in low), [m.external for m in low]
        assert all(m.external[1] >= 1024 for m in high), [m.external for m in high]
    return at(0, rows, more), then


@scene(EDGE)
def test_class_before_parity(net):
    """Where only a port of the other parity is left in the class, it is that one."""
    rows, everyone = [], []
    for proto, ports in (("udp", (1023, 1024)), ("tcp", (1024, 1023))):
        for port in ports:
            mappings, first = learnt(net, proto, port, (1, 2))
            rows.append(first)
            everyone.append((mappings, {port, 1022 if port < 1024 else 1025}))

    def then(_):
        for mappings, ports in everyone:
            assert {m.external[1] for m in mappings} == ports, [m.external for m in mappings]
    return at(0, rows), then


def shares(mappings, first, last, parts=16):
    """How many external ports there are in each part of a range."""
    counts = [0] * parts
    for mapping in mappings:
        counts[(mapping.external[1] - first) * parts // (last + 1 - first)] += 1
    return counts


def chi_square(counts):
    """How far counts are from being all the same."""
    mean = sum(counts) / len(counts)
    return sum((count - mean) ** 2 / mean for count in counts)


def many(net, proto, number):
    """Mappings of hosts with 32 ports each."""
    return [net.map(proto, 3000 + n % 32, 1 + n // 32, learn=True) for n in range(number)]


@scene(RANDOM)
def test_hard_to_guess(net):
    """Without preservation all ports are as likely, in no order (RFC 6056); classes stay."""
    mappings = many(net, "udp", 512)
    low = [net.map("tcp", 100 + n % 8, 1 + n // 8, learn=True) for n in range(64)]

    def then(_):
        are_apart(mappings)
        ports = [m.external[1] for m in mappings]
        assert min(ports) >= 1024 and all(m.external[1] < 1024 for m in low)
        # 15 degrees of freedom: above 44 by chance in one of 10,000.
        assert chi_square(shares(mappings, 1024, 65535)) < 44, shares(mappings, 1024, 65535)
        # The next is greater half of the time, and hardly ever near.
        steps = [b - a for a, b in zip(ports, ports[1:])]
        assert 200 < sum(step > 0 for step in steps) < 312
        assert sum(abs(step) < 64 for step in steps) < 10
        assert all(m.external[1] % 2 == m.inside[1] % 2 for m in mappings)
        assert sum(m.external[1] == m.inside[1] for m in mappings) < 4
    return at(0, [[m.out() for m in some] for some in (mappings, low)]), then


@scene(STAGE)
def test_collisions_hard_to_guess(net):
    """What is taken by somebody else gets one by lot (RFC 6056 section 4)."""
    mappings, rows = learnt(net, "udp", 4000, range(1, 258))

    def then(_):
        are_apart(mappings)
        first, *ports = (m.external[1] for m in mappings)
        assert first == 4000
        assert chi_square(shares(mappings[1:], 1024, 65535)) < 44
        assert sum(abs(b - a) < 64 for a, b in zip(ports, ports[1:])) < 10
    return at(0, rows), then


@scene(RANDOM)
def test_identifiers_hard_to_guess(net):
    """Those of queries, too."""
    mappings = many(net, "icmp", 256)

    def then(_):
        are_apart(mappings)
        assert chi_square(shares(mappings, 0, 65535)) < 44
    return at(0, [m.out() for m in mappings]), then


@scene(NO_PARITY)
def test_without_parity(net):
    """It may be switched off (RFC 7857 section 8)."""
    mappings = many(net, "udp", 128)

    def then(_):
        same = sum(m.external[1] % 2 == m.inside[1] % 2 for m in mappings)
        assert 32 < same < 96, same
    return at(0, [m.out() for m in mappings]), then


# ---- pools of several addresses ----

def flows(net, hosts, number=12):
    """Mappings of hosts, of all protocols."""
    return {host: [Mapping(net, proto, host, 3000 + n, learn=True)
                   for proto in PROTOS for n in range(number)] for host in hosts}


def addresses(mappings):
    """External ones."""
    return {m.external[0] for m in mappings}


def test_paired():
    """A host has one external address for all it does (RFC 4787 REQ-2); hosts are spread."""
    mappings = flows(Net(1), range(1, 17))
    check(nat('name = "p"; addresses = [ "203.0.113.8/30" ];'),
          [at(n * 0.1, [some[k].out() for some in mappings.values()])
           for n, k in enumerate(range(36))])
    assert all(len(addresses(some)) == 1 for some in mappings.values())
    used = set.union(*(addresses(some) for some in mappings.values()))
    assert 2 < len(used) and used <= {f"203.0.113.{n}" for n in range(8, 12)}, used


def test_paired_still_after_all_ended():
    """While any mapping of the host lives: new ones join it there, whichever protocol."""
    net = Net(1)
    first, *late = (Mapping(net, "udp", 1, 3000 + n, learn=True) for n in range(12))
    other = Mapping(net, "tcp", 1, 3000, learn=True)
    check(nat('name = "p"; addresses = [ "203.0.113.0/24" ];'),
          [[at(n * 100, first.out(), one.out()) for n, one in enumerate(late)],
           at(1150, other.out())])
    assert len(addresses([first, other, *late])) == 1


def test_not_paired():
    """Where the configuration says so, any address does for any mapping."""
    mappings = flows(Net(1), (1,))[1]
    check(nat('name = "p"; addresses = [ "203.0.113.8/29" ]; pairing = "none";'),
          at(0, [m.out() for m in mappings]))
    assert len(addresses(mappings)) > 2


def test_ranges():
    """Addresses of a pool need not be one range (RFC 6888 REQ-3)."""
    mappings = [some[0] for some in flows(Net(1), range(1, 200)).values()]
    check(nat('name = "p"; addresses = [ "203.0.113.10-203.0.113.12", "198.18.200.0/30", '
              '"198.18.210.7" ];'), at(0, [m.out() for m in mappings]))
    used = addresses(mappings)
    pool = {*(f"203.0.113.{n}" for n in (10, 11, 12)), *(f"198.18.200.{n}" for n in range(4)),
            "198.18.210.7"}
    assert used <= pool and len(used) >= 7, used
    assert {str(ip_address(a))[:9] for a in used} == {"203.0.113", "198.18.20", "198.18.21"}


def test_pools_of_rules():
    """The first rule that a packet matches says which pool."""
    net = Net(1)
    one = net.map("udp", 4000, 1, external=("203.0.113.1", 4000))
    dns = net.map("udp", 4001, 1, external=("203.0.113.2", 4001))
    other = net.map("tcp", 4001, 200, external=("203.0.113.3", 4001))
    check(nat('name = "a"; addresses = [ "203.0.113.1" ];',
              'name = "b"; addresses = [ "203.0.113.2" ];',
              'name = "c"; addresses = [ "203.0.113.3" ];', more="""
        rules = ( { dst = [ "198.18.1.9" ]; pool = "b"; action = "translate"; },
                  { src = [ "10.1.0.200/29" ]; proto = [ "tcp" ]; pool = "c";
                    action = "translate"; },
                  { src = [ "10.1.0.0/24" ]; proto = [ "udp" ]; dport = [ "1000-2000" ];
                    pool = "a"; action = "translate"; } );"""),
          at(0, one.out(port=1000), one.out(port=2000), one.refused("no_rule", (3, 13), port=2001),
             dns.out(server=9), other.out(), other.back(flags="SA"), one.back(port=1000),
             dns.back(server=9), net.map("tcp", 4001, 199).refused("no_rule", (3, 13)),
             net.map("udp", 4001, 200).refused("no_rule", (3, 13))))
