"""Scores with their ledger, interests, segments with their members. Written by this package only."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from headwater.core import clock


class Revision(models.Model):
    """One row (id 1): a token that changes with every rule, topic or segment, so that caches know they are stale."""

    token = models.UUIDField(default=uuid.uuid4)


class Band(models.TextChoices):
    COLD = "cold", _("Cold")
    WARM = "warm", _("Warm")
    HOT = "hot", _("Hot")


class ScoreModel(models.Model):
    """One way to score people ("engagement"); its thresholds cut the points into bands."""

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    warm = models.IntegerField(default=20)
    hot = models.IntegerField(default=60)

    def __str__(self) -> str:
        return self.name


class ScoreRule(models.Model):
    """Points for a kind of fact, where its properties fit. `cap` bounds the points (not the times) per `cap_per`."""

    class CapPer(models.TextChoices):
        DAY = "day", _("a day")
        TOTAL = "total", _("in total")

    model = models.ForeignKey(ScoreModel, on_delete=models.CASCADE, related_name="rules")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=80)
    where = models.JSONField(default=list, blank=True)
    points = models.IntegerField()
    cap = models.PositiveIntegerField(null=True, blank=True)
    cap_per = models.CharField(max_length=10, choices=CapPer.choices, default=CapPer.DAY)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class ScoreEntry(models.Model):
    """The ledger: why a score is what it is. A person's entries of a model add up to her points exactly."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "at", "fact_id", "rule_id")
    person_id = models.BigIntegerField()
    at = models.DateTimeField()  # when the fact happened
    fact_id = models.UUIDField()
    rule_id = models.BigIntegerField(default=0)  # 0: by hand, by a journey, through the API
    model_id = models.BigIntegerField()
    points = models.IntegerField()
    kind = models.CharField(max_length=80, default="", blank=True)
    reason = models.CharField(max_length=200, default="", blank=True)
    actor = models.CharField(max_length=40, default="system")


class PersonScore(models.Model):
    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "model_id")
    person_id = models.BigIntegerField()
    model_id = models.BigIntegerField()
    points = models.IntegerField(default=0)
    band = models.CharField(max_length=10, choices=Band.choices, default=Band.COLD)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["model_id", "band", "-points", "person_id"], name="personscore_band"),
            models.Index(fields=["model_id", "-points", "-person_id"], name="personscore_points"),
        ]


class Topic(models.Model):
    """A subject or product that people can be interested in."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    hue = models.SmallIntegerField(default=235)

    def __str__(self) -> str:
        return self.name


class TopicRule(models.Model):
    """What shows interest in a topic: a path that starts with `value`, or `value` as a word of path, title or name."""

    class Match(models.TextChoices):
        PATH = "path", _("Path starts with")
        KEYWORD = "keyword", _("Keyword")

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="rules")
    match = models.CharField(max_length=10, choices=Match.choices, default=Match.KEYWORD)
    value = models.CharField(max_length=200)


class Interest(models.Model):
    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "topic_id")
    person_id = models.BigIntegerField()
    topic_id = models.BigIntegerField()
    weight = models.IntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["topic_id", "-weight", "person_id"], name="interest_topic")]


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
    """How many members a segment has in each lane; their sum is its exact count, without a hot row."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "segment_id", "generation")
    lane_key = models.BigIntegerField()
    segment_id = models.BigIntegerField()
    generation = models.IntegerField()
    members = models.BigIntegerField(default=0)


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
