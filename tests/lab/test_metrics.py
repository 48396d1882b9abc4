# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The metrics page of running programs: its formats, its numbers beside telemetry's, who may not
# disturb it, and what becomes of it at start and stop.

"""The metrics page."""

import contextlib
import http.client
import os
import socket
import subprocess
import threading
import time

import lab
import pytest
from lab.programs import built
from openmetrics import Page

COUNT = 5000
OPENMETRICS = ("application/openmetrics-text;version=1.0.0;q=0.5,"
               "text/plain;version=0.0.4;q=0.3,*/*;q=0.2")


def switch(run, listen="127.0.0.1:0", rate=20_000, count=0, **more):
    """A switch with a generator, a sink and a port that waits for its guest."""
    settings = {
        "name": "sw", "hugepages": "never", "metrics": {"listen": listen},
        "domains": [{"name": "d"}],
        "ports": [{"name": "gen", "kind": "gen", "domain": "d", "rate": rate, "count": count},
                  {"name": "sink", "kind": "sink", "domain": "d"},
                  {"name": "guest", "kind": "vhost-user", "domain": "d",
                   "socket": run.socket("guest")}], **more}
    return lab.Instance(run, lab.switch_program(), settings)


def address_of(instance):
    """Host and port, as the log tells them."""
    host, port = instance.process.wait_log(r"metrics: http://(\S+):(\d+)/metrics").groups()
    return host.strip("[]"), int(port)


def ask(where, path="/metrics", method="GET", accept=None, timeout=20, body=None):
    """(status, headers, text) of one request."""
    connection = http.client.HTTPConnection(*where, timeout=timeout)
    with contextlib.closing(connection):
        connection.request(method, path, body=body, headers={"Accept": accept} if accept else {})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()


def page_of(instance, accept=None):
    """The page, parsed."""
    status, headers, text = ask(address_of(instance), accept=accept)
    assert status == 200
    return Page(text, headers["Content-Type"].startswith("application/openmetrics-text"))


