"""Pages of the audience."""

from .score_rules import effect, rule_delete, rule_edit, rule_palette, rule_switch
from .score_why import score_why
from .scoring import model_archive, model_delete, model_edit, run_cancel, run_start, score, scoring
from .segment_people import members, moves, pick, segment, standing, why
from .segments import preview, segment_delete, segment_duplicate, segment_edit, segments
from .topics import interest_why, topic_delete, topic_edit, topic_run_cancel

__all__ = [
    "effect",
    "interest_why",
    "members",
    "model_archive",
    "model_delete",
    "model_edit",
    "moves",
    "pick",
    "preview",
    "rule_delete",
    "rule_edit",
    "rule_palette",
    "rule_switch",
    "run_cancel",
    "run_start",
    "score",
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
    "topic_run_cancel",
    "why",
]
