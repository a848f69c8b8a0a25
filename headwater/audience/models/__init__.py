"""Scores with their ledger, interests, segments with their members. Written by this package only."""

from .interests import HALF_LIFE, Interest, Topic, TopicRule
from .scores import CompanyScore, CompanyTurn, PersonScore, ScoreEntry, ScoreModel, ScoreRule, ScoreRun, default_bands
from .segments import (
    Picked,
    Revision,
    Segment,
    SegmentDay,
    SegmentMember,
    SegmentRetest,
    SegmentTally,
    StaleGeneration,
)

__all__ = [
    "HALF_LIFE",
    "CompanyScore",
    "CompanyTurn",
    "Interest",
    "PersonScore",
    "Picked",
    "Revision",
    "ScoreEntry",
    "ScoreModel",
    "ScoreRule",
    "ScoreRun",
    "Segment",
    "SegmentDay",
    "SegmentMember",
    "SegmentRetest",
    "SegmentTally",
    "StaleGeneration",
    "Topic",
    "TopicRule",
    "default_bands",
]