def promtool(text):
    """What Prometheus' own linter says of a page."""
    done = subprocess.run([lab.installed("promtool"), "check", "metrics"], input=text, text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and not (done.stdout + done.stderr).strip(), \
        done.stdout + done.stderr


@pytest.mark.quick
def test_both_formats(run):
    """Each as its standard has it; Prometheus' linter finds nothing."""
    instance = switch(run).start()
    status, headers, text = ask(address_of(instance))
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    page = Page(text)
    assert page.get("vnf_build_info", program="vnf-switch") == 1
    assert abs(page.get("vnf_start_time_seconds") - time.time()) < 600
    assert page.get("vnf_port_up", port="guest", kind="vhost-user", vnf="sw") == 0
    promtool(text)
    _, headers, text = ask(address_of(instance), accept=OPENMETRICS)
    assert headers["Content-Type"] == \
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    other = Page(text, openmetrics=True)
    assert {name for name, _ in other.values} == {name for name, _ in page.values}
    instance.stop()


def test_numbers_are_those_of_telemetry(run):
    """Under traffic they grow and never shrink; afterwards they are the same as telemetry's."""
    instance = switch(run, count=COUNT).start()
    last = 0
    while last < COUNT:
        sent = page_of(instance).get("vnf_port_transmit_packets_total", port="sink")
        assert last <= sent <= COUNT
        last = sent
    lab.steady(lambda: instance.stats("sink")["tx_packets"], 10, "the traffic")
    page = page_of(instance, accept=OPENMETRICS)
    for port in ("gen", "sink", "guest"):
        stats, drops = instance.stats(port), instance.telemetry(f"/vnf/drops,{port}")
        for key, name in (("rx_packets", "receive_packets"), ("rx_bytes", "receive_bytes"),
                          ("tx_packets", "transmit_packets"), ("tx_bytes", "transmit_bytes"),
                          ("rx_missed", "receive_missed"), ("rx_errors", "receive_errors"),
                          ("rx_nombuf", "receive_nombuf")):
            assert page.get(f"vnf_port_{name}_total", port=port) == stats[key]
        for reason, n in drops.items():
            assert page.get("vnf_port_drops_total", port=port, reason=reason) == n
    assert page.get("vnf_port_traffic_packets", port="gen", count="generated") == COUNT
    ledger = instance.ledger()
    assert page.get("vnf_ledger_receive_packets_total") == ledger["rx"] == COUNT
    assert page.get("vnf_ledger_transmit_packets_total") == ledger["tx"]
    assert page.get("vnf_ledger_dropped_packets_total") == ledger["drops"]
    assert page.get("vnf_ledger_held_packets") == 0
    assert page.get("vnf_ledger_balance_packets") == 0
    assert 0 < page.get("vnf_worker_busy_seconds_total", worker="0")
    assert page.get("vnf_pool_used_packets") <= page.get("vnf_pool_packets")
    table = instance.telemetry("/switch/stats")
    assert page.get("vnf_switch_fdb_used") == table["fdb_used"] == 1
    assert page.get("vnf_switch_domain_addresses", domain="d") == 1
    instance.stop()


def test_what_is_not_the_page(run):
    """A hint at the root, 404 elsewhere, 405 for whoever wants to write."""
    instance = switch(run).start()
    where = address_of(instance)
    assert "/metrics" in ask(where, "/")[2]
    assert ask(where, "/other")[0] == 404
    assert ask(where, "/metrics/")[0] == 404
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        status, headers, _ = ask(where, method=method, body=b"x" * 100)
        assert status == 405 and headers["Allow"] == "GET, HEAD"
    status, headers, text = ask(where, method="HEAD")
    assert status == 200 and int(headers["Content-Length"]) > 1000 and text == ""
    instance.stop()


def send_slowly(where, stop):
    """Open connections, say a little on each now and then, open new ones for those that end."""
    connections = []
    while not stop.is_set():
        while len(connections) < 80:
            connection = socket.socket()
            connection.settimeout(0.05)
            connections.append(connection)
            with contextlib.suppress(OSError):
                connection.connect(where)
        for connection in list(connections):
            try:
                connection.sendall(b"G")
            except OSError:
                connection.close()
                connections.remove(connection)
        stop.wait(0.05)
    for connection in connections:
        connection.close()


HOSTILE = {
    "nothing": b"",
    "a header without end": b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 1_000_000,
    "many headers": b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 100_000,
    "a long path": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
    "noise": bytes(range(256)) * 400,
    "a body without end": b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: "
                          b"99999999999\r\n\r\n" + b"a" * 1_000_000,
    "bad lengths": b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "chunks": b"POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
              b"ffffffffffffffff\r\n",
    "a row of requests": b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 1000,
}


def send_all(where, data):
    """Send as much as is taken, read nothing, go."""
    with contextlib.suppress(OSError), socket.create_connection(where, timeout=5) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        s.recv(10)


def test_hostile_clients(run):
    """They harm neither the traffic, nor the next reader, nor the stop."""
    instance = switch(run).start()
    where = address_of(instance)
    for name, data in HOSTILE.items():
        send_all(where, data)
        assert ask(where)[0] == 200, name
    before = instance.stats("sink")["received"]
    stop = threading.Event()
    slow = threading.Thread(target=send_slowly, args=(where, stop))
    slow.start()
    try:
        for _ in range(5):
            assert ask(where, timeout=30)[0] == 200
        lab.until(lambda: instance.stats("sink")["received"] > before + 1000, 20, "traffic")
    finally:
        stop.set()
        slow.join()
    descriptors = f"/proc/{instance.process.pid}/fd"
    many = len(os.listdir(descriptors))
    lab.until(lambda: len(os.listdir(descriptors)) <= many, 10, "descriptors to be given back")
    instance.stop()


def test_silent_clients_do_not_hold_up_a_stop(run):
    """It ends while they are connected."""
    instance = switch(run).start()
    where = address_of(instance)
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(socket.create_connection(where, timeout=5))
        instance.stop(timeout=15)


def ask_unix(path):
    """The page over a UNIX socket."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(path)
        s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        with s.makefile("rb") as f:
            return f.read().decode().split("\r\n\r\n", 1)[1]


def test_unix_socket(run):
    """It is there while the program runs; what a killed one left is replaced."""
    path = run.socket("metrics")
    instance = switch(run, listen=f"unix:{path}").start()
    assert Page(ask_unix(path)).get("vnf_port_up", port="gen") == 1
    assert os.stat(path).st_mode & 0o777 == 0o660
    instance.crash()
    assert os.path.exists(path)
    instance.start()
    assert Page(ask_unix(path)).get("vnf_port_up", port="gen") == 1
    instance.stop()
    assert not os.path.exists(path)


def failing(run, listen, code):
    """What a switch says that cannot open its page."""
    instance = switch(run, listen=listen)
    instance.start(wait=False)
    assert instance.process.wait(20) == code
    return instance.process.output()


def test_addresses_that_cannot_be_had(run):
    """Each with what to do about it; a wrong one is found by --check already."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        said = failing(run, f"127.0.0.1:{other.getsockname()[1]}", 1)
    assert "Address already in use" in said and "an address of its own" in said
    assert "none of this machine's" in failing(run, "203.0.113.1:9090", 1)
    assert "make the folder" in failing(run, "unix:" + run.path("no", "x.sock"), 1)
    said = failing(run, "localhost:9090", 2)
    assert "metrics.listen" in said and "127.0.0.1:9090" in said


def test_a_vnf_has_the_page_too(run, caps):
    """And of its two ports each is there."""
    path = lab.Path(run, caps, endpoints="none", extra_ports=lab.generator_ports(rate=1000))
    path.vnf.settings["metrics"] = {"listen": "[::1]:0"}
    path.start()
    lab.until(lambda: path.switch.stats("gen-sink")["received"] > 100, 20, "traffic")
    page = page_of(path.vnf)
    assert page.get("vnf_port_receive_packets_total", port=lab.LAN) > 100
    assert page.get("vnf_port_up", port=lab.WAN) == 1
    path.stop()


def test_numbers_of_a_vnf_s_own(run):
    """A table of its struct vnf_app, read while it runs."""
    instance = lab.Instance(run, built("tests/vnf-probe"), {
        "name": "probe", "hugepages": "never", "period": "1500ms",
        "metrics": {"listen": "127.0.0.1:0"},
        "ports": [{"name": "a", "kind": "null", "receive": False},
                  {"name": "b", "kind": "null", "receive": False}]}).start()
    text = ask(address_of(instance))[2]
    assert 'vnf_probe_period_seconds{vnf="probe",of="kept \\"packets\\""} 1.500000000\n' in text
    promtool(text)
    instance.stop()
