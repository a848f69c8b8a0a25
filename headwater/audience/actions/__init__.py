"""Writing scores, rules, topics and segments."""

from .models import archive_model, create_model, delete_model, set_bands, update_model
from .picks import pick_members
from .points import Points, add_points, recompute
from .revision import hold_definitions, touch_revision
from .scoring import cancel_run, create_rule, delete_rule, ensure_defaults, recompute_model, update_rule
from .segments import (
    InUse,
    Kept,
    create_segment,
    delete_segment,
    free_key,
    rebuild_segment,
    refuse_kept,
    update_segment,
)
from .topics import cancel_topic_run, delete_topic, ensure_topics, recompute_topic, save_topic

__all__ = [
    "InUse",
    "Kept",
    "Points",
    "add_points",
    "archive_model",
    "cancel_run",
    "cancel_topic_run",
    "create_model",
    "create_rule",
    "create_segment",
    "delete_model",
    "delete_rule",
    "delete_segment",
    "delete_topic",
    "ensure_defaults",
    "ensure_topics",
    "free_key",
    "hold_definitions",
    "pick_members",
    "rebuild_segment",
    "recompute",
    "recompute_model",
    "recompute_topic",
    "refuse_kept",
    "save_topic",
    "set_bands",
    "touch_revision",
    "update_model",
    "update_rule",
    "update_segment",
]
