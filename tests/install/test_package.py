# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# What the user of a Debian system does: makes the packages with one command, installs them where
# nothing else is, runs the firewall and the NAT, writes a VNF against the library, and removes them
# again. The system is a root file system of its own in the temporary folder; programs run in it
# with a /proc of their own, and /sys, where DPDK counts CPUs. Needs root, and a Debian mirror that
# apt-get knows. The tests go by their order.

"""Debian packages, from the build to the purge."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import ARP, Ether
from scapy.utils import rdpcap, wrpcap

SOURCE = Path(os.environ.get("VNFKIT_SOURCE", Path(__file__).resolve().parents[2]))
VNFS = sorted(p.name for p in (SOURCE / "vnfs").iterdir() if p.is_dir())
PROGRAMS = ["vnf-switch", *(f"vnf-{name}" for name in VNFS)]
PACKAGES = ["libvnfkit0", "libvnfkit-dev", "vnfkit", *PROGRAMS]
UNITS = ["vnf-switch.service", *(f"vnf@{name}.service" for name in VNFS)]
# Beside what is required: what builds a VNF, and what the units call.
BASE = "gcc,pkg-config,procps"
CONFIG = """
ports = ( { name = "lan"; kind = "null"; }, { name = "wan"; kind = "null"; } );
mode = "transparent";
wires = ( { a = "lan"; b = "wan"; } );
zones = ( { name = "inside"; ports = [ "lan" ]; }, { name = "outside"; ports = [ "wan" ]; } );
rules = ( { name = "web"; from = [ "inside" ]; proto = [ "tcp" ]; dport = [ "80" ];
            action = "accept"; } );
default = "drop";
"""
LAN_MAC, WAN_MAC = "02:00:00:00:01:01", "02:00:00:00:02:01"
OUTSIDE_MAC = "02:00:00:00:02:99"
NAT_CONFIG = f"""
ports = ( {{ name = "lan"; kind = "null"; mac = "{LAN_MAC}"; }},
          {{ name = "wan"; kind = "null"; mac = "{WAN_MAC}"; }} );
ip = {{ interfaces = ( {{ port = "lan"; addresses = [ "192.0.2.1/24" ]; dad = false; }},
                      {{ port = "wan"; addresses = [ "198.51.100.1/24" ]; dad = false; }} ); }};
