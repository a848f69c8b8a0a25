"""The commands of `headwater`: our own first, everything else is Django's (with the embedded server at hand)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

#: Django commands that work without a database.
OFFLINE = {
    "help",
    "check",
    "makemigrations",
    "makemessages",
    "compilemessages",
    "collectstatic",
    "version",
    "--version",
}


def run(argv: list[str]) -> int:
    """Dispatch one command line. Returns the exit status."""
    name = argv[0] if argv else "--help"
    if name in ("--help", "-h", "help") and len(argv) < 2:
        print(HELP)
        return 0
    command = COMMANDS.get(name)
    if command is not None:
        return command(argv[1:])
    return _django(argv)


def _parser(name: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"headwater {name}", description=description)


def _address(parser: argparse.ArgumentParser) -> None:
    from headwater.core.config import config

    parser.add_argument("--host", default=config.host, help=f"address to listen on (default {config.host})")
    parser.add_argument("--port", type=int, default=config.port, help=f"port to listen on (default {config.port})")


def _up(argv: list[str]) -> int:
    parser = _parser("up", "Database, web and worker in one process tree; Ctrl+C stops all of them.")
    _address(parser)
    args = parser.parse_args(argv)
    from headwater.core.supervisor import Supervisor

    return Supervisor(host=args.host, port=args.port).run()


def _demo(argv: list[str]) -> int:
    parser = _parser("demo", "The whole product with a demo company, on an own data directory.")
    _address(parser)
    parser.add_argument("--people", type=int, default=600, help="size of the demo company's history (default 600)")
    args = parser.parse_args(argv)
    os.environ["HEADWATER_DEMO"] = "1"
    if "HEADWATER_DATA" not in os.environ and "DATABASE_URL" not in os.environ:
        from headwater.core.config import config

        os.environ["HEADWATER_DATA"] = str(config.data_dir / "demo")
        config.data_dir = config.data_dir / "demo"
    from headwater.core.supervisor import Supervisor

    return Supervisor(host=args.host, port=args.port, demo_people=args.people).run()


def _serve(argv: list[str]) -> int:
    parser = _parser("serve", "The web server alone (pages, API, collector); start as many as you like.")
    _address(parser)
    parser.add_argument("--processes", type=int, default=1, help="worker processes (default 1)")
    args = parser.parse_args(argv)
    from headwater.core.serve import serve

    with _database():
        return serve(args.host, args.port, args.processes)


def _work(argv: list[str]) -> int:
    parser = _parser("work", "The worker alone: reactions, journeys, delivery; start as many as you like.")
    parser.parse_args(argv)
    os.environ["HEADWATER_WORKER"] = "1"  # its connections are watched more closely, see core/config.py
    with _database():
        import django

        django.setup()
        from headwater.core import worker

        return worker.run()


def _migrate(argv: list[str]) -> int:
    with _database():
        import django

        from headwater.core.setup import NoRoom, upgrade

        django.setup()
        if argv:  # a single package, a plan, ... : Django's own
            return _django(["migrate", *argv])
        try:
            upgrade(int(os.environ.get("HEADWATER_VERBOSITY", "1")))
        except NoRoom as error:
            print(f"headwater: {error}", file=sys.stderr)
            return 1
    return 0


def _doctor(argv: list[str]) -> int:
    _parser("doctor", "Look at this installation and say what is wrong and how to mend it.").parse_args(argv)
    from headwater.core.doctor import examine

    return examine()


def _backup(argv: list[str]) -> int:
    parser = _parser("backup", "Everything (database, files, secret key) in one file, while Headwater runs.")
    parser.add_argument("file", type=Path, help="the file to write, or a folder for a name with today's date")
    args = parser.parse_args(argv)
    from headwater.core.backup.commands import backup

    return _told(lambda: [backup(args.file)])


def _restore(argv: list[str]) -> int:
    parser = _parser("restore", "Begin again from a file that `headwater backup` wrote.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--replace", action="store_true", help="put the installation that is there aside")
    parser.add_argument(
        "--go-on",
        action="store_true",
        help="leave journeys live and mails queued, though what went out since the backup will go out again",
    )
    args = parser.parse_args(argv)
    from headwater.core.backup.archive import BackupError, verify
    from headwater.core.backup.commands import restore

    try:
        manifest = verify(args.file)  # before a server is started, or made
    except BackupError as error:
        print(f"headwater: {error}", file=sys.stderr)
        return 1
    return _told(lambda: restore(args.file, manifest, aside=args.replace, go_on=args.go_on))


def _told(work: Callable[[], list[str]]) -> int:
    """Say what came of it, or why it could not be."""
    from headwater.core.backup.archive import BackupError

    try:
        with _database():
            print("\n".join(work()))
    except BackupError as error:
        print(f"headwater: {error}", file=sys.stderr)
        return 1
    return 0


def _bench(argv: list[str]) -> int:
    from headwater.core.bench import main

    return main(argv)


def _django(argv: list[str]) -> int:
    from django.core.management import execute_from_command_line

    if not argv or argv[0] in OFFLINE or "--help" in argv:
        execute_from_command_line(["headwater", *argv])
        return 0
    with _database():
        try:
            execute_from_command_line(["headwater", *argv])
        except SystemExit as stop:
            return stop.code if isinstance(stop.code, int) else 1
    return 0


class _database:
    """The embedded server for the length of a command, where no DATABASE_URL names another one. A server that ran
    before is left running."""

    def __enter__(self) -> None:
        from headwater.core.binaries import EmbeddedError
        from headwater.core.config import config
        from headwater.core.embedded import Embedded

        self.server = None
        if config.database_url:
            return
        server = Embedded(config.data_dir)
        try:
            if server.start():
                self.server = server
        except EmbeddedError as error:
            sys.exit(f"headwater: {error}")

    def __exit__(self, *_: object) -> None:
        if self.server is not None:
            self.server.stop()


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "up": _up,
    "demo": _demo,
    "serve": _serve,
    "work": _work,
    "migrate": _migrate,
    "doctor": _doctor,
    "bench": _bench,
    "backup": _backup,
    "restore": _restore,
}

HELP = """Usage: headwater COMMAND [OPTIONS]

  demo      the whole product with a believable demo company, ready to try
  up        database, web and worker in one process tree; Ctrl+C stops all of them
  serve     the web server alone          work      the worker alone
  migrate   bring the database to this release
  backup    everything in one file: headwater backup FILE
  restore   begin again from it: headwater restore FILE
  doctor    say what is wrong with this installation and how to mend it
  api       run an API operation from the command line: headwater api GET /contacts?q=kim
  replay    let a reaction hear the history again: headwater replay insights --since 2026-10-01
  bench     measure: headwater bench NAME --json

Each has --help. Every other command is Django's own (createsuperuser, shell, dbshell, ...).
Settings come from the environment and from .env; docs/operations.md lists them with their defaults."""
