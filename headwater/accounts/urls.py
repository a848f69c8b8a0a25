from __future__ import annotations

from django.urls import path

from . import views

app_name = "accounts"
urlpatterns = [
    path("settings/", views.profile, name="settings"),
    path("settings/profile/", views.profile, name="profile"),
    path("preferences/theme/", views.theme, name="theme"),
    path("preferences/language/", views.language, name="language"),
]
