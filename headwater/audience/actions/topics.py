"""Topics of interest and what feeds them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from ..engine.book import book
from ..models import Interest, Topic, TopicRule
from .revision import touch_revision
from .segments import InUse


def save_topic(*, actor: str, name: str, matches: Sequence[tuple[str, str]], hue: int = 235, key: str = "") -> Topic:
    """Create a topic, or (with the key of one) change it. matches: (TopicRule.Match, value) pairs. Raises
    ValueError where there are none or one is too short."""
    clean = [(m, v.strip()) for m, v in matches if v.strip()]
    if not clean or any(m not in TopicRule.Match.values or len(v) < 2 for m, v in clean):
        raise ValueError(_("Give at least one sign of two letters or more"))
    with transaction.atomic():
        key = key or slugify(name)[:60] or f"topic-{uuid.uuid4().hex[:8]}"
        topic, _made = Topic.objects.update_or_create(key=key, defaults={"name": name, "hue": hue})
        topic.rules.all().delete()
        TopicRule.objects.bulk_create([TopicRule(topic=topic, match=m, value=v[:200]) for m, v in clean])
        touch_revision()
    return topic


def delete_topic(key: str, *, actor: str) -> None:
    """Delete a topic with its rules. Raises InUse where segments ask for it, Topic.DoesNotExist."""
    with transaction.atomic():
        topic = Topic.objects.select_for_update().get(key=key)
        users = {one.name for one in book().segments if f"interest:{key}" in one.needs}
        if users:
            raise InUse(sorted(users))
        Interest.objects.filter(topic_id=topic.pk).delete()
        topic.delete()
        touch_revision()
