"""Templates and their versions, the ledger of every message, what is due, and who must not be written to.

Mails, texts (SMS) and push messages share templates and ledger; what is due waits in an outbox of its channel, so that
none is sent later because of another.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from headwater.core import clock


class Channel(models.TextChoices):
    EMAIL = "email", _("Email")
    SMS = "sms", _("SMS")
    PUSH = "push", _("Push")


class Purpose(models.TextChoices):
    MARKETING = "marketing", _("Marketing")
    TRANSACTIONAL = "transactional", _("Transactional")


class Status(models.TextChoices):
    """Where a message is. Opened and clicked are times beside it, because a mail may be both."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    BOUNCED = "bounced", _("Bounced")
    FAILED = "failed", _("Failed")
    REFUSED = "refused", _("Not sent")


class MailTemplate(models.Model):
    """A message that people write once. What it says is in its versions; `version` is the newest."""

    name = models.CharField(max_length=160)
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.EMAIL, db_default=Channel.EMAIL)
    purpose = models.CharField(max_length=15, choices=Purpose.choices, default=Purpose.MARKETING)
    version = models.IntegerField(default=1)
    #: A stable name for templates that ship with the product or are used by the API
    slug = models.CharField(max_length=80, blank=True, default="", db_index=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["-updated_at", "-id"], name="mailtemplate_recent")]

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """What a template said at a time. Never changed: a mail of last year can be shown as it was."""

    template = models.ForeignKey(MailTemplate, on_delete=models.CASCADE, related_name="versions")
    version = models.IntegerField()
    subject = models.CharField(max_length=300)
    preview = models.CharField(max_length=300, blank=True, default="")
    mjml = models.TextField()
    #: Written by hand; empty: derived from the HTML. Of a text and of a push message: what it says, as it was written
    text_override = models.TextField(blank=True, default="")
    #: Of a text: its sender's number or name ("": the provider's own)
    from_name = models.CharField(max_length=120, blank=True, default="")
    from_address = models.CharField(max_length=254, blank=True, default="")
    reply_to = models.CharField(max_length=254, blank=True, default="")
    #: Of a marketing text: the line at its end that says how to get no more of them
    opt_out = models.CharField(max_length=160, blank=True, default="", db_default="")
    #: Of a push message: where a click leads ("": the web site), its icon ("": the browser's own) and its picture
    link = models.CharField(max_length=2000, blank=True, default="", db_default="")
    icon = models.CharField(max_length=2000, blank=True, default="", db_default="")
    image = models.CharField(max_length=2000, blank=True, default="", db_default="")
    #: Compiled once: HTML with merge tags and `hw.lN` for tracked link N, and the text part likewise
    html = models.TextField(blank=True, default="")
    text = models.TextField(blank=True, default="")
    actor = models.CharField(max_length=40, default="system")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "version"], name="templateversion_once")]


class TrackedLink(models.Model):
    """An address that a template links to (merge tags included). Its id is what click tokens carry."""

    template = models.ForeignKey(MailTemplate, on_delete=models.CASCADE, related_name="links")
    url = models.TextField()
    digest = models.CharField(max_length=64)  # sha256 of url, so that it can be unique

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "digest"], name="trackedlink_once")]


class Message(models.Model):
    """The ledger: one row for each message to each person, with its whole fate."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "id")
    person_id = models.BigIntegerField()
    id = models.UUIDField()  # rules.tokens.new_id: ordered by time
    #: Who asked for it and why, once: the same key is never queued twice for a person
    key = models.CharField(max_length=200)
    template_id = models.BigIntegerField()
    version = models.IntegerField()
    purpose = models.CharField(max_length=15, choices=Purpose.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.EMAIL, db_default=Channel.EMAIL)
    actor = models.CharField(max_length=40)
    #: Where it goes: of a text the number, of a push message nothing (its rows of PushOutbox name the browsers)
    email = models.CharField(max_length=254, blank=True, default="")
    #: Of a text: what it says, on one line
    subject = models.CharField(max_length=300, blank=True, default="")
    #: Message-ID, without brackets; of a text: the provider's own id
    header_id = models.CharField(max_length=160, blank=True, default="")
    context = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status.choices)
    reason = models.CharField(max_length=120, blank=True, default="")  # why refused
    error = models.CharField(max_length=500, blank=True, default="")  # the server's words
    attempts = models.SmallIntegerField(default=0)
    #: A try was interrupted between the mail's last byte and the server's answer
    uncertain = models.BooleanField(default=False)
    queued_at = models.DateTimeField()
    sending_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    last_open_at = models.DateTimeField(null=True)
    opens = models.IntegerField(default=0)
    clicked_at = models.DateTimeField(null=True)
    last_click_at = models.DateTimeField(null=True)
    clicks = models.IntegerField(default=0)
    scans = models.IntegerField(default=0)  # loads by machines
    bounced_at = models.DateTimeField(null=True)
    complained_at = models.DateTimeField(null=True)
    #: Texts: her telephone has it; she wrote back; of how many parts it was (0: not sent). Push: a browser
    #: has shown it; how many browsers' services took it
    delivered_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    segments = models.SmallIntegerField(default=0, db_default=0)
    unsubscribed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "key"], name="message_key_once")]
        indexes = [
            models.Index(fields=["-queued_at", "-id"], name="message_recent"),
            models.Index(fields=["status", "-queued_at", "-id"], name="message_status"),
            models.Index(fields=["template_id", "-queued_at", "-id"], name="message_template"),
            models.Index(fields=["person_id", "-queued_at"], name="message_person"),
            #: Who had a text at a number: replies name nothing else. Mails are not in it
            models.Index(fields=["email", "-queued_at"], condition=models.Q(channel="sms"), name="message_number"),
        ]


class Outbox(models.Model):
    """What is due: a message waits here until its outcome is known, so a crash loses none.

    A claim moves `due_at` on by the lease (and commits the message as "sending"); when the worker dies, the row is
    due again by itself. rank: 0 transactional, 1 marketing.
    """

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "rank", "due_at", "person_id", "message_id")
    lane_key = models.BigIntegerField()
    rank = models.SmallIntegerField()
    due_at = models.DateTimeField()
    person_id = models.BigIntegerField()
    message_id = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["rank", "due_at"], name="outbox_due")]


class TextOutbox(models.Model):
    """The same for what goes over other channels than mail (`texts.py` sends it)."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "rank", "due_at", "person_id", "message_id")
    lane_key = models.BigIntegerField()
    rank = models.SmallIntegerField()
    due_at = models.DateTimeField()
    person_id = models.BigIntegerField()
    message_id = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["rank", "due_at"], name="textoutbox_due")]


