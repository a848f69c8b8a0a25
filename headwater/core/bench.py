"""`headwater bench NAME`: measure on a database of its own, beside a reference from the same run.

Progress goes to stderr, one JSON object (or a small table without --json) to stdout:
{"bench", "size", "machine", "figures": {...}, "reference": {...}, "ratios": {...}}.
A bench is a function `(args, progress) -> {"size", "figures", "reference", "ratios"}` in `registry.benches`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

#: name -> default sizes; a bench that is not in this list is not one.
DEFAULTS: dict[str, tuple[int, int]] = {
    "ingest": (0, 40_000),
    "latency": (20_000, 0),
    "journeys": (20_000, 0),
    "pages": (100_000, 2_000_000),
    "segments": (1_000_000, 20_000_000),
}
#: Options of the latency bench: default, what it is
LATENCY: dict[str, tuple[int, str]] = {
    "rate": (500, "events a second"),
    "seconds": (30, "how long they come (or --events: how many)"),
    "segments": (100, "living segments"),
    "journeys": (20, "published journeys"),
}


def main(argv: list[str]) -> int:
    """Run one bench. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="headwater bench", description="Measure; see docs/operations.md.")
    parser.add_argument("name", choices=sorted(DEFAULTS))
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--contacts", type=int, help="people in the database")
    parser.add_argument("--events", type=int, help="events in the database, or sent")
    parser.add_argument("--fresh", action="store_true", help="start from an empty database")
    for option, (value, words) in LATENCY.items():
        parser.add_argument(f"--{option}", type=int, default=value, help=f"latency: {words} (default {value})")
    args = parser.parse_args(argv)
    contacts, events = DEFAULTS[args.name]
    args.contacts = contacts if args.contacts is None else args.contacts
    args.events = events if args.events is None else args.events

    def progress(words: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)

    server = _database(args, progress)
    try:
        import django
        from django.core.management import call_command

        django.setup()
        from importlib import import_module
        from importlib.util import find_spec

        from django.conf import settings

        for package in settings.PACKAGES:
            if find_spec(f"headwater.{package}.bench") is not None:
                import_module(f"headwater.{package}.bench")
        from headwater.core.registry import benches
        from headwater.core.setup import after_migrate

        call_command("migrate", verbosity=0)
        after_migrate()
        bench = benches.get(args.name)
        if bench is None:
            print(f"headwater: bench {args.name} is not in this release.", file=sys.stderr)
            return 1
        result = {"bench": args.name, **bench(args, progress)}
        result["machine"] = _machine()
    finally:
        if server is not None:
            from django.db import connections

            connections.close_all()
            server.stop()
    print(json.dumps(result) if args.json else _table(result))
    return 0


def _database(args: argparse.Namespace, progress: Any) -> Any:
    """Point DATABASE_URL at the bench's own database, made if missing; returns the server that was started."""
    import psycopg

    from headwater.core.config import config, connect_args, database_from_url
    from headwater.core.embedded import Embedded

    sizes = (args.contacts, args.segments, args.journeys) if args.name == "latency" else (args.contacts, args.events)
    name = "_".join(map(str, ("bench", args.name, *sizes)))
    server = None
    if config.database_url:
        base, _, query = config.database_url.partition("?")
        url = f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
        admin = config.database_url
    else:
        data = config.data_dir / "bench"
        os.environ["HEADWATER_DATA"] = str(data)
        config.data_dir = data
        embedded = Embedded(data)
        server = embedded if embedded.start() else None
        url, admin = embedded.url(name), embedded.url("postgres")
    target = database_from_url(admin)
    with psycopg.connect(**connect_args(target)) as connection:
        if args.fresh:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            progress(f"making database {name}")
            connection.execute(f'CREATE DATABASE "{name}"')
    os.environ["DATABASE_URL"] = url
    config.database_url = url
    return server


def _machine() -> dict[str, Any]:
    from django.db import connection

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0]
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "python": platform.python_version(),
        "postgres": postgres.split()[0],
        "system": f"{platform.system()} {platform.machine()}",
    }


def _table(result: dict[str, Any]) -> str:
    lines = [f"{result['bench']}  {json.dumps(result['size'])}"]
    for part in ("figures", "reference", "ratios"):
        lines += [f"  {part:10} {name:28} {value}" for name, value in result.get(part, {}).items()]
    return "\n".join(lines)


def resident_mb(pid: int) -> float:
    """Resident memory of a process and its children, in MB, pages they share counted once (PSS where the system
    tells it, else RSS)."""
    total = 0.0
    for path in [Path(f"/proc/{p}") for p in _family(pid)]:
        try:
            text = (path / "smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024
        except (OSError, StopIteration):
            continue
    return round(total, 1)


def _family(pid: int) -> list[int]:
    out = [pid]
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return out
    for child in children:
        out += _family(int(child))
    return out
