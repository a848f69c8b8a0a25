"""Pipelines, deals, the hand-over of leads, and orders. A few rows per person, never one per event."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from headwater.core import clock
from headwater.people.models import Company, Contact

#: The names that rules.DEFAULT_STAGES gives, for the catalogues of translations
STANDARD_NAMES = (
    pgettext_lazy("pipeline", "Sales"),
    pgettext_lazy("pipeline", "Lead"),
    pgettext_lazy("pipeline", "Qualified"),
    pgettext_lazy("pipeline", "Proposal"),
    pgettext_lazy("pipeline", "Negotiation"),
    pgettext_lazy("pipeline", "Won"),
    pgettext_lazy("pipeline", "Lost"),
)


class StageKind(models.TextChoices):
    OPEN = "open", _("Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class SalesDesk(models.Model):
    """How leads are handed over. Exactly one row, id 1; its lock makes the round robin fair."""

    #: Minutes that sales has to answer a lead
    sla_minutes = models.PositiveIntegerField(default=60)
    #: Who got the last lead (a user's id)
    last_taker = models.BigIntegerField(default=0)


class Pipeline(models.Model):
    name = models.CharField(max_length=80, unique=True)
    order = models.SmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """Its name as people read it: the names that we gave are in their language, their own stay as they are."""
        return pgettext("pipeline", self.name)


class PipelineStage(models.Model):
    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="stages")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=4, choices=StageKind.choices, default=StageKind.OPEN)
    probability = models.SmallIntegerField(default=0)  # percent
    order = models.SmallIntegerField(default=0)
    #: A deal that stands here longer than this many days rots; 0: never
    rot_days = models.SmallIntegerField(default=0)
    hue = models.SmallIntegerField(default=265)
    #: No deal comes here any more; those that are left move to `successor`
    archived_at = models.DateTimeField(null=True)
    successor = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "name"], condition=Q(archived_at=None), name="stage_name_used")
        ]

    @property
    def label(self) -> str:
        return pgettext("pipeline", self.name)

    def __str__(self) -> str:
        return self.name


class Deal(models.Model):
    """A chance to sell. `version` counts the moves and edits: who writes names the version that he saw."""

    name = models.CharField(max_length=200)
    contact = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False)
    company = models.ForeignKey(Company, null=True, on_delete=models.SET_NULL, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    amount = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, default="USD")
    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="deals")
    stage = models.ForeignKey(PipelineStage, on_delete=models.PROTECT, related_name="deals")
    #: Place in its column, ascending; a card between two others gets the middle of their positions
    position = models.FloatField(default=0)
    expected_close = models.DateField(null=True)
    source = models.CharField(max_length=80, blank=True, default="")
    lost_reason = models.CharField(max_length=200, blank=True, default="")
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    stage_at = models.DateTimeField(default=clock.now)
    won_at = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(default=clock.now)
    #: Makes creation idempotent, where the creator gives one
    key = models.CharField(max_length=120, null=True, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["stage", "position", "id"], name="deal_board"),
            models.Index(fields=["pipeline", "stage"], include=["currency", "amount", "owner"], name="deal_sums"),
            models.Index(fields=["pipeline", "-created_at", "-id"], name="deal_created"),
            models.Index(fields=["contact", "-created_at"], name="deal_contact"),
            models.Index(fields=["company", "-created_at"], name="deal_company"),
            models.Index(fields=["owner", "-created_at"], name="deal_owner"),
            models.Index(fields=["won_at"], name="deal_won", condition=Q(won_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name


class DealStageChange(models.Model):
    """Every stage a deal has stood in, with who put it there."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="changes")
    before = models.ForeignKey(PipelineStage, null=True, on_delete=models.CASCADE, related_name="+")
    after = models.ForeignKey(PipelineStage, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=40, default="system")

    class Meta:
        indexes = [models.Index(fields=["deal", "at"], name="change_deal")]


