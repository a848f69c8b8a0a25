"""One PostgreSQL for all tests: an embedded server kept in .cache, a template database made once for each state of
the migrations, and a database of its own for each test process, copied from the template in a moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tests.ready import CACHE, locked, state

# Set here and not in pyproject.toml: pytest-django would read the settings before this file has shaped them.
os.environ["DJANGO_SETTINGS_MODULE"] = "headwater.web.settings"
os.environ.setdefault("HEADWATER_SECRET_KEY", "tests-only")
os.environ["HEADWATER_DATA"] = str(CACHE / f"data-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
for _name in ("HEADWATER_SMTP_URL", "HEADWATER_SMS_URL"):
    os.environ.pop(_name, None)

from headwater.core.embedded import Embedded  # noqa: E402

_given = os.environ.get("HEADWATER_TEST_DATABASE_URL", "")
#: Tests need speed, not durability: the crash tests start a server of their own with fsync on.
_server = Embedded(CACHE / "pg", {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"})
_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
_database = f"test_{os.getpid()}_{_worker}"


def _url(name: str) -> str:
    if _given:
        base, _, query = _given.partition("?")
        return f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
    return _server.url(name)


os.environ["DATABASE_URL"] = _url(_database)

import django  # noqa: E402
import django.conf  # noqa: E402
import psycopg  # noqa: E402
import pytest  # noqa: E402

django.setup()
# Whoever has DJANGO_SETTINGS_MODULE exported has had the settings read before this file, with the database of her own
# shell: tests would empty it.
if django.conf.settings.DATABASES["default"]["NAME"] != _database:
    raise SystemExit("DJANGO_SETTINGS_MODULE is set: tests would run in your own database. Unset it and try again.")
# The workers of xdist inherit the environment: with the name in it, pytest-django would read the settings there before
# this file has pointed them at the worker's own database.
del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.fixture(scope="session")
def postgres(django_db_blocker: pytest.FixtureDef) -> Iterator[str]:  # type: ignore[type-arg]
    """The server with an empty database of this process; returns its URL."""
    template = f"template_{state()}"
    with locked("database"):
        if not _given:
            _server.start()
        with psycopg.connect(_url("postgres"), autocommit=True) as c:
            have = {name for (name,) in c.execute("SELECT datname FROM pg_database").fetchall()}
            for name in have:  # databases whose test process is gone
                parts = name.split("_")
                if name.startswith("test_") and len(parts) > 1 and not Path(f"/proc/{parts[1]}").exists():
                    c.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            if template not in have:
                making = f"{template}_making"
                c.execute(f'DROP DATABASE IF EXISTS "{making}" WITH (FORCE)')
                c.execute(f'CREATE DATABASE "{making}"')
                with django_db_blocker.unblock():  # type: ignore[attr-defined]
                    _migrate(making)
                c.execute(f'ALTER DATABASE "{making}" RENAME TO "{template}"')
            c.execute(f'CREATE DATABASE "{_database}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    yield _url(_database)
    with psycopg.connect(_url("postgres"), autocommit=True) as c:
        c.execute(f'DROP DATABASE IF EXISTS "{_database}" WITH (FORCE)')


def _migrate(name: str) -> None:
    from django.core.management import call_command
    from django.db import connections

    from headwater.audience.actions import ensure_topics
    from headwater.core.setup import after_migrate

    connection = connections["default"]
    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0)
        after_migrate()
        ensure_topics()
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


@pytest.fixture(scope="session")
def django_db_setup(postgres: str, django_db_blocker: pytest.FixtureDef) -> Iterator[None]:  # type: ignore[type-arg]
    """pytest-django's hook: our own database, already migrated."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield
        from django.db import connections

        connections.close_all()


def _reseed_after_flush() -> None:
    """Tests with transaction=True empty every table that Django manages when they end. The history is not one of
    those, and the lanes belong to a fresh database."""
    from django.db import connection
    from django.test import TransactionTestCase

    from headwater.audience.actions import ensure_topics
    from headwater.capture.models import IntakeLane
    from headwater.core.lanes import LANE_KEYS
    from headwater.core.setup import after_migrate
    from headwater.timeline.models import Lane

    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def teardown(self: TransactionTestCase) -> None:
        flush(self)
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE timeline_fact")
        IntakeLane.objects.bulk_create([IntakeLane(lane_key=k) for k in LANE_KEYS], ignore_conflicts=True)
        Lane.objects.bulk_create([Lane(lane_key=k, lane=n) for n, k in enumerate(LANE_KEYS)], ignore_conflicts=True)
        after_migrate()
        ensure_topics()

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[attr-defined]


_reseed_after_flush()


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A view called within the test's process leaves its reader's language and time zone behind: not for the next."""
    from django.utils import timezone, translation

    yield
    translation.deactivate()
    timezone.deactivate()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long first, so that the two workers end together; the stories before all."""
    if getattr(config.option, "loadgroup", False):  # xdist marks groups in the ids; without, each would start its own
        lost = [i.nodeid for i in items if i.get_closest_marker("xdist_group") and "@" not in i.nodeid]
        if lost:
            raise pytest.UsageError(f"This pytest and this xdist do not keep groups of tests together: {lost[0]}")
    items.sort(key=lambda item: ("slow" not in item.keywords, "browser" not in item.keywords))
