"""Tokenised pairs of texts: batched, hidden on either side, and cut into batches for forward passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.backend.codes import IGNORED
from maskwright.engine.modalities import PerModality
from maskwright.errors import ConfigError
from maskwright.tasks.examples import FILLER, Batch, Hidden
from maskwright.tasks.joining import per_example, rows_of
from maskwright.tasks.text.encoded import LABELS, Ragged
from maskwright.text.padding import Layout
from maskwright.units.vocabulary import Vocabulary

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

    from maskwright.engine.corrupt import Corrupted
    from maskwright.masking import Masking
    from maskwright.rng import Moment

__all__ = ["DECODER", "SIDES", "SOURCE", "TARGET", "EncodedPairs", "Side"]

SIDES = SOURCE, TARGET = "source", "target"
"""Names of what may be hidden."""

DECODER = "target_ids"
"""Input of a batch: the target as the decoder reads it, before it is moved one place on; `IGNORED` in the padding."""


@dataclass(frozen=True, eq=False)
class Side:
    """The sources, or the targets, of a split.

    Attributes:
        ids: a row of token ids per example, special tokens included.
        first: tokens at the beginning of every row that are no part of the text: special tokens, a language, a prefix.
        last: the same at the end.
    """

    ids: Ragged
    first: int
    last: int

    def maskable(self, there: torch.Tensor) -> torch.Tensor:
        """[B, L] bool, the tokens of the text, of rows that begin together.

        Args:
            there: [B, L] bool, no padding.
        """
        import torch

        places = torch.arange(there.shape[1], device=there.device)[None, :]
        return (places >= self.first) & (places < there.sum(dim=1, keepdim=True) - self.last)


@dataclass(frozen=True, eq=False)
class EncodedPairs:
    """A split of tokenised pairs; see `maskwright.tasks.examples.Examples`.

    Rows begin together, with padding behind them, whatever the tokenizer's own side is: an encoder-decoder that counts
    its positions from the first column would otherwise read a text differently in every batch.

    Attributes:
        source: what is translated.
        target: what a translation should be, as labels.
        texts: [N] the targets as texts, whole, in Arrow.
        example_ids: [N] int64, which name the examples' masks.
        vocabulary: facts about the tokenizer's ids.
        notes: what the user should know.
    """

    source: Side
    target: Side
    texts: pa.ChunkedArray
    example_ids: np.ndarray
    vocabulary: Vocabulary
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.example_ids)

    @property
    def classes(self) -> None:
        """A text is none of some classes."""
        return

    @property
    def lengths(self) -> np.ndarray:
        """[N] tokens of source and target."""
        return self.source.ids.lengths + self.target.ids.lengths

    def references(self, rows: Any) -> list[str]:
        """The target texts."""
        return self.texts.take(np.fromiter(rows, dtype=np.int64)).to_pylist()

    def __getitems__(self, rows: Sequence[int]) -> Batch:
        return self.batch(rows)

    def batch(self, rows: Iterable[int]) -> Batch:
        """Some examples; a row of `FILLER` becomes a copy of the first example with weight 0.

        Returns:
            inputs: `input_ids` and `attention_mask` [B, S], `target_ids` [B, T], all int64. labels: `labels` [B, T],
            the same as `target_ids`.
        """
        import torch

        asked = np.fromiter(rows, dtype=np.int64)
        chosen = np.where(asked == FILLER, 0, asked)
        source, target = (Layout.of(side.ids.lengths_of(chosen)) for side in (self.source, self.target))
        labels = torch.from_numpy(self.target.ids.table(chosen, target, IGNORED))
        inputs = {
            "input_ids": torch.from_numpy(self.source.ids.table(chosen, source, self._pad)),
            "attention_mask": torch.from_numpy(source.attention()),
            DECODER: labels,
        }
        weight = torch.from_numpy((asked != FILLER).astype(np.float32))
        return Batch(inputs, {LABELS: labels}, torch.from_numpy(self.example_ids[chosen]), weight)

    def hide(self, batch: Batch, masking: Any, moment: Moment) -> Hidden:
        """Hide tokens of the source, and of what the decoder reads where the masking names both sides.

        The labels stay: what is hidden of the target is still to be predicted.
        """
        import torch

        count = int(((batch.labels[LABELS] != IGNORED) & (batch.weight > 0)[:, None]).sum())
        if masking is None:
            return Hidden.whole(batch, count)
        sides = self.corrupted(batch.inputs, batch.ids, masking, moment)
        inputs = {**batch.inputs, **sides[SOURCE].inputs}
        if TARGET in sides:
            there = batch.inputs[DECODER] != IGNORED
            inputs[DECODER] = torch.where(there, sides[TARGET].inputs["input_ids"], IGNORED)
        return Hidden.of(batch, sides, inputs, count=count)

    def corrupted(
        self, inputs: Mapping[str, Any], ids: torch.Tensor, masking: Any, moment: Moment
    ) -> dict[str, Corrupted]:
        """What a masking makes of each side that it hides in, by name."""
        source = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        facts = self._facts(SOURCE, inputs["attention_mask"] != 0)
        if not isinstance(masking, PerModality):
            return {SOURCE: masking(source, example_ids=ids, **vars(moment), **facts)}
        there = inputs[DECODER] != IGNORED
        target = {"input_ids": inputs[DECODER].where(there, self._pad), "attention_mask": there.long()}
        both = {SOURCE: facts, TARGET: self._facts(TARGET, there)}
        return masking({SOURCE: source, TARGET: target}, example_ids=ids, facts=both, **vars(moment))

    def _facts(self, name: str, there: torch.Tensor) -> dict[str, Any]:
        side = self.source if name == SOURCE else self.target
        return {"vocabulary": self.vocabulary, "valid": side.maskable(there)}

    @property
    def _pad(self) -> int:
        return self.vocabulary.pad_id or 0

    def work(self, inputs: Mapping[str, Any]) -> int:
        """Tokens that the encoder and the decoder read, without padding."""
        return int(inputs["attention_mask"].sum() + (inputs[DECODER] != IGNORED).sum())

    def joined(self, parts: Sequence[Hidden], cells: int) -> Iterator[tuple[torch.Tensor, Hidden]]:
        """Rows of all parts sorted by length, each batch padded to its longest source and target."""
        import torch

        widest = max(part.inputs["input_ids"].shape[1] for part in parts)

        def stacked(tables: Sequence[torch.Tensor], value: int) -> torch.Tensor:
            padded = [torch.nn.functional.pad(one, (0, widest - one.shape[1]), value=value) for one in tables]
            return torch.cat(padded)

        ids = stacked([part.inputs["input_ids"] for part in parts], self._pad)
        attention = stacked([part.inputs["attention_mask"] for part in parts], 0)
        target = torch.cat([part.inputs[DECODER] for part in parts])
        labels = torch.cat([part.labels[LABELS] for part in parts])
        beside = per_example(parts)
        lengths = torch.stack([attention.sum(dim=1), (labels != IGNORED).sum(dim=1)], dim=1)
        order = torch.argsort(lengths.sum(dim=1), descending=True, stable=True)
        sizes, start = lengths.sum(dim=1)[order].cpu().numpy(), 0
        while start < len(sizes):
            rows = order[start : start + max(1, cells // max(1, int(sizes[start])))]
            start += len(rows)
            wide, long = (max(1, int(size)) for size in lengths[rows].amax(dim=0))
            inputs = {
                "input_ids": ids[rows, :wide],
                "attention_mask": attention[rows, :wide],
                DECODER: target[rows, :long],
            }
            some = labels[rows, :long]
            count = int((some != IGNORED).sum())
            yield rows, Hidden(inputs, {LABELS: some}, count=count, **rows_of(beside, rows))


def rows_of_sources(examples: EncodedPairs, masking: Masking | PerModality) -> list[dict[str, Any]]:
    """The sources as collators take them: `input_ids` and `example_id`.

    Raises:
        ConfigError: a masking of both sides, of which a text alone has one.
    """
    if isinstance(masking, PerModality):
        raise ConfigError(
            "masking.modalities: audit looks at texts on their own; give the masking of the source alone, "
            'as in masking="{pattern: iid, budget: 0.3}".'
        )
    ids = examples.source.ids
    return [
        {"input_ids": ids[row].tolist(), "example_id": int(number)} for row, number in enumerate(examples.example_ids)
    ]
