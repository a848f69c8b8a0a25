"""Topics of interest."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from .. import actions
from ..forms import TopicForm
from ..models import Topic
from .base import actor, dialog, done, refused


def topic_edit(request: HttpRequest, key: str = "") -> HttpResponse:
    """Create or change a topic of interest, in a dialog."""
    topic = get_object_or_404(Topic, key=key) if key else None
    form = TopicForm(request.POST or None, initial=TopicForm.initial_of(topic) if topic else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.save_topic(
                key=key, name=data["name"], hue=data["hue"], matches=form.matches(), actor=actor(request)
            )
        except ValueError as error:
            form.add_error("keywords", str(error))
        else:
            return done(request, _("Topic saved"))
    action = reverse("audience:topic", args=[key]) if key else reverse("audience:topic_new")
    title = _("Edit topic") if topic else _("New topic")
    remove = reverse("audience:topic_delete", args=[key]) if key else ""
    return dialog(request, form, {"title": title, "action": action, "delete": remove})


@require_POST
def topic_delete(request: HttpRequest, key: str) -> HttpResponse:
    """Delete a topic, unless segments ask for it."""
    get_object_or_404(Topic, key=key)
    try:
        actions.delete_topic(key, actor=actor(request))
    except actions.InUse as error:
        return refused(request, str(error))
    return done(request, _("Topic deleted"))
