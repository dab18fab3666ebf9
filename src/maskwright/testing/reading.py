"""Recovering the mask from what any collator gives back."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.backend.codes import IGNORED
from maskwright.testing.finding import SubjectError
from maskwright.units.text import text_units
from maskwright.units.vocabulary import Vocabulary

MASK_KEYS = ("mask", "bool_masked_pos", "mask_time_indices")


@dataclass(frozen=True, eq=False)
class Observation:
    """One batch, seen from outside; all arrays are NumPy's.

    Attributes:
        mask: [B, cells] bool, True = hidden.
        own: [B, cells] bool, the cell is the example's: not padding.
        valid: [B, cells] bool, of those the cells that may be hidden: no special tokens.
        original: [B, cells] the values that were given.
        inputs: [B, cells] the values that came back, or None.
        hidden: [B] hidden units.
        units: [B] valid units.
        labels_kept: whether the labels of the examples came back unchanged; None if there were none.
        changed: an example that was given was written to.
    """

    mask: np.ndarray
    own: np.ndarray
    valid: np.ndarray
    original: np.ndarray
    inputs: np.ndarray | None
    hidden: np.ndarray
    units: np.ndarray
    labels_kept: bool | None
    changed: bool

    def per_example(self) -> list[np.ndarray]:
        """The mask of each example over its own cells, whatever the padding."""
        return [mask[own] for mask, own in zip(self.mask, self.own, strict=True)]


class Reader:
    """Calls a collator and reads its masks; picklable, so that it runs inside the workers of a `DataLoader`.

    Where a batch holds a bool array named `mask`, `bool_masked_pos` or `mask_time_indices`, that is the mask; else,
    where labels are per token, what is not -100; else the cells whose value changed.

    Args:
        collator: list of examples -> batch, or array -> array for examples that are arrays.
        vocabulary: None for arrays.
        left: it pads on the left.
        words: words are counted, not tokens.
    """

    def __init__(self, collator: Any, vocabulary: Vocabulary | None, *, left: bool = False, words: bool = False):
        self.collator = collator
        self.vocabulary = vocabulary
        self.left = left
        self.words = words

    def __call__(self, features: list[Any]) -> list[np.ndarray]:
        """The mask of each example over its own cells."""
        return self.observation(features).per_example()

    def observation(self, features: list[Any]) -> Observation:
        """Call the collator with a batch; SubjectError if that raises or cannot be read."""
        copied = copy.deepcopy(features) if isinstance(features[0], Mapping) else np.stack(features)
        try:
            batch = self.collator(copied)
        except (Exception, SystemExit) as error:  # code that exits has no say in when we do
            raise SubjectError.raised("calling it", error) from error
        changed = not _equal(copied, features)
        if isinstance(features[0], Mapping):
            tokens = "input_ids" in features[0]
            return self._tokens(batch, features, changed) if tokens else _cells(batch, len(features), changed)
        return _cells({"mask": _mask_of_array(batch, np.stack(features))}, len(features), changed)

    def _tokens(self, batch: Any, features: Sequence[Mapping[str, Any]], changed: bool) -> Observation:
        batch = _as_mapping(batch)
        inputs = as_numpy(batch["input_ids"]) if "input_ids" in batch else None
        mask = next((as_numpy(batch[key]) != 0 for key in MASK_KEYS if key in batch), None)
        labels = as_numpy(batch["labels"]) if "labels" in batch else None
        if mask is None and labels is not None and inputs is not None and labels.shape == inputs.shape:
            mask = labels != IGNORED
        width = (mask if mask is not None else inputs if inputs is not None else np.zeros((0, 0))).shape
        original, own = self._placed(features, width)
        if mask is None:
            padding = getattr(self.vocabulary, "pad_id", None)
            mask = inputs != np.where(own | (padding is None), original, padding or 0)
        valid, hidden, units = self._units(original, own, mask)
        if "hidden_units" in batch:
            hidden, units = as_numpy(batch["hidden_units"]), as_numpy(batch["units"])
        if inputs is not None and inputs.shape != mask.shape:
            inputs = None  # a sequence from which cells were removed
        return Observation(mask, own, valid, original, inputs, hidden, units, _kept(features, labels), changed)

    def _units(self, original: np.ndarray, own: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, ...]:
        """Cells that may be hidden; hidden units and units of each example."""
        if self.vocabulary is None:
            return own, (mask & own).sum(1), own.sum(1)
        ids = np.where(own, original, 0)
        units = text_units(ids, own, self.vocabulary, "word" if self.words else "token")
        touched = units.to_units((mask & units.hideable).astype(np.int32)) > 0
        return units.hideable, (touched & units.valid).sum(1), units.n

    def _placed(self, features: Sequence[Mapping[str, Any]], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        lengths = [len(feature["input_ids"]) for feature in features]
        if len(shape) != 2 or shape[0] != len(features) or shape[1] < max(lengths):
            raise SubjectError(
                f"it gave an array of shape {shape} for {len(features)} examples of up to {max(lengths)} tokens, from "
                "which no mask can be read; return input_ids of the same length, or a bool array 'mask'"
            )
        original, own = np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=bool)
        for row, (feature, length) in enumerate(zip(features, lengths, strict=True)):
            at = slice(shape[1] - length, None) if self.left else slice(0, length)
            original[row, at] = feature["input_ids"]
            own[row, at] = True
        return original, own


def as_numpy(value: Any) -> np.ndarray:
    """A NumPy array from an array, a tensor on any device, or a list."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        return value.numpy()
    return np.asarray(value)


