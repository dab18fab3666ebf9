"""Texts as examples: tokenised, in a few flat arrays; batched, hidden, and cut into batches for forward passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.backend.codes import IGNORED
from maskwright.tasks.examples import FILLER, Batch, Hidden
from maskwright.tasks.joining import joined_by_length
from maskwright.text.padding import Layout
from maskwright.units.vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch

    from maskwright.masking import Masking
    from maskwright.rng import Moment

__all__ = ["ENTITY", "LABELS", "EncodedTexts", "Ragged", "rows_of_ids"]

LABELS = "labels"
"""Name in a batch of what the loss compares with."""

WORDS, MENTIONS = "words", "mentions"
"""Inputs beside the model's own: the units of each token."""

ENTITY = "entity"
"""The unit of which the mentions are."""


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of different lengths, one behind the other.

    Attributes:
        values: [sum of lengths] int32.
        ends: [N] int64, where each row ends.

    >>> rows = Ragged.from_rows([[1, 2, 3], [], [4]])
    >>> rows[0].tolist(), len(rows), rows.lengths.tolist()
    ([1, 2, 3], 3, [3, 0, 1])
    """

    values: np.ndarray
    ends: np.ndarray

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[int]]) -> Ragged:
        """Join rows of whole numbers."""
        ends = np.cumsum([len(row) for row in rows], dtype=np.int64)
        total = int(ends[-1]) if len(rows) else 0
        return cls(np.fromiter((v for row in rows for v in row), dtype=np.int32, count=total), ends)

    @classmethod
    def joined(cls, parts: Sequence[Ragged]) -> Ragged:
        """Some rows behind the others.

        >>> Ragged.joined([Ragged.from_rows([[1, 2]]), Ragged.from_rows([[], [3]])]).ends.tolist()
        [2, 2, 3]
        """
        if not parts:
            return cls.from_rows([])
        ends = np.cumsum(np.concatenate([part.lengths for part in parts]))
        return cls(np.concatenate([part.values for part in parts]), ends)

    @property
    def lengths(self) -> np.ndarray:
        """[N] int64."""
        return np.diff(self.ends, prepend=0)

    def lengths_of(self, rows: np.ndarray) -> np.ndarray:
        """[B] int64, of some rows."""
        return self.ends[rows] - np.where(rows == 0, 0, self.ends[rows - 1])

    def table(self, rows: np.ndarray, layout: Layout, padding: int) -> np.ndarray:
        """[B, width] int64, some rows with a number in the padding."""
        return layout.put([self[int(row)] for row in rows], padding)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, row: int) -> np.ndarray:
        start = self.ends[row - 1] if row else 0
        return self.values[start : self.ends[row]]


@dataclass(frozen=True, eq=False)
class EncodedTexts:
    """A split of tokenised texts; see `maskwright.tasks.examples.Examples`.

    Attributes:
        inputs: what the model takes, by name (`input_ids`, perhaps `token_type_ids`), a row per example.
        example_ids: [N] int64, which name the examples' masks.
        labels: by name, a number per example [N], or one per token (`Ragged`), which then follows its token.
            `labels` is what the loss compares with, `IGNORED` for tokens without any; others are 0 there.
        right: what right answers are, one per example.
        vocabulary: facts about the tokenizer's ids.
        weights: [N] float32, what each example counts in the loss.
        classes: [N] int64, the class of each example; None where it has not one.
        words: the word of each token, where the task knows it (`Ragged`, -1 outside words).
        mentions: the same for the unit `entity`: a mention is hidden whole, and so is any other word.
        notes: what the user should know.
    """

    inputs: Mapping[str, Ragged]
    example_ids: np.ndarray
    labels: Mapping[str, np.ndarray | Ragged]
    right: Any
    vocabulary: Vocabulary
    weights: np.ndarray
    classes: np.ndarray | None = None
    words: Ragged | None = None
    mentions: Ragged | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.example_ids)

    @property
    def lengths(self) -> np.ndarray:
        """[N] tokens in each example."""
        return self.inputs["input_ids"].lengths

    def references(self, rows: Any) -> Any:
        """What right answers are."""
        return self.right[rows] if isinstance(self.right, np.ndarray) else [self.right[int(row)] for row in rows]

    def __getitems__(self, rows: Sequence[int]) -> Batch:
        return self.batch(rows)

    def batch(self, rows: Iterable[int]) -> Batch:
        """Some examples, padded on the tokenizer's side to the longest of them.

        A row of `FILLER` becomes a copy of the first example with weight 0.

        Returns:
            inputs: each of `inputs` and `attention_mask` [B, L] int64, and where the task knows them `words` and
            `mentions` [B, L]. labels: each of `labels`, [B] or [B, L].
        """
        import torch

        asked = np.fromiter(rows, dtype=np.int64)
        chosen = np.where(asked == FILLER, 0, asked)
        layout = Layout.of(self.inputs["input_ids"].lengths_of(chosen), self.vocabulary.pads_left)
        tables = {name: ragged.table(chosen, layout, self._padding(name)) for name, ragged in self.inputs.items()}
        tables["attention_mask"] = layout.attention()
        beside = ((WORDS, self.words), (MENTIONS, self.mentions))
        tables |= {name: one.table(chosen, layout, -1) for name, one in beside if one is not None}
        labels = {
            name: one.table(chosen, layout, _padding_of_labels(name)) if isinstance(one, Ragged) else one[chosen]
            for name, one in self.labels.items()
        }
        weight = np.where(asked == FILLER, np.float32(0), self.weights[chosen])
        return Batch(
            {name: torch.from_numpy(table) for name, table in tables.items()},
            {name: torch.from_numpy(table) for name, table in labels.items()},
            torch.from_numpy(self.example_ids[chosen]),
            torch.from_numpy(weight),
        )

    def hide(self, batch: Batch, masking: Any, moment: Moment) -> Hidden:
        """Hide tokens; labels of tokens go with them."""
        inputs, facts = without_facts(batch.inputs, masking)
        if masking is None:
            whole = Batch(inputs, batch.labels, batch.ids, batch.weight)
            return Hidden.whole(whole, _count(batch.labels[LABELS], batch))
        of_tokens = {name: table for name, table in batch.labels.items() if table.ndim == 2}
        columns = {**inputs, **of_tokens}
        corrupted = masking(columns, vocabulary=self.vocabulary, example_ids=batch.ids, **vars(moment), **facts)
        inputs = dict(corrupted.inputs)
        labels = {name: inputs.pop(name) if name in of_tokens else table for name, table in batch.labels.items()}
        return Hidden.of(batch, corrupted, inputs, labels=labels, count=_count(labels[LABELS], batch))

    def work(self, inputs: Mapping[str, Any]) -> int:
        """Tokens without padding."""
        return int(inputs["attention_mask"].sum())

    def joined(self, parts: Sequence[Hidden], cells: int) -> Iterator[tuple[torch.Tensor, Hidden]]:
        """Rows of all parts sorted by length, each batch padded to its longest row.

        Where tokens are dropped, rows of one example end up of very different lengths; sorting over all ways of hiding
        as well as over examples is what turns fewer tokens into less time.
        """
        padding = {name: self._padding(name) for name in parts[0].inputs}
        padding |= {name: _padding_of_labels(name) for name in parts[0].labels}
        return joined_by_length(parts, padding, cells, self.vocabulary.pads_left)

    def _padding(self, name: str) -> int:
        return (self.vocabulary.pad_id or 0) if name == "input_ids" else 0


def without_facts(inputs: Mapping[str, Any], masking: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model's own inputs, and what a masking takes besides: the units that it hides whole."""
    own = dict(inputs)
    beside = {name: own.pop(name) for name in (WORDS, MENTIONS) if name in own}
    units = None if masking is None else beside.get(MENTIONS if masking.unit == ENTITY else WORDS)
    return own, {} if units is None else {"word_ids": units}


def _padding_of_labels(name: str) -> int:
    return IGNORED if name == LABELS else 0


def _count(labels: Any, batch: Batch) -> float:
    """What the loss is a mean over: labelled tokens, or examples."""
    if labels.ndim == 1:
        return batch.examples
    return int(((labels != IGNORED) & (batch.weight > 0)[:, None]).sum())


def rows_of_ids(examples: EncodedTexts, masking: Masking) -> list[dict[str, Any]]:
    """The examples as collators take them: `input_ids`, `example_id` and, where words are known, `word_ids`."""
    columns = {"input_ids": examples.inputs["input_ids"]}
    words = examples.mentions if masking.unit == ENTITY else examples.words
    if words is not None:
        columns["word_ids"] = words
    return [
        {**{name: table[row].tolist() for name, table in columns.items()}, "example_id": int(number)}
        for row, number in enumerate(examples.example_ids)
    ]
