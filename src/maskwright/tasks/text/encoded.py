"""Tokenised examples in a few flat arrays: small, quick to batch, and shared with worker processes without copying."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.tasks.contract import FILLER, Hidden
from maskwright.units.vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch

    from maskwright.masking import Masking

__all__ = ["Encoded", "Ragged"]


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

    @property
    def lengths(self) -> np.ndarray:
        """[N] int64."""
        return np.diff(self.ends, prepend=0)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, row: int) -> np.ndarray:
        start = self.ends[row - 1] if row else 0
        return self.values[start : self.ends[row]]


@dataclass(frozen=True, eq=False)
class Encoded:
    """A tokenised split; see `maskwright.tasks.contract.Examples`.

    Attributes:
        inputs: what the model takes, by name (`input_ids`, perhaps `token_type_ids`), a row per example.
        example_ids: [N] int64, which name the examples' masks.
        labels: [N] int64, indices into the label names.
        vocabulary: facts about the tokenizer's ids.
        weights: [classes] float32, what an example of each class counts in the loss.
        notes: what the user should know.
    """

    inputs: Mapping[str, Ragged]
    example_ids: np.ndarray
    labels: np.ndarray
    vocabulary: Vocabulary
    weights: np.ndarray
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def lengths(self) -> np.ndarray:
        """[N] tokens in each example."""
        return self.inputs["input_ids"].lengths

    def __getitems__(self, rows: Sequence[int]) -> dict[str, torch.Tensor]:
        return self.batch(rows)

    def batch(self, rows: Iterable[int]) -> dict[str, torch.Tensor]:
        """Rectangular tensors of some examples, padded on the right to the longest of them.

        A row of `FILLER` becomes a copy of the first example with weight 0.

        Returns:
            each of `inputs` and `attention_mask` [B, L] int64; `labels` and `example_id` [B] int64; `weight` [B]
            float32.
        """
        import torch

        asked = np.fromiter(rows, dtype=np.int64)
        chosen = np.where(asked == FILLER, 0, asked)
        lengths = self.lengths_of(chosen)
        filled = np.arange(max(int(lengths.max()), 1)) < lengths[:, None]
        arrays: dict[str, np.ndarray] = {}
        for name, ragged in self.inputs.items():
            table = np.full(filled.shape, self._filler(name), dtype=np.int64)
            table[filled] = np.concatenate([ragged[int(row)] for row in chosen])
            arrays[name] = table
        arrays["attention_mask"] = filled.astype(np.int64)
        arrays["labels"] = self.labels[chosen]
        arrays["example_id"] = self.example_ids[chosen]
        arrays["weight"] = np.where(asked == FILLER, np.float32(0), self.weights[self.labels[chosen]])
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    def lengths_of(self, rows: np.ndarray) -> np.ndarray:
        """[B] tokens in each of the given rows."""
        ends = self.inputs["input_ids"].ends
        return ends[rows] - np.where(rows == 0, 0, ends[rows - 1])

    def hide(self, inputs: Mapping[str, Any], masking: Masking | None, ids: torch.Tensor, **moment: Any) -> Hidden:
        """Hide tokens; `moment` is `seed`, `epoch` and `progress`."""
        import torch

        if masking is None:
            return Hidden(dict(inputs), torch.zeros(len(ids), device=ids.device))
        corrupted = masking(inputs, vocabulary=self.vocabulary, example_ids=ids, **moment)
        return Hidden(dict(corrupted.inputs), torch.as_tensor(corrupted.ratio).to(torch.float32))

    def work(self, inputs: Mapping[str, Any]) -> int:
        """Tokens without padding."""
        return int(inputs["attention_mask"].sum())

    def joined(
        self, parts: Sequence[Mapping[str, Any]], cells: int
    ) -> Iterator[tuple[torch.Tensor, dict[str, torch.Tensor]]]:
        """Rows of all parts sorted by length, each batch padded to its longest row.

        Where tokens are dropped, rows of one example end up of very different lengths; sorting over all ways of hiding
        as well as over examples is what turns fewer tokens into less time.
        """
        import torch

        widest = max(part["input_ids"].shape[1] for part in parts)

        def stacked(name: str) -> torch.Tensor:
            tables = [part[name] for part in parts]
            pad = torch.nn.functional.pad
            return torch.cat([pad(table, (0, widest - table.shape[1]), value=self._filler(name)) for table in tables])

        inputs = {name: stacked(name) for name in parts[0]}
        lengths = inputs["attention_mask"].sum(dim=1)
        order = torch.argsort(lengths, descending=True, stable=True)
        inputs = {name: values[order] for name, values in inputs.items()}
        sizes, start = lengths[order].cpu().numpy(), 0
        while start < len(sizes):
            longest = max(int(sizes[start]), 1)
            stop = start + max(1, cells // longest)
            yield order[start:stop], {name: values[start:stop, :longest] for name, values in inputs.items()}
            start = stop

    def _filler(self, name: str) -> int:
        return (self.vocabulary.pad_id or 0) if name == "input_ids" else 0
