# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# The journal of a running VNF, events.c between a generator and a sink: every event has a line or is
# told as lost, while logrotate and reloads move the file, and up to the last word at a stop.

"""The journal of a running program."""

import json
import os
import shutil
import subprocess

import lab
import pytest
from openmetrics import Page

from test_metrics import address_of, ask
from test_service import confined


class Events(lab.Instance):
    """The VNF of events.c; each frame is an event."""

    def __init__(self, run, workers=2, rate=1_000_000, pps=20_000, count=0):
        self.folder = run.path("log")
        os.makedirs(self.folder, exist_ok=True)
        self.file = os.path.join(self.folder, "events.jsonl")
        super().__init__(run, lab.built("tests/vnf-events"), {
            "name": "events", "workers": workers, "hugepages": "never", "memory": None,
            "metrics": {"listen": "127.0.0.1:0"},
            "journal": {"file": self.file, "rate": rate},
            "ports": [{"name": "gen", "kind": "gen", "rate": pps, "flows": 64, "count": count,
                       "queues": 1}, {"name": "sink", "kind": "sink", "queues": 1}]})

    def journal(self):
        """What the command tells."""
        return lab.control(self.run, self.name, "journal")

    def metric(self, name, **labels):
        """A number of the metrics page."""
        return Page(ask(address_of(self))[2]).get(f"vnf_journal_{name}", vnf="events", **labels)

    def wait_lines(self, more=2000):
        """Lines are written."""
        before = self.metric("lines_total")
        lab.until(lambda: self.metric("lines_total") >= before + more, 20, "lines")


def lines(*paths):
    """What stands in files, parsed; every line whole."""
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        assert text == "" or text.endswith("\n")
        found += [json.loads(line) for line in text.splitlines()]
    return found


def check_sums(found):
    """Every event is a line, or told as lost; the last words say how many there were."""
    ends = [line for line in found if line["event"] == "end"]
    frames = sum(line["event"] == "frame" for line in found)
    lost = sum(line["count"] for line in found if line["event"] == "lost")
    assert frames + lost == sum(line["seen"] for line in ends)
    return frames, lost


@pytest.mark.quick
def test_rotation(run):
    """A file that was moved is left within a second; the metrics and the command say the same."""
    vnf = Events(run).start()
    vnf.wait_lines()
    for number in range(3):
        os.rename(vnf.file, f"{vnf.file}.{number}")
        lab.until(lambda: os.path.exists(vnf.file), 3, "a new file")
        assert os.stat(vnf.file).st_mode & 0o777 == 0o640
        vnf.wait_lines()
    told = vnf.journal()
    assert told["file"] == vnf.file and told["error"] is None and told["rate"] == 1_000_000
    assert vnf.metric("lines_total") >= told["written"]
    for by in ("rate", "ring", "file"):
        assert vnf.metric("lost_total", by=by) >= told["lost"][by]
    vnf.stop()
    frames, _ = check_sums(lines(*(f"{vnf.file}.{n}" for n in range(3)), vnf.file))
    assert frames > 6000


def test_logrotate(run):
    """With the settings of docs/journal.md."""
    logrotate = lab.installed("logrotate")
    vnf = Events(run, pps=2000).start()
    vnf.wait_lines(500)
    with open(os.path.join(lab.ROOT, "docs/journal.md"), encoding="utf-8") as f:
        conf = f.read().split("```logrotate\n")[1].split("```")[0]
    conf = conf.replace("/var/log/vnfkit/*.jsonl", vnf.file).replace("su vnfkit vnfkit", "")
    path = run.path("logrotate.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(conf)
    os.chmod(path, 0o644)
    for _ in range(2):
        subprocess.run([logrotate, "--force", "--state", run.path("state"), path], check=True)
        lab.until(lambda: os.path.exists(vnf.file), 3, "a new file")
        vnf.wait_lines(500)
    vnf.stop()
    subprocess.run(["gzip", "-d", f"{vnf.file}.2.gz"], check=True)
    check_sums(lines(f"{vnf.file}.2", f"{vnf.file}.1", vnf.file))


def test_reloads(run):
    """Another file, another rate, none; and no file that cannot be opened."""
    vnf = Events(run).start()
    vnf.wait_lines()
    other = os.path.join(vnf.folder, "other.jsonl")
    vnf.reload(journal={"file": other, "rate": 5000})
    vnf.wait_lines()
    lab.until(lambda: vnf.journal()["lost"]["rate"] > 1000, 20, "lines beyond the rate")
    assert vnf.journal()["file"] == other
    vnf.refused(r"events\.conf:\d+: journal\.file: cannot write to \"/nonexistent/e\": No such "
                r"file or directory; make its folder", journal={"file": "/nonexistent/e"})
    vnf.wait_lines()
    vnf.reload(journal={"file": vnf.file, "rate": 1_000_000})
    vnf.wait_lines()
    vnf.stop()
    _, lost = check_sums(lines(vnf.file, other))
    assert lost > 1000


def test_off_and_on(run):
    """Events are not asked for while there is no file."""
    vnf = Events(run).start()
    vnf.wait_lines()
    vnf.reload(journal=None)
    written = lab.steady(lambda: vnf.journal()["written"], 10, "the journal")
    assert written == sum(line["event"] == "frame" for line in lines(vnf.file))
    vnf.reload(journal={"file": vnf.file})
    vnf.wait_lines()
    vnf.stop()


def test_full_disk(run):
    """Lines are lost and counted while it is full, and written again when it is not."""
    vnf = Events(run, pps=1000)
    disk = run.path("log")
    netns = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c",
             'mount -t tmpfs -o size=64k none "$0" && exec "$@"', disk]
    if os.geteuid() != 0:
        raise lab.LabUnavailable("only root can mount a small file system")
    vnf.start(prefix=netns)
    vnf.process.wait_log(r"journal: cannot write to \S+: No space left on device; make room")
    lab.until(lambda: vnf.journal()["lost"]["file"] > 1000, 20, "lost lines")
    assert vnf.journal()["error"] == "No space left on device"
    inside = f"/proc/{vnf.process.pid}/root{vnf.file}"
    copy = run.path("copy.jsonl")
    # As copytruncate does it.
    shutil.copy(inside, copy)
    os.truncate(inside, 0)
    lab.until(lambda: vnf.journal()["error"] is None, 10, "the end of the error")
    lab.until(lambda: '"lost"' in open(inside, encoding="utf-8").read(), 10, "a line of losses")
    assert vnf.process.output().count("journal: cannot write to") == 1
    vnf.stop()


def test_under_the_restrictions_of_the_unit(run):
    """Nobody's process without privileges writes its journal."""
    vnf = Events(run, pps=1000)
    vnf.start(env={"RUNTIME_DIRECTORY": run.path("r")}, prefix=confined(run, "vnf@.service"))
    vnf.wait_lines(500)
    vnf.stop(timeout=20)
    check_sums(lines(vnf.file))
