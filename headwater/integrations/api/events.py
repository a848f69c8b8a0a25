"""`POST /events`. Over HTTP the collector answers it before Django is asked; this is its place in the reference, and
what the command line runs: the same decoding, checks and storing."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router

from headwater.capture.collect.answers import Answer
from headwater.capture.collect.doors import Door
from headwater.capture.collect.http import Collector
from headwater.capture.collect.store import Away, Full, Refused
from headwater.capture.collect.wire import MAX_BODY, ApiEvent, BadBody

router = Router(tags=["events"])


def _schema() -> dict[str, Any]:
    """The request's schema, from the very types that decode it."""
    (_,), parts = msgspec.json.schema_components([ApiEvent], ref_template="#/components/schemas/{name}")
    one: dict[str, Any] = parts["ApiEvent"]
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 500}]},
                    "examples": {
                        "one": {
                            "value": {
                                "event": "trial.started",
                                "email": "ana@example.com",
                                "properties": {"plan": "team"},
                            }
                        }
                    },
                }
            },
        },
        "responses": {
            "202": {"description": 'Committed: `{"accepted": n}`'},
            "401": {"description": "No key, or an unknown one"},
            "403": {"description": "The key lacks `events:write`"},
            "413": {"description": "Body or list too large"},
            "422": {"description": "Which item and field is wrong and why; the good ones were kept"},
            "429": {"description": "The key sends more than it may"},
        },
    }


@router.post("/events", operation_id="post_events", openapi_extra=_schema(), summary="Send one event or a list")
def post_events(request: HttpRequest) -> HttpResponse:
    """Events of people (`email`, `contact_id`) or visitors (`visitor`): 202 only after commit; a list with bad items
    keeps the good ones and answers 422 with the index, field and reason of the others. At most 500 events and
    256 KB."""
    actor: str = request.actor  # type: ignore[attr-defined]
    status, body = async_to_sync(_take)(request.body, actor)
    return JsonResponse(body, status=status)


async def _take(body: bytes, actor: str) -> tuple[int, dict[str, Any]]:
    if len(body) > MAX_BODY:
        return 413, {"error": "too_large", "reason": f"the body has more than {MAX_BODY} bytes"}
    collector = Collector()
    door = Door(0, actor if actor.startswith("api:") else "api:0")
    try:
        answer = await collector.take(door, body)
    except Answer as decided:
        answer = decided
    except BadBody as bad:
        answer = Answer(bad.status, {"accepted": 0, "errors": [bad.problem]})
    except Refused as why:
        answer = Answer(422, {"error": "refused", "reason": str(why)})
    except (Away, Full):
        answer = Answer(503, {"error": "database", "reason": "not stored; send this again"})
    finally:
        await _close(collector)
    return answer.status, json.loads(msgspec.json.encode(answer.body or {}))


async def _close(collector: Collector) -> None:
    store = collector.store
    if store.task is not None:
        await store.task
    store.untold = False
    if store.connection is not None:
        await store.connection.close()


__all__ = ["router"]
