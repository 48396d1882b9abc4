# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What vnf-firewall says of its configuration: each kind of mistake with file, line, key, what is
# wrong and what is allowed; all mistakes of a file; warnings of what makes no sense. Only --check
# and --dump-config run, which start no DPDK.

"""The firewall's configuration."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

BUILD = Path(os.environ["VNFKIT_BUILD"])
SOURCE = Path(os.environ.get("VNFKIT_SOURCE", Path(__file__).resolve().parents[2]))
FIREWALL = BUILD / "vnfs/firewall/vnf-firewall"
EXAMPLES = [SOURCE / "vnfs/firewall" / name for name in ("firewall.conf", "firewall-routed.conf")]
# In seconds. A million addresses take half a one and 10,000 rules one, where nothing slows them.
PATIENCE = 30

TRANSPARENT = {
    "ports": '( { name = "lan"; kind = "null"; }, { name = "wan"; kind = "null"; }, '
             '{ name = "spare"; kind = "null"; } )',
    "mode": '"transparent"',
    "wires": '( { a = "lan"; b = "wan"; } )',
    "zones": '( { name = "inside"; ports = [ "lan" ]; }, '
             '{ name = "outside"; ports = [ "wan" ]; } )',
    "sets": '( { name = "bad"; addresses = [ "192.0.2.0/24", "2001:db8::/32" ]; } )',
    "port_sets": '( { name = "web"; ports = [ "80", "443", "8000-8080" ]; } )',
    "rules": "( )",
}
ROUTED = {
    "ports": TRANSPARENT["ports"],
    "mode": '"routed"',
    "ip": '{ interfaces = ( { port = "lan"; addresses = [ "10.0.1.1/24" ]; }, '
          '{ port = "wan"; vlan = 7; addresses = [ "10.0.2.1/24" ]; }, '
          '{ port = "spare"; name = "guests"; addresses = [ "10.0.3.1/24" ]; } ); }',
    "zones": '( { name = "inside"; interfaces = [ "lan", "guests" ]; }, '
             '{ name = "outside"; interfaces = [ "wan.7" ]; } )',
    "rules": "( )",
}


def text_of(base, changes):
    """A key a line, in the order of the base; None takes one out."""
    keys = {**base, **changes}
    return "".join(f"{key} = {value};\n" for key, value in keys.items() if value is not None)


def line_of(text, key):
    """Where a key of the top level stands; one that does not stands for the file."""
    names = [line.split(" = ")[0] for line in text.splitlines()]
    return names.index(key) + 1 if key in names else 1


def run(folder, text, option="--check"):
    """Exit code, standard output, lines of standard error."""
    (folder / "fw.conf").write_text(text, encoding="utf-8")
    done = subprocess.run([FIREWALL, "-c", "fw.conf", option], cwd=folder, capture_output=True,
                          text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr.splitlines()


def check_refused(folder, base, changes, key, message):
    """It is refused, with this message and no other."""
    text = text_of(base, changes)
    code, _, errors = run(folder, text)
    assert errors == [f"fw.conf:{line_of(text, re.split('[.[]', key)[0])}: {key}: {message}"]
    assert code == 2


PORTS = ('allowed are ports as "80", and ranges from low to high as "8000-8080", up to 65535')
PROTOS = ('allowed are protocols as "tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "esp", and '
          "numbers up to 255")
TYPES = 'allowed are types as "echo-request" and "3", and with a code "3/4"'
VLANS = ('allowed are VLANs as "10", ranges from low to high as "100-200", up to 4094, and '
         '"untagged"')
ADDRESSES = "they are as 10.0.0.0/8, 2001:db8::1, or 10.0.0.1-10.0.0.9"
HAVE_PORTS = 'only "tcp", "udp", "sctp", "dccp" and "udplite" have ports, and `proto` names '
TWO_TYPES = 'needs `proto` to be either [ "icmp" ] or [ "icmpv6" ], whose types are different ones'
AH = ("but packets with an authentication header are judged by the protocol in it; write that one")

# Key of the rule that is wrong, the rule without its action, what is said.
RULES = [
    ("name", 'name = "a b";', 'is "a b", allowed are letters, digits, "_" and "-"'),
    ("name", 'name = "default";',
     'is "default", which names what no rule matches; choose another name'),
    ("from[0]", 'from = [ "insdie" ];', 'no zone is named "insdie"; did you mean "inside"?'),
    ("to[1]", 'to = [ "inside", "dmz" ];',
     'no zone is named "dmz"; there are "inside", "outside"'),
    ("to[0]", 'to = [ "self" ];',
     'is "self", the firewall\'s own addresses, of which there are none in mode "transparent"'),
    ("src", "src = [ ];", "has 0 elements, at least 1 is needed"),
    ("src[0]", 'src = [ "10.0.0.300" ];', f'"10.0.0.300" is no address; {ADDRESSES}'),
    ("src[0]", 'src = [ "10.0.0.1/8" ];', '"10.0.0.1/8" has bits beyond its length'),
    ("dst[0]", 'dst = [ "10.0.0.9-10.0.0.1" ];',
     '"10.0.0.9-10.0.0.1" does not end behind its begin'),
    ("src[0]", 'src = [ "bad" ];',
     f'"bad" is no address; {ADDRESSES}; the set of that name is "@bad"'),
    ("src[0]", 'src = [ "@bda" ];', 'no set is named "bda"; did you mean "bad"?'),
    ("dst[0]", 'dst = [ "!@good" ];', 'no set is named "good"; there is "bad"'),
    ("src[1]", 'src = [ "!10.0.0.1", "@bad" ];',
     'is "@bad" after "!10.0.0.1": write "!" before every element (all but these) or before none'),
    ("dst[2]", 'dst = [ "10.0.0.1", "@bad", "!::1" ];',
     'is "!::1" after "10.0.0.1": write "!" before every element (all but these) or before none'),
    ("family", 'family = "ipv5";',
     'is "ipv5", write one of "any", "ipv4", "ipv6"; did you mean "ipv4"?'),
    ("family", 'family = "ipv6"; proto = [ "icmp" ];',
     'is "ipv6", but `proto` is "icmp", which is IPv4\'s; IPv6 has "icmpv6"'),
    ("family", 'family = "ipv4"; proto = [ "58" ];',
     'is "ipv4", but `proto` is "icmpv6", which is IPv6\'s; IPv4 has "icmp"'),
    ("proto[0]", 'proto = [ "tpc" ];', f'is "tpc", {PROTOS}; did you mean "tcp"?'),
    ("proto[1]", 'proto = [ "tcp", "256" ];', f'is "256", {PROTOS}'),
    ("proto[0]", 'proto = [ "-1" ];', f'is "-1", {PROTOS}'),
    ("proto[0]", 'proto = [ "ah" ];', f'is "ah", {AH}'),
    ("proto[0]", 'proto = [ "51" ];', f'is "51", {AH}'),
    ("proto[1]", 'proto = [ "!tcp", "udp" ];',
     'is "udp" after "!tcp": write "!" before every element (all but these) or before none'),
    ("dport[0]", 'dport = [ "65536" ];', f'is "65536", {PORTS}'),
    ("dport[0]", 'dport = [ "http" ];', f'is "http", {PORTS}'),
    ("dport[0]", 'dport = [ "90-80" ];', f'is "90-80", {PORTS}'),
    ("sport[0]", 'sport = [ "1-" ];', f'is "1-", {PORTS}'),
    ("sport[0]", 'sport = [ "" ];', f'is "", {PORTS}'),
    ("sport[0]", 'sport = [ "!!1" ];', f'is "!1", {PORTS}'),
    ("dport[0]", 'dport = [ "99999999999999999999" ];', f'is "99999999999999999999", {PORTS}'),
    ("dport[0]", 'dport = [ "@wbe" ];', 'no port set is named "wbe"; did you mean "web"?'),
    ("dport[1]", 'dport = [ "!1", "2" ];',
     'is "2" after "!1": write "!" before every element (all but these) or before none'),
    ("dport", 'proto = [ "tcp", "gre" ]; dport = [ "80" ];', HAVE_PORTS + '"gre" (47)'),
    ("sport", 'proto = [ "99" ]; sport = [ "80" ];', HAVE_PORTS + "another (99)"),
    ("sport", 'sport = [ "!0-65535" ];', "no number is left that would match"),
    ("proto", 'proto = [ "!tcp", "!udp", "!sctp", "!dccp", "!udplite" ]; dport = [ "80" ];',
     "none of these has the ports, TCP flags or types of ICMP that the rule asks for"),
    ("icmp", 'icmp = [ "3" ];', TWO_TYPES),
    ("icmp", 'proto = [ "icmp", "icmpv6" ]; icmp = [ "echo-request" ];', TWO_TYPES),
    ("icmp", 'proto = [ "!icmp" ]; icmp = [ "echo-request" ];', TWO_TYPES),
    ("icmp[0]", 'proto = [ "icmp" ]; icmp = [ "packet-too-big" ];',
     'is "packet-too-big", which is a type of ICMPv6, and `proto` is "icmp"'),
    ("icmp[0]", 'proto = [ "icmpv6" ]; icmp = [ "timestamp-reply" ];',
     'is "timestamp-reply", which is a type of ICMP, and `proto` is "icmpv6"'),
    ("icmp[1]", 'proto = [ "icmp" ]; icmp = [ "3/4", "echo-reqest" ];',
     f'is "echo-reqest", {TYPES}; did you mean "echo-request"?'),
    ("icmp[0]", 'proto = [ "icmp" ]; icmp = [ "3/256" ];', f'is "3/256", {TYPES}'),
    ("icmp[0]", 'proto = [ "icmp" ]; icmp = [ "256" ];', f'is "256", {TYPES}'),
    ("icmp[0]", 'proto = [ "icmp" ]; icmp = [ "!3" ];', f'is "!3", {TYPES}'),
    ("dport", 'proto = [ "icmp" ]; icmp = [ "3" ]; dport = [ "80" ];', HAVE_PORTS + '"icmp" (1)'),
    ("flags", 'flags = [ "syn" ];', 'needs `proto` to be [ "tcp" ]'),
    ("flags", 'proto = [ "tcp", "udp" ]; flags = [ "syn" ];', 'needs `proto` to be [ "tcp" ]'),
    ("flags[0]", 'proto = [ "tcp" ]; flags = [ "ak" ];',
     'is "ak", allowed are "fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"; did you mean '
     '"ack"?'),
    ("flags[1]", 'proto = [ "tcp" ]; flags = [ "syn", "!syn" ];',
     'is "!syn", and the same flag is there without "!"; write one of the two'),
    ("flags[1]", 'proto = [ "tcp" ]; flags = [ "!ack", "ack" ];',
     'is "ack", and the same flag is there with "!"; write one of the two'),
    ("fragment", 'fragment = "first";', 'is "first", write one of "any", "yes", "no"'),
    ("log", "log = 1;", "is 1, write true or false"),
    ("log", 'log = "all";', 'is "all", write true or false'),
    ("vlan[0]", 'vlan = [ "4095" ];', f'is "4095", {VLANS}'),
    ("vlan[0]", 'vlan = [ "untaged" ];', f'is "untaged", {VLANS}; did you mean "untagged"?'),
    ("vlan[1]", 'vlan = [ "!untagged", "10" ];',
     'is "10" after "!untagged": write "!" before every element (all but these) or before none'),
]


@pytest.mark.quick
@pytest.mark.parametrize("key, rule, message", RULES)
def test_rule(tmp_path, key, rule, message):
    """A rule with one mistake."""
    changes = {"rules": f'( {{ action = "accept"; }}, {{ {rule} action = "drop"; }} )'}
    check_refused(tmp_path, TRANSPARENT, changes, f"rules[1].{key}", message)


def rules(text):
    """The list of rules alone."""
    return {"rules": f"( {text} )"}


IN_ONE = "is in zone \"inside\" already, it can be in one"
OTHERS = [
    (TRANSPARENT, {"mode": '"bridge"'}, "mode",
     'is "bridge", write one of "transparent", "routed"'),
    (TRANSPARENT, {"wires": None}, "mode",
     'is "transparent", which needs `wires`, such as ( { a = "lan"; b = "wan"; } )'),
    (TRANSPARENT, {"ip": ROUTED["ip"]}, "mode",
     'is "transparent", which has no addresses: leave out the group `ip`, or write "routed"'),
    (TRANSPARENT, {"wires": '( { a = "lan"; b = "wna"; } )'}, "wires[0].b",
     'no port is named "wna"; did you mean "wan"?'),
    (TRANSPARENT, {"wires": '( { a = "lan"; b = "wan"; }, { a = "uplink"; b = "spare"; } )'},
     "wires[1].a", 'no port is named "uplink"'),
    (TRANSPARENT, {"wires": '( { a = "lan"; b = "lan"; } )',
                   "zones": '( { name = "inside"; ports = [ "lan" ]; } )'},
     "wires[0].b", 'port "lan" is an end of a wire already, a port has one wire'),
    (TRANSPARENT, {"wires": '( { a = "lan"; b = "wan"; }, { a = "spare"; b = "wan"; } )'},
     "wires[1].b", 'port "wan" is an end of a wire already, a port has one wire'),
    (TRANSPARENT, {"zones": '( { name = "inside"; ports = [ "lna" ]; } )'}, "zones[0].ports[0]",
     'no port is named "lna"; did you mean "lan"?'),
    (TRANSPARENT, {"zones": '( { name = "inside"; ports = [ "lan" ]; }, '
                            '{ name = "b"; ports = [ "wan", "lan" ]; } )'},
     "zones[1].ports[1]", f'port "lan" {IN_ONE}'),
    (TRANSPARENT, {"zones": '( { name = "inside"; ports = [ "lan", "lan" ]; } )'},
     "zones[0].ports[1]", f'port "lan" {IN_ONE}'),
    (TRANSPARENT, {"zones": '( { name = "a"; ports = [ "lan" ]; }, '
                            '{ name = "a"; ports = [ "wan" ]; } )'},
     "zones[1].name", 'another zone is named "a"'),
    (TRANSPARENT, {"zones": '( { name = "self"; ports = [ "lan" ]; } )'}, "zones[0].name",
     'is "self", which names the firewall\'s own addresses; choose another name'),
    (TRANSPARENT, {"zones": '( { name = "a/b"; ports = [ "lan" ]; } )'}, "zones[0].name",
     'is "a/b", allowed are letters, digits, "_" and "-"'),
    (TRANSPARENT, {"zones": '( { name = "a"; interfaces = [ "lan" ]; } )'}, "zones[0].interfaces",
     'is for mode "routed"; in mode "transparent" a zone has `ports`'),
    (TRANSPARENT, {"zones": '( { name = "a"; } )'}, "zones[0].ports",
     'is empty, a zone in mode "transparent" has one or more'),
    (TRANSPARENT, {"sets": '( { name = "a"; addresses = [ ]; }, { name = "a"; files = [ ]; } )'},
     "sets[1].name", 'another set is named "a"'),
    (TRANSPARENT, {"sets": '( { name = "a"; } )'}, "sets[0].addresses",
     "is not there, and neither is `files`; write one of them, or [ ] for an empty set"),
    (TRANSPARENT, {"sets": '( { name = "a"; addresses = [ "::1", "x" ]; } )'},
     "sets[0].addresses[1]", f'"x" is no address; {ADDRESSES}'),
    (TRANSPARENT, {"sets": '( { name = "a"; files = [ "none.txt" ]; } )'},
     "sets[0].files[0]", 'cannot read "none.txt": No such file or directory'),
    (TRANSPARENT, {"port_sets": '( { name = "a"; ports = [ "1" ]; }, '
                                '{ name = "a"; ports = [ "2" ]; } )'},
     "port_sets[1].name", 'another port set is named "a"'),
    (TRANSPARENT, {"port_sets": '( { name = "a"; ports = [ "80", "@web" ]; } )'},
     "port_sets[0].ports[1]", f'is "@web", {PORTS}'),
    (TRANSPARENT, {"port_sets": '( { name = "a"; ports = [ "!80" ]; } )'},
     "port_sets[0].ports[0]", f'is "!80", {PORTS}'),
    (TRANSPARENT, rules('{ name = "a"; src = [ "::1" ]; action = "drop"; }, '
                        '{ action = "drop"; src = [ "::2" ]; }, '
                        '{ name = "a"; action = "accept"; }'),
     "rules[2].name", 'another rule is named "a"'),
    (TRANSPARENT, rules('{ source_sessions = 5; action = "drop"; }'), "rules[0].source_sessions",
     'is for action "accept", and this one is "drop"'),
    (TRANSPARENT, rules('{ source_rate = 5; action = "reject"; }'), "rules[0].source_rate",
     'is for action "accept", and this one is "reject"'),
    (TRANSPARENT, rules('{ source_period = "1m"; action = "accept"; }'), "rules[0].source_period",
     "is the period of `source_rate`, which this rule has not got"),
    (TRANSPARENT, {"limits": "{ ipv6_prefix = 0; }"}, "limits.ipv6_prefix",
     "is 0, 1 to 128 bits are allowed"),
    (TRANSPARENT, {"limits": '{ half_open_source = "17M"; }'}, "limits.half_open_source",
     'is "17M", 0 to 16777214 are allowed'),
    (TRANSPARENT, rules('{ src = [ "::1" ]; rate = 5; action = "reject"; }'), "rules[0].rate",
     'is for action "accept", and this one is "reject"'),
    (TRANSPARENT, rules('{ action = "deny"; }'), "rules[0].action",
     'is "deny", write one of "accept", "drop", "reject"'),
    (TRANSPARENT, rules("{ }"), "rules[0].action",
     'is required, write one of "accept", "drop", "reject"'),
    (TRANSPARENT, rules('{ actoin = "drop"; action = "drop"; }'), "rules[0].actoin",
     'unknown key, did you mean "action"?'),
    (TRANSPARENT, {"default": '"accept"'}, "default", 'is "accept", write one of "drop", "reject"'),
    (TRANSPARENT, {"timeouts": '{ udp = "0s"; }'}, "timeouts.udp",
     'is 0, "1s" to "720h" are allowed'),
    (TRANSPARENT, {"sessions": "0"}, "sessions", 'is 0, 1 to 268435456 are allowed'),
    (TRANSPARENT, {"ether_types": "[ 0x88cc, 0x100 ]"}, "ether_types[1]",
     "is 0x100, allowed are Ethernet types, 0x600 to 0xffff"),
    (TRANSPARENT, {"ether_types": "[ 0x10000 ]"}, "ether_types[0]",
     "is 0x10000, allowed are Ethernet types, 0x600 to 0xffff"),
    (TRANSPARENT, {"ether_types": "[ 0x86dd ]"}, "ether_types[0]",
     "is 0x86dd, which is IP: for that there are `rules`"),
    (TRANSPARENT, {"ether_types": "[ 0x806 ]"}, "ether_types[0]",
     "is 0x806, which is ARP, which passes anyway"),
    (TRANSPARENT, {"ether_types": "[ 0x8100 ]"}, "ether_types[0]",
     "is 0x8100, which is a VLAN tag: write the type that comes behind it"),
    (TRANSPARENT, {"strict": '"yes"'}, "strict", 'is "yes", write true or false'),
    (TRANSPARENT, {"checksums": "1"}, "checksums", "is 1, write true or false"),
    (TRANSPARENT, {"log": '{ sessions = "some"; }'}, "log.sessions",
     'is "some", write one of "off", "rules", "all"'),
    (TRANSPARENT, {"log": "{ drops = true; }"}, "log.drops",
     'is true, write one of "off", "rules", "all"'),
    (TRANSPARENT, {"log": '{ default = "drop"; }'}, "log.default",
     'is "drop", write true or false'),
    (TRANSPARENT, {"log": '{ session = "all"; }'}, "log.session",
     'unknown key, did you mean "sessions"?'),
    (TRANSPARENT, {"log": '"all"'}, "log", 'is "all", write a group, for example { ... }'),
    (ROUTED, {"ip": None, "zones": None}, "mode",
     'is "routed", which needs the group `ip` with interfaces'),
    (ROUTED, {"wires": TRANSPARENT["wires"]}, "wires",
     'is for mode "transparent"; in mode "routed" routes say where packets go'),
    (ROUTED, {"ether_types": "[ 0x88cc ]"}, "ether_types",
     'is for mode "transparent"; a router forwards nothing but IP'),
    (ROUTED, {"zones": '( { name = "a"; ports = [ "lan" ]; } )'}, "zones[0].ports",
     'is for mode "transparent"; in mode "routed" a zone has `interfaces`'),
    (ROUTED, {"zones": '( { name = "a"; interfaces = [ "lan", "guest" ]; }, '
                       '{ name = "b"; interfaces = [ "guests" ]; } )'},
     "zones[0].interfaces[1]", 'no interface is named "guest"; did you mean "guests"?'),
    (ROUTED, {"zones": '( { name = "a"; interfaces = [ "wan" ]; } )'}, "zones[0].interfaces[0]",
     'no interface of `ip.interfaces` is named "wan"; without a name it has its port\'s, and '
     "`.VLAN`"),
    (ROUTED, {"zones": '( { name = "inside"; interfaces = [ "lan" ]; }, '
                       '{ name = "b"; interfaces = [ "wan.7", "lan" ]; } )'},
     "zones[1].interfaces[1]", f'interface "lan" {IN_ONE}'),
    (ROUTED, {"reverse_path": '"tight"'}, "reverse_path",
     'is "tight", write one of "off", "loose", "strict"'),
]


@pytest.mark.quick
@pytest.mark.parametrize("base, changes, key, message", OTHERS)
def test_mistake(tmp_path, base, changes, key, message):
    """A file with one mistake."""
    check_refused(tmp_path, base, changes, key, message)


@pytest.mark.quick
def test_set_file(tmp_path):
    """Its path is relative to the file that names it, its errors have their line."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/sets.conf").write_text('sets = ( { name = "s"; files = [ "s.txt" ]; } );\n',
                                            encoding="utf-8")
    (tmp_path / "sub/s.txt").write_text("# who\n10.0.0.0/8 # all\n\n  ::1\n", encoding="utf-8")
    text = '@include "sub/sets.conf"\n' + text_of(
        TRANSPARENT, {"sets": None, **rules('{ src = [ "@s" ]; action = "drop"; }')})
    assert run(tmp_path, text) == (0, "fw.conf: no errors\n", [])
    (tmp_path / "sub/s.txt").write_text("10.0.0.0/8\n10.0.0.0/33\n", encoding="utf-8")
    code, _, errors = run(tmp_path, text)
    assert code == 2
    assert len(errors) == 1
    assert errors[0].startswith("sub/sets.conf:1: sets[0].files[0]: sub/s.txt:2: ")
    assert errors[0].endswith(f'"10.0.0.0/33" is no address; {ADDRESSES}')


