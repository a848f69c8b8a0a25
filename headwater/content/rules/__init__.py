"""Pure decisions about what people write: merge tags, MJML, the text part. Free of Django and of the database."""

from __future__ import annotations

from .merge import FIELDS, MissingField, TemplateProblem, prune, render, required, tags, unknown_tags
from .mjml import Compiled, compile_mail
from .text import plain_text

__all__ = [
    "FIELDS",
    "Compiled",
    "MissingField",
    "TemplateProblem",
    "compile_mail",
    "plain_text",
    "prune",
    "render",
    "required",
    "tags",
    "unknown_tags",
]
