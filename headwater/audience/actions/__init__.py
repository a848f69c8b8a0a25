"""Writing scores, rules, topics and segments."""

from .picks import pick_members
from .points import Points, add_points, recompute
from .revision import touch_revision
from .scoring import create_rule, delete_rule, delete_topic, ensure_defaults, save_topic, set_bands, update_rule
from .segments import InUse, create_segment, delete_segment, rebuild_segment, update_segment

__all__ = [
    "InUse",
    "Points",
    "add_points",
    "create_rule",
    "create_segment",
    "delete_rule",
    "delete_segment",
    "delete_topic",
    "ensure_defaults",
    "pick_members",
    "rebuild_segment",
    "recompute",
    "save_topic",
    "set_bands",
    "touch_revision",
    "update_rule",
    "update_segment",
]
