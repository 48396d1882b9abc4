# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Who may send to a mapping of vnf-nat from outside: all, the addresses that it has sent to, or
# these addresses' very ports (RFC 4787 section 5), for each protocol by itself.

"""Filtering of packets from outside."""

from nat import Error, PASS, PROTOS, at, scene, staged

ENDPOINT = staged(more='filtering = "endpoint-independent";')
ADDRESS = staged(more='filtering = "address-dependent";')
PORT = staged(more='filtering = "address-and-port-dependent";')
STANDARD = staged()
CGN = staged(more='profile = "cgn";')
STRICT_CGN = staged(more='profile = "cgn"; filtering = "address-and-port-dependent";')


def first(proto, inbound=True):
    """Fields of a packet that may begin a session."""
    return {"flags": "S"} if proto == "tcp" else {"type": 0} if proto == "icmp" and inbound else {}


def matrix(net, other_port, other_address):
    """To a mapping: from where it has sent to, another port there, and another address."""
    rows = []
    for proto in PROTOS:
        one = net.map(proto, 4000)
        if proto == "tcp":
            # Of a SYN that is refused, its sender is told later.
            ends = [(1, 7, PASS, "SA")] + [
                (server, port, want, "S") for server, port, want in (
                    (1, 8, other_port), (2, 7, other_address)) if want == PASS]
            rows += [one.out(port=7)]
            rows += [one.back(end[2], *end[:2], flags=end[3]) for end in ends]
            continue
        rows += [one.out(port=7), one.back(port=7, **first(proto))]
        if proto == "udp":
            rows += [one.back(other_port, 1, 8), one.back(other_address, 2, 7),
                     one.back(other_address, 3, 9)]
        else:
            # Nobody else has been asked anything.
            rows += [one.back("filtered", 2, type=0)]
    return at(0, rows)


def refused_syns(net, ends):
    """SYNs of others wait, and are refused when 6 seconds are over."""
    one = net.map("tcp", 4000)
    rows = [at(0, one.out(port=7))]
    for server, port in ends:
        syn = one.answer(server, port, flags="S")
        rows += [at(1, one.back("syn_unanswered", server, port, data=b"", flags="S", outs=[
            Error("wan", syn, (3, 3), (6, 6.5))]))]
    return rows


def unsolicited(net):
    """Without a mapping nothing gets in, of whichever filtering."""
    return at(0, [net.map(proto, 4001).back("no_mapping", **first(proto))
                  for proto in ("udp", "icmp")],
              net.map("tcp", 4001).back(("no_mapping", "tcp_state"), flags="A"))


@scene(ENDPOINT)
def test_endpoint_independent(net):
    """Whoever it is, once the inside host has sent anything at all (RFC 4787 REQ-8)."""
    return matrix(net, PASS, PASS)


@scene(ENDPOINT)
def test_endpoint_independent_answers(net):
    """The inside host answers who came by itself, and it is the same external port."""
    udp, tcp = net.map("udp", 4000), net.map("tcp", 4000)
    return at(0, udp.out(server=1), udp.back(server=2, port=9), udp.out(server=2, port=9),
              tcp.out(server=1), tcp.back(server=2, port=9, flags="S"),
              tcp.out(server=2, port=9, flags="SA"), tcp.back(server=2, port=9, flags="A"))


@scene(ENDPOINT)
def test_endpoint_independent_without_mapping(net):
    """Nothing was sent from there."""
    return unsolicited(net)


@scene(ENDPOINT)
def test_protocols_have_mappings_of_their_own(net):
    """What is open for one protocol is not for another (RFC 7857 section 6)."""
    return [at(0, net.map("tcp", 4000).out(), net.map("udp", 4000).back("no_mapping"),
               net.map("icmp", 4000).back("no_mapping")),
            at(1, net.map("udp", 4001).out(), net.map("tcp", 4001).back(
                ("no_mapping", "tcp_state"), flags="A"))]


@scene(ADDRESS)
def test_address_dependent(net):
    """Only from addresses that it has sent to, whatever the port."""
    return matrix(net, PASS, "filtered")


@scene(ADDRESS)
def test_address_dependent_without_mapping(net):
    """Nothing was sent from there."""
    return unsolicited(net)


@scene(ADDRESS)
def test_address_dependent_syns(net):
    """Others' SYNs are refused, late."""
    return refused_syns(net, ((2, 7),))


@scene(ADDRESS)
def test_addresses_of_each_mapping(net):
    """What was sent to from another port of the same host does not count."""
    one, other = net.map("udp", 4000), net.map("udp", 4001)
    return at(0, one.out(server=1), other.out(server=2), one.back("filtered", server=2),
              other.back("filtered", server=1), one.back(server=1), other.back(server=2),
              one.out(server=2), one.back(server=2), other.back("filtered", server=1))


@scene(PORT)
def test_address_and_port_dependent(net):
    """Only from where it has sent to."""
    return matrix(net, "filtered", "filtered")


@scene(PORT)
def test_address_and_port_dependent_syns(net):
    """Others' SYNs are refused, late."""
    return refused_syns(net, ((1, 8), (2, 7)))


@scene(STANDARD)
def test_standard(net):
    """Address-dependent: a home's or an office's (RFC 4787 REQ-8)."""
    return matrix(net, PASS, "filtered")


@scene(CGN)
def test_cgn(net):
    """Endpoint-independent: a provider's (RFC 6888 REQ-7)."""
    return matrix(net, PASS, PASS)


@scene(STRICT_CGN)
def test_cgn_that_filters(net):
    """What is said counts more than the profile."""
    return matrix(net, "filtered", "filtered")
