"""The demo company's public web site. It uses Headwater as any customer would: the script, forms, downloads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from headwater.accounts.models import Workspace
from headwater.capture.actions import Submission, form_token, keep_spam, submit_form, token_age
from headwater.capture.models import Form, Site
from headwater.capture.rules.forms import Invalid

from ..demo import pages

View = Callable[..., HttpResponse]
VALUES = {name.lower(): price for name, price, _, _ in pages.PLANS}
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")

FORM_PAGES: dict[str, dict[str, Any]] = {
    "white-paper": {
        "page": pages.WHITE_PAPER,
        "kicker": "White paper",
        "heading": "The forecasting playbook",
        "lead": "How forty-one grocers halved the error on Saturdays, step by step.",
        "points": [
            "Forty pages, eleven worked examples",
            "The calendar that beats the model",
            "A checklist for Monday",
        ],
    },
    "trial": {
        "page": pages.TRIAL,
        "kicker": "14 days free",
        "heading": "Start your free trial",
        "lead": "Your own data or ours, all features, no card.",
        "points": [
            "Ready in two minutes",
            "40 integrations for tills and web shops",
            "A person to ask from the first day",
        ],
    },
    "webinar": {
        "page": pages.WEBINAR,
        "kicker": "Live webinar · every other Thursday, 15:00",
        "heading": "Loyalty without discounts",
        "lead": "Three retailers show how they find the customer who is about to stay away, and what they say to her.",
        "points": [
            "45 minutes and 15 for questions",
            "With Sofie Dahl, Fjord Dagligvarer",
            "The recording for everybody",
        ],
    },
}


def demo_only(view: View) -> View:
    """404 where this installation is no demo; no sign-in needed."""

    @login_not_required
    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not Workspace.objects.filter(pk=1, is_demo=True).exists():
            raise Http404
        return view(request, *args, **kwargs)

    return inner


def _page(request: HttpRequest, template: str, page: tuple[str, str], status: int = 200, **more: Any) -> HttpResponse:
    site = Site.objects.filter(active=True).order_by("pk").first()
    return render(request, f"integrations/site/{template}.html", {"page": page, "site": site, **more}, status=status)


@require_safe
@demo_only
def home(request: HttpRequest) -> HttpResponse:
    return _page(request, "home", pages.HOME)


@require_safe
@demo_only
def pricing(request: HttpRequest) -> HttpResponse:
    return _page(request, "pricing", pages.PRICING, plans=pages.PLANS)


@require_safe
@demo_only
def blog(request: HttpRequest) -> HttpResponse:
    return _page(request, "blog", pages.BLOG, articles=pages.ARTICLES)


@require_safe
@demo_only
def article(request: HttpRequest, slug: str) -> HttpResponse:
    found = pages.BY_SLUG.get(slug)
    if found is None:
        raise Http404
    return _page(request, "article", pages.article_page(found), article=found)


@require_http_methods(["GET", "HEAD", "POST"])
@demo_only
def form_page(request: HttpRequest, slug: str) -> HttpResponse:
    """A page with one of the product's forms; a good answer goes to the thank-you page."""
    form = Form.objects.select_related("asset").filter(slug=slug, active=True).first()
    if form is None or request.method != "POST":
        return _form(request, slug, form)
    sent = _sent(request)
    age = token_age(form, sent.key)
    if request.POST.get("website_address"):
        keep_spam(form, request.POST, "trap", sent=sent)
        return redirect("integrations:site-thanks")
    if age is None or age > timedelta(hours=24):
        return _form(request, slug, form, again="This page was open for long. Please send it once more.")
    if age < timedelta(seconds=form.min_seconds):
        return _form(request, slug, form, again="That was quick. Please press the button once more.", same=sent.key)
    try:
        done = submit_form(form, request.POST, sent=sent)
    except Invalid as problem:
        return _form(request, slug, form, errors=problem.errors)
    plan = str(request.POST.get("plan") or "team").lower() if slug == "trial" else ""
    request.session["site_thanks"] = {
        "message": form.thanks_message or "We have got it.",
        "link": f"/d/{done.link}/" if done.link else "",
        "plan": plan,
        "value": VALUES.get(plan, 0),
    }
    return redirect("integrations:site-thanks")


@require_safe
@demo_only
def thanks(request: HttpRequest) -> HttpResponse:
    said = request.session.pop("site_thanks", {"message": "We have got it."})
    return _page(request, "thanks", pages.THANKS, **said)


def _sent(request: HttpRequest) -> Submission:
    post = request.POST
    return Submission(
        key=post.get("hw_token", "")[:300],
        url=post.get("hw_url", "")[:2000] or request.build_absolute_uri(),
        visitor=post.get("hw_visitor", "")[:64],
        ip=request.META.get("REMOTE_ADDR", ""),
        user_agent=request.headers.get("User-Agent", "")[:300],
        utm={name: request.GET[name][:200] for name in UTM if request.GET.get(name)},
        consent=bool(post.get("hw_consent")),
        consent_sms=bool(post.get("hw_consent_sms")),
    )


def _consents(form: Form | None) -> list[tuple[str, str]]:
    """What the form asks for beside its fields: (name of the box, words)."""
    asked = (("hw_consent", form.consent_text), ("hw_consent_sms", form.sms_consent_text)) if form else ()
    return [(key, text) for key, text in asked if text]


def _form(
    request: HttpRequest, slug: str, form: Form | None, *, errors: Any = None, again: str = "", same: str = ""
) -> HttpResponse:
    errors = errors or {}
    given = request.POST if request.method == "POST" else request.GET
    fields = [
        {**f, "given": given.get(f["key"], f.get("value", "")), "error": errors.get(f["key"], "")}
        for f in (form.fields if form else [])
    ]
    for f in fields:  # a plan from the pricing page in whatever case
        if f["type"] == "select":
            f["given"] = next((o for o in f["options"] if o.lower() == str(f["given"]).lower()), f["given"])
    return _page(
        request,
        "form_page",
        **FORM_PAGES[slug],
        status=422 if errors or again else 200,
        form=form,
        fields=fields,
        errors=errors,
        again=again,
        consents=[
            {"key": key, "text": text, "ticked": given.get(key), "error": errors.get(key, "")}
            for key, text in _consents(form)
        ],
        token=same or (form_token(form) if form else ""),
        url=request.build_absolute_uri(),
        action=request.get_full_path(),
    )
