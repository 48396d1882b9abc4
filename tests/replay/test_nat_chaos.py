# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-nat against a model of what the RFCs ask of it, a hundred lines of Python: random packets of
# few hosts, ports and servers, with times between them at which all may end. Whatever comes out, or
# does not, is what the model says; only which port a new mapping gets is the NAT's choice, within
# what is free. And packets that are broken: nothing that leaves has a wrong header.

"""Random packets."""

import random
import struct
from dataclasses import dataclass, field

import pytest
from nat import (ALL_WAYS, MACS, PASS, PROTOS, Net, Row, at, ip, is_of_link, nat, packet_of, play,
                 rewrite_checksum, right, staged, told)
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.l2 import ARP, Ether

SECOND = 10**9
UNIT = SECOND // 10   # of all periods, since an hour of replay costs a second
EXTERNAL = "203.0.113.1"
FIRST, LAST = 2000, 2015   # external ports; identifiers of queries are any
PERIODS = {"udp": 40, "udp_known": 25, "tcp_opening": 30, "tcp_established": 70, "tcp_closing": 20,
           "tcp_reset": 15, "icmp": 20}
QUARANTINE = 10
GRAIN = SECOND // 7   # a port may rest as much longer
HOSTS = [f"10.1.0.{n}" for n in range(1, 6)]
SERVERS = [f"198.18.1.{n}" for n in range(1, 4)]
PORTS = {"udp": (53, 5000), "tcp": (80, 81), "icmp": (0,)}
NUMBER = {"icmp": 1, "tcp": 6, "udp": 17}
NUMBER_OF = 8000   # packets of a run


# ---- packets, made and read without scapy, which is slow ----

@dataclass
class Seen:
    """What matters of a packet between two ends."""

    proto: str
    src: tuple
    dst: tuple
    flags: str = ""


HEADS = {port: (bytes.fromhex(own.replace(":", "")), bytes.fromhex(host.replace(":", "")))
         for port, (own, host) in MACS.items()}
BITS = {"S": 2, "SA": 18, "A": 16, "FA": 17, "R": 4}


def address(text):
    """Four octets."""
    return bytes(map(int, text.split(".")))


