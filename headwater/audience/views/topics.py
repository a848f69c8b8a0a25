"""Topics of interest, and why somebody is interested."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.people.models import Contact

from .. import actions, queries
from ..forms import TopicForm
from ..models import Topic
from ..panels import spark
from .base import actor, dialog, done, explained, refused


def topic_edit(request: HttpRequest, key: str = "") -> HttpResponse:
    """Create or change a topic of interest, in a dialog."""
    topic = get_object_or_404(Topic, key=key) if key else None
    form = TopicForm(request.POST or None, initial=TopicForm.initial_of(topic) if topic else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_topic(key=key, **form.values(), actor=actor(request))
        except ValueError as error:
            form.add_error("keywords", str(error))
        else:
            return done(request, _("Topic saved"))
    action = reverse("audience:topic", args=[key]) if key else reverse("audience:topic_new")
    title = _("Edit topic") if topic else _("New topic")
    remove = reverse("audience:topic_delete", args=[key]) if key else ""
    return dialog(request, form, {"title": title, "action": action, "delete": remove}, "audience/topic_edit.html")


@require_POST
def topic_delete(request: HttpRequest, key: str) -> HttpResponse:
    """Delete a topic, unless segments ask for it."""
    get_object_or_404(Topic, key=key)
    try:
        actions.delete_topic(key, actor=actor(request))
    except actions.InUse as error:
        return refused(request, str(error))
    return done(request, _("Topic deleted"))


@require_POST
def topic_run_cancel(request: HttpRequest, key: str) -> HttpResponse:
    """Stop computing a topic anew; its signs and decay are as they were before."""
    get_object_or_404(Topic, key=key)
    if actions.cancel_topic_run(key, actor=actor(request)):
        messages.success(request, _("Stopped. The topic is as it was before."))
    return redirect("audience:scoring")


def interest_why(request: HttpRequest, person_id: int, key: str) -> HttpResponse:
    """Every sign that makes a person's interest in a topic, in a dialog."""
    person = get_object_or_404(Contact, pk=person_id)
    topic = get_object_or_404(Topic, key=key)
    line, area = spark(queries.interest_history(person_id, key), 480, 64)
    context = {
        "person": person, "topic": topic, "topics": queries.interests([person_id])[person_id], "line": line,
        "area": area, **explained(queries.explain_interest(person_id, key)),
    }  # fmt: skip
    return render(request, "audience/interest_why.html", context)
