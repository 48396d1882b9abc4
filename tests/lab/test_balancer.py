# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-load-balancer between kernels: a client behind a router, three back ends with a web server each
# that says its name. What changes while connections stand: back ends that come and go, slots.
#
#     client - edge - vnf-switch - vnf-load-balancer - vnf-switch - a, b, c

"""The load balancer as its users see it."""

import collections
import contextlib
import http.client
import socket
import struct
import subprocess
import sys
import threading

import lab
import pytest
from lab.transfer import tcp_socket

FAMILIES = (4, 6)
SERVICE = {4: "192.0.2.80", 6: "2001:db8:1::80"}
CLIENT = {4: "198.51.100.2", 6: "2001:db8:9::2"}
NAMES = ("a", "b", "c")
MTU = 1400
BIG = 300_000
SERVER = """
import http.server, socket, sys

class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        text = sys.argv[1].encode() * (int(self.path[1:] or 1))
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def log_message(self, *words):
        pass

server = Server(("::", 80), Handler)
print("serving", flush=True)
server.serve_forever()
"""


def address_of(name, family):
    """Of a back end."""
    return f"{'10.0.2.' if family == 4 else '2001:db8:2::'}{NAMES.index(name) + 11}"


def services(names=NAMES):
    """Both services, by these back ends."""
    return [{"address": SERVICE[family], "port": 80,
             "back_ends": [address_of(name, family) for name in names]} for family in FAMILIES]


