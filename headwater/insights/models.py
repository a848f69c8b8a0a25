"""When people first reached a step: the roll-up from which the funnel is read."""

from __future__ import annotations

from django.db import models


class Milestone(models.Model):
    """The first time that a person became a lead, qualified, an opportunity, a customer. Kept by a reaction; the
    facts are the truth (`actions.rebuild` makes it anew from them)."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "step")
    person_id = models.BigIntegerField()
    step = models.CharField(max_length=12)
    at = models.DateTimeField()
    #: Where a lead came from; empty for the other steps
    source = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["step", "at", "person_id"], include=["source"], name="milestone_step")]
