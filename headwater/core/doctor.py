"""`headwater doctor`: look at an installation and say, for each thing that is wrong, how to mend it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

OK, WARN, BAD = "ok", "warning", "wrong"


@dataclass(frozen=True)
class Finding:
    state: str
    what: str
    mend: str = ""


def examine() -> int:
    """Print one line a finding. Returns 1 where something is wrong, else 0."""
    findings: list[Finding] = []
    for check in (_python, _data, _database):
        for finding in _safely(check):
            findings.append(finding)
            _print(finding)
    if not any(f.state == BAD for f in findings):
        for finding in _safely(_django):
            findings.append(finding)
            _print(finding)
    wrong = sum(f.state == BAD for f in findings)
    warned = sum(f.state == WARN for f in findings)
    print(f"\n{wrong} wrong, {warned} to look at, {len(findings) - wrong - warned} fine.")
    return 1 if wrong else 0


def _print(finding: Finding) -> None:
    print(f"  {finding.state:8} {finding.what}" + (f"\n           -> {finding.mend}" if finding.mend else ""))


def _safely(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:
        yield Finding(BAD, f"{check.__name__.strip('_')}: {error}")


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(OK if sys.version_info >= (3, 11) else BAD, f"Python {version}")


def _data() -> Iterator[Finding]:
    from headwater.core.config import config

    config.data_dir.mkdir(parents=True, exist_ok=True)
    writable = os.access(config.data_dir, os.W_OK)
    yield Finding(
        OK if writable else BAD,
        f"data directory {config.data_dir}",
        "" if writable else "give it to the user that runs Headwater, or set HEADWATER_DATA",
    )
    free = shutil.disk_usage(config.data_dir).free / 2**30
    yield Finding(OK if free > 2 else WARN, f"{free:.1f} GiB free", "" if free > 2 else "make room: at least 2 GiB")
    if not config.smtp_url and not config.demo:
        yield Finding(WARN, "no mail server is set: mails wait in the outbox", "set HEADWATER_SMTP_URL")
    if not config.https:
        yield Finding(WARN, "HEADWATER_HTTPS is off", "set it to true behind a proxy that speaks TLS")


def _database() -> Iterator[Finding]:
    from headwater.core.binaries import EmbeddedError
    from headwater.core.config import config
    from headwater.core.embedded import Embedded

    if not config.database_url:
        server = Embedded(config.data_dir)
        try:
            started = server.start()
        except EmbeddedError as error:
            yield Finding(BAD, str(error))
            return
        yield Finding(OK, f"embedded PostgreSQL in {server.pgdata}" + (" (started for this look)" if started else ""))
        if started:
            import atexit

            atexit.register(server.stop)
    import django

    django.setup()
    from django.db import connection

    connection.ensure_connection()
    number = connection.connection.info.server_version
    fine = number >= 150000
    yield Finding(OK if fine else BAD, f"PostgreSQL {number // 10000}", "" if fine else "15 or newer is needed")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'")
        if not cursor.fetchone()[0]:
            yield Finding(BAD, "extension pg_trgm is missing", "install PostgreSQL's contrib package")


def _django() -> Iterator[Finding]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from headwater.core.registry import doctor_checks

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        yield Finding(BAD, f"{len(plan)} migrations are missing", "headwater migrate")
        return
    yield Finding(OK, "tables are at this release")
    for name, check in doctor_checks.items():
        found = check()
        yield from (one if isinstance(one, Finding) else Finding(WARN, f"{name}: {one}") for one in found)
        if not found:
            yield Finding(OK, name)
