"""Data directories that are ready to use, made once and copied by each test that starts an installation of its own: an
empty one for each state of the migrations, and the demo company for each run."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from headwater.core.embedded import Embedded

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("HEADWATER_TEST_CACHE", ROOT / ".cache"))
#: In the history of the demo company
PEOPLE = 40
#: What a command that a test starts must not inherit: it reads the settings of its own data directory
HIDDEN = ("DATABASE_URL", "HEADWATER_SECRET_KEY", "HEADWATER_SMTP_URL", "HEADWATER_SMS_URL", "HEADWATER_POOL",
          "HEADWATER_DEMO")  # fmt: skip


def state() -> str:
    """A hash over everything that shapes a fresh database."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "headwater").glob("*/migrations/*.py")):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    for name in ("requirements/base.txt", "headwater/audience/rules/defaults.py", "conftest.py", "tests/ready.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One process at a time, of all that share this cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def passable(data: Path) -> None:
    """The data directory, with a way to it for the database's user."""
    data.mkdir(parents=True, exist_ok=True)
    for part in (data, *data.parents[:4]):
        if os.geteuid() == 0 and part != Path("/"):
            part.chmod(part.stat().st_mode | 0o011)


def copy_into(data: Path) -> None:
    """An empty installation, as `headwater migrate` leaves it, in a data directory that has none yet."""
    with locked("ready"):
        made = CACHE / f"ready-{state()}"
        if not made.exists():
            for old in CACHE.glob("ready-*"):
                shutil.rmtree(old)
            _make(made)
        passable(data)
        copy(made / "postgres", data / "postgres")


def demo_into(data: Path) -> str:
    """The demo company in a data directory that has nothing yet, with its files, as nobody has used it. It is made once
    for each run of the tests. Returns when its history ends, as `seed_demo --end` takes it."""
    made = CACHE / f"demo-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    with locked("demo"):
        if not made.exists():
            for old in CACHE.glob("demo-*"):
                shutil.rmtree(old)
            _make_demo(made)
        passable(data)
        for part in ("postgres", "media"):
            copy(made / part, data / part)
        return (made / "end").read_text()


def copy(source: Path, target: Path) -> None:
    """A directory with its owners, sharing blocks where the file system can."""
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)


def _make(made: Path) -> None:
    making = CACHE / "making-ready"
    shutil.rmtree(making, ignore_errors=True)
    passable(making)
    with running(making):
        headwater(making, "migrate", check=True)
    making.rename(made)


def _make_demo(made: Path) -> None:
    making = CACHE / "making-demo"
    shutil.rmtree(making, ignore_errors=True)
    copy_into(making)
    end = datetime.now(UTC).replace(microsecond=0).isoformat()
    with running(making):
        headwater(making, "seed_demo", "--people", str(PEOPLE), "--end", end, check=True)
    (making / "end").write_text(end)
    making.rename(made)


@contextmanager
def running(data: Path) -> Iterator[Embedded]:
    """The database of a data directory, without anything else."""
    database = Embedded(data)
    database.start()
    try:
        yield database
    finally:
        database.stop()


def headwater(data: Path, *command: str, check: bool = False, **extra: str) -> subprocess.CompletedProcess[str]:
    """A command on that data directory, to its end."""
    environment = {k: v for k, v in os.environ.items() if k not in HIDDEN}
    environment |= {"HEADWATER_DATA": str(data), "HEADWATER_VERBOSITY": "0", **extra}
    return subprocess.run(
        [sys.executable, "-m", "headwater", *command], capture_output=True, text=True, env=environment, cwd=ROOT,
        check=check,
    )  # fmt: skip
