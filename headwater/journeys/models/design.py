"""Journeys, their versions, and what is known of each as a whole."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from headwater.core import clock


class Status(models.TextChoices):
    DRAFT = "draft", _("Draft")
    LIVE = "live", _("Live")
    PAUSED = "paused", _("Paused")


def empty_graph() -> dict[str, Any]:
    return {"entry": [], "reentry": {"rule": "when_finished"}, "goal": None, "exits": [], "start": None, "steps": {}}


class Journey(models.Model):
    """An automation. `draft` is what the editor changes; `version` is what people who enter now walk on."""

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT, db_index=True)
    draft = models.JSONField(default=empty_graph)
    #: Grows with every change of the draft: two editors at once are noticed
    revision = models.IntegerField(default=1)
    #: Who changed the draft last (an actor)
    changed_by = models.CharField(max_length=40, blank=True, default="")
    version = models.ForeignKey(
        "journeys.JourneyVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    #: The gallery template it was made from
    gallery = models.CharField(max_length=60, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class JourneyVersion(models.Model):
    """A published graph. Immutable: people finish on the version they entered."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    graph = models.JSONField()
    published_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journey", "number"], name="journeyversion_number")]


class VersionMove(models.Model):
    """People are being taken to a version: from a step to the one that `mapping` names ("exit": out), else to the step
    of the same id. Done when `done_at` is set."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(JourneyVersion, on_delete=models.CASCADE, related_name="+")
    mapping = models.JSONField(default=dict)
    actor = models.CharField(max_length=40)
    begun_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)


class SplitDecision(models.Model):
    """What is known about a split whose better way is to win. looks: how often its numbers were looked at."""

    version = models.ForeignKey(JourneyVersion, on_delete=models.CASCADE, related_name="+")
    step = models.CharField(max_length=40)
    looks = models.IntegerField(default=0)
    winner = models.CharField(max_length=30, blank=True, default="")
    #: {"ways": {ID: {"people", "wins"}}, "p", "needed"} of the last look
    results = models.JSONField(default=dict)
    decided_at = models.DateTimeField(null=True)
    #: Not looked at before
    next_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "step"], name="splitdecision_step")]


class StartClock(models.Model):
    """How far a rule of a date or a schedule has been followed. rule: a hash of it."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="+")
    rule = models.CharField(max_length=32)
    done_to = models.DateTimeField()
    #: A worker is at it until then
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journey", "rule"], name="startclock_rule")]


class Simulation(models.Model):
    """A draft held against the past, in the background. `graph` is the draft as it was when somebody asked. A worker
    takes some people at a time and keeps the counts with the last person's id: one that dies loses nothing but a lease.
    """

    class Phase(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="simulations")
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.RUNNING)
    graph = models.JSONField()
    graph_hash = models.CharField(max_length=32)
    revision = models.IntegerField()
    days = models.IntegerField()
    #: What is assumed of mails that were never sent: "rates", "nobody", "everybody"
    opens = models.CharField(max_length=10, default="rates")
    actor = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    #: A worker is at it until then
    claimed_until = models.DateTimeField(null=True)
    #: People who might have entered (null: not counted yet), how many of them were looked at, and the last one's id
    people = models.IntegerField(null=True)
    seen = models.IntegerField(default=0)
    after = models.BigIntegerField(default=0)
    #: Rates of opens and clicks at the beginning: {template: [sent, opened, clicked, seconds, seconds]}
    rates = models.JSONField(default=dict)
    #: The counts so far (engine/foresight/tally.py)
    counts = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["journey"], condition=Q(phase="running"), name="simulation_one_at_a_time")
        ]
        indexes = [models.Index(fields=["journey", "-started_at"], name="simulation_journey")]
