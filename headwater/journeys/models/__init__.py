"""Journeys, their versions, and the people on their way through them. See README.md for the words."""

from .design import Journey, JourneyVersion, Simulation, SplitDecision, StartClock, Status, VersionMove, empty_graph
from .ways import OPEN, DayCount, Due, OutCall, OutDue, Passage, PassageLog, State, StepCount, Stretch

__all__ = [
    "OPEN",
    "DayCount",
    "Due",
    "Journey",
    "JourneyVersion",
    "OutCall",
    "OutDue",
    "Passage",
    "PassageLog",
    "Simulation",
    "SplitDecision",
    "StartClock",
    "State",
    "Status",
    "StepCount",
    "Stretch",
    "VersionMove",
    "empty_graph",
]
