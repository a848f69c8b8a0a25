"""One compiler from a segment's JSON to SQL: full evaluation, a batch of people, preview and explanation."""

from . import leaves
from .estimates import rows
from .explain import Answer, Verdict, explain
from .late import resolve
from .nodes import (
    LEAVES,
    ConditionError,
    Heeds,
    Known,
    Leaf,
    Node,
    Problem,
    Sql,
    leaf,
    leaves_of,
    leaves_said,
    needs_of,
)
from .parse import parse, parse_segment
from .schema import schema
from .sql import EVERYBODY, Query, Scope
from .statements import ALONE, Several, Statement, several, statement
from .words import summary

__all__ = [
    "ALONE",
    "EVERYBODY",
    "LEAVES",
    "Answer",
    "ConditionError",
    "Heeds",
    "Known",
    "Leaf",
    "Node",
    "Problem",
    "Query",
    "Scope",
    "Several",
    "Sql",
    "Statement",
    "Verdict",
    "explain",
    "leaf",
    "leaves",
    "leaves_of",
    "leaves_said",
    "needs_of",
    "parse",
    "parse_segment",
    "resolve",
    "rows",
    "schema",
    "several",
    "statement",
    "summary",
]
