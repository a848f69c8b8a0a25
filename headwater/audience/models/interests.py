"""Topics and who is interested in them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Topic(models.Model):
    """A subject or product that people can be interested in."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    hue = models.SmallIntegerField(default=235)

    def __str__(self) -> str:
        return self.name


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
    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "topic_id")
    person_id = models.BigIntegerField()
    topic_id = models.BigIntegerField()
    weight = models.IntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["topic_id", "-weight", "person_id"], name="interest_topic")]
