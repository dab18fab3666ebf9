"""A conformance kit for masking code: ours, yours and anybody else's.

    import pytest
    from maskwright.testing import COLLATOR_CHECKS, collator_subject

    subject = collator_subject(MyCollator(tokenizer), examples, tokenizer=tokenizer, ratio=0.15)

    @pytest.mark.parametrize("check", COLLATOR_CHECKS)
    def test_my_collator(check):
        check(subject)

A check raises `ConformanceError`, an `AssertionError` with the numbers, or returns what it found; `check.measure` never
raises. The same checks make up `maskwright audit`. pytest is not needed to use them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from maskwright.testing.arrays import ArrayFunction, array_subject
from maskwright.testing.fills import FILL_CHECKS, FillSubject, check_fill
from maskwright.testing.finding import Check, ConformanceError, Finding, SubjectError
from maskwright.testing.hiding import HIDING_CHECKS
from maskwright.testing.patterns import PATTERN_CHECKS, PatternSubject, check_pattern
from maskwright.testing.repeating import REPEATING_CHECKS
from maskwright.testing.subject import Subject, collator_subject

__all__ = [
    "COLLATOR_CHECKS",
    "FILL_CHECKS",
    "PATTERN_CHECKS",
    "ArrayFunction",
    "Check",
    "ConformanceError",
    "FillSubject",
    "Finding",
    "PatternSubject",
    "Subject",
    "SubjectError",
    "array_subject",
    "check_collator",
    "check_fill",
    "check_pattern",
    "check_task",
    "collator_subject",
]

if TYPE_CHECKING:
    from maskwright.testing.task_checks import check_task as check_task

COLLATOR_CHECKS = HIDING_CHECKS + REPEATING_CHECKS


def check_collator(collator, examples=None, *, but=(), **about) -> list[Finding]:
    """Put a collator through every check.

    Args:
        collator: callable from a list of examples to a batch, not used before.
        examples: mappings with `input_ids`; made here, for `maskwright.testing.synthetic.synthetic_tokenizer()`, if
            left out.
        but: names of checks to leave out.
        **about: `tokenizer`, `ratio`, `words`, and what else `collator_subject` takes.

    Raises:
        ConformanceError: at the first check that fails.
    """
    subject = collator_subject(collator, examples, **about)
    return [check(subject) for check in COLLATOR_CHECKS if check.name not in but]


def __getattr__(name: str) -> Any:
    """`check_task` stands on tasks, which stand on much that masking code does not need: loaded when asked for."""
    if name != "check_task":
        raise AttributeError(f"module 'maskwright.testing' has no attribute '{name}'")
    return importlib.import_module("maskwright.testing.task_checks").check_task
