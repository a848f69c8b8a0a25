"""Tests never touch a database that is not theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_a_shell_of_an_installation_does_not_lend_its_database_to_the_tests() -> None:
    shell = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        "DJANGO_SETTINGS_MODULE": "headwater.web.settings",
        "DATABASE_URL": "postgresql://somebody@127.0.0.1:1/production",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "headwater/core/tests/test_setup.py"]
    said = subprocess.run(command, cwd=ROOT, env=shell, capture_output=True, text=True, timeout=120)
    assert said.returncode != 0
    assert "tests would run in your own database. Unset it and try again." in said.stdout + said.stderr