inside = [ "lan" ];
outside = [ "wan" ];
pools = ( {{ name = "public"; addresses = [ "interface wan" ]; }} );
"""


def run(*command, timeout=1000, **more):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, text=True,
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout, **more)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout[-8000:]}"
    return done.stdout


def sources():
    """Where this machine's apt-get gets Debian from, as lines of sources.list."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a root file system and install in it")
    for tool in ("apt-get", "mmdebstrap", "dpkg-buildpackage", "lintian"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    said = run("apt-get", "indextargets", "--format",
               "$(ORIGIN)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
    lines = sorted({line.partition("|")[2] for line in said.splitlines()
                    if line.startswith("Debian|")})
    if not lines:
        pytest.skip("apt-get knows no Debian mirror; run apt-get update")
    return lines


@pytest.fixture(scope="module", name="made")
def fixture_made(tmp_path_factory):
    """A folder with the packages, and beside it the bare root, both made at the same time."""
    lines = sources()
    top = tmp_path_factory.mktemp("package")
    suite = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)[1]
    with subprocess.Popen(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={BASE}",
                           "--skip=cleanup/apt", suite, top / "root", *lines],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as bootstrap:
        environment = {key: value for key, value in os.environ.items()
                       if key not in ("CC", "CFLAGS", "LDFLAGS")}
        said = run(SOURCE / "tools/package", "--output", top / "packages",
                   env=dict(environment, DEB_BUILD_OPTIONS="noautodbgsym"))
        (top / "said").write_text(said)
        errors = bootstrap.communicate()[1]
    if re.search("Failed to fetch|Could not (resolve|connect)|Temporary failure", errors):
        pytest.skip("no Debian mirror can be reached")
    assert bootstrap.returncode == 0, errors
    return top


@pytest.fixture(scope="module", name="inside")
def fixture_inside(made):
    """Runs a command in the root, inside.root, in which the programs are installed."""
    root = made / "root"
    (root / "packages").mkdir()
    for package in (made / "packages").glob("*.deb"):
        shutil.copy(package, root / "packages")

    def inside(*command):
        return run("unshare", "--mount", "--pid", "--fork", f"--mount-proc={root / 'proc'}",
                   "sh", "-c", 'mount --rbind /sys "$1/sys" && exec chroot "$@"', "sh", root, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
                   "DEBIAN_FRONTEND=noninteractive", *command)

    def install(*names):
        inside("sh", "-c", "apt-get install -qy --no-install-recommends "
               + " ".join(f"/packages/{name}_*.deb" for name in names))

    inside.root, inside.install = root, install
    inside.files = vnfkit_files(root)
    # Nobody would miss the root after a loss of power.
    (root / "etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n")
    # Without libvnfkit-dev, which would bring what the others may have forgotten to ask for.
    install("libvnfkit0", "vnfkit", *PROGRAMS)
    return inside


def vnfkit_files(root):
    """All that has the name in its path, but for what apt and dpkg keep for themselves."""
    own = (root / "packages", root / "proc", root / "sys", root / "var/lib/apt",
           root / "var/cache", root / "var/log")
    return {str(p.relative_to(root)) for p in root.rglob("*vnf*")
            if not any(p.is_relative_to(o) for o in own)}


def test_the_command_tells_how_to_install(made):
    said = (made / "said").read_text()
    found = {p.name.split("_")[0] for p in (made / "packages").glob("*.deb")}
    assert found == set(PACKAGES)
    command = re.search(r"cd (\S+) && apt-get install (.*)", said)
    assert command[1] == str(made / "packages")
    names = {pattern.removeprefix("./").removesuffix("_*.deb") for pattern in command[2].split()}
    assert names == set(PACKAGES) - {"libvnfkit-dev"}


def test_lintian_has_nothing_to_say(made):
    """Neither errors nor warnings."""
    said = run("lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0",
               *sorted((made / "packages").glob("*.deb")))
    assert not re.search(r"^[EW]: ", said, re.M), said


def test_programs_and_manuals_are_there(inside):
    for program in PROGRAMS:
        assert ", DPDK " in inside(program, "--version")
        assert (inside.root / f"usr/share/man/man8/{program}.8.gz").is_file()
    assert "usage: vnfkit ctl" in inside("vnfkit", "ctl", "--help")
    assert (inside.root / "usr/share/man/man1/vnfkit.1.gz").is_file()


def test_examples_are_right(inside):
    examples = sorted((inside.root / "usr/share/vnfkit/examples").glob("*.conf"))
    assert len(examples) >= 1 + len(VNFS)
    for example in examples:
        program = "vnf-switch" if "switch" in example.name else "vnf-" + re.split(
            "[-.]", example.name)[0]
        said = inside(program, "--check", "-c", f"/usr/share/vnfkit/examples/{example.name}")
        assert "no errors" in said


def test_user_and_units_are_there(inside):
    assert "nologin" in inside("getent", "passwd", "vnfkit")
    assert (inside.root / "etc/vnfkit").is_dir()
    for unit in UNITS:
        assert inside("systemd-analyze", "verify", "--man=no", unit) == ""
    wanted = inside.root / "etc/systemd/system/multi-user.target.wants"
    assert not list(wanted.glob("vnf*")), "a unit was enabled by the installation"


def segment(dport):
    packet = Ether(src="02:00:00:00:01:99", dst="02:00:00:00:02:99") / IP(
        src="192.0.2.10", dst="198.51.100.10") / TCP(sport=40000 + dport, dport=dport, flags="S")
    packet.time = 1_700_000_000
    return packet


def test_firewall_passes_one_and_refuses_another(inside):
    """As the user that services run as."""
    folder = inside.root / "srv/replay"
    folder.mkdir()
    folder.chmod(0o777)
    (inside.root / "etc/vnfkit/firewall.conf").write_text(CONFIG)
    wrpcap(str(folder / "in.pcap"), [segment(80), segment(81)])
    inside("runuser", "-u", "vnfkit", "--", "vnf-firewall", "-c", "/etc/vnfkit/firewall.conf",
           "--replay", "lan=/srv/replay/in.pcap", "--record", "wan=/srv/replay/out.pcap",
           "--verdicts", "/srv/replay/verdicts")
    assert [p[TCP].dport for p in rdpcap(str(folder / "out.pcap"))] == [80]
    verdicts = [json.loads(line) for line in (folder / "verdicts").read_text().splitlines()]
    assert [(v["verdict"], v.get("reason")) for v in verdicts] == [
        ("forward", None), ("drop", "policy")]


def test_nat_translates(inside):
    """Likewise; the host outside tells its MAC address a second later."""
    folder = inside.root / "srv/nat"
    folder.mkdir()
    folder.chmod(0o777)
    (inside.root / "etc/vnfkit/nat.conf").write_text(NAT_CONFIG)
    syn = segment(80)
    syn[Ether].dst = LAN_MAC
    answer = Ether(src=OUTSIDE_MAC, dst=WAN_MAC) / ARP(
        op="is-at", hwsrc=OUTSIDE_MAC, psrc="198.51.100.10", hwdst=WAN_MAC, pdst="198.51.100.1")
    answer.time = syn.time + 1
    wrpcap(str(folder / "lan.pcap"), [syn])
    wrpcap(str(folder / "wan.pcap"), [answer])
    inside("runuser", "-u", "vnfkit", "--", "vnf-nat", "-c", "/etc/vnfkit/nat.conf",
           "--replay", "lan=/srv/nat/lan.pcap", "--replay", "wan=/srv/nat/wan.pcap",
           "--record", "wan=/srv/nat/out.pcap")
    sent = [(p.dst, p[IP].src, p[IP].dst, p[TCP].sport) for p in rdpcap(str(folder / "out.pcap"))
            if TCP in p]
    assert sent == [(OUTSIDE_MAC, "198.51.100.1", "198.51.100.10", syn[TCP].sport)]


def test_a_template_builds_with_the_package(inside):
    """From the installed examples, as its README says, with pkg-config alone."""
    inside.install("libvnfkit-dev")
    inside("sh", "-ec", "cd /usr/share/doc/libvnfkit-dev/examples/01-forward;"
           "cc forward.c $(pkg-config --cflags --libs vnfkit) -o /srv/vnf-forward;"
           "vnfkit test -c forward.conf /srv/vnf-forward replay")


def test_another_abi_is_not_accepted(made):
    """Programs name the interface that they were built with; the library says which it has."""
    def field(package, name):
        return run("dpkg-deb", "--field", next((made / "packages").glob(f"{package}_*.deb")), name)

    abi = re.search(r"^#define VNF_ABI (\d+)", (SOURCE / "sdk/include/vnf/vnf.h").read_text(),
                    re.M)[1]
    assert field("libvnfkit0", "Provides").strip() == f"libvnfkit0-abi-{abi}"
    for program in PROGRAMS:
        assert f"libvnfkit0-abi-{abi}" in field(program, "Depends").replace(",", " ").split()


def test_purge_leaves_nothing(inside):
    """A program's configuration goes with it; what was written for others stays until they go."""
    conf = inside.root / "etc/vnfkit"
    (conf / "other.conf").write_text("")
    (inside.root / "srv/vnf-forward").unlink(missing_ok=True)
    inside("apt-get", "purge", "-qy", *PROGRAMS)
    assert [p.name for p in conf.iterdir()] == ["other.conf"]
    (conf / "other.conf").unlink()
    inside("apt-get", "purge", "-qy", *(p for p in PACKAGES if p not in PROGRAMS))
    assert vnfkit_files(inside.root) - inside.files == set()


def container_file(name):
    """Its instructions: (word, the rest), continued lines joined."""
    text = (SOURCE / "vnfs" / name / "Containerfile").read_text()
    lines = re.sub(r"^#.*\n|\\\n", "", text, flags=re.M).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


@pytest.mark.parametrize("name", VNFS)
def test_container_file_names_what_is_there(name):
    """Files of the tree, packages that are made, the program and the user that they bring."""
    said = container_file(name)
    assert [word for word, _ in said][:3] == ["ARG", "ARG", "FROM"]
    built = " ".join(rest for word, rest in said if word == "RUN")
    assert (SOURCE / re.search(r"(tools/\w+) --output", built)[1]).stat().st_mode & 0o111
    copied = " ".join(rest for word, rest in said if word == "COPY")
    wanted = set(re.findall(r"/packages/([\w-]+)_\*\.deb", copied))
    assert wanted == {"libvnfkit0", "vnfkit", f"vnf-{name}"} <= set(PACKAGES)
    assert ("USER", "vnfkit") in said
    assert ("ENTRYPOINT", f'["vnf-{name}"]') in said
    assert ("CMD", f'["-c", "/etc/vnfkit/{name}.conf"]') in said
    for word, rest in said:
        if word in ("CMD", "ENTRYPOINT"):
            assert all(isinstance(item, str) for item in json.loads(rest))