def total_of(data):
    """The checksum of octets of an even number."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def write(port, seen, number):
    """The frame that comes by a port."""
    own, host = HEADS[port]
    data = struct.pack("!Q", number)
    if seen.proto == "udp":
        body = struct.pack("!HHHH", seen.src[1], seen.dst[1], 16, 0) + data
    elif seen.proto == "tcp":
        body = struct.pack("!HHIIBBHHH", seen.src[1], seen.dst[1], number, 0, 80, BITS[seen.flags],
                           8192, 0, 0) + data
    else:
        query = port == "lan"
        body = struct.pack("!BBHHH", 8 if query else 0, 0, 0, seen.src[1] if query else seen.dst[1],
                           0) + data
    ends = address(seen.src[0]) + address(seen.dst[0])
    number = NUMBER[seen.proto]
    pseudo = ends + struct.pack("!HH", number, len(body)) if seen.proto != "icmp" else b""
    place = {"udp": 6, "tcp": 16, "icmp": 2}[seen.proto]
    total = total_of(pseudo + body) or 0xffff   # 0 would be none
    body = body[:place] + struct.pack("!H", total) + body[place + 2:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, number, 0) + ends
    return own + host + b"\x08\0" + head[:10] + struct.pack("!H", total_of(head)) + head[12:] + body


def read(data):
    """(number, Seen) of a frame that left; its checksums are right."""
    proto = {number: name for name, number in NUMBER.items()}[data[23]]
    body, ends = data[34:], data[26:34]
    assert total_of(data[14:34]) == 0, told(data)
    pseudo = ends + struct.pack("!HH", data[23], len(body)) if proto != "icmp" else b""
    assert total_of(pseudo + body) == 0, told(data)
    src, dst = (".".join(map(str, end)) for end in (ends[:4], ends[4:]))
    number = int.from_bytes(body[-8:], "big")
    if proto == "icmp":
        name = int.from_bytes(body[4:6], "big")
        return number, Seen(proto, (src, name if body[0] == 8 else 0),
                            (dst, name if body[0] == 0 else 0))
    flags = {bits: name for name, bits in BITS.items()}[body[13]] if proto == "tcp" else ""
    return number, Seen(proto, (src, int.from_bytes(body[:2], "big")),
                        (dst, int.from_bytes(body[2:4], "big")), flags)


# ---- the model ----

@dataclass
class Session:
    """An inside end that talks to an outside one."""

    state: str = ""
    until: int = 0
    syns: set = field(default_factory=set)
    fins: set = field(default_factory=set)
    picked_up: bool = False
    reset: bool = False
    sent: bool = False   # the inside has answered, or begun it


class Model:
    """Mappings with their sessions, and ports that rest."""

    def __init__(self, filtering, inbound_refresh):
        self.filtering, self.inbound_refresh = filtering, inbound_refresh
        self.mappings = {}   # {(proto, inside end): (port, {outside end: Session})}
        self.resting = {}    # {(proto, port): until}

    def expire(self, now):
        """Forget what is over."""
        for key, (port, sessions) in list(self.mappings.items()):
            last = max(session.until for session in sessions.values())
            for end in [end for end, session in sessions.items() if session.until <= now]:
                del sessions[end]
            if not sessions:
                del self.mappings[key]
                self.resting[key[0], port] = last + QUARANTINE * UNIT

    def touch(self, proto, session, end, flags, outbound, now):
        """A packet of a session passes."""
        side = "in" if outbound else "out"
        session.sent = session.sent or (outbound and flags != "R")
        if proto == "udp":
            if outbound or self.inbound_refresh or not session.until:
                period = PERIODS["udp_known" if end[1] < 1024 and session.sent else "udp"]
                session.until = now + period * UNIT
        elif proto == "icmp":
            if outbound:
                session.until = now + PERIODS["icmp"] * UNIT
        else:
            before = session.state
            self.touch_tcp(session, side, flags)
            if session.state != before or before == "established" or (
                    before == "opening" and outbound and flags != "R"):
                session.until = now + PERIODS[f"tcp_{session.state}"] * UNIT

    @staticmethod
    def touch_tcp(session, side, flags):
        """RFC 7857 figure 1; with SYNs of both it stands, with FINs of both it closes."""
        if session.state == "":
            # What was found in its middle stands when the other side is heard, too.
            session.syns, session.picked_up = {side}, "S" not in flags
        elif flags == "S" and (len(session.fins) == 2 or side == "in" and session.reset):
            session.syns, session.fins = {side}, set()
            session.reset = session.picked_up = False
        elif flags == "R":
            # What does not stand yet ends by itself.
            session.reset = session.reset or len(session.syns) == 2
        else:
            session.reset = False
            if "S" in flags or session.picked_up:
                session.syns.add(side)
        if "F" in flags:
            session.fins.add(side)
        session.state = ("reset" if session.reset else "closing" if len(session.fins) == 2 else
                         "established" if len(session.syns) == 2 else "opening")

    def free(self, proto, now):
        """Ports that a new mapping may get, to be sure and perhaps; of queries, some of them."""
        used = {port for (other, _), (port, _) in self.mappings.items() if other == proto}
        rest = {port: until for (other, port), until in self.resting.items() if other == proto}
        first, last = (FIRST, LAST) if proto != "icmp" else (FIRST - 100, LAST + 100)
        unused = set(range(first, last + 1)) - used
        return ({port for port in unused if rest.get(port, 0) + GRAIN <= now},
                {port for port in unused if rest.get(port, 0) <= now})

    def out(self, seen, got, now):
        """A packet from inside; `got`: what came out. What is wrong with that."""
        key = (seen.proto, seen.src)
        mapping = self.mappings.get(key)
        if mapping is None or seen.dst not in mapping[1]:
            if seen.flags == "R":
                return "" if got is None else "a reset began a session"
        if mapping is None:
            free, perhaps = self.free(seen.proto, now)
            if got is None:
                return f"no mapping was made, though {len(free)} are free" if free else ""
            port = got.src[1]
            if port not in perhaps and (seen.proto != "icmp" or seen.src[1] in free):
                return f"port {port} is not free"
            if seen.src[1] in free and port != seen.src[1]:
                return f"port {seen.src[1]} was not preserved"
            if seen.proto != "icmp" and any(p % 2 == seen.src[1] % 2 for p in free) and (
                    port % 2 != seen.src[1] % 2):
                return f"parity of {seen.src[1]} was not preserved"
            mapping = self.mappings[key] = (port, {})
        session = mapping[1].setdefault(seen.dst, Session())
        self.touch(seen.proto, session, seen.dst, seen.flags, True, now)
        want = Seen(seen.proto, (EXTERNAL, mapping[0]), seen.dst, seen.flags)
        return "" if got == want else f"want {want}, got {got}"

    def lets_in(self, proto, sessions, end):
        """Filtering; and what only outside keeps alive is over."""
        if end in sessions and sessions[end].sent:
            return True
        if not any(other.sent for other in sessions.values()) and not (
                proto == "udp" and self.inbound_refresh):
            return False
        if end in sessions:
            return True
        if proto == "icmp" or self.filtering == "address-and-port-dependent":
            return False
        return self.filtering == "endpoint-independent" or any(
            other[0] == end[0] and session.sent for other, session in sessions.items())

    def back(self, seen, got, now):
        """A packet from outside."""
        for (proto, inside), (port, sessions) in self.mappings.items():
            if (proto, port) != (seen.proto, seen.dst[1]):
                continue
            if not self.lets_in(proto, sessions, seen.src) or (
                    seen.src not in sessions and proto == "tcp" and seen.flags != "S"):
                break
            session = sessions.setdefault(seen.src, Session())
            self.touch(proto, session, seen.src, seen.flags, False, now)
            want = Seen(proto, seen.src, inside, seen.flags)
            return "" if got == want else f"want {want}, got {got}"
        return "" if got is None else f"want nothing, got {got}"


def packets(chance, number):
    """Random ones, at times at which all may be over, or not yet."""
    now = 0
    for count in range(number):
        now += chance.choice((0, 0, 0, 1, 1, 2, 3, 7, 15, 30)) * UNIT // 2 + UNIT // 7
        proto = chance.choice(("udp", "udp", "tcp", "tcp", "icmp"))
        server = (chance.choice(SERVERS), chance.choice(PORTS[proto]))
        flags = chance.choice(("S", "S", "SA", "A", "A", "FA", "R")) if proto == "tcp" else ""
        if chance.random() < 0.55:
            # Ports of the range, and some that are not.
            end = (chance.choice(HOSTS), chance.randrange(FIRST - 2, LAST + 3))
            yield now, "lan", Seen(proto, end, server, flags), count
        else:
            end = (EXTERNAL, chance.randrange(FIRST, LAST + 1))
            yield now, "wan", Seen(proto, server, end, flags), count


def judge(model, sent, out):
    """What the model finds wrong with what came out."""
    wrong = []
    for now, port, seen, number in sent:
        model.expire(now)
        got = out.get(number)
        says = (model.out if port == "lan" else model.back)(seen, got, now)
        if says:
            wrong.append(f"{now / SECOND:.6f} s, number {number}, {port}, {seen}: {says}")
            if len(wrong) > 2:
                break
    return wrong


@pytest.mark.parametrize("seed, filtering, inbound_refresh", (
    (1, "endpoint-independent", "true"), (2, "address-dependent", "true"),
    (3, "address-and-port-dependent", "false"), (4, "address-dependent", "false")))
def test_model(seed, filtering, inbound_refresh):
    """What comes out is what a model says, packet by packet."""
    sent = list(packets(random.Random(seed), NUMBER_OF))
    rows = []
    for now, port, seen, number in sent:
        data = write(port, seen, number)
        rows.append(Row(port, lambda data=data: (data, []), None, time_ns=now))
    periods = " ".join(f'{name} = "{period}00ms";' for name, period in PERIODS.items())
    config = nat(f'name = "p"; addresses = [ "{EXTERNAL}" ]; ports = "{FIRST}-{LAST}";', more=f"""
        filtering = "{filtering}"; inbound_refresh = {inbound_refresh}; exhausted = "drop";
        syn_hold = "0s"; quarantine = "{QUARANTINE}00ms"; timeouts = {{ {periods} }};""")
    out = dict(read(one.data) for one in play(config, rows).sent
               if one.time_ns >= 0 and not is_of_link(one.data))
    wrong = judge(Model(filtering, inbound_refresh == "true"), sent, out)
    assert not wrong, "\n" + "\n".join(wrong)
    # It was no dull afternoon.
    assert len(out) > NUMBER_OF // 4


# ---- broken packets ----

def kinds(net):
    """Packets of all kinds from inside, and what could answer them."""
    udp, tcp, echo = (net.map(proto, 4000) for proto in ("udp", "tcp", "icmp"))
    lost = {"data": b"lost and quoted.", "ttl": 1}
    error = ICMP(type=3, code=4, nexthopmtu=1300)
    host, server, outside = net.host(), net.server(), net.external
    lan = [udp.sent(data=b"data"), tcp.sent(options=[]), echo.sent(data=b"data"),
           ip(host, server) / error / udp.answer(inside=True, **lost),
           ip(host, server) / ICMP(type=11) / tcp.answer(inside=True, **lost),
           ip(host, outside) / UDP(sport=4001, dport=4000) / b"back",
           ip(host, server, options=[]) / UDP(sport=4000, dport=53),
           *fragment(udp.sent(data=b"0123456789" * 300, id=9), 1000), ARP(
               psrc="10.0.0.2", pdst="10.0.0.1"), ip(host, server, proto=47) / b"\0\0\x08\0data"]
    wan = [udp.answer(data=b"data"), tcp.answer(flags="SA"), echo.answer(data=b"data"),
           ip(server, outside) / error / udp.seen(**lost),
           ip(server, outside) / ICMP(type=11) / tcp.seen(**lost),
           ip(server, outside) / ICMP(type=3, code=1) / echo.seen(**lost),
           ip(server, outside) / TCP(sport=9, dport=9, flags="S"),
           *fragment(udp.answer(data=b"0123456789" * 300, id=9), 1000),
           ip(server, "203.0.113.101") / UDP(sport=1, dport=2), ip(server, host) / UDP()]
    return {"lan": [framed("lan", packet) for packet in lan],
            "wan": [framed("wan", packet) for packet in wan]}


def framed(port, packet):
    """As it comes in by a port."""
    own, host = MACS[port]
    return bytes(Ether(src=host, dst=own) / packet)


def broken(chance, data):
    """Some octets changed behind the MAC addresses, or the end missing, or more behind it."""
    data = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 8))):
        # Mostly of headers.
        data[12 + int(len(data[12:]) * chance.random() ** 3)] = chance.choice(
            (0, 1, 255, 128, chance.randrange(256)))
    cut = chance.random()
    if cut < 0.2:
        data = data[:14 + int(len(data[14:]) * chance.random())]
    elif cut > 0.95:
        data += bytes(chance.randrange(1, 100))
    data = data[:1500]
    if chance.random() < 0.7 and data[12:14] == b"\x08\0" and len(data) >= 34 and (
            len(data) >= 14 + 4 * (data[14] & 15) >= 34):
        # With a right header's checksum it gets further.
        head = data[14:]
        rewrite_checksum(head)
        data[14:] = head
    return bytes(data)


STATIC = 'static = ( { inside = "10.1.5.5"; outside = "203.0.113.101"; } );'


@pytest.mark.parametrize("seed, config", (
    (1, staged()), (2, staged(more='profile = "cgn"; mss = 1300;' + STATIC)),
    (3, nat('name = "p"; addresses = [ "interface wan" ];'))))
def test_broken_packets(seed, config):
    """They do no harm, and what leaves has a right header."""
    chance = random.Random(seed)
    source = kinds(Net(1))
    rows = []
    for n in range(120):
        for port in ("lan", "wan"):
            rows += at(n * 0.05, [Row(port, lambda data=broken(chance, chance.choice(
                source[port])): (data, []), None) for _ in range(8)])
    # Answers are worker 0's, one after the other.
    result = play(config, rows, ((1, 32),))
    fates = {one.fate for one in result.rows}
    assert len(fates) > 15 and PASS in fates, fates
    for one in result.sent:
        packet = one.packet
        if IP in packet:
            assert total_of(one.data[14:14 + 4 * packet[IP].ihl]) == 0, one.tell()
            assert one.port != "wan" or packet[IP].src != "10.1.0.1", one.tell()


# ---- any number of workers ----

def test_workers():
    """A mix of all, of many hosts: 1, 2 and 4 workers give the same octets, however they come."""
    net, rows, chance = Net(1), [], random.Random(7)
    ones = [net.map(proto, 4000 + n % 3, 1 + n) for n, proto in enumerate(PROTOS * 20)]
    for step in range(6):
        chance.shuffle(ones)
        for n, one in enumerate(ones):
            when = step + n * 0.01
            rows += at(when, Row("lan", lambda one=one, n=n, step=step: (
                one.sent(server=1 + n % 4, data=b"%d %d" % (n, step)), []), None))
            # To ports of whoever may have them.
            rows += at(when + 0.004, Row("wan", lambda n=n, step=step: (packet_of(
                ("udp", "tcp")[n % 2], (net.server(1 + n % 4), 53), (net.external, 4000 + n % 3),
                b"%d %d" % (n, step)), []), None))
    datagrams = [net.map("udp", 6000 + n, 1 + n) for n in range(20)]
    for n, one in enumerate(datagrams):
        parts = fragment(one.sent(data=b"0123456789" * 200, id=n), 800)
        rows += at(7 + n * 0.01, [Row("lan", lambda part=part: (part, []), None)
                                  for part in (parts[::-1] if n % 2 else parts)])
    result = play(staged(more='profile = "cgn";'), rows, ALL_WAYS, until="+30s")
    assert sum(one.fate == PASS for one in result.rows) > 350
    assert all(right(one.data) for one in result.sent if IP in one.packet)
