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
    model: str
    before: str
    after: str
    points: int


@fact("segment.entered", icon="filter", hue=190, group="marketing", says=_("Entered the segment {name}"))
class SegmentEntered(Fact):
    segment: int
    name: str = ""


@fact("segment.left", icon="filter-x", hue=265, group="marketing", says=_("Left the segment {name}"))
class SegmentLeft(Fact):
    segment: int
    name: str = ""