@pytest.mark.quick
def test_all_told(tmp_path):
    """Not only the first mistake, in the order of the file."""
    text = text_of(TRANSPARENT, {
        "wires": '( { a = "lan"; b = "wna"; } )',
        "port_sets": '( { name = "web"; ports = [ "80", "x" ]; } )',
        "rules": '(\n{ from = [ "innside" ]; src = [ "@bda", "10.0.0.256" ]; action = "drop"; },\n'
                 '{ proto = [ "tcp" ]; icmp = [ "3" ]; vlan = [ "5000" ]; rate = 1; '
                 'action = "drop"; }\n)',
        "ether_types": "[ 1 ]",
    })
    code, _, errors = run(tmp_path, text)
    assert code == 2
    assert [error.split(": ")[0:2] for error in errors] == [
        ["fw.conf:3", "wires[0].b"],
        ["fw.conf:6", "port_sets[0].ports[1]"],
        ["fw.conf:8", "rules[0].from[0]"],
        ["fw.conf:8", "rules[0].src[0]"],
        ["fw.conf:8", "rules[0].src[1]"],
        ["fw.conf:9", "rules[1].icmp"],
        ["fw.conf:9", "rules[1].vlan[0]"],
        ["fw.conf:9", "rules[1].rate"],
        ["fw.conf:11", "ether_types[0]"],
    ]


