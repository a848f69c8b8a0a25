"""Addresses of the pages of people and companies."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "people"
urlpatterns = [
    path("people/", views.people, name="list"),
    path("people/new/", views.create, name="create"),
    path("people/alike/", views.alike, name="alike"),
    path("people/bulk/", views.bulk, name="bulk"),
    path("people/bulk/<slug:name>/", views.bulk_ask, name="bulk_ask"),
    path("people/changes/", views.changes, name="changes"),
    path("people/changes/<int:pk>/", views.change_line, name="change_line"),
    path("people/changes/<int:pk>/undo/", views.change_undo, name="change_undo"),
    path("people/changes/<int:pk>/stop/", views.change_stop, name="change_stop"),
    path("people/changes/<int:pk>/people.csv", views.change_file, name="change_file"),
    path("people/duplicates/", views.duplicates, name="duplicates"),
    path("people/duplicates/<int:one>/<int:other>/apart/", views.apart, name="apart"),
    path("people/merges/<int:pk>/undo/", views.unmerge, name="unmerge"),
    path("people/<int:pk>/merge/", views.merge_with, name="merge_with"),
    path("people/<int:pk>/merge/<int:other>/", views.merge, name="merge"),
    path("people/<int:pk>/erase/", views.erase, name="erase"),
    path("people/<int:pk>/everything.json", views.everything, name="everything"),
    path("people/filter/<slug:name>/", views.choose_filter, name="filter"),
    path("people/<int:pk>/", views.record, name="record"),
    path("people/<int:pk>/stage/", views.stage_cell, name="stage"),
    path("people/<int:pk>/field/<slug:name>/", views.contact_field, name="field"),
    path("people/<int:pk>/address/", views.address, name="address"),
    path("people/<int:pk>/consent/<slug:channel>/", views.consent, name="consent"),
    path("people/<int:pk>/timeline/", views.timeline, name="timeline"),
    path("people/<int:pk>/props/", views.props, name="props"),
    path("people/<int:pk>/rail/", views.rail, name="rail"),
    path("companies/", views.companies, name="companies"),
    path("companies/new/", views.company_create, name="company_create"),
    path("companies/<int:pk>/", views.company, name="company"),
    path("companies/<int:pk>/field/<slug:name>/", views.company_field, name="company_field"),
    path("companies/<int:pk>/timeline/", views.company_timeline, name="company_timeline"),
]
