"""No operation takes a parameter that it does not know: a filter that was mistyped would answer with everything."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja.operation import Operation

from .errors import error


def strict(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """An operation's `run` that answers 422 where the query names what the operation does not take."""
    operation: Operation = run.__self__  # type: ignore[attr-defined]
    known = _parameters(operation)

    @wraps(run)
    def checked(request: HttpRequest, **values: Any) -> HttpResponse:
        unknown = sorted(set(request.GET) - known)
        if not unknown:
            return run(request, **values)
        takes = ", ".join(f"`{name}`" for name in sorted(known)) or "none"
        errors = [
            {"field": f"query.{name}", "reason": f"There is no parameter `{name}` here. There is: {takes}."}
            for name in unknown
        ]
        return error(422, errors[0]["reason"] if len(errors) == 1 else f"{len(errors)} parameters are unknown.", errors)

    return checked


def _parameters(operation: Operation) -> set[str]:
    """The names that an operation reads from the query."""
    models = [m for m in operation.models if m.__ninja_param_source__ == "query"]
    return {name for m in models for name in m.__ninja_flatten_map__}
