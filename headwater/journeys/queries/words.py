"""Rules and causes in a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from headwater.audience.compiler import ConditionError, parse, summary
from headwater.audience.compiler.words import band_name, kind_label
from headwater.audience.models import ScoreModel, Segment, default_bands
from headwater.audience.queries import ENGAGEMENT
from headwater.capture.models import Form
from headwater.core.facts import KINDS as KNOWN
from headwater.core.facts import look_of, revive
from headwater.core.ids import id_of
from headwater.people.models import Stage
from headwater.sales.models import PipelineStage

from ..engine import deciding
from ..engine.base import STEPS
from ..engine.fields import DATE_FIELDS, Text, said_day
from ..engine.fields.messages import MESSAGES, message_leaf
from ..engine.messages import template_of
from ..engine.rulebook import KINDS
from ..rules.duration import RuleError
from .called import Names, called, record_of, without_tags

Rule = Mapping[str, Any]


def title(step: Mapping[str, Any], steps: Any = None, names: Names | None = None) -> str:
    """A step in a few words: the name it was given, or what its settings say. steps: those of its graph, for one that
    names another. names: what `called` says of many steps; without it this one asks for itself."""
    kind = STEPS[step["kind"]]
    settings = step.get("settings") or {}
    about = record_of(step)
    if about is not None:
        settings = {**settings, "called": (called({"": step}) if names is None else names).get(about, "")}
    try:
        if kind.names_step and not settings.get(kind.names_step):
            return str(step.get("title") or kind.label)
        if kind.names_step:
            settings = {**settings, kind.names_step: name_of_step(settings.get(kind.names_step), steps)}
        first = kind.fields[0] if kind.fields else None
        if isinstance(first, Text) and first.required and not settings.get(first.name):
            return str(step.get("title") or kind.label)  # nothing to say yet
        if not settings.get("name") and (asked := _asked(settings)):
            settings = {**settings, "name": _short(condition(asked, steps))}
        return str(step.get("title") or without_tags(kind.summary(settings)) or kind.label)
    except (RuleError, KeyError, TypeError, ValueError, AttributeError):
        return str(kind.label)


def _asked(settings: Mapping[str, Any]) -> Any:
    """What a step asks for, where its ways do not say it: what is waited for; of a branch that asks one thing and
    answers yes or no, that thing."""
    if isinstance(settings.get("until"), Mapping):
        return settings["until"]
    arms = settings.get("arms") or []
    return arms[0].get("when") if len(arms) == 1 and arms[0].get("label") in ("Yes", _("Yes")) else None


def _short(words: str) -> str:
    """The beginning of a sentence, as the name of a step: whole words, 60 characters at most."""
    text = words[:1].upper() + words[1:]
    return text if len(text) <= 60 else f"{text[:59].rsplit(' ', 1)[0]}…"


def name_of_step(key: Any, steps: Any) -> str:
    """The name of another step of the same graph, or its id where it is none."""
    found = steps.get(key) if isinstance(steps, Mapping) and isinstance(key, str) else None
    return title(found) if isinstance(found, Mapping) and found.get("kind") in STEPS else str(key or "")


def said(rule: Rule, *, names: bool = True, steps: Any = None) -> str:
    """A rule of entry, exit or goal in a few words. names: ask the database what chosen records are called. steps: of
    the graph, so that conditions name them."""
    if rule.get("kind") == "condition":
        return condition(rule.get("when"), steps)
    say, kind = _SAY.get(str(rule.get("kind"))), KINDS.get(str(rule.get("kind")))
    if kind and any(f.required and rule.get(f.name) in (None, "") for f in kind.fields):
        return str(kind.label)  # not filled in yet
    return str(say(rule, names)) if say else str(_("By hand or API"))


def _form(rule: Rule, names: bool) -> str:
    return _("Form: %(name)s") % {"name": _name_of(Form, rule.get("form"), names) or _("any")}


def _segment(rule: Rule, names: bool) -> str:
    words = _("Segment: %(name)s") if rule["kind"] == "segment" else _("Left segment: %(name)s")
    return words % {"name": _name_of(Segment, rule.get("segment"), names) or rule.get("segment")}


def _score(rule: Rule, names: bool) -> str:
    model, score = _model(rule, names)
    key = str(rule.get("band") or "")
    band = next((band_name(b) for b in (model.bands if model else default_bands()) if b["key"] == key), key)
    words = {"up": _("%(score)s rises to %(band)s"), "down": _("%(score)s falls to %(band)s")}
    return words.get(str(rule.get("direction")), _("%(score)s turns %(band)s")) % {"score": score, "band": band}


def _points(rule: Rule, names: bool) -> str:
    down = rule.get("direction") == "down"
    words = _("%(score)s falls below %(points)s") if down else _("%(score)s reaches %(points)s")
    return words % {"points": rule.get("points"), "score": _model(rule, names)[1]}


def _model(rule: Rule, names: bool) -> tuple[ScoreModel | None, str]:
    """The score that a rule names, and what it is called: the lead score simply a score."""
    key = str(rule.get("model") or ENGAGEMENT)
    found = ScoreModel.objects.filter(key=key).first() if names else None
    name = found.name if found else key
    return found, str(_("Score")) if key == ENGAGEMENT else name


def _stage(rule: Rule, names: bool) -> str:
    return _("Stage: %(name)s") % {"name": dict(Stage.choices).get(str(rule.get("stage")), rule.get("stage"))}


def _deal(rule: Rule, names: bool) -> str:
    what = str(rule.get("what"))
    if what == "moved":
        name = _name_of(PipelineStage, rule.get("stage"), names)
        return _("Deal moved to %(stage)s") % {"stage": name} if name else _("Deal moved")
    words = {"created": _("Deal opened"), "won": _("Deal won"), "lost": _("Deal lost")}.get(what, what)
    if rule.get("least"):
        return _("%(what)s, worth %(n)s and over") % {"what": words, "n": f"{rule['least']:,}"}
    return words


def _date(rule: Rule, names: bool) -> str:
    field = str(rule.get("field") or "")
    name = DATE_FIELDS.get(field) or field.rpartition(".")[2].replace("_", " ")
    days = int(rule.get("days") or 0)
    if not days:
        return _("%(date)s has come") % {"date": name}
    words = _("%(n)s days after %(date)s") if rule.get("side") == "after" else _("%(n)s days before %(date)s")
    return words % {"n": days, "date": name}


def _schedule(rule: Rule, names: bool) -> str:
    segment = _name_of(Segment, rule.get("segment"), names) or rule.get("segment")
    every = {"day": _("every day"), "week": _("every week"), "month": _("every month")}.get(str(rule.get("every")))
    when = str(rule.get("from") or "")
    return f"{segment}: {every}, {when[11:]}" if every else f"{segment}: {said_day(when)}"


def event_name(kind: str) -> str:
    """A kind of event in few words; an own one by its kind."""
    if kind not in KNOWN:
        return str(_EVENTS.get(kind) or kind)
    label = str(_EVENTS.get(kind) or kind_label(kind))
    return label[:1].upper() + label[1:]


def _event(rule: Rule, names: bool) -> str:
    kind, where = str(rule.get("event")), rule.get("where") or []
    name = event_name(kind)
    values = [str(w["value"]) for w in where if isinstance(w, Mapping) and w.get("value") not in (None, "")]
    return f"{name}: {', '.join(values)}" if values else name


_SAY: dict[str, Callable[[Rule, bool], Any]] = {
    "form": _form,
    "segment": _segment,
    "left_segment": _segment,
    "tag": lambda rule, names: _("Tag: %(name)s") % {"name": rule.get("tag")},
    "untag": lambda rule, names: _("Tag removed: %(name)s") % {"name": rule.get("tag")},
    "score": _score,
    "points": _points,
    "stage": _stage,
    "deal": _deal,
    "date": _date,
    "schedule": _schedule,
    "event": _event,
}


def _name_of(model: type[Form] | type[Segment] | type[PipelineStage], pk: Any, names: bool) -> str | None:
    if not names or id_of(pk) is None:
        return None
    found: str | None = model._default_manager.filter(pk=str(pk)).values_list("name", flat=True).first()
    return found


#: kinds of fact in few words, for boxes
_EVENTS = {
    "trial.started": gettext_lazy("Trial started"),
    "page.viewed": gettext_lazy("Page viewed"),
    "mail.unsubscribed": gettext_lazy("Unsubscribed"),
    "form.submitted": gettext_lazy("Form sent"),
    "lead.accepted": gettext_lazy("Lead accepted"),
    "asset.downloaded": gettext_lazy("Download"),
    "cart.updated": gettext_lazy("Cart changed"),
    "order.placed": gettext_lazy("Order placed"),
    "survey.answered": gettext_lazy("Survey answered"),
    "webinar.attended": gettext_lazy("Webinar attended"),
    "trial.activated": gettext_lazy("Trial set up"),
    "subscription.renewed": gettext_lazy("Contract renewed"),
}


def condition(node: Any, steps: Any = None) -> str:
    """A condition of a branch, a wait or an exit in plain words. steps: of the graph, by which it names them."""
    if not isinstance(node, Mapping) or not node:
        return ""
    for key, joint in (("all", _(" and ")), ("any", _(" or "))):
        if key in node:
            return joint.join(condition(child, steps) for child in node[key])
    if "not" in node:
        return str(_("not: %(what)s") % {"what": condition(node["not"], steps)})
    if leaf := message_leaf(node):
        found = steps.get(node[leaf]) if isinstance(steps, Mapping) and isinstance(node[leaf], str) else None
        asks = MESSAGES.get(template_of(found, leaf)[0], MESSAGES[leaf]).asks
        values = {"did": asks.get(node.get("did", ""), ("", ""))[1], "step": name_of_step(node[leaf], steps)}
        return str(_("%(did)s of step “%(step)s”") % values)
    if deciding.own(node):
        event = said({"kind": "event", "event": node["event"], "where": node.get("where")})
        count = node.get("count") or {}
        if count:
            event += f", {_COUNTS.get(count.get('op', 'gte'), '')} {_times(count.get('value'))}"
        if node.get("within"):
            event += ", " + _("within %(time)s") % {"time": node["within"]}
        return f"{event} ({_SINCE.get(node['since'], '')})"
    try:
        return str(summary(parse(dict(node))))
    except ConditionError:
        return "…"  # still being written: what is missing is said beside it


_SINCE = {
    "entry": gettext_lazy("since entry"),
    "arrival": gettext_lazy("since arriving here"),
    "cause": gettext_lazy("what let her in"),
    "waited": gettext_lazy("what she waited for"),
}
_COUNTS = {"eq": "=", "ne": "≠", "gt": ">", "gte": "≥", "lt": "<", "lte": "≤", "between": ""}


def _times(value: Any) -> str:
    return f"{value[0]}–{value[1]} ×" if isinstance(value, list) and len(value) == 2 else f"{value} ×"


def why(cause: Mapping[str, Any]) -> str:
    """What let her in, in words."""
    kind = str(cause.get("kind", ""))
    if kind in ("", "manual"):
        return str(_("Added by hand"))
    data = cause.get("data") or {}
    if kind == "date":
        return str(
            _("%(date)s on %(day)s") % {"date": _date({**data, "days": 0}, False), "day": said_day(data.get("day"))}
        )
    if kind == "journey":
        return str(_("Started by another journey"))
    if kind == "schedule":
        return str(_("By schedule on %(day)s") % {"day": said_day(data.get("day"))})
    name = {
        "form.submitted": _("Sent the form %(x)s") % {"x": data.get("name", "")},
        "segment.entered": _("Entered the segment %(x)s") % {"x": data.get("name", "")},
        "tag.added": _("Got the tag %(x)s") % {"x": data.get("tag", "")},
        "score.band_changed": _("Score turned %(x)s") % {"x": data.get("after", "")},
        "stage.changed": _("Stage became %(x)s") % {"x": data.get("after", "")},
        "trial.started": _("Started a trial"),
        "page.viewed": _("Viewed %(x)s") % {"x": data.get("title") or data.get("path", "")},
    }.get(kind)
    if name:
        return str(name)
    fact = revive(kind, data)
    try:
        return (
            str(_(look_of(kind).says)).format(
                person=_("The person"), actor="", **{k: getattr(fact, k) for k in dir(fact) if not k.startswith("_")}
            )
            if fact
            else kind
        )
    except (KeyError, ValueError, IndexError):
        return kind
