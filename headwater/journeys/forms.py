"""The form of a step: settings of all kinds as inputs, and what was sent back as settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.messaging.models import MailTemplate
from headwater.people.models import Tag

from .engine.base import STEPS, Step
from .engine.fields import DAY_NAMES, UNIT_NAMES, Field
from .queries.words import condition
from .rules.duration import UNITS, RuleError
from .rules.schedule import DAYS


@dataclass
class Input:
    """One setting as the template draws it; `widget` chooses the drawing."""

    name: str
    label: str
    widget: str
    value: Any
    required: bool
    help: str = ""
    error: str = ""
    choices: Sequence[tuple[str, str]] = ()
    said: str = ""


class StepForm:
    """Settings of one step. `errors` maps a field's name to what is wrong with it."""

    def __init__(self, step: Mapping[str, Any], data: QueryDict | None = None) -> None:
        self.kind: type[Step] = STEPS[step["kind"]]
        self.settings: dict[str, Any] = dict(step.get("settings") or {})
        self.title = step.get("title") or ""
        self.errors: dict[str, str] = {}
        if data is not None:
            self.title = data.get("title", self.title).strip()[:80]
            for f in self.kind.fields:
                self._read(f, data)

    def _read(self, f: Field, data: QueryDict) -> None:
        try:
            value = f.clean(_value(f, data, self.settings.get(f.name)))
        except RuleError as error:
            self.errors[f.name] = _(error.message)
            self.settings[f.name] = _value_or_none(f, data)
            return
        if value is None:
            self.settings.pop(f.name, None)
        else:
            self.settings[f.name] = value

    def check(self, steps: Mapping[str, Any]) -> bool:
        """Are the settings sound together? Notes what is not."""
        if not self.errors:
            try:
                self.kind.check(self.settings, steps)
            except RuleError as error:
                self.errors[error.where or self.kind.fields[0].name] = _(error.message)
        return not self.errors

    def inputs(self) -> list[Input]:
        return [self._input(f) for f in self.kind.fields]

    def _input(self, f: Field) -> Input:
        value = self.settings.get(f.name)
        made = Input(f.name, str(f.label), f.widget, value, f.required, str(f.help or ""), self.errors.get(f.name, ""))
        if f.widget == "choice":
            made.choices = [(key, str(label)) for key, label in getattr(f, "choices", ())]
        elif f.widget == "duration":
            made.choices = [(u, str(UNIT_NAMES[u])) for u in UNITS]
            made.value = value if isinstance(value, Mapping) else {"amount": "", "unit": "days"}
        elif f.widget == "days":
            made.choices = [(d, str(DAY_NAMES[d])) for d in DAYS]
            made.value = value or []
        elif f.widget == "template":
            rows = MailTemplate.objects.filter(archived_at=None).order_by("name").values_list("pk", "name")[:300]
            made.choices = [(str(pk), name) for pk, name in rows]
        elif f.widget == "user":
            users = User.objects.filter(is_active=True).order_by("first_name", "email")
            made.choices = [(str(u.pk), u.name) for u in users[:200]]
        elif f.widget == "tag":
            made.choices = [(t, t) for t in Tag.objects.order_by("name").values_list("name", flat=True)[:300]]
        elif f.widget == "condition":
            made.said, made.value = condition(value), _json(value)
        elif f.widget == "arms":
            made.value = [
                {
                    "id": arm["id"],
                    "label": arm.get("label", ""),
                    "said": condition(arm.get("when")),
                    "json": _json(arm.get("when")),
                }
                for arm in value or []
                if isinstance(arm, Mapping) and "id" in arm
            ]
        return made


def _value_or_none(f: Field, data: QueryDict) -> Any:
    try:
        return _value(f, data, None)
    except RuleError:
        return None


def _value(f: Field, data: QueryDict, before: Any) -> Any:
    """What was sent for this field, in the shape of the settings. Raises RuleError."""
    text = data.get(f.name, "").strip()
    if f.widget == "duration":
        amount = data.get(f"{f.name}_amount", "").strip()
        return {"amount": _number(amount), "unit": data.get(f"{f.name}_unit", "days")} if amount else None
    if f.widget == "days":
        return data.getlist(f.name)
    if f.widget == "number":
        return _number(text) if text else None
    if f.widget in ("template", "user"):
        if text and not text.isdigit():
            raise RuleError("Choose one.", f.name)
        return int(text) if text else None
    if f.widget == "condition":
        return _read_json(text, f.name) if text else before
    if f.widget == "arms":
        arms = []
        for arm in before or []:
            sent = data.get(f"{f.name}_{arm['id']}_when", "").strip()
            label = data.get(f"{f.name}_{arm['id']}_label", arm.get("label", "")).strip()[:40]
            arms.append({**arm, "label": label, "when": _read_json(sent, f.name) if sent else arm["when"]})
        return arms
    return text


def _number(text: str) -> int | float:
    try:
        found = float(text.replace(",", "."))
    except ValueError as error:
        raise RuleError("This must be a number.") from error
    if found != found or abs(found) > 1e12:
        raise RuleError("This must be a number.")
    return int(found) if found.is_integer() else found


def _read_json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise RuleError("This is not JSON.", where) from error


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) if value else ""
