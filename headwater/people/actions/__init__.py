"""Writing contacts, companies, visitors and consent: one verb each, set-based, idempotent, safe to run at once.

Locks are taken in one order everywhere: company and address claims, then visitors, then lane heads, then rows.
"""

from __future__ import annotations

from . import changes as changes
from .bulk import set_fields, set_owners
from .companies import create_company, find_or_create_companies, make_customers, update_company
from .consent import ConsentChange, set_consent, set_consents
from .contacts import create_contact, drop_email, update_contact, use_email
from .doubles import tell_apart
from .erasing import erase_people, export_person
from .identify import Identity, identify
from .jobs import can_undo, run_here, start_bulk, stop_bulk, undo_bulk
from .labels import add_tags, remove_tags, set_owner, set_stage
from .merging import further, merge_contacts, unmerge
from .visitors import Visit, see

__all__ = [
    "ConsentChange",
    "Identity",
    "Visit",
    "add_tags",
    "can_undo",
    "create_company",
    "create_contact",
    "drop_email",
    "erase_people",
    "export_person",
    "find_or_create_companies",
    "further",
    "identify",
    "make_customers",
    "merge_contacts",
    "remove_tags",
    "run_here",
    "see",
    "set_consent",
    "set_consents",
    "set_fields",
    "set_owner",
    "set_owners",
    "set_stage",
    "start_bulk",
    "stop_bulk",
    "tell_apart",
    "undo_bulk",
    "unmerge",
    "update_company",
    "update_contact",
    "use_email",
]
