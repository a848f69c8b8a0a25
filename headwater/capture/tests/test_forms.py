"""Forms, spam and gated downloads, below the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile

from headwater.capture import actions, rules
from headwater.capture.models import Asset, AssetLink, Form, FormSubmission, SpamSubmission
from headwater.capture.rules.forms import Invalid, clean_answers, clean_fields
from headwater.capture.rules.places import country_of_language
from headwater.core import clock
from headwater.people.actions import Visit, see
from headwater.people.models import Contact
from headwater.people.queries import consent_states, consents
from headwater.timeline import queries as timeline
from headwater.timeline.actions import record_anonymous

FIELDS = [
    {"label": "First name", "type": "text", "maps_to": "first_name"},
    {"label": "Work e-mail", "key": "email", "type": "email", "required": True, "maps_to": "email"},
    {"label": "Team size", "type": "select", "options": ["1-10", "11-50"]},
]


@pytest.fixture
def form(db: None) -> Form:
    return actions.create_form(
        name="White paper", fields=FIELDS, actor="system", consent_text="Write to me.", tags=["white-paper"]
    )


def test_fields_are_completed_and_checked() -> None:
    fields = clean_fields(FIELDS)
    assert [f["key"] for f in fields] == ["first_name", "email", "team_size"]
    with pytest.raises(Invalid) as caught:
        clean_fields(FIELDS[:1])
    assert caught.value.errors == {
        "fields": "A form needs one required field of type e-mail that goes to the contact's e-mail."
    }


def test_each_bad_answer_is_named_beside_its_field() -> None:
    with pytest.raises(Invalid) as caught:
        clean_answers(clean_fields(FIELDS), {"first_name": "x" * 501, "email": "nobody", "team_size": "7"})
    assert caught.value.errors == {
        "first_name": "This is too long.",
        "email": "An e-mail address needs an @ sign.",
        "team_size": "Please choose one of the options.",
    }


def test_a_submission_makes_a_contact_with_consent_proof_facts_and_tags(form: Form) -> None:
    visitor = rules.visitor_id("visitor-0001")
    view = ("page.viewed", {"path": "/blog"})
    record_anonymous([(visitor, clock.now() - timedelta(hours=1), rules.row_key(1, 1), *view)])
    sent = actions.Submission(
        key="k1", url="https://example.com/paper?x=1", visitor="visitor-0001", ip="10.0.0.0", consent=True,
        utm={"utm_source": "news"},
    )  # fmt: skip
    answers = {"first_name": "Ana", "email": "Ana@Example.com", "team_size": "1-10"}
    done = actions.submit_form(form, answers, sent=sent)
    again = actions.submit_form(form, answers, sent=sent)
    assert again == done
    contact = Contact.objects.get()
    assert (contact.email, contact.first_name, contact.tags) == ("ana@example.com", "Ana", ["white-paper"])
    assert consent_states([contact.pk], "email") == {contact.pk: "granted"}
    row = FormSubmission.objects.get()
    assert row.consent == {"text": "Write to me.", "version": 1, "given": True}
    told = [e.kind for e in reversed(timeline.read(contact.pk))]
    assert told == [
        "page.viewed", "contact.created", "contact.identified", "consent.changed", "form.submitted", "tag.added",
    ]  # fmt: skip
    fact = next(e for e in timeline.read(contact.pk) if e.kind == "form.submitted")
    assert (fact.data["form"], fact.data["name"], fact.data["path"], fact.data["utm_source"]) == (
        form.pk, "White paper", "/paper", "news",
    )  # fmt: skip


def test_without_the_tick_there_is_no_consent(form: Form) -> None:
    done = actions.submit_form(form, {"email": "b@example.com"})
    assert consent_states([done.person_id], "email").get(done.person_id) in (None, "")
    actions.update_form(form.pk, consent_required=True, actor="system")
    form.refresh_from_db()
    with pytest.raises(Invalid) as caught:
        actions.submit_form(form, {"email": "c@example.com"})
    assert caught.value.errors == {"hw_consent": "Please agree before you send the form."}


def test_a_new_consent_text_is_a_new_version(form: Form) -> None:
    assert actions.update_form(form.pk, consent_text="Write to me often.", actor="system").consent_version == 2
    assert actions.update_form(form.pk, title="Hello", actor="system").consent_version == 2


def test_spam_waits_aside_until_it_is_released(form: Form) -> None:
    spam = actions.keep_spam(form, {"email": "d@example.com"}, "honeypot", sent=actions.Submission(consent=True))
    assert (Contact.objects.count(), spam.reason) == (0, "honeypot")
    actions.release_spam(spam.pk, actor="user:1")
    assert Contact.objects.get().email == "d@example.com"
    assert SpamSubmission.objects.get().released_at is not None
    actions.release_spam(spam.pk, actor="user:1")
    assert FormSubmission.objects.count() == 1


@pytest.fixture
def asset(db: None, settings: object, tmp_path: object) -> Asset:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return actions.create_asset(
        name="Paper", file=ContentFile(b"%PDF-1.7", name="paper.pdf"), actor="system", link_downloads=2
    )


def test_a_gated_download_counts_and_expires(form: Form, asset: Asset) -> None:
    actions.update_form(form.pk, thanks="asset", asset_id=asset.pk, actor="system")
    form = Form.objects.select_related("asset").get()
    done = actions.submit_form(form, {"email": "e@example.com"})
    assert actions.count_download(done.link) == asset
    actions.count_download(done.link)
    with pytest.raises(actions.LinkGone, match="used"):
        actions.count_download(done.link)
    counts = [e.data.get("count", 1) for e in timeline.read(done.person_id) if e.kind == "asset.downloaded"]
    assert counts == [2, 1]
    assert (Asset.objects.get().downloads, AssetLink.objects.get().downloads) == (2, 2)
    fresh = actions.make_link(asset, done.person_id, actor="system")
    with clock.travel(timedelta(days=8)), pytest.raises(actions.LinkGone, match="expired"):
        actions.count_download(fresh)
    with pytest.raises(actions.LinkGone, match="unknown"):
        actions.count_download(fresh + "x")


def test_a_forms_token_is_its_own(form: Form) -> None:
    token = actions.form_token(form)
    with clock.travel(timedelta(seconds=90)):
        assert timedelta(seconds=89) <= (actions.token_age(form, token) or timedelta()) <= timedelta(seconds=91)
    assert actions.token_age(form, token + "x") is None
    other = actions.create_form(name="Other", fields=FIELDS, actor="system")
    assert actions.token_age(other, token) is None


NUMBER = {"label": "Mobile", "key": "mobile", "type": "phone", "maps_to": "phone"}


@pytest.fixture
def texting(db: None) -> Form:
    return actions.create_form(
        name="Alerts", fields=[*FIELDS, NUMBER], actor="system", sms_consent_text="Text me.", country="DE"
    )


def test_consent_to_texts_has_its_own_words_and_keeps_the_number_it_is_for(texting: Form) -> None:
    sent = actions.Submission(key="k", url="https://example.com/a", ip="10.0.0.0", consent=True, consent_sms=True)
    done = actions.submit_form(texting, {"email": "a@example.com", "mobile": "0151 23456789"}, sent=sent)
    person = done.person_id
    assert Contact.objects.get().phone == "+4915123456789"
    assert consent_states([person], "sms") == {person: "granted"}
    assert consent_states([person], "email") == {}  # the form does not ask for it, whatever is sent
    proof = consents(person)[0].proof
    assert (proof["text"], proof["url"], proof["form"], proof["address"], proof["submission"]) == (
        "Text me.", "https://example.com/a", "Alerts", "+4915123456789", str(done.id),
    )  # fmt: skip
    said = {"text": "Text me.", "version": 1, "given": True, "number": "+4915123456789"}
    assert FormSubmission.objects.get().consent == {"sms": said}


def test_texts_go_to_the_number_she_agreed_for(texting: Form) -> None:
    answers = {"email": "a@example.com", "mobile": "0151 23456789"}
    actions.submit_form(texting, answers)
    other = {**answers, "mobile": "+49 160 1234567"}
    actions.submit_form(texting, other)
    assert Contact.objects.get().phone == "+4915123456789"
    actions.submit_form(texting, other, sent=actions.Submission(key="k", consent_sms=True))
    assert Contact.objects.get().phone == "+491601234567"


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("", "Please enter your number: the texts go there."),
        ("030 1234567", "Texts cannot reach this number. Please enter a mobile number."),
        ("1", "This is not a telephone number."),
    ],
)
def test_consent_to_texts_needs_a_number_that_they_reach(texting: Form, number: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        actions.submit_form(
            texting, {"email": "a@example.com", "mobile": number}, sent=actions.Submission(consent_sms=True)
        )
    assert caught.value.errors == {"mobile": says}
    assert Contact.objects.count() == 0


def test_a_number_without_its_country_is_from_where_she_is(texting: Form) -> None:
    def number(answers: dict[str, str], **sent: str) -> str:
        given = {"email": f"{len(seen)}@example.com", "mobile": "(415) 555-2671", **answers}
        done = actions.submit_form(texting, given, sent=actions.Submission(key="k", **sent))  # type: ignore[arg-type]
        seen.append(Contact.objects.get(pk=done.person_id).phone)
        return seen[-1]

    seen: list[str] = []
    actions.update_form(texting.pk, country="", fields=[*FIELDS, NUMBER, PLACE], actor="system")
    texting.refresh_from_db()
    see([Visit(rules.visitor_id("visitor-0009"), clock.now(), "/", country="US")])
    assert number({}, visitor="visitor-0009", country="DE") == "+14155552671"
    assert number({}, country="US") == "+14155552671"
    assert number({"country": "United States"}, country="DE") == "+14155552671"
    with pytest.raises(Invalid, match="country code"):
        number({})
    actions.update_form(texting.pk, country="미국", actor="system")
    texting.refresh_from_db()
    assert (texting.country, number({}, country="DE")) == ("US", "+14155552671")


PLACE = {"label": "Country", "key": "country", "type": "text", "maps_to": "country"}


def test_the_browsers_language_hints_at_a_country() -> None:
    headers = ["de-AT,de;q=0.9", "zh-Hant-TW", "ko,en-US;q=0.8", "en-USA", "", "*", "e\0"]
    assert [country_of_language(h) for h in headers] == ["AT", "TW", "", "", "", "", ""]


def test_a_form_that_asks_for_texts_needs_a_number_and_words(texting: Form) -> None:
    with pytest.raises(Invalid) as caught:
        actions.update_form(texting.pk, fields=FIELDS, actor="system")
    assert list(caught.value.errors) == ["sms_consent_text"]
    with pytest.raises(Invalid) as caught:
        actions.update_form(texting.pk, sms_consent_text=" ", sms_consent_required=True, actor="system")
    assert list(caught.value.errors) == ["sms_consent_text"]
    with pytest.raises(Invalid) as caught:
        actions.update_form(texting.pk, country="Atlantis", actor="system")
    assert list(caught.value.errors) == ["country"]
    assert actions.update_form(texting.pk, sms_consent_text="Text me often.", actor="system").sms_consent_version == 2
    required = actions.update_form(texting.pk, sms_consent_required=True, consent_text="Write.", actor="system")
    assert (required.sms_consent_version, required.consent_version) == (2, 2)
    with pytest.raises(Invalid) as caught:
        actions.submit_form(required, {"email": "c@example.com"}, sent=actions.Submission(consent=True))
    assert caught.value.errors == {"hw_consent_sms": "Please agree before you send the form."}


@pytest.mark.parametrize("odd", [{"type": []}, {"options": 5}, {"options": {"a": 1}}])
def test_odd_fields_are_refused(odd: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        clean_fields([FIELDS[1], {"label": "x", "type": "select", **odd}])


def test_what_cannot_be_kept_is_left_out_of_fields() -> None:
    (_mail, made) = clean_fields([FIELDS[1], {"label": "a\0b", "value": "c\0", "options": ["d\0"]}])
    assert (made["label"], made["value"], made["options"]) == ("ab", "c", ["d"])
