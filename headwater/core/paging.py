"""One way of paging for every long list of the API: `cursor` in, `next` out, `limit` rows at most.

A cursor is a place in a list, not the number of a page: rows that come or go meanwhile are neither shown twice nor left
out. It is opaque, safe in a URL as it is, knows which list it belongs to, and does not expire.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import Field

Cursor = Annotated[str, Field(max_length=1000, description="`next` of the page before; without it: the first page")]
Limit = Annotated[int, Field(ge=1, le=200, description="Rows of a page, at most")]
Next = Annotated[str, Field(description="Send it as `cursor` for the page that follows; empty at the end")]


class BadCursor(Exception):
    """What was sent as `cursor` is no `next` of this list. `errors` names the field, as the API shows it.

    Not a ValueError: what actions refuse is caught on the way, and would lose the field.
    """

    def __init__(self) -> None:
        text = "This is no `next` of this list. Send it as it came, or leave it out for the first page."
        super().__init__(text)
        self.errors = {"query.cursor": text}


def sealed(name: str, place: str) -> str:
    """The cursor for a place in the list `name`; "" stays "", the end."""
    return base64.urlsafe_b64encode(f"{name}:{place}".encode()).decode().rstrip("=") if place else ""


def opened(name: str, cursor: str) -> str:
    """The place that `sealed` was given; "" for the first page. Raises BadCursor on anything else."""
    if not cursor:
        return ""
    try:
        text = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise BadCursor from error
    before, _, place = text.partition(":")
    if before != name or not place or "\0" in place:
        raise BadCursor
    return place
