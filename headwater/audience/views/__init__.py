"""Pages of the audience."""

from .scoring import bands, rule_delete, rule_edit, rule_switch, score_why, scoring, topic_delete, topic_edit
from .segment_people import members, moves, pick, segment, standing, why
from .segments import preview, segment_delete, segment_duplicate, segment_edit, segments

__all__ = [
    "bands",
    "members",
    "moves",
    "pick",
    "preview",
    "rule_delete",
    "rule_edit",
    "rule_switch",
    "score_why",
    "scoring",
    "segment",
    "segment_delete",
    "segment_duplicate",
    "segment_edit",
    "segments",
    "standing",
    "topic_delete",
    "topic_edit",
    "why",
]
