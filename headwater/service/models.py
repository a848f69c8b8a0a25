"""Queues, tickets and what was said in them. A few rows per person, never one per event."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext, pgettext_lazy

from headwater.core import clock
from headwater.people.models import Company, Contact

from .rules import number_of

#: The name that rules.DEFAULT_QUEUE gives, for the catalogues of translations
STANDARD_NAMES = (pgettext_lazy("queue", "Support"),)


class Status(models.TextChoices):
    NEW = "new", pgettext_lazy("ticket", "New")
    OPEN = "open", pgettext_lazy("ticket", "Open")
    PENDING = "pending", pgettext_lazy("ticket", "Pending")
    SOLVED = "solved", pgettext_lazy("ticket", "Solved")
    CLOSED = "closed", pgettext_lazy("ticket", "Closed")


class Kind(models.TextChoices):
    TECHNICAL = "technical", pgettext_lazy("ticket", "Technical")
    COMMERCIAL = "commercial", pgettext_lazy("ticket", "Commercial")
    OTHER = "other", pgettext_lazy("ticket", "Other")


class Priority(models.TextChoices):
    LOW = "low", pgettext_lazy("ticket", "Low")
    NORMAL = "normal", pgettext_lazy("ticket", "Normal")
    HIGH = "high", pgettext_lazy("ticket", "High")
    URGENT = "urgent", pgettext_lazy("ticket", "Urgent")


class TicketQueue(models.Model):
    """Where tickets wait, with how soon they are to be answered and solved."""

    name = models.CharField(max_length=80, unique=True)
    order = models.SmallIntegerField(default=0)
    #: priority -> {"reply": minutes or None, "solution": ...}, of the queue's hours (rules.DEFAULT_TARGETS)
    targets = models.JSONField(default=dict)
    #: {"days": ["mon", ...], "opens": "09:00", "closes": "17:00"} by the workspace's clocks; no days: always
    hours = models.JSONField(default=dict)
    #: Days after which what was solved here is closed; 0: never
    close_after = models.PositiveSmallIntegerField(default=0)
    #: It takes no new tickets any more
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """Its name as people read it: the name that we gave is in their language, their own stay as they are."""
        return pgettext("queue", self.name)


class Ticket(models.Model):
    """A request of somebody. `version` counts the changes: who writes names the version that he saw."""

    subject = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    contact = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False)
    company = models.ForeignKey(Company, null=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.TECHNICAL)
    queue = models.ForeignKey(TicketQueue, on_delete=models.PROTECT, related_name="tickets")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.NEW)
    priority = models.CharField(max_length=8, choices=Priority.choices, default=Priority.NORMAL)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    source = models.CharField(max_length=80, blank=True, default="")
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    first_reply_at = models.DateTimeField(null=True)
    solved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    #: Since when its clocks stand (it waits for the contact, or is solved), and how many seconds of the queue's hours
    #: they have stood before
    paused_at = models.DateTimeField(null=True)
    paused = models.IntegerField(default=0)
    reply_due_at = models.DateTimeField(null=True)
    solution_due_at = models.DateTimeField(null=True)
    #: It was said that this clock ended (ticket.overdue)
    reply_late = models.BooleanField(default=False)
    solution_late = models.BooleanField(default=False)
    #: The running clock that ends first; whether one has ended; when that is to be said next (rules.clocks)
    due_at = models.DateTimeField(null=True)
    overdue = models.BooleanField(default=False)
    alarm_at = models.DateTimeField(null=True)
    #: It is solved, and is closed then (TicketQueue.close_after)
    close_at = models.DateTimeField(null=True)
    #: The same key is opened once; made up where nobody gives one
    key = models.CharField(max_length=120, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="ticket_created"),
            models.Index(fields=["status", "-created_at", "-id"], name="ticket_status"),
            models.Index(fields=["queue", "status", "-created_at"], name="ticket_queue"),
            models.Index(fields=["assignee", "status", "-created_at"], name="ticket_assignee"),
            models.Index(fields=["contact", "-created_at"], name="ticket_contact"),
            models.Index(fields=["company", "-created_at"], name="ticket_company"),
            models.Index(fields=["due_at"], name="ticket_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["alarm_at"], name="ticket_alarm", condition=Q(alarm_at__isnull=False)),
            models.Index(fields=["close_at"], name="ticket_close", condition=Q(close_at__isnull=False)),
            models.Index(fields=["solved_at"], name="ticket_solved", condition=Q(solved_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    @property
    def number(self) -> str:
        return number_of(self.pk)


class TicketEntry(models.Model):
    """Something said in a ticket: to the contact, by the contact, or among colleagues."""

    REPLY, ANSWER, NOTE = "reply", "answer", "note"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="entries")
    kind = models.CharField(max_length=6)
    text = models.TextField()
    actor = models.CharField(max_length=40)
    at = models.DateTimeField(default=clock.now)
    #: The mail in messaging's ledger that carried a reply, why it was refused, and how often it was tried
    message_id = models.UUIDField(null=True)
    refused = models.CharField(max_length=120, blank=True, default="")
    tries = models.SmallIntegerField(default=0)
    #: The same key is said once
    key = models.CharField(max_length=120, unique=True)

    class Meta:
        indexes = [models.Index(fields=["ticket", "at", "id"], name="ticketentry_order")]
