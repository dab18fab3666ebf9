"""Which column holds what: as named in the configuration, else guessed from the header and the values, and told.

A guess is made only where one column stands out; otherwise the user is asked to name it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maskwright.data.table import Table
from maskwright.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    from maskwright.config import DataConfig

TEXT_NAMES = (
    "text",
    "sentence",
    "content",
    "review",
    "question",
    "comment",
    "tweet",
    "document",
    "body",
    "message",
    "utterance",
    "post",
    "headline",
    "title",
    "abstract",
    "description",
    "query",
    "input",
    "prompt",
    "docstring",
)

LABEL_NAMES = (
    "label",
    "labels",
    "class",
    "classes",
    "category",
    "sentiment",
    "target",
    "topic",
    "intent",
    "emotion",
    "tag",
    "rating",
    "stars",
    "y",
    "gold",
    "gold_label",
)

PAIRS = (
    ("text", "text_pair"),
    ("text", "text2"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("sentence1", "sentence2"),
    ("sentence_a", "sentence_b"),
    ("question1", "question2"),
    ("premise", "hypothesis"),
    ("query", "passage"),
    ("query", "document"),
    ("question", "sentence"),
    ("question", "context"),
)

_VALUES_READ = 1000
"""Rows that a guess from the values looks at."""


@dataclass(frozen=True)
class Columns:
    """The columns of a task.

    Attributes:
        text: the text, or the first of two.
        label: the class.
        text_pair: the second text, where examples are pairs.
        variants: group name -> column of the test table.
        notes: what was guessed.
    """

    text: str
    label: str
    text_pair: str | None = None
    variants: Mapping[str, str] | None = None
    notes: tuple[str, ...] = ()

    def by_role(self) -> dict[str, str]:
        """Role -> column, of the roles that every table fills."""
        roles = {"text": self.text, "text_pair": self.text_pair, "label": self.label}
        return {role: column for role, column in roles.items() if column is not None}


def find_columns(config: DataConfig, table: Table) -> Columns:
    """Name the columns of a table.

    Args:
        config: may name columns; the others are guessed.
        table: the training table.

    Raises:
        DataError: a named column is not there, or no guess stands out.
    """
    named = {"text": config.text, "text_pair": config.text_pair, "label": config.label}
    missing = [missing_column(table, name, f"data.{role}") for role, name in named.items() if name is not None]
    problems = [problem for problem in missing if problem is not None]
    for column, times in Counter(name for name in named.values() if name is not None).items():
        if times > 1:
            roles = " and ".join(f"data.{role}" for role, name in named.items() if name == column)
            problems.append(Problem(table.source, f"{roles} are the same column, {column!r}", "Name two columns."))
    if problems:
        raise DataError(problems)
    taken = {name for name in named.values() if name is not None} | set(config.variants.values())
    free = [name for name in table.header if name not in taken]
    guess = _Guess(table, free)
    text, pair = config.text, config.text_pair
    if text is None and pair is None:
        text, pair = guess.pair()
    text = text or guess.text()
    label = config.label or guess.label()
    guess.stop()
    return Columns(text or "", label or "", pair, dict(config.variants), tuple(guess.notes))


def missing_column(table: Table, name: str, key: str) -> Problem | None:
    """Say that a named column is not in a table, with the nearest that is; None if it is there."""
    if name in table.columns:
        return None
    header = ", ".join(repr(column) for column in table.header)
    alike = [column for column in table.header if _plain(column) == _plain(name)]
    if alike:
        hint = f"Write it as the header does: {key}: {alike[0]!r}."
    else:
        hint = did_you_mean(name, table.header)
        hint = hint if hint.startswith("Did") else f"Set {key} to one of them."
    return Problem(table.source, f"there is no column {name!r} ({key}); the header is {header}", hint)


class _Guess:
    """Guesses over one table: takes columns out of `free` as they are used, and gathers notes and problems."""

    def __init__(self, table: Table, free: list[str]):
        self.table = table
        self.free = free
        self.notes: list[str] = []
        self.problems: list[Problem] = []

    def pair(self) -> tuple[str | None, str | None]:
        by_name = {_plain(name): name for name in self.free}
        found = [(by_name[a], by_name[b]) for a, b in PAIRS if a in by_name and b in by_name]
        # A column called "text" stands out before any pair that it is no part of.
        if len(found) != 1 or by_name.get("text", found[0][0]) not in found[0]:
            return None, None
        first, second = found[0]
        self._take("text", first)
        self._take("text_pair", second)
        return first, second

    def text(self) -> str | None:
        return self._by_name("text", TEXT_NAMES) or self._by_values("text", self._looks_like_text)

    def label(self) -> str | None:
        return self._by_name("label", LABEL_NAMES) or self._by_values("label", self._looks_like_label)

    def stop(self) -> None:
        if self.problems:
            raise DataError(self.problems)

    def _take(self, role: str, column: str, reason: str = "its name") -> str:
        self.free.remove(column)
        self.notes.append(f"data.{role} is not set; column {column!r} was taken, for {reason}.")
        return column

    def _by_name(self, role: str, known: Sequence[str]) -> str | None:
        found = [name for name in self.free if _plain(name) in known]
        # A column that has the very name of the role stands out among others.
        exact = [name for name in found if _plain(name) == role]
        chosen = exact if len(exact) == 1 else found
        if len(chosen) == 1:
            return self._take(role, chosen[0])
        if chosen:
            self._refuse(role, f"could be any of {', '.join(map(repr, chosen))}")
        return None

    def _by_values(self, role: str, looks: Callable[[str], bool]) -> str | None:
        if any(f"(data.{role})" in problem.what for problem in self.problems):
            return None
        found = [name for name in self.free if looks(name)]
        if len(found) == 1:
            return self._take(role, found[0], "its values")
        several = f"could be any of {', '.join(map(repr, found))}"
        self._refuse(role, several if found else "is not clear from the header or the values")
        return None

    def _refuse(self, role: str, what: str) -> None:
        header = ", ".join(repr(name) for name in self.table.header)
        remedy = f"Set data.{role} to one of them; if that is a row of data, write a header line above it."
        self.problems.append(
            Problem(self.table.source, f"the {role} column (data.{role}) {what}; the header is {header}", remedy)
        )

    def _sample(self, name: str) -> list[object]:
        return [value for value in self.table.values(name)[:_VALUES_READ] if value not in (None, "")]

    def _looks_like_text(self, name: str) -> bool:
        values = self._sample(name)
        words = [len(value.split()) for value in values if isinstance(value, str)]
        return bool(words) and len(words) == len(values) and sum(words) >= 4 * len(words)

    def _looks_like_label(self, name: str) -> bool:
        values = self._sample(name)
        if not values or not all(isinstance(value, str | int) for value in values):
            return False
        short = all(len(str(value)) <= 40 for value in values)
        return short and 2 <= len(set(map(str, values))) <= max(2, min(200, len(values) // 3))


def _plain(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")
