"""The values that merge tags may use, for many people at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from msgspec import json

from headwater.accounts.models import User, Workspace
from headwater.core.prepared import Prepared

from .rules import prune

_CONTACT = (
    "id", "first_name", "last_name", "name", "email", "phone", "job_title", "country", "city", "region", "language",
    "time_zone", "stage", "tags", "birthday", "renewal_date", "customer_since", "custom",
)  # fmt: skip
_COMPANY = ("name", "domain", "industry", "size", "country", "city", "website", "custom")


#: Mails ask for these a hundred times a second: the SQL is written once, and the list of people is hidden from the
#: planner, which would otherwise plan anew for each list.
_workspace = Prepared(lambda pk: Workspace.objects.filter(pk=pk))
_people = (
    f"SELECT {', '.join(f'c.{name}' for name in _CONTACT)}, c.owner_id, "
    f"{', '.join(f'o.{name}' for name in _COMPANY)} FROM people_contact c "
    "LEFT JOIN people_company o ON o.id = c.company_id WHERE c.id = ANY((SELECT %s::bigint[])::bigint[])"
)
_WIDTH = len(_CONTACT)


def workspace_context() -> dict[str, Any]:
    """The workspace's own values, the same for everybody."""
    row = _workspace.first(1) or Workspace()
    return {
        "name": row.name,
        "website": row.website or row.base_url,
        "postal_address": row.postal_address,
        "base_url": row.base_url.rstrip("/"),
        "mail_from": row.mail_from,
        "mail_from_name": row.mail_from_name or row.name,
        "is_demo": row.is_demo,
    }


def contexts(person_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """person id -> {contact, company, owner, workspace}, pruned, in three statements. Unknown people are left out."""
    workspace = prune(workspace_context())
    with connection.cursor() as cursor:
        cursor.execute(_people, [list(person_ids)])
        rows = cursor.fetchall()
    asked = {row[_WIDTH] for row in rows if row[_WIDTH]}
    owners = {
        u.pk: prune({"name": u.name, "first_name": u.first_name, "last_name": u.last_name, "email": u.email})
        for u in (User.objects.filter(pk__in=asked) if asked else ())
    }
    out: dict[int, dict[str, Any]] = {}
    for row in rows:
        contact, company = _values(_CONTACT, row), _values(_COMPANY, row[_WIDTH + 1 :])
        out[row[0]] = {
            "contact": contact,
            "company": company,
            "owner": owners.get(row[_WIDTH], {}),
            "workspace": workspace,
        }
    return out


def _values(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    """The row's values by name, without the empty ones; its own fields, which raw SQL leaves as text, always."""
    found = dict(zip(names, row, strict=False))
    found["custom"] = json.decode(found["custom"]) if found["custom"] else {}
    pruned: dict[str, Any] = prune(found)
    return pruned
