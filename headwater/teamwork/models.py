"""Tasks, notes, calls and notifications: work that people do, a few rows per person and never per event."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.core import clock
from headwater.people.models import Company, Contact


class TaskKind(models.TextChoices):
    CALL = "call", _("Call")
    EMAIL = "email", _("E-mail")
    TODO = "todo", _("To-do")


class Priority(models.IntegerChoices):
    LOW = 0, _("Low")
    NORMAL = 1, _("Normal")
    HIGH = 2, _("High")


class CallDirection(models.TextChoices):
    OUT = "out", _("Outgoing")
    IN = "in", _("Incoming")


class CallOutcome(models.TextChoices):
    REACHED = "reached", _("Reached")
    LEFT_MESSAGE = "left_message", _("Left a message")
    NO_ANSWER = "no_answer", _("No answer")
    BUSY = "busy", _("Busy")
    WRONG_NUMBER = "wrong_number", _("Wrong number")


class Task(models.Model):
    """Something a colleague is to do, most often about a person. Open while `done_at` is null."""

    contact = models.ForeignKey(Contact, null=True, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    #: sales.Deal, which lies above this package
    deal_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=10, choices=TaskKind.choices, default=TaskKind.TODO)
    title = models.CharField(max_length=200)
    note = models.TextField(blank=True, default="")
    due_at = models.DateTimeField(null=True)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    done_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=40, default="system")  # an actor
    #: Makes creation idempotent: one task per key
    key = models.CharField(max_length=120, unique=True)

    class Meta:
        indexes = [
            models.Index("owner", F("due_at").asc(nulls_last=True), "id", condition=Q(done_at=None), name="task_queue"),
            models.Index(F("due_at").asc(nulls_last=True), "id", condition=Q(done_at=None), name="task_due"),
            models.Index(fields=["contact", "done_at"], name="task_contact"),
            models.Index(fields=["deal_id", "due_at"], condition=Q(done_at=None), name="task_deal"),
            models.Index("owner", F("done_at").desc(), condition=Q(done_at__isnull=False), name="task_done"),
        ]

    def __str__(self) -> str:
        return self.title


class Note(models.Model):
    """What a colleague wrote down about a person, a company or a deal."""

    contact = models.ForeignKey(Contact, null=True, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    company = models.ForeignKey(Company, null=True, on_delete=models.CASCADE, related_name="+")
    deal_id = models.BigIntegerField(null=True)
    body = models.TextField()  # **bold**, *italic*, "- " lists, links, @mentions; see rules.note_html
    mentions = ArrayField(models.BigIntegerField(), default=list, blank=True)  # ids of users
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor = models.CharField(max_length=40, default="system")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["contact", "-created_at"], name="note_contact"),
            models.Index(fields=["deal_id", "-created_at"], name="note_deal", condition=Q(deal_id__isnull=False)),
            models.Index(fields=["company", "-created_at"], name="note_company"),
        ]


class Call(models.Model):
    """A telephone call that took place, or was tried."""

    contact = models.ForeignKey(Contact, null=True, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    deal_id = models.BigIntegerField(null=True)
    direction = models.CharField(max_length=4, choices=CallDirection.choices, default=CallDirection.OUT)
    outcome = models.CharField(max_length=20, choices=CallOutcome.choices)
    seconds = models.IntegerField(default=0)
    note = models.TextField(blank=True, default="")
    at = models.DateTimeField(default=clock.now)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor = models.CharField(max_length=40, default="system")

    class Meta:
        indexes = [
            models.Index(fields=["contact", "-at"], name="call_contact"),
            models.Index(fields=["deal_id", "-at"], name="call_deal", condition=Q(deal_id__isnull=False)),
        ]


class Notification(models.Model):
    """Something one colleague should know; unread while `read_at` is null."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=300, blank=True, default="")
    icon = models.CharField(max_length=40, default="bell")
    created_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True)
    key = models.CharField(max_length=160, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="notification_user"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notification_unread"),
        ]
