"""A finding: one thing that a reader of the report should know, good or bad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maskwright.evaluate.words import Scale

PROBLEM, CAUTION, NOTE, PASSED = "problem", "caution", "note", "passed"
SEVERITIES = (PROBLEM, CAUTION, NOTE, PASSED)
"""In the order of the table."""

MATERIAL = 5
"""So many times what is negligible is much: of a share, ten points."""


@dataclass(frozen=True)
class Finding:
    """One line of the table.

    Attributes:
        severity: one of `SEVERITIES`.
        what: was found, in a few words.
        size: how much.
        interval: of that, without a unit; empty where there is none.
        anchor: id of the heading under which more stands.
    """

    severity: str
    what: str
    size: str
    interval: str
    anchor: str


def material(document: Mapping[str, Any]) -> float | None:
    """From where on a difference of the headline is much; None where it is not known what is negligible."""
    negligible = document["metric"]["negligible"]
    return None if negligible is None else MATERIAL * negligible


def change(scale: Scale, difference: Mapping[str, Any]) -> str:
    """A difference with its unit."""
    return f"{scale.change(difference['value'])}{scale.points}"


def bounds(scale: Scale, one: Mapping[str, Any], *, signed: bool = False) -> str:
    """An interval, or nothing where there is none."""
    return "" if one["low"] is None else scale.bounds(one, signed)


def against(model: str, twin: str | None) -> str:
    """A value of the model, and that of the twin where there is one.

    >>> against("90.0%", "80.0%"), against("90.0%", None)
    ('90.0%, twin 80.0%', '90.0%')
    """
    return model if twin is None else f"{model}, twin {twin}"
