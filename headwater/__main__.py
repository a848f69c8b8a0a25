"""`headwater`: one command for everything. Commands that need no Django start without loading it."""

from __future__ import annotations

import os
import sys


def main(argv: list[str] | None = None) -> int:
    """Run a command of Headwater, or one of Django's own. Returns the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headwater.web.settings")
    from headwater.core.cli import run

    return run(argv)


if __name__ == "__main__":
    sys.exit(main())
