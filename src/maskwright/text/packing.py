"""Several documents in one row: no padding, and no document that sees another.

Mask first, pack then: each document is masked as an example of its own, under its own key, so that packing changes no
mask. Rows carry what every kind of attention needs to keep documents apart: `documents` (dense and FlexAttention masks,
see `maskwright.text.attention`), `position_ids` that start again, and `cu_seqlens` (variable-length kernels).
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, like, numpy_view
from maskwright.backend.codes import IGNORED
from maskwright.errors import ConfigError, MaskingError
from maskwright.text.document_attention import DocumentAttention

PADDING = {"input_ids": 0, "labels": IGNORED}
"""The padding value of a column; 0 for columns that are not named."""


@dataclass(frozen=True, eq=False)
class Packed:
    """Packed rows.

    Attributes:
        batch: the columns of the documents, [R, length] each, and `attention_mask`, `position_ids` [R, length] int64.
        documents: [R, length] int64, which document of the batch given a position belongs to; -1 for padding.
        cu_seqlens: [D + 1] int32, where each document begins in the rows laid end to end without their padding, in the
            order in which they lie there; the last number is the number of tokens.
        max_seqlen: length of the longest document.
    """

    batch: dict[str, Array]
    documents: Array
    cu_seqlens: Array
    max_seqlen: int


def pack(batch: Mapping[str, Array], length: int | None = None, *, causal_labels: bool = False) -> Packed:
    """Put the documents of a padded batch into rows without padding between them.

    Documents go, longest first, into the fullest row that has room (best fit decreasing; Krell et al. 2021,
    arXiv:2107.02027), and stand in a row in their original order. The result depends on the lengths alone.

    Args:
        batch: `input_ids` [D, L], `attention_mask` [D, L] where there is padding, and other [D, L] columns (labels per
            token, token types); NumPy or torch. Columns of other shapes are refused: packed rows have no place for
            one label per document.
        length: tokens per row; None makes one row that holds everything ("padding-free").
        causal_labels: make `labels` for a left-to-right model, the ids or the labels given, with -100 at the first
            token of every document, so that the last token of a document does not have to predict the next document.

    Raises:
        MaskingError: no arrays [D, L], a document longer than a row, columns of another shape.

    >>> ids = np.array([[5, 6, 0], [7, 0, 0], [8, 9, 4]])
    >>> packed = pack({"input_ids": ids, "attention_mask": (ids > 0).astype(int)}, length=4)
    >>> packed.batch["input_ids"].tolist(), packed.documents.tolist()
    ([[5, 6, 0, 0], [7, 8, 9, 4]], [[0, 0, -1, -1], [1, 2, 2, 2]])
    >>> packed.batch["position_ids"].tolist(), packed.cu_seqlens.tolist()
    ([[0, 1, 0, 0], [0, 0, 1, 2]], [0, 2, 3, 6])
    """
    ids = batch["input_ids"]
    arrays = {name: _column(name, value) for name, value in batch.items()}
    attended = _attended(arrays)
    _check_columns(arrays)
    sizes = np.count_nonzero(attended, axis=1)
    width = int(sizes.sum()) if length is None else length
    row_of = _rows(sizes, width)
    rows = int(row_of.max()) + 1 if len(row_of) else 0
    order = np.lexsort((np.arange(len(sizes)), row_of))  # documents in the order of the rows
    order = order[sizes[order] > 0]
    place, within, ends = _places(sizes[order], row_of[order], width)
    begin = np.cumsum(sizes) - sizes  # of each document among the tokens given
    source = np.flatnonzero(attended)[np.repeat(begin[order], sizes[order]) + within]

    def laid(values: np.ndarray, padding: int) -> np.ndarray:
        out = np.full(rows * width, padding, dtype=values.dtype)
        out[place] = values
        return out.reshape(rows, width)

    out = {
        name: laid(values.reshape(-1)[source], PADDING.get(name, 0))
        for name, values in arrays.items()
        if name not in ("attention_mask", "position_ids")
    }
    out["attention_mask"] = laid(np.ones(len(place), dtype=np.int64), 0)
    out["position_ids"] = laid(within, 0)
    if causal_labels:
        labels = arrays.get("labels", arrays["input_ids"])
        out["labels"] = laid(np.where(within == 0, IGNORED, labels.reshape(-1)[source]), IGNORED)
    documents = laid(np.repeat(order, sizes[order]), -1)
    cu_seqlens = np.concatenate([[0], ends]).astype(np.int32)
    moved = {name: like(value, ids) for name, value in out.items()}
    return Packed(moved, like(documents, ids), like(cu_seqlens, ids), int(sizes.max(initial=0)))


def _places(sizes: np.ndarray, rows: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every token its flat place in the rows and its place in its document; and where each document ends.

    Args:
        sizes: [D] of the documents in the order in which they stand in the rows, none of them empty.
        rows: [D] the row of each, ascending.
        width: of a row.
    """
    ends = np.cumsum(sizes)
    starts = ends - sizes
    within = np.arange(int(sizes.sum())) - np.repeat(starts, sizes)
    first = np.searchsorted(rows, rows)  # the first document of each one's row
    return np.repeat(rows * width + starts - starts[first], sizes) + within, within, ends


