"""What import-linter cannot see: relations, writes and names that go the wrong way, and hot tables that break rules."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import CompositePrimaryKey, UniqueConstraint

HOUSE = Path(settings.HOUSE)
PACKAGES: list[str] = settings.PACKAGES
LEVEL = {name: level for level, name in enumerate(PACKAGES)}
OURS = [m for m in apps.get_models() if m._meta.app_label in LEVEL]
#: first column of the key of each sort of hot table
LEADS = {
    "person": "person_id",
    "lane": "lane_key",
    "visitor": "visitor_id",
    "email": "email",
    "external": "external_id",
}


def sources(*, tests: bool = False) -> list[Path]:
    return [
        p
        for p in sorted(HOUSE.rglob("*.py"))
        if "migrations" not in p.parts and (tests or "tests" not in p.parts) and p.parent != HOUSE
    ]


def package(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0]


@pytest.mark.parametrize("model", OURS, ids=lambda m: m._meta.label)
def test_relations_point_down_the_journey(model: type[models.Model]) -> None:
    for field in model._meta.get_fields():
        if field.is_relation and field.concrete and field.related_model in OURS:
            target = field.related_model._meta.app_label
            assert LEVEL[target] <= LEVEL[model._meta.app_label], f"{model._meta.label}.{field.name} -> {target}"


def test_no_model_is_fetched_by_name() -> None:
    found = [str(p) for p in sources() if re.search(r"\bget_model\(", p.read_text())]
    assert found == []


def tables() -> dict[str, str]:
    return {m._meta.db_table: m._meta.app_label for m in OURS}


WRITE = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY|TRUNCATE)\s+(?:ONLY\s+)?\"?([a-z]+_[a-z_]+)", re.I)


def test_only_its_owner_writes_a_table_in_sql() -> None:
    owners, wrong = tables(), []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for table in WRITE.findall(node.value):
                    if owners.get(table, package(path)) != package(path):
                        wrong.append(f"{path.relative_to(HOUSE)}:{node.lineno} writes {table}")
    assert wrong == []


MANAGER_WRITES = {"create", "bulk_create", "update", "delete", "get_or_create", "update_or_create", "bulk_update"}


def test_only_its_owner_writes_a_model() -> None:
    """`Model.objects.<write>` (also behind filters) for a model imported from another package."""
    wrong = []
    for path in sources():
        tree = ast.parse(path.read_text())
        foreign: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("headwater."):
                parts = node.module.split(".")
                if parts[-1] == "models" and parts[1] != package(path):
                    foreign |= {alias.asname or alias.name: parts[1] for alias in node.names}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in MANAGER_WRITES
                and (name := _root(node.func.value)) in foreign
            ):
                wrong.append(f"{path.relative_to(HOUSE)}:{node.lineno} {name}.{node.func.attr} ({foreign[name]})")
    assert wrong == []


def _root(node: ast.expr) -> str:
    """The name at the start of `Name.objects.filter(...).exclude(...)`, where `.objects` is on the way."""
    seen_objects = False
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute):
            seen_objects |= node.attr == "objects"
            node = node.value
        else:
            return node.id if isinstance(node, ast.Name) and seen_objects else ""


@pytest.mark.parametrize("model", [m for m in OURS if hasattr(m, "HOT")], ids=lambda m: m._meta.label)
def test_hot_tables_lead_with_their_key(model: type[models.Model]) -> None:
    lead = LEADS[model.HOT]  # type: ignore[attr-defined]
    pk = model._meta.pk
    first = pk.field_names[0] if isinstance(pk, CompositePrimaryKey) else pk.column
    if model._meta.label == "people.Contact":
        lead = "id"  # it is the person_id everywhere else
    assert first == lead, f"the primary key of {model._meta.label} starts with {first}, not {lead}"
    uniques = [list(c.fields) for c in model._meta.constraints if isinstance(c, UniqueConstraint)]
    uniques += [list(u) for u in model._meta.unique_together]
    uniques += [[f.name] for f in model._meta.fields if f.unique and not f.primary_key]
    assert [u for u in uniques if u[0] != lead] == []
    constrained = [f.name for f in model._meta.fields if f.is_relation and getattr(f, "db_constraint", False)]
    assert constrained == [], "foreign keys of hot tables have db_constraint=False (scale.md, rule 7)"


def test_a_table_that_grows_with_people_says_that_it_is_hot() -> None:
    """Whoever carries a person's id is either hot or in this list of tables that people write by hand."""
    by_hand = {"sales.Deal", "sales.LeadHandover", "teamwork.Task", "teamwork.Note", "teamwork.Call"}
    cold = [
        m._meta.label for m in OURS if any(f.column == "person_id" for f in m._meta.fields) and not hasattr(m, "HOT")
    ]
    assert [label for label in cold if label not in by_hand] == []


