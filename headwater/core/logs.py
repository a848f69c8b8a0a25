"""Structured logs: one line an event, as `key=value` text or as JSON (HEADWATER_LOG_FORMAT=json)."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

_STANDARD = set(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


class Structured(logging.Formatter):
    """Formats a record with everything that was passed as `extra`."""

    def __init__(self, style: str = "text") -> None:
        super().__init__()
        self.as_json = style == "json"

    def format(self, record: logging.LogRecord) -> str:
        extra = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = record.getMessage()
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        if self.as_json:
            line: dict[str, Any] = {"at": at, "level": record.levelname, "log": record.name, "event": message}
            return json.dumps({**line, **extra, **({"trace": trace} if trace else {})}, default=str)
        pairs = "".join(f" {k}={v!r}" for k, v in extra.items())
        return f"{at[11:23]} {record.levelname.lower():7} {record.name}: {message}{pairs}" + (
            f"\n{trace}" if trace else ""
        )


def logging_dict(style: str, level: str) -> dict[str, Any]:
    """A dictConfig for `style` ("text" or "json") at `level`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": {"()": Structured, "style": style}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"headwater": {"level": level}, "django.server": {"level": "WARNING"}},
    }
