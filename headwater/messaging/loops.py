"""What the worker runs for messages: delivery of mails, of texts and of push messages, each in a thread of its own, and
what catches them in a demo."""

from __future__ import annotations

import logging
from collections.abc import Callable

from headwater.core.config import config
from headwater.core.registry import Loop, loops, restores, worker_services

from . import delivery, pushes, texts
from .actions import restoring
from .channels import catcher, pushcatcher, textcatcher

log = logging.getLogger("headwater.catcher")


def _catcher() -> Callable[[], None]:
    """The demo's SMTP server, where no other one is set."""
    if config.smtp_url or not delivery.server_url():
        return lambda: None
    try:
        return catcher.start()
    except OSError as error:  # another worker of this machine has it
        log.warning("catcher_not_started", extra={"why": str(error)})
        return lambda: None


def _textcatcher() -> Callable[[], None]:
    """The demo's own provider of texts, where no other one is set."""
    if config.sms_url or texts.provider() is None:
        return lambda: None
    try:
        return textcatcher.start()
    except OSError as error:  # another worker of this machine has it
        log.warning("textcatcher_not_started", extra={"why": str(error)})
        return lambda: None


def _pushcatcher() -> Callable[[], None]:
    """The demo's own push service."""
    if not pushcatcher.url():
        return lambda: None
    try:
        return pushcatcher.start()
    except OSError as error:  # another worker of this machine has it
        log.warning("pushcatcher_not_started", extra={"why": str(error)})
        return lambda: None


loops.add("messaging.delivery", Loop("messaging.delivery", delivery.run_once, order=10, thread="delivery", every=0.5))
loops.add("messaging.texts", Loop("messaging.texts", texts.run_once, order=15, thread="texts", every=1.0, pause=0.25))
loops.add(
    "messaging.pushes", Loop("messaging.pushes", pushes.run_once, order=16, thread="pushes", every=1.0, pause=0.1)
)
worker_services.add("messaging.catcher", _catcher)
worker_services.add("messaging.textcatcher", _textcatcher)
worker_services.add("messaging.pushcatcher", _pushcatcher)
restores.add("messaging", restoring.hold)
