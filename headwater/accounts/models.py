"""Users, teams, keys. The workspace itself has one row of settings."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from headwater.core import clock

from .rules import initials_of


class Role(models.TextChoices):
    ADMIN = "admin", _("Administrator")
    MARKETER = "marketer", _("Marketer")
    SALES = "sales", _("Sales")
    SERVICE = "service", _("Service")


class Team(models.Model):
    name = models.CharField(max_length=80, unique=True)

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """Signs in by e-mail; `username` is the same address (django-allauth keeps them equal)."""

    email = models.EmailField(_("e-mail"), unique=True)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.SALES)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="members")
    language = models.CharField(max_length=10, default="", blank=True)
    theme = models.CharField(max_length=10, default="", blank=True)  # "", "light", "dark"
    time_zone = models.CharField(max_length=64, default="", blank=True)
    hue = models.SmallIntegerField(default=265)
    #: Takes leads that are handed over (round robin)
    takes_leads = models.BooleanField(default=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager[User]] = UserManager()  # type: ignore[assignment]

    @property
    def name(self) -> str:
        return self.get_full_name() or self.email

    @property
    def initials(self) -> str:
        return initials_of(self.first_name, self.last_name, self.email)


class Workspace(models.Model):
    """The company that uses this installation. Exactly one row, id 1."""

    name = models.CharField(max_length=120, default="Headwater")
    website = models.CharField(max_length=200, default="", blank=True)
    #: Where the installation is reached from outside; links in mails start with it
    base_url = models.CharField(max_length=200, default="http://localhost:8000")
    time_zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=10, default="en")
    currency = models.CharField(max_length=3, default="USD")
    postal_address = models.CharField(max_length=300, default="", blank=True)
    mail_from_name = models.CharField(max_length=120, default="", blank=True)
    mail_from = models.CharField(max_length=254, default="", blank=True)
    is_demo = models.BooleanField(default=False)


class ApiKey(models.Model):
    """A bearer key. Only its hash is kept; `prefix` shows people which one it is."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)  # sha256 hex of the whole key
    scopes = models.JSONField(default=list)  # "events:write", "read", "write", "admin"
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)


class AuditEntry(models.Model):
    """A change to users, teams, keys or the workspace. Never changed, never deleted by the product."""

    at = models.DateTimeField(default=clock.now, db_index=True)
    actor = models.CharField(max_length=40)  # core.actors
    action = models.CharField(max_length=40)  # "user.invited"; rules.AUDITED has its sentence
    subject = models.CharField(max_length=254, default="")  # the address, key or team that was changed, as text
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
