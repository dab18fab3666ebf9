"""What a person is told when something they gave cannot be used.

Every error that a user can cause is a `MaskwrightError`; the command line prints its message, without a traceback, and
ends with exit code 2. A message says what is wrong, where, what was expected and what to do.

    MaskwrightError (a ValueError)
    ├── ConfigError    a run configuration: unknown key, value out of range, wrong kind
    ├── DataError      the user's data; carries every problem found, not only the first
    ├── MaskingError   arrays given to the library: shape, dtype, back end, missing facts
    └── RunError       a run folder: missing, unfinished, damaged, or made with other settings
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class MaskwrightError(ValueError):
    """Base of every error whose cause lies in what the user gave."""


class ConfigError(MaskwrightError):
    """A run configuration cannot be used."""


class MaskingError(MaskwrightError):
    """Arrays, shapes or facts given to the masking library do not fit together."""


class RunError(MaskwrightError):
    """A run folder cannot be used."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the user's data.

    Attributes:
        where: file, row (counted from 1, header excluded) and column, as far as they are known.
        what: what was found, with the value.
        remedy: what was expected and what to do.
    """

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}"


PROBLEMS_SHOWN = 20


class DataError(MaskwrightError):
    """The user's data cannot be used; `problems` holds all that was found, the message the first 20 and a count."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems[:PROBLEMS_SHOWN]]
        if len(self.problems) > PROBLEMS_SHOWN:
            lines.append(f"... and {len(self.problems) - PROBLEMS_SHOWN:,} more problems.")
        several = "several things are wrong with the data:\n  - "
        super().__init__((several if len(lines) > 1 else "") + "\n  - ".join(lines))


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Offer the nearest of the names there are, as a sentence to append to a message, or list them all.

    Case does not count.

    >>> did_you_mean("spam", ["span", "iid"])
    "Did you mean 'span'?"
    >>> did_you_mean("zzz", ["span", "iid"])
    'Known: iid, span.'
    """
    names = sorted(choices)
    by_lower = {choice.lower(): choice for choice in reversed(names)}
    nearest = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.6)
    return f"Did you mean '{by_lower[nearest[0]]}'?" if nearest else f"Known: {', '.join(names)}."
