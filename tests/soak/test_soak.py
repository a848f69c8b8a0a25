"""A slice of `make soak`: a few hundred people, a few kills, the same judge."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ..processes import bound
from ..running import ROOT

pytestmark = [pytest.mark.xdist_group("soak"), pytest.mark.slow]


def test_nothing_is_lost_and_nothing_happens_twice_whatever_is_killed(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = ["--people", "600", "--kills", "6", "--seed", "7", "--workers", "3", "--report", str(report)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", *command], cwd=ROOT, capture_output=True, text=True, timeout=900,
        preexec_fn=bound(signal.SIGINT),
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert report.exists(), said
    found = json.loads(report.read_text())
    assert (done.returncode, found["findings"]) == (0, []), said
    assert sum(n for what, n in found["strikes"].items() if what != "frozen") == 6
    assert found["strikes"]["frozen"] >= 1
    assert found["versions"] >= 2
    assert found["figures"]["passages"] > 600
