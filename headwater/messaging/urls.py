"""Addresses of mail."""

from __future__ import annotations

from django.urls import path

from .views import inbox, ledger, public, settings, templates

app_name = "messaging"
urlpatterns = [
    path("c/<str:token>", public.click, name="click"),
    path("o/<str:token>.gif", public.pixel, name="pixel"),
    path("u/<str:token>", public.unsubscribe, name="unsubscribe"),
    path("v/<str:token>", public.view, name="view"),
    path("mail/", ledger.outbox, name="outbox"),
    path("mail/<int:person_id>/<uuid:message_id>/", ledger.mail, name="mail"),
    path("mail/<int:person_id>/<uuid:message_id>/html/", ledger.mail_body, name="mail_body"),
    path("mail/templates/", templates.listing, name="templates"),
    path("mail/templates/new/", templates.edit, name="template_new"),
    path("mail/templates/preview/", templates.preview_frame, name="preview"),
    path("mail/templates/checks/", templates.checks, name="checks"),
    path("mail/templates/test/", templates.test, name="test"),
    path("mail/templates/people/", templates.find_people, name="find_people"),
    path("mail/templates/<int:template_id>/", templates.edit, name="template"),
    path("mail/templates/<int:template_id>/copy/", templates.copy, name="template_copy"),
    path("mail/templates/<int:template_id>/archive/", templates.archive, name="template_archive"),
    path("mail/templates/<int:template_id>/restore/", templates.restore, name="template_restore"),
    path("settings/mail/", settings.settings, name="settings"),
    path("settings/mail/suppress/", settings.suppress, name="suppress"),
    path("demo/inbox/", inbox.inbox, name="inbox"),
    path("demo/inbox/<int:caught_id>/", inbox.inbox, name="inbox_mail"),
    path("demo/inbox/<int:caught_id>/html/", inbox.body, name="inbox_body"),
]
