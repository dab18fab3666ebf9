"""Hidden cells removed from the sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from maskwright.backend.arrays import Array, all_true, arange, namespace, to_dtype
from maskwright.backend.codes import IGNORED
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.kept import existing, kept, take
from maskwright.rng import Rng
from maskwright.strategy import check, flag

if TYPE_CHECKING:
    from maskwright.units.vocabulary import Vocabulary


@dataclass(frozen=True)
class Drop:
    """Remove hidden cells, so that the model computes less; what is left moves together and keeps its order.

    When it helps: long inputs and high ratios (time), and it needs no mask token. When not: where the places of words
    matter, because the model sees no gap unless it gets the places. Not dropout: nothing is scaled and it is the
    input that goes.

    Of a text, every column [B, L] of whole numbers or bools is shortened with `input_ids` (token types, places, word
    ids, labels of tokens); padding stays on the side where it was. Columns of floating-point numbers are left alone,
    because features of an example may happen to be L. Where the cells of an array went, and the way back, are on
    `Corrupted.view`: `keep_indices`, `position_ids`, `restore`.

    Args:
        keep_positions: of a text, add `position_ids`, the places that the tokens had, counted from 0. For models that
            count so (BERT, rotary positions); RoBERTa and its kin count from their padding id + 1. Given
            `position_ids` are shortened as they are.
        padded: of an array, let examples keep different numbers of cells, zeros after the last;
            `Corrupted.view.keep_indices(padded=True)` says which are real. Cells after an example's last valid one
            are padding and go too. Without it, different numbers are an error.
        columns: floating-point columns [B, L] of a text that hold one number per token (weights, say) and are to be
            shortened too.

    >>> import numpy as np
    >>> x, mask = np.array([[5, 6, 7], [8, 9, 4]]), np.array([[True, False, False], [False, True, False]])
    >>> Drop()(x, mask, valid=mask | True, rng=Rng.from_ids([0, 1]))
    array([[6, 7],
           [8, 4]])
    """

    changes_shape: ClassVar[bool] = True
    removes: ClassVar[bool] = True
    in_model: ClassVar[str] = "drop"

    keep_positions: bool = flag(False)
    padded: bool = flag(False)
    columns: tuple[str, ...] = ()

    def __post_init__(self):
        check(self)
        if isinstance(self.columns, list):
            object.__setattr__(self, "columns", tuple(self.columns))
        if not isinstance(self.columns, tuple) or not all(isinstance(name, str) for name in self.columns):
            raise ConfigError(f"Drop.columns: expected a list of names of columns, given {self.columns!r}.")

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return [B, K, ...], K = the number of cells that every example keeps, or the most with `padded`.

        Raises:
            MaskingError: examples keep different numbers of cells.
        """
        del rng, facts
        if mask.ndim != 2:
            raise MaskingError(f"drop: expected a mask [B, L] over one axis, given shape {tuple(mask.shape)}.")
        index, present = kept(existing(valid) & ~mask)
        taken = x[arange(x.shape[0], index)[:, None], index]
        if not bool(present.all()):
            if not self.padded:
                raise MaskingError(
                    "drop: the examples keep different numbers of cells; use a count budget, or drop: {padded: true}."
                )
            taken[~present] = 0
        return taken

    def shorten(
        self, batch: Mapping[str, Any], hidden: Array, attended: Array | None, vocabulary: Vocabulary
    ) -> dict[str, Any]:
        """A batch of text without its hidden tokens, padded on the side where it was.

        Args:
            batch: `input_ids` [B, L] and anything else.
            hidden: [B, L] bool.
            attended: [B, L] bool, False for padding; None if there is none.
            vocabulary: of the ids, for the id of padding and the side of it in a batch that has none.
        """
        ids = batch["input_ids"]
        there: Array = all_true(ids) if attended is None else attended
        left = vocabulary.pads_left
        if ids.shape[1]:
            before, after = there[:, -1] & ~there[:, 0], there[:, 0] & ~there[:, -1]
            left = bool(before.any()) or (left and not bool(after.any()))
        index, present = kept(there & ~hidden, left)
        padding = {"input_ids": vocabulary.pad_id or 0, "labels": IGNORED}
        out = {
            name: take(value, index, present, padding.get(name, 0)) if self._is_per_token(name, value, ids) else value
            for name, value in batch.items()
        }
        if self.keep_positions and "position_ids" not in batch:
            first = to_dtype(there, "int32").argmax(1)[:, None] if ids.shape[1] else 0
            out["position_ids"] = namespace(index).where(present, index - first, 0)
        out["attention_mask"] = to_dtype(present, "int64")
        return out

    def _is_per_token(self, name: str, value: Any, ids: Array) -> bool:
        if not isinstance(value, type(ids)) or tuple(value.shape) != tuple(ids.shape):
            return False
        whole = namespace(ids).isdtype(value.dtype, ("integral", "bool"))
        return whole or name in self.columns
