"""Addresses of this package."""

from __future__ import annotations

from django.urls import path

from .views import listing, queues, tickets

app_name = "service"
urlpatterns = [
    path("tickets/", listing.tickets, name="list"),
    path("tickets/new/", listing.new_ticket, name="new_ticket"),
    path("tickets/bulk/", listing.bulk, name="bulk"),
    path("tickets/undo/", listing.undo, name="undo"),
    path("tickets/of/contact/<int:person_id>/", tickets.contact_tickets, name="contact_tickets"),
    path("tickets/of/company/<int:company_id>/", tickets.company_tickets, name="company_tickets"),
    path("tickets/<int:ticket_id>/", tickets.ticket, name="ticket"),
    path("tickets/<int:ticket_id>/edit/", tickets.edit, name="edit"),
    path("tickets/<int:ticket_id>/status/", tickets.to_status, name="to_status"),
    path("tickets/<int:ticket_id>/whose/", tickets.whose, name="whose"),
    path("tickets/<int:ticket_id>/reply/", tickets.say, {"what": "reply"}, name="reply"),
    path("tickets/<int:ticket_id>/answer/", tickets.say, {"what": "answer"}, name="answer"),
    path("tickets/<int:ticket_id>/note/", tickets.say, {"what": "note"}, name="note"),
    path("tickets/<int:ticket_id>/again/<int:entry_id>/", tickets.send_again, name="send_again"),
    path("tickets/<int:ticket_id>/delete/", tickets.delete, name="delete"),
    path("settings/queues/", queues.queues, name="queues"),
    path("settings/queues/new/", queues.new_queue, name="new_queue"),
    path("settings/queues/<int:queue_id>/", queues.queue, name="queue"),
    path("settings/queues/<int:queue_id>/archive/", queues.archive, name="archive_queue"),
]
