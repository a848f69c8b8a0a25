"""What can happen to a person in a journey. Steps taken are in the passage's own log, not on the timeline: what a
step does (a mail, a tag, a task) is a fact of the package that does it."""

from __future__ import annotations

from headwater.core.facts import Fact, _, fact


@fact("journey.entered", icon="workflow", hue=265, group="marketing", says=_("Entered the journey {name}"))
class JourneyEntered(Fact):
    """why: the kind of the fact that let her in, or "manual" """

    journey: int
    name: str
    version: int
    passage: int = 0
    why: str = ""


@fact("journey.finished", icon="circle-check", hue=150, group="marketing", says=_("Finished the journey {name}"))
class JourneyFinished(Fact):
    """step: where she was last; why: "end" or "goal" """

    journey: int
    name: str
    version: int
    passage: int = 0
    step: str = ""
    why: str = ""


@fact("journey.exited", icon="circle-x", hue=25, group="marketing", says=_("Left the journey {name}"))
class JourneyExited(Fact):
    """step: where she was last; why: the exit rule, "removed" or "loop" """

    journey: int
    name: str
    version: int
    passage: int = 0
    step: str = ""
    why: str = ""


@fact("journey.called", icon="workflow", hue=265, group="marketing", says=_("A journey called another one"), quiet=True)
class JourneyCalled(Fact):
    """A step starts another journey for her, or stops it (journey 0: all others). key: names the entry; by: the
    journey that called, depth: how many called one another up to here."""

    journey: int
    what: str
    key: str
    by: int
    depth: int = 1
