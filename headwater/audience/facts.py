"""What can happen to a person's score, interests and segments."""

from __future__ import annotations

from headwater.core.facts import Fact, _, fact


@fact("score.changed", icon="gauge", hue=25, group="marketing", says=_("Score {points:+d}: {reason}"))
class ScoreChanged(Fact):
    """Points given or taken by hand, by a journey or through the API. Rules leave ledger entries, not facts."""

    model: str
    points: int
    reason: str = ""


@fact(
    "score.band_changed",
    icon="flame",
    hue=25,
    group="marketing",
    says=_("{person} went from {before} to {after} with {points} points"),
)
class ScoreBandChanged(Fact):
    """direction: "up" or "down"."""

    model: str
    before: str
    after: str
    points: int
    direction: str = ""


@fact(
    "score.threshold_reached",
    icon="milestone",
    hue=60,
    group="marketing",
    says=_("{person} passed {threshold} points of {name} ({direction}), with {points} now"),
)
class ThresholdReached(Fact):
    """direction: "up" or "down"."""

    model: str
    threshold: int
    points: int
    direction: str
    name: str = ""


@fact("segment.entered", icon="filter", hue=190, group="marketing", says=_("Entered the segment {name}"))
class SegmentEntered(Fact):
    segment: int
    name: str = ""


@fact("segment.picked_in", icon="user-check", hue=150, group="marketing", says=_("{actor} put {person} into {name}"))
class PickedIn(Fact):
    """In the segment by hand, whatever its condition says. key: the segment's."""

    segment: int
    key: str
    name: str = ""
    reason: str = ""


@fact("segment.picked_out", icon="user-x", hue=25, group="marketing", says=_("{actor} keeps {person} out of {name}"))
class PickedOut(Fact):
    segment: int
    key: str
    name: str = ""
    reason: str = ""


@fact(
    "segment.picked_none",
    icon="list-filter",
    hue=265,
    group="marketing",
    says=_("{actor} lets the conditions of {name} decide"),
)
class PickedNone(Fact):
    segment: int
    key: str
    name: str = ""
    reason: str = ""


@fact("segment.left", icon="filter-x", hue=265, group="marketing", says=_("Left the segment {name}"))
class SegmentLeft(Fact):
    segment: int
    name: str = ""
