"""What providers of texts call: receipts and what people write to us; and the short links in texts."""

from __future__ import annotations

import hmac
import json

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from headwater.content.queries import workspace_context

from .. import actions, texts
from ..channels.sms import Provider
from ..queries.links import inbound_secret, read_short, read_token
from .public import follow

#: What Twilio takes for "nothing to answer": it answers STOP and HELP itself
_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
#: Larger ones are no calls of a provider
_LONGEST = 100_000


@login_not_required
@never_cache
@require_safe
def click(request: HttpRequest, token: str) -> HttpResponse:
    """A link in a text: count it and go on."""
    return follow(request, read_short(token))


@csrf_exempt  # a provider calls; its signature, or the secret in the address, is the proof
@login_not_required
@require_http_methods(["GET", "POST"])
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """What became of a text."""
    told, found = read_token("receipt", token), texts.provider()
    if told is None or found is None:
        raise Http404
    params = _params(request)
    if not _genuine(request, found, params):
        return HttpResponse("This call is not signed by the provider.\n", status=403, content_type="text/plain")
    actions.record_receipt(told.person_id, told.message_id, found.receipt(params))
    return HttpResponse(status=204)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "POST"])
def inbound(request: HttpRequest, secret: str) -> HttpResponse:
    """What somebody wrote to our number. The answer is what the provider expects: nothing more to do."""
    found = texts.provider()
    if found is None or not hmac.compare_digest(secret.encode(), inbound_secret().encode()):
        raise Http404
    params = _params(request)
    if not _genuine(request, found, params):
        return HttpResponse("This call is not signed by the provider.\n", status=403, content_type="text/plain")
    said = found.inbound(params)
    if said is None:
        return HttpResponse("There is no sender in this call.\n", status=400, content_type="text/plain")
    actions.record_inbound(said.sender, said.text, key=_key(params))
    if found.name == "Twilio":
        return HttpResponse(_TWIML, content_type="text/xml")
    return HttpResponse(status=204)


def _genuine(request: HttpRequest, found: Provider, params: dict[str, str]) -> bool:
    """The address as the provider knows it: a proxy in between may have changed what we see of it."""
    home = str(workspace_context()["base_url"])
    return found.genuine(f"{home}{request.get_full_path()}", params, request.headers)


def _params(request: HttpRequest) -> dict[str, str]:
    """What the call says: a form, JSON (also a list of one), or the address's own parameters."""
    if request.method == "POST" and "json" in (request.content_type or ""):
        try:
            said = json.loads(request.body[:_LONGEST])
        except ValueError:
            return {}
        if isinstance(said, list):
            said = said[0] if said else {}
        given = {k: v for k, v in said.items() if not isinstance(v, dict | list)} if isinstance(said, dict) else {}
        return {k: _kept(v) for k, v in given.items()}
    return {k: str(v) for k, v in (request.POST if request.method == "POST" else request.GET).items()}


def _kept(value: object) -> str:
    """A value as text that can be kept: JSON may say what no text may hold."""
    return str(value).encode("utf-8", "ignore").decode().replace("\0", "")


def _key(params: dict[str, str]) -> str:
    """The provider's own id of what was written."""
    for name in ("MessageSid", "messageId", "message_id", "id", "messageid"):
        if params.get(name):
            return params[name][:100]
    return ""
