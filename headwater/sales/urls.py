"""Addresses of this package."""

from __future__ import annotations

from django.urls import path

from .views import board, deals, leads, order_form, orders, pipelines

app_name = "sales"
urlpatterns = [
    path("deals/", board.board, name="board"),
    path("deals/new/", board.new_deal, name="new_deal"),
    path("deals/stage/<int:stage_id>/more/", board.more, name="more"),
    path("deals/of/contact/<int:person_id>/", deals.contact_deals, name="contact_deals"),
    path("deals/of/company/<int:company_id>/", deals.company_deals, name="company_deals"),
    path("deals/<int:deal_id>/", deals.deal, name="deal"),
    path("deals/<int:deal_id>/timeline/", deals.deal_feed, name="deal_feed"),
    path("deals/<int:deal_id>/move/", board.move, name="move"),
    path("deals/<int:deal_id>/edit/", deals.edit, name="edit"),
    path("deals/<int:deal_id>/stage/", deals.to_stage, name="to_stage"),
    path("deals/<int:deal_id>/win/", deals.win, name="win"),
    path("deals/<int:deal_id>/lose/", deals.lose, name="lose"),
    path("deals/<int:deal_id>/delete/", deals.delete, name="delete"),
    path("orders/", orders.listing, name="orders"),
    path("orders/new/", order_form.new_order, name="new_order"),
    path("orders/of/contact/<int:person_id>/", orders.contact_orders, name="contact_orders"),
    path("orders/of/company/<int:company_id>/", orders.company_orders, name="company_orders"),
    path("orders/<int:order_id>/", orders.order, name="order"),
    path("orders/<int:order_id>/edit/", order_form.edit, name="edit_order"),
    path("orders/<int:order_id>/paid/", orders.paid, name="order_paid"),
    path("orders/<int:order_id>/fulfil/", orders.fulfil, name="order_fulfil"),
    path("orders/<int:order_id>/cancel/", orders.cancel, name="order_cancel"),
    path("orders/<int:order_id>/refund/", orders.refund, name="order_refund"),
    path("orders/<int:order_id>/reopen/", orders.reopen, name="order_reopen"),
    path("orders/<int:order_id>/delete/", orders.delete, name="order_delete"),
    path("leads/", leads.listing, name="leads"),
    path("leads/<int:handover_id>/", leads.lead, name="lead"),
    path("leads/<int:handover_id>/accept/", leads.accept, name="accept"),
    path("leads/<int:handover_id>/return/", leads.send_back, name="return"),
    path("leads/of/contact/<int:person_id>/", leads.banner, name="banner"),
    path("settings/pipelines/", pipelines.pipelines, name="pipelines"),
    path("settings/pipelines/<int:pipeline_id>/", pipelines.pipeline, name="pipeline"),
    path("settings/pipelines/<int:pipeline_id>/delete/", pipelines.delete, name="delete_pipeline"),
    path("settings/pipelines/<int:pipeline_id>/stages/", pipelines.new_stage, name="new_stage"),
    path("settings/pipelines/<int:pipeline_id>/order/", pipelines.order, name="order_stages"),
    path("settings/stages/<int:stage_id>/", pipelines.stage, name="stage"),
    path("settings/stages/<int:stage_id>/archive/", pipelines.archive, name="archive_stage"),
    path("settings/hand-over/", leads.desk, name="desk"),
    path("people/<int:person_id>/hand-over/", leads.hand_over, name="hand_over"),
]
