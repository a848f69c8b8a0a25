"""Scores with their ledger, their rules and the runs that compute them anew."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from headwater.core import clock

from .. import rules


def default_bands() -> list[rules.Band]:
    return [rules.Band(**band) for band in rules.DEFAULT_BANDS]


class ScoreModel(models.Model):
    """One way to score people ("engagement"). `space`: the id under which its living entries and scores are kept; a
    run (see ScoreRun) fills another one beside it. Until the first run it is the model's own id."""

    class Decay(models.TextChoices):
        NONE = "none", _("Points stay")
        HALF = "half", _("Points halve")
        LINEAR = "linear", _("Points fade evenly")
        EXPIRY = "expiry", _("Points expire")

    class Rollup(models.TextChoices):
        NONE = "none", _("Companies have no score")
        SUM = "sum", _("Sum of its people")
        MAX = "max", _("Highest of its people")
        AVG = "avg", _("Average of its people")

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, default="", blank=True)
    #: rules.Band, the lowest first
    bands = models.JSONField(default=default_bands)
    #: Points whose crossing is told as a fact
    thresholds = models.JSONField(default=list, blank=True)
    decay = models.CharField(max_length=10, choices=Decay.choices, default=Decay.NONE)
    decay_days = models.PositiveIntegerField(default=0)
    rollup = models.CharField(max_length=10, choices=Rollup.choices, default=Rollup.NONE)
    space = models.BigIntegerField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name

    @property
    def living(self) -> int:
        return self.pk if self.space is None else self.space


class ScoreRule(models.Model):
    """Points for a kind of fact, where its properties fit, or for as long as a condition (JSON of a segment) holds.

    `cap` bounds the points (not the times) per `cap_per`, `cap_total` all of them; `times` bounds how often, per
    `times_per`. What holds counts facts since `since`; `past` are the versions before, each with the time until which
    it counts: [{"kind", "where", "points", caps..., "since", "until"}]. A rule that was deleted from some moment on
    has `ended_at` and only its past."""

    class CapPer(models.TextChoices):
        DAY = "day", _("a day")
        WEEK = "week", _("in 7 days")
        MONTH = "month", _("in 30 days")
        TOTAL = "total", _("in total")

    model = models.ForeignKey(ScoreModel, on_delete=models.CASCADE, related_name="rules")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=80, blank=True, default="")
    where = models.JSONField(default=list, blank=True)
    condition = models.JSONField(null=True, blank=True)
    points = models.IntegerField()
    cap = models.PositiveIntegerField(null=True, blank=True)
    cap_per = models.CharField(max_length=10, choices=CapPer.choices, default=CapPer.DAY)
    cap_total = models.PositiveIntegerField(null=True, blank=True)
    times = models.PositiveIntegerField(null=True, blank=True)
    times_per = models.CharField(max_length=10, choices=CapPer.choices, default=CapPer.DAY)
    active = models.BooleanField(default=True)
    since = models.DateTimeField(null=True, blank=True)
    past = models.JSONField(default=list, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class ScoreRun(models.Model):
    """A model (or a topic, its id below zero) being computed anew in the background, in the space whose id is the run's
    (they start at a million; below zero where a topic has left the space in which it began).

    `before`: what holds until it is done: {"rules": {id: a rule as it was, or null for a new one}, "decay": [kind,
    days], "signs": those of a topic}; the points of those rules are computed from the whole past, all others are taken
    over. A run that is cancelled puts that back. STALE: its rows are to be swept away."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        STALE = "stale", _("Stale")

    model_id = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    before = models.JSONField(default=dict)
    #: Person id up to which it is computed; null: not begun
    cursor = models.BigIntegerField(null=True, blank=True)
    progress = models.SmallIntegerField(default=0)  # per cent
    people = models.BigIntegerField(default=0)  # computed so far
    moved = models.BigIntegerField(default=0)  # of them in another band than before
    actor = models.CharField(max_length=40, default="system")
    created_at = models.DateTimeField(default=clock.now)


class ScoreEntry(models.Model):
    """The ledger: why a score is what it is. What a person's entries of a model are worth adds up to her points."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "at", "fact_id", "rule_id", "model_id")
    person_id = models.BigIntegerField()
    at = models.DateTimeField()  # when the fact happened
    fact_id = models.UUIDField()
    rule_id = models.BigIntegerField(default=0)  # 0: by hand, by a journey, through the API; -1: sign of a topic
    model_id = models.BigIntegerField()  # the space (ScoreModel.space; Topic.space below zero)
    points = models.IntegerField()
    kind = models.CharField(max_length=80, default="", blank=True)  # rules.STANDS: while a condition holds
    reason = models.CharField(max_length=200, default="", blank=True)
    actor = models.CharField(max_length=40, default="system")


class PersonScore(models.Model):
    """`points` and `band` hold from `updated_at` until `turns_at`, when time alone changes the points."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "model_id")
    person_id = models.BigIntegerField()
    model_id = models.BigIntegerField()  # the space
    points = models.IntegerField(default=0)
    band = models.CharField(max_length=20, default=rules.COLD)
    updated_at = models.DateTimeField()
    turns_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["model_id", "band", "-points", "person_id"], name="personscore_band"),
            models.Index(fields=["model_id", "-points", "-person_id"], name="personscore_points"),
            models.Index(fields=["turns_at"], name="personscore_turns", condition=models.Q(turns_at__isnull=False)),
        ]


class CompanyScore(models.Model):
    """The score of a company, rolled up from its people."""

    company_id = models.BigIntegerField()
    model_id = models.BigIntegerField()  # of the ScoreModel itself
    points = models.IntegerField(default=0)
    band = models.CharField(max_length=20, default=rules.COLD)
    people = models.IntegerField(default=0)  # who have points
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company_id", "model_id"], name="companyscore_company")]
        indexes = [models.Index(fields=["model_id", "-points", "company_id"], name="companyscore_points")]


class CompanyTurn(models.Model):
    """A company whose score must be rolled up anew (by `engine.companies`)."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "at", "person_id", "company_id")
    lane_key = models.BigIntegerField()
    at = models.DateTimeField()
    person_id = models.BigIntegerField()
    company_id = models.BigIntegerField()
