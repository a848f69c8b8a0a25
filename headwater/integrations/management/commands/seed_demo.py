"""`headwater seed_demo --people N`: make the demo company where it is not there yet. `headwater demo` calls it."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from headwater.core import clock
from headwater.integrations.demo import seed


class Command(BaseCommand):
    help = "Make the demo company and its history, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=600, help="people in the history (default 600)")
        # The same size and the same end give the same history, row for row.
        end = os.environ.get("HEADWATER_DEMO_END", "")
        parser.add_argument("--end", default=end, help="when the history ends, as 2026-11-22T09:30Z (default: now)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["people"] <= 200_000:
            raise CommandError("--people must be between 0 and 200000")
        if not options["end"]:
            seed.ensure(options["people"], progress=self.stdout.write)
            return
        try:
            end = datetime.fromisoformat(options["end"])
        except ValueError as error:
            raise CommandError("--end must be a time such as 2026-11-22T09:30Z") from error
        with clock.freeze(end if end.tzinfo else end.replace(tzinfo=UTC)):
            seed.ensure(options["people"], progress=self.stdout.write)
