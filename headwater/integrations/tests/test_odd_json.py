"""Odd JSON for every operation of segments, scores, journeys, orders, tickets, forms and texts: whatever comes, the
answer is JSON and never a 500.

What works is changed in a place or three, at random but always in the same way (`HEADWATER_ODD=SEED:REQUESTS` for
more), and sent. Everything is rolled back after each request."""

from __future__ import annotations

import copy
import json
import os
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from headwater.accounts.models import User
from headwater.audience import actions as audience
from headwater.capture.actions import create_form
from headwater.integrations.api import api
from headwater.journeys import actions as journeys
from headwater.journeys.actions import exchange
from headwater.people.actions import create_contact
from headwater.sales import actions as sales
from headwater.service.actions import NewTicket, create_ticket
from headwater.service.actions.queues import ensure_queue

pytestmark = pytest.mark.django_db
SEED, REQUESTS = (int(part) for part in os.environ.get("HEADWATER_ODD", "7:450").split(":"))
PLACES = (
    "/segments",
    "/scoring",
    "/people",
    "/companies",
    "/journeys",
    "/schemas",
    "/contacts/{int:person_id}/",
    "/orders",
    "/tickets",
    "/queues",
    "/workspace/queues",
    "/forms",
    "/sites",
    "/texts",
    "/text-templates",
    "/mails",
)


def _deep(levels: int) -> dict[str, Any]:
    out: dict[str, Any] = {"tag": "a"}
    for _ in range(levels):
        out = {"not": out}
    return out


ODD: list[Any] = [
    None, True, 0, -1, 1.5, 2**31, 2**63, 10**400, float("inf"), float("nan"), "", " ", "\0", "a\0b", "\ud800", "😀",
    "x" * 5000, [], {}, [[]], [None], [1, 2], ["a"], {"a": 1}, [{}], {"": ""}, _deep(11), _deep(40), _deep(300),
    {"all": [{"tag": "x"}] * 101}, ["a"] * 1001, "9999-12-31", "0001-01-01", "2024-02-30", "999999w", "7305d", "-1d",
    "9998-12-31T23:59:59.999999+14:00", "25:00", "Nowhere/Land", "(((a{50}){50}){50})", "(x+x+)+y", "[", "a{1,", "%s",
    "{{ 1/0 }}", "{{ contact.", "engagement", "page.viewed", "contact.birthday", "company.roles", "in", "between",
    "anniversary", "held_for", "matches", "empty", {"op": [], "value": []}, {"amount": 1e300, "unit": "days"},
]  # fmt: skip
CONDITIONS: list[Any] = [
    {"field": "contact.country", "op": "in", "value": ["KR", "US"]},
    {"field": "contact.email", "op": "matches", "value": "^a.*b$"},
    {"field": "contact.birthday", "op": "anniversary", "value": "7d"},
    {"field": "contact.when", "as": "datetime", "op": "within_next", "value": "7d"},
    {"field": "contact.plan", "op": "held_for", "value": "7d", "equals": "trial"},
    {"field": "company.roles", "op": "has_any", "value": ["customer"]},
    {"field": "contact.custom.money", "as": "money", "op": "between", "value": [1, 2]},
    {"tag": "vip"},
    {"score": "engagement", "of": "company", "op": "between", "value": [1, 2]},
    {"score": "engagement", "band": "hot"},
    {"interest": "pricing", "op": "gte", "value": 3, "within": "30d"},
    {"segment": "base"},
    {"consent": "email", "topic": "news", "state": "granted"},
    {"random": 10, "seed": 3},
    {"event": "page.viewed", "count": {"op": "between", "value": [1, 3]}, "within": "30d",
     "where": [{"prop": "path", "op": "starts_with", "value": "/p"}, {"prop": "n", "op": "gt", "value": 3}]},
    {"event": "page.viewed", "between": ["2026-01-01", "2026-02-01"],
     "sum": {"prop": "amount", "op": "gte", "value": 500}},
    {"event": "page.viewed", "first": {"op": "within", "value": "30d"}, "last": {"op": "older_than", "value": "1d"}},
    {"deal": [{"field": "amount", "op": "gt", "value": 500}], "count": {"op": "gte", "value": 1}},
    {"ticket": [{"field": "overdue", "op": "eq", "value": True}, {"field": "reply_minutes", "op": "gt", "value": 5}],
     "avg": {"field": "reply_minutes", "op": "between", "value": [1, 9]}},
    {"order": [{"field": "sku", "op": "ne", "value": "A"}, {"field": "placed_at", "op": "within", "value": "90d"}],
     "sum": {"field": "total", "op": "gte", "value": 1000}},
]  # fmt: skip
ORDER = {
    "source": "Shop", "key": "1", "number": "7", "email": "a@x.example", "person": {"first_name": "A"},
    "status": "paid", "currency": "EUR", "total": "10.00", "discount": 1, "tax": 0, "shipping": 2.5,
    "refunded": 0, "coupon": "X", "note": "n", "placed_at": "2026-11-01T00:00:00Z", "paid_at": "2026-11-02T00:00:00Z",
    "lines": [{"name": "Lamp", "sku": "L", "quantity": 2, "unit_price": "4.50", "discount": 0, "total": 9}],
}  # fmt: skip
TICKET = {
    "subject": "Import fails", "description": "x", "person_id": 1, "company_id": None, "kind": "technical",
    "queue_id": None, "priority": "high", "assignee_id": None, "source": "shop", "key": "k",
}  # fmt: skip
CHANGE = {**TICKET, "status": "pending", "version": 1}
QUEUE = {"name": "VIP", "targets": {"urgent": {"reply": 30, "solution": 240}, "low": {"reply": None, "solution": None}},
         "hours": {"days": ["mon", "tue"], "opens": "09:00", "closes": "17:00"}}  # fmt: skip
