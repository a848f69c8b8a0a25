"""Pages of the audience."""

from .scoring import bands, rule_delete, rule_edit, rule_switch, score_why, scoring, topic_delete, topic_edit
from .segments import members, preview, segment, segment_delete, segment_edit, segments, why

__all__ = [
    "bands",
    "members",
    "preview",
    "rule_delete",
    "rule_edit",
    "rule_switch",
    "score_why",
    "scoring",
    "segment",
    "segment_delete",
    "segment_edit",
    "segments",
    "topic_delete",
    "topic_edit",
    "why",
]
