"""Addresses of mail."""

from __future__ import annotations

from django.urls import path

from .views import inbox, ledger, ownbrowsers, providers, public, pushes, pushtemplates, settings, templates, texts

app_name = "messaging"
urlpatterns = [
    path("c/<str:token>", public.click, name="click"),
    path("o/<str:token>.gif", public.pixel, name="pixel"),
    path("u/<str:token>", public.unsubscribe, name="unsubscribe"),
    path("v/<str:token>", public.view, name="view"),
    path("s/<str:token>", providers.click, name="short"),
    path("sms/receipt/<str:token>", providers.receipt, name="sms_receipt"),
    path("sms/in/<str:secret>", providers.inbound, name="sms_inbound"),
    path("push/shown/<str:token>", pushes.shown, name="push_shown"),
    path("mail/", ledger.outbox, name="outbox"),
    path("mail/<int:person_id>/<uuid:message_id>/", ledger.mail, name="mail"),
    path("mail/<int:person_id>/<uuid:message_id>/html/", ledger.mail_body, name="mail_body"),
    path("mail/templates/", templates.listing, name="templates"),
    path("mail/templates/new/", templates.edit, name="template_new"),
    path("mail/templates/preview/", templates.preview_frame, name="preview"),
    path("mail/templates/checks/", templates.checks, name="checks"),
    path("mail/templates/test/", templates.test, name="test"),
    path("mail/templates/people/", templates.find_people, name="find_people"),
    path("mail/texts/new/", texts.edit, name="text_new"),
    path("mail/texts/live/", texts.live, name="text_live"),
    path("mail/texts/test/", texts.test, name="text_test"),
    path("mail/texts/<int:template_id>/", texts.edit, name="text"),
    path("mail/push/new/", pushtemplates.edit, name="push_new"),
    path("mail/push/live/", pushtemplates.live, name="push_live"),
    path("push-own/worker.js", ownbrowsers.worker, name="push_own_worker"),
    path("mail/push/own/", ownbrowsers.keep, name="push_own"),
    path("mail/push/own/<int:pk>/forget/", ownbrowsers.forget, name="push_own_forget"),
    path("mail/push/test/", ownbrowsers.test, name="push_test"),
    path("settings/mail/push/", settings.limit_pushes, name="limit_pushes"),
    path("mail/push/picture/", pushes.picture, name="push_picture"),
    path("mail/push/<int:template_id>/", pushtemplates.edit, name="push"),
    path("mail/templates/<int:template_id>/", templates.edit, name="template"),
    path("mail/templates/<int:template_id>/copy/", templates.copy, name="template_copy"),
    path("mail/templates/<int:template_id>/archive/", templates.archive, name="template_archive"),
    path("mail/templates/<int:template_id>/restore/", templates.restore, name="template_restore"),
    path("settings/mail/", settings.settings, name="settings"),
    path("settings/mail/texts/", settings.limit_texts, name="limit_texts"),
    path("settings/mail/texts/test/", settings.test_text, name="settings_test_text"),
    path("settings/mail/suppress/", settings.suppress, name="suppress"),
    path("demo/inbox/", inbox.inbox, name="inbox"),
    path("demo/inbox/<int:caught_id>/", inbox.inbox, name="inbox_mail"),
    path("demo/inbox/<int:caught_id>/answer/", inbox.answer, name="inbox_answer"),
    path("demo/inbox/<int:caught_id>/html/", inbox.body, name="inbox_body"),
]
