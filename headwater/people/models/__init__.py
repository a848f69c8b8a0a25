"""Tables of this package. Import from here: `from headwater.people.models import Contact`."""

from __future__ import annotations

from .bulk import BulkItem, BulkJob, BulkPart
from .contacts import (
    Affiliation,
    Company,
    CompanyClaim,
    Consent,
    Contact,
    EmailClaim,
    ExternalClaim,
    Stage,
    Tag,
    Visitor,
)

__all__ = [
    "Affiliation",
    "BulkItem",
    "BulkJob",
    "BulkPart",
    "Company",
    "CompanyClaim",
    "Consent",
    "Contact",
    "EmailClaim",
    "ExternalClaim",
    "Stage",
    "Tag",
    "Visitor",
]
