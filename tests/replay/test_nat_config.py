# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# vnf-nat's configuration as the program takes it: examples, those of the manual among them, and
# what it says of a file with mistakes. Each kind of mistake is the unit test's, nat_policy. Only
# --check, --dump-config and --config-reference run, which start no DPDK.

"""The NAT's configuration."""

import os
import re
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ["VNFKIT_BUILD"])
SOURCE = Path(os.environ.get("VNFKIT_SOURCE", Path(__file__).resolve().parents[2]))
NAT = BUILD / "vnfs/nat/vnf-nat"
EXAMPLES = [SOURCE / "vnfs/nat" / name for name in ("nat.conf", "nat-cgn.conf")]
MANUAL = re.findall(r"<!-- checked by vnf-nat -->\n+```\n(.*?)^```",
                    (SOURCE / "docs/nat.md").read_text(encoding="utf-8"), re.M | re.S)
PATIENCE = 30   # seconds
# The NAT's own, of the file itself.
KEYS = {"inside", "outside", "profile", "filtering", "pools", "rules", "static", "forwards",
        "timeouts", "inbound_refresh", "quarantine", "syn_hold", "exhausted", "limits", "mss",
        "sessions", "mappings", "hosts", "log"}
WRONG = """ports = ( { name = "lan"; kind = "null"; }, { name = "wan"; kind = "null"; } );
ip = { interfaces = ( { port = "lan"; addresses = [ "10.0.0.1/24" ]; },
                      { port = "wan"; addresses = [ "192.0.2.1/24" ]; } ); };
inside = [ "lan" ];
outside = [ "wam" ];
pools = ( { name = "public"; addresses = [ "192.0.2.10" ]; } );
rules = ( { action = "translate"; pool = "pubic"; } );
syn_hold = "5999ms";
filterings = "profile";
"""
WARNED = """ports = ( { name = "lan"; kind = "null"; }, { name = "wan"; kind = "null"; } );
ip = { interfaces = ( { port = "lan"; addresses = [ "10.0.0.1/24" ]; },
                      { port = "wan"; addresses = [ "192.0.2.1/24" ]; } ); };
inside = [ "lan" ];
outside = [ "wan" ];
pools = ( { name = "public"; addresses = [ "interface wan" ]; },
          { name = "other"; addresses = [ "192.0.2.9" ]; } );
timeouts = { udp = "30s"; };
"""


def run(*words, folder=None):
    """Exit code, standard output, lines of standard error."""
    done = subprocess.run([NAT, *words], cwd=folder, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr.splitlines()


def run_text(folder, text, option="--check"):
    """The same of a file with this text."""
    (folder / "nat.conf").write_text(text, encoding="utf-8")
    return run("-c", "nat.conf", option, folder=folder)


@pytest.mark.quick
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples(path):
    """Those that come with the program."""
    assert run("-c", path, "--check") == (0, f"{path}: no errors\n", [])


@pytest.mark.quick
@pytest.mark.parametrize("number", range(len(MANUAL)))
def test_manual(tmp_path, number):
    """Those of the manual: accepted without a word, and what they come to loads to the same."""
    assert run_text(tmp_path, MANUAL[number]) == (0, "nat.conf: no errors\n", [])
    code, dump, _ = run_text(tmp_path, MANUAL[number], "--dump-config")
    assert code == 0
    code, again, _ = run_text(tmp_path, dump, "--dump-config")
    assert code == 0
    assert again.replace(" # default", "") == dump.replace(" # default", "")


def reference():
    """Keys as the program tells them: those of the file, whose group is "", and of each group."""
    code, text, _ = run("--config-reference")
    assert code == 0
    parts = re.split(r"^#+ (.*)$", text, flags=re.M)
    keys = {}
    for title, body in zip(parts[1::2], parts[2::2]):
        rows = re.findall(r"^\| `(\w+)` \|", body, re.M)
        name = re.match(r"`(\w+)(?:\[\])?`$", title)
        if name and name[1] in KEYS:
            keys[name[1]] = set(rows)
        elif KEYS <= set(rows):
            keys[""] = set(rows)
    return keys


@pytest.mark.quick
def test_the_first_example_has_all_keys():
    """As it says of itself: none was forgotten, in it or in the list above."""
    text = re.sub(r"^#\s", "", EXAMPLES[0].read_text(encoding="utf-8"), flags=re.M)
    keys = reference()
    assert keys[""] & KEYS == KEYS
    assert set(keys) == {"", "pools", "rules", "static", "forwards", "timeouts", "limits", "log"}
    missing = [f"{group}.{key}" for group, names in keys.items() for key in names
               if (group or key in KEYS) and not re.search(rf"\b{key} = ", text)]
    assert missing == []


@pytest.mark.quick
def test_mistakes(tmp_path):
    """An unknown key ends it; else all of a file are told, each with its place."""
    code, said, errors = run_text(tmp_path, WRONG)
    assert (code, said) == (2, "")
    assert any(line.startswith('nat.conf:9: filterings: unknown key, did you mean "filtering"?')
               for line in errors), errors
    code, said, errors = run_text(tmp_path, WRONG.replace("filterings", "filtering"))
    assert (code, said) == (2, "")
    assert [line.split(": ")[:2] for line in errors] == [["nat.conf:8", "syn_hold"]]
    code, _, errors = run_text(tmp_path, WRONG.replace("filterings", "filtering")
                               .replace('"5999ms"', '"6s"'))
    assert code == 2
    assert [line.split(": ")[:2] for line in errors] == [
        ["nat.conf:5", "outside[0]"], ["nat.conf:7", "rules[0].pool"]]


@pytest.mark.quick
def test_warnings(tmp_path):
    """What is accepted, but hardly meant."""
    code, said, lines = run_text(tmp_path, WARNED)
    assert (code, said) == (0, "nat.conf: no errors\n")
    assert lines == [
        "nat: warning: nat.conf:8: timeouts.udp: hosts expect at least 2m (RFC 4787 REQ-5), and "
        "may lose what they still use",
        "nat: warning: nat.conf:7: pools[1] (other): nothing is translated by it, without `rules` "
        "all is by the first pool"]
