"""The companies of the demo, and everybody's address at hers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from headwater.people.rules import same_name

from . import world
from .lives import Life, pick


@dataclass
class Firm:
    place: world.Place
    name: str
    domain: str
    industry: str
    size: str
    city: str


def firms(rng: Random, count: int) -> list[Firm]:
    """Companies with names of their own."""
    out: list[Firm] = []
    taken: set[str] = set()
    places = [(p, p.weight) for p in world.PLACES]
    tries = 0
    while len(out) < count:
        place = pick(rng, places)
        (name, slug), city = rng.choice(place.companies), rng.choice(place.cities)
        more, tries = rng.choice(world.MORE), tries + 1
        if tries > 3 * count:  # the words have run out: number them
            more = f" {len(out)}"
        elif rng.random() < 0.4:
            more = f" {city}"
        domain = f"{slug}{_plain(more, len(out))}.example"
        if same_name(name + more) in taken or domain in taken:
            continue
        taken |= {same_name(name + more), domain}
        size = pick(rng, world.SIZES)
        out.append(Firm(place, name + more, domain, rng.choice(world.INDUSTRIES), size, city))
    return out


def _plain(more: str, number: int) -> str:
    """A company's second word as part of a domain."""
    text = more.lower().replace(" & ", "-").replace(" ", "-")
    return text if text.isascii() else f"-{number}"


def addresses(lives: Sequence[Life], companies: Sequence[Firm]) -> None:
    """Give everybody an address of her own at her company."""
    taken: dict[str, int] = {}
    for life in lives:
        domain = companies[life.company].domain
        local = f"{life.first[1]}.{life.last[1]}"
        number = taken[f"{local}@{domain}"] = taken.get(f"{local}@{domain}", 0) + 1
        life.email = f"{local}{number if number > 1 else ''}@{domain}"
        for fact in life.facts:
            if fact[2] == "contact.created":
                fact[3]["email"] = life.email
            elif fact[2] == "form.submitted":
                fact[3]["fields"]["email"] = life.email
