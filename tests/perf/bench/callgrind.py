# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Instructions by callgrind: exact where times are noisy, and blind to caches. Counted is the thread
# that executed most, which is the one that polls. Main thread.

"""Programs under callgrind."""

import glob
import os
import re

from lab import LabError, command, installed

LEAST = 0.2  # instructions a packet from which a function is listed


class Callgrind:
    """One program under callgrind; its files are the run's."""

    def __init__(self, run, label, at_start=True):
        self.label = label
        self.run = run
        self.folder = run.path(f"callgrind-{label.replace(' ', '-')}")
        os.makedirs(self.folder)
        # Without fair scheduling the polling thread starves all others.
        self.words = [installed("valgrind"), "--tool=callgrind", "--separate-threads=yes",
                      "--fair-sched=yes", "--quiet", f"--callgrind-out-file={self.folder}/out",
                      f"--instr-atstart={'yes' if at_start else 'no'}"]

    def wrapper(self, program):
        """A script that starts the program under callgrind, for where one word is wanted."""
        path = os.path.join(self.folder, "start")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\nexec {' '.join(self.words)} {program} \"$@\"\n")
        os.chmod(path, 0o755)
        return path

    def count_from_now(self, pid):
        """Begin to count, or begin again."""
        for action in (["--instr=on"], ["--zero"]):
            command([installed("callgrind_control"), *action, str(pid)])

    def _worker(self):
        best = (0, None)
        for path in glob.glob(f"{self.folder}/out*"):
            with open(path, encoding="utf-8", errors="replace") as f:
                match = re.search(r"^(?:totals|summary):\s*(\d+)", f.read(), re.M)
            if match and int(match[1]) > best[0]:
                best = (int(match[1]), path)
        return best

    def lines(self, packets, most=12):
        """After its end: instructions a packet, then those of its functions."""
        total, path = self._worker()
        if not packets or not path:
            raise LabError(f"{self.label}: callgrind left no profile of {packets} packets in "
                           f"{self.folder}")
        yield f"{self.label}: {total / packets:.1f} instructions a packet ({packets:,} packets)"
        text = command(["callgrind_annotate", "--auto=no", path], timeout=120, check=False).stdout
        for count, name in re.findall(r"^\s*([\d,]+)\s*(?:\([\d. ]+%\))?\s+(\S.*)$", text, re.M):
            each = int(count.replace(",", "")) / packets
            if most and each >= LEAST and "PROGRAM TOTALS" not in name:
                most -= 1
                yield f"{each:10.1f}  " + re.sub(r"[^\s\[]*/", "", name.replace("???:", ""))
