# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What changes while a router runs: neighbours that go and come back, addresses that somebody else
# has, links, and its own configuration.

"""A router in a network that changes."""

import re

import lab
import pytest

FAMILIES = (4, 6)
# Neighbours are asked again soon, so that tests need not wait for half a minute.
SOON = {"reachable": "1s", "stale": "1s"}
UNREACHABLE = {4: r"From 10\.0\.1\.1 .*Destination Host Unreachable",
               6: r"From 2001:db8:1::1 .*Destination unreachable: Address unreachable"}


@pytest.fixture(name="router")
def fixture_router(run, caps):
    """A router behind vnf-switch."""
    router = lab.Router(run, caps, ip=SOON).start()
    yield router
    if router.vnf.process.running():
        router.stop()


def pinger(router, family, address=None, interval="0.5"):
    """A ping from the client that goes on."""
    return lab.Process(router.run, [lab.installed("ping"), "-n", "-O", "-i", interval,
                                    address or router.server.address[family]],
                       name=f"ping-{family}", netns=router.client.netns)


# ---- neighbours ----

@pytest.mark.parametrize("family", FAMILIES)
def test_neighbour_that_is_not_there(router, family):
    """The sender hears of it after three questions, a second apart."""
    nobody = re.sub("2$", "99", router.server.address[family])
    ping = pinger(router, family, nobody)
    ping.wait_log(UNREACHABLE[family], timeout=6)
    entry = router.neighbour(nobody)
    assert entry is None or entry["state"] == "incomplete"
    ping.end()
    lab.until(lambda: router.neighbour(nobody) is None, 6, "the entry to go")
    assert router.ask("ip")["unresolved"] > 0
    assert router.drops()["neighbour"] > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_neighbour_that_goes_and_comes_back(router, family):
    """With another MAC address, too."""
    server = router.server
    ping = pinger(router, family)
    ping.wait_log("bytes from .*time=")
    server.link("down")
    mark = ping.mark()
    # Reachable for a second or so, then 5 s of trust, then three questions, then three more.
    ping.wait_log(UNREACHABLE[family], timeout=20, since=mark)
    mark = ping.mark()
    server.link("address", "02:99:00:00:02:77")
    server.link("up")
    server.configure()
    ping.wait_log("bytes from .*time=", timeout=5, since=mark)
    assert router.neighbour(server.address[family])["mac"] == "02:99:00:00:02:77"
    ping.end()


@pytest.mark.parametrize("family", FAMILIES)
def test_neighbour_with_another_mac_address(router, family):
    """It is replaced while it is in use: within seconds if the neighbour is silent."""
    server = router.server
    ping = pinger(router, family)
    ping.wait_log("bytes from .*time=")
    server.link("down")
    server.link("address", "02:99:00:00:02:78")
    server.link("up")
    server.configure()
    mark = ping.mark()
    ping.wait_log("bytes from .*time=", timeout=14, since=mark)
    assert router.neighbour(server.address[family])["mac"] == "02:99:00:00:02:78"
    # If it speaks itself, at once: it has forgotten the router, and asks for it.
    server.link("down")
    server.link("address", "02:99:00:00:02:79")
    server.link("up")
    server.configure()
    lab.ping(server.at(family), server.router(family), count=3)
    mark = ping.mark()
    ping.wait_log("bytes from .*time=", timeout=2, since=mark)
    ping.end()


# ---- addresses that others have ----

def test_duplicate_address(run, caps):
    """It is not used, the log says who has it, and after the next link-up it is tried again."""
    router = lab.Router(run, caps)
    client = router.client
    router.switch.start()
    router.attach()
    for family, length in ((4, 32), (6, 128)):
        client.netns.ip("address", "add", f"{client.gateway[family]}/{length}", "dev", "eth0",
                        *(["nodad"] if family == 6 else []))
    router.vnf.start()
    router.vnf.wait_port()
    for family in FAMILIES:
        router.vnf.process.wait_log(
            rf'interface "left": {client.gateway[family]} is in use by {client.mac}')
    lab.until(lambda: "tentative" not in router.states().values(), 5, "the other addresses")
    states = router.states()
    assert states.pop(f"{client.gateway[4]}/24") == "duplicate"
    assert states.pop(f"{client.gateway[6]}/64") == "duplicate"
    assert set(states.values()) == {"valid"}
    assert router.ask("ip")["conflicts"] >= 2
    # The server's side is not concerned, not even as far as addresses of the other side go.
    for family in FAMILIES:
        lab.ping(router.server.at(family), router.server.router(family), count=2)
    for family, length in ((4, 32), (6, 128)):
        client.netns.ip("address", "del", f"{client.gateway[family]}/{length}", "dev", "eth0")
    router.switch.stop()
    lab.until(lambda: not router.vnf.port_state("left"), 5, "the router to see the link go")
    router.switch.start()
    router.attach()
    router.vnf.wait_port()
    router.wait_ready()
    for family in FAMILIES:
        lab.ping(client.at(family), router.server.at(family), count=2)
    router.stop()


def test_address_is_defended(router):
    """Somebody takes an address that the router has: it says so, and keeps it."""
    client = router.client
    lab.ping(client.at(4), router.server.at(4), count=2)
    client.sysctl("ipv4/conf/eth0/arp_notify", 1)
    client.netns.ip("address", "add", f"{client.gateway[4]}/32", "dev", "eth0")
    client.link("down")
    client.link("up")
    router.vnf.process.wait_log(rf"{client.mac} also uses {client.gateway[4]}")
    assert router.states()[f"{client.gateway[4]}/24"] == "valid"
    client.netns.ip("address", "del", f"{client.gateway[4]}/32", "dev", "eth0")
    client.configure()
    lab.ping(client.at(4), router.server.at(4), count=2)