@pytest.mark.quick
def test_expands(tmp_path):
    """A rule of too many combinations: at the rule, with its factors."""
    apart = "".join(f'{{ sport = [ "{port}" ]; dport = [ "{port}" ]; action = "drop"; }}, '
                    for port in range(0, 400, 2))
    every = ", ".join(f'"{port}"' for port in range(0, 400, 4))
    text = text_of(TRANSPARENT, rules(
        apart + f'{{ name = "square"; proto = [ "tcp" ]; sport = [ {every} ]; '
        f'dport = [ {every} ]; action = "drop"; }}'))
    code, _, errors = run(tmp_path, text)
    assert code == 2
    assert re.fullmatch(r"fw\.conf:7: rules\[200\]\.name: expands to 10000 entries for IPv[46] "
                        r"\(source port or ICMP 100 x destination port 100\), at most 4096",
                        errors[0])
    assert len(errors) == 1


GOOD = [
    (TRANSPARENT, {}),
    (TRANSPARENT, {"zones": None, "sets": None, "port_sets": None, "rules": None}),
    (TRANSPARENT, rules('{ src = [ "!@bad", "!10.0.0.1-10.0.0.9", "!fe80::/10" ]; '
                        'action = "drop"; }')),
    (TRANSPARENT, rules('{ proto = [ "tcp", "udp", "sctp", "dccp", "udplite" ]; '
                        'sport = [ "!0-1023" ]; dport = [ "@web", "22" ]; rate = "10k"; '
                        'action = "accept"; }')),
    (TRANSPARENT, rules('{ dport = [ "!@web" ]; action = "accept"; }')),
    (TRANSPARENT, rules('{ proto = [ "!icmp", "!47", "!esp" ]; action = "reject"; }')),
    (TRANSPARENT, rules('{ proto = [ "icmp", "1" ]; '
                        'icmp = [ "echo-request", "3", "3/4", "time-exceeded" ]; '
                        'action = "accept"; }')),
    (TRANSPARENT, rules('{ proto = [ "58" ]; icmp = [ "packet-too-big", '
                        '"neighbour-solicitation", "neighbor-advertisement" ]; family = "ipv6"; '
                        'action = "accept"; }')),
    (TRANSPARENT, rules('{ proto = [ "tcp" ]; flags = [ "syn", "!ack", "!rst" ]; '
                        'action = "accept"; }')),
    (TRANSPARENT, rules('{ fragment = "yes"; vlan = [ "10", "100-200", "untagged", "0" ]; '
                        'action = "drop"; }')),
    (TRANSPARENT, rules('{ vlan = [ "!untagged", "!7" ]; action = "drop"; }')),
    (TRANSPARENT, {"default": '"reject"', "strict": "false", "checksums": "true",
                   "sessions": '"1M"', "reject_rate": "0", "ether_types": "[ 0x88cc, 0x8892 ]",
                   "timeouts": '{ tcp_established = "24h"; udp = "1s"; }'}),
    (TRANSPARENT, {**rules('{ name = "a"; source_sessions = "1k"; source_rate = 3; '
                           'source_period = "24h"; rate = 1; action = "accept"; }'),
                   "limits": '{ half_open = "100k"; half_open_source = 9; ipv6_prefix = 128; }'}),
    (ROUTED, {}),
    (ROUTED, rules('{ from = [ "inside" ]; to = [ "self", "outside" ]; action = "accept"; }')),
    (ROUTED, {"reverse_path": '"loose"'}),
]


