"""What visitors meet: the script, hosted and embedded forms, downloads. No session, no cookie of ours is needed."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from .. import actions
from ..actions.submit import TOKEN_LIFE
from ..models import Form, Thanks
from ..rules.events import utm_of
from ..rules.forms import Invalid
from ..rules.places import country_of_language

COOKIE = "hw_v"
TRAP = "website_address"


@lru_cache(maxsize=4)
def _script(name: str) -> tuple[bytes, str]:
    path = finders.find(f"capture/{name}")
    with open(str(path), "rb") as file:
        data = file.read()
    return data, f'"{hashlib.sha256(data).hexdigest()[:20]}"'


def _served(request: HttpRequest, name: str) -> HttpResponse:
    data, etag = _script(name)
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(data, content_type="text/javascript; charset=utf-8")
    response["ETag"] = etag
    response["Cache-Control"] = "public, max-age=3600"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@login_not_required
@require_GET
def script(request: HttpRequest) -> HttpResponse:
    """/t.js: the tracking script."""
    return _served(request, "hw.min.js")


@login_not_required
@require_GET
def embed_script(request: HttpRequest, slug: str) -> HttpResponse:
    """/f/<slug>.js: puts the form where the script tag stands."""
    get_object_or_404(Form, slug=slug, active=True)
    return _served(request, "embed.js")


@login_not_required
@csrf_exempt
@xframe_options_exempt
@require_http_methods(["GET", "POST"])
def form_page(request: HttpRequest, slug: str) -> HttpResponse:
    """/f/<slug>/: the form, hosted; with ?embed=1 bare, for a frame in another site."""
    form = get_object_or_404(Form.objects.select_related("asset"), slug=slug, active=True)
    return _post(request, form) if request.method == "POST" else _show(request, form)


def _post(request: HttpRequest, form: Form) -> HttpResponse:
    token = request.POST.get("hw_token", "")
    sent = _sent(request, token)
    age = actions.token_age(form, token)
    if request.POST.get(TRAP):
        return _suspected(request, form, "honeypot", sent)
    if age is None:
        return _suspected(request, form, "no_token", sent)
    if age > TOKEN_LIFE:
        return _show(request, form, notice=gettext("This page was open for a long time. Please send it once more."))
    if age < timedelta(seconds=form.min_seconds):
        quick = gettext("That was very quick. Please press the button once more.")
        return _show(request, form, notice=quick, token=token)
    try:
        done = actions.submit_form(form, request.POST.dict(), sent=sent)
    except Invalid as problem:
        return _show(request, form, errors=problem.errors, token=token)
    return _thank(request, form, done)


def _sent(request: HttpRequest, token: str) -> actions.Submission:
    url = request.POST.get("hw_url") or request.build_absolute_uri()
    utm = {k: str(v)[:200] for k, v in request.POST.items() if k.startswith("utm_") and v}
    return actions.Submission(
        key=token,
        url=url[:2000],
        visitor=request.POST.get("hw_visitor") or request.COOKIES.get(COOKIE, ""),
        ip=request.META.get("REMOTE_ADDR", ""),
        user_agent=request.headers.get("User-Agent", "")[:300],
        utm={k: v for k, v in {**utm_of(url), **utm}.items() if k.startswith("utm_")},
        consent=bool(request.POST.get("hw_consent")),
        consent_sms=bool(request.POST.get("hw_consent_sms")),
        country=country_of_language(request.headers.get("Accept-Language", "")),
    )


def _suspected(request: HttpRequest, form: Form, reason: str, sent: actions.Submission) -> HttpResponse:
    actions.keep_spam(form, request.POST.dict(), reason, sent=sent)
    return _answer(request, form, "capture/form_suspected.html", {}, 200)


def _thank(request: HttpRequest, form: Form, done: actions.Submitted) -> HttpResponse:
    embedded = _embedded(request)
    if form.thanks == Thanks.REDIRECT and not embedded:
        response: HttpResponse = HttpResponseRedirect(form.redirect_url)
        return _policy(response, form)
    link = request.build_absolute_uri(reverse("capture:download", args=[done.link])) if done.link else ""
    return _answer(request, form, "capture/form_thanks.html", {"link": link}, 200)


def _show(
    request: HttpRequest, form: Form, *, errors: dict[str, str] | None = None, notice: str = "", token: str = ""
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    fields = [_shown(field, given, errors or {}) for field in form.fields]
    url = given.get("hw_url") or given.get("url") or (request.build_absolute_uri() if request.method == "GET" else "")
    utm = {k: v[:200] for k, v in given.items() if k.startswith("utm_")} or {
        k: v for k, v in utm_of(url).items() if k.startswith("utm_")
    }
    context = {
        "fields": fields,
        "notice": notice or (gettext("Please look at the fields below.") if errors else ""),
        "token": token or actions.form_token(form),
        "url": url[:2000],
        "visitor": given.get("hw_visitor") or given.get("v", ""),
        "utm": utm,
        "consents": _boxes(form, given, errors or {}),
        "trap": TRAP,
    }
    return _answer(request, form, "capture/form_page.html", context, 422 if notice or errors else 200)


def _shown(field: dict[str, Any], given: Any, errors: dict[str, str]) -> dict[str, Any]:
    key = field["key"]
    error = errors.get(key, "")
    return {**field, "value": given.get(key, field.get("value", "")), "error": gettext(error) if error else ""}


def _boxes(form: Form, given: Any, errors: dict[str, str]) -> list[dict[str, Any]]:
    """The tick boxes of consent that a form has, each with its own words."""
    asked = (("hw_consent", form.consent_text, form.consent_required),
             ("hw_consent_sms", form.sms_consent_text, form.sms_consent_required))  # fmt: skip
    return [
        {"key": key, "text": text, "required": required, "ticked": given.get(key), "error": errors.get(key, "")}
        for key, text, required in asked
        if text
    ]


def _embedded(request: HttpRequest) -> bool:
    return bool(request.POST.get("embed") or request.GET.get("embed"))


def _answer(request: HttpRequest, form: Form, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    given = {"form": form, "embed": _embedded(request), **context}
    return _policy(render(request, template, given, status=status), form)


def _policy(response: HttpResponse, form: Form) -> HttpResponse:
    """Any site may frame a form (it has no session to steal), and it may send its visitor on to where it says."""
    target = urlsplit(form.redirect_url)
    beyond = [f"{target.scheme}://{target.netloc}"] if target.netloc and re.match("https?$", target.scheme) else []
    response._csp_replace = {"frame-ancestors": ["*"], "form-action": ["'self'", *beyond]}  # type: ignore[attr-defined]
    response["Cache-Control"] = "no-store"
    return response


@login_not_required
@require_http_methods(["GET", "HEAD"])
def download(request: HttpRequest, token: str) -> HttpResponse | FileResponse:
    """/d/<token>/: a person's own link to an asset. Each download counts; looking (HEAD) does not."""
    if request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return HttpResponse(status=204)
    try:
        asset = actions.count_download(token)
    except actions.LinkGone as gone:
        return render(request, "capture/link_gone.html", {"reason": gone.reason}, status=410)
    response = FileResponse(asset.file.open("rb"), as_attachment=True, filename=asset.file_name)
    response["Content-Type"] = asset.content_type
    response["Cache-Control"] = "private, no-store"
    return response
