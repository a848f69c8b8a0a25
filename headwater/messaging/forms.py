"""Forms of mail."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from headwater.content.rules import TemplateProblem, compile_mail, tags
from headwater.people.rules import Invalid, normalise_phone

from .actions import PushText, SmsText, TemplateText
from .models import Purpose


class TemplateForm(forms.Form):
    """What a template says. Mistakes in the body or in a merge tag stand next to their field, with their line."""

    name = forms.CharField(label=_("Name"), max_length=160)
    purpose = forms.ChoiceField(label=_("Kind"), choices=Purpose.choices, initial=Purpose.MARKETING)
    subject = forms.CharField(label=_("Subject"), max_length=300)
    preview = forms.CharField(label=_("Preview text"), max_length=300, required=False)
    from_name = forms.CharField(label=_("From (name)"), max_length=120, required=False)
    from_address = forms.EmailField(label=_("From (address)"), required=False)
    reply_to = forms.EmailField(label=_("Replies to"), required=False)
    mjml = forms.CharField(label=_("Body (MJML)"), max_length=500_000, strip=False)
    text_override = forms.CharField(label=_("Plain text"), max_length=200_000, required=False, strip=False)

    def clean_subject(self) -> str:
        return self._tags("subject")

    def clean_preview(self) -> str:
        return self._tags("preview")

    def clean_text_override(self) -> str:
        return self._tags("text_override")

    def clean_mjml(self) -> str:
        source = str(self.cleaned_data["mjml"]).replace("\r\n", "\n")
        try:
            tags(compile_mail(source).html)
        except TemplateProblem as problem:
            raise forms.ValidationError(str(problem)) from problem
        return source

    def _tags(self, name: str) -> str:
        text = str(self.cleaned_data[name])
        try:
            tags(text)
        except TemplateProblem as problem:
            raise forms.ValidationError(gettext("Merge tag: %(words)s") % {"words": problem.message}) from problem
        return text

    def says(self) -> TemplateText:
        """The cleaned values as an action takes them."""
        c: dict[str, Any] = self.cleaned_data
        return TemplateText(
            subject=c["subject"],
            mjml=c["mjml"],
            preview=c["preview"],
            text_override=c["text_override"],
            from_name=c["from_name"],
            from_address=c["from_address"],
            reply_to=c["reply_to"],
        )


class TextForm(forms.Form):
    """What a text (SMS) says."""

    name = forms.CharField(label=_("Name"), max_length=160)
    purpose = forms.ChoiceField(label=_("Kind"), choices=Purpose.choices, initial=Purpose.MARKETING)
    body = forms.CharField(
        label=_("Text"), max_length=5000, widget=forms.Textarea(attrs={"rows": 7, "class": "inp", "spellcheck": "true"})
    )
    opt_out = forms.CharField(
        label=_("Last line"),
        max_length=160,
        required=False,
        help_text=_("Of marketing texts: how to get no more of them. Whoever answers STOP gets none."),
    )
    sender = forms.CharField(
        label=_("Sender"),
        max_length=20,
        required=False,
        help_text=_("A number, or a name of up to eleven letters where the country allows it."),
    )

    def clean_body(self) -> str:
        text = str(self.cleaned_data["body"])
        try:
            tags(text)
        except TemplateProblem as problem:
            raise forms.ValidationError(gettext("Merge tag: %(words)s") % {"words": problem.message}) from problem
        return text

    def clean_sender(self) -> str:
        sender = str(self.cleaned_data["sender"])
        if sender and not _SENDER.fullmatch(sender):
            raise forms.ValidationError(gettext("A number such as +15550100, or letters and digits, eleven at most."))
        return sender

    def says(self) -> SmsText:
        """The cleaned values as an action takes them."""
        c: dict[str, Any] = self.cleaned_data
        return SmsText(body=c["body"], sender=c["sender"], opt_out=c["opt_out"])


#: A number, a short code, a messaging service of Twilio's, or a name
_SENDER = re.compile(r"\+?\d{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")


class PushForm(forms.Form):
    """What a push message says."""

    name = forms.CharField(label=_("Name"), max_length=160)
    purpose = forms.ChoiceField(label=_("Kind"), choices=Purpose.choices, initial=Purpose.MARKETING)
    title = forms.CharField(label=_("Title"), max_length=300)
    body = forms.CharField(
        label=_("Text"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "inp", "spellcheck": "true"}),
    )
    link = forms.CharField(
        label=_("Link"),
        max_length=2000,
        required=False,
        help_text=_("Where a click leads. Empty: your web site."),
        widget=forms.TextInput(attrs={"placeholder": "https://"}),
    )
    icon = forms.CharField(
        label=_("Icon"),
        max_length=2000,
        required=False,
        help_text=_("Address of a square picture, 192 × 192. Empty: the browser's own."),
        widget=forms.TextInput(attrs={"placeholder": "https://"}),
    )
    image = forms.CharField(
        label=_("Picture"),
        max_length=2000,
        required=False,
        help_text=_("Address of a wide picture, 2 : 1. Not every system shows it."),
        widget=forms.TextInput(attrs={"placeholder": "https://"}),
    )

    def clean_title(self) -> str:
        return self._tags("title")

    def clean_body(self) -> str:
        return self._tags("body")

    def clean_link(self) -> str:
        return self._address("link")

    def clean_icon(self) -> str:
        return self._address("icon")

    def clean_image(self) -> str:
        return self._address("image")

    def _tags(self, name: str) -> str:
        text = str(self.cleaned_data[name])
        try:
            tags(text)
        except TemplateProblem as problem:
            raise forms.ValidationError(gettext("Merge tag: %(words)s") % {"words": problem.message}) from problem
        return text

    def _address(self, name: str) -> str:
        text = self._tags(name)
        if text and not re.match(r"https?://\S|\{[{%]", text):
            raise forms.ValidationError(gettext("An address begins with https://"))
        return text

    def says(self) -> PushText:
        """The cleaned values as an action takes them."""
        return PushText(**{name: str(self.cleaned_data[name]) for name in PushText.__dataclass_fields__})


class TestTextForm(forms.Form):
    """Where a test goes."""

    number = forms.CharField(label=_("Number"), max_length=40)

    def clean_number(self) -> str:
        try:
            return normalise_phone(str(self.cleaned_data["number"]))
        except Invalid as problem:
            raise forms.ValidationError(str(gettext(problem.errors["phone"]))) from problem


class PolicyForm(forms.Form):
    """The frequency cap."""

    cap_mails = forms.IntegerField(
        label=_("Marketing mails per person"),
        min_value=1,
        max_value=1000,
        required=False,
        help_text=_("Leave empty for no limit. Transactional mail never counts."),
    )
    cap_days = forms.IntegerField(label=_("In so many days"), min_value=1, max_value=365, initial=7)


class TextPolicyForm(PolicyForm):
    """The frequency cap of texts, on the same page."""

    prefix = "texts"
    cap_mails = forms.IntegerField(
        label=_("Marketing texts per person"),
        min_value=1,
        max_value=1000,
        required=False,
        help_text=_("Leave empty for no limit. Transactional texts never count."),
    )


class PushPolicyForm(PolicyForm):
    """The frequency cap of push messages, on the same page."""

    prefix = "pushes"
    cap_mails = forms.IntegerField(
        label=_("Marketing push messages per person"),
        min_value=1,
        max_value=1000,
        required=False,
        help_text=_("Leave empty for no limit. Transactional ones never count."),
    )


class SuppressForm(forms.Form):
    """An address or a number that must not be written to."""

    email = forms.CharField(label=_("Address or telephone number"), max_length=254)

    def clean_email(self) -> str:
        given = str(self.cleaned_data["email"]).strip()
        if "@" in given:
            forms.EmailField().clean(given)
            return given
        try:
            return normalise_phone(given)
        except Invalid as problem:
            raise forms.ValidationError(gettext("This is neither an address nor a telephone number.")) from problem
