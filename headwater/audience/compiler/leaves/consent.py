"""{"consent": "email"}: consent for a channel is granted. Optional "topic", and "state" (granted, withdrawn,
pending, none)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from headwater.audience.compiler import words
from headwater.audience.compiler.nodes import At, Leaf, Sql, leaf
from headwater.audience.compiler.sql import Query

STATES = ("granted", "withdrawn", "pending", "none")


@leaf("consent")
class ConsentLeaf(Leaf):
    channel: str
    topic: str = ""
    state: str = "granted"
    keys = ("topic", "state")
    schema = {"consent": {"type": "string"}, "topic": {"type": "string"}, "state": {"enum": list(STATES)}}

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        channel = at.want(raw, "consent", lambda v: isinstance(v, str) and 0 < len(v) <= 20, "a channel, as 'email'")
        topic, state = raw.get("topic", ""), raw.get("state", "granted")
        if not isinstance(topic, str) or len(topic) > 40:
            at.wrong("must be the name of a topic", ".topic")
        if state not in STATES:
            at.wrong(f"must be one of {', '.join(STATES)}", ".state")
        return cls(channel or "", topic, state, path=at.path)

    def sql(self, query: Query) -> Sql:
        state = query.bind(self.state, "text")
        select = (
            "SELECT s.person_id, s.state FROM people_consent s "
            f"WHERE s.channel = {query.bind(self.channel, 'text')} AND s.topic = {query.bind(self.topic, 'text')} "
            f"AND {query.within_scope('s.person_id')}"
        )
        if query.bare and self.state != "none":
            return query.there(f"{select} AND s.state = {state}")
        alias = query.join(select)
        must = "" if self.state == "none" else f"({alias}.state = {state})"
        return Sql(f"(coalesce({alias}.state, 'none') = {state})", None, must)

    def needs(self) -> frozenset[str]:
        return frozenset({f"consent:{self.channel}"})

    def says(self) -> str:
        name = _(self.channel)
        channel = f"{name} ({self.topic})" if self.topic else name
        return _("consent for %(channel)s is %(state)s") % {"channel": channel, "state": words.state_name(self.state)}

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        from headwater.people.models import Consent

        row = Consent.objects.filter(person_id=person_id, channel=self.channel, topic=self.topic).first()
        if row is None:
            return [{"text": _("No consent is recorded for %(channel)s") % {"channel": _(self.channel)}}]
        return [{"text": _("Consent: %(state)s") % {"state": words.state_name(row.state)}, "at": row.at}]
