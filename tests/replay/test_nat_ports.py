# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# When external ports of vnf-nat run out: all of them are used before that, who comes too late is
# told, what lives stays (RFC 6888 REQ-11), and what was given back rests a while (REQ-8).

"""Exhaustion and quarantine of external ports."""

from nat import PASS, Mapping, Net, Seen, at, check, lan, nat, play, scene, staged
from scapy.layers.inet import IP

FEW = 'name = "few"; addresses = [ "203.0.113.1" ]; ports = "2000-2063";'
TWO = 'name = "two"; addresses = [ "203.0.113.1-203.0.113.2" ]; ports = "2000-2015"; '
RANGE = set(range(2000, 2064))
PORTS = staged('ports = "2000-2063";')
PORTS_CGN = staged('ports = "2000-2063";', 'profile = "cgn";')
PORTS_SILENT = staged('ports = "2000-2063";', 'exhausted = "drop";')
PORTS_CHOSEN = staged('ports = "2000-2063";', 'profile = "cgn"; exhausted = "prohibited";')
PORTS_HASTE = staged('ports = "2000-2063";', 'quarantine = "0s";')
PORTS_SHORT = staged('ports = "2000-2063";', 'quarantine = "30s"; timeouts = { udp = "60s"; };')


def filled(net, proto="udp", number=64, first=5000):
    """Mappings of several hosts, which learn their ports."""
    return [net.map(proto, first + n, 1 + n % 7, learn=True) for n in range(number)]


def ports(mappings):
    """External ones."""
    return {m.external[1] for m in mappings}


def exhaust(net, then, proto="udp"):
    """All ports in use, rows for that moment, and whether all were."""
    mappings = filled(net, proto)
    rows = at(0, [m.out() for m in mappings])

    def full(made):
        assert ports(mappings) == RANGE, sorted(RANGE - ports(mappings))
        return made
    return [rows, then(mappings)], full


@scene(PORTS)
def test_prohibited(net):
    """All are used; then its sender is told (RFC 5508 REQ-8), and live mappings go on."""
    late = net.map("udp", 7000, 9)
    return exhaust(net, lambda mappings: [
        at(1, late.refused("exhausted", (3, 13)),
           net.map("udp", 7001).refused("exhausted", (3, 13))),
        at(2, [m.out() for m in mappings], [m.out(server=2) for m in mappings],
           [m.back() for m in mappings], late.refused("exhausted", (3, 13)))])


@scene(PORTS)
def test_prohibited_tcp(net):
    """Each protocol has ports of its own."""
    late = net.map("tcp", 7000, 9)
    return exhaust(net, lambda mappings: [
        at(1, late.refused("exhausted", (3, 13)), net.map("udp", 2007).out(),
           net.map("icmp", 9).out()),
        at(2, [m.back(flags="SA") for m in mappings])], "tcp")


@scene(PORTS_CGN)
def test_host_unreachable(net):
    """A provider's says it in another way (RFC 6888 REQ-11B)."""
    return exhaust(net, lambda mappings: at(1, net.map("udp", 7000).refused("exhausted", (3, 1)),
                                            [m.back() for m in mappings]))


@scene(PORTS_SILENT)
def test_silent(net):
    """Or not at all (RFC 5508 REQ-9)."""
    return exhaust(net, lambda mappings: at(1, net.map("udp", 7000).out(want="exhausted"),
                                            [m.back() for m in mappings]))


@scene(PORTS_CHOSEN)
def test_chosen(net):
    """What is said counts more than the profile."""
    return exhaust(net, lambda _: at(1, net.map("udp", 7000).refused("exhausted", (3, 13))))


@scene(PORTS)
def test_quarantine(net):
    """A port that was given back is nobody's for two minutes."""
    mappings = filled(net)
    late, anew = net.map("udp", 7000, 9), net.map("udp", 7000, 9, learn=True)
    old = net.map("udp", 5000, 1, external=(net.external, 2000))
    return [at(0, [m.out() for m in mappings]),
            at(299, late.refused("exhausted", (3, 13))),
            at(301, late.refused("exhausted", (3, 13)), old.back("no_mapping")),
            at(419, late.refused("exhausted", (3, 13))),
            at(421, anew.out(), anew.back())]


@scene(PORTS)
def test_quarantine_of_what_would_be_preserved(net):
    """Nor is it given to who would have liked just this one, nor to who had it."""
    one, same, late = (net.map("udp", 2010), net.map("udp", 2010, learn=True),
                       net.map("udp", 2010, 2, learn=True))
    after = net.map("udp", 2010, 3)

    def others(made):
        assert 2010 not in ports([same, late])
        return made
    return [at(0, one.out()), at(310, same.out(), late.out()), at(421, after.out())], others


@scene(PORTS)
def test_quarantine_of_other_protocols(net):
    """The same of TCP and of queries, whose mappings live for other times."""
    rows, others = [], []
    for proto, period in (("tcp", 240), ("icmp", 60)):
        others.append(net.map(proto, 2010, 2, learn=True))
        rows += [at(0, net.map(proto, 2010).out()), at(period + 119, others[-1].out()),
                 at(period + 122, net.map(proto, 2010, 3).out())]

    def rested(made):
        assert 2010 not in ports(others)
        return made
    return rows, rested


