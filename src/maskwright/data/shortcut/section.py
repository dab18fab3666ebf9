"""`data.shortcut`: what the shortcut is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from maskwright.data.sections import TableSection
from maskwright.data.shortcut.matching import word_pattern

__all__ = ["VARIANTS", "Shortcut", "ShortcutSection"]

DELETED, MASKED, NEUTRAL = VARIANTS = ("removed, deleted", "removed, masked", "removed, neutral")
"""Names of the variants that are made: nothing, the mask token, or a neutral word where the shortcut was."""


class Shortcut(BaseModel):
    """Words that may give an answer away: exactly one of `words`, `pattern` and `column`.

    A list stands for `words`, a single text for a list of one: `shortcut: [sponsored, advert]`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: list[str] | None = Field(default=None, description="words or phrases, found whole and in any case")
    pattern: str | None = Field(default=None, description="regular expression, as Python's re has them")
    column: str | None = Field(
        default=None, description="column of the test table with each row's own words: a text, or a list of texts"
    )
    neutral: str = Field(default="something", description="put in its place in the variant “removed, neutral”")

    @model_validator(mode="after")
    def _can_be_used(self) -> Shortcut:
        if sum(one is not None for one in (self.words, self.pattern, self.column)) != 1:
            raise ValueError(
                "data.shortcut: give a list of words, or one of {words: ...}, {pattern: ...}, {column: ...}"
            )
        if self.words is not None and not (self.words and all(word.strip() for word in self.words)):
            raise ValueError(f"data.shortcut: expected words that are not empty, given {self.words!r}")
        if not self.neutral.strip():
            raise ValueError(
                "data.shortcut.neutral: expected a word, given nothing; “removed, deleted” has nothing there"
            )
        found = self.fixed_pattern()
        if found is not None and found.search(""):
            raise ValueError(f"data.shortcut.pattern: {self.pattern!r} also fits where there is no text; add to it")
        if found is not None and found.search(self.neutral):
            raise ValueError(f"data.shortcut.neutral: {self.neutral!r} is a shortcut itself; name another word")
        return self

    def fixed_pattern(self) -> re.Pattern[str] | None:
        """What finds it in every text alike; None where each row names its own words.

        Raises:
            ValueError: the regular expression cannot be read.

        >>> Shortcut(words=["advert"]).fixed_pattern().findall("An Advert, no adverts")
        ['Advert']
        """
        if self.words is not None:
            return word_pattern(self.words)
        if self.pattern is None:
            return None
        try:
            return re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"data.shortcut.pattern: {self.pattern!r} is no regular expression: {error}") from error


class ShortcutSection(TableSection):
    """Tables of texts whose shortcut can be taken out for the user.

    `shortcut` makes three variants of the test texts, in which the words are deleted, replaced by the mask token, and
    replaced by a neutral word. All texts of a pair are treated alike.
    """

    shortcut: Shortcut | None = Field(
        default=None,
        description="words that may give the answer away; the test texts are also read without them, in three ways",
    )

    @field_validator("shortcut", mode="before")
    @classmethod
    def _words_alone(cls, given: Any) -> Any:
        words = [given] if isinstance(given, str) else given
        return {"words": words} if isinstance(words, list) else given

    @model_validator(mode="after")
    def _variants_have_other_names(self) -> ShortcutSection:
        taken = [] if self.shortcut is None else [name for name in VARIANTS if name in self.variants]
        if taken:
            raise ValueError(f"data.variants: {taken[0]!r} is made by data.shortcut; give yours another name")
        return self


def reserved_columns(section: Any) -> tuple[str, ...]:
    """Columns that no guess may take: those of variants, and of the rows' own shortcuts."""
    variants: Mapping[str, str] = section.variants
    shortcut = section.shortcut if isinstance(section, ShortcutSection) else None
    return (*variants.values(), *(() if shortcut is None or shortcut.column is None else (shortcut.column,)))
