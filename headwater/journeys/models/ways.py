"""People on their way through journeys: where each stands, what is due, every step, and the counts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a passage stands. `held`: ready to go on, but its journey is paused. `stuck`: its step keeps failing."""

    ACTIVE = "active", _("On the way")
    WAITING = "waiting", _("Waiting")
    HELD = "held", _("Held by a pause")
    STUCK = "stuck", _("Stuck")
    FINISHED = "finished", _("Finished")
    EXITED = "exited", _("Left early")


#: States of people who are still in the journey.
OPEN = ("active", "waiting", "held", "stuck")


class OutCall(models.Model):
    """A call of another system, or a mail to a colleague, that a step asked for, with its whole fate."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "id")
    person_id = models.BigIntegerField()
    id = models.UUIDField()
    #: journey:PASSAGE:STEP: asked for once
    key = models.CharField(max_length=120)
    #: "webhook" or "mail"
    kind = models.CharField(max_length=10)
    #: The address: a URL, or a user's id
    target = models.CharField(max_length=500)
    payload = models.JSONField(default=dict)
    journey_id = models.BigIntegerField()
    #: queued, sent, failed
    status = models.CharField(max_length=10, default="queued")
    tries = models.SmallIntegerField(default=0)
    answer = models.CharField(max_length=500, blank=True, default="")
    code = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "key"], name="outcall_once")]
        indexes = [models.Index(fields=["journey_id", "-created_at"], name="outcall_journey")]


class OutDue(models.Model):
    """Calls that are due. A claim moves `due_at` on by the lease, so a call outlives the worker that made it."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "due_at", "person_id", "call_id")
    lane_key = models.BigIntegerField()
    due_at = models.DateTimeField()
    person_id = models.BigIntegerField()
    call_id = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="outdue_due")]


class Passage(models.Model):
    """One person's way through one journey. `step` is where she is; of a passage that ended, where she was last."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "id")
    person_id = models.BigIntegerField()
    id = models.BigIntegerField()
    journey_id = models.BigIntegerField()
    version_id = models.BigIntegerField()
    #: One entry for each causing fact: its id, or what the caller of the API gave
    entry_key = models.CharField(max_length=100)
    #: What let her in: {"kind": "form.submitted", "data": {...}}
    why = models.JSONField(default=dict)
    #: When the cause happened: behaviour "since she entered" counts from here
    since = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices)
    step = models.CharField(max_length=40)
    #: Steps taken so far; the number of her next log row
    hops = models.IntegerField(default=0)
    entered_at = models.DateTimeField()
    #: When she came to `step`
    moved_at = models.DateTimeField()
    #: When the step she waits in gives up waiting
    until = models.DateTimeField(null=True)
    #: The time of her row in Due, null where there is none
    due_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    #: How it ended ("goal", "end", "exit:unsubscribed", ...), or why it is stuck
    outcome = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_id", "journey_id", "entry_key"], name="passage_entry"),
        ]
        indexes = [
            models.Index(
                fields=["journey_id", "step", "person_id"],
                condition=Q(state__in=["active", "waiting", "held", "stuck"]),
                name="passage_open",
            ),
            models.Index(fields=["journey_id", "person_id"], condition=Q(state="held"), name="passage_held"),
        ]


class Due(models.Model):
    """When waiting passages wake. Claimed by deleting, lane by lane."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "due_at", "person_id", "passage_id")
    lane_key = models.BigIntegerField()
    due_at = models.DateTimeField()
    person_id = models.BigIntegerField()
    passage_id = models.BigIntegerField()


class Stretch(models.Model):
    """The steps that a passage took at one go, from one wait to the next: a row for all of them, so that ten steps cost
    what one does (docs/adr/0009-stretches.md). Read them one by one in PassageLog."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "passage_id", "hop")
    person_id = models.BigIntegerField()
    passage_id = models.BigIntegerField()
    #: The number of the first step
    hop = models.IntegerField()
    #: When she came to the first step, and when she left it; the others she passed at that moment
    since = models.DateTimeField()
    at = models.DateTimeField()
    steps = ArrayField(models.TextField())
    #: As in PassageLog, one for each step; reasons null where none has one
    outcomes = ArrayField(models.TextField())
    reasons = ArrayField(models.TextField(), null=True)


class PassageLog(models.Model):
    """Every step a person took, with how it went: the answer to "why is she here". A view of the stretches."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "passage_id", "hop")
    person_id = models.BigIntegerField()
    passage_id = models.BigIntegerField()
    hop = models.IntegerField()
    step = models.TextField()
    #: When she came to the step, and when she left it
    since = models.DateTimeField()
    at = models.DateTimeField()
    #: The arm she took ("next" where there is one only), or "end", "exit", "failed"
    outcome = models.TextField()
    reason = models.TextField()

    class Meta:
        managed = False
        db_table = "journeys_passagelog"


class StepCount(models.Model):
    """How many people came to a step and left it. A transaction adds to the rows of one lane that it holds, so nobody
    waits for a counter; readers add the lanes up. what: "entered", "done", "left", "arm:ID", "refused:WHY", "failed";
    "goal:ID": of those who reached the goal, who took that way before (each passage once, in its last version)."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "version_id", "step", "what")
    lane_key = models.BigIntegerField()
    version_id = models.BigIntegerField(db_index=True)
    step = models.CharField(max_length=40)
    what = models.CharField(max_length=60)
    n = models.BigIntegerField(default=0)


class DayCount(models.Model):
    """What happened in a journey on a day (UTC). what: "entered", "finished", "goal", "exited"."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "journey_id", "day", "what")
    lane_key = models.BigIntegerField()
    journey_id = models.BigIntegerField(db_index=True)
    day = models.DateField()
    what = models.CharField(max_length=20)
    n = models.BigIntegerField(default=0)
