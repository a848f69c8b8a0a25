"""Texts over providers' HTTP. A provider is a file of this folder with the two methods of `Provider`."""

from __future__ import annotations

from urllib.parse import urlsplit

from .base import Inbound, Provider, Receipt, Text
from .gateway import Gateway
from .twilio import Twilio

__all__ = ["Gateway", "Inbound", "Provider", "Receipt", "Text", "Twilio", "provider_of"]


def provider_of(url: str) -> Provider:
    """The provider that HEADWATER_SMS_URL names: `twilio://...`, or the address of any other one's gateway. Raises
    ValueError, in words for an administrator."""
    if urlsplit(url).scheme.startswith("twilio"):
        return Twilio.from_url(url)
    return Gateway.from_environment(url)
