# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The demonstration behind tools/demo: brings the path up, sends real traffic through it, and shows
# that every packet is accounted for and nothing is left behind. Exit code 0 only if every step
# held. Runs as root or not, with hugepages or not, on one CPU or more.

"""Show the path at work."""

import argparse
import os
import sys
import time

sys.dont_write_bytecode = True

import lab
from lab.nat import POOL, forward
from lab.transfer import Connection

PICTURE_KERNEL = """
  +-----------+                 +----------------------------+                 +-----------+
  |  client   |{kind:^17}|         vnf-switch         |{kind:^17}|  server   |
  | {client:^9} |=================|  domain A   |   domain B   |=================| {server:^9} |
  +-----------+                 +-----+---------------+------+                 +-----------+
  kernel TCP/IP                       | vhost-user    | vhost-user            kernel TCP/IP
                                  lan |               | wan
                                +-----+---------------+------+
                                |        vnf-forward         |
                                +----------------------------+
"""

PICTURE_GENERATOR = """
        +-------------+       +----------------------------+       +------------+
        |  generator  |=======|         vnf-switch         |=======|    sink    |
        +-------------+       |  domain A   |   domain B   |       +------------+
                              +-----+---------------+------+
                                lan |   vhost-user  | wan
                              +-----+---------------+------+
                              |        vnf-forward         |
                              +----------------------------+
"""


PICTURE_FIREWALL = """
        +-----------+   +----------------------------+   +-----------+
        |  client   |===|         vnf-switch         |===|  server   |
        +-----------+   |  domain A   |   domain B   |   +-----------+
                        +-----+---------------+------+
                          lan |   vhost-user  | wan
                        +-----+---------------+------+
                        |        vnf-firewall        |
                        +----------------------------+
"""

PICTURE_CHAIN = """
        +----------+       +----------------------------------------+       +----------+
        | client   |=======|               vnf-switch               |=======|  server  |
        | 10.0.1.2 |       |  domain lan  |  between  |  domain wan |       | 10.0.2.2 |
        +----------+       +-----+-----------+---+-----------+------+       +----------+
        | other    |             |           |   |           |
        | 10.0.1.3 |=====     +--+-----------+-+ |  +--------+--+
        +----------+          |  vnf-firewall  | +--+  vnf-nat  | {pool}
                              +----------------+    +-----------+
"""

FIREWALL_RULES = [
    {"name": "web", "from": ["lan"], "proto": ["tcp"], "dport": ["8000"], "action": "accept"},
    {"name": "telnet", "proto": ["tcp"], "dport": ["23"], "action": "reject"},
]
# The firewall is inside of the NAT: to it, inside hosts have their own addresses, also as servers.
CHAIN_RULES = [
    {"name": "web", "from": ["lan"], "proto": ["tcp"], "dport": ["8000", "8080"],
     "action": "accept"},
    {"name": "served", "from": ["wan"], "dst": ["10.0.1.3"], "proto": ["tcp"], "dport": ["8000"],
     "action": "accept"},
]
FORWARD = (POOL, 8080)


class Screen:
    """Prints; in colour only on a terminal."""

    def __init__(self):
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.failed = []

    def paint(self, code, text):
        """Text in a colour."""
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def title(self, text):
        """A heading."""
        print(f"\n{self.paint('1', text)}", flush=True)

    def say(self, text=""):
        """A line."""
        print(text, flush=True)

    def step(self, what, action):
        """Do one step and print its result; a LabError fails it."""
        print(f"  {what + ' ':.<50} ", end="", flush=True)
        started = time.monotonic()
        try:
            text = action()
        except lab.LabUnavailable as error:
            print(self.paint("33", "not possible here"), flush=True)
            print(f"      {error}")
            return False
        except lab.LabError as error:
            self.failed.append(what)
            print(self.paint("1;31", "FAILED"), flush=True)
            print("\n".join(f"      {line}" for line in str(error).splitlines()))
            return False
        took = self.paint("2", f"({time.monotonic() - started:.1f} s)")
        print(f"{self.paint('32', 'ok')}  {text} {took}", flush=True)
        return True


def rate(bits):
    """Bits per second in words."""
    return f"{bits / 1e9:.2f} Gbit/s" if bits >= 1e9 else f"{bits / 1e6:.0f} Mbit/s"