@pytest.mark.quick
@pytest.mark.parametrize("base, changes", GOOD)
def test_good(tmp_path, base, changes):
    """Accepted without a word; and what it comes to loads to the same."""
    text = text_of(base, changes)
    assert run(tmp_path, text) == (0, "fw.conf: no errors\n", [])
    code, dump, _ = run(tmp_path, text, "--dump-config")
    assert code == 0
    code, again, _ = run(tmp_path, dump, "--dump-config")
    assert code == 0
    assert again.replace(" # default", "") == dump.replace(" # default", "")


@pytest.mark.quick
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples(path):
    """Those that come with the program."""
    done = subprocess.run([FIREWALL, "-c", path, "--check"], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}: no errors\n", "")


def warned(folder, base, changes):
    """What is said of a file that is accepted, without the program's name."""
    code, _, lines = run(folder, text_of(base, changes))
    assert code == 0
    return [re.sub(r"^[\w-]+: warning: ", "", line) for line in lines]


@pytest.mark.quick
def test_shadowed(tmp_path):
    """Rules that no packet gets to, with their place and that of the one before."""
    lines = warned(tmp_path, TRANSPARENT, rules(
        '\n{ name = "all-tcp"; proto = [ "tcp" ]; action = "accept"; },'
        '\n{ name = "web"; proto = [ "tcp" ]; dport = [ "@web" ]; action = "drop"; },'
        '\n{ proto = [ "udp" ]; action = "drop"; },'
        '\n{ from = [ "inside" ]; proto = [ "udp" ]; src = [ "10.0.0.0/8" ]; action = "accept"; },'
        '\n{ name = "both"; src = [ "10.0.0.0/8" ]; dst = [ "::1" ]; action = "drop"; },'
        '\n{ name = "fine"; dst = [ "::1" ]; action = "drop"; }\n'))
    assert lines == [
        "fw.conf:9: rules[1] (web): no packet gets here, rules[0] (all-tcp) of fw.conf:8 matches "
        "all that this one would",
        "fw.conf:11: rules[3]: no packet gets here, rules[2] of fw.conf:10 matches all that this "
        "one would",
        "fw.conf:12: rules[4] (both): no packet can match, its conditions contradict each other",
    ]


