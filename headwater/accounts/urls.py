from __future__ import annotations

from django.urls import path

from .views import admin, audit, profile

app_name = "accounts"
urlpatterns = [
    path("accounts/login/", profile.sign_in, name="sign_in"),
    path("welcome/", profile.welcome, name="welcome"),
    path("settings/", profile.profile, name="settings"),
    path("settings/profile/", profile.profile, name="profile"),
    path("preferences/theme/", profile.theme, name="theme"),
    path("preferences/language/", profile.language, name="language"),
    path("settings/workspace/", admin.workspace, name="workspace"),
    path("settings/users/", admin.users, name="users"),
    path("settings/users/invite/", admin.invite, name="invite"),
    path("settings/users/<int:user_id>/", admin.user, name="user"),
    path("settings/users/<int:user_id>/active/", admin.set_active, name="set_active"),
    path("settings/users/<int:user_id>/link/", admin.new_link, name="new_link"),
    path("settings/teams/", admin.teams, name="teams"),
    path("settings/teams/<int:team_id>/", admin.team, name="team"),
    path("settings/teams/<int:team_id>/delete/", admin.delete_team, name="delete_team"),
    path("settings/keys/", admin.keys, name="keys"),
    path("settings/keys/<int:key_id>/revoke/", admin.revoke_key, name="revoke_key"),
    path("settings/audit/", audit.audit, name="audit"),
]
