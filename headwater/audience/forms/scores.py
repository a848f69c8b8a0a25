"""Forms of score models and their rules."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from .. import rules
from ..compiler import ConditionError, parse
from ..compiler.words import band_name
from ..models import ScoreModel, ScoreRule
from .topics import HUES

#: Rows for bands in the form
BANDS = 6
_NUMBER = forms.NumberInput({"inputmode": "numeric"})


class ModelForm(forms.Form):
    """A score with its bands (each a name, a colour and where it begins; without a name it is none), thresholds and
    decay."""

    name = forms.CharField(label=_("Name"), max_length=80)
    description = forms.CharField(label=_("Description"), max_length=300, required=False)
    decay = forms.ChoiceField(label=_("As time passes"), choices=ScoreModel.Decay.choices)
    decay_days = forms.IntegerField(
        label=_("Days"), min_value=1, max_value=3660, required=False,
        help_text=_("The time in which points halve, or after which nothing of them is left"),
    )  # fmt: skip
    thresholds = forms.CharField(
        label=_("Thresholds"), required=False, max_length=200,
        help_text=_("Points whose crossing is told as an event that journeys can start on, as 50, 100"),
    )  # fmt: skip
    rollup = forms.ChoiceField(label=_("Companies"), choices=ScoreModel.Rollup.choices)

    def __init__(self, *args: Any, model: ScoreModel | None = None, **kwargs: Any) -> None:
        bands = model.bands if model else rules.DEFAULT_BANDS
        if model:
            kwargs["initial"] = {
                "name": model.name, "description": model.description, "decay": model.decay,
                "decay_days": model.decay_days or None, "thresholds": ", ".join(map(str, model.thresholds)),
                "rollup": model.rollup,
            }  # fmt: skip
        super().__init__(*args, **kwargs)
        self.fresh = model is None
        self.keys = [b["key"] for b in bands]
        for n in range(BANDS):
            band = bands[n] if n < len(bands) else None
            first = {"name": band_name(band), "start": band["start"], "hue": band["hue"]} if band else {}
            self._band(n, first)

    def _band(self, n: int, initial: dict[str, Any]) -> None:
        names = {
            "name": gettext("Name of band %(n)s"),
            "start": gettext("Band %(n)s from"),
            "hue": gettext("Colour of band %(n)s"),
        }
        label = {k: v % {"n": n + 1} for k, v in names.items()}
        self.fields[f"band{n}_name"] = forms.CharField(
            max_length=40, required=n == 0, initial=initial.get("name"),
            widget=forms.TextInput({"aria-label": label["name"]}),
        )  # fmt: skip
        self.fields[f"band{n}_start"] = forms.IntegerField(
            required=False, disabled=n == 0, min_value=-rules.HIGHEST, max_value=rules.HIGHEST,
            initial=initial.get("start"), widget=forms.NumberInput({"aria-label": label["start"]}),
        )  # fmt: skip
        self.fields[f"band{n}_hue"] = forms.TypedChoiceField(
            choices=HUES, coerce=int, initial=initial.get("hue", HUES[(n * 3) % len(HUES)][0]),
            widget=forms.Select({"aria-label": label["hue"]}),
        )  # fmt: skip

    def plain(self) -> list[Any]:
        """The fields that are no bands."""
        return [self[name] for name in ("name", "description", "decay", "decay_days", "thresholds", "rollup")]

    def rows(self) -> list[tuple[Any, Any, Any]]:
        return [(self[f"band{n}_name"], self[f"band{n}_start"], self[f"band{n}_hue"]) for n in range(BANDS)]

    def clean_thresholds(self) -> list[int]:
        text = self.cleaned_data["thresholds"].replace(";", ",")
        try:
            return sorted({int(part) for part in text.split(",") if part.strip()})
        except ValueError as error:
            raise forms.ValidationError(_("Write whole numbers with commas between them")) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("decay") != "none" and not data.get("decay_days"):
            self.add_error("decay_days", _("Say how many days"))
        bands = self._bands(data)
        if not self.errors and (problem := rules.bands_problem(bands)):
            order = problem.startswith("each band must begin")
            self.add_error(None, _("Each band must begin above the one before") if order else problem)
        data["bands"] = bands
        return data

    def _key(self, n: int, name: str) -> str:
        """That of the band as it was; a new score takes over those that were proposed and kept."""
        if n < len(self.keys) and (not self.fresh or band_name({"key": self.keys[n], "name": ""}) == name):
            return self.keys[n]
        return slugify(name)[:20].strip("-_") or f"band-{n + 1}"

    def _bands(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        out: list[dict[str, Any]] = []
        for n in range(BANDS):
            name = (data.get(f"band{n}_name") or "").strip()
            if not name:
                continue
            key = self._key(n, name)
            known = {"key": key, "name": ""}
            same = band_name(known) == name and key in rules.BANDS
            start = data.get(f"band{n}_start")
            if n and start is None:
                self.add_error(f"band{n}_start", _("Say where it begins"))
            out.append(
                {
                    "key": key,
                    "name": "" if same else name,
                    "hue": data.get(f"band{n}_hue"),
                    "start": start if out else None,
                }
            )
        return out

    def values(self) -> dict[str, Any]:
        """What the actions take."""
        names = ("name", "description", "bands", "thresholds", "decay", "rollup")
        return {name: self.cleaned_data[name] for name in names} | {"decay_days": self.cleaned_data["decay_days"] or 0}


class RuleForm(forms.Form):
    """A scoring rule: what it is about as JSON (the editor fills it in), points, limits, and from when it counts."""

    name = forms.CharField(label=_("Name"), max_length=120)
    points = forms.IntegerField(label=_("Points"), min_value=-10_000, max_value=10_000, help_text=_("Minus takes"))
    definition = forms.CharField(label=pgettext_lazy("rule", "When"), widget=forms.HiddenInput)
    cap = forms.IntegerField(label=_("At most this many points"), min_value=1, max_value=1_000_000, required=False)
    cap_per = forms.ChoiceField(label=_("Within"), choices=ScoreRule.CapPer.choices, required=False)
    times = forms.IntegerField(label=_("At most so often"), min_value=1, max_value=1_000_000, required=False)
    times_per = forms.ChoiceField(label=_("Within"), choices=ScoreRule.CapPer.choices, required=False)
    cap_total = forms.IntegerField(
        label=_("All in all, at most this many points"), min_value=1, max_value=1_000_000, required=False
    )
    active = forms.BooleanField(
        label=_("Active"), required=False, initial=True, widget=forms.CheckboxInput({"class": "cb"})
    )
    past = forms.ChoiceField(
        label=_("What happened before"),
        choices=[("", _("Count from now on")), ("yes", _("Recompute the past"))],
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, standing: bool, rule: ScoreRule | None = None, **kwargs: Any) -> None:
        self.standing = standing
        if rule is not None:
            names = ("name", "points", "cap", "cap_per", "times", "times_per", "cap_total", "active")
            kwargs["initial"] = {name: getattr(rule, name) for name in names}
        else:
            kwargs["initial"] = {"points": 10}
        super().__init__(*args, **kwargs)
        if standing:
            for name in ("cap", "cap_per", "times", "times_per", "cap_total", "past"):
                del self.fields[name]

    def clean_definition(self) -> dict[str, Any]:
        """{"condition": ...}, or {"kind": ..., "where": ...}."""
        try:
            condition = json.loads(self.cleaned_data["definition"])
            parse(condition)
        except json.JSONDecodeError as error:
            raise forms.ValidationError(_("This is not JSON: %(error)s") % {"error": error}) from error
        except ConditionError as error:
            raise forms.ValidationError([p.message for p in error.problems]) from error
        if self.standing:
            if not (condition.get("all") or condition.get("any") or condition.keys() - {"all", "any"}):
                raise forms.ValidationError(_("Say for whom the rule counts"))
            return {"condition": condition}
        return event_of(condition)

    def clean_points(self) -> int:
        points: int = self.cleaned_data["points"]
        if not points:
            raise forms.ValidationError(_("A rule of 0 points does nothing"))
        return points

    def values(self) -> dict[str, Any]:
        """What the actions take."""
        data = self.cleaned_data
        out = {"name": data["name"], "points": data["points"], "active": data["active"], **data["definition"]}
        if not self.standing:
            out |= {name: data[name] for name in ("cap", "times", "cap_total")}
            out |= {name: data[name] or "day" for name in ("cap_per", "times_per")} | {"past": bool(data["past"])}
        return out


def event_of(condition: Any) -> dict[str, Any]:
    """Kind and properties of the one event that a condition is about. Raises ValidationError."""
    leaf = condition
    while isinstance(leaf, dict) and len(leaf) == 1 and isinstance(inner := leaf.get("all", leaf.get("any")), list):
        if len(inner) != 1:
            raise forms.ValidationError(_("A rule is about one event: choose it, and make another rule for another"))
        leaf = inner[0]
    if not isinstance(leaf, dict) or "event" not in leaf or leaf.keys() - {"event", "where"}:
        raise forms.ValidationError(_("A rule is about one event and its properties"))
    return {"kind": leaf["event"], "where": leaf.get("where", [])}
