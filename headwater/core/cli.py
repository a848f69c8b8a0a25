"""The commands of `headwater`. Each is a function in `headwater.core.commands` or a Django management command."""

from __future__ import annotations

import sys


def run(argv: list[str]) -> int:
    """Dispatch to a command of our own, else to Django."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["headwater", *argv])
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