class Demo:
    """The steps of the demonstration, in order."""

    def __init__(self, screen, seconds):
        self.screen = screen
        self.seconds = seconds
        self.caps = lab.capabilities()

    def show_machine(self):
        """Say what is possible here and what not."""
        caps, say = self.caps, self.screen.say
        self.screen.title("This machine")
        say(f"  user       {caps.user}")
        say(f"  CPUs       {len(caps.cpus)}" + ("" if len(caps.cpus) > 1 else
            "; switch, VNF and clients take turns on it: expect low rates"))
        huge = f"{caps.hugepages_free} free: used" if caps.hugepages_free else \
            "none free: not needed"
        say(f"  hugepages  {huge}")
        wanted = f"{lab.FORCE} asks for it"
        words = {"tap": "tap devices in network namespaces",
                 "af_packet": f"veth pairs with af_packet, because {caps.why_no_tap or wanted}",
                 "none": "a generator and a sink only, because "
                         f"{caps.why_no_endpoints() or wanted}"}
        say(f"  endpoints  {words[caps.endpoints]}")

    def kernel_path(self):
        """ping, HTTP, iperf3 between two namespaces."""
        self.screen.title("The path, with real clients")
        with lab.Run() as run:
            path = lab.Path(run, self.caps, hugepages="auto")
            self.screen.say(PICTURE_KERNEL.format(
                kind=path.kind, client=path.client.address, server=path.server.address))
            if not self.screen.step("bring the path up", lambda: self.bring_up(path)):
                return
            client, server = path.client, path.server

            def step(what, action):
                self.screen.step(what, lambda: self.guarded(path, action))
            step("ping client -> server", lambda: self.ping(client, server))
            step("ping server -> client", lambda: self.ping(server, client))
            step("HTTP download of 100 MB by curl", lambda: self.download(run, path))
            step("iperf3 client -> server", lambda: self.iperf3(run, path, False))
            step("iperf3 server -> client", lambda: self.iperf3(run, path, True))
            self.counters(path)
            self.stop(run, path)

    @staticmethod
    def guarded(path, action):
        """Do `action`; if it fails because a program died, say that instead."""
        path.check_alive()
        try:
            return action()
        except lab.LabError:
            path.check_alive()
            raise

    def bring_up(self, path):
        """Start everything."""
        path.start()
        return "switch and VNF run, all ports are up"

    def ping(self, source, target):
        """Ten echoes."""
        result = lab.ping(source, target)
        return f"{result.received} of {result.sent} answered, {result.average_ms:.2f} ms"

    def download(self, run, path):
        """A file, with its checksum."""
        result = lab.download(run, path.client, path.server)
        return f"{rate(result.bits_per_second)}, SHA-256 {result.sha256[:12]}... is right"

    def iperf3(self, run, path, reverse):
        """TCP for some seconds."""
        result = lab.iperf3(run, path.client, path.server, self.seconds, reverse)
        return f"{rate(result.bits_per_second)}, {result.retransmits} retransmits"

    def counters(self, path):
        """Show that the stages agree; what each does between its wires is in its ledger."""
        if not self.screen.step("wait until no packet moves", lambda: path.settle() and "settled"):
            return
        switch, vnf, kernel = path.counters()
        ledgers = {i.name: i.ledger() for i in (path.switch, path.vnf)}
        lost = self.table(path.hops(switch, vnf, kernel), "client -> server")
        lost += self.table(path.hops(switch, vnf, kernel, reverse=True), "server -> client")
        self.inner_drops(path)
        self.screen.say()
        self.screen.step("every wire delivers what it is given", lambda: self.demand(
            not lost, "; ".join(lost), "no packet vanished between two stages"))
        for name, ledger in ledgers.items():
            faults = lab.ledger_faults(name, ledger)
            self.screen.step(f"ledger of the {name}", lambda f=faults, l=ledger: self.demand(
                not f, "; ".join(f), lab.ledger_words(l)))

    def inner_drops(self, path):
        """Print what the programs dropped between their wires, and why."""
        for instance in (path.switch, path.vnf):
            for port in (p["name"] for p in instance.settings["ports"]):
                for reason, n in instance.drops(port).items():
                    self.screen.say(f"      {instance.name} dropped {n:,} at its port {port}: "
                                    f"{reason}")

    @staticmethod
    def demand(holds, why, text):
        """`text`, or LabError(why)."""
        if not holds:
            raise lab.LabError(why)
        return text

    def table(self, hops, title):
        """Print one direction; return what was lost, as sentences."""
        self.screen.say(f"\n      {title:<44}{'sent':>12}{'received':>12}{'lost':>7}")
        for hop in hops:
            wire = f"{hop.sender} -> {hop.receiver}"
            self.screen.say(f"      {wire:<44}{hop.sent:>12,}{hop.received:>12,}{hop.lost:>7,}")
        return [f"{h.sender} -> {h.receiver}: {h.lost}" for h in hops if h.lost]

    def stop(self, run, path):
        """Stop both; then close the run and look for anything left."""
        def stop():
            path.stop()
            return "exit code 0 and a balanced report from both"

        def clean():
            run.close()
            self.demand(not run.errors and not run.leaks, "\n".join(run.errors + run.leaks), "")
            return "no process, namespace, socket or DPDK file is left"
        self.screen.step("stop", stop)
        self.screen.step("nothing left behind", clean)
        run.errors, run.leaks = [], []

    def firewall_path(self):
        """vnf-firewall in the place of the VNF: what it lets pass, what it refuses, what it says."""
        self.screen.title("A firewall in the path")
        if self.caps.endpoints == "none":
            self.screen.step("bring the firewall up", self.caps.require_endpoints)
            return
        self.screen.say(PICTURE_FIREWALL)
        with lab.Run() as run:
            path = lab.TransparentFirewall(run, self.caps, FIREWALL_RULES)
            if not self.screen.step("bring the firewall up", lambda: self.bring_up(path)):
                return

            def step(what, action):
                self.screen.step(what, lambda: self.guarded(path, action))
            step("allowed: HTTP download of 10 MB by curl", lambda: self.allowed(run, path))
            step("refused: curl to port 23", lambda: self.refused(path))
            step("dropped: curl from the server to the client", lambda: self.dropped(path))
            self.firewall_table(path)
            self.stop(run, path)

    @staticmethod
    def allowed(run, path):
        """A connection that a rule accepts."""
        result = lab.download(run, path.client, path.server, 10_000_000)
        return f"{rate(result.bits_per_second)}, by rule \"web\""

    @staticmethod
    def curl(source, target, port):
        """(exit code of curl, how long it took)."""
        started = time.monotonic()
        done = lab.command([lab.installed("curl"), "-s", "--noproxy", "*", "--connect-timeout", "1",
                            f"http://{target.address}:{port}/"], netns=source.netns, check=False)
        return done.returncode, time.monotonic() - started

    def refused(self, path):
        """A connection that is rejected: its client is told at once, and we are told why."""
        before = path.drops()
        code, seconds = self.curl(path.client, path.server, 23)
        why = path.drops() - before
        self.demand(code == 7 and seconds < 0.9, f"curl ended with {code} after {seconds:.1f} s",
                    "")
        self.demand(why["rejected"] > 0, f"dropped for {dict(why)}", "")
        return f"at once ({seconds * 1000:.0f} ms), by rule \"telnet\"; reason: rejected"

    def dropped(self, path):
        """A connection from the other side, of which nothing comes back."""
        before = path.drops()
        code, _ = self.curl(path.server, path.client, 8000)
        why = path.drops() - before
        self.demand(code == 28, f"curl ended with {code}", "")
        self.demand(why["policy"] > 0, f"dropped for {dict(why)}", "")
        return "no answer; reason: policy"

    @staticmethod
    def translated(source, target, to=None):
        """A connection, as each of its ends sees the other one."""
        try:
            with Connection(source, target, 8000, to=to) as connection:
                connection.talk()
                own, seen = connection.ends[0].getsockname()[:2], connection.seen()
        except OSError as error:
            raise lab.LabError(f"no connection: {error}") from error
        known = "as he is" if seen == own else f"as {seen[0]}:{seen[1]}"
        return f"{target.name} sees {own[0]}:{own[1]} {known}"

    @staticmethod
    def fetched(run, source, target):
        """A file."""
        result = lab.download(run, source, target, 10_000_000)
        return f"{rate(result.bits_per_second)}, the checksum is right"

    def unknown(self, path):
        """Outside, nobody knows a way to inside addresses."""
        code, _ = self.curl(path.server, path.client, 8000)
        self.demand(code == 7, f"curl ended with {code}", "")
        return "no way: outside, nobody has heard of that address"

    def firewall_table(self, path):
        """Print what `vnfkit ctl rules` and `sessions` tell, in short."""
        say = self.screen.say
        rules, sessions = path.ask("rules"), path.sessions()
        say(f"\n      {'rule':<44}{'action':<12}{'packets':>7}")
        for row in rules:
            say(f"      {row['name']:<44}{row['action']:<12}{row['packets']:>7,}")
        say(f"\n      {'session':<44}{'state':<12}{'rule':>7}")
        for row in sessions:
            ends = f"{row['proto']} {row['src']} -> {row['dst']}"
            say(f"      {ends:<44}{row['state']:<12}{row['rule']:>7}")
        say()
        idle = [row["name"] for row in rules if row["packets"] == 0]
        self.screen.step("each rule has counted", lambda: self.demand(
            not idle, f"these have not: {', '.join(idle)}", f"{len(rules)} rules"))

    def chain_path(self):
        """vnf-firewall and vnf-nat in a row: addresses are translated, in each direction."""
        self.screen.title("A firewall and a NAT in a row")
        if self.caps.endpoints == "none":
            self.screen.step("bring both up", self.caps.require_endpoints)
            return
        self.screen.say(PICTURE_CHAIN.format(pool=POOL))
        with lab.Run() as run:
            path = lab.FirewallNat(run, self.caps, CHAIN_RULES, nat={
                "forwards": [forward(FORWARD[1], "10.0.1.3", 8000)]})
            if not self.screen.step("bring both up", lambda: path.start() and
                                    "switch and VNFs run, all ports are up"):
                return

            def step(what, action):
                self.screen.step(what, lambda: self.guarded(path, action))
            step("client -> server, a connection", lambda: self.translated(
                path.client, path.server))
            step("client -> server, 10 MB by curl", lambda: self.fetched(
                run, path.client, path.server))
            what = "{} -> {}:{}, the other's"
            for source in (path.server, path.client):
                step(what.format(source.name, *FORWARD), lambda s=source: self.translated(
                    s, path.other, FORWARD))
            step("server -> client", lambda: self.unknown(path))
            for name, ledger in ((i.name, i.ledger()) for i in path.instances if path.settle()):
                faults = lab.ledger_faults(name, ledger)
                step(f"ledger of the {name}", lambda f=faults, l=ledger: self.demand(
                    not f, "; ".join(f), lab.ledger_words(l)))
            self.stop(run, path)

    def generator_path(self):
        """Generator and sink instead of client and server."""
        step = self.screen.step
        self.screen.title("The same path, with a generator in place of the client")
        self.screen.say(PICTURE_GENERATOR)
        with lab.Run() as run:
            path = lab.Path(run, self.caps, hugepages="auto", endpoints="none",
                            extra_ports=lab.generator_ports(rate=0))
            if not step("bring the path up", lambda: self.bring_up(path)):
                return
            step("shortest packets, as fast as they go", lambda: self.generate(path))
            self.stop(run, path)

    def generate(self, path):
        """Rate at the sink over some seconds."""
        def received():
            return path.switch.stats("gen-sink")["received"]
        lab.until(received, 10, "the first packet at the sink")
        before, start = received(), time.monotonic()
        time.sleep(self.seconds)
        after, end = received(), time.monotonic()
        for instance in (path.switch, path.vnf):
            faults = lab.ledger_faults(instance.name, instance.ledger())
            self.demand(not faults, "; ".join(faults), "")
        pps = (after - before) / (end - start)
        self.demand(pps > 0, "nothing arrived at the sink", "")
        return f"{pps / 1e6:.2f} million packets/s at the sink, both ledgers balanced under load"


def main():
    """Run the demonstration; return the exit code."""
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="length of each measurement")
    options = parser.parse_args()
    lab.enter()
    lab.handle_signals()
    lab.sweep()
    screen = Screen()
    started = time.monotonic()
    try:
        demo = Demo(screen, options.seconds)
        demo.show_machine()
        if demo.caps.endpoints != "none":
            demo.kernel_path()
        demo.firewall_path()
        demo.chain_path()
        demo.generator_path()
    except lab.Interrupted as interrupted:
        screen.say(f"\nEnded by signal {interrupted.signum}; everything was cleaned up.")
        return 128 + interrupted.signum
    except lab.LabError as error:
        screen.failed.append(str(error))
    seconds = time.monotonic() - started
    if screen.failed:
        screen.say(screen.paint("1;31", f"\nFAILED after {seconds:.0f} s: ") +
                   "; ".join(screen.failed))
        return 1
    screen.say(screen.paint("1;32", f"\nEvery step held, in {seconds:.0f} s."))
    return 0


if __name__ == "__main__":
    sys.exit(main())