class Net:
    """All of it. `mtu`: of the edge's link to the client, at the edge's end."""

    def __init__(self, run, caps, workers=1, mtu=1500):
        if caps.why_no_tap:
            raise lab.LabUnavailable(caps.why_no_tap)
        self.run = run
        self.client, self.edge, *ends = (lab.Namespace(run, name)
                                         for name in ("client", "edge", *NAMES))
        self.ends = dict(zip(NAMES, ends))
        taps = [("edge", self.edge, "front")] + [(n, e, "back") for n, e in self.ends.items()]
        self.switch = lab.Instance(run, lab.switch_program(), {
            "name": "switch", "cpus": str(caps.cpus[0]), "hugepages": "never",
            "ports": [{"name": name, "kind": "tap", "ifname": "eth0", "netns": netns.name,
                       "domain": domain} for name, netns, domain in taps] +
                     [{"name": side, "kind": "vhost-user", "socket": run.socket(side),
                       "queues": workers, "domain": side} for side in ("front", "back")]})
        self.vnf = lab.Instance(run, lab.vnf_program("load-balancer"), {
            "name": "balancer", "workers": workers, "cpus": str(caps.cpus[-1]),
            "hugepages": "never", "services": services(), "steering": {"rebalance": False},
            "ports": [{"name": side, "kind": "virtio-user", "socket": run.socket(side),
                       "queues": workers} for side in ("front", "back")],
            "ip": {"interfaces": [
                {"port": "front", "dad": False, "addresses": ["192.0.2.80/24", "2001:db8:1::80/64"]},
                {"port": "back", "dad": False, "addresses": ["10.0.2.1/24", "2001:db8:2::1/64"]}],
                   "routes": [{"prefix": "0.0.0.0/0", "via": "192.0.2.1"},
                              {"prefix": "::/0", "via": "2001:db8:1::1"}]}})
        self.switch.start()
        self.link_client(mtu)
        self.attach(self.edge, ("192.0.2.1", "2001:db8:1::1"), ("192.0.2.80", "2001:db8:1::80"))
        self.servers = [self.serve(name) for name in NAMES]
        self.vnf.start()
        self.vnf.wait_port()
        for server in self.servers:
            server.wait_log("serving")

    def link_client(self, mtu):
        """The edge routes between its link to the client and the switch."""
        self.client.ip("link", "add", "eth0", "type", "veth", "peer", "name", "lan", "netns",
                       self.edge.name)
        self.edge.ip("link", "set", "dev", "lan", "mtu", str(mtu))
        self.attach(self.edge, ("198.51.100.1", "2001:db8:9::1"), (), "lan")
        self.attach(self.client, CLIENT.values(), ("198.51.100.1", "2001:db8:9::1"))
        for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            lab.command(["sh", "-c", f"echo 1 >/proc/sys/net/{key}"], netns=self.edge)

    @staticmethod
    def attach(netns, addresses, gateways, ifname="eth0"):
        """Addresses of an interface, and the ways by it."""
        lab.until(lambda: netns.link(ifname), 10, f"an interface of {netns.name}")
        lab.command(["sh", "-c", f"echo 0 >/proc/sys/net/ipv6/conf/{ifname}/disable_ipv6"],
                    netns=netns)
        netns.ip("link", "set", "dev", ifname, "up")
        for address in addresses:
            netns.ip("address", "add", f"{address}/{64 if ':' in address else 24}", "dev", ifname,
                     *(["nodad"] if ":" in address else []))
        for gateway in gateways:
            netns.ip("-6" if ":" in gateway else "-4", "route", "add", "default", "via", gateway,
                     "dev", ifname)

    def serve(self, name):
        """The web server of a back end."""
        netns = self.ends[name]
        self.attach(netns, (address_of(name, 4), address_of(name, 6)), ("10.0.2.1", "2001:db8:2::1"))
        return lab.Process(self.run, [sys.executable, "-c", SERVER, name], name=f"server-{name}",
                           netns=netns)

    def connect(self, family, source_port=0, timeout=10):
        """A connection of the client's to the service."""
        sock = tcp_socket(self.client, SERVICE[family])
        sock.settimeout(timeout)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((CLIENT[family], source_port))
        sock.connect((SERVICE[family], 80))
        connection = http.client.HTTPConnection("service")
        connection.sock = sock
        return connection

    def name(self, family):
        """The name that a new connection is told."""
        with contextlib.closing(self.connect(family)) as connection:
            return ask(connection)

    def names(self, family, n=24):
        """How often each is told."""
        return collections.Counter(self.name(family) for _ in range(n))

    def ctl(self, *words):
        """`vnfkit ctl`, of the balancer."""
        done = subprocess.run([sys.executable, f"{lab.ROOT}/tools/vnfkit", "ctl", "-n", "balancer",
                               *words], env=self.run.env(), capture_output=True, text=True,
                              timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def reload(self, names):
        """Another list of back ends."""
        self.vnf.write(services=services(names))
        self.ctl("reload")

    def slots(self):
        """Whose each slot is."""
        return lab.control(self.run, "balancer", "slots")

    def drops(self):
        """Of both ports, by reason."""
        return sum((collections.Counter(self.vnf.drops(side)) for side in ("front", "back")),
                   collections.Counter())

    def stop(self):
        """Stop all; the ledgers are checked. The balancer's report."""
        report = self.vnf.stop()
        self.switch.stop()
        return report


def ask(connection, repeat=1):
    """What the server says on this connection, so often."""
    connection.request("GET", f"/{repeat}")
    return connection.getresponse().read().decode()


def reset(connection):
    """The connection's end, without TIME_WAIT: its port serves at once."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.fixture(name="net")
def fixture_net(run, caps):
    """With one worker."""
    net = Net(run, caps)
    yield net
    if net.vnf.process.running():
        net.stop()


def test_curl(net):
    """Both families; all back ends have their share; where nobody serves, it is said at once."""
    for family in FAMILIES:
        host = SERVICE[family] if family == 4 else f"[{SERVICE[family]}]"
        curl = [lab.installed("curl"), "-sS", "--noproxy", "*", "--max-time", "5"]
        assert lab.command([*curl, f"http://{host}"], netns=net.client).stdout in NAMES
        done = lab.command([*curl, f"http://{host}:81"], netns=net.client, check=False)
        assert "Couldn't connect" in done.stderr or "refused" in done.stderr, done.stderr
        # Ports are the kernel's choice: a third of 24 may well miss a back end, of 240 hardly.
        shares = net.names(family, 240)
        assert set(shares) == set(NAMES) and min(shares.values()) >= 40, shares
    assert set(net.drops()) <= {"for_itself", "multicast", "no_service"}


def test_back_end_is_taken_out_and_put_back(net):
    """Its connections go on, new ones go to others."""
    held = {}
    for family in FAMILIES:
        while len(held.get(family, {})) < len(NAMES):
            connection = net.connect(family)
            name = ask(connection)
            if name in held.setdefault(family, {}):
                connection.close()
            else:
                held[family][name] = connection
    for names in (("a", "b"), ("b",), ("b", "c")):
        net.reload(names)
        for family in FAMILIES:
            assert set(net.names(family)) == set(names)
            assert all(ask(connection) == name for name, connection in held[family].items())
    net.reload(NAMES)
    for family in FAMILIES:
        assert set(net.names(family)) == set(NAMES)
        for connection in held[family].values():
            connection.close()
    assert "full" not in net.drops()


@pytest.mark.parametrize("family", FAMILIES)
def test_port_that_is_used_again(net, family):
    """A connection that ended is none: its next one goes where new ones go."""
    connection = net.connect(family)
    port = connection.sock.getsockname()[1]
    name = ask(connection)
    net.reload([other for other in NAMES if other != name])
    assert ask(connection) == name
    reset(connection)
    connection = net.connect(family, port)
    assert ask(connection) in set(NAMES) - {name}
    reset(connection)


def test_server_that_is_gone(net):
    """The client is refused by the back end, not left waiting."""
    net.reload(["a"])
    net.servers[0].end()
    for family in FAMILIES:
        with pytest.raises(ConnectionRefusedError):
            net.connect(family)


def test_smaller_mtu_on_the_way(run, caps):
    """The edge tells the service, and the back end hears of it."""
    net = Net(run, caps, mtu=MTU)
    for family in FAMILIES:
        with contextlib.closing(net.connect(family)) as connection:
            name = ask(connection)
            assert ask(connection, BIG) == name * BIG
        way = net.ends[name].ip(f"-{family}", "route", "get", CLIENT[family]).stdout
        assert f"mtu {MTU}" in way, way
    net.stop()


def test_slots_move_under_downloads(run, caps):
    """Two workers; no download fails, whoever has the client's slot."""
    net = Net(run, caps, workers=2)
    over, errors, done = threading.Event(), [], collections.Counter()

    def download(family):
        try:
            while not over.is_set():
                with contextlib.closing(net.connect(family)) as connection:
                    name = ask(connection)
                    assert ask(connection, BIG) == name * BIG
                    done[family] += 1
        except (OSError, AssertionError, http.client.HTTPException) as error:
            errors.append(f"IPv{family}: {error!r}"[:200])

    threads = [threading.Thread(target=download, args=(family,)) for family in FAMILIES * 2]
    for thread in threads:
        thread.start()
    try:
        for turn in range(4):
            for slot in [slot for slot in net.slots() if slot["packets"] > 0]:
                net.ctl("slot-move", str(slot["slot"]), str(1 - slot["worker"]))
                lab.until(lambda: all(s["state"] == "settled" for s in net.slots()), 5,
                          "the slot to have moved")
            before = done.total()
            lab.until(lambda: errors or done.total() > before + 4, 10, f"downloads after {turn}")
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not errors, errors
    assert set(done) == set(FAMILIES)
    report = net.stop()
    assert report["ledger"]["handed_in"] == report["ledger"]["handed_out"] > 0