TIME = re.compile(r"datetime\.now\(|timezone\.now\(|utcnow\(|\btime\.time\(\)|date\.today\(")
SQL_NOW = re.compile(r"\bnow\(\)|\bCURRENT_TIMESTAMP\b|clock_timestamp\(\)")


def test_time_comes_from_the_clock() -> None:
    wrong = []
    for path in sources():
        if path.name in ("clock.py", "logs.py", "bench.py") or "bench" in path.parts:
            continue
        text = path.read_text()
        for number, line in enumerate(text.splitlines(), 1):
            if TIME.search(line) or (SQL_NOW.search(line) and "clock.now()" not in line):
                wrong.append(f"{path.relative_to(HOUSE)}:{number} {line.strip()}")
    assert wrong == []


def test_no_signals_and_no_overridden_save() -> None:
    wrong = []
    for path in sources():
        text = path.read_text()
        if "django.db.models.signals" in text or "@receiver" in text:
            wrong.append(f"{path.relative_to(HOUSE)}: signals")
        if path.name == "models.py" and re.search(r"def save\(", text):
            wrong.append(f"{path.relative_to(HOUSE)}: save()")
    assert wrong == []


def test_files_stay_readable() -> None:
    long = {str(p.relative_to(HOUSE)): n for p in sources() if (n := len(p.read_text().splitlines())) > 500}
    assert long == {}


def test_templates_have_no_inline_script_or_style() -> None:
    wrong = []
    for path in sorted(HOUSE.rglob("templates/**/*.html")):
        text = re.sub(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}", "", path.read_text(), flags=re.S)
        if re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text):
            wrong.append(f"{path.relative_to(HOUSE)}: inline script")
        if re.search(r"<[a-z][^>]*\sstyle=", text) or "<style" in text:
            wrong.append(f"{path.relative_to(HOUSE)}: inline style")
        if re.search(r"<[a-z][^>]*\son[a-z]+=\"", text):
            wrong.append(f"{path.relative_to(HOUSE)}: inline handler")
    assert wrong == []


def test_the_way_of_an_event_names_what_exists() -> None:
    text = (HOUSE.parent / "docs" / "the-way-of-an-event.md").read_text()
    names = re.findall(r"`((?:" + "|".join(PACKAGES) + r")\.[A-Za-z_.]+)`", text)
    assert len(names) >= 12
    assert [n for n in names if not _resolves(f"headwater.{n}")] == []


def _resolves(name: str) -> bool:
    parts = name.split(".")
    for cut in range(len(parts), 1, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        try:
            for part in parts[cut:]:
                value = getattr(value, part)
        except AttributeError:
            return False
        return True
    return False


def test_every_dependency_is_imported_and_explained() -> None:
    wanted = [
        re.split(r"[\[<>=~; ]", line.strip())[0].lower()
        for line in (HOUSE.parent / "requirements" / "base.in").read_text().splitlines()
        if line.strip() and not line.startswith(("#", "-"))
    ]
    text = (HOUSE.parent / "docs" / "dependencies.md").read_text().lower()
    assert [name for name in wanted if f"| {name} " not in text] == []
