"""Reading contacts and companies."""

from __future__ import annotations

from .lookup import consent_states, consents, contacts, find_by_email, visitor_people

__all__ = ["consent_states", "consents", "contacts", "find_by_email", "visitor_people"]
