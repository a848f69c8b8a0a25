"""How django-allauth behaves here: nobody signs up by himself, mails come from the workspace."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from .queries import workspace


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Users are invited; the first one is made on /welcome/."""
        return False

    def get_from_email(self) -> str:
        row = workspace()
        if not row.mail_from:
            return str(settings.DEFAULT_FROM_EMAIL)
        return f"{row.mail_from_name} <{row.mail_from}>" if row.mail_from_name else row.mail_from

    def format_email_subject(self, subject: str) -> str:
        return f"{workspace().name}: {subject}"

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Signing in and out needs no notice: the page itself shows it."""
        if message_template not in ("account/messages/logged_in.txt", "account/messages/logged_out.txt"):
            super().add_message(request, level, message_template, *args, **kwargs)
