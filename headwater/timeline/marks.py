"""What tells facts of a family apart stands beside each fact in the log, and in its index by kind and person.

A condition on it ("viewed /pricing", "clicked in this mail") and on money (`amount`) is then answered by the index
alone, without reading facts and their JSON: docs/adr/0012-marks.md. Migration 0008 holds the same as SQL; a family
added here needs a migration that says so (`ALTER COLUMN mark SET EXPRESSION`).
"""

from __future__ import annotations

#: Family (a kind up to its first dot) to the property that facts of it are mostly asked by
FAMILIES = {
    "page": "path",
    "mail": "template",
    "sms": "template",
    "push": "template",
    "form": "form",
    "asset": "asset",
    "link": "href",
    "tag": "tag",
    "segment": "segment",
    "journey": "journey",
}
#: The property that facts of any kind name their money by
AMOUNT = "amount"
#: A mark is cut there: an entry of an index has its limit, an address of a page has none
LENGTH = 200
#: A number of more digits than any measure has is not kept beside the fact, and none that conditions know
DIGITS = 400


def property_of(kind: str) -> str | None:
    """The property that `mark` holds for facts of a kind; None where it holds nothing."""
    return FAMILIES.get(kind.partition(".")[0])


def tells(value: str) -> bool:
    """Whether a mark, cut as it may be, tells that a property is, or starts with, this text."""
    return len(value) < LENGTH
