# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Translators between two ports that play files for ever: vnf-nat, and OVS-DPDK with ct(nat). What
# comes back from outside is in a file too, made before any port was taken: hosts of a prefix have
# an external address for themselves and no two of them send from the same port, so each keeps its
# port (`preserve`; OVS does the same). Used by the script nat. Main thread.

"""Translators that are compared."""

import dataclasses
import struct

from lab import LabError, capture

from .conversations import SCATTER, SERVERS, SIDES
from .routing import EVERY, arp_reply, host_mac, mac_words, port_mac
from .stateful import OvsFirewall, Stateful

HOSTS = 250        # of a prefix
PORTS = 62_500     # of a prefix's external address that are used
FIRST_PORT = 2000
SERVER_PORT = 4500
LEAST = EVERY      # frames that are played for ever
INSIDE = 198 << 24 | 18 << 16
OUTSIDE = 203 << 24 | 113 << 8
SERVER = 198 << 24 | 19 << 16
ENDS = struct.Struct(">HIIHHHH")


def _complement(total):
    return 0xFFFF - total % 0xFFFF


class Datagrams:
    """UDP frames from one side that differ in their ends. Both checksums are right."""

    def __init__(self, side, size):
        head = struct.pack(">BBHHHBB", 0x45, 0, size - 14, 0, 0x4000, 64, 17)
        self.front = port_mac(side) + host_mac(side) + b"\x08\x00" + head
        self.sum = sum(struct.unpack(">5H", head))
        self.length = size - 34
        self.rest = bytes(size - 42)

    def frame(self, src, sport, dst, dport):
        """One of them, from and to an address and a port."""
        ends = (src >> 16) + (src & 0xFFFF) + (dst >> 16) + (dst & 0xFFFF)
        udp = _complement(ends + sport + dport + 17 + 2 * self.length)
        return self.front + ENDS.pack(_complement(self.sum + ends), src, dst, sport, dport,
                                      self.length, udp) + self.rest


@dataclasses.dataclass(frozen=True)
class Traffic:
    """Sessions of so many inside endpoints (address and port), each with so many servers."""

    endpoints: int
    size: int = 60
    servers: int = 1

    @property
    def sessions(self):
        """All together."""
        return self.endpoints * self.servers

    @property
    def prefixes(self):
        """Prefixes that the hosts are of, as many as external addresses."""
        return -(-self.endpoints // PORTS)

    @property
    def played(self):
        """Packets of sessions in a file."""
        return -(-LEAST // self.sessions) * self.sessions

    def _ends(self, number):
        """(inside, outside, port of both, server): no session has all of another one."""
        endpoint = number % self.endpoints
        prefix, place = divmod(endpoint, PORTS)
        server = (number * SCATTER + number // self.endpoints) % SERVERS
        return (INSIDE + (prefix << 8) + 1 + place % HOSTS, OUTSIDE + 1 + prefix,
                FIRST_PORT + place, SERVER + server)

    def frames(self, side):
        """Frames of a side's file, in which the neighbour says now and then where it is."""
        make = Datagrams(side, self.size).frame
        for number in range(self.played):
            inside, outside, port, server = self._ends(number % self.sessions)
            if number % EVERY == 0:
                yield arp_reply(side)
            yield make(inside, port, server, SERVER_PORT) if side == 0 else \
                make(server, SERVER_PORT, outside, port)

    def write(self, path, side):
        """Write a side's file."""
        return capture.write(path, self.frames(side))


def write_neighbour(path):
    """The file of an outside that sends nothing but where it is."""
    return capture.write(path, [arp_reply(1)])


def pools(count):
    """A pool of one address for each prefix, and the rules that say so."""
    named = [{"name": f"p{n}", "addresses": [f"203.0.113.{n + 1}"]} for n in range(count)]
    return named, [{"src": [f"198.18.{n}.0/24"], "action": "translate", "pool": pool["name"]}
                   for n, pool in enumerate(named)]


class Nat(Stateful):
    """vnf-nat; `slow` is the rate of the outside's file, where that is only the neighbour's."""

    def __init__(self, run, cpu, huge, program, traffic, files, *, slow=None, **settings):
        named, rules = pools(traffic.prefixes)
        ports = [{"name": name, "kind": "pcap", "rx_file": file, "loop": True,
                  "mac": mac_words(side), "rate": slow if side == 1 else None}
                 for side, (name, file) in enumerate(zip(SIDES, files))]
        super().__init__(run, program, {
            "name": "nat", "workers": 1, "cpus": str(cpu),
            "hugepages": "always" if huge else "never", "ports": ports,
            "ip": {"interfaces": [{"port": name, "addresses": [f"10.0.{side}.1/24"]}
                                  for side, name in enumerate(SIDES)],
                   "routes": [{"prefix": "198.18.0.0/16", "via": "10.0.0.2"},
                              {"prefix": "198.19.0.0/16", "via": "10.0.1.2"}]},
            "inside": [SIDES[0]], "outside": [SIDES[1]], "pools": named, "rules": rules,
            **settings})

    def steady(self, traffic):
        """Ports were preserved: no session is there that is not of the file."""
        found = self.table()["sessions"]
        if found != traffic.sessions:
            raise LabError(f"{found:,} sessions instead of {traffic.sessions:,}")


def _ovs_flows(count):
    """The same: out is translated and may begin, back must belong to something. Both are routed.
    What is of a connection that was not answered is new as well, but has its external address.
    """
    def route(side):
        return f"dec_ttl,mod_dl_src:{mac_words(side)}," \
            f"mod_dl_dst:{':'.join(f'{o:02x}' for o in host_mac(side))},output:{side + 1}"
    yield "table=0,priority=5,ip,actions=ct(nat,table=1)"
    yield "table=0,priority=0,actions=drop"
    for n in range(count):
        yield f"table=1,priority=5,in_port=1,ip,nw_src=198.18.{n}.0/24,ct_state=+trk+new," \
            f"actions=ct(commit,nat(src=203.0.113.{n + 1})),{route(1)}"
    yield "table=1,priority=5,in_port=1,ip,nw_src=203.0.113.0/24,ct_state=+trk+new," \
        f"actions={route(1)}"
    yield f"table=1,priority=5,in_port=1,ip,ct_state=+trk+est,actions={route(1)}"
    yield f"table=1,priority=5,in_port=2,ip,ct_state=+trk+est,actions={route(0)}"
    yield "table=1,priority=0,actions=drop"


class OvsNat(OvsFirewall):
    """OVS-DPDK, a bridge with ct(nat) between two files, or a file and nothing."""

    def __init__(self, run, cpu, huge, traffic, files):
        super().__init__(run, cpu, huge, files)
        self.flows = list(_ovs_flows(traffic.prefixes))