def _column(name: str, value: Any) -> np.ndarray:
    if not hasattr(value, "dtype") or (name == "input_ids" and value.ndim != 2):
        shown = f"shape {tuple(value.shape)}" if hasattr(value, "dtype") else type(value).__name__
        raise MaskingError(
            f"pack: '{name}': expected arrays [D, L] of padded documents, NumPy or torch, given {shown}; a "
            "MaskingCollator pads lists."
        )
    return numpy_view(value)


def _attended(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    attended = arrays.get("attention_mask")
    return np.ones(arrays["input_ids"].shape, dtype=bool) if attended is None else attended != 0


def _check_columns(arrays: Mapping[str, np.ndarray]) -> None:
    expected = arrays["input_ids"].shape
    for name, value in arrays.items():
        if value.shape != expected:
            raise MaskingError(
                f"pack: '{name}' has shape {value.shape}, expected {expected}, one value per token; leave columns of "
                "one value per document out of packed rows."
            )


def _rows(sizes: np.ndarray, width: int) -> np.ndarray:
    """[D] the row of each document, rows numbered by the first document in them."""
    if len(sizes) and int(sizes.max()) > width:
        worst = int(sizes.argmax())
        raise MaskingError(
            f"pack: document {worst} has {int(sizes[worst])} tokens and a row has {width}; truncate documents first, "
            "or give a larger length."
        )
    rows = np.zeros(len(sizes), dtype=np.int64)
    # Rows by the room they have left: the fullest one that fits is found by bisection.
    open_rows: list[tuple[int, int]] = []
    made = 0
    for document in np.argsort(-sizes, kind="stable").tolist():
        size = int(sizes[document])
        at = bisect.bisect_left(open_rows, (size, -1))
        if at < len(open_rows):
            room, row = open_rows.pop(at)
        else:
            room, row, made = width, made, made + 1
        rows[document] = row
        bisect.insort(open_rows, (room - size, row))
    _, first, number = np.unique(rows, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number] if len(sizes) else rows


class PackingCollator:
    """Mask every document, then pack: what a `MaskingCollator` gives, without padding.

    Args:
        collator: a `MaskingCollator`, or anything that turns a list of documents into a padded batch.
        length: tokens per row; None makes one row.
        attention: what keeps the documents apart. `DocumentAttention.of(model)`: the dense mask to put into the batch.
            `"lengths"`: no mask, but `cu_seq_lens_q`, `cu_seq_lens_k` and their maxima, for models whose kernels take
            lengths (others would let every document see the others); padding at the end of a row counts as a document
            there, because kernels see the rows laid end to end.
        causal_labels: see `pack`; the labels are the tokens as they were before a `MaskingCollator` hid some.

    Raises:
        ConfigError: another `attention`.
    """

    def __init__(
        self,
        collator: Any,
        length: int | None = None,
        *,
        attention: DocumentAttention | str,
        causal_labels: bool = False,
    ):
        if not isinstance(attention, DocumentAttention) and attention != "lengths":
            raise ConfigError(
                f"PackingCollator: attention: given {attention!r}; expected DocumentAttention.of(model), the mask that "
                "keeps documents apart, or 'lengths' for kernels that take cu_seq_lens."
            )
        self.collator = collator
        self.length = length
        self.attention = attention
        self.causal_labels = causal_labels

    def __call__(self, features: Any) -> dict[str, Any]:
        """Return packed rows; see `Packed.batch`."""
        return self._packed(self.collator(features), features)

    def for_evaluation(self, features: Any) -> dict[str, Any]:
        """Packed rows of what the collator makes in evaluation."""
        names = ("for_evaluation", "clean")
        collate = next((getattr(self.collator, name) for name in names if hasattr(self.collator, name)), self.collator)
        return self._packed(collate(features), features)

    def attach(self, trainer: Any) -> Any:
        """Let a Hugging Face `Trainer` use this collator; return the trainer."""
        from maskwright.text.trainer_hook import attach

        return attach(self, trainer)

    def set_epoch(self, epoch: int) -> None:
        """See `MaskingCollator.set_epoch`."""
        self.collator.set_epoch(epoch)

    def set_progress(self, progress: float) -> None:
        """See `MaskingCollator.set_progress`."""
        self.collator.set_progress(progress)

    def _packed(self, padded: Mapping[str, Any], features: Any) -> dict[str, Any]:
        if self.causal_labels and "labels" not in padded and hasattr(self.collator, "clean"):
            before = self.collator.clean(features)["input_ids"]
            if before.shape != padded["input_ids"].shape:
                raise MaskingError(
                    "causal_labels: the fill removes tokens, whose labels would be lost; use mask-token."
                )
            padded = {**padded, "labels": before}
        packed = pack(padded, self.length, causal_labels=self.causal_labels)
        batch = dict(packed.batch)
        attended = batch.pop("attention_mask") != 0
        if isinstance(self.attention, DocumentAttention):
            return {**batch, "attention_mask": self.attention.mask(attended, packed.documents)}
        ends = _ends(numpy_view(packed.documents))
        longest = int(np.diff(ends).max(initial=0))
        ends = like(ends, packed.cu_seqlens)
        return {**batch, "cu_seq_lens_q": ends, "cu_seq_lens_k": ends, "max_length_q": longest, "max_length_k": longest}


def _ends(documents: np.ndarray) -> np.ndarray:
    """[N + 1] int32, where each document or run of padding begins in the rows laid end to end, and the end."""
    begins = np.diff(documents, axis=1, prepend=-2) != 0
    return np.append(np.flatnonzero(begins), documents.size).astype(np.int32)
