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
from .merging import Alike, AlikeCursor, AlikeKey, Merge, MergePart

__all__ = [
    "Affiliation",
    "Alike",
    "AlikeCursor",
    "AlikeKey",
    "BulkItem",
    "BulkJob",
    "BulkPart",
    "Company",
    "CompanyClaim",
    "Consent",
    "Contact",
    "EmailClaim",
    "ExternalClaim",
    "Merge",
    "MergePart",
    "Stage",
    "Tag",
    "Visitor",
]
