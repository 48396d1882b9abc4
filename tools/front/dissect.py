# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Frames for people: one line each, and how two of them differ, by the names of header fields if
# scapy is there, and by their octets. Used by diff.py. Any thread.

"""A frame in a line, two frames side by side."""

import ipaddress
import logging
import struct

VLANS = (0x8100, 0x88a8)
ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86dd
PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}
WITH_PORTS = (6, 17)
# Extension headers of IPv6 that have their length in the second octet.
EXTENSIONS = (0, 43, 60)
TCP_FLAGS = "FSRPAUEC"
ROW = 16
ROWS_MAX = 8


def line(data):
    """One line about a frame: who to whom, what, how long."""
    try:
        text = ethernet(data)
    except (struct.error, IndexError, ValueError):
        text = "too short to tell"
    return f"{text} len {len(data)}"


def mac(data):
    """A MAC address."""
    return data.hex(":")


def ethernet(data):
    """From the first octet on."""
    if len(data) < 14:
        return f"[{data.hex(' ')}]"
    text = f"{mac(data[6:12])} → {mac(data[:6])}"
    kind, at = struct.unpack_from(">H", data, 12)[0], 14
    while kind in VLANS and len(data) >= at + 4:
        tag, kind = struct.unpack_from(">HH", data, at)
        text += f" VLAN {tag & 0xfff}"
        at += 4
    try:
        return f"{text} {network(kind, data[at:])}"
    except (struct.error, IndexError, ValueError):
        return f"{text} type 0x{kind:04x}, cut short"


def network(kind, data):
    """What is in the Ethernet frame."""
    if kind == IPV4:
        return ipv4(data)
    if kind == IPV6:
        return ipv6(data)
    if kind == ARP:
        return arp(data)
    return f"802.3 length {kind}" if kind < 0x600 else f"type 0x{kind:04x}"


def arp(data):
    """A question or an answer."""
    operation = struct.unpack_from(">H", data, 6)[0]
    sender, target = (ipaddress.IPv4Address(data[at:at + 4]) for at in (14, 24))
    if operation == 1:
        return f"ARP who has {target}, tell {sender}"
    if operation == 2:
        return f"ARP {sender} is at {mac(data[8:14])}"
    return f"ARP operation {operation}"


def ipv4(data):
    """Addresses and what is inside."""
    header = (data[0] & 15) * 4
    source, target = (ipaddress.IPv4Address(data[at:at + 4]) for at in (12, 16))
    text = f"IPv4 {source} → {target}"
    fragment = struct.unpack_from(">H", data, 6)[0]
    offset = (fragment & 0x1fff) * 8
    if fragment & 0x3fff:
        text += f" fragment {offset}{'+' if fragment & 0x2000 else ''}"
    return f"{text} {transport(data[9], data[header:], offset == 0)}"


def ipv6(data):
    """Addresses and what is inside, behind the extension headers."""
    source, target = (ipaddress.IPv6Address(data[at:at + 16]) for at in (8, 24))
    text, protocol, at, first = f"IPv6 {source} → {target}", data[6], 40, True
    while protocol in EXTENSIONS:
        protocol, at = data[at], at + 8 + data[at + 1] * 8
    if protocol == 44:
        word = struct.unpack_from(">H", data, at + 2)[0]
        text += f" fragment {word & 0xfff8}{'+' if word & 1 else ''}"
        protocol, at, first = data[at], at + 8, word & 0xfff8 == 0
    return f"{text} {transport(protocol, data[at:], first)}"


def transport(protocol, data, first):
    """What is in the IP packet; its header is in the first fragment."""
    name = PROTOCOLS.get(protocol, f"protocol {protocol}")
    if not first:
        return name
    try:
        if protocol in WITH_PORTS:
            name += " {} → {}".format(*struct.unpack_from(">HH", data))
        if protocol == 6:
            name += " " + "".join(f for bit, f in enumerate(TCP_FLAGS) if data[13] >> bit & 1)
        elif protocol in (1, 58):
            name += f" type {data[0]} code {data[1]}"
    except (struct.error, IndexError):
        name += " cut short"
    return name


# ---- two frames ----


def octets(old, new):
    """The rows of sixteen octets that differ."""
    rows = []
    for at in range(0, max(len(old), len(new)), ROW):
        pair = (old[at:at + ROW], new[at:at + ROW])
        if pair[0] != pair[1]:
            rows.append([f"{sign} {at:04x}  {row.hex(' ')}" for sign, row in zip("-+", pair)])
    shown = [text for row in rows[:ROWS_MAX] for text in row]
    left = len(rows) - ROWS_MAX
    return shown + [f"… and {left} more row{'s' * (left > 1)}"] * (left > 0)


def scapy_layers(data):
    """The headers of a frame, as scapy sees them; ImportError without it."""
    logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
    # pylint: disable=import-outside-toplevel,unused-import
    import scapy.layers.inet
    import scapy.layers.inet6   # noqa: F401
    from scapy.layers.l2 import Ether
    found = Ether(data)
    while found.name not in ("NoPayload", "Raw", "Padding"):
        yield found
        found = found.payload


def changed(old, new):
    """The fields of one header that differ."""
    for field in old.fields_desc:
        values = [layer.getfieldval(field.name) for layer in (old, new)]
        if values[0] != values[1]:
            texts = [field.i2repr(layer, value) for layer, value in zip((old, new), values)]
            yield f"{old.name} {field.name}: {texts[0]} → {texts[1]}"


def fields(old, new):
    """The header fields that differ: lines "header field: old → new". None without scapy."""
    try:
        layers = [list(scapy_layers(data)) for data in (old, new)]
        lines = []
        for one, other in zip(*layers):
            if one.name != other.name:
                return lines + [f"{one.name} → {other.name}"]
            lines += changed(one, other)
        for sign, more in zip("-+", layers):
            lines += [f"{sign} {layer.name}" for layer in more[min(map(len, layers)):]]
        return lines
    except ImportError:
        return None
    except Exception as error:   # pylint: disable=broad-exception-caught
        # The octets say all the same what differs; scapy on odd frames is no reason to stop.
        return [f"scapy cannot read one of them: {error}"]
