"""`headwater api METHOD PATH [JSON|-]`: any operation of the API, in-process, as an administrator."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from django.urls import resolve

from headwater.accounts.models import User

EXAMPLES = """Examples: headwater api GET '/contacts?q=kim'
          headwater api POST /contacts '{"email": "ana@example.com"}'
          headwater api POST /events - < events.json"""


class Command(BaseCommand):
    help = "Run an operation of the API and print its JSON. Exit status 1 for an error.\n\n" + EXAMPLES

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Examples keep their lines."""
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("method", help="GET, POST, PUT, PATCH or DELETE")
        parser.add_argument("path", help="/contacts/12, with or without /api/v1 in front")
        parser.add_argument("body", nargs="?", default="", help="JSON, or - to read it from standard input")
        parser.add_argument("--as", dest="user", default="", help="e-mail of the user to act as (first administrator)")

    def handle(self, *args: Any, **options: Any) -> None:
        body = sys.stdin.read() if options["body"] == "-" else options["body"]
        response = run(options["method"], options["path"], body, self._user(options["user"]))
        text = response.content.decode()
        with suppress(ValueError):
            text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
        if response.status_code >= 400:
            self.stderr.write(text or f"HTTP {response.status_code}")
            raise SystemExit(1)
        if text:
            self.stdout.write(text)

    def _user(self, email: str) -> User:
        people = User.objects.filter(is_active=True)
        if email:
            found = people.filter(email__iexact=email).first()
        else:
            found = people.filter(role="admin").order_by("pk").first() or people.filter(is_superuser=True).first()
        if found is None:
            raise CommandError(f"there is no user {email}" if email else "there is no administrator yet")
        return found


def run(method: str, path: str, body: str, user: User) -> HttpResponse:
    """Call the operation as this user. Returns its response; an unknown path is the API's own 404."""
    path = "/" + path.lstrip("/")
    if not path.startswith("/api/v1/"):
        path = "/api/v1" + path
    request = RequestFactory(SERVER_NAME="localhost").generic(
        method.upper(), path, body, content_type="application/json"
    )
    request.user = user
    request.headwater_in_process = True  # type: ignore[attr-defined]
    try:
        match = resolve(request.path_info)
    except Http404 as error:
        raise CommandError(f"there is no {path}") from error
    request.resolver_match = match
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return response
