"""A prepared query answers as Django's own would, also for other arguments and with rows joined."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db.models import F

from headwater.accounts.models import AuditEntry, Team, User
from headwater.core.prepared import Prepared

pytestmark = pytest.mark.django_db

users = Prepared(lambda pk: User.objects.select_related("team").defer("password").filter(pk=pk))


def test_it_gives_the_same_instances_for_each_argument(django_assert_num_queries) -> None:
    team = Team.objects.create(name="North")
    ana = User.objects.create(username="ana", email="ana@x.example", first_name="Ana", team=team)
    bo = User.objects.create(username="bo", email="bo@x.example", first_name="Bo")
    with django_assert_num_queries(3):
        first, second, nobody = users.first(ana.pk), users.first(bo.pk), users.first(0)
        assert first is not None
        assert second is not None
        assert nobody is None
        assert (first, first.first_name, first.team, second.first_name, second.team) == (ana, "Ana", team, "Bo", None)
        assert first.get_deferred_fields() == {"password"}
        assert first._state.db == "default"
    assert users(ana.pk) == [ana]


def test_texts_moments_and_json_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    AuditEntry.objects.create(at=at, actor="user:3", action="x", subject="s", after={"a": [1]})
    entries = Prepared(lambda actor, since: AuditEntry.objects.filter(actor=actor, at__gte=since).order_by("-at")[:5])
    found = entries("user:3", at)
    assert [(e.actor, e.at, e.after) for e in found] == [("user:3", at, {"a": [1]})]
    assert entries("user:4", at) == entries("user:3", at.replace(year=2027)) == []
    monkeypatch.setattr(entries, "_write", None)  # what is written is written
    assert [e.after for e in entries("user:3", at)] == [{"a": [1]}]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda pk: User.objects.filter(pk=pk).values_list("pk"), "plain instances"),
        (lambda pk: User.objects.prefetch_related("groups").filter(pk=pk), "plain instances"),
        (lambda pk: User.objects.filter(pk=pk).annotate(x=F("pk")), "no annotations"),
        (lambda pk: User.objects.filter(email__startswith=str(pk)), "compared as it is"),
        (lambda pk: User.objects.all(), "compared as it is"),
    ],
)
def test_what_it_is_not_made_for_is_refused(make, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        Prepared(make)(7)
