"""The gallery: which templates there are, one to look at, and installing it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from django.utils import translation
from ninja.errors import HttpError

from .. import actions
from ..gallery import GOALS, Checked, Template, checked, defaults, templates
from ..gallery import showing as shown
from .doors import actor_of, find, refusals, router
from .schemas import InstallIn, JourneyWhole


@router.get("/journeys/templates")
def list_templates(request: HttpRequest, goal: str = "") -> list[dict[str, Any]]:
    """The gallery. goal: awareness, consideration, decision, action or retention."""
    if goal and goal not in GOALS:
        raise HttpError(422, f"goal: one of {', '.join(GOALS)}")
    found = [t for t in templates().values() if not goal or t.goal == goal]
    needs = checked(found)
    return [_card(t, needs[t.slug]) for t in found]


@router.get("/journeys/templates/{slug}")
def get_template(request: HttpRequest, slug: str, language: str = "") -> dict[str, Any]:
    """One template with its graph, its rules in words and its mails as somebody unknown would get them. language: of
    its texts and mails ("en", "ko", "zh-hans")."""
    found = _find(slug)
    with translation.override(language or translation.get_language() or "en"):
        said = translation.get_language() or "en"
        mails = [(mail, shown.mail(found, mail.key, said)) for mail in shown.mails(found, said)]
        return _card(found, checked([found])[slug]) | {
            "graph": shown.graph(found),
            "rules": [{"label": label, "words": words} for label, words in shown.rules(found)],
            "mails": [
                {
                    "key": mail.key,
                    "name": mail.name,
                    "purpose": "transactional" if mail.transactional else "marketing",
                    "subject": looks.subject,
                    "preview": mail.preview,
                    "text": looks.text,
                    "html": looks.html,
                }
                for mail, looks in mails
            ],
        }


@router.post("/journeys/templates/{slug}/install", response={201: JourneyWhole})
def install_template(request: HttpRequest, slug: str, data: InstallIn | None = None) -> Any:
    """Make a draft of a template, with its mails, tags and segments. Each call makes another one."""
    _find(slug)
    said = data or InstallIn()
    with refusals():
        made = actions.install(
            slug,
            actor=actor_of(request),
            name=said.name,
            choices=said.choices,
            language=said.language or None,
        )
    return 201, find(made.pk)


def _find(slug: str) -> Template:
    found = templates().get(slug)
    if found is None:
        raise HttpError(404, "There is no such template.")
    return found


def _card(template: Template, needs: list[Checked]) -> dict[str, Any]:
    usual = defaults(template)
    return {
        "slug": template.slug,
        "name": str(template.name),
        "description": str(template.description),
        "goal": template.goal,
        "steps": len(template.graph["steps"]),
        "mails": len(template.mails),
        "tags": list(template.tags),
        "choices": [
            {"key": a.key, "kind": a.kind, "label": str(a.label), "default": usual[a.key]} for a in template.asks
        ],
        "needs": [asdict(n) for n in needs],
    }
