"""Tables of capture: sites, forms and assets; the intake queue with what hangs on it."""

from __future__ import annotations

import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from headwater.core import clock


def new_public_key() -> str:
    return "site_" + secrets.token_urlsafe(12)


class Site(models.Model):
    """A web site whose pages carry the tracking script. The key is public: it stands in the page."""

    name = models.CharField(max_length=120)
    public_key = models.CharField(max_length=40, unique=True, default=new_public_key)
    #: "https://www.example.com", "https://*.example.com"; empty: any origin may send
    allowed_origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    active = models.BooleanField(default=True)
    #: Push messages: does the site ask for them, and how (rules.push.DEFAULTS)
    push = models.BooleanField(default=False, db_default=False)
    push_prompt = models.JSONField(default=dict, blank=True, db_default={})
    #: Count headless and driven browsers as people (for the owner's own automatic tests)
    count_automated = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    first_event_at = models.DateTimeField(null=True, blank=True)
    last_event_at = models.DateTimeField(null=True, blank=True)
    events = models.BigIntegerField(default=0)
    bot_events = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Asset(models.Model):
    """A file handed out behind a form, over counted links that expire."""

    name = models.CharField(max_length=160)
    file = models.FileField(upload_to="assets/%Y/%m/")
    file_name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100, default="application/octet-stream")
    size = models.BigIntegerField(default=0)
    link_days = models.PositiveSmallIntegerField(default=7)
    #: Downloads one link allows; 0: any number until it expires
    link_downloads = models.PositiveSmallIntegerField(default=5)
    downloads = models.PositiveIntegerField(default=0)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class Thanks(models.TextChoices):
    MESSAGE = "message", _("Show a message")
    REDIRECT = "redirect", _("Go to a page")
    ASSET = "asset", _("Hand out a download")


class Form(models.Model):
    """A form, hosted at /f/<slug>/ and embedded anywhere.

    `fields`: a list of {"key", "label", "type", "required", "maps_to", "options", "placeholder", "value"};
    rules.forms has the types and checks them.
    """

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=160, blank=True, default="")
    intro = models.TextField(blank=True, default="")
    fields = models.JSONField(default=list)
    button = models.CharField(max_length=60, blank=True, default="")
    #: Empty: the form asks for no consent. Every change of the text makes a new version.
    consent_text = models.TextField(blank=True, default="")
    consent_version = models.PositiveIntegerField(default=1)
    consent_required = models.BooleanField(default=False)
    #: The same for texts (SMS); it needs a field for the number
    sms_consent_text = models.TextField(blank=True, default="")
    sms_consent_version = models.PositiveIntegerField(default=1)
    sms_consent_required = models.BooleanField(default=False)
    #: Where numbers without a country code are from (two letters); empty: where the visitor is
    country = models.CharField(max_length=2, blank=True, default="")
    thanks = models.CharField(max_length=10, choices=Thanks.choices, default=Thanks.MESSAGE)
    thanks_message = models.TextField(blank=True, default="")
    redirect_url = models.URLField(max_length=500, blank=True, default="")
    asset = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.PROTECT, related_name="forms")
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    #: A person needs at least this long; quicker ones are asked to press the button again
    min_seconds = models.PositiveSmallIntegerField(default=2)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class FormSubmission(models.Model):
    """What a person sent, as she sent it, with the consent she gave word for word."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "at", "id")
    person_id = models.BigIntegerField()
    at = models.DateTimeField()
    id = models.UUIDField()
    form_id = models.BigIntegerField()
    data = models.JSONField(default=dict)
    utm = models.JSONField(default=dict)
    url = models.CharField(max_length=2000, blank=True, default="")
    visitor_id = models.BigIntegerField(null=True)
    ip = models.CharField(max_length=64, blank=True, default="")
    user_agent = models.CharField(max_length=300, blank=True, default="")
    #: {"text", "version", "given", "sms": {"text", "version", "given", "number"}}; what was not asked is left out
    consent = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["form_id", "-at", "id"], name="capture_submission_form")]


class SpamSubmission(models.Model):
    """A submission that fell into a spam trap: kept aside, no contact, until somebody says it is none."""

    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="spam")
    at = models.DateTimeField(default=clock.now)
    reason = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    #: The rest of what submit_form needs to take it up again
    context = models.JSONField(default=dict)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["form", "-at"], name="capture_spam_form")]


class AssetLink(models.Model):
    """One person's link to an asset: it expires and counts."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "id")
    person_id = models.BigIntegerField()
    id = models.UUIDField()
    asset_id = models.BigIntegerField()
    expires_at = models.DateTimeField()
    allowed = models.PositiveSmallIntegerField(default=0)
    downloads = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(null=True)


class IntakeLane(models.Model):
    """One row a lane: whoever holds it sequences the lane, so that a visitor's events stay in order."""

    HOT = "lane"
    lane_key = models.BigIntegerField(primary_key=True)


class Intake(models.Model):
    """Events as they came, appended by the collector's COPY and taken out by the sequencer. See README.md."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "id")
    lane_key = models.BigIntegerField()
    #: Microseconds since 1970 << 11 with random low bits: made by the collector, in order of arrival
    id = models.BigIntegerField()
    received_at = models.DateTimeField()
    #: "t:SITE" or "api:KEY"
    source = models.CharField(max_length=32)
    visitor_id = models.BigIntegerField(null=True)
    #: Why this is no human's, "" for a human's
    bot = models.CharField(max_length=40)
    payload = models.JSONField()
    #: What the request as a whole said: user agent, address, language
    context = models.JSONField()


class IntakeSeen(models.Model):
    """Event ids that were sequenced, so that a repeated one has no second effect. Kept for three days."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "key")
    lane_key = models.BigIntegerField()
    key = models.UUIDField()
    seen_at = models.DateTimeField(db_index=True)


class IntakeRejected(models.Model):
    """An intake row the sequencer could not digest, set aside with its reason."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "id")
    lane_key = models.BigIntegerField()
    id = models.BigIntegerField()
    received_at = models.DateTimeField()
    rejected_at = models.DateTimeField()
    reason = models.CharField(max_length=2000)
    row = models.JSONField()


class BotEvent(models.Model):
    """What bots did, beside the log: labelled with the reason, never counted as a person, never dropped."""

    HOT = "visitor"
    pk = models.CompositePrimaryKey("visitor_id", "at", "id")
    visitor_id = models.BigIntegerField()
    at = models.DateTimeField()
    id = models.UUIDField()
    site_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=80)
    data = models.JSONField()
    reason = models.CharField(max_length=40)
    user_agent = models.CharField(max_length=300)

    class Meta:
        indexes = [models.Index(fields=["site_id", "-at"], name="capture_bot_site")]
