"""The values that merge tags may use, for many people at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.accounts.models import User, Workspace
from headwater.people.models import Contact

from .rules import prune

_CONTACT = (
    "id", "first_name", "last_name", "name", "email", "phone", "job_title", "country", "city", "region", "language",
    "time_zone", "stage", "tags", "birthday", "renewal_date", "customer_since", "custom",
)  # fmt: skip
_COMPANY = ("name", "domain", "industry", "size", "country", "city", "website", "custom")


def workspace_context() -> dict[str, Any]:
    """The workspace's own values, the same for everybody."""
    row = Workspace.objects.filter(pk=1).first() or Workspace()
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
    columns = [*_CONTACT, "owner_id", *(f"company__{c}" for c in _COMPANY)]
    rows = list(Contact.objects.filter(pk__in=list(person_ids)).values(*columns))
    owners = {
        u.pk: prune({"name": u.name, "first_name": u.first_name, "last_name": u.last_name, "email": u.email})
        for u in User.objects.filter(pk__in={r["owner_id"] for r in rows if r["owner_id"]})
    }
    out: dict[int, dict[str, Any]] = {}
    for row in rows:
        contact = prune({c: row[c] for c in _CONTACT})
        contact.setdefault("custom", {})
        company = prune({c: row[f"company__{c}"] for c in _COMPANY})
        company.setdefault("custom", {})
        out[row["id"]] = {
            "contact": contact,
            "company": company,
            "owner": owners.get(row["owner_id"], {}),
            "workspace": workspace,
        }
    return out
