"""Forms of segments, rules, bands and topics."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.core.facts import KINDS

from . import rules
from .compiler import ConditionError, parse
from .compiler.words import kind_label, op_label
from .models import ScoreRule, Topic


class SegmentForm(forms.Form):
    """Name, description and the condition as JSON (the editor fills it in)."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(label=_("Description"), max_length=300, required=False)
    announce = forms.BooleanField(
        widget=forms.CheckboxInput({"class": "cb"}),
        label=_("A changed definition moves people as events"),
        help_text=_(
            "Off: people whom an edit brings in or lets go are moved silently, and no journey starts. "
            "On: each of them gets “entered” or “left” on the timeline, and journeys that wait for it start."
        ),
        required=False,
    )
    definition = forms.CharField(label=_("Conditions"), widget=forms.HiddenInput)

    def __init__(self, *args: Any, key: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key = key

    def clean_definition(self) -> Any:
        try:
            condition = json.loads(self.cleaned_data["definition"])
            parse(condition, trail=(self.key,) if self.key else ())
        except json.JSONDecodeError as error:
            raise forms.ValidationError(_("This is not JSON: %(error)s") % {"error": error}) from error
        except ConditionError as error:
            raise forms.ValidationError([f"{p.path}: {p.message}" for p in error.problems]) from error
        return condition


class RuleForm(forms.Form):
    """A scoring rule; at most one property condition (more of them through the API, and kept when edited here)."""

    name = forms.CharField(label=_("Name"), max_length=120)
    kind = forms.CharField(label=_("When this happens"), max_length=80, widget=forms.TextInput({"list": "kinds"}))
    prop = forms.CharField(label=_("Only where the property"), max_length=80, required=False)
    op = forms.ChoiceField(label=_("Comparison"), required=False)
    value = forms.CharField(label=_("Value"), max_length=500, required=False, help_text=_("Several: one a line"),
                            widget=forms.Textarea({"rows": 2}))  # fmt: skip
    points = forms.IntegerField(label=_("Points"), min_value=-10_000, max_value=10_000, help_text=_("Minus takes"))
    cap = forms.IntegerField(label=_("At most this many points"), min_value=1, max_value=1_000_000, required=False)
    cap_per = forms.ChoiceField(label=_("Within"), choices=ScoreRule.CapPer.choices, required=False)
    active = forms.BooleanField(
        label=_("Active"), required=False, initial=True, widget=forms.CheckboxInput({"class": "cb"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["op"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(op, op_label(op)) for op in rules.PROP_OPS]

    @staticmethod
    def initial_of(rule: ScoreRule) -> dict[str, Any]:
        """The rule as this form shows it."""
        out = {f: getattr(rule, f) for f in ("name", "kind", "points", "cap", "cap_per", "active")}
        if rule.where:
            first = rule.where[0]
            value = first.get("value")
            text = "\n".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
            out |= {"prop": first["prop"], "op": first.get("op", "eq"), "value": text}
        return out

    def where(self, before: list[Any]) -> list[Any]:
        """The property conditions: the one of this form, then those of the rule that it does not show."""
        data = self.cleaned_data
        rest = before[1:]
        if not data["prop"]:
            return rest
        shape = rules.PROP_OPS[data["op"]]
        lines = [line.strip() for line in data["value"].splitlines() if line.strip()]
        value: Any = lines[0] if len(lines) == 1 and shape != "list" else lines
        if shape == "number" and isinstance(value, str):
            with contextlib.suppress(ValueError):
                value = float(value) if "." in value else int(value)
        made = {"prop": data["prop"], "op": data["op"]} | ({} if shape == "none" else {"value": value})
        return [made, *rest]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("kind") and not rules.is_kind(data["kind"]):
            self.add_error("kind", _("Write a kind of event such as page.viewed"))
        if data.get("prop") and data.get("op") and "value" in data:
            for path, message in rules.where_problems(self.where([])):
                self.add_error("prop" if path.endswith(".prop") else "value", message)
        return data


def kinds() -> list[tuple[str, str]]:
    """Kinds of events that rules and conditions offer, with words."""
    return sorted((kind, kind_label(kind)) for kind, cls in KINDS.items() if not cls.look.quiet)


class BandsForm(forms.Form):
    warm = forms.IntegerField(label=_("Warm from"), min_value=-100_000, max_value=100_000)
    hot = forms.IntegerField(label=_("Hot from"), min_value=-100_000, max_value=100_000)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "warm" in data and "hot" in data and data["warm"] >= data["hot"]:
            self.add_error("hot", _("“Hot” must begin above “warm”"))
        return data


HUES = [(265, _("Blue")), (235, _("Sky")), (190, _("Teal")), (150, _("Green")), (60, _("Orange")), (25, _("Red")),
        (345, _("Pink")), (300, _("Violet"))]  # fmt: skip


class TopicForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    paths = forms.CharField(
        label=_("Paths that start with"), required=False, help_text=_("One a line, as /pricing"),
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip
    keywords = forms.CharField(
        label=_("Keywords"), required=False, widget=forms.Textarea({"rows": 3}),
        help_text=_("One a line; looked for in addresses, titles and names of what people see and download"),
    )  # fmt: skip
    hue = forms.TypedChoiceField(label=_("Colour"), choices=HUES, coerce=int)

    @staticmethod
    def initial_of(topic: Topic) -> dict[str, Any]:
        matches = list(topic.rules.order_by("pk"))
        return {
            "name": topic.name,
            "hue": topic.hue,
            "paths": "\n".join(r.value for r in matches if r.match == "path"),
            "keywords": "\n".join(r.value for r in matches if r.match == "keyword"),
        }

    def matches(self) -> list[tuple[str, str]]:
        data = self.cleaned_data
        return [("path", line) for line in data["paths"].splitlines()] + [
            ("keyword", line) for line in data["keywords"].splitlines()
        ]
