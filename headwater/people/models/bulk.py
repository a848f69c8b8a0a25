"""A change to many people at once: whom it concerns, how far it is, and what each had before."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from headwater.core import clock


class JobState(models.TextChoices):
    GATHERING = "gathering", _("Beginning")  # the list has not been written down yet
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


class BulkJob(models.Model):
    """One change, as a user asked for it. `action` names a registry.Bulk; `listing` is the list that it concerns
    ({"q", "filters"}), empty where people were chosen one by one."""

    action = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    listing = models.JSONField(default=dict)
    actor = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.GATHERING)
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    #: why -> how many were left as they are
    refused = models.JSONField(default=dict)
    #: Of the undo: how many it has passed, how many were put back, and why -> how many were not
    undo_done = models.IntegerField(default=0)
    restored = models.IntegerField(default=0)
    skipped = models.JSONField(default=dict)
    undone_by = models.CharField(max_length=40, blank=True, default="")
    error = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now, db_index=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["id"], name="bulkjob_open", condition=models.Q(state__in=["gathering", "running", "undoing"])
            ),
        )

    @property
    def percent(self) -> int:
        """Of what runs at the moment; 100 only when it has ended."""
        if self.state not in ("gathering", "running", "undoing"):
            return 100
        passed, whole = (self.undo_done, self.changed) if self.state == "undoing" else (self.done, self.total)
        return min(99, passed * 100 // whole) if whole else 0


class BulkItem(models.Model):
    """One person of a change. before and after: what the action touches of her, as registry.Bulk.snapshot says it."""

    WAITING, KEPT, CHANGED, RESTORED, SKIPPED = 0, 1, 2, 3, 4

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "job_id", "person_id")
    lane_key = models.BigIntegerField()
    job_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    state = models.SmallIntegerField(default=WAITING)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        indexes = (models.Index(fields=["job_id", "state", "lane_key", "person_id"], name="bulkitem_next"),)


class BulkPart(models.Model):
    """A piece of a file that a change of many made (an export), in the order of `number`."""

    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="parts")
    number = models.IntegerField()
    text = models.TextField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["job", "number"], name="bulkpart_once"),)