@pytest.mark.quick
def test_shadowed_by_family(tmp_path):
    """A type of ICMP is its family's: both of these are looked at."""
    assert warned(tmp_path, TRANSPARENT, rules(
        '{ proto = [ "icmp" ]; action = "drop"; }, '
        '{ proto = [ "icmpv6" ]; action = "drop"; }')) == []
    assert len(warned(tmp_path, TRANSPARENT, rules(
        '{ src = [ "10.0.0.0/8" ]; proto = [ "icmpv6" ]; action = "drop"; }'))) == 1


@pytest.mark.quick
def test_many_shadowed(tmp_path):
    """The others are counted."""
    lines = warned(tmp_path, TRANSPARENT, rules(", ".join(['{ action = "drop"; }'] * 62)))
    assert len(lines) == 51
    assert lines[-1] == "11 more rules that no packet can match"


@pytest.mark.quick
def test_useless(tmp_path):
    """A port of a zone without a wire; a key that the mode does not look at."""
    lines = warned(tmp_path, TRANSPARENT, {
        "zones": '( { name = "inside"; ports = [ "lan", "spare" ]; } )',
        "reverse_path": '"strict"'})
    assert lines == [
        'fw.conf:8: reverse_path: is for mode "routed"; in mode "transparent" say by `src` of '
        "rules which addresses may come from where",
        'fw.conf:4: zones[0].ports[1]: port "spare" is in no wire, all that it receives is '
        "dropped",
    ]
    assert warned(tmp_path, TRANSPARENT, {"reverse_path": '"off"'}) == []


