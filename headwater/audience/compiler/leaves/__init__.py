"""The leaf types of this package, one a file; importing this registers them."""

from . import consent, event, field, interest, random, score, segment, tag

__all__ = ["consent", "event", "field", "interest", "random", "score", "segment", "tag"]
