"""Segments with their members, and the token of everything that is compiled."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from headwater.core import clock


class Revision(models.Model):
    """One row (id 1): a token that changes with every rule, topic or segment, so that caches know they are stale."""

    token = models.UUIDField(default=uuid.uuid4)


class Segment(models.Model):
    """A live segment. `definition` with `generation` is what holds now; while `pending` is being built, the new
    members gather under `pending_generation`, and one transaction makes them the living ones."""

    class State(models.TextChoices):
        BUILDING = "building", _("Building")
        READY = "ready", _("Live")
        FAILED = "failed", _("Failed")

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, default="", blank=True)
    definition = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.BUILDING)
    generation = models.IntegerField(default=0)  # 0: never built
    pending = models.JSONField(null=True, blank=True)
    pending_generation = models.IntegerField(default=0)
    #: Whether somebody was ever put in or kept out by hand (see Picked)
    picked = models.BooleanField(default=False)
    #: Person id up to which the pending generation is built; null: not begun
    build_cursor = models.BigIntegerField(null=True, blank=True)
    progress = models.SmallIntegerField(default=0)  # per cent
    error = models.CharField(max_length=500, default="", blank=True)
    #: Whether a rebuild records segment.entered and segment.left (and so starts journeys)
    announce = models.BooleanField(default=False)
    #: Generation against which a swap is being announced (-1: against nobody), and the person id reached; 0: none
    announcing = models.IntegerField(default=0)
    announce_cursor = models.BigIntegerField(default=0)
    built_at = models.DateTimeField(null=True, blank=True)
    #: The package that keeps it for itself ("journeys"); "": made by a user
    keeper = models.CharField(max_length=20, default="", blank=True)
    created_by = models.CharField(max_length=40, default="system")
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class StaleGeneration(models.Model):
    """Members that no longer count, to be swept away in the background."""

    segment_id = models.BigIntegerField()
    generation = models.IntegerField()


class SegmentMember(models.Model):
    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "segment_id", "generation")
    person_id = models.BigIntegerField()
    segment_id = models.BigIntegerField()
    generation = models.IntegerField()
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["segment_id", "generation", "person_id"], name="segmentmember_segment")]


class Picked(models.Model):
    """Somebody whom a user has put into a segment, or keeps out of it, whatever its condition says."""

    class Side(models.TextChoices):
        IN = "in", _("Always in")
        OUT = "out", _("Never in")

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "segment_id")
    person_id = models.BigIntegerField()
    segment_id = models.BigIntegerField()
    side = models.CharField(max_length=3, choices=Side.choices)
    reason = models.CharField(max_length=200, blank=True, default="")
    actor = models.CharField(max_length=40, default="system")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["segment_id", "side", "person_id"], name="picked_segment")]


class SegmentTally(models.Model):
    """How many members a segment has in each lane; their sum is its exact count, without a hot row. Beside them, how
    many came in and left since the generation was built."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "segment_id", "generation")
    lane_key = models.BigIntegerField()
    segment_id = models.BigIntegerField()
    generation = models.IntegerField()
    members = models.BigIntegerField(default=0)
    entered = models.BigIntegerField(default=0, db_default=0)
    gone = models.BigIntegerField(default=0, db_default=0)


class SegmentDay(models.Model):
    """A segment at the end of a day (UTC; of the present one: so far): the sums of its tallies."""

    segment_id = models.BigIntegerField()
    day = models.DateField()
    generation = models.IntegerField()
    members = models.BigIntegerField(default=0)
    entered = models.BigIntegerField(default=0)
    gone = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment_id", "day"], name="segmentday_segment")]


class SegmentRetest(models.Model):
    """The next moment at which time alone can change a membership (or, while building, that a person changed)."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "due_at", "person_id", "segment_id", "generation")
    lane_key = models.BigIntegerField()
    due_at = models.DateTimeField()
    person_id = models.BigIntegerField()
    segment_id = models.BigIntegerField()
    generation = models.IntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["lane_key", "person_id", "segment_id", "generation"], name="segmentretest_person")
        ]
