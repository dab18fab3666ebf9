"""The `data` section of pairs of a source and a target."""

from __future__ import annotations

from pydantic import Field

from maskwright.data.roles import Role
from maskwright.data.shortcut.section import ShortcutSection

__all__ = ["ROLES", "TranslationSection"]

ROLES = (
    Role("source", "text", names=("src", "input")),
    Role("target", "text", names=("tgt", "output", "reference", "ref"), is_content=False),
)
"""Two rows with the same source are the same example: its translation has been seen, whatever it was."""


class TranslationSection(ShortcutSection):
    """Texts and their translations.

    `train`, `validation` and `test` are tables (JSONL with `{"translation": {"en": ..., "fr": ...}}` or with two
    columns, CSV, TSV, Parquet), or names of splits when `dataset` names a hub data set or a local folder of one, or
    pairs of text files with a sentence a line: `{source: train.en, target: train.fr}`, or `train` where `source: en`
    and `target: fr` make the files `train.en` and `train.fr` of it. `variants` maps a group's name to the column that
    holds the same example's source in that variant; `shortcut` makes three of them.
    """

    source: str | None = Field(default=None, description="column, key in a column, or ending of the files")
    target: str | None = Field(default=None, description="likewise; both are guessed if left out")
    source_language: str | None = Field(
        default=None, description="as the tokenizer calls it (mBART, M2M, NLLB); default: from the name of the column"
    )
    target_language: str | None = Field(default=None, description="likewise")
    prefix: str = Field(
        default="", description="put before every source and never hidden: 'translate English to French: ' (T5)"
    )
    max_length: int = Field(default=128, ge=4, description="tokens of a source; longer ones are cut, and counted")
    max_target_length: int | None = Field(default=None, ge=4, description="tokens of a target; default: as of a source")

    @property
    def target_length(self) -> int:
        """Tokens that a target may have."""
        return self.max_target_length or self.max_length
