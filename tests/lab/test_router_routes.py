# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A router with as many routes as the internet has, from a file: how long the start takes, what
# memory it takes, whether each destination goes where the longest prefix says, and a reload under
# traffic.

"""A million routes."""

import ipaddress
import json
import random
import socket
import time

import lab

V4, V6 = 1_000_000, 50_000
# Of 100 prefixes, roughly as in the internet's tables, and some that are longer.
LENGTHS4 = [16] * 2 + [19] * 5 + [20] * 8 + [21] * 8 + [22] * 14 + [23] * 12 + [24] * 44 + \
    [25, 26, 27, 28, 29, 30, 32]
LENGTHS6 = [29, 32, 32, 36, 40, 44, 44, 48, 48, 48, 56, 64]
GATEWAYS = 200
START_S = 60
RSS_KIB = 1_500_000


class Routes:
    """Random prefixes with next hops, the same for the same seed."""

    def __init__(self, seed, n4, n6):
        chance = random.Random(seed)
        self.of = {4: {}, 6: {}}
        while len(self.of[4]) < n4:
            length = chance.choice(LENGTHS4)
            value = chance.randrange(11 << 24, 223 << 24) >> (32 - length) << (32 - length)
            # Not where the tests' own networks are.
            if value >> 24 not in (10, 127):
                self.of[4][value, length] = chance.randrange(GATEWAYS)
        while len(self.of[6]) < n6:
            length = chance.choice(LENGTHS6)
            host = 128 - length
            value = (0x2a << 120 | chance.randrange(1 << 56) << 64) >> host << host
            self.of[6][value, length] = chance.randrange(GATEWAYS)

    @staticmethod
    def gateway(family, number):
        """Address of a next hop, on the right side; the server has the first of them."""
        return f"10.0.2.{number + 2}" if family == 4 else f"2001:db8:2::{number + 2:x}"

    def write(self, path):
        """The file."""
        with open(path, "w", encoding="ascii") as f:
            for (value, length), number in self.of[4].items():
                f.write(f"{socket.inet_ntop(socket.AF_INET, value.to_bytes(4, 'big'))}/{length} "
                        f"via {self.gateway(4, number)}\n")
            for (value, length), number in self.of[6].items():
                f.write(f"{socket.inet_ntop(socket.AF_INET6, value.to_bytes(16, 'big'))}/{length} "
                        f"via {self.gateway(6, number)}\n")

    def via(self, family, address):
        """The gateway of an address (an integer) by the longest prefix, or None."""
        bits = 32 if family == 4 else 128
        for length in range(bits, 0, -1):
            number = self.of[family].get((address >> (bits - length) << (bits - length), length))
            if number is not None:
                return self.gateway(family, number)
        return None

    def sample(self, n):
        """(family, address): in prefixes, and anywhere."""
        chance = random.Random(n)
        prefixes = {family: list(table) for family, table in self.of.items()}
        for i in range(n):
            family = 6 if i % 4 == 3 else 4
            bits = 32 if family == 4 else 128
            if i % 10 == 9:
                yield family, chance.randrange(11 << (bits - 8), 223 << (bits - 8))
            else:
                value, length = chance.choice(prefixes[family])
                yield family, value | chance.randrange(1 << (bits - length))


def check_lookups(router, routes, n=1000):
    """A sample of addresses goes where it should."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(router.run.path("c", "router.ctl"))
        stream = s.makefile("rwb")
        for family, value in routes.sample(n):
            address = str(ipaddress.IPv4Address(value) if family == 4 else
                          ipaddress.IPv6Address(value))
            stream.write(json.dumps({"id": 1, "command": "route",
                                     "args": {"address": address}}).encode() + b"\n")
            stream.flush()
            result = json.loads(stream.readline())["result"]
            want = routes.via(family, value)
            assert (result["route"], result["via"]) == (
                ("gateway", want) if want else ("none", "")), (address, result, want)


def memory_kib(pid, what):
    """VmRSS or VmHWM of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(next(line for line in f if line.startswith(what)).split()[1])


