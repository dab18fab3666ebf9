"""Tokenised examples in a few flat arrays: small, quick to batch, and shared with worker processes without copying."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

__all__ = ["Encoded", "Ragged"]

FILLER = -1
"""Row number that stands for no example: it fills a batch up, with weight 0."""


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
    """A tokenised split.

    Attributes:
        inputs: what the model takes, by name (`input_ids`, perhaps `token_type_ids`), a row per example.
        example_ids: [N] int64, which name the examples' masks.
        labels: [N] int64, indices into the label names.
        pad_id: token id that fills a batch up to its longest example.
        weights: [classes] float32, what an example of each class counts in the loss.
        truncated: texts that were cut at the end.
    """

    inputs: Mapping[str, Ragged]
    example_ids: np.ndarray
    labels: np.ndarray
    pad_id: int
    weights: np.ndarray
    truncated: int = 0

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
        asked = np.fromiter(rows, dtype=np.int64)
        chosen = np.where(asked == FILLER, 0, asked)
        lengths = self.lengths_of(chosen)
        filled = np.arange(max(int(lengths.max()), 1)) < lengths[:, None]
        arrays: dict[str, np.ndarray] = {}
        for name, ragged in self.inputs.items():
            table = np.full(filled.shape, self.pad_id if name == "input_ids" else 0, dtype=np.int64)
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