FORM = {
    "name": "F", "slug": "f-2", "title": "T", "intro": "I", "button": "B", "consent_text": "C",
    "consent_required": True, "sms_consent_text": "S", "sms_consent_required": False, "country": "DE",
    "thanks": "redirect", "redirect_url": "/x", "asset_id": None, "tags": ["a"], "active": True,
    "fields": [{"label": "E-mail", "key": "email", "type": "email", "required": True, "maps_to": "email"},
               {"label": "Mobile", "key": "mobile", "type": "phone", "maps_to": "phone", "value": ""},
               {"label": "Size", "key": "size", "type": "select", "options": ["1", "2"]}],
}  # fmt: skip
SENT = {
    "answers": {"email": "b@x.example", "mobile": "+4915123456789", "size": "1"}, "consent": True, "consent_sms": True,
    "visitor": "visitor-0001", "url": "https://x.example/?utm_source=a", "key": "k", "country": "DE",
}  # fmt: skip
TEXT = {"name": "T", "body": "Hi {{ contact.first_name }} https://x.example/a", "opt_out": "STOP", "sender": "Shop",
        "purpose": "marketing"}  # fmt: skip
RULE = {
    "name": "R",
    "kind": "page.viewed",
    "points": 3,
    "where": [{"prop": "path", "op": "eq", "value": "/"}],
    "cap": 3,
}
BANDS = [{"key": "cold", "start": None}, {"key": "warm", "hue": 3, "start": 10}, {"key": "hot", "start": 20}]
MODEL = {"name": "M", "bands": BANDS, "thresholds": [1, 2], "decay": "half", "decay_days": 30, "rollup": "sum"}
TOPIC = {"name": "T", "signs": [{"match": "keyword", "value": "abc"}], "hue": 3, "decay": "half", "decay_days": 30}


def _bodies(person: int, graphs: list[Any], files: list[Any]) -> dict[str, list[Any]]:
    """Operation -> bodies that it takes."""
    return {
        "POST /segments/check": [{"definition": c, "key": "base"} for c in CONDITIONS],
        "POST /segments": [{"name": "N", "definition": c} for c in CONDITIONS],
        "PATCH /segments/{segment_id}": [{"name": "N", "definition": c} for c in CONDITIONS],
        "POST /segments/preview": [{"definition": c, "key": "base"} for c in CONDITIONS],
        "POST /segments/{segment_id}/picked": [{"people": [person], "side": "in", "reason": "x"}],
        "POST /people/{person_id}/score": [{"points": 3, "reason": "x"}],
        "POST /scoring/models": [MODEL],
        "PATCH /scoring/models/{key}": [MODEL],
        "POST /scoring/rules": [RULE, *({"name": "R", "points": 3, "condition": c} for c in CONDITIONS)],
        "PATCH /scoring/rules/{rule_id}": [RULE],
        "POST /scoring/topics": [TOPIC],
        "PUT /scoring/topics/{key}": [TOPIC],
        "POST /orders": [ORDER],
        "POST /orders/bulk": [[ORDER, {"number": "8"}]],
        "PATCH /orders/{order_id}": [{"number": "9", "lines": ORDER["lines"], "person_id": person, "version": 1}],
        "POST /orders/{order_id}/cancel": [{"reason": "x", "version": 1}],
        "POST /orders/{order_id}/refund": [{"amount": "1.00", "version": 1}],
        "POST /tickets": [{**TICKET, "person_id": person}],
        "PATCH /tickets/{ticket_id}": [{**{k: v for k, v in CHANGE.items() if k != "key"}, "person_id": person}],
        "POST /tickets/{ticket_id}/reply": [{"text": "Which file?", "then": "pending", "version": 1, "key": "r"}],
        "POST /tickets/{ticket_id}/answer": [{"text": "This one", "key": "a"}],
        "POST /tickets/{ticket_id}/note": [{"text": "A bug", "key": "n"}],
        "POST /workspace/queues": [QUEUE],
        "PATCH /workspace/queues/{queue_id}": [QUEUE],
        "POST /forms": [FORM],
        "PATCH /forms/{form_id}": [{k: v for k, v in FORM.items() if k not in ("slug", "thanks", "asset_id")}],
        "POST /forms/{form_id}/submissions": [SENT],
        "POST /sites": [{"name": "S", "allowed_origins": ["https://x.example"], "count_automated": False}],
        "POST /texts": [{"person_id": person, "template_id": 1, "key": "k"}],
        "POST /text-templates": [TEXT],
        "POST /journeys/validate": [{"graph": g} for g in graphs],
        "PUT /journeys/{pk}/draft": [{"graph": g, "name": "N"} for g in graphs],
        "POST /journeys": [{"name": "N", "graph": g} for g in graphs],
        "PATCH /journeys/{pk}": [{"name": "N", "graph": g} for g in graphs],
        "POST /journeys/import": [{"journey": f} for f in files],
        "POST /journeys/{pk}/publish": [{"people": "move", "mapping": {"a": "b"}, "revision": 1}],
        "POST /journeys/{pk}/rollback": [{"version": 1, "people": "move", "mapping": {"a": "b"}}],
        "POST /journeys/{pk}/test": [{"person_id": person, "event": {"path": "/"}, "mails": {"m": "opened"}}],
        "POST /journeys/{pk}/simulations": [{"days": 30, "opens": "rates"}],
        "POST /journeys/{pk}/enter": [{"person_ids": [person], "key": "k"}],
    }


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(value, (dict, list)):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(one, (*at, key))


