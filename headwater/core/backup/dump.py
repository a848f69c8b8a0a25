"""The database of a backup: pg_dump out, pg_restore in, and databases that take each other's place."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, Any
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from headwater.core.binaries import source
from headwater.core.config import database_from_url, server_args

from .archive import BackupError


@dataclass(frozen=True)
class Database:
    """One database of a server."""

    url: str

    @property
    def settings(self) -> dict[str, Any]:
        return server_args(database_from_url(self.url))

    @property
    def name(self) -> str:
        return str(self.settings["dbname"])

    def named(self, name: str) -> Database:
        """Another one of the same server."""
        head, _, tail = self.url.partition("://")
        place, mark, options = tail.partition("?")
        return replace(self, url=f"{head}://{place.rpartition('/')[0]}/{quote(name)}{mark}{options}")

    def connect(self) -> psycopg.Connection[Any]:
        try:
            return psycopg.connect(**self.settings, autocommit=True)
        except psycopg.OperationalError as error:
            raise BackupError(f"The database cannot be reached: {error}") from error

    # -- out and in ----------------------------------------------------------------------------------------------
    @contextmanager
    def dumped(self) -> Iterator[IO[bytes]]:
        """The dump as it comes: one moment of the database, while others write. Raises BackupError where it fails."""
        with self._running("pg_dump", ["-Fc", "-Z", "gzip:3", "--no-owner"]) as process:
            assert process.stdout is not None
            yield process.stdout

    @contextmanager
    def loading(self) -> Iterator[IO[bytes]]:
        """What takes a dump into this database, which must be empty."""
        arguments = ["--no-owner", "--no-privileges", "--no-comments", "--exit-on-error"]
        with self._running("pg_restore", arguments) as process:
            assert process.stdin is not None
            yield process.stdin

    @contextmanager
    def _running(self, program: str, arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        settings = self.settings
        password = settings.pop("password", "")  # not into the list of processes
        environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {}), "LC_ALL": "C.UTF-8"}
        command = [str(source() / program), *arguments, "--dbname", make_conninfo(**settings)]
        with tempfile.TemporaryFile() as said:
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, env=environment, stderr=said, stdin=pipe, stdout=pipe)
            try:
                yield process
                if process.stdin:
                    process.stdin.close()
                failed = process.wait() != 0
            except BrokenPipeError:
                failed = True
                process.wait()
            except BaseException:
                process.kill()
                process.wait()
                raise
            finally:
                if process.stdout:
                    process.stdout.close()
            if failed:
                said.seek(0)
                words = said.read().decode(errors="replace").strip()
                raise BackupError(f"{program} failed: {words[-1500:] or process.returncode}")

    # -- whose place ---------------------------------------------------------------------------------------------
    def facts(self) -> dict[str, Any]:
        """{"server", "people"} of an installation; {} where there is none."""
        with self.connect() as connection:
            if connection.execute("SELECT to_regclass('people_contact')").fetchone() == (None,):
                return {}
            row = connection.execute(
                "SELECT current_setting('server_version'), count(*) FROM people_contact"
            ).fetchone()
            assert row is not None
            return {"server": row[0], "people": row[1]}

    def others(self) -> int:
        """How many are connected beside us."""
        asked = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        with self.connect() as connection:
            row = connection.execute(asked, [self.name]).fetchone()
            assert row is not None
            return int(row[0])

    def make(self) -> None:
        """This database anew and empty, on the server of `postgres`. Raises BackupError where that is not allowed."""
        with self.named("postgres").connect() as connection:
            try:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(self.name)))
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.name)))
            except psycopg.errors.InsufficientPrivilege as error:
                raise BackupError(
                    "The database's user may not create databases, which restoring needs: everything is loaded beside "
                    f"what is there before it takes its place. ALTER ROLE {self.settings.get('user')} CREATEDB; then "
                    "try again."
                ) from error

    def take_place_of(self, there: Database, aside: str | None) -> None:
        """Get the name of that database, which goes aside under a name of its own, or away where it gets none."""
        mine, its = sql.Identifier(self.name), sql.Identifier(there.name)
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        with self.named("postgres").connect() as connection:
            try:
                with connection.transaction():
                    if aside:
                        connection.execute(rename.format(its, sql.Identifier(aside)))
                        connection.execute(rename.format(mine, its))
                        return
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(its))
                connection.execute(rename.format(mine, its))
            except (psycopg.errors.ObjectInUse, psycopg.errors.InsufficientPrivilege) as error:
                raise BackupError(f"The restored database could not take its place: {error}") from error
