"""`python -m tests.soak --people 50000 --kills 200 --seed 1`; `make soak` calls it so."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from .run import Soak


def main() -> int:
    """Returns 0 where nothing was lost and nothing happened twice."""
    parser = argparse.ArgumentParser(prog="soak", description="Nothing lost, nothing twice, whatever is killed.")
    for name, default, what in (
        ("people", 50_000, "people who walk through the journeys"),
        ("kills", 200, "processes that are killed; every tenth is one of PostgreSQL's"),
        ("seed", 1, "draws people and strikes"),
        ("workers", 3, "worker processes"),
    ):
        given = int(os.environ.get(f"HEADWATER_SOAK_{name.upper()}", default))
        parser.add_argument(f"--{name}", type=int, default=given, help=f"{what} (default {given})")
    parser.add_argument("--report", type=Path, default=Path(".cache/soak.json"), help="where the report is written")
    parser.add_argument("--keep", action="store_true", help="keep database and logs")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="headwater-soak-"))
    began = time.monotonic()

    def progress(words: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {words}", flush=True)

    try:
        report = Soak(folder, args.people, args.kills, args.seed, args.workers, progress).run()
    finally:
        if args.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    args.report.parent.mkdir(parents=True, exist_ok=True)
    args.report.write_text(json.dumps(report, indent=1, default=str) + "\n")
    for line in report["findings"]:
        print(f"  WRONG  {line}")
    figures = report["figures"]
    mails = figures["mails"]
    print(
        f"{'ok' if report['ok'] else 'NOT OK'}: {args.people} people, {figures['steps']} steps, "
        f"{figures['facts']} facts, {mails.get('sent', 0)} mails sent ({mails['uncertain']} said to be uncertain, "
        f"{mails['arrived_again']} arrived again), {args.kills} kills, {report['frozen']['times']} freezes, "
        f"{report['versions']} versions, {report['seconds']['total']} s, seed {args.seed}; {args.report}"
    )
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
