"""Topics and who is interested in them: a topic is a score of its own, whose lines are signs of interest."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .scores import ScoreModel

#: Days in which interest halves, unless a topic says otherwise
HALF_LIFE = 30


class Topic(models.Model):
    """A subject or product that people can be interested in. Its signs decay as the points of a score do. `space`: as
    that of a ScoreModel; in the ledger the spaces of topics are below zero."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    hue = models.SmallIntegerField(default=235)
    decay = models.CharField(max_length=10, choices=ScoreModel.Decay.choices, default=ScoreModel.Decay.HALF)
    decay_days = models.PositiveIntegerField(default=HALF_LIFE)
    space = models.BigIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    @property
    def living(self) -> int:
        return self.pk if self.space is None else self.space


class TopicRule(models.Model):
    """What shows interest in a topic: a path that starts with `value`, `value` as a word of path, title or name, a
    download or a form of that name, a clicked link whose address holds it."""

    class Match(models.TextChoices):
        PATH = "path", _("Path starts with")
        KEYWORD = "keyword", _("Keyword")
        ASSET = "asset", _("Download")
        LINK = "link", _("Link contains")
        FORM = "form", _("Form")

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="rules")
    match = models.CharField(max_length=10, choices=Match.choices, default=Match.KEYWORD)
    value = models.CharField(max_length=200)


class Interest(models.Model):
    """What the signs are worth: `weight` holds until `turns_at`, when time alone changes it. topic_id: the topic's
    living space (or that of a run)."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "topic_id")
    person_id = models.BigIntegerField()
    topic_id = models.BigIntegerField()
    weight = models.IntegerField(default=0)
    last_at = models.DateTimeField()
    turns_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["topic_id", "-weight", "person_id"], name="interest_topic"),
            models.Index(fields=["turns_at"], name="interest_turns", condition=models.Q(turns_at__isnull=False)),
        ]
