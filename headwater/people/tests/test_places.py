"""Countries and languages are kept as codes and read, and given, by their names."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.people import actions, rules
from headwater.people.models import Contact
from headwater.people.rules import places


def test_a_country_is_named_in_the_readers_language() -> None:
    names = [rules.country_name("KR", reader) for reader in ("en", "ko", "zh-hans", "fr")]
    assert names == ["South Korea", "대한민국", "韩国", "South Korea"]
    assert rules.country_name("QQ", "en") == "QQ"


def test_a_language_is_named_with_its_country() -> None:
    assert [rules.language_name(code, "en") for code in ("de", "de-at", "zh-hans", "xx")] == [
        "German",
        "German (AT)",
        "Chinese (Simplified)",
        "xx",
    ]
    assert rules.language_name("ko", "ko") == "한국어"


@pytest.mark.parametrize(
    "text, code",
    [("de", "DE"), ("Germany", "DE"), ("south  korea", "KR"), ("대한민국", "KR"), ("德国", "DE"), ("X", "")],
)
def test_a_country_is_understood_by_code_and_by_name(text: str, code: str) -> None:
    assert places.country_code(text) == code


@pytest.mark.django_db(transaction=True)
def test_a_record_names_country_and_language_and_offers_them_by_name(client: Client) -> None:
    user: Any = User.objects.create_user("m@x.example", "pw", language="ko")
    client.force_login(user)
    pk = actions.create_contact(actor="user:1", name="Ana", country="Germany", language="de-at").pk
    assert Contact.objects.values_list("country", "language").get(pk=pk) == ("DE", "de-at")
    props = client.get(f"/people/{pk}/props/").content.decode()
    assert "독일" in props
    assert "독일어 (AT)" in client.get(f"/people/{pk}/").content.decode()
    editor = client.get(f"/people/{pk}/field/country/?edit=1").content.decode()
    assert '<option value="DE" selected>독일</option>' in editor
    assert '<option value="KR">대한민국</option>' in editor
    kept = client.get(f"/people/{pk}/field/language/?edit=1").content.decode()
    assert '<option value="de-at" selected>독일어 (AT)</option>' in kept
    client.post(f"/people/{pk}/field/country/", {"value": "KR"})
    assert Contact.objects.get(pk=pk).country == "KR"
