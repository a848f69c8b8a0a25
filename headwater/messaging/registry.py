"""What upper packages tell of mail templates: what sends them. Each registers from its `panels.py`:

users_of_templates.add("journeys", lambda ids: {template_id: [Use("Welcome", "/journeys/3/", running=True)]})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from headwater.core.registry import Registry


@dataclass(frozen=True)
class Use:
    """Something that sends a template. running: it sends now; else it is a draft."""

    name: str
    url: str
    icon: str = "link"
    running: bool = False


#: Ids of templates -> what sends each; a constant number of statements
users_of_templates: Registry[Callable[[Sequence[int]], Mapping[int, Sequence[Use]]]] = Registry("users of templates")


def uses(template_ids: Sequence[int]) -> dict[int, list[Use]]:
    """Everything that sends these templates, as the packages above tell it."""
    out: dict[int, list[Use]] = {pk: [] for pk in template_ids}
    for ask in users_of_templates:
        for pk, found in ask(template_ids).items():
            out[pk].extend(found)
    return out
