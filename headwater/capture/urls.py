"""Addresses of capture. `/t` and `/api/v1/events` are the collector's and never reach Django."""

from __future__ import annotations

from django.urls import path

from .views import assets, forms, public, sites, visitors

app_name = "capture"
urlpatterns = [
    path("t.js", public.script, name="script"),
    path("f/<slug:slug>.js", public.embed_script, name="embed"),
    path("f/<slug:slug>/", public.form_page, name="form"),
    path("d/<str:token>/", public.download, name="download"),
    path("visitors/", visitors.live, name="visitors"),
    path("forms/", forms.listing, name="forms"),
    path("forms/new/", forms.new, name="form_new"),
    path("forms/<int:form_id>/", forms.submissions, name="form_submissions"),
    path("forms/<int:form_id>/edit/", forms.edit, name="form_edit"),
    path("forms/<int:form_id>/spam/", forms.spam, name="form_spam"),
    path("forms/spam/<int:spam_id>/release/", forms.release, name="spam_release"),
    path("sites/", sites.listing, name="sites"),
    path("sites/<int:site_id>/", sites.detail, name="site"),
    path("sites/<int:site_id>/check/", sites.check, name="site_check"),
    path("assets/", assets.listing, name="assets"),
    path("assets/<int:asset_id>/", assets.edit, name="asset"),
]
