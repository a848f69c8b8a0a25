"""Reasons and checks in words."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..rules.checks import Check

#: status -> hue of its chip
HUES = {"queued": 265, "sending": 235, "sent": 150, "bounced": 25, "failed": 25, "refused": 60}

#: level of a check -> hue and icon
LEVELS = {"ok": (150, "check"), "warn": (60, "triangle-alert"), "bad": (25, "circle-alert")}

_REASONS = {
    "no_consent": _("no consent for marketing mail"),
    "suppressed": _("address is suppressed"),
    "no_address": _("no e-mail address"),
    "no_device": _("no browser of hers takes push messages"),
    "no_number": _("no telephone number"),
    "invalid_number": _("the telephone number cannot be right"),
    "not_mobile": _("the telephone number is no mobile one"),
    "too_long": _("the text is too long"),
    "cap": _("limit per person reached"),
    "template": _("the template does not render"),
    "no_template": _("the template is gone"),
    "no_person": _("the person is gone"),
    "restored": _("restored from a backup: it may have gone out since"),
}
_PARTS = {
    "subject": _("Subject"), "preview": _("Preview text"), "body": _("Body"), "text": _("Plain text"),
    "title": _("Title"), "link": _("Link"), "icon": _("Icon"), "image": _("Picture"),
}  # fmt: skip


def reason(code: str) -> str:
    """Why a mail was not sent."""
    if code.startswith("missing_field:"):
        return gettext("no value: %(name)s") % {"name": code.partition(":")[2]}
    return str(_REASONS.get(code, code))


_ENDED = {
    "browser": _("switched off in the browser"),
    "page": _("ended on a page of ours"),
    "gone": _("its push service does not know it any more"),
    "other": _("somebody else uses the browser now"),
    "replaced": _("it has a new address"),
}


def ended(why: str) -> str:
    """Why a browser takes no push messages any more."""
    return str(_ENDED.get(why, why))


def without(names: Sequence[str]) -> str:
    """What merge tags without a fallback mean while nobody is chosen to preview for; "" where there are none."""
    if not names:
        return ""
    return gettext("Without a fallback: whoever has no value does not get it. %(names)s") % {"names": ", ".join(names)}


def check_words(check: Check) -> str:
    """A check as a sentence."""
    v = dict(check.values)
    v["where"] = str(_PARTS.get(str(v.get("where", "")), ""))
    known = {
        "problem": _("%(where)s: %(words)s"),
        "no_subject": _("There is no subject."),
        "long_subject": _("The subject has %(count)s characters; phones cut it off after about 60."),
        "unsubscribe": _("Unsubscribe link present."),
        "unsubscribe_added": _("An unsubscribe link is added at the end."),
        "no_preview": _("No preview text: inboxes show the first words of the body instead."),
        "no_text": _("The text part is empty."),
        "text_derived": _("The text part is made from the body."),
        "http_link": _("%(url)s is not https."),
        "text_too_long": _("%(count)s characters; providers take %(limit)s at most, so it would not be sent."),
        "opt_out": _("It says how to get no more texts."),
        "no_opt_out": _("It does not say how to get no more texts; most countries ask for it."),
        "odd_characters": _("These characters make the text longer: %(characters)s"),
        "short_links": _("Addresses in it: %(count)s. They are shortened and counted."),
        "no_title": _("There is no title."),
        "long_title": _("The title has %(count)s characters; systems cut it off after about %(limit)s."),
        "long_body": _("The text has %(count)s characters; systems cut it off after about %(limit)s."),
        "plain_picture": _("%(url)s is not https: browsers do not load it."),
        "link_home": _("A click leads to your web site, and is counted."),
        "push_size": _("%(count)s of %(limit)s bytes."),
        "size": _("%(kb)s KB of %(limit)s KB."),
    }
    if check.code == "unknown_tag":
        text = _("%(where)s: nothing fills %(name)s.")
        if v.get("meant"):
            text = _("%(where)s: nothing fills %(name)s. Did you mean %(meant)s?")
        return str(text) % v
    return str(known[check.code]) % v
