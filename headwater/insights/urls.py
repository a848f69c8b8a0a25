from __future__ import annotations

from django.urls import path

from . import views

app_name = "insights"
urlpatterns = [
    path("", views.home, name="home"),
    path("insights/visitors/", views.visitors, name="visitors"),
]
