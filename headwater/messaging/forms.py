"""Forms of mail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from headwater.content.rules import TemplateProblem, compile_mail, tags

from .actions import TemplateText
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


class SuppressForm(forms.Form):
    """An address that must not be written to."""

    email = forms.EmailField(label=_("Address"), max_length=254)
