"""What people type about tickets and queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User
from headwater.people.models import Company, Contact

from .models import Kind, Priority, TicketQueue
from .rules import DAYS, DEFAULT_HOURS, DEFAULT_TARGETS, MOST_DAYS, MOST_MINUTES, PRIORITIES

if TYPE_CHECKING:
    Users = forms.ModelChoiceField[User]
    Queues = forms.ModelChoiceField[TicketQueue]
else:
    Users = Queues = forms.ModelChoiceField


class UserChoice(Users):
    """Colleagues by name."""

    def label_from_instance(self, user: Any) -> str:
        return str(user.name)


class QueueChoice(Queues):
    """Queues by the name that people read."""

    def label_from_instance(self, queue: Any) -> str:
        return str(queue.label)


def _colleagues() -> Any:
    return User.objects.filter(is_active=True).order_by("first_name", "last_name", "email")


class ContactForm(forms.Form):
    """Whose a ticket is."""

    contact = forms.IntegerField(required=False, widget=forms.HiddenInput)
    company = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_contact(self) -> int | None:
        pk = self.cleaned_data.get("contact")
        if pk is not None and not Contact.objects.filter(pk=pk).exists():
            raise forms.ValidationError(_("There is no such contact."))
        return pk

    def clean_company(self) -> int | None:
        pk = self.cleaned_data.get("company")
        if pk is not None and not Company.objects.filter(pk=pk).exists():
            raise forms.ValidationError(_("There is no such company."))
        return pk


class TicketForm(ContactForm):
    subject = forms.CharField(
        label=_("Subject"), max_length=200, error_messages={"required": _("A ticket needs a subject.")}
    )
    description = forms.CharField(
        label=_("Description"), required=False, max_length=50_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority.choices)
    queue = QueueChoice(label=_("Queue"), queryset=TicketQueue.objects.none(), empty_label=None)
    assignee = UserChoice(label=_("Assignee"), queryset=User.objects.none(), required=False, empty_label=_("Nobody"))
    field_order = ("subject", "description", "contact", "company", "kind", "priority", "queue", "assignee")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _fill(self, "queue", TicketQueue.objects.filter(archived_at=None))
        _fill(self, "assignee", _colleagues())


class EditForm(forms.Form):
    """Properties of a ticket; only those that the request carries are changed."""

    subject = forms.CharField(max_length=200, required=False)
    kind = forms.ChoiceField(choices=Kind.choices, required=False)
    priority = forms.ChoiceField(choices=Priority.choices, required=False)
    queue = QueueChoice(queryset=TicketQueue.objects.none(), required=False)
    assignee = UserChoice(queryset=User.objects.none(), required=False)
    source = forms.CharField(max_length=80, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _fill(self, "queue", TicketQueue.objects.all())
        _fill(self, "assignee", _colleagues())


def _fill(form: forms.Form, name: str, rows: Any) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = rows


class QueueForm(forms.Form):
    """A queue with its targets, in minutes, and its hours."""

    name = forms.CharField(label=_("Name"), max_length=80, error_messages={"required": _("Give the queue a name.")})
    days = forms.MultipleChoiceField(
        label=_("Open on"),
        required=False,
        choices=[(day, WEEKDAYS[n]) for n, day in enumerate(DAYS)],
        widget=forms.CheckboxSelectMultiple({"class": "cb"}),
    )
    opens = forms.TimeField(label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    closes = forms.TimeField(label=_("To"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))

    close_after = forms.IntegerField(
        label=_("Close solved tickets after (days)"),
        required=False,
        min_value=0,
        max_value=MOST_DAYS,
        help_text=_(
            "Counted from the solution; an answer of the contact before that opens the ticket again. 0: never."
        ),
    )

    def __init__(self, data: Any = None, *, queue: TicketQueue | None = None) -> None:
        hours = DEFAULT_HOURS if queue is None else queue.hours
        targets = DEFAULT_TARGETS if queue is None else queue.targets
        initial = {"name": queue.label if queue else "", **hours, "close_after": queue.close_after if queue else 0}
        for priority in PRIORITIES:
            for what in ("reply", "solution"):
                initial[f"{priority}_{what}"] = (targets.get(priority) or {}).get(what)
        super().__init__(data, initial=initial)
        for priority in PRIORITIES:
            for what in ("reply", "solution"):
                self.fields[f"{priority}_{what}"] = forms.IntegerField(
                    required=False, min_value=1, max_value=MOST_MINUTES
                )

    @property
    def rows(self) -> list[tuple[Any, Any, Any]]:
        """Priority, the field of its reply and of its solution, the most urgent first."""
        names = dict(Priority.choices)
        return [(names[p], self[f"{p}_reply"], self[f"{p}_solution"]) for p in reversed(PRIORITIES)]

    @property
    def targets(self) -> dict[str, dict[str, int | None]]:
        return {p: {what: self.cleaned_data.get(f"{p}_{what}") for what in ("reply", "solution")} for p in PRIORITIES}

    @property
    def hours(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "days": said["days"],
            "opens": said["opens"].strftime("%H:%M"),
            "closes": said["closes"].strftime("%H:%M"),
        }
