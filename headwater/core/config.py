"""Settings from the environment and from a `.env` file, each with its default. docs/operations.md lists them.

Free of Django, so that the supervisor and the collector can read it without loading the framework.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from dotenv import load_dotenv


class ConfigError(Exception):
    """A setting that cannot be right; the message says which and what to write instead."""


def _flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in ("", None):
        return default
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise ConfigError(f"{name} must be true or false, not {value!r}")


def _list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip()
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ConfigError(f"{name} must be a whole number, not {value!r}") from error


def _months(name: str, default: int) -> int:
    months = _number(name, default)
    if not 0 <= months <= 1200:
        raise ConfigError(f"{name} must be a number of months from 1 to 1200, or 0 for ever")
    return months


def default_data_dir() -> Path:
    """`HEADWATER_DATA`, else /var/lib/headwater for root, else ~/.local/share/headwater."""
    given = os.environ.get("HEADWATER_DATA", "").strip()
    if given:
        return Path(given).expanduser().resolve()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/headwater")
    base = os.environ.get("XDG_DATA_HOME", "").strip() or "~/.local/share"
    return Path(base).expanduser() / "headwater"


def database_from_url(url: str) -> dict[str, Any]:
    """A Django database from `postgresql://user:password@host:port/name?option=value`. A socket directory goes
    into `?host=`. Raises ConfigError on anything else."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ConfigError("DATABASE_URL must start with postgresql:// (no other database is supported)")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    threshold = options.pop("prepare_threshold", "5")
    if threshold and not threshold.isdigit():
        raise ConfigError("prepare_threshold in DATABASE_URL must be a number, or empty for never")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ConfigError("DATABASE_URL must name a database: postgresql://user@host/NAME")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or parts.hostname or "",
        "PORT": str(options.pop("port", "") or parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "server_side_binding": True,
            "prepare_threshold": int(threshold) if threshold else None,
            **options,
            "application_name": "headwater",
        },
        "TEST": {"NAME": name},
    }


def server_args(database: dict[str, Any]) -> dict[str, Any]:
    """What libpq wants, out of Django's settings of a database: where it is, and options of the address such as
    `sslmode`. What only Django or psycopg know is left out."""
    parts = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    ours = ("server_side_binding", "prepare_threshold", "pool", "isolation_level", "assume_role", "application_name")
    options = {name: value for name, value in database.get("OPTIONS", {}).items() if name not in ours}
    return {name: database[key] for name, key in parts.items() if database[key]} | options


def connect_args(database: dict[str, Any]) -> dict[str, Any]:
    """What psycopg wants, for an autocommit connection beside Django's."""
    prepared = {k: v for k, v in database.get("OPTIONS", {}).items() if k == "prepare_threshold"}
    return server_args(database) | prepared | {"autocommit": True}


def wait_for_no_disk(options: dict[str, Any]) -> None:
    """Have sessions with these options not wait until the disk has a commit. Only for who does nothing but read the
    log and write effects beside its position: after a crash both are as they were a moment before, and it does the
    same again. What goes out of the house does so after a commit that waited (a claim), and that one takes all
    commits before it along. Unless the address of the database says otherwise."""
    given = options.get("options", "")
    if "synchronous_commit=" not in given:
        options["options"] = f"{given} -c synchronous_commit=off".strip()