class LeadHandover(models.Model):
    """Marketing hands a person to sales; sales accepts or returns. At most one is open per person."""

    OPEN, ACCEPTED, RETURNED = "open", "accepted", "returned"

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    deal = models.ForeignKey(Deal, null=True, on_delete=models.SET_NULL, related_name="handovers")
    reason = models.CharField(max_length=300)
    score = models.IntegerField(default=0)
    status = models.CharField(max_length=10, default=OPEN)
    created_at = models.DateTimeField(default=clock.now)
    sla_due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)  # when it was accepted or returned
    return_reason = models.CharField(max_length=300, blank=True, default="")
    actor = models.CharField(max_length=40, default="system")
    key = models.CharField(max_length=120, unique=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contact"], condition=Q(status="open"), name="handover_one_open"),
        ]
        indexes = [
            models.Index(fields=["owner", "sla_due_at"], condition=Q(status="open"), name="handover_queue"),
            models.Index(fields=["contact", "-created_at"], name="handover_contact"),
            models.Index(fields=["-created_at"], name="handover_created"),
        ]


class OrderStatus(models.TextChoices):
    PENDING = "pending", pgettext_lazy("order", "Pending")
    PAID = "paid", pgettext_lazy("order", "Paid")
    FULFILLED = "fulfilled", pgettext_lazy("order", "Fulfilled")
    CANCELLED = "cancelled", pgettext_lazy("order", "Cancelled")
    REFUNDED = "refunded", pgettext_lazy("order", "Refunded")


class Order(models.Model):
    """What somebody bought. `status` follows from the moments (rules.order_status); `version` counts the changes, as
    that of a deal does. A shop names an order by `source` and `key`: its repeated calls are one order."""

    number = models.CharField(max_length=60)
    #: Where it was placed: a shop's name; "" where it was written down by hand
    source = models.CharField(max_length=80, blank=True, default="")
    key = models.CharField(max_length=120, null=True)
    contact = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False)
    company = models.ForeignKey(Company, null=True, on_delete=models.SET_NULL, related_name="+")
    deal = models.ForeignKey(Deal, null=True, on_delete=models.SET_NULL, related_name="orders")
    status = models.CharField(max_length=10, choices=OrderStatus.choices, default=OrderStatus.PENDING)
    currency = models.CharField(max_length=3, default="USD")
    total = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    #: Off the sum of the lines; the lines' own discounts are in their totals
    discount = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    tax = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    shipping = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    #: What was paid back so far
    refunded = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    #: Pieces, over all lines
    quantity = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    coupon = models.CharField(max_length=80, blank=True, default="")
    note = models.TextField(blank=True, default="")
    cancel_reason = models.CharField(max_length=200, blank=True, default="")
    placed_at = models.DateTimeField(default=clock.now)
    paid_at = models.DateTimeField(null=True)
    fulfilled_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    refunded_at = models.DateTimeField(null=True)  # the last time
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    #: Folded number, coupon and products, and their short words (people.rules.search): how it is found in any script
    search = models.TextField(default="", blank=True)
    grams = ArrayField(models.TextField(), default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="order_once")]
        indexes = [
            models.Index(
                fields=["-placed_at", "-id"],
                include=["currency", "total", "refunded", "status", "source"],
                name="order_placed",
            ),
            models.Index(fields=["status", "-placed_at", "-id"], name="order_status"),
            models.Index(fields=["source", "-placed_at", "-id"], name="order_source"),
            models.Index(fields=["contact", "-placed_at"], name="order_contact"),
            models.Index(fields=["company", "-placed_at"], name="order_company"),
            models.Index(fields=["deal"], name="order_deal", condition=Q(deal__isnull=False)),
            GinIndex(OpClass("search", name="gin_trgm_ops"), name="order_search_trgm"),
            GinIndex(fields=["grams"], name="order_grams"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One product of an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    place = models.SmallIntegerField(default=0)
    sku = models.CharField(max_length=80, blank=True, default="")
    name = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=12, decimal_places=3, default=1)
    unit_price = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    discount = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    total = models.DecimalField(max_digits=16, decimal_places=2, default=0)

    class Meta:
        ordering = ["place", "id"]
