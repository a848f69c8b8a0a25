"""Django forms of the pages of capture: they read what was typed; the actions check it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from headwater.people.rules import countries

from .models import Asset, Form, Site, Thanks
from .rules.forms import MAPS, TYPES, Invalid
from .rules.push import prompt


def put_errors(form: forms.Form, problem: Invalid) -> None:
    """An action's refusal, beside the fields that it names."""
    for field, text in problem.errors.items():
        form.add_error(field if field in form.fields else None, gettext(text))


class SiteForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    allowed_origins = forms.CharField(
        label=_("Allowed origins"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "https://www.example.com"}),
        help_text=_("One a line. Empty: pages of any origin may send events with this site's key."),
    )
    count_automated = forms.BooleanField(
        label=_("Count automated browsers as people"),
        required=False,
        help_text=_("For a site on which your own tests play the visitor. Otherwise they are labelled as bots."),
    )
    active = forms.BooleanField(label=_("Takes events"), required=False, initial=True)

    @classmethod
    def of(cls, site: Site) -> SiteForm:
        return cls(
            initial={
                "name": site.name,
                "allowed_origins": "\n".join(site.allowed_origins),
                "count_automated": site.count_automated,
                "active": site.active,
            }
        )

    def values(self) -> dict[str, Any]:
        return {**self.cleaned_data, "allowed_origins": self.cleaned_data["allowed_origins"].splitlines()}


class PushForm(forms.Form):
    """A site's push messages: what is asked, and when."""

    push = forms.BooleanField(label=_("Offer push messages on this site"), required=False)
    title = forms.CharField(label=_("Question"), max_length=120)
    text = forms.CharField(label=_("Explanation"), max_length=300, required=False, widget=forms.Textarea({"rows": 2}))
    yes = forms.CharField(label=_("Button that agrees"), max_length=40)
    no = forms.CharField(label=_("Button that does not"), max_length=40)
    pages = forms.IntegerField(
        label=_("Ask after so many pages"),
        min_value=0,
        max_value=365,
        help_text=_("0: only when a button or your own script asks."),
    )
    again = forms.IntegerField(label=_("Ask again after so many days"), min_value=0, max_value=365)
    worker = forms.CharField(
        label=_("Path of the file on your site"),
        max_length=200,
        help_text=_("Where you put it, beginning with a slash."),
    )

    @classmethod
    def of(cls, site: Site) -> PushForm:
        return cls(initial={"push": site.push, **prompt(site.push_prompt)})

    def values(self) -> dict[str, Any]:
        """As `update_site` takes them."""
        said = dict(self.cleaned_data)
        return {"push": said.pop("push"), "push_prompt": said}


class AssetForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=160)
    file = forms.FileField(label=_("File"), help_text=_("At most 50 MB. It is handed out as it is."))
    link_days = forms.IntegerField(label=_("Links are valid for (days)"), min_value=1, max_value=365, initial=7)
    link_downloads = forms.IntegerField(
        label=_("Downloads per link"), min_value=0, max_value=1000, initial=5, help_text=_("0: any number.")
    )
    active = forms.BooleanField(label=_("Can be downloaded"), required=False, initial=True)


class FormForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("For you; visitors see the title."))
    slug = forms.SlugField(label=_("Address"), required=False, help_text=_("/f/<address>/. Empty: made of the name."))
    title = forms.CharField(label=_("Title"), max_length=160, required=False)
    intro = forms.CharField(label=_("Introduction"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    button = forms.CharField(label=_("Button"), max_length=60, required=False)
    consent_text = forms.CharField(
        label=_("Consent to e-mails"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What she agrees to, word for word; it is kept with her consent. Empty: the form does not ask."),
    )
    consent_required = forms.BooleanField(label=_("Must agree to send the form"), required=False)
    sms_consent_text = forms.CharField(
        label=_("Consent to texts (SMS)"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("As beside it, for texts. The form needs a field of type phone that goes to the contact's phone."),
    )
    sms_consent_required = forms.BooleanField(label=_("Must agree to send the form"), required=False)
    country = forms.ChoiceField(
        label=_("Numbers without a country code are from"),
        required=False,
        help_text=_("A country that she names in the form goes before."),
    )
    thanks = forms.ChoiceField(label=_("Afterwards"), choices=Thanks.choices, initial=Thanks.MESSAGE)
    thanks_message = forms.CharField(label=_("Message"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    redirect_url = forms.CharField(label=_("Page to go to"), required=False, max_length=500)
    asset_id = forms.TypedChoiceField(label=_("Download"), required=False, coerce=int, empty_value=None, choices=())
    tags = forms.CharField(label=_("Tags for the person"), required=False, help_text=_("Separated by commas."))
    active = forms.BooleanField(label=_("Open"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "–"), *((a.pk, a.name) for a in Asset.objects.filter(active=True).order_by("name"))]
        self.fields["asset_id"].choices = choices  # type: ignore[attr-defined]
        known = countries(get_language() or "en")
        self.fields["country"].choices = [("", gettext("The visitor's country")), *known.items()]  # type: ignore[attr-defined]

    @classmethod
    def of(cls, form: Form) -> FormForm:
        names = [name for name in cls.base_fields if name != "tags"]
        return cls(initial={**{n: getattr(form, n) for n in names}, "tags": ", ".join(form.tags)})

    def values(self) -> dict[str, Any]:
        found = dict(self.cleaned_data)
        found["tags"] = [t.strip() for t in found["tags"].split(",") if t.strip()]
        if not found["slug"]:
            del found["slug"]
        return found


def read_fields(post: QueryDict) -> list[dict[str, Any]]:
    """The rows of the field editor, in their order on the page; rows without a label are left out."""
    out = []
    for n in post.getlist("row"):
        names = ("label", "type", "required", "maps_to", "options", "placeholder", "value", "key")
        typed = {name: (post.get(f"f-{n}-{name}") or "").strip() for name in names}
        if not typed["label"]:
            continue
        field: dict[str, Any] = {
            **typed,
            "type": typed["type"] or "text",
            "required": bool(typed["required"]),
            "options": [o.strip() for o in typed["options"].split("|") if o.strip()],
        }
        if not typed["key"]:
            del field["key"]
        out.append(field)
    return out


def editor_rows(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The fields as the editor shows them, with an empty row at the end."""
    rows = [{**f, "n": n, "options_text": " | ".join(f.get("options", []))} for n, f in enumerate(fields)]
    return [*rows, blank_row(len(rows))]


def blank_row(n: int | str) -> dict[str, Any]:
    return {"n": n, "label": "", "type": "text", "maps_to": "", "required": False, "options_text": ""}


def choices(marked: Mapping[str, str]) -> list[tuple[str, str]]:
    """Marked words, translated now."""
    return [(value, gettext(label)) for value, label in marked.items()]


def field_choices() -> dict[str, list[tuple[str, str]]]:
    return {"types": choices(TYPES), "maps": choices(MAPS)}
