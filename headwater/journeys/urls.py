from __future__ import annotations

from django.urls import path

from . import views

app_name = "journeys"
urlpatterns = [
    path("journeys/", views.journey_list, name="list"),
    path("journeys/gallery/", views.gallery_page, name="gallery"),
    path("journeys/gallery/<slug:slug>/", views.template, name="template"),
    path("journeys/gallery/<slug:slug>/install/", views.install, name="install"),
    path("journeys/gallery/<slug:slug>/mails/<slug:key>/", views.gallery_mail, name="gallery_mail"),
    path("journeys/new/", views.create, name="new"),
    path("journeys/import/", views.bring, name="import"),
    path("journeys/enter/<int:person_id>/", views.enter_person, name="enter"),
    path("journeys/passages/<int:person_id>/<int:pk>/", views.passage, name="passage"),
    path("journeys/mails/<int:template>/", views.subject, name="subject"),
    path("journeys/<int:pk>/", views.detail, name="detail"),
    path("journeys/<int:pk>/export/", views.export, name="export"),
    path("journeys/<int:pk>/numbers/", views.numbers, name="numbers"),
    path("journeys/<int:pk>/people/", views.people, name="people"),
    path("journeys/<int:pk>/add/", views.add_person, name="add"),
    path("journeys/<int:pk>/report/", views.report, name="report"),
    path("journeys/<int:pk>/report/people/", views.report_people, name="report_people"),
    path("journeys/<int:pk>/test/", views.test, name="test"),
    path("journeys/<int:pk>/test/<int:person_id>/<int:template>/", views.test_mail, name="test_mail"),
    path("journeys/<int:pk>/why/", views.why, name="why"),
    path("journeys/why/<int:person_id>/", views.why, name="why_person"),
    path("journeys/<int:pk>/simulation/", views.simulation, name="simulation"),
    path("journeys/<int:pk>/simulation/<int:number>/cancel/", views.simulation_cancel, name="simulation_cancel"),
    path("journeys/<int:pk>/simulation/<int:number>/people/", views.simulation_people, name="simulation_people"),
    path("journeys/<int:pk>/<slug:verb>/", views.change, name="change"),
]
