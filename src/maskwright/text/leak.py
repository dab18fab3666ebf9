"""Does a model let packed documents see each other? Change one, watch the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.backend.arrays import is_torch, like, numpy_view
from maskwright.errors import MaskingError


@dataclass(frozen=True)
class Leak:
    """What changed in documents that were not touched.

    Attributes:
        largest: largest absolute change of any output number of an untouched document; 0 if nothing leaks.
        scale: largest absolute change within the changed documents, to compare with; 0 means that the test saw nothing.
        changed: the documents that were changed first; the others of their rows were changed after them.
        leaked_to: the documents whose output changed by more than the tolerance while they were not touched.
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
    """Change every other document of each packed row and see what happens to the rest; then the other way round.

    Works with any model: `forward` gets the batch with other `input_ids` and gives [R, L, ...] numbers (logits or
    hidden states), for example `lambda batch: model(**batch).logits`. Call it with the model in evaluation mode.

    Args:
        forward: runs the model; it is called three times.
        batch: packed rows with `input_ids` [R, L], NumPy or torch, and whatever attention mask is to be tested.
        documents: [R, L] integers from `maskwright.text.packing.pack`, -1 for padding.
        tolerance: changes up to this share of `scale` are rounding; kernels reorder sums.

    Raises:
        MaskingError: no row holds two documents, so that nothing can leak; shapes that do not fit; numbers that are not
            finite, which no comparison would see.

    >>> from maskwright.text.packing import pack
    >>> packed = pack({"input_ids": np.array([[5, 6], [7, 8]])})
    >>> mixing = lambda batch: batch["input_ids"].cumsum(1)[..., None].astype(float)
    >>> document_leak(mixing, packed.batch, packed.documents).leaked_to
    (1,)
    """
    places = numpy_view(documents)
    ids = batch["input_ids"]
    if places.ndim != 2 or tuple(ids.shape) != places.shape:
        raise MaskingError(f"document_leak: documents of shape {places.shape} for input_ids {tuple(ids.shape)}.")
    # Numbers of the documents within their rows: 0, 1, 2, ...; the even ones are changed first, then the odd ones.
    begins = (places >= 0) & (np.diff(places, axis=1, prepend=-1) != 0)
    within = np.cumsum(begins, axis=1) - 1
    if not (begins.sum(axis=1) > 1).any():
        raise MaskingError("document_leak: no row holds two documents, so nothing can leak; pack more into a row.")
    before = _numbers(forward(batch), places)
    halves = [(places >= 0) & (within % 2 == half) for half in (0, 1)]
    moved = [_numbers(forward({**batch, "input_ids": _changed(ids, touched, places)}), places) for touched in halves]
    changes = [np.abs(after - before).reshape(*places.shape, -1).max(-1) for after in moved]
    scale = max(float(change[touched].max()) for change, touched in zip(changes, halves, strict=True))
    watched = [np.where(touched | (places < 0), 0.0, change) for change, touched in zip(changes, halves, strict=True)]
    spread = np.maximum(*watched)
    leaked = tuple(sorted(set(places[spread > tolerance * scale].tolist())))
    return Leak(float(spread.max()), scale, tuple(sorted(set(places[halves[0]].tolist()))), leaked)


def _changed(ids: Any, touched: np.ndarray, places: np.ndarray) -> Any:
    """The ids with other ones at the places that are touched."""
    other = ids.clone() if is_torch(ids) else ids.copy()
    flat = numpy_view(ids)
    # Ids change places within what the batch holds, so that every one of them exists for the model.
    values = np.unique(flat[places >= 0])
    if len(values) == 1:
        values = np.array([values[0], max(0, values[0] - 1)])
    index = np.searchsorted(values, np.minimum(flat, values[-1]))
    moved = values[(index + 1) % len(values)].astype(flat.dtype)
    other[like(touched, ids)] = like(moved[touched], ids)
    return other


def _numbers(output: Any, places: np.ndarray) -> np.ndarray:
    out = numpy_view(output.detach().double() if is_torch(output) else np.asarray(output)).astype(np.float64)
    if out.shape[:2] != places.shape:
        raise MaskingError(
            f"document_leak: forward gave an array of shape {out.shape}; expected {places.shape} first, numbers for "
            "every position, such as logits."
        )
    if not np.isfinite(out[places >= 0]).all():
        raise MaskingError("document_leak: forward gave numbers that are not finite, in which no change can be seen.")
    return np.where((places >= 0).reshape(*places.shape, *[1] * (out.ndim - 2)), out, 0.0)
