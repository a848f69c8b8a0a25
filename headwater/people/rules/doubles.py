"""By what two contacts may be the same person: keys that they share, and how sure each makes us."""

from __future__ import annotations

import re

from .names import company_domain
from .search import fold

#: Of each sort of key: how sure (0 to 100), and up to how many people may share it before it says nothing
SURE = {"e": 95, "p": 85, "n": 60, "c": 80}
SHARED = {"e": 10, "p": 4, "n": 6, "c": 40}
WHY = {"e": "email", "p": "phone", "n": "name", "c": "company"}
_DOTLESS = {"gmail.com", "googlemail.com"}


def plain_address(email: str) -> str:
    """What spellings of one mailbox have in common: no +tag, and no dots where the service ignores them."""
    local, _, domain = email.lower().rpartition("@")
    local = local.partition("+")[0]
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}" if local else ""


def keys_of(*, email: str, phone: str, name: str, company_id: int | None) -> set[str]:
    """The keys of a contact."""
    out = set()
    if email and (address := plain_address(email)):
        out.add(f"e:{address}")
    digits = re.sub(r"\D", "", phone)
    if len(digits) >= 7:
        out.add(f"p:{digits}")
    words = sorted({w for w in re.split(r"[\W_]+", fold(name)) if len(w) > 1})
    if words and (len(words) > 1 or not words[0].isascii()):
        out.add(f"n:{' '.join(words)}")
    out |= {f"c:{company_id}:{w}" for w in words if company_id}
    return {key[:200] for key in out}


def same_place(one: tuple[str, str, int | None], other: tuple[str, str, int | None]) -> bool:
    """Whether two of one name may be one: (address, city, company) do not speak against it."""
    if one[2] and other[2]:
        return one[2] == other[2]
    domains = {company_domain(x[0]) for x in (one, other) if x[0]} - {""}
    if len(domains) == 2:
        return False
    return not (one[1] and other[1]) or fold(one[1]) == fold(other[1])