@dataclass
class Config:
    """All settings, read once per process."""

    debug: bool = False
    data_dir: Path = field(default_factory=default_data_dir)
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    smtp_url: str = ""
    #: The provider of texts (SMS); headwater/messaging/channels/sms says what it may look like
    sms_url: str = field(default="", repr=False)
    #: So many push messages a second at most (0: no limit)
    push_rate: int = 200
    https: bool = False
    #: Nobody reaches us but through a proxy that sets X-Forwarded-For and X-Forwarded-Proto
    trust_proxy: bool = False
    allowed_hosts: list[str] = field(default_factory=list)
    trusted_origins: list[str] = field(default_factory=list)
    log_format: str = "text"
    log_level: str = "INFO"
    demo: bool = False
    #: Months for which facts are kept (0: for ever), and the facts of visitors who stay anonymous
    keep_facts_months: int = 0
    keep_anonymous_months: int = 13
    #: Seconds after which a worker that stands still inside a transaction loses its lanes
    worker_silence: int = 30

    @classmethod
    def from_environment(cls) -> Config:
        load_dotenv(Path.cwd() / ".env", override=False)
        smtp = os.environ.get("HEADWATER_SMTP_URL", "").strip()
        if smtp and urlsplit(smtp).scheme not in ("smtp", "smtps", "smtp+starttls"):
            raise ConfigError("HEADWATER_SMTP_URL must look like smtp://user:password@host:587")
        sms = os.environ.get("HEADWATER_SMS_URL", "").strip()
        if sms and urlsplit(sms).scheme not in ("twilio", "twilio+http", "http", "https"):
            raise ConfigError(
                "HEADWATER_SMS_URL must look like twilio://ACCOUNT:TOKEN@api.twilio.com?from=+15550100 or https://..."
            )
        return cls(
            debug=_flag("HEADWATER_DEBUG"),
            data_dir=default_data_dir(),
            database_url=os.environ.get("DATABASE_URL", "").strip(),
            host=os.environ.get("HEADWATER_HOST", "127.0.0.1").strip(),
            port=_number("HEADWATER_PORT", 8000),
            smtp_url=smtp,
            sms_url=sms,
            push_rate=_number("HEADWATER_PUSH_RATE", 200),
            https=_flag("HEADWATER_HTTPS"),
            trust_proxy=_flag("HEADWATER_TRUST_PROXY"),
            allowed_hosts=_list("HEADWATER_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver"),
            trusted_origins=_list("HEADWATER_TRUSTED_ORIGINS"),
            log_format=os.environ.get("HEADWATER_LOG_FORMAT", "text").strip(),
            log_level=os.environ.get("HEADWATER_LOG_LEVEL", "INFO").strip().upper(),
            demo=_flag("HEADWATER_DEMO"),
            keep_facts_months=_months("HEADWATER_KEEP_FACTS_MONTHS", 0),
            worker_silence=max(1, _number("HEADWATER_WORKER_SILENCE", 30)),
            keep_anonymous_months=_months("HEADWATER_KEEP_ANONYMOUS_MONTHS", 13),
        )

    @property
    def secret_key(self) -> str:
        """HEADWATER_SECRET_KEY, else a key made once and kept in the data directory."""
        given = os.environ.get("HEADWATER_SECRET_KEY", "").strip()
        if given:
            return given
        path = self.data_dir / "secret-key"
        try:
            return path.read_text().strip()
        except FileNotFoundError:
            pass
        path.parent.mkdir(parents=True, exist_ok=True)
        key = secrets.token_urlsafe(50)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(key)
        except FileExistsError:  # another process was first
            return path.read_text().strip()
        return key

    @property
    def database(self) -> dict[str, Any]:
        """Django's database settings. A web process pools its connections (HEADWATER_POOL, set by `serve`): there a
        thread serves one request and is gone, and a connection of its own would be gone with it."""
        database = database_from_url(self.database_url or self.embedded_url)
        if os.environ.get("HEADWATER_POOL"):
            database["CONN_MAX_AGE"] = 0
            database["OPTIONS"]["pool"] = {"min_size": 2, "max_size": 12, "timeout": 10}
        if os.environ.get("HEADWATER_WORKER"):  # set by `work`
            self._as_worker(database["OPTIONS"])
        return database

    def _as_worker(self, options: dict[str, Any]) -> None:
        """A worker holds lanes while it works. Where its machine vanishes, the server must notice within seconds and
        give them back: it asks the silent client (keepalives), looks after it while a statement runs, and ends a
        transaction in which nothing happens for `worker_silence` seconds (a process that is frozen). The client asks
        the server in the same way. On a socket of the same machine the first two need nothing."""
        session = {
            "tcp_keepalives_idle": "5",
            "tcp_keepalives_interval": "2",
            "tcp_keepalives_count": "3",
            "tcp_user_timeout": "10s",
            "client_connection_check_interval": "2s",
            "idle_in_transaction_session_timeout": f"{self.worker_silence}s",
        }
        given = options.get("options", "")
        options["options"] = " ".join([*(f"-c {k}={v}" for k, v in session.items() if f"{k}=" not in given), given])
        for name, value in (("idle", 5), ("interval", 2), ("count", 3)):
            options.setdefault(f"keepalives_{name}", value)
        options.setdefault("tcp_user_timeout", 10_000)
        options["application_name"] = f"headwater-worker {socket.gethostname()[:30]}:{os.getpid()}"

    @property
    def embedded_url(self) -> str:
        """Where the embedded server listens: a socket in the data directory's `run` (core/embedded.py)."""
        from headwater.core.embedded import socket_dir

        return f"postgresql://headwater@/headwater?host={socket_dir(self.data_dir)}"

    @property
    def logging(self) -> dict[str, Any]:
        from headwater.core.logs import logging_dict

        return logging_dict(self.log_format, self.log_level)


try:
    config = Config.from_environment()
except ConfigError as problem:
    sys.exit(f"headwater: {problem}")
