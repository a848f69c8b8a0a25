"""Short ways to write the steps, rules and conditions of a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Way = str | None
Condition = dict[str, Any]


def minutes(n: int) -> dict[str, Any]:
    return {"amount": n, "unit": "minutes"}


def hours(n: int) -> dict[str, Any]:
    return {"amount": n, "unit": "hours"}


def days(n: int) -> dict[str, Any]:
    return {"amount": n, "unit": "days"}


# -- conditions --------------------------------------------------------------------------------------------------------
def happened(event: str, *where: tuple[str, str, Any], since: str = "entry", within: str = "") -> Condition:
    """An event since she came in ("entry") or to this step ("arrival"); the one that let her in ("cause") or that she
    waited for last ("waited"); within "7d": lately, also before."""
    said: Condition = {"event": event} | ({"within": within} if within else {"since": since})
    if where:
        said["where"] = [{"prop": prop, "op": op, "value": value} for prop, op, value in where]
    return said


def viewed(path: str = "", *, since: str = "entry") -> Condition:
    return happened("page.viewed", *([("path", "contains", path)] if path else []), since=since)


def did(what: str, mail: str) -> Condition:
    """What she did with a mail of the journey: "opened", "clicked". mail: the step that sent it."""
    return {"mail": mail, "did": what}


def any_of(*conditions: Condition) -> Condition:
    return {"any": list(conditions)}


def is_(field: str, value: Any) -> Condition:
    return {"field": field, "op": "eq", "value": value}


# -- steps -------------------------------------------------------------------------------------------------------------
def _step(kind: str, settings: Mapping[str, Any], then: Way, title: Any = "") -> dict[str, Any]:
    return {"kind": kind, "title": title, "settings": dict(settings), "next": then}


def parting(kind: str, settings: Mapping[str, Any], arms: Mapping[str, Way], title: Any = "") -> dict[str, Any]:
    return {"kind": kind, "title": title, "settings": dict(settings), "arms": dict(arms)}


def mail(key: str, title: Any, then: Way, *, transactional: bool = False) -> dict[str, Any]:
    more = {"purpose": "transactional"} if transactional else {}
    return _step("send_email", {"template": f"@mail:{key}"} | more, then, title)


def wait(time: Mapping[str, Any], then: Way, *, title: Any = "", **more: Any) -> dict[str, Any]:
    return _step("wait", {"for": time} | more, then, title)


def until(name: Any, condition: Condition, most: Mapping[str, Any], yes: Way, over: Way) -> dict[str, Any]:
    """Wait until something holds, at most so long."""
    return parting("wait_until", {"name": name, "until": condition, "timeout": most}, {"yes": yes, "timeout": over})


def on_day(day: str, then: Way, *, at: str = "09:00", late: Way = "") -> dict[str, Any]:
    """Wait for a set day; late: another way where it has passed."""
    settings = {"by": "date", "date": day, "at": at}
    if late == "":
        return _step("wait_date", settings, then)
    return parting("wait_date", settings | {"late": True}, {"next": then, "late": late})


def before(field: str, n: int, then: Way, late: Way, *, at: str = "09:00", side: str = "before") -> dict[str, Any]:
    """Wait until so many days before (or after) a date of the person; late: where it has passed, or there is none."""
    settings = {"by": "field", "field": field, "days": n, "side": side, "at": at, "late": True}
    return parting("wait_date", settings, {"next": then, "late": late})


def branch(
    name: Any, arms: Sequence[tuple[str, Any, Condition, Way]], other: tuple[Any, Way], *, within: Any = None
) -> dict[str, Any]:
    """arms: (id, label, condition, where it leads), tried in order; other: (label, where) for everybody else."""
    settings: dict[str, Any] = {"name": name, "else_label": other[0]}
    if within:
        settings["within"] = within
    settings["arms"] = [{"id": key, "label": label, "when": when} for key, label, when, _then in arms]
    return parting("branch", settings, {key: then for key, _label, _when, then in arms} | {"else": other[1]})


def tag(name: str, then: Way) -> dict[str, Any]:
    return _step("add_tag", {"tag": name}, then)


def untag(name: str, then: Way) -> dict[str, Any]:
    return _step("remove_tag", {"tag": name}, then)


def points(n: int, then: Way) -> dict[str, Any]:
    return _step("change_score", {"points": n}, then)


def task(title: Any, kind: str, due: Mapping[str, Any], then: Way, *, priority: str = "normal") -> dict[str, Any]:
    return _step("create_task", {"title": title, "kind": kind, "due": due, "priority": priority}, then)


def tell(text: Any, then: Way, *, to: str = "owner") -> dict[str, Any]:
    """Put it into the bell of the person's owner."""
    return _step("notify", {"to": to, "text": text}, then)


def go_to(step: str, most: int, then: Way) -> dict[str, Any]:
    return parting("jump", {"to": step, "most": most}, {"done": then})


def end(reason: Any) -> dict[str, Any]:
    return parting("exit", {"reason": reason}, {})


# -- the whole ---------------------------------------------------------------------------------------------------------
UNSUBSCRIBED = {"kind": "event", "event": "mail.unsubscribed"}
#: Mails of the business day: held until then in each person's own zone
OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}


def journey(
    start: str,
    steps: Mapping[str, Mapping[str, Any]],
    entry: Sequence[Mapping[str, Any]],
    *,
    again: str = "when_finished",
    after: Mapping[str, Any] | None = None,
    goal: Mapping[str, Any] | None = None,
    exits: Sequence[Mapping[str, Any]] = (UNSUBSCRIBED,),
    only: Condition | None = None,
    business_hours: bool = False,
) -> dict[str, Any]:
    """A graph."""
    graph: dict[str, Any] = {
        "entry": list(entry),
        "reentry": {"rule": again} | ({"after": dict(after)} if after else {}),
        "goal": goal,
        "exits": list(exits),
        "start": start,
        "steps": dict(steps),
    }
    if only:
        graph["only"] = only
    if business_hours:
        graph["hours"] = OFFICE
    return graph
