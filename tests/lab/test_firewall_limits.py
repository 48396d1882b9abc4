# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Limits of vnf-firewall while it runs: sessions that stand are counted as soon as a reload asks for
# it, by whichever rule they are now; and `vnfkit ctl sources`. What a limit is: the replay tests,
# tests/replay/test_firewall_limits.py.

"""Limits per source over reloads."""

import contextlib

import lab
import pytest
from lab.transfer import Connection, tcp_socket, udp_socket

FAMILIES = (4, 6)
# Rules of the same connections by other names, and one without any.
OPEN = {"name": "open", "from": ["lan"], "proto": ["tcp"], "dport": ["82"], "action": "accept"}
RENAMED = {**OPEN, "name": "renamed"}
NAMELESS = {key: value for key, value in OPEN.items() if key != "name"}
FREE = {"name": "free", "from": ["lan"], "proto": ["tcp"], "dport": ["83"], "action": "accept"}
NEVER = {"name": "never", "proto": ["tcp"], "dport": ["9"], "action": "drop"}


@pytest.fixture(name="net", scope="module", params=(1, 2))
def fixture_net(caps, request):
    """A firewall of so many workers."""
    with lab.Run() as run:
        net = lab.TransparentFirewall(run, caps, [OPEN, FREE], workers=request.param).start()
        yield net
        net.settle()
        for instance in (net.switch, net.vnf):
            assert not lab.ledger_faults(instance.name, instance.ledger())
        net.stop()


def opens(net, family):
    """Does a connection begin? A server that does not listen says so at once."""
    client, server = net.client.at(family), net.server.at(family)
    with tcp_socket(client.netns, client.address) as one:
        one.settimeout(0.4)
        try:
            one.connect((server.address, 82))
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            return False
    return True


def is_refused(net, family):
    """Soon. What begins is reset, and counts no more."""
    lab.until(lambda: not opens(net, family), 10, "sessions that stand to be counted")


def is_allowed(net, family):
    """The opposite."""
    lab.until(lambda: opens(net, family), 10, "a place of a source that has one left")


def foreseen(net, family, reason, proto="tcp", dport=82):
    """What the firewall says of the next one."""
    client, server = net.client.at(family).address, net.server.at(family).address
    ends = [f"[{client}]:9", f"[{server}]:{dport}"] if family == 6 else \
        [f"{client}:9", f"{server}:{dport}"]
    answer = net.ask("explain", **{"in": "lan", "packet": f"{ends[0]} > {ends[1]} {proto}"})
    assert answer.get("reason") == reason, answer


def connections(net, family, n, stack):
    """So many that stay; the last one can be closed."""
    made = [Connection(net.client.at(family), net.server.at(family), 82) for _ in range(n)]
    for one in made:
        stack.enter_context(one).talk()
    return made


def limited(rule, **keys):
    """With a limit."""
    return {**rule, **keys}


@pytest.mark.parametrize("family", FAMILIES)
def test_reload(net, family):
    """
    A limit that is new counts what stands; the count goes on under the rule's name, and moves with
    sessions to rules of other names.
    """
    three = {"source_sessions": 3}
    with contextlib.ExitStack() as stack, net.settings(rules=net.vnf.settings["rules"]):
        connections(net, family, 3, stack)
        assert opens(net, family)
        for rules in ([limited(OPEN, **three), FREE], [NEVER, FREE, limited(OPEN, **three)],
                      [limited(RENAMED, **three)], [NEVER, limited(NAMELESS, **three), FREE]):
            net.vnf.reload(rules=rules)
            is_refused(net, family)
        foreseen(net, family, "source_sessions")
        net.vnf.reload(rules=[limited(NAMELESS, source_sessions=4), FREE])
        is_allowed(net, family)
        foreseen(net, family, None)
        connections(net, family, 1, stack)
        is_refused(net, family)
        # Nobody is ended by a limit; and without it all may begin.
        net.vnf.reload(rules=[limited(OPEN, source_sessions=1), FREE])
        is_refused(net, family)
        assert len(net.sessions(proto="tcp", state="established")) == 4
        net.vnf.reload(rules=[OPEN, FREE])
        assert opens(net, family)
    # All of them gave back what they had.
    with net.settings(rules=[limited(OPEN, source_sessions=1)]):
        is_allowed(net, family)


def test_prefix(net):
    """Another length of the prefix that makes a source: counts move, and none is lost."""
    with contextlib.ExitStack() as stack, \
            net.settings(rules=[limited(OPEN, source_sessions=2)]):
        connections(net, 6, 2, stack)
        is_refused(net, 6)
        for prefix in (128, 48, 64):
            net.vnf.reload(limits={"ipv6_prefix": prefix})
            is_refused(net, 6)
            assert opens(net, 4)


def test_half_open(net):
    """What is half-open when the limit comes counts from then on; `sources` names who it is."""
    client, server = net.client.at(4), net.server.at(4)
    rules = [OPEN, FREE, {"name": "udp", "from": ["lan"], "proto": ["udp"], "action": "accept"}]

    def most(**args):
        return net.ask("sources", version="ipv4", by="half_open", **args)["most"]

    def refused():
        return net.drops()["half_open_source"]

    with contextlib.ExitStack() as stack, net.settings(rules=rules):
        asking = [stack.enter_context(udp_socket(client.netns, client.address)) for _ in range(4)]
        for one in asking[:3]:
            one.sendto(b"x", (server.address, 2000))
        lab.until(lambda: most(rule="udp") == [{"src": client.address, "from": "lan",
                                                "sessions": 3, "half_open": 3}], 5, "datagrams")
        assert net.ask("sources", rule="udp")["sources"] == 1
        assert net.ask("sources")["half_open_all"] >= 3
        assert not any(row["half_open"] for row in most(rule="open", limit=1))
        code, text = net.ctl("sources", "rule=udp")
        assert code == 0 and client.address in text, text
        code, text = net.ctl("sources", "rule=nobody")
        assert code != 0 and 'no rule "nobody"' in text, text
        before = refused()
        with net.settings(limits={"half_open_source": 3}):
            # The next packets of those that stand make them known, whether they were walked or not.
            passed = net.rules()["udp"]["packets"]
            for one in asking[:3]:
                one.sendto(b"y", (server.address, 2000))
            lab.until(lambda: net.rules()["udp"]["packets"] >= passed + 3, 10, "their packets")
            asking[3].sendto(b"x", (server.address, 2000))
            lab.until(lambda: refused() == before + 1, 10, "the fourth to be refused")
            # TCP begins half-open, too.
            foreseen(net, 4, "half_open_source")
            assert not opens(net, 4)
            assert opens(net, 6)
            with net.settings(limits={"half_open": 1}):
                foreseen(net, 6, "half_open")
        assert opens(net, 4)


def test_rate(net):
    """What is used up of a period is foreseen, and counted by nobody who asks."""
    with net.settings(rules=[limited(OPEN, source_rate=2, source_period="1h")]):
        for reason in (None, None, "source_rate"):
            foreseen(net, 4, reason)
            foreseen(net, 4, reason)
            assert opens(net, 4) == (reason is None)
        foreseen(net, 6, None)
