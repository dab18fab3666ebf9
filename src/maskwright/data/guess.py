"""Which column most likely holds what, by its name or else by its values, where one column stands out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

NAMES = {
    "text": tuple(
        "text sentence content review question comment tweet document body message utterance post headline title "
        "abstract description query input prompt docstring caption".split()
    ),
    "label": tuple(
        "label labels class classes category sentiment target topic intent emotion tag rating stars y gold "
        "gold_label".split()
    ),
    "image": tuple(
        "image images img picture pictures photo file file_name filename path filepath file_path image_path img_path "
        "image_file image_name image_filename".split()
    ),
    "clip": tuple("clip clips video videos folder frames path clip_path video_path clip_folder video_folder".split()),
}
"""Role -> what people call its column."""

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

_PICTURE = re.compile(r"\.(png|jpe?g|bmp|gif|tiff?|webp|npz#.+)$", re.IGNORECASE)


def plain_name(name: str) -> str:
    """What column names that differ in case, blanks and signs have in common."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


class Guess:
    """Guesses over one table: takes columns out of `free` as they are used, and gathers notes and problems."""

    def __init__(self, table: Table, free: list[str]):
        self.table = table
        self.free = free
        self.notes: list[str] = []
        self.problems: list[Problem] = []

    def pair(self) -> tuple[str | None, str | None]:
        """The columns of two texts that belong together."""
        by_name = {plain_name(name): name for name in self.free}
        found = [(by_name[a], by_name[b]) for a, b in PAIRS if a in by_name and b in by_name]
        # A column called "text" stands out before any pair that it is no part of.
        if len(found) != 1 or by_name.get("text", found[0][0]) not in found[0]:
            return None, None
        first, second = found[0]
        self._take("text", first)
        self._take("text_pair", second)
        return first, second

    def column(self, role: str) -> str | None:
        """The column of a role; where none stands out, a problem is kept."""
        return self._by_name(role) or self._by_values(role)

    def optional(self, role: str) -> str | None:
        """The column of a role that need not be there: the one that has its name, if there is one."""
        found = [name for name in self.free if plain_name(name) in (role, f"{role}s")]
        return self._take(role, found[0]) if len(found) == 1 else None

    def stop(self) -> None:
        """Raise a `DataError` with all problems, if there are any."""
        if self.problems:
            raise DataError(self.problems)

    def _take(self, role: str, column: str, reason: str = "its name") -> str:
        self.free.remove(column)
        self.notes.append(f"data.{role} is not set; column {column!r} was taken, for {reason}.")
        return column

    def _by_name(self, role: str) -> str | None:
        found = [name for name in self.free if plain_name(name) in NAMES[role]]
        # A column that has the very name of the role stands out among others.
        exact = [name for name in found if plain_name(name) == role]
        chosen = exact if len(exact) == 1 else found
        if len(chosen) == 1:
            return self._take(role, chosen[0])
        if chosen:
            self._refuse(role, f"could be any of {', '.join(map(repr, chosen))}")
        return None

    def _by_values(self, role: str) -> str | None:
        if any(f"(data.{role})" in problem.what for problem in self.problems):
            return None
        found = [name for name in self.free if _LOOKS[role](self._sample(name))]
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


def _looks_like_text(values: Sequence[object]) -> bool:
    words = [len(value.split()) for value in values if isinstance(value, str)]
    return bool(words) and len(words) == len(values) and sum(words) >= 4 * len(words)


def _looks_like_label(values: Sequence[object]) -> bool:
    if not values or not all(isinstance(value, str | int) for value in values):
        return False
    short = all(len(str(value)) <= 40 for value in values)
    return short and 2 <= len(set(map(str, values))) <= max(2, min(200, len(values) // 3))


def _looks_like_picture(values: Sequence[object]) -> bool:
    return bool(values) and all(isinstance(value, str) and _PICTURE.search(value) for value in values)


def _looks_like_folder(values: Sequence[object]) -> bool:
    return bool(values) and all(isinstance(value, str) and ("/" in value or ".npz#" in value) for value in values)


_LOOKS = {
    "text": _looks_like_text,
    "label": _looks_like_label,
    "image": _looks_like_picture,
    "clip": _looks_like_folder,
}
