"""Addresses of capture. `/t` and `/api/v1/events` are the collector's and never reach Django."""

from __future__ import annotations

from django.urls import path, re_path

from .views import assets, forms, public, push, sites, visitors

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
    path("push/<str:key>.js", push.script, name="push_script"),
    path("push/<str:key>/worker.js", push.worker, name="push_worker"),
    path("push/<str:key>/headwater-push.js", push.file, name="push_file"),
    re_path(r"^push/(?P<key>[\w-]+)/(?P<what>subscribe|unsubscribe|replace)$", push.told, name="push_told"),
    path("site/headwater-push.js", push.own_file, name="push_own_file"),
    path("sites/<int:site_id>/push/", push.settings, name="site_push"),
    path("sites/<int:site_id>/push/check/", push.check, name="site_push_check"),
    path("sites/<int:site_id>/check/", sites.check, name="site_check"),
    path("assets/", assets.listing, name="assets"),
    path("assets/<int:asset_id>/", assets.edit, name="asset"),
]
