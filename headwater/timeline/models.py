"""The log. See README.md of this package and docs/adr/0002-lanes.md."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models


class Lane(models.Model):
    """One of 256 lanes; `head` is the seq of its newest row. Taken first, its lock orders commits."""

    HOT = "lane"
    lane_key = models.BigIntegerField(primary_key=True)
    lane = models.SmallIntegerField()
    head = models.BigIntegerField(default=0)


class LanePosition(models.Model):
    """How far a consumer has read a lane; committed together with the effects of what it read."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "consumer")
    lane_key = models.BigIntegerField()
    consumer = models.CharField(max_length=40)
    seq = models.BigIntegerField(default=0)


class LaneLog(models.Model):
    """The queue side of the log: facts in lane order, kept until every consumer has read them."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "seq")
    lane_key = models.BigIntegerField()
    seq = models.BigIntegerField()
    person_id = models.BigIntegerField()
    at = models.DateTimeField()
    id = models.UUIDField()
    kind = models.CharField(max_length=80)
    data = models.JSONField()
    actor = models.CharField(max_length=40)
    recorded_at = models.DateTimeField()


class HeldFact(models.Model):
    """A fact of the future. It enters the log when its time comes (actions/held.py)."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "due_at", "person_id", "id")
    lane_key = models.BigIntegerField()
    due_at = models.DateTimeField()
    person_id = models.BigIntegerField()
    id = models.UUIDField()
    kind = models.CharField(max_length=80)
    data = models.JSONField()
    actor = models.CharField(max_length=40)

    class Meta:
        indexes = (models.Index(fields=["due_at"], name="heldfact_due"),)


class StoredFact(models.Model):
    """The history side: what ever happened with a person. Partitioned by month of `at` (see migration)."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "at", "id")
    person_id = models.BigIntegerField()
    at = models.DateTimeField()
    id = models.UUIDField()
    kind = models.CharField(max_length=80)
    data = models.JSONField()
    actor = models.CharField(max_length=40)
    recorded_at = models.DateTimeField()
    seq = models.BigIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "timeline_fact"


class VisitorFact(models.Model):
    """The past of a visitor who is still anonymous. It moves to StoredFact when she identifies herself."""

    HOT = "visitor"
    pk = models.CompositePrimaryKey("visitor_id", "at", "id")
    visitor_id = models.BigIntegerField()
    at = models.DateTimeField()
    id = models.UUIDField()
    kind = models.CharField(max_length=80)
    data = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        # what retention looks for; a few pages however much there is
        indexes = (BrinIndex(fields=["at"], name="visitorfact_at", pages_per_range=32, autosummarize=True),)


class Parked(models.Model):
    """A fact on which a consumer failed by itself, for good: set aside so that the lane goes on, and shown.

    It names the fact in the history (person_id, at, fact_id) and does not repeat it. `seq` is its place in the lane;
    below 0 where the fact has none (copied history that a replay met).
    """

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "seq", "consumer")
    lane_key = models.BigIntegerField()
    seq = models.BigIntegerField()
    consumer = models.CharField(max_length=40)
    person_id = models.BigIntegerField()
    at = models.DateTimeField(null=True)
    fact_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=80)
    error = models.TextField()
    attempts = models.IntegerField(default=1)
    parked_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)

    @property
    def key(self) -> str:
        """Names it on pages and in the API: "audience:-12:331"."""
        return f"{self.consumer}:{self.lane_key}:{self.seq}"

    @property
    def reason(self) -> str:
        """The last line of the traceback."""
        return self.error.strip().rpartition("\n")[2]


class Regrouping(models.Model):
    """One row (id 1): counts how often facts changed hands or went (people merged, parted, erased). A reader that
    sees it change between reading a batch and holding its people's lanes reads again."""

    n = models.BigIntegerField(default=0)


class Operation(models.Model):
    """What operators, and the rules that they set, did to the log. Never changed, but for the line of a day of
    retention, which grows."""

    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=40)
    what = models.CharField(max_length=40)  # "parked.retried", "partition.retired", ...
    subject = models.CharField(max_length=120)
    note = models.CharField(max_length=500, default="", blank=True)
    detail = models.JSONField(default=dict)


class Replay(models.Model):
    """A consumer hears the history again, from a point in time on, in the background (replay.py).

    It has passed everything up to (upto_person, upto_at, upto_id) in the order of the history's key.
    """

    RUNNING, DONE, STOPPED = "running", "done", "stopped"

    consumer = models.CharField(max_length=40)
    since = models.DateTimeField()
    started_at = models.DateTimeField()  # what was recorded later is heard live
    actor = models.CharField(max_length=40)
    state = models.CharField(max_length=10, default=RUNNING)
    finished_at = models.DateTimeField(null=True)
    first_person = models.BigIntegerField()
    last_person = models.BigIntegerField()
    upto_person = models.BigIntegerField()
    upto_at = models.DateTimeField()
    upto_id = models.UUIDField()
    facts = models.BigIntegerField(default=0)
    parked = models.IntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["consumer"], condition=models.Q(state="running"), name="one_replay_at_a_time"
            ),
        )

    @property
    def percent(self) -> int:
        """How much of it is done, by people; 100 only when it is."""
        if self.state == self.DONE:
            return 100
        whole = self.last_person - self.first_person + 1
        return max(0, min(99, (self.upto_person - self.first_person) * 100 // whole)) if whole > 0 else 0


class Pulse(models.Model):
    """How many places of the lanes a consumer had passed at a moment, kept for an hour: its rate is the difference.
    consumer "": places written."""

    at = models.DateTimeField(db_index=True)
    consumer = models.CharField(max_length=40)
    passed = models.BigIntegerField()
