"""The frame: menu, palette, errors, notices, policy."""

from __future__ import annotations

import json

import pytest
from django.contrib import messages
from django.http import HttpResponse
from django.templatetags.static import static
from django.test import RequestFactory

from headwater.accounts.models import Role, User
from headwater.core.registry import NavItem, SearchHit, SearchSource, search_sources
from headwater.web import context, middleware
from headwater.web.context import offered, url_of, visible

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(client):
    user = User.objects.create(email="ada@example.com", username="ada@example.com", first_name="Ada", role=Role.ADMIN)
    client.force_login(user)
    return user


def test_every_page_of_the_menu_answers_and_keeps_the_policy(client, user):
    shell = context.Shell(_request(user))
    urls = [line.url for section in shell.sections for line in section.lines]
    urls += [line.url for line in shell.settings_lines]
    assert "/settings/profile/" in urls
    for url in dict.fromkeys(urls):
        answer = client.get(url, follow=True)
        page = answer.content.decode()
        assert answer.status_code == 200, url
        assert "<c-" not in page, url
        assert " style=" not in page, url
        assert "onclick=" not in page, url
        assert answer.headers["Content-Security-Policy"].count("unsafe") == 0, url


def test_visitors_are_sent_to_the_sign_in(client):
    assert client.get("/settings/").headers["Location"] == "/accounts/login/?next=/settings/"


def test_the_icon_is_found_where_browsers_look_for_it(client):
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer["Location"]) == (302, static("web/favicon.svg"))


def test_whose_session_ended_comes_back_to_her_page_and_not_to_a_part_of_it(client):
    part = {"HX-Request": "true", "HX-Request-Type": "partial"}
    page = "http://testserver/segments/?q=a%20b&page=2"
    back = "/accounts/login/?next=/segments/%3Fq%3Da%2520b%26page%3D2"
    dialog = client.get("/scoring/new/", headers={**part, "HX-Current-URL": page})
    assert dialog.headers["Location"] == back
    assert client.post("/scoring/new/", headers={"Referer": page}).headers["Location"] == back
    # a page that is loaded into the shell is one to come back to
    boosted = client.get("/scoring/", headers={**part, "HX-Request-Type": "full", "HX-Current-URL": page})
    assert boosted.headers["Location"] == "/accounts/login/?next=/scoring/"


@pytest.mark.parametrize("said", ["", "https://elsewhere.example/x/", "//elsewhere.example/x/", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere_after_the_sign_in(client, said):
    headers = {"HX-Request-Type": "partial", "HX-Current-URL": said}
    assert client.get("/scoring/new/", headers=headers).headers["Location"] == "/accounts/login/?next=/"


def test_the_palette_finds_pages_by_any_word_and_actions(client, user):
    page = client.get("/palette/", {"q": "aud log"}).content.decode()
    assert 'href="/settings/audit/"' in page
    assert 'href="/settings/teams/"' not in page
    assert 'href="/settings/users/invite/"' in client.get("/palette/", {"q": "INVITE"}).content.decode()


def test_the_palette_shows_records_of_every_source_escaped(client, user, monkeypatch):
    def find(who, text, limit):
        assert (who, text) == (user, "陈伟")
        return [SearchHit(title="陈伟 <b>", subtitle="蓝云", url="/people/7/", initials="陈", hue=25)]

    monkeypatch.setitem(search_sources._items, "test", SearchSource("test", "Testers", find))
    page = client.get("/palette/", {"q": " 陈伟 "}).content.decode()
    assert '<bdi class="truncate">陈伟 &lt;b&gt;</bdi>' in page
    assert 'href="/people/7/"' in page


@pytest.mark.parametrize("q", ["%", "_", "\\", "'", "\x00", "x" * 5000, "😀", "<script>"])
def test_the_palette_survives_any_text(client, user, q):
    answer = client.get("/palette/", {"q": q})
    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode()


def test_a_page_that_does_not_exist_says_so_in_the_shell(client, user):
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "This page does not exist" in answer.content.decode()
    assert 'id="side-nav"' in answer.content.decode()


def test_a_form_without_its_token_is_explained(user):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    answer = strict.post("/preferences/theme/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()


def test_a_failure_of_ours_has_a_page_that_needs_no_database(client, user, monkeypatch, django_assert_num_queries):
    from headwater.web import views

    with django_assert_num_queries(0):
        answer = views.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert b"Something went wrong" in answer.content


def test_notices_of_a_fragment_travel_in_its_header(rf):
    def view(request):
        messages.success(request, "삭제했습니다", extra_tags="undo:/undo/3/")
        return HttpResponse("<tr></tr>", headers={"HX-Trigger": "closed"})

    request = rf.get("/", headers={"HX-Request-Type": "partial"})
    _with_messages(request)
    header = middleware.fragment_notices(view)(request).headers["HX-Trigger"]
    assert header.isascii()
    assert json.loads(header) == {
        "closed": {},
        "toast": {"items": [{"text": "삭제했습니다", "kind": "success", "undo": "/undo/3/"}]},
    }


def test_notices_of_a_whole_page_stay_for_the_page(rf):
    def view(request):
        messages.success(request, "Saved")
        return HttpResponse("")

    request = rf.get("/", headers={"HX-Request-Type": "full"})
    _with_messages(request)
    assert "HX-Trigger" not in middleware.fragment_notices(view)(request).headers


def test_each_page_gets_a_key_of_its_own():
    items = [NavItem(name, name, "x", "/") for name in ("people:people", "sales:pipeline", "x:p")]
    assert context.assign_keys(items) == {"people:people": "g p", "sales:pipeline": "g i"}


def _request(user):
    request = RequestFactory().get("/settings/")
    request.user = user
    return request


def _with_messages(request):
    from django.contrib.messages.storage.cookie import CookieStorage

    request._messages = CookieStorage(request)


@pytest.mark.parametrize("role", list(Role.values))
def test_what_the_menu_and_the_palette_offer_a_role_opens_for_it(client, user, role):
    User.objects.filter(pk=user.pk).update(role=role)
    offers = [action.url for action in offered(role)] + [item.url for item in visible(role)]
    refused = [name for name in offers if client.get(url_of(name), follow=True).status_code == 403]
    assert refused == []
    assert ("accounts:invite" in offers) == (role == Role.ADMIN)
    assert ("messaging:template_new" in offers) == (role in (Role.ADMIN, Role.MARKETER))
