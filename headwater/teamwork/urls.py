"""Addresses of this package."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "teamwork"
urlpatterns = [
    path("today/", views.today, name="today"),
    path("tasks/", views.tasks, name="tasks"),
    path("tasks/new/", views.new_task, name="new_task"),
    path("tasks/<int:task_id>/complete/", views.complete, name="complete"),
    path("tasks/<int:task_id>/reopen/", views.reopen, name="reopen"),
    path("tasks/<int:task_id>/snooze/", views.snooze, name="snooze"),
    path("tasks/of/contact/<int:person_id>/", views.contact_tasks, name="contact_tasks"),
    path("tasks/of/deal/<int:deal_id>/", views.deal_tasks, name="deal_tasks"),
    path("notes/of/company/<int:company_id>/", views.company_notes, name="company_notes"),
    path("notes/", views.add_note, name="add_note"),
    path("calls/", views.log_call, name="log_call"),
    path("activities/deal/<int:deal_id>/", views.activities, name="deal_activities"),
    path("pick/contacts/", views.pick_contacts, name="pick_contacts"),
    path("pick/companies/", views.pick_companies, name="pick_companies"),
    path("notifications/", views.notifications, name="notifications"),
    path("notifications/bell/", views.bell, name="bell"),
    path("notifications/read/", views.read, name="read"),
]
