"""The board and the table of deals, moving a card, making a deal."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.accounts import queries as accounts
from headwater.core import actors, clock
from headwater.core.fragments import is_partial
from headwater.core.money import format_money
from headwater.people.models import Company, Contact

from .. import actions, queries
from ..forms import DealForm
from ..models import Deal, Pipeline, PipelineStage


def actor(request: HttpRequest) -> str:
    return actors.user(int(request.user.pk))  # type: ignore[arg-type]


def number(text: Any) -> int | None:
    """A whole number out of an address or a form; None for anything else."""
    try:
        return int(text)
    except (TypeError, ValueError):
        return None


def _words() -> dict[str, str]:
    """What every card says, looked up once and not for each of them."""
    return {
        "new": _("New"),
        "hot": _("Hot"),
        "move": _("Move to…"),
        "rotten": _("In this stage for longer than it should be"),
        "day": pgettext("days, short", "d"),
    }


def _owner(request: HttpRequest) -> tuple[str, int | None]:
    """The owner filter: what the address says, and whose deals that means."""
    said = request.GET.get("owner", "")
    if said == "me":
        return said, int(request.user.pk)  # type: ignore[arg-type]
    pk = number(said)
    return (said, pk) if pk is not None else ("", None)


def _pipelines(request: HttpRequest) -> tuple[Pipeline, list[Pipeline]]:
    """The pipeline that the address names (the first, if it names none), and all of them."""
    named = request.GET.get("pipeline")
    known = queries.pipelines()
    if not known and not named:
        actions.ensure_pipeline()
        known = queries.pipelines()
    found = next((p for p in known if not named or p.pk == number(named)), None)
    if found is None:
        raise Http404("pipeline")
    return found, known


def _frame(request: HttpRequest, pipeline: Pipeline, known: list[Pipeline]) -> dict[str, Any]:
    """What board and table share: pipeline, owner filter."""
    said, owner_id = _owner(request)
    sellers = accounts.colleagues()
    return {
        "pipeline": pipeline,
        "pipelines": known,
        "owner": said,
        "owner_id": owner_id,
        "owner_name": next((u.name for u in sellers if u.pk == owner_id), ""),
        "sellers": sellers,
        "query": f"pipeline={pipeline.pk}" + (f"&owner={said}" if said else ""),
    }


def _have(request: HttpRequest) -> dict[int, int]:
    """How many cards of each stage the page shows already: `have=STAGE:CARDS,...`."""
    found = {}
    for part in request.GET.get("have", "").split(",")[:50]:
        stage, _colon, cards = part.partition(":")
        if (pk := number(stage)) is not None and (count := number(cards)) is not None:
            found[pk] = count
    return found


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """Deals by stage, or as a table (`?view=table`)."""
    pipeline, known = _pipelines(request)
    if request.GET.get("view") == "table":
        return _table(request, pipeline, known)
    _said, owner_id = _owner(request)
    language = get_language() or "en"
    context = {
        "columns": queries.board(pipeline, now=clock.now(), owner_id=owner_id, language=language, have=_have(request)),
        "view": "board",
        "words": _words(),
    }
    if is_partial(request):
        said, _id = _owner(request)
        context["query"] = f"pipeline={pipeline.pk}" + (f"&owner={said}" if said else "")
        return render(request, "sales/columns.html", context)
    return render(request, "sales/board.html", {**_frame(request, pipeline, known), **context})


def _table(request: HttpRequest, pipeline: Pipeline, known: list[Pipeline]) -> HttpResponse:
    """Deals as lines. `stage=ID`; or `kind=open|won|lost` (with since= and until=) of all pipelines: what stands
    behind a number of the dashboard."""
    _said, owner_id = _owner(request)
    kind = request.GET.get("kind", "")
    kind = kind if kind in ("open", "won", "lost") else ""
    stage = next((s for s in pipeline.stages.all() if s.pk == number(request.GET.get("stage"))), None)
    since, until = stretch(request)
    try:
        page = queries.table(
            pipeline_id=None if kind else pipeline.pk,
            owner_id=owner_id,
            stage_ids=[stage.pk] if stage else None,
            kind=kind,
            since=since,
            until=until,
            after=request.GET.get("after", ""),
        )
    except ValueError as error:
        raise Http404(str(error)) from error
    language = get_language() or "en"
    frame = _frame(request, pipeline, known)
    given = {"kind": kind, "stage": str(stage.pk) if stage else "", "since": since, "until": until}
    chosen = {name: getattr(v, "isoformat", lambda v=v: v)() for name, v in given.items() if v}
    context: dict[str, Any] = {
        "rows": [(d, format_money(d.amount, d.currency, language)) for d in page.deals],
        "next": page.next,
        "view": "table",
        "rows_query": "&".join([frame["query"], urlencode(chosen)]) if chosen else frame["query"],
        "chosen": _chosen(kind, stage, since, until),
    }
    template = "sales/table.html#rows" if request.GET.get("after") and is_partial(request) else "sales/table.html"
    return render(request, template, {**frame, **context})


def stretch(request: HttpRequest) -> tuple[datetime | None, datetime | None]:
    """`since` and `until` of an address, ISO times with a zone; None for what is missing or cannot be one."""
    found: list[datetime | None] = []
    for name in ("since", "until"):
        try:
            moment = datetime.fromisoformat(request.GET.get(name, ""))
        except ValueError:
            moment = None
        found.append(moment if moment is not None and moment.tzinfo is not None else None)
    return found[0], found[1]


def said_stretch(since: datetime | None, until: datetime | None) -> str:
    """That time in words: "22 Oct 2026 to 21 Nov 2026"; "" for any time."""
    if since is None or until is None:
        return ""
    days = [date_format(timezone.localtime(day), "SHORT_DATE_FORMAT") for day in (since, until)]
    return _("%(since)s to %(until)s") % {"since": days[0], "until": days[1]}


def _chosen(kind: str, stage: PipelineStage | None, since: datetime | None, until: datetime | None) -> str:
    """What the table is narrowed to, in words."""
    kinds = {"open": _("Open deals"), "won": _("Won deals"), "lost": _("Lost deals")}
    parts = [kinds.get(kind, ""), stage.label if stage else "", said_stretch(since, until) if kind != "open" else ""]
    return ", ".join(str(part) for part in parts if part)


@require_GET
def more(request: HttpRequest, stage_id: int) -> HttpResponse:
    """Further cards of a column."""
    stage = queries.stage(stage_id)
    if stage is None:
        raise Http404("stage")
    _said, owner_id = _owner(request)
    try:
        cards, after = queries.more_cards(
            stage,
            request.GET.get("after", ""),
            now=clock.now(),
            owner_id=owner_id,
            language=get_language() or "en",
        )
    except ValueError as error:
        raise Http404(str(error)) from error
    said, _id = _owner(request)
    query = f"pipeline={stage.pipeline_id}" + (f"&owner={said}" if said else "")
    return render(
        request, "sales/cards.html", {"cards": cards, "next": after, "stage": stage, "query": query, "words": _words()}
    )


@require_POST
def move(request: HttpRequest, deal_id: int) -> HttpResponse:
    """A card was dropped: the card and the heads of both columns; 409 where somebody else changed it before."""
    stage_id, version = number(request.POST.get("stage")), number(request.POST.get("version"))
    if stage_id is None or version is None:
        return HttpResponse(_("Where to?"), status=422)
    before = Deal.objects.filter(pk=deal_id).values_list("stage_id", flat=True).first()
    status, why = 200, ""
    try:
        actions.move_deal(
            deal_id,
            stage_id,
            version=version,
            before_id=number(request.POST.get("before")),
            reason=request.POST.get("reason", ""),
            actor=actor(request),
        )
    except Deal.DoesNotExist as error:
        raise Http404("deal") from error
    except actions.Stale:
        status, why = 409, _("Somebody else changed this deal in the meantime. The board shows how it is now.")
    except ValueError as error:
        status, why = 422, str(error)
    response = _moved(request, deal_id, {pk for pk in (before, stage_id) if pk}, status)
    if why:
        response.headers["HX-Trigger"] = json.dumps({"toast": {"text": why, "kind": "error"}})
    return response


def _moved(request: HttpRequest, deal_id: int, stage_ids: set[int], status: int) -> HttpResponse:
    language = get_language() or "en"
    card = queries.card(deal_id, now=clock.now(), language=language)
    _said, owner_id = _owner(request)
    pipeline = queries.pipeline(card["pipeline_id"])
    assert pipeline is not None
    stage_ids = stage_ids | {int(card["stage_id"])}
    heads = queries.heads(pipeline, owner_id=owner_id, language=language, only=list(stage_ids))
    return render(request, "sales/moved.html", {"cards": [card], "heads": heads, "words": _words()}, status=status)


@require_http_methods(["GET", "POST"])
def new_deal(request: HttpRequest) -> HttpResponse:
    """The dialog that opens a deal (a page of its own where it is opened by its address)."""
    actions.ensure_pipeline()
    status = 200
    if request.method == "POST":
        form = DealForm(request.POST)
        if form.is_valid():
            v = form.cleaned_data
            pk = actions.create_deal(
                actor=actor(request),
                name=v["name"],
                person_id=v["contact"],
                company_id=v["company"] or _company_of(v["contact"]),
                owner_id=v["owner"].pk if v["owner"] else int(request.user.pk),  # type: ignore[arg-type]
                amount=v["amount"],
                currency=v["currency"],
                stage_id=v["stage"].pk,
                expected_close=v["expected_close"],
            )
            messages.success(request, _("Deal created"))
            url = reverse("sales:deal", args=[pk])
            return HttpResponse(status=204, headers={"HX-Redirect": url}) if is_partial(request) else redirect(url)
        status = 422 if is_partial(request) else 200
    else:
        form = DealForm(initial=_initial(request))
    contact, company = number(form["contact"].value()), number(form["company"].value())
    context = {
        "form": form,
        "contact": Contact.objects.filter(pk=contact).first() if contact else None,
        "company": Company.objects.filter(pk=company).first() if company else None,
    }
    template = "sales/deal_form.html#form" if is_partial(request) else "sales/deal_form.html"
    return render(request, template, context, status=status)


def _company_of(person_id: int | None) -> int | None:
    return Contact.objects.values_list("company_id", flat=True).filter(pk=person_id).first() if person_id else None


def _initial(request: HttpRequest) -> dict[str, Any]:
    contact = Contact.objects.filter(pk=number(request.GET.get("contact")) or 0).first()
    return {
        "owner": request.user.pk,
        "currency": accounts.workspace().currency,
        "contact": contact.pk if contact else None,
        "company": contact.company_id if contact else number(request.GET.get("company")),
        "stage": number(request.GET.get("stage")),
    }
