"""Does a model let packed documents see each other? Change one, watch the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.arrays import like, numpy_view


@dataclass(frozen=True)
class Leak:
    """What changed in documents that were not touched.

    Attributes:
        largest: largest absolute change of any output number of an untouched document; 0 if nothing leaks.
        scale: largest absolute change within the changed documents, to compare with; 0 means that the test saw nothing.
        changed: the documents that were changed.
        leaked_to: the untouched documents whose output changed by more than the tolerance.
    """

    largest: float
    scale: float
    changed: tuple[int, ...]
    leaked_to: tuple[int, ...]

    @property
    def leaks(self) -> bool:
        """Whether any untouched document's output changed."""
        return bool(self.leaked_to)


def document_leak(
    forward: Callable[[Mapping[str, Any]], Any], batch: Mapping[str, Any], documents: Any, *, tolerance: float = 1e-4
) -> Leak:
    """Change the first document of each packed row and measure what happens to the others.

    Works with any model: `forward` gets the batch with other `input_ids` and gives [R, L, ...] numbers (logits or
    hidden states), for example `lambda batch: model(**batch).logits`. Call it with the model in evaluation mode.

    Args:
        forward: runs the model.
        batch: packed rows with `input_ids` [R, L], NumPy or torch, and whatever attention mask is to be tested.
        documents: [R, L] integers from `maskwright.packing.pack`, -1 for padding.
        tolerance: changes up to this share of `scale` are rounding; kernels reorder sums.

    >>> from maskwright.packing import pack
    >>> packed = pack({"input_ids": np.array([[5, 6], [7, 8]])})
    >>> mixing = lambda batch: batch["input_ids"].cumsum(1)[..., None].astype(float)
    >>> document_leak(mixing, packed.batch, packed.documents).leaked_to
    (1,)
    """
    places = numpy_view(documents)
    changed = tuple(sorted({int(row[row >= 0][0]) for row in places if (row >= 0).any()}))
    ids = batch["input_ids"]
    touched = np.isin(places, changed)
    other = ids.clone() if hasattr(ids, "clone") else ids.copy()
    flat = numpy_view(ids)
    # Ids change places within what the batch holds, so that every one of them exists for the model.
    values = np.unique(flat[places >= 0])
    if len(values) == 1:
        values = np.array([values[0], max(0, values[0] - 1)])
    index = np.searchsorted(values, np.minimum(flat, values[-1]))
    moved = values[(index + 1) % len(values)].astype(flat.dtype)
    other[like(touched, ids)] = like(moved[touched], ids)
    before = numpy_view(forward(batch)).astype(np.float64)
    after = numpy_view(forward({**batch, "input_ids": other})).astype(np.float64)
    change = np.abs(after - before).reshape(*places.shape, -1).max(-1)
    scale = float(change[touched].max(initial=0.0))
    untouched = (places >= 0) & ~touched
    over = untouched & (change > tolerance * scale)
    leaked = tuple(sorted(set(places[over].tolist())))
    return Leak(float(change[untouched].max(initial=0.0)), scale, changed, leaked)
