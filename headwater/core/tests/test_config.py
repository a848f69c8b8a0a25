"""Settings from the environment: what is right is read, what is wrong is named."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from headwater.core.config import (
    Config,
    ConfigError,
    connect_args,
    database_from_url,
    default_data_dir,
    server_args,
    wait_for_no_disk,
)
from headwater.core.logs import Structured


def test_a_database_url_becomes_django_s_settings() -> None:
    made = database_from_url("postgresql://ann:s%40fe@db.example.com:6432/crm?sslmode=require")
    assert {k: made[k] for k in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "crm",
        "USER": "ann",
        "PASSWORD": "s@fe",
        "HOST": "db.example.com",
        "PORT": "6432",
    }
    assert made["OPTIONS"] == {
        "sslmode": "require",
        "server_side_binding": True,
        "prepare_threshold": 5,
        "application_name": "headwater",
    }


def test_connections_beside_django_s_keep_the_options_of_the_address() -> None:
    made = database_from_url("postgresql://ann@db.example.com/crm?sslmode=verify-full&prepare_threshold=")
    place = {"dbname": "crm", "user": "ann", "host": "db.example.com", "sslmode": "verify-full"}
    assert server_args(made) == place
    assert connect_args(made) == {**place, "autocommit": True, "prepare_threshold": None}


def test_a_socket_directory_goes_into_host() -> None:
    made = database_from_url("postgresql://headwater@/headwater?host=/srv/hw/run")
    assert (made["HOST"], made["PORT"], made["NAME"]) == ("/srv/hw/run", "", "headwater")


@pytest.mark.parametrize(
    "url,words",
    [
        ("mysql://a@b/c", "must start with postgresql://"),
        ("postgresql://a@b/", "must name a database"),
    ],
)
def test_another_url_is_refused_with_what_is_missing(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        database_from_url(url)


@pytest.mark.parametrize(
    "name,value,words",
    [
        ("HEADWATER_PORT", "eighty", "HEADWATER_PORT must be a whole number, not 'eighty'"),
        ("HEADWATER_HTTPS", "maybe", "HEADWATER_HTTPS must be true or false, not 'maybe'"),
        ("HEADWATER_SMTP_URL", "mail.example.com", "HEADWATER_SMTP_URL must look like smtp://"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=words):
        Config.from_environment()


def test_a_worker_s_connections_are_given_up_soon_where_its_machine_vanishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_WORKER", "1")
    url = "postgresql://a@b/c?options=-c%20tcp_keepalives_idle=60&keepalives_idle=50"
    options = Config(database_url=url, worker_silence=7).database["OPTIONS"]
    assert options["options"] == (
        "-c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10s "
        "-c client_connection_check_interval=2s -c idle_in_transaction_session_timeout=7s -c tcp_keepalives_idle=60"
    )
    assert (options["keepalives_idle"], options["keepalives_interval"], options["tcp_user_timeout"]) == (
        "50",
        2,
        10_000,
    )


def test_the_engine_waits_for_the_disk_only_where_the_address_says_so() -> None:
    options: dict[str, str] = {}
    wait_for_no_disk(options)
    assert options == {"options": "-c synchronous_commit=off"}
    options = {"options": "-c synchronous_commit=on -c work_mem=8MB"}
    wait_for_no_disk(options)
    assert options == {"options": "-c synchronous_commit=on -c work_mem=8MB"}


@pytest.mark.parametrize("months", ["-1", "1201"])
def test_facts_are_kept_for_a_number_of_months(monkeypatch: pytest.MonkeyPatch, months: str) -> None:
    monkeypatch.setenv("HEADWATER_KEEP_FACTS_MONTHS", months)
    with pytest.raises(ConfigError, match="HEADWATER_KEEP_FACTS_MONTHS must be a number of months"):
        Config.from_environment()


def test_the_data_directory_is_where_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADWATER_DATA", str(tmp_path / "here"))
    assert default_data_dir() == tmp_path / "here"


def test_a_secret_key_is_made_once_and_kept_private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HEADWATER_SECRET_KEY", raising=False)
    first = Config(data_dir=tmp_path).secret_key
    assert Config(data_dir=tmp_path).secret_key == first
    assert len(first) >= 50
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_a_log_line_holds_what_was_passed() -> None:
    record = logging.LogRecord("headwater.x", logging.INFO, "", 0, "mail_sent", (), None)
    record.person = 7
    record.created = 0.0
    assert Structured("text").format(record) == "00:00:00.000 info    headwater.x: mail_sent person=7"
    assert Structured("json").format(record) == (
        '{"at": "1970-01-01T00:00:00.000+00:00", "level": "INFO", "log": "headwater.x", "event": "mail_sent", '
        '"person": 7}'
    )


def test_prepared_statements_can_be_switched_off_for_a_pooler() -> None:
    assert database_from_url("postgresql://a@b/c?prepare_threshold=")["OPTIONS"]["prepare_threshold"] is None
    assert database_from_url("postgresql://a@b/c?prepare_threshold=9")["OPTIONS"]["prepare_threshold"] == 9
    with pytest.raises(ConfigError, match="prepare_threshold"):
        database_from_url("postgresql://a@b/c?prepare_threshold=x")
