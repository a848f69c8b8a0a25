"""`headwater replay CONSUMER --since 2026-10-01`: let a reaction hear the history again."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from headwater.core.actors import SYSTEM
from headwater.timeline import actions, replay
from headwater.timeline.models import Replay
from headwater.timeline.registry import consumers


class Command(BaseCommand):
    help = (
        "Let a reaction hear again what happened since a day. It runs in the background, on any worker, and waits for "
        "live facts; this command helps and tells how far it is. Ctrl+C leaves it to the workers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        able = ", ".join(c.name for c in consumers().values() if c.replay) or "none in this release"
        parser.add_argument("consumer", help=f"the reaction: {able}")
        parser.add_argument("--since", required=True, help="2026-10-01, or 2026-10-01T09:30:00+09:00; else UTC")
        parser.add_argument("--detach", action="store_true", help="start it and return; the workers do it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = actions.start_replay(consumer=options["consumer"], since=_moment(options["since"]), actor=SYSTEM)
        except actions.ReplayRefused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"Replay {row.pk} of {row.consumer} since {row.since.isoformat()} has begun.")
        if options["detach"]:
            self.stdout.write("See `headwater api GET /health/replays`, or Settings, Health.")
            return
        try:
            self._follow(row)
        except KeyboardInterrupt:
            self.stdout.write("\nThe workers go on with it.")

    def _follow(self, row: Replay) -> None:
        told = time.monotonic()
        while row.state == Replay.RUNNING:
            if not replay.run_once():
                time.sleep(0.2)  # live facts first, or a worker is at it
            row.refresh_from_db()
            if time.monotonic() - told > 1:
                told = time.monotonic()
                self.stdout.write(f"{row.percent:3} %  {row.facts:,} facts")
        word = "Done" if row.state == Replay.DONE else "Stopped"
        self.stdout.write(f"{word}: {row.facts:,} facts heard again, {row.parked:,} parked.")


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is no date; write 2026-10-01 or 2026-10-01T09:30:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
