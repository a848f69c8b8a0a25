"""The changes of many people that this package offers: tags, owner, stage, consent, an export. See registry.Bulk."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from headwater.core import clock
from headwater.core.ids import id_of

from .. import queries, registry, rules
from ..models import Contact, Stage
from ..registry import Bulk, BulkField
from . import consent, erasing, labels

Params = Mapping[str, Any]


def _tags(given: Params) -> dict[str, Any]:
    text = given.get("tags", given.get("tag", ""))
    tags = rules.clean_tags(text.split(",") if isinstance(text, str) else text or [])
    if not tags:
        raise rules.Invalid({"tags": _("Write at least one tag.")})
    return {"tags": tags}


def _tagged(people: Sequence[int], params: Params) -> dict[int, list[str]]:
    return dict(Contact.objects.filter(pk__in=people).values_list("pk", "tags"))


def _same_tags(params: Params, after: list[str], now: list[str]) -> bool:
    """Only the tags of this change matter: others may have come and gone."""
    return all((t in after) == (t in now) for t in params["tags"])


def _put_tags(pairs: Mapping[int, tuple[list[str], list[str]]], params: Params, actor: str) -> None:
    ours = set(params["tags"])
    wanted = {}
    for person, (before, now) in pairs.items():
        others = [t for t in now if t not in ours]
        exact = set(others) == {t for t in before if t not in ours}
        wanted[person] = before if exact else others + [t for t in before if t in ours]
    labels.put_tags(wanted, actor=actor)


def _owner(given: Params) -> dict[str, Any]:
    text = str(given.get("owner") or "")
    if not text or text == "none":
        return {"owner": None, "name": ""}
    if (pk := id_of(text)) is None:
        raise rules.Invalid({"owner": _("There is no such user.")})
    return {"owner": pk, "name": labels.check_owner(pk)}


def _owned(people: Sequence[int], params: Params) -> dict[int, int | None]:
    return dict(Contact.objects.filter(pk__in=people).values_list("pk", "owner_id"))


def _put_owners(pairs: Mapping[int, tuple[Any, Any]], params: Params, actor: str) -> None:
    for owner in {before for before, _now in pairs.values()}:
        people = [p for p, (before, _now) in pairs.items() if before == owner]
        labels.set_owner(people, owner, reason=_("undone"), actor=actor)


def _stage(given: Params) -> dict[str, Any]:
    stage = given.get("stage")
    if stage not in rules.STAGES or stage == Stage.VISITOR:
        raise rules.Invalid({"stage": _("There is no such lifecycle stage.")})
    return {"stage": stage}


def _staged(people: Sequence[int], params: Params) -> dict[int, list[Any]]:
    rows = Contact.objects.filter(pk__in=people).values_list("pk", "stage", "stage_at")
    return {pk: [stage, at.isoformat()] for pk, stage, at in rows}


def _put_stages(pairs: Mapping[int, tuple[Any, Any]], params: Params, actor: str) -> None:
    wanted = {p: (before[0], datetime.fromisoformat(before[1])) for p, (before, _now) in pairs.items()}
    labels.put_stages(wanted, reason=_("undone"), actor=actor)


def _stages() -> list[tuple[str, Any]]:
    return [(value, label) for value, label in Stage.choices if value != Stage.VISITOR]


def _channel(given: Params) -> dict[str, Any]:
    channel = given.get("channel")
    if channel not in rules.CONSENT_CHANNELS:
        raise rules.Invalid({"channel": _("There is no such channel.")})
    return {"channel": channel, "text": str(given.get("text") or "")[:500]}


def _withdraw(people: Sequence[int], params: Params, actor: str) -> None:
    proof = {"source": "by hand", "text": params["text"], "at": clock.now().isoformat()}
    changes = [consent.ConsentChange(p, params["channel"], "withdrawn", "", proof) for p in people]
    consent.set_consents(changes, actor=actor)


def _agreed(people: Sequence[int], params: Params) -> dict[int, Any]:
    said = consent.rows_of(people, params["channel"])
    return {p: said.get(p) for p in people}


def _put_consents(pairs: Mapping[int, tuple[Any, Any]], params: Params, actor: str) -> None:
    consent.put_back({p: before for p, (before, _now) in pairs.items()}, params["channel"], actor=actor)


CHANNELS = {
    "email": gettext_lazy("Email"), "sms": gettext_lazy("SMS"), "whatsapp": "WhatsApp", "push": gettext_lazy("Push"),
    "phone": gettext_lazy("Phone"), "post": gettext_lazy("Post"),
}  # fmt: skip
#: Columns of an export: heading and field
_COLUMNS = (
    "id", "email", "name", "first_name", "last_name", "phone", "job_title", "company", "stage", "owner", "tags",
    "city", "region", "country", "language", "time_zone", "gender", "birthday", "customer_since", "renewal_date",
    "email_consent", "created_at", "last_seen_at", "custom",
)  # fmt: skip


def _export(people: Sequence[int]) -> str:
    """Lines of CSV; without people the line of headings."""
    out = io.StringIO()
    write = csv.writer(out)
    if not people:
        write.writerow(_COLUMNS)
        return "\ufeff" + out.getvalue()  # so that spreadsheets read it as UTF-8
    said = queries.consent_states(people, "email")
    found = queries.contacts(people)
    for person in people:
        if person in found:
            write.writerow([_cell(_value(found[person], name, said)) for name in _COLUMNS])
    return out.getvalue()


def _value(c: Contact, name: str, said: Mapping[int, str]) -> Any:
    if name == "company":
        return c.company.name if c.company else ""
    if name == "owner":
        return c.owner.email if c.owner else ""
    if name == "tags":
        return ", ".join(c.tags)
    if name == "email_consent":
        return said.get(c.pk, "")
    if name == "custom":
        return json.dumps(c.custom, ensure_ascii=False, default=str) if c.custom else ""
    value = getattr(c, name)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _cell(value: Any) -> str:
    """Text of a cell; what a spreadsheet would take for a formula is kept as text. Telephone numbers stay."""
    text = "" if value is None else str(value)
    risky = text[:1] in ("=", "@", "\t", "\r") or (text[:1] in ("+", "-") and not text[1:].replace(" ", "").isdigit())
    return f"'{text}" if risky else text


def _add_tags(people: Sequence[int], params: Params, actor: str) -> None:
    labels.add_tags(people, params["tags"], actor=actor)


def _remove_tags(people: Sequence[int], params: Params, actor: str) -> None:
    labels.remove_tags(people, params["tags"], actor=actor)


def _set_owner(people: Sequence[int], params: Params, actor: str) -> None:
    labels.set_owner(people, params["owner"], reason="", actor=actor)


def _set_stage(people: Sequence[int], params: Params, actor: str) -> None:
    labels.set_stage(people, params["stage"], reason=_("changed by hand"), actor=actor)


def _reason(given: Params) -> dict[str, Any]:
    return {"reason": erasing.clean_reason(str(given.get("reason") or ""))}


def _erase(people: Sequence[int], params: Params, actor: str) -> None:
    erasing.erase_people(people, reason=params["reason"], actor=actor)


def _no_params(given: Params) -> dict[str, Any]:
    return {}


_tag_field = BulkField("tags", gettext_lazy("Tags"), hint=gettext_lazy("Separate several with commas."))
for bulk in (
    Bulk(
        "tag", gettext_lazy("Add tags"), "tag", lambda p: _("Tag %(tags)s") % {"tags": ", ".join(p["tags"])}, _tags,
        _add_tags,
        _tagged, _same_tags, _put_tags, fields=(_tag_field,), offered=False, order=10,
    ),
    Bulk(
        "untag", gettext_lazy("Remove tags"), "tag",
        lambda p: _("Remove the tag %(tags)s") % {"tags": ", ".join(p["tags"])}, _tags,
        _remove_tags,
        _tagged, _same_tags, _put_tags, fields=(_tag_field,), offered=False, order=11,
    ),
    Bulk(
        "owner", gettext_lazy("Assign"), "user-round",
        lambda p: _("Assign to %(name)s") % {"name": p["name"]} if p["name"] else _("Take the owner away"), _owner,
        _set_owner,
        _owned, restore=_put_owners, offered=False, order=20,
    ),
    Bulk(
        "stage", gettext_lazy("Stage"), "circle-dot",
        lambda p: _("Move to the stage %(stage)s") % {"stage": dict(Stage.choices).get(p["stage"], p["stage"])}, _stage,
        _set_stage,
        _staged, restore=_put_stages, fields=(BulkField("stage", gettext_lazy("Lifecycle stage"), _stages),),
        offered=False, order=30,
    ),
    Bulk(
        "withdraw", gettext_lazy("Withdraw consent"), "shield-x",
        lambda p: _("Withdraw consent for %(channel)s") % {"channel": CHANNELS[p["channel"]]}, _channel, _withdraw,
        _agreed, restore=_put_consents,
        fields=(
            BulkField("channel", gettext_lazy("Channel"), lambda: list(CHANNELS.items())),
            BulkField("text", gettext_lazy("Why"), hint=gettext_lazy("Kept as the proof."), required=False),
        ),
        warning=gettext_lazy("Nothing more is sent to them on this channel, also where nobody was ever asked."),
        button=gettext_lazy("Withdraw"), order=60,
    ),
    Bulk(
        "export", gettext_lazy("Export as CSV"), "download", lambda p: _("Export as CSV"), _no_params, file=_export,
        warning=gettext_lazy("The file is made in the background and can be fetched for seven days."),
        button=gettext_lazy("Export"), order=70,
    ),
    Bulk(
        "erase", gettext_lazy("Erase"), "user-x", lambda p: _("Erase everywhere"), _reason, _erase,
        prepare=erasing.hold_identities,
        fields=(BulkField("reason", gettext_lazy("Why"), hint=gettext_lazy("Kept in the journal with your name.")),),
        warning=gettext_lazy(
            "They and everything that is known of them are erased for ever. This cannot be undone. Hashes of their "
            "addresses stay, so that nobody writes to them again."
        ),
        button=gettext_lazy("Erase for ever"), danger=True, roles=("admin", "marketer"), order=90,
    ),
):  # fmt: skip
    registry.bulks.add(bulk.name, bulk)