@pytest.mark.quick
def test_limits_without_a_name(tmp_path):
    """What is counted goes on under a name."""
    assert warned(tmp_path, TRANSPARENT, rules(
        '\n{ name = "named"; proto = [ "tcp" ]; source_sessions = 3; action = "accept"; },'
        '\n{ proto = [ "udp" ]; source_rate = 3; action = "accept"; }\n')) == [
            "fw.conf:9: rules[1]: what its sources have is counted anew at each reload; give it a "
            "`name`"]


def big_rules(folder, n, address):
    """Rules in files of their own, as one file is of 1 MiB at most; text that includes them."""
    parts = []
    for start in range(0, n, 5000):
        name = f"rules{start}.conf"
        lines = [f'{{ name = "r{i}"; src = [ "10.{i >> 8 & 255}.{i & 255}.0/24" ]; '
                 f'dst = [ "{address}" ]; proto = [ "tcp" ]; dport = [ "{i % 1000 + 1}" ]; '
                 f'action = "accept"; }}' for i in range(start, start + 5000)]
        (folder / name).write_text(",\n".join(lines), encoding="utf-8")
        parts.append(f'@include "{name}"\n')
    return text_of(TRANSPARENT, {"rules": "(\n" + ",\n".join(parts) + ")"})


def test_many_rules(tmp_path):
    """10,000 of them, right ones and wrong ones: no step is repeated for each pair."""
    began = time.monotonic()
    assert run(tmp_path, big_rules(tmp_path, 10000, "192.0.2.1"))[0] == 0
    code, _, errors = run(tmp_path, big_rules(tmp_path, 10000, "192.0.2."))
    assert code == 2
    assert len(errors) == 10000
    assert errors[-1] == ('rules5000.conf:5000: rules[9999].dst[0]: "192.0.2." is no address; '
                          f"{ADDRESSES}")
    assert time.monotonic() - began < PATIENCE


def test_large_set(tmp_path):
    """A million addresses in a file."""
    with open(tmp_path / "large.txt", "w", encoding="utf-8") as file:
        for i in range(1000000):
            file.write(f"10.{i >> 15 & 255}.{i >> 7 & 255}.{i << 1 & 255}\n")
    began = time.monotonic()
    text = text_of(TRANSPARENT, {"sets": '( { name = "large"; files = [ "large.txt" ]; } )',
                                 **rules('{ src = [ "@large" ]; action = "drop"; }')})
    assert run(tmp_path, text) == (0, "fw.conf: no errors\n", [])
    assert time.monotonic() - began < PATIENCE
