"""Contacts, companies and who is who. `contact.id` is the person id that leads every hot key."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _

from headwater.core import clock


class Stage(models.TextChoices):
    """Lifecycle stage. A visitor is not a contact, so it has no row; it is named for funnels."""

    VISITOR = "visitor", _("Visitor")
    LEAD = "lead", _("Lead")
    MQL = "mql", _("Marketing qualified")
    SQL = "sql", _("Sales qualified")
    OPPORTUNITY = "opportunity", _("Opportunity")
    CUSTOMER = "customer", _("Customer")
    EVANGELIST = "evangelist", _("Evangelist")
    FORMER = "former", _("Former customer")


class Company(models.Model):
    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=200, blank=True, default="")
    industry = models.CharField(max_length=80, blank=True, default="")
    size = models.CharField(max_length=20, blank=True, default="")  # "11-50"
    country = models.CharField(max_length=2, blank=True, default="")
    city = models.CharField(max_length=120, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    website = models.CharField(max_length=200, blank=True, default="")
    #: customer, prospect, supplier, vendor, distributor, partner: several at once
    roles = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    custom = models.JSONField(default=dict, blank=True)
    #: As Contact.search and Contact.grams: name, domain, website, telephone
    search = models.TextField(default="", blank=True)
    grams = ArrayField(models.TextField(), default=list, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name_plural = "companies"
        indexes = [
            models.Index(fields=["domain"]),
            models.Index(fields=["name", "id"], name="company_name"),
            models.Index(fields=["-created_at", "-id"], name="company_created"),
            GinIndex(OpClass("search", name="gin_trgm_ops"), name="company_search_trgm"),
            GinIndex(fields=["grams"], name="company_grams"),
        ]

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A person who has identified herself. Written by `people.actions` only."""

    HOT = "person"  # keyed by id, which is the person_id everywhere else
    first_name = models.CharField(max_length=120, blank=True, default="")
    last_name = models.CharField(max_length=120, blank=True, default="")
    #: As she writes it herself, in any script; made of first and last name where she gave none
    name = models.CharField(max_length=250, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")  # primary, normalised
    phone = models.CharField(max_length=40, blank=True, default="")
    job_title = models.CharField(max_length=160, blank=True, default="")
    company = models.ForeignKey(
        Company,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="contacts",
        db_constraint=False,
        db_index=False,  # contact_company; each index is written anew with every change of a contact
    )
    country = models.CharField(max_length=2, blank=True, default="")
    city = models.CharField(max_length=120, blank=True, default="")
    region = models.CharField(max_length=120, blank=True, default="")
    language = models.CharField(max_length=10, blank=True, default="")
    time_zone = models.CharField(max_length=64, blank=True, default="")
    gender = models.CharField(max_length=20, blank=True, default="")
    birthday = models.DateField(null=True, blank=True)
    renewal_date = models.DateField(null=True, blank=True)
    customer_since = models.DateField(null=True, blank=True)
    stage = models.CharField(max_length=20, choices=Stage.choices, default=Stage.LEAD)
    stage_at = models.DateTimeField(default=clock.now)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
        db_index=False,  # contact_owner
    )
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    custom = models.JSONField(default=dict, blank=True)
    #: First touch, kept when the visitor became a contact: source, medium, campaign, referrer, landing
    origin = models.JSONField(default=dict, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    #: Folded name, e-mail and telephone, and their short words (rules.search): how search finds her in any script
    search = models.TextField(default="", blank=True)
    grams = ArrayField(models.TextField(), default=list, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="contact_created"),
            models.Index(models.F("last_seen_at").desc(nulls_last=True), models.F("id").desc(), name="contact_seen"),
            models.Index(fields=["name", "id"], name="contact_name"),
            models.Index(fields=["stage", "-created_at"], name="contact_stage"),
            models.Index(fields=["owner", "-created_at"], name="contact_owner"),
            models.Index(fields=["company"], name="contact_company"),
            GinIndex(fields=["tags"], name="contact_tags"),
            GinIndex(OpClass("search", name="gin_trgm_ops"), name="contact_search_trgm"),
            GinIndex(fields=["grams"], name="contact_grams"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or f"#{self.pk}"


class EmailClaim(models.Model):
    """email -> person: the one place that makes an address belong to one person (scale.md: keyed by email)."""

    HOT = "email"
    email = models.CharField(max_length=254, primary_key=True)  # normalised (rules.normalise_email)
    person_id = models.BigIntegerField(db_index=True)


class ExternalClaim(models.Model):
    """An id in another system -> person, as EmailClaim: "shop:4711"."""

    HOT = "external"
    external_id = models.CharField(max_length=200, primary_key=True)
    person_id = models.BigIntegerField(db_index=True)


class CompanyClaim(models.Model):
    """What names a company -> company: "domain:northwind.example", "name:northwind retail" (rules.same_name)."""

    key = models.CharField(max_length=220, primary_key=True)
    company_id = models.BigIntegerField(db_index=True)


class Affiliation(models.Model):
    """A contact's place in a company, with role and dates; contact and company are many-to-many."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "company_id", "role")
    person_id = models.BigIntegerField()
    company_id = models.BigIntegerField(db_index=True)
    role = models.CharField(max_length=80, default="works at")
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)


class Visitor(models.Model):
    """A browser. Anonymous while `person_id` is null. The key is a 63-bit hash of the cookie's token."""

    HOT = "visitor"
    visitor_id = models.BigIntegerField(primary_key=True)
    person_id = models.BigIntegerField(null=True, db_index=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(db_index=True)
    views = models.IntegerField(default=0)
    last_path = models.CharField(max_length=500, default="", blank=True)
    last_title = models.CharField(max_length=300, default="", blank=True)
    origin = models.JSONField(default=dict, blank=True)  # first touch, as Contact.origin
    country = models.CharField(max_length=2, default="", blank=True)
    device = models.CharField(max_length=40, default="", blank=True)
    site_id = models.IntegerField(null=True)


class Tag(models.Model):
    """The names that tags may have, with their colour; a contact carries the names themselves."""

    name = models.CharField(max_length=60, unique=True)
    hue = models.SmallIntegerField(default=235)


class Consent(models.Model):
    """The present state per channel and topic. Every change is also a fact with its proof."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "channel", "topic")
    person_id = models.BigIntegerField()
    channel = models.CharField(max_length=20)  # "email", "sms", ...
    topic = models.CharField(max_length=40, default="", blank=True)  # "" = the channel as a whole
    state = models.CharField(max_length=20)  # "granted" | "withdrawn" | "pending" (asked, not yet confirmed)
    at = models.DateTimeField()
    #: where, which text, which address: {"source": "form:3", "text": "...", "ip": "...", "url": "..."}
    proof = models.JSONField(default=dict)
