# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Ports of external addresses that vnf-nat forwards to inside hosts: anybody may begin, and what
# comes back or is begun there has that external port.

"""Port forwarding."""

from nat import OWN, Error, Mapping, Net, Row, Seen, at, check, each, groups, nat, scene, staged
from scapy.layers.inet import ICMP, fragment

# Of scene N: its own address; another one, of no pool.
FORWARDS = groups(
    each('name = "webN"; proto = [ "tcp" ]; outside = "203.0.113.N"; port = "8080-8083"; '
         'inside = "10.N.0.5"; inside_port = 80;') +
    each('name = "dnsN"; proto = [ "udp", "tcp" ]; outside = "203.0.113.N"; port = "53"; '
         'inside = "10.N.0.6";') +
    [f'name = "other{n}"; proto = [ "udp" ]; outside = "203.0.113.{100 + n}"; port = "1-1000"; '
     f'inside = "10.{n}.0.7"; inside_port = 10001;' for n in range(1, 41)])
STAGE = staged(more=f'filtering = "address-and-port-dependent"; forwards = {FORWARDS};')


def web(net, n=0):
    """The forward's n-th port."""
    return net.map("tcp", 80 + n, 5, external=(net.external, 8080 + n))


def dns(net, proto="udp"):
    """The one that keeps its number."""
    return net.map(proto, 53, 6)


def other(net, n=1):
    """That of an address of no pool."""
    return Mapping(net, "udp", 7, 10000 + n, external=(f"203.0.113.{100 + net.number}", n))


@scene(STAGE)
def test_connections(net):
    """From anywhere, to each port of the range."""
    rows = []
    for n in range(4):
        for server in (1, 2):
            fields = {"server": server, "port": 5000 + n}
            one = web(net, n)
            rows += [one.back(flags="S", seq=1, **fields), one.out(flags="SA", seq=9, **fields),
                     one.back(flags="A", seq=2, **fields), one.out(flags="PA", seq=10, **fields)]
    return at(0, rows)


@scene(STAGE)
def test_datagrams(net):
    """Of both protocols of one forward, and of an address that is nothing else."""
    rows = []
    for one in (dns(net), dns(net, "tcp"), other(net, 1), other(net, 500), other(net, 1000)):
        for server in (1, 2):
            rows += [one.back(server=server, port=7), one.out(server=server, port=7)]
    return at(0, rows)


@scene(STAGE)
def test_ports_beside(net):
    """They are not forwarded, nor are other protocols."""
    return at(0, net.map("udp", 8080).back("no_mapping"),
              net.map("tcp", 8079).back(("no_mapping", "tcp_state"), flags="A"),
              net.map("tcp", 8084).back(("no_mapping", "tcp_state"), flags="A"),
              Mapping(net, "udp", 7, 1, external=(f"203.0.113.{100 + net.number}", 1001)).back(
                  "no_mapping"))


@scene(STAGE)
def test_begun_inside(net):
    """What the host begins from such a port has the forward's (endpoint-independent mapping)."""
    one = web(net, 2)
    return at(0, one.out(server=3, flags="S"), one.back(server=3, flags="SA"), dns(net).out(),
              dns(net).back(), dns(net).back(server=9))


@scene(STAGE)
def test_other_ports_of_the_host(net):
    """They are mapped like anybody's; those of forwards are never taken."""
    rows, ones = [], []
    for host, port in ((5, 8080), (8, 8081), (5, 9000), (9, 53)):
        one = net.map("tcp", port, host, learn=True)
        ones.append(one)
        rows += [one.out()]

    def apart(made):
        taken = {8080, 8081, 8082, 8083, 53}
        assert not taken & {one.external[1] for one in ones}
        assert ones[2].external[1] == 9000
        return made
    return at(0, rows), apart


@scene(STAGE)
def test_hairpin(net):
    """Inside hosts that know the external address only (RFC 4787 REQ-9)."""
    one, two = net.map("tcp", 4000, 1), web(net)
    udp, far = net.map("udp", 4000, 1), other(net)
    return at(0, one.to(two, flags="S", seq=1), two.to(one, flags="SA", seq=9, ack=2),
              one.to(two, flags="A", seq=2, ack=10), udp.to(far), far.to(udp),
              # Also from the very host.
              net.map("tcp", 4001, 5).to(two, flags="S"))


@scene(STAGE)
def test_fragments(net):
    """Datagrams in parts, in any order, both ways."""
    rows, one = [], other(net)
    for n, order in enumerate(((0, 1, 2), (2, 1, 0), (1, 2, 0))):
        fields = {"data": bytes(range(256)) * 10, "id": 50 + n}
        for way, there, sent, seen in (
                ("wan", "lan", one.answer(**fields), one.answer(inside=True, **fields)),
                ("lan", "wan", one.sent(**fields), one.seen(**fields))):
            views, names = (fragment(sent, 1000), fragment(seen, 1000)), []
            rows += at(n, [Row(way, lambda s=views[0][k], o=Seen(there, views[1][k], 0, names): (
                s, [o])) for k in order])
    return rows


@scene(STAGE)
def test_errors(net):
    """About packets to and from the forward."""
    one, kind = other(net), ICMP(type=3, code=1)
    fields = {"data": b"lost and quoted."}

    def row_of(port, there, src, dst, quotes, seen_src, seen_dst):
        head = one.sent().copy()
        head.remove_payload()
        heads = [head.copy(), head.copy()]
        heads[0].src, heads[0].dst = src, dst
        heads[1].src, heads[1].dst = seen_src, seen_dst
        return Row(port, lambda: (heads[0] / kind / quotes[0], [
            Seen(there, heads[1] / kind / quotes[1], sources=(seen_src, OWN["wan"][0]))]))
    server, router = net.server(), net.server(9)
    return at(0, one.back(), one.out(), row_of(
        "wan", "lan", router, one.ext()[0], (one.seen(**fields), one.sent(**fields)), router,
        one.inside[0]), row_of(
        "lan", "wan", one.inside[0], server,
        (one.answer(inside=True, **fields), one.answer(**fields)), one.ext()[0], server))


@scene(STAGE)
def test_end_of_the_way(net):
    """The sender is told with the packet as it sent it."""
    one = other(net)
    about = one.answer(data=b"far away", ttl=1)
    return at(0, one.back("ttl", ttl=1, data=b"far away", outs=[Error("wan", about, (11, 0))]))


def test_of_an_interface():
    """Of the NAT's own address, whatever it is."""
    net = Net(1)
    one = Mapping(net, "tcp", 5, 80, external=(OWN["wan"][0], 8080))
    check(nat('name = "p"; addresses = [ "interface wan" ];', more="""forwards = ( { name = "web";
        proto = [ "tcp" ]; outside = "interface wan"; port = "8080"; inside = "10.1.0.5";
        inside_port = 80; } );"""),
          at(0, one.back(flags="S"), one.out(flags="SA"), one.back(flags="A")))
