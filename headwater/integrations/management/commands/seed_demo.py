"""`headwater seed_demo --people N`: make the demo company where it is not there yet. `headwater demo` calls it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from headwater.integrations.demo import seed


class Command(BaseCommand):
    help = "Make the demo company and its history, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=600, help="people in the history (default 600)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["people"] <= 200_000:
            raise CommandError("--people must be between 0 and 200000")
        seed.ensure(options["people"], progress=self.stdout.write)
