"""Addresses of mail."""

from __future__ import annotations

from django.urls import path

from .views import inbox, public

app_name = "messaging"
urlpatterns = [
    path("c/<str:token>", public.click, name="click"),
    path("o/<str:token>.gif", public.pixel, name="pixel"),
    path("u/<str:token>", public.unsubscribe, name="unsubscribe"),
    path("v/<str:token>", public.view, name="view"),
    path("demo/inbox/", inbox.inbox, name="inbox"),
    path("demo/inbox/<int:caught_id>/", inbox.inbox, name="inbox_mail"),
    path("demo/inbox/<int:caught_id>/html/", inbox.body, name="inbox_body"),
]