def _as_mapping(batch: Any) -> Mapping[str, Any]:
    if isinstance(batch, Mapping):
        return batch
    if isinstance(batch, tuple | list) and len(batch) == 2 and hasattr(batch[0], "shape"):
        return {"input_ids": batch[0], "labels": batch[1]}
    if hasattr(batch, "shape"):
        array = as_numpy(batch)
        return {"mask" if array.dtype == bool else "input_ids": array}
    raise SubjectError(
        f"it gave {type(batch).__name__}, from which no mask can be read; expected a mapping with input_ids, "
        "(input_ids, labels), or an array"
    )


def _kept(features: Sequence[Mapping[str, Any]], labels: np.ndarray | None) -> bool | None:
    own = [feature[key] for feature in features for key in ("label", "labels") if key in feature]
    if not own:
        return None
    return labels is not None and labels.shape == (len(own),) and bool((labels == np.asarray(own)).all())


def _cells(batch: Any, examples: int, changed: bool) -> Observation:
    """Examples that are arrays: every cell may be hidden."""
    mask = (as_numpy(batch["mask"]) != 0).reshape(examples, -1)
    everything = np.ones_like(mask)
    hidden = as_numpy(batch["hidden_units"]) if "hidden_units" in batch else mask.sum(1)
    units = as_numpy(batch["units"]) if "units" in batch else everything.sum(1)
    return Observation(mask, everything, everything, mask, None, hidden, units, None, changed)


def _mask_of_array(out: Any, values: np.ndarray) -> np.ndarray:
    if isinstance(out, tuple | list) and out and hasattr(out[0], "shape"):
        fitting = [part for part in out if hasattr(part, "shape") and tuple(part.shape) == values.shape]
        out = next((part for part in fitting if str(part.dtype).endswith("bool")), (fitting or [out[0]])[0])
    if not hasattr(out, "shape"):
        raise SubjectError(f"it gave {type(out).__name__}, expected an array: a mask, or the values with some replaced")
    array = as_numpy(out)
    if array.shape != values.shape and array.shape != values.shape[: array.ndim]:
        raise SubjectError(f"it gave an array of shape {array.shape} for a batch of shape {values.shape}")
    if array.dtype == bool or (np.isin(array, (0, 1)).all() and not np.isin(values, (0, 1)).all() and 1 in array):
        return array != 0
    return array != values


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)  # lists of numbers, the usual case
    except (ValueError, RuntimeError):
        pass  # arrays are compared one by one
    if isinstance(a, Mapping):
        return isinstance(b, Mapping) and set(a) == set(b) and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple | np.ndarray) and not isinstance(b, type(a)):
        return len(a) == len(b) and all(_equal(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, list | tuple) and not (a and isinstance(a[0], int | float)):
        return len(a) == len(b) and all(_equal(x, y) for x, y in zip(a, b, strict=True))
    return bool(np.array_equal(as_numpy(a), as_numpy(b)))
