"""Contacts made one, and what it takes to part them again; pairs that look alike."""

from __future__ import annotations

from django.db import models

from headwater.core import clock


class Merge(models.Model):
    """`merged_id` has become part of `survivor_id`; her row is gone, her id leads to the survivor while `undone_at` is
    empty. `before`: both contact rows as they were; `after`: the survivor's row as the merge left it."""

    survivor_id = models.BigIntegerField(db_index=True)
    merged_id = models.BigIntegerField()
    at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=40)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["merged_id"], condition=models.Q(undone_at=None), name="merged_once"),
        )


class MergePart(models.Model):
    """What one holder (registry.Holder) needs to give back."""

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="parts")
    holder = models.CharField(max_length=40)
    kept = models.JSONField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["merge", "holder"], name="mergepart_once"),)


class Alike(models.Model):
    """Two contacts who may be one, the lower id first, found by the search for doubles; or whom somebody has told
    apart (`apart_by`), so that they are not shown again."""

    one_id = models.BigIntegerField()
    other_id = models.BigIntegerField(db_index=True)
    why = models.CharField(max_length=20)  # "email", "phone", "name"
    score = models.SmallIntegerField(default=0)  # 0 to 100
    found_at = models.DateTimeField(default=clock.now)
    apart_by = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["one_id", "other_id"], name="alike_once"),)
        indexes = (models.Index(fields=["-score", "-id"], name="alike_open", condition=models.Q(apart_by="")),)


class AlikeKey(models.Model):
    """What a contact could be found by as a double: "e:" address, "p:" telephone, "n:" name, "c:" name in a company."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "key")
    person_id = models.BigIntegerField()
    key = models.CharField(max_length=200)

    class Meta:
        indexes = (models.Index(fields=["key", "person_id"], name="alikekey_key"),)


class AlikeCursor(models.Model):
    """One row (id 1): contacts up to this id have been compared with all others in the pass that began then."""

    upto_id = models.BigIntegerField(default=0)
    began_at = models.DateTimeField()