# ---- reloads ----

def interfaces_with(router, side, addresses):
    """The interfaces, one of them with these addresses."""
    return [{**on, "addresses": addresses} if on["name"] == side else on
            for on in router.vnf.settings["ip"]["interfaces"]]


@pytest.mark.parametrize("workers", (1, 2))
def test_reload_under_traffic(run, caps, workers):
    """Routes change, addresses come and go: a ping through the router loses nothing."""
    router = lab.Router(run, caps, ip=SOON, workers=workers).start()
    client, server = router.client, router.server
    for address in ("192.0.2.1/32", "2001:db8:99::1/128"):
        server.netns.ip("address", "add", address, "dev", "eth0")
    with router.pinging(4), router.pinging(6):
        for i in range(1, 6):
            router.reload_ip(routes=[
                {"prefix": "192.0.2.0/24", "via": server.address[4]},
                {"prefix": "2001:db8:99::/48", "via": server.address[6]}][:1 + i % 2] + [
                {"prefix": f"198.51.{i}.0/24", "type": "blackhole"}])
            assert router.ask("route", address=f"198.51.{i}.1")["route"] == "blackhole"
            assert router.ask("route", address=f"198.51.{i - 1}.1")["route"] == "none"
            assert router.ask("route", address="192.0.2.1") == {
                "address": "192.0.2.1", "route": "gateway", "via": server.address[4],
                "interface": "right"}
        more = [f"{server.gateway[4]}/24", f"{server.gateway[6]}/64", "10.0.3.1/24",
                "2001:db8:3::1/64"]
        router.reload_ip(interfaces=interfaces_with(router, "right", more))
        router.wait_ready()
        assert router.states()["10.0.3.1/24"] == "valid"
        assert router.ask("route", address="10.0.3.9")["route"] == "connected"
        router.reload_ip(interfaces=interfaces_with(router, "right", more[:2]))
        assert "10.0.3.1/24" not in router.states()
        assert router.ask("route", address="10.0.3.9")["route"] == "none"
        router.reload_ip(routes=[{"prefix": "192.0.2.0/24", "via": server.address[4]},
                                 {"prefix": "2001:db8:99::/48", "via": server.address[6]}])
    for family, address in ((4, "192.0.2.1"), (6, "2001:db8:99::1")):
        lab.ping(client.at(family), lab.Address("behind", address, None), count=3)
    router.stop()


def test_address_moves_to_another_interface(router):
    """What the router no longer has, it does not answer for; its neighbours are forgotten."""
    client, server = router.client, router.server
    lab.ping(client.at(4), server.at(4), count=2)
    only6 = [f"{client.gateway[6]}/64"]
    router.reload_ip(interfaces=interfaces_with(router, "left", only6))
    lab.ping(client.at(6), server.at(6), count=2)
    done = lab.command([lab.installed("ping"), "-n", "-c", "1", "-W", "1", client.gateway[4]],
                       netns=client.netns, check=False)
    assert done.returncode == 1
    both = [f"{client.gateway[4]}/24", *only6]
    router.reload_ip(interfaces=interfaces_with(router, "left", both))
    router.wait_ready()
    lab.ping(client.at(4), server.at(4), count=2)


def test_bad_routes_file(router):
    """It is refused with file and line, and all stays as it was."""
    path = router.run.path("routes")

    def write(*lines):
        with open(path, "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")

    good = ["# a comment", f"192.0.2.0/24 via {router.server.address[4]}", "",
            "2001:db8:99::/48 dev right", "blackhole 198.51.100.0/24"]
    write(*good)
    router.reload_ip(routes_file=path)
    generation = router.vnf.generation()
    with router.pinging(4):
        for line, says in (("192.0.2.0/33 via 10.0.2.2", ""), ("10.9.0.0/16 dev nobody", "nobody"),
                           ("10.9.0.0/16 via 2001:db8:1::2", ""), ("10.9.0.0/16 via", ""),
                           ("10.9.0.1/16 dev left", ""), ("10.9.0.0/16 via 10.77.0.1", ""),
                           ("10.9.0.0/16 dev left " + "x" * 2000, "")):
            write(*good, line)
            mark = router.vnf.hang_up()
            router.vnf.process.wait_log(rf"{path}:6: .*{says}", since=mark)
            router.vnf.process.wait_log("stays in force", since=mark)
            assert router.vnf.generation() == generation
            assert router.ask("route", address="192.0.2.1")["route"] == "gateway"
            assert router.ask("route", address="198.51.100.1")["route"] == "blackhole"
        router.vnf.refused("cannot read .*No such file",
                           ip={**router.vnf.settings["ip"], "routes_file": path + "-not"})
    write(*good, "10.9.0.0/16 dev left")
    router.vnf.reload()
    assert router.ask("route", address="10.9.1.1")["interface"] == "left"


def test_bad_routes_file_at_the_start(run, caps):
    """The program does not start, and says where the fault is."""
    path = run.path("routes")
    with open(path, "w", encoding="ascii") as f:
        f.write("10.9.0.0/16 dev left\n10.10.0.0/16 dev middle\n")
    router = lab.Router(run, caps, taps=True, ip={"routes_file": path})
    router.vnf.start(wait=False)
    router.vnf.process.wait_log(rf"{path}:2: .*middle")
    assert router.vnf.process.wait(10) == 2