def behind(routes, family):
    """An address whose next hop is the server."""
    bits = 32 if family == 4 else 128
    for (value, length), number in routes.of[family].items():
        inside = value + 1 if length < bits else value
        if number == 0 and routes.via(family, inside) == routes.gateway(family, 0):
            return str(ipaddress.ip_address(inside) if family == 4 else
                       ipaddress.IPv6Address(inside))
    raise AssertionError("no route leads to the server")


def test_a_million_routes(run, caps, record_property):
    """From the start to a reload with another million while packets flow."""
    path = run.path("routes")
    one, other = Routes(1, V4, V6), Routes(2, V4, V6)
    one.write(path)
    router = lab.Router(run, caps, ip={"routes_file": path})
    router.switch.start()
    router.attach()
    router.vnf.start(wait=False)
    router.vnf.process.wait_log(r"notice: running: ", timeout=START_S)
    seconds = time.monotonic() - router.vnf.process.started
    pid = router.vnf.process.pid
    rss = memory_kib(pid, "VmRSS")
    counts = router.ask("ip")
    assert counts["routes"] >= V4 + V6
    router.vnf.wait_port()
    router.wait_ready()
    check_lookups(router, one)
    for family in (4, 6):
        address = behind(one, family)
        router.server.netns.ip("address", "add", f"{address}/{32 if family == 4 else 128}", "dev",
                               "eth0", *(["nodad"] if family == 6 else []))
        lab.ping(router.client.at(family), lab.Address("behind", address, None), count=5)
    other.write(path)
    with router.pinging(4), router.pinging(6):
        mark, begun = router.vnf.hang_up(), time.monotonic()
        router.vnf.process.wait_log(r"SIGHUP: generation \d+ is in force", START_S, mark)
        reload_s = time.monotonic() - begun
    check_lookups(router, other)
    lab.until(lambda: memory_kib(pid, "VmRSS") < rss * 1.2, 10, "the old routes' memory to be free")
    peak = memory_kib(pid, "VmHWM")
    record_property("says", f"running after {seconds:.1f} s, reload {reload_s:.1f} s, memory "
                            f"{rss >> 10} MiB, at most {peak >> 10} MiB, tables "
                            f"{counts['table_bytes'] >> 20} MiB")
    assert rss < RSS_KIB
    router.stop()


def test_what_fits_no_table(run, caps):
    """More next hops than a table can name are refused, with the line."""
    path = run.path("routes")
    router = lab.Router(run, caps, ip={"routes_file": path})
    on = router.vnf.settings["ip"]["interfaces"][1]
    on["addresses"] = ["10.2.0.1/15", "2001:db8:2::1/64"]
    with open(path, "w", encoding="ascii") as f:
        for i in range(40_000):
            f.write(f"{20 + (i >> 16)}.{i >> 8 & 255}.{i & 255}.0/24 via "
                    f"10.2.{i >> 8}.{i & 255}\n" if i & 255 > 1 else "\n")
    router.vnf.start(wait=False)
    router.vnf.process.wait_log(rf"{path}:3[0-9]+: ", timeout=20)
    assert router.vnf.process.wait(10) == 2


def test_prefixes_in_prefixes(run, caps):
    """Each inside of another, in both families: tables are reserved for all of them."""
    path = run.path("routes")
    with open(path, "w", encoding="ascii") as f:
        for i in range(250):
            for length in (24, 25, 26, 28, 32):
                f.write(f"20.0.{i}.0/{length} via 10.0.2.{length}\n")
            for length in (24, 32, 33, 48, 64, 127, 128):
                f.write(f"2a00:{i:02x}00::/{length} via 2001:db8:2::{length:x}\n")
    router = lab.Router(run, caps, taps=True, ip={"routes_file": path}).start(ready=False)
    for i in (0, 1, 100, 249):
        for last, length in ((0, 32), (1, 28), (63, 26), (127, 25), (255, 24)):
            assert router.ask("route", address=f"20.0.{i}.{last}")["via"] == f"10.0.2.{length}"
        for rest, length in ((":", 128), (":1", 127), (":2", 64), ("0:1::", 48), ("1::", 33),
                             ("8000::", 32)):
            assert router.ask("route", address=f"2a00:{i:02x}00:{rest}")["via"] == \
                str(ipaddress.ip_address(f"2001:db8:2::{length:x}"))
    router.stop()