def _odd(draw: random.Random, body: Any) -> Any:
    """The body with something odd in one to three places."""
    body = copy.deepcopy(body)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        places = [at for at in _places(body) if at]
        if not places:
            return body
        *way, last = draw.choice(places)
        inner = body
        for key in way:
            inner = inner[key]
        new = copy.deepcopy(draw.choice([*ODD, *CONDITIONS[:4]]))
        if isinstance(inner, dict) and draw.random() < 0.2:
            last, new = (
                draw.choice(("extra", "op", "within", "kind", "next", "since", "\0")),
                copy.deepcopy(draw.choice(ODD)),
            )
        if isinstance(inner, list) and draw.random() < 0.2:
            inner.append(new)
        else:
            inner[last] = new
    return body


def _operations() -> list[tuple[str, str, list[str]]]:
    """(method, path, names in the query) of what is asked."""
    found = []
    for _prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for op in view.operations if path.startswith(PLACES) else ():
                asked = [m for m in op.models if m.__ninja_param_source__ == "query"]
                names = [name for m in asked for name in m.__ninja_flatten_map__]
                found += [(method, path, names) for method in op.methods]
    return found


def test_odd_json_is_refused_or_taken_and_never_breaks_anything() -> None:
    draw = random.Random(SEED)
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin"))
    person = create_contact(actor="system", email="ana@x.example", name="Ana").pk
    segment = audience.create_segment(name="Base", key="base", definition={"tag": "vip"}, actor="user:1")
    rule = audience.create_rule(name="R", kind="page.viewed", points=3, actor="user:1")
    made = [journeys.install(s, actor="user:1") for s in ("trial-to-paid", "abandoned-cart", "webinar", "birthday")]
    order = sales.place_orders([sales.NewOrder("Shop", "1", person_id=person)], actor="user:1")[0].order_id
    ticket = create_ticket(NewTicket(person, "Import fails"), actor="user:1")
    form = create_form(actor="user:1", **FORM)
    bodies = _bodies(person, [j.draft for j in made], [exchange.export_journey(j.pk) for j in made])
    ids = {"segment_id": segment.pk, "rule_id": rule.pk, "person_id": person, "pk": made[0].pk, "key": "engagement",
           "slug": "webinar", "source": "props", "call_id": "0" * 32, "company_id": 1, "number": 1,
           "order_id": order, "ticket_id": ticket, "queue_id": ensure_queue().pk, "form_id": form.pk, "site_id": 1,
           "template_id": 1, "message_id": "0" * 32, "device": "0" * 32}  # fmt: skip
    fixed = dict(ids)
    operations = _operations()
    likely = [one for one in operations if f"{one[0]} {re.sub('{[a-z]+:', '{', one[1])}" in bodies]
    assert len(likely) == len(bodies)
    broken = []
    for _ in range(REQUESTS):
        method, path, names = draw.choice(likely if draw.random() < 0.7 else operations)
        path = re.sub("{[a-z]+:", "{", path)
        body = _odd(draw, draw.choice(bodies.get(f"{method} {path}", ODD)))
        query = {n: str(draw.choice(ODD))[:99].replace("\ud800", "") for n in names if draw.random() < 0.4}
        if draw.random() < 0.1:
            ids |= {name: draw.choice((0, 2**31, 2**63, "x", "%00")) for name in re.findall("{(.+?)}", path)[:1]}
        url = path.format(**ids)
        ids |= fixed
        with transaction.atomic():
            answer = client.generic(
                method, f"/api/v1{url}", json.dumps(body), content_type="application/json", query_params=query or None
            )
            transaction.set_rollback(True)
        if answer.status_code >= 500 or (answer.content and not answer["Content-Type"].startswith("application/json")):
            broken.append((method, url, query, json.dumps(body)[:2000], answer.content[:200]))
    assert broken == []
