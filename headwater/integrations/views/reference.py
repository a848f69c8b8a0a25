"""The API's reference, and its word for paths that are none."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ..api import api
from ..api.errors import error

VERBS = ("get", "post", "put", "patch", "delete")


def nothing(request: HttpRequest) -> HttpResponse:
    return error(404, f"There is nothing at {request.path}. The reference is at /api/docs.")


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """The OpenAPI 3.1 document, as plain JSON data."""
    made: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"), default=str))
    made["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return made


@login_not_required
def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(schema())


def reference(request: HttpRequest) -> HttpResponse:
    """Every operation with its parameters and bodies, by tag."""
    doc = schema()
    groups: dict[str, list[dict[str, Any]]] = {}
    for url, verbs in doc["paths"].items():
        for verb in VERBS:
            if verb in verbs:
                operation = verbs[verb]
                tag = (operation.get("tags") or ["other"])[0]
                groups.setdefault(tag, []).append(_operation(doc, url, verb, operation))
    context = {"doc": doc, "groups": groups, "description": _words(doc["info"]["description"])}
    return render(request, "integrations/reference.html", context)


def _operation(doc: dict[str, Any], url: str, verb: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return {
        "verb": verb.upper(),
        "url": url,
        "id": operation.get("operationId", ""),
        "summary": operation.get("summary", ""),
        "description": _words(operation.get("description", "")),
        "parameters": [
            {
                "name": p["name"],
                "place": p["in"],
                "required": p.get("required", False),
                "type": _type(doc, p.get("schema", {})),
                "description": _words(p.get("description") or p.get("schema", {}).get("description", "")),
            }
            for p in operation.get("parameters", [])
        ],
        "body": json.dumps(_example(doc, body), indent=2, ensure_ascii=False) if body else "",
        "statuses": sorted(str(s) for s in operation.get("responses", {})),
    }


def _words(text: str) -> SafeString:
    """What a description says; what stands between backticks as code."""
    parts = re.split(r"`([^`]+)`", text)
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if n % 2 else part,) for n, part in enumerate(parts))
    )


def _resolve(doc: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = doc["components"]["schemas"][node["$ref"].rsplit("/", 1)[1]]
    return node


def _type(doc: dict[str, Any], node: dict[str, Any]) -> str:
    node = _resolve(doc, node)
    if "anyOf" in node:
        return " | ".join(_type(doc, one) for one in node["anyOf"])
    if "enum" in node:
        return " | ".join(map(str, node["enum"]))
    return str(node.get("format") or node.get("type") or "any")


def _example(doc: dict[str, Any], node: dict[str, Any], depth: int = 0) -> Any:
    """A value of the schema's shape; the types stand where values would."""
    node = _resolve(doc, node)
    for choice in ("anyOf", "oneOf", "allOf"):
        if node.get(choice):
            return _example(doc, node[choice][0], depth)
    if node.get("type") == "object" or "properties" in node:
        if depth > 4:
            return {}
        return {k: _example(doc, v, depth + 1) for k, v in node.get("properties", {}).items()}
    if node.get("type") == "array":
        return [_example(doc, node.get("items", {}), depth + 1)]
    return node.get("default") if node.get("default") is not None else _type(doc, node)
