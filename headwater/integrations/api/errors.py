"""One shape for every error: JSON, words for people, the path of the field. Bad input is never a 500."""

from __future__ import annotations

import json
import logging
import re
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from headwater.core.paging import BadCursor

log = logging.getLogger("headwater.api")

CODES = {
    400: "malformed", 401: "not_signed_in", 403: "not_allowed", 404: "not_found", 405: "method", 409: "conflict",
    413: "too_large", 415: "media_type", 422: "invalid", 429: "rate", 500: "broken",
}  # fmt: skip


def error(status: int, reason: str, errors: list[dict[str, str]] | None = None) -> HttpResponse:
    """An error as the API says it."""
    body: dict[str, Any] = {"error": CODES.get(status, "error"), "reason": reason or HTTPStatus(status).phrase}
    if errors:
        body["errors"] = errors
    response = JsonResponse(body, status=status)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def handle_errors(api: NinjaAPI) -> None:
    """Give the API its handlers."""

    def on(kind: type[Exception], status: int, reason: str = "") -> None:
        def handler(request: HttpRequest, exc: Any) -> HttpResponse:
            return error(status, reason or str(exc))

        api.add_exception_handler(kind, handler)

    on(AuthenticationError, 401, "Sign in, or send an API key: Authorization: Bearer hw_...")
    on(PermissionDenied, 403, "You may not do this.")
    on(Http404, 404, "There is no such thing.")
    api.add_exception_handler(ObjectDoesNotExist, _gone)
    on(RequestDataTooBig, 413, "The body is too large.")
    on(SuspiciousOperation, 400, "The request cannot be read.")
    api.add_exception_handler(ValueError, _refused)
    api.add_exception_handler(BadCursor, _refused)
    on(OverflowError, 422, "A number is out of range.")
    on(DataError, 422, "A value is out of range or cannot be stored.")
    api.add_exception_handler(HttpError, _said)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(DjangoValidationError, _invalid_model)
    api.add_exception_handler(Exception, _broken)


def _said(request: HttpRequest, exc: Any) -> HttpResponse:
    return error(exc.status_code, _plain(str(exc)))


def _gone(request: HttpRequest, exc: Any) -> HttpResponse:
    said = _plain(str(exc))
    return error(404, said if said != str(exc) else "There is no such thing.")


def _plain(text: str) -> str:
    """“JourneyVersion matching query does not exist.” is Django's; people read: there is no such journey version."""
    if text == "Cannot parse request body":  # django-ninja's
        return "The body is not JSON."
    found = re.fullmatch(r"(\w+) matching query does not exist\.", text)
    if found is None:
        return text
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", found[1]).lower()
    return f"There is no such {words}."


def _invalid(request: HttpRequest, exc: Any) -> HttpResponse:
    errors = [{"field": _path(request, e.get("loc", ())), "reason": str(e.get("msg", "is wrong"))} for e in exc.errors]
    return error(422, errors[0]["reason"] if len(errors) == 1 else f"{len(errors)} values are wrong.", errors)


def _refused(request: HttpRequest, exc: Any) -> HttpResponse:
    """What an action refuses; some say it field by field in `errors` (people.rules.Invalid)."""
    found = getattr(exc, "errors", None)
    if not isinstance(found, dict):
        return error(422, str(exc))
    errors = [{"field": str(field), "reason": str(text)} for field, text in found.items()]
    return error(422, errors[0]["reason"] if len(errors) == 1 else f"{len(errors)} values are wrong.", errors)


def _invalid_model(request: HttpRequest, exc: Any) -> HttpResponse:
    found = exc.message_dict if hasattr(exc, "error_dict") else {"": exc.messages}
    errors = [{"field": field, "reason": text} for field, texts in found.items() for text in texts]
    return error(422, errors[0]["reason"], errors)


def _path(request: HttpRequest, loc: Any) -> str:
    """`body.email`, `query.limit`: without the name that the parameter has in our code."""
    parts = [str(p) for p in loc]
    if len(parts) > 2 and parts[0] == "body":
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        if not (isinstance(body, dict) and parts[1] in body):
            del parts[1]
    return ".".join(parts)


def _broken(request: HttpRequest, exc: Any) -> HttpResponse:
    log.error("api_failed", exc_info=exc, extra={"method": request.method, "path": request.path})
    return error(500, "Something broke on our side; it is in the log.")
