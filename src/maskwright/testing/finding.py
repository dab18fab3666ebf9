"""What a check found: numbers and a verdict; and the error that a check raises in a test."""

from __future__ import annotations

import sysconfig
import textwrap
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwright.errors import MaskwrightError

PASS, FAIL, NOT_APPLICABLE = "pass", "fail", "not applicable"

Answer = tuple[str, str, Mapping[str, Any]]
"""What a check says of its subject: a phrase with numbers, the verdict, and the numbers by name."""


class ConformanceError(AssertionError):
    """A check failed; the message says what was asked and what was found, with the numbers."""

    def __init__(self, finding: Finding):
        self.finding = finding
        super().__init__(f"{finding.check}: asked: {finding.asked}; found: {finding.answer}.")


class SubjectError(MaskwrightError):
    """The code under test raised, or gave something that cannot be read as masks."""

    @classmethod
    def raised(cls, what: str, error: BaseException) -> SubjectError:
        """What was done, what it raised and where, in one line."""
        said = textwrap.shorten(str(error), 130, placeholder=" …").rstrip(". ") or "no message"
        return cls(f"{what} raised {type(error).__name__}: {said}{_place(error)}")


def _place(error: BaseException) -> str:
    """File and line of the innermost call within the user's own code, if there is any."""
    libraries = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    libraries.append(str(Path(__file__).parents[1]))
    called = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in called if not frame.filename.startswith(("<", *libraries))]
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        check: name of the check.
        asked: what should be, in a phrase.
        answer: what is, in a phrase with numbers.
        verdict: `pass`, `fail` or `not applicable`.
        numbers: the numbers of `answer`, by name.
    """

    check: str
    asked: str
    answer: str
    verdict: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One question about a pattern, a fill or a collator; a value that pytest can parametrise over.

    Calling it with a subject raises `ConformanceError` where the answer is no; `measure` only tells.

    Args:
        name: short, with underscores.
        asks: what should be, in a phrase.
        look: subject -> what is, see `Answer`.
    """

    name: str
    asks: str
    look: Callable[[Any], Answer]

    @property
    def __name__(self) -> str:
        """What pytest calls the case."""
        return self.name

    def measure(self, subject: Any) -> Finding:
        """Look, without raising; code under test that raises has failed."""
        declared = getattr(subject, "declared", {}).get(self.name)
        if declared is not None:
            return Finding(self.name, self.asks, declared, NOT_APPLICABLE)
        try:
            answer, verdict, numbers = self.look(subject)
        except SubjectError as error:
            return Finding(self.name, self.asks, str(error), FAIL, {"raised": True})
        return Finding(self.name, self.asks, answer, verdict, numbers)

    def __call__(self, subject: Any) -> Finding:
        """Look, and raise `ConformanceError` on a failure."""
        finding = self.measure(subject)
        if finding.verdict == FAIL:
            raise ConformanceError(finding)
        return finding


def verdict(passed: bool) -> str:
    """`pass` or `fail`."""
    return PASS if passed else FAIL
