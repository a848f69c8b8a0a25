"""What service workers call: a push message was shown. And pictures of push messages, for previews."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import escape
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from ..actions.pushback import record_shown
from ..queries.links import read_token
from .frames import mail_frame


@require_safe
def picture(request: HttpRequest) -> HttpResponse:
    """?u=: a picture from elsewhere, for the frame of a preview: our own pages load none."""
    url = request.GET.get("u", "")
    if urlsplit(url).scheme not in ("https", "http"):
        raise Http404
    style = "html,body{margin:0;height:100%}img{width:100%;height:100%;object-fit:cover;display:block}"
    return mail_frame(f'<!doctype html><style>{style}</style><img alt="" src="{escape(url)}">')


@csrf_exempt  # a service worker calls, from the site's own domain; the token is the proof
@login_not_required
@never_cache
@require_POST
def shown(request: HttpRequest, token: str) -> HttpResponse:
    """A browser has shown a push message."""
    told = read_token("receipt", token)
    if told is None:
        raise Http404
    try:
        device: UUID | None = UUID(request.GET.get("b", ""))
    except ValueError:
        device = None
    record_shown(told.person_id, told.message_id, device)
    return HttpResponse(status=204)
