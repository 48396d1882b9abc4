# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# A VNF whose vhost-user peers misbehave: they connect and go, connect and say nothing, freeze, or
# get the file at the socket's path replaced. The VNF goes on, its other ports too, and stops when
# it is told to.

"""Peers that misbehave towards a VNF."""

import os
import signal
import socket

import lab
import pytest

STOP_S = 8


def connect(path):
    """A client that is not a switch."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    lab.until(lambda: os.path.exists(path), 5, f"{path} to exist")
    client.connect(path)
    return client


def waiting_path(run, caps):
    """A VNF that waits for its switch, which is not started yet."""
    path = lab.Path(run, caps, endpoints="none",
                    extra_ports=lab.generator_ports(rate=100_000))
    path.vnf.start()
    return path, path.vnf.settings["ports"][0]["socket"]


def assert_carries(path):
    """Traffic goes through the whole path."""
    before = path.switch.stats("gen-sink")["received"]
    lab.until(lambda: path.switch.stats("gen-sink")["received"] > before + 10_000, 10, "traffic")


@pytest.mark.quick
def test_connects_and_goes(run, caps):
    """A failed handshake is the peer's failure: the next peer finds the port as it was."""
    path, lan = waiting_path(run, caps)
    for n in range(1, 4):
        connect(lan).close()
        lab.until(lambda n=n: path.vnf.process.output().count("did not finish the handshake") >= n,
                  10, "the VNF to notice")
        lab.until(lambda: os.path.exists(lan), 10, "the socket to be back")
    path.switch.start()
    path.vnf.wait_port(lab.LAN, lab.WAN)
    path.stop()


def test_connects_and_is_silent(run, caps):
    """It is cut off, and the port is open for another."""
    path, lan = waiting_path(run, caps)
    silent = connect(lan)
    path.vnf.process.wait_log("connected and silent; it is cut off", 10)
    silent.close()
    path.switch.start()
    path.vnf.wait_port(lab.LAN, lab.WAN)
    path.stop()


def test_stop_with_a_silent_peer(run, caps):
    """A stop does not wait for a peer's next word."""
    path, lan = waiting_path(run, caps)
    silent = connect(lan)
    path.vnf.stop(timeout=STOP_S)
    silent.close()


def test_silent_after_a_switch(run, caps):
    """In place of a switch that was killed; the other port is found by the next switch."""
    path, lan = waiting_path(run, caps)
    path.switch.start()
    path.vnf.wait_port(lab.LAN, lab.WAN)
    path.switch.crash()
    lab.until(lambda: not path.vnf.port_state(lab.LAN), 10, "the port to go down")
    silent = connect(lan)
    path.vnf.process.wait_log("connected and silent; it is cut off", 10)
    silent.close()
    path.switch.start()
    path.vnf.wait_port(lab.LAN, lab.WAN)
    path.stop()


@pytest.mark.parametrize("stopped", ["vnf", "switch"])
def test_frozen_peer(run, caps, stopped):
    """The peer is stopped like a process under a debugger: SIGTERM still ends the other."""
    path, _ = waiting_path(run, caps)
    path.switch.start()
    path.vnf.wait_port(lab.LAN, lab.WAN)
    one, other = (path.vnf, path.switch) if stopped == "vnf" else (path.switch, path.vnf)
    other.process.signal(signal.SIGSTOP)
    try:
        one.stop(timeout=STOP_S)
    finally:
        other.process.signal(signal.SIGCONT)
    other.stop(timeout=STOP_S)


def test_path_of_somebody_else(run, caps):
    """A socket that somebody listens on, and a file, are left alone."""
    path, lan = waiting_path(run, caps)
    path.vnf.stop(timeout=STOP_S)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as owner:
        owner.bind(lan)
        owner.listen(1)
        path.vnf.start(wait=False)
        assert path.vnf.process.wait(STOP_S) == 1
        assert "is served by another process" in path.vnf.process.output()
        connect(lan).close()
    os.unlink(lan)
    with open(lan, "w", encoding="utf-8") as f:
        f.write("precious")
    path.vnf.start(wait=False)
    assert path.vnf.process.wait(STOP_S) == 1
    assert "exists and is not a socket" in path.vnf.process.output()
    with open(lan, encoding="utf-8") as f:
        assert f.read() == "precious"
    os.unlink(lan)
