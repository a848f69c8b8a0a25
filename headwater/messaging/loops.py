"""What the worker runs for mail: delivery in a thread of its own, and the demo's catcher."""

from __future__ import annotations

import logging
from collections.abc import Callable

from headwater.core.config import config
from headwater.core.registry import Loop, loops, restores, worker_services

from . import delivery
from .actions import restoring
from .channels import catcher

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


loops.add("messaging.delivery", Loop("messaging.delivery", delivery.run_once, order=10, thread="delivery", every=0.5))
worker_services.add("messaging.catcher", _catcher)
restores.add("messaging", restoring.hold)