class PushBrowser(models.Model):
    """What a subscription of a browser to push messages holds."""

    endpoint = models.CharField(max_length=2000)
    #: The browser's key and secret (RFC 8291), base64url
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=40)
    site_id = models.BigIntegerField(null=True)
    agent = models.CharField(max_length=80, blank=True, default="")  # "Chrome, Windows"
    #: Where and to which words she agreed: {"source", "url", "text", "ip"}
    proof = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    #: browser (she switched it off there), page (on a page of ours), gone (its push service says so), other (somebody
    #: else uses the browser now), replaced (it has a new address)
    ended_why = models.CharField(max_length=12, blank=True, default="")
    ended_words = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        abstract = True


class PushDevice(PushBrowser):
    """A browser of a person that takes push messages, or took them."""

    HOT = "person"
    pk = models.CompositePrimaryKey("person_id", "id")
    person_id = models.BigIntegerField()
    id = models.UUIDField()  # rules.webpush.browser_id: made of its address
    visitor_id = models.BigIntegerField(null=True)
    sent_at = models.DateTimeField(null=True)  # what it was given last, and what it showed last
    shown_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["id"], name="pushdevice_browser")]


class VisitorPush(PushBrowser):
    """The same of a browser of which nobody knows whose it is yet: it goes along when she is identified."""

    HOT = "visitor"
    pk = models.CompositePrimaryKey("visitor_id", "id")
    visitor_id = models.BigIntegerField()
    id = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["id"], name="visitorpush_browser")]


class PushOutbox(models.Model):
    """The same of push messages (`pushes.py`), browser by browser: what one has it gets once, whatever another does."""

    HOT = "lane"
    pk = models.CompositePrimaryKey("lane_key", "rank", "due_at", "person_id", "message_id", "device_id")
    lane_key = models.BigIntegerField()
    rank = models.SmallIntegerField()
    due_at = models.DateTimeField()
    person_id = models.BigIntegerField()
    message_id = models.UUIDField()
    device_id = models.UUIDField()
    attempts = models.SmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["rank", "due_at"], name="pushoutbox_due")]


class OwnBrowser(models.Model):
    """A browser of a colleague, for tests of push messages."""

    user_id = models.BigIntegerField(db_index=True)
    browser_id = models.UUIDField(unique=True)
    endpoint = models.CharField(max_length=2000)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=40)
    agent = models.CharField(max_length=80, blank=True, default="")
    created_at = models.DateTimeField()


class Suppression(models.Model):
    """Addresses and numbers that must not be written to. Only a hash is kept, so that it outlives an erased person."""

    digest = models.CharField(max_length=64, primary_key=True)  # rules.tokens.email_digest
    reason = models.CharField(max_length=20)  # bounce, complaint, unsubscribed, manual, erased, stopped (texts)
    detail = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()


class MailPolicy(models.Model):
    """A row for each channel (1: mail, 2: SMS, 3: push): at most `cap_mails` marketing messages per person in
    `cap_days` days (null: no limit)."""

    cap_mails = models.PositiveSmallIntegerField(null=True, blank=True)
    cap_days = models.PositiveSmallIntegerField(default=7)


class CaughtMail(models.Model):
    """A mail that the demo's own SMTP server received, exactly as it came over the wire; a text that its own SMS
    provider was given; or a push message that its own push service was, decrypted as a browser does."""

    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.EMAIL, db_default=Channel.EMAIL)
    mail_from = models.CharField(max_length=254, blank=True, default="")
    rcpt_to = models.CharField(max_length=254)
    subject = models.CharField(max_length=300, blank=True, default="")
    header_id = models.CharField(max_length=160, blank=True, default="")
    raw = models.BinaryField()
    received_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-id"], name="caughtmail_recent")]
