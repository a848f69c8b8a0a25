"""Forms of segments, scores, rules and topics."""

from .scores import ModelForm, RuleForm
from .segments import SegmentForm
from .topics import TopicForm

__all__ = ["ModelForm", "RuleForm", "SegmentForm", "TopicForm"]
