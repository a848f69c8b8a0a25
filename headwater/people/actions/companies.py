"""Companies: found by domain or name, made once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from headwater.core import clock
from headwater.timeline.actions import NewFact, record_many

from .. import rules
from ..facts import CompanyUpdated
from ..models import Company, Contact

_COLUMNS = ("name", "domain", "industry", "size", "country", "city", "phone", "website", "roles", "owner_id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A company by its domain, its name, or both (the domain decides)."""

    domain: str = ""
    name: str = ""

    @property
    def keys(self) -> list[str]:
        by_domain = [f"domain:{self.domain}"] if self.domain else []
        return by_domain + ([f"name:{rules.same_name(self.name)}"] if self.name else [])


def find_or_create_companies(wanted: Sequence[Wanted]) -> dict[Wanted, int]:
    """The companies' ids; those that nobody has are made, once however many processes ask."""
    todo = {w: w.keys for w in wanted if w.keys}
    if not todo:
        return {}
    with transaction.atomic():
        while True:
            known = _known({k for keys in todo.values() for k in keys})
            missing = [w for w, keys in todo.items() if not any(k in known for k in keys)]
            groups: dict[str, int] = {}
            fresh: dict[int, Wanted] = {}
            spare = _new_ids(len(missing))
            for w in missing:
                pk = next((groups[k] for k in w.keys if k in groups), None) or spare.pop()
                fresh.setdefault(pk, w)
                groups.update({k: pk for k in w.keys if k not in groups})
            lost = _claim(groups)
            if not lost:
                break
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM people_companyclaim WHERE company_id = ANY(%s)", [list(fresh)])
        Company.objects.bulk_create([_made(pk, w) for pk, w in fresh.items()])
        known |= groups
        _claim({k: _first(known, w) for w in todo for k in w.keys if k not in known})
    return {w: _first(known, w) for w in todo}


def create_company(*, actor: str, **fields: Any) -> Company:
    """Make a company. Raises rules.Invalid on bad fields, or where one of this domain or name exists."""
    values = rules.clean_company({"name": "", **fields})
    company = Company(**values, created_at=clock.now(), updated_at=clock.now())
    keys = Wanted(company.domain, company.name).keys
    with transaction.atomic():
        taken = _known(set(keys))
        if taken:
            raise rules.Invalid({"domain" if keys[0] in taken and company.domain else "name": _exists()})
        (company.pk,) = _new_ids(1)
        if _claim(dict.fromkeys(keys, company.pk)):
            raise rules.Invalid({"name": _exists()})
        _index(company)
        Company.objects.bulk_create([company])
    return company


def update_company(company_id: int, *, actor: str, **changes: Any) -> Company:
    """Change fields of a company. Raises rules.Invalid, Company.DoesNotExist."""
    values = rules.clean_company(changes)
    with transaction.atomic():
        company = Company.objects.select_for_update().get(pk=company_id)
        custom = {**company.custom, **values.pop("custom", {})}
        before = {column: getattr(company, column) for column in _COLUMNS}
        for column, value in values.items():
            setattr(company, column, value)
        after = {column: getattr(company, column) for column in _COLUMNS}
        if before == after and custom == company.custom:
            return company
        old, new = Wanted(before["domain"], before["name"]).keys, Wanted(company.domain, company.name).keys
        if old != new:
            taken = _known(set(new))
            if any(owner != company_id for owner in taken.values()):
                raise rules.Invalid({"domain" if "domain" in values else "name": _exists()})
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM people_companyclaim WHERE company_id = %s", [company_id])
            if _claim(dict.fromkeys(new, company_id)):
                raise rules.Invalid({"name": _exists()})
        changed = {c: [before[c], after[c]] for c in _COLUMNS if before[c] != after[c]}
        keys = {k for k in custom if custom[k] != company.custom.get(k)}
        changed |= {f"custom.{k}": [company.custom.get(k), custom[k]] for k in sorted(keys)}
        company.custom, company.updated_at = custom, clock.now()
        _index(company)
        company.save()
        _tell(company_id, changed, actor)
    return company


def make_customers(company_ids: Collection[int], *, actor: str) -> list[int]:
    """Give companies the role of a customer beside those they have; a prospect is none any more. A constant number of
    statements. Returns those that had not been customers."""
    with transaction.atomic():
        rows = Company.objects.select_for_update().filter(pk__in=company_ids).order_by("pk").only("roles")
        changed = [company for company in rows if "customer" not in company.roles]
        changes = {}
        for company in changed:
            before, company.updated_at = company.roles, clock.now()
            company.roles = [*(role for role in before if role != "prospect"), "customer"]
            changes[company.pk] = {"roles": [before, company.roles]}
        if changed:
            Company.objects.bulk_update(changed, ["roles", "updated_at"])
            _tell_all(changes, actor)
    return list(changes)


def _tell(company_id: int, changes: dict[str, list[Any]], actor: str) -> None:
    """Tell the company's people, so that their segments follow."""
    _tell_all({company_id: changes}, actor)


def _tell_all(changes: Mapping[int, dict[str, list[Any]]], actor: str) -> None:
    people = Contact.objects.filter(company_id__in=list(changes)).values_list("pk", "company_id")
    facts = {pk: CompanyUpdated(company=pk, changes=one) for pk, one in changes.items()}
    record_many([NewFact(person, facts[pk], actor=actor) for person, pk in people if pk is not None])


def _exists() -> str:
    return _("There is a company with this name or domain already.")


def _first(known: dict[str, int], wanted: Wanted) -> int:
    return next(known[k] for k in wanted.keys if k in known)


def _made(pk: int, wanted: Wanted) -> Company:
    name = wanted.name or wanted.domain.split(".")[0].replace("-", " ").title()
    now = clock.now()
    company = Company(pk=pk, name=name[:200], domain=wanted.domain, created_at=now, updated_at=now)
    _index(company)
    return company


def _index(company: Company) -> None:
    company.search = rules.searchable(company.name, company.domain, company.website, company.phone)
    company.grams = rules.grams(company.search)


def _known(keys: set[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, company_id FROM people_companyclaim WHERE key = ANY(%s)", [list(keys)])
        return dict(cursor.fetchall())


def _claim(claims: dict[str, int]) -> set[str]:
    if not claims:
        return set()
    rows = sorted(claims.items())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_companyclaim (key, company_id) SELECT k, c FROM unnest(%s::text[], %s::bigint[]) "
            "AS n(k, c) ORDER BY k ON CONFLICT DO NOTHING RETURNING key",
            [[k for k, _ in rows], [c for _, c in rows]],
        )
        won = {key for (key,) in cursor.fetchall()}
    return set(claims) - won


def _new_ids(count: int) -> list[int]:
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('people_company', 'id')) FROM generate_series(1, %s)", [count]
        )
        return [pk for (pk,) in reversed(cursor.fetchall())]
