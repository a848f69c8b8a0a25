"""{"tag": "vip"}"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from headwater.audience.compiler.nodes import At, Heeds, Leaf, Sql, leaf
from headwater.audience.compiler.sql import Query


@leaf("tag")
class TagLeaf(Leaf):
    tag: str
    schema = {"tag": {"type": "string", "minLength": 1, "maxLength": 60}}

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        tag = at.want(raw, "tag", lambda v: isinstance(v, str) and 0 < len(v.strip()) <= 60, "the name of a tag")
        return cls((tag or "").strip(), path=at.path)

    def sql(self, query: Query) -> Sql:
        return Sql(f"(c.tags @> ARRAY[{query.bind(self.tag, 'text')}]::varchar[])")

    def needs(self) -> frozenset[str]:
        return frozenset({"tags"})

    def heeds(self, kind: str) -> Heeds | None:
        if kind not in ("tag.added", "tag.removed"):
            return None
        return Heeds(frozenset({"tag"}), lambda data: data.get("tag", self.tag) == self.tag)

    def says(self) -> str:
        return _("tagged “%(tag)s”") % {"tag": self.tag}

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        from headwater.people.models import Contact

        tags = Contact.objects.filter(pk=person_id).values_list("tags", flat=True).first() or []
        return [{"text": _("Tags: %(tags)s") % {"tags": ", ".join(tags) or "—"}}]
