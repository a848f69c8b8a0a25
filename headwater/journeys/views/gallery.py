"""The gallery: cards of all templates, one template to look at, and installing it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from headwater.capture.models import Form

from .. import actions
from ..actions.gallery import suggested_form
from ..gallery import GOALS, Template, checked, defaults, templates
from ..gallery.showing import mail, mails, picture, rules
from ..queries import overview
from ..rules.duration import RuleError
from .common import actor_of, leave_dialog

#: As the product shows mails: no script, no form; styles and pictures as mails have them
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'none'"
)


@require_GET
def gallery_page(request: HttpRequest) -> HttpResponse:
    """The templates, each with its picture; ?goal= and ?q= choose among them."""
    goal, text = request.GET.get("goal", ""), request.GET.get("q", "").strip()
    found = [t for t in templates().values() if (goal not in GOALS or t.goal == goal) and _names(t, text)]
    needs = checked(found)
    cards = [
        {
            "t": t,
            "goal": GOALS[t.goal],
            "drawn": _cropped(picture(t)),
            "steps": len(t.graph["steps"]),
            "missing": [n for n in needs[t.slug] if not n.met],
        }
        for t in found
    ]
    goals = [(key, label, hue, sum(t.goal == key for t in templates().values())) for key, (label, hue) in GOALS.items()]
    context = {
        "cards": cards,
        "goals": goals,
        "goal": goal if goal in GOALS else "",
        "q": text,
        "all": len(templates()),
    }
    return render(request, "journeys/gallery.html", context)


def _names(template: Template, text: str) -> bool:
    """Does its name, its description or one of its mails hold the text?"""
    texts = [template.name, template.description, *(m.name for m in template.mails), GOALS[template.goal][0]]
    return all(word in " ".join(map(str, texts)).lower() for word in text.lower().split())


def _cropped(drawn: overview.Drawn) -> overview.Drawn:
    """The upper part of a long picture: large enough to see what kind of journey it is."""
    drawn.height = min(drawn.height, 700)
    return drawn


def _template(slug: str) -> Template:
    found = templates().get(slug)
    if found is None:
        raise Http404
    return found


def _language(request: HttpRequest) -> str:
    """The language asked for, else the page's own."""
    known = dict(settings.LANGUAGES)
    return next((k for k in (request.GET.get("language"), translation.get_language()) if k and k in known), "en")


@require_GET
def template(request: HttpRequest, slug: str) -> HttpResponse:
    """One template: the whole journey drawn, what it needs, and each of its mails."""
    found, language = _template(slug), _language(request)
    with translation.override(language):
        drawn = picture(found)
        shown = {"t": said_whole(found), "drawn": drawn, "mails": mails(found, language)}
    context = shown | {
        "slug": slug,
        "goal": GOALS[found.goal],
        "rules": rules(found),
        "needs": checked([found])[slug],
        "steps": len(found.graph["steps"]),
        "language": language,
        "languages": settings.LANGUAGES,
    }
    return render(request, "journeys/template.html", context)


def said_whole(found: Template) -> dict[str, str]:
    """Name, description and look of a template in the active language."""
    return {
        "name": str(found.name),
        "description": str(found.description),
        "icon": found.icon,
        "hue": str(found.hue),
    }


@require_GET
def gallery_mail(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """One mail of a template, for a sandboxed frame."""
    found, language = _template(slug), _language(request)
    if key not in {m.key for m in found.mails}:
        raise Http404
    with translation.override(language):
        response = HttpResponse(mail(found, key, language).html)
    response["Content-Security-Policy"] = MAIL_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def install(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: what the template asks for. POST: make the journey."""
    found, language = _template(slug), _language(request)
    context: dict[str, Any] = {"t": found, "name": "", "error": None, "language": language}
    context |= {"languages": settings.LANGUAGES, "choices": _choices(found, {})}
    if request.method != "POST":
        return render(request, "journeys/install.html", context)
    values = {a.key: request.POST.get(f"choice_{a.key}") for a in found.asks}
    known = dict(settings.LANGUAGES)
    language = request.POST.get("language", "") if request.POST.get("language") in known else language
    try:
        name = request.POST.get("name", "")
        journey = actions.install(slug, actor=actor_of(request), name=name, choices=values, language=language)
    except RuleError as error:
        context |= {"error": error.message, "where": error.where, "name": name, "language": language}
        context |= {"choices": _choices(found, values)}
        return render(request, "journeys/install.html", context, status=422)
    messages.success(request, _("%(name)s is ready. Look it over, then publish it.") % {"name": journey.name})
    return leave_dialog(request, reverse("journeys:detail", args=[journey.pk]))


def _choices(found: Template, given: dict[str, str | None]) -> list[dict[str, Any]]:
    """What is asked, with what was answered or would be by default."""
    forms = list(Form.objects.filter(active=True).order_by("name").values_list("pk", "name"))
    usual = defaults(found)
    out = []
    for ask in found.asks:
        chosen: Any = given.get(ask.key) or (suggested_form(ask.hint) if ask.kind == "form" else usual[ask.key])
        out.append({"key": ask.key, "kind": ask.kind, "label": ask.label, "forms": forms, "chosen": str(chosen)})
    return out
