"""Addresses of the audience's pages."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "audience"
urlpatterns = [
    path("segments/", views.segments, name="segments"),
    path("segments/new/", views.segment_edit, name="new"),
    path("segments/preview/", views.preview, name="preview"),
    path("segments/<int:pk>/", views.segment, name="segment"),
    path("segments/<int:pk>/edit/", views.segment_edit, name="edit"),
    path("segments/<int:pk>/members/", views.members, name="members"),
    path("segments/<int:pk>/why/", views.why, name="why"),
    path("segments/<int:pk>/moves/", views.moves, name="moves"),
    path("segments/<int:pk>/pick/", views.pick, name="pick"),
    path("segments/<int:pk>/duplicate/", views.segment_duplicate, name="duplicate"),
    path("segments/<int:pk>/delete/", views.segment_delete, name="delete"),
    path("scoring/", views.scoring, name="scoring"),
    path("scoring/new/", views.model_edit, name="score_new"),
    path("scoring/effect/", views.effect, name="effect"),
    path("scoring/palette/", views.rule_palette, name="rule_palette"),
    path("scoring/rules/<int:pk>/", views.rule_edit, name="rule"),
    path("scoring/rules/<int:pk>/switch/", views.rule_switch, name="rule_switch"),
    path("scoring/rules/<int:pk>/delete/", views.rule_delete, name="rule_delete"),
    path("scoring/topics/new/", views.topic_edit, name="topic_new"),
    path("scoring/topics/<slug:key>/", views.topic_edit, name="topic"),
    path("scoring/topics/<slug:key>/delete/", views.topic_delete, name="topic_delete"),
    path("scoring/topics/<slug:key>/run/cancel/", views.topic_run_cancel, name="topic_run_cancel"),
    path("scoring/of/<slug:key>/", views.score, name="score"),
    path("scoring/of/<slug:key>/edit/", views.model_edit, name="score_edit"),
    path("scoring/of/<slug:key>/archive/", views.model_archive, name="score_archive"),
    path("scoring/of/<slug:key>/delete/", views.model_delete, name="score_delete"),
    path("scoring/of/<slug:key>/run/", views.run_start, name="run_start"),
    path("scoring/of/<slug:key>/run/cancel/", views.run_cancel, name="run_cancel"),
    path("scoring/of/<slug:key>/rules/new/", views.rule_edit, name="rule_new"),
    path("people/<int:person_id>/segments/", views.standing, name="standing"),
    path("people/<int:person_id>/interests/<slug:key>/", views.interest_why, name="interest_why"),
    path("people/<int:person_id>/score/", views.score_why, name="score_why"),
]