@scene(PORTS)
def test_a_port_after_the_other(net):
    """Each is free again at its own time, and all can be used anew."""
    first = [net.map("udp", 2000 + n) for n in range(64)]
    again = [net.map("udp", 2000 + n, 2) for n in range(64)]
    return [at(n, one.out()) for n, one in enumerate(first)] + [
        at(421 + n, one.out()) for n, one in enumerate(again)]


@scene(PORTS_HASTE)
def test_no_quarantine(net):
    """It may be switched off."""
    return [at(0, [net.map("udp", port).out() for port in sorted(RANGE)]),
            at(301, [net.map("udp", port, 2).out() for port in sorted(RANGE)])]


@scene(PORTS_SHORT)
def test_other_quarantine(net):
    """Its time is the administrator's."""
    late = net.map("udp", 7000, 9)
    return [at(0, [net.map("udp", port).out(port=5000) for port in sorted(RANGE)]),
            at(61, late.refused("exhausted", (3, 13))), at(89, late.refused("exhausted", (3, 13))),
            at(91, [net.map("udp", port, 2).out(port=5000) for port in sorted(RANGE)])]


@scene(PORTS)
def test_ports_outside_of_the_range(net):
    """Neither preserved nor well-known: all in the range."""
    mappings = [net.map("udp", port, learn=True) for port in (7, 1023, 1024, 1999, 2064, 65535)]

    def inside(made):
        assert ports(mappings) <= RANGE
        return made
    return at(0, [m.out() for m in mappings]), inside


@scene(PORTS)
def test_parity_until_none_is_left(net):
    """Odd ports get odd ones while there are such, then even ones."""
    mappings = [net.map("udp", 5001 + 2 * n, learn=True) for n in range(64)]

    def odd(made):
        assert all(m.external[1] % 2 for m in mappings[:32])
        assert ports(mappings) == RANGE
        return made
    return [at(n * 0.1, m.out()) for n, m in enumerate(mappings)], odd


# ---- pools of several addresses ----

def used_by_one(pairing):
    """One host that wants 40 ports of a pool of two addresses with 16 each: how many it gets."""
    net = Net(1)
    mappings = [Mapping(net, "udp", 1, 5000 + n, learn=True) for n in range(40)]
    rows = [at(n, m.out(None)) for n, m in enumerate(mappings)]
    result = play(nat(TWO + pairing, more='exhausted = "drop";'), rows)
    fates = [one.fate for one in result.rows]
    sources = [one.packet[IP].src for one in result.sent if one.port == "wan" and IP in one.packet]
    assert set(fates) <= {PASS, "exhausted"} and fates.count(PASS) == len(sources)
    return fates.count(PASS), sources


def test_strict_pairing():
    """The other address is not for it (RFC 7857 section 4)."""
    number, sources = used_by_one('pairing = "strict";')
    assert number == 16 and len(set(sources)) == 1


def test_default_pairing():
    """It is the strict one."""
    number, sources = used_by_one("")
    assert number == 16 and len(set(sources)) == 1


def test_soft_pairing():
    """Or it is, when the own one has no more."""
    number, sources = used_by_one('pairing = "soft";')
    assert number == 32 and len(set(sources[:16])) == 1 and len(set(sources[16:])) == 1


def test_no_pairing():
    """All of both from the beginning."""
    number, sources = used_by_one('pairing = "none";')
    assert number == 32 and len(set(sources[:16])) == 2


# ---- ports that are for something else ----

def test_ports_of_forwards():
    """They are never given to others, preserved or not."""
    net = Net(1)
    mappings = [Mapping(net, "udp", 1 + n % 7, 2000 + n, learn=True) for n in range(32)]
    late = net.map("udp", 2000, 9)
    config = nat(FEW, more="""forwards = ( { name = "f"; proto = [ "udp" ]; port = "2000-2031";
        outside = "203.0.113.1"; inside = "10.1.0.99"; inside_port = 9000; } );""")
    check(config, [at(0, [m.out() for m in mappings]), at(1, late.refused("exhausted", (3, 13)))])
    assert ports(mappings) == set(range(2032, 2064))


def test_full_tables():
    """No room for another session, mapping or host: dropped, and those that there are stay."""
    net = Net(1)
    ones = [net.map("udp", 4000 + n) for n in range(200)]
    late = [net.map("udp", 5000 + n, 1) for n in range(800)]
    for size in ('sessions = "512";', 'sessions = "2k"; mappings = 512;'):
        rows = [at(0, [one.out() for one in ones])]
        rows += [at(1 + n // 32 * 0.01, lan(one.sent(data=b"%d" % n), None, [
            Seen("wan", one.seen(data=b"%d" % n), needed=False)])) for n, one in enumerate(late)]
        rows += [at(10, [one.back() for one in ones], [one.out() for one in ones])]
        result = play(nat('name = "p"; addresses = [ "203.0.113.1" ];',
                          more=size + "steering = { slots = 1; };"), rows, ways=((1, 32), (1, 1)))
        wrong = [one.tell() for one in result.rows if not one.is_right()]
        assert not wrong, wrong[:5]
        fates = [one.fate for one in result.rows[200:1000]]
        assert "full" in fates and set(fates) <= {PASS, "full"}, set(fates)
