"""Settings of steps and rules: what each may be, in words for people, in JSON Schema, and as a check."""

from __future__ import annotations

from .base import Field, chosen
from .conditions import OPS_SCHEMA, Arms, Condition, Variants, Where, check_condition, condition_schema
from .dates import (
    CUSTOM,
    DATE_FIELDS,
    DAY_NAMES,
    UNIT_NAMES,
    DateField,
    Day,
    Days,
    Duration,
    Moment,
    Time,
    said_day,
)
from .scores import BandChoice, ScoreModelChoice, band_problem
from .values import CONTACT_FIELDS, Boolean, Choice, Number, Pairs, Reference, StepRef, Text

__all__ = [
    "CONTACT_FIELDS",
    "CUSTOM",
    "DATE_FIELDS",
    "DAY_NAMES",
    "OPS_SCHEMA",
    "UNIT_NAMES",
    "Arms",
    "BandChoice",
    "Boolean",
    "Choice",
    "Condition",
    "DateField",
    "Day",
    "Days",
    "Duration",
    "Field",
    "Moment",
    "Number",
    "Pairs",
    "Reference",
    "ScoreModelChoice",
    "StepRef",
    "Text",
    "Time",
    "Variants",
    "Where",
    "band_problem",
    "check_condition",
    "chosen",
    "condition_schema",
    "said_day",
]
