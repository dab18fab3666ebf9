"""What a batch has to be before it can be masked, and messages that say what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, is_integer, is_torch, like, namespace
from maskwright.errors import MaskingError
from maskwright.grid import Grid
from maskwright.units.patches import BOXES
from maskwright.units.text import WORDS


def check_array(x: Any, grid: Any, sides: Any, unit: str) -> tuple[int, ...]:
    """An array of numbers, [B, *grid x sides, ...], for a masking that does not ask for words; returns the sides.

    Raises:
        MaskingError: otherwise.
    """
    if not namespace(x).isdtype(x.dtype, ("bool", "numeric")):
        raise MaskingError(f"expected an array of numbers, given dtype {x.dtype}; turn texts into ids first.")
    if unit in WORDS:
        raise MaskingError(
            f"unit '{unit}' is for texts: give the batch as a mapping with 'input_ids', or use unit='token' for "
            f"arrays, or one of their own: {', '.join(BOXES)}."
        )
    if not isinstance(grid, Grid):
        raise MaskingError(
            f"grid: expected grid=Grid(row=14, col=14), say, given {type(grid).__name__}; for texts give the batch as "
            "a mapping with 'input_ids'."
        )
    sides = (1,) * grid.ndim if sides is None else sides
    whole = isinstance(sides, tuple | list) and all(isinstance(n, int) and not isinstance(n, bool) for n in sides)
    if not whole or len(sides) != grid.ndim or min(sides) < 1:
        raise MaskingError(f"sides: expected a whole number of cells for each axis of {grid}, given {sides!r}.")
    sizes = tuple(n * side for n, side in zip(grid.shape, sides, strict=True))
    if tuple(x.shape[1 : 1 + grid.ndim]) != sizes:
        axes = ", ".join(grid.axes)
        if max(sides) > 1:
            axes = ", ".join(f"{axis}={n}" for axis, n in zip(grid.axes, sizes, strict=True))
        units = f" of units of {' x '.join(map(str, sides))} cells" if max(sides) > 1 else ""
        raise MaskingError(
            f"an array of shape {tuple(x.shape)} is not a batch of {grid}{units}: expected [B, {axes}] or [B, {axes}, "
            "channels]; add a batch axis with x[None], and put channels last."
        )
    return tuple(sides)


def check_valid(valid: Any, x: Array, *shapes: tuple[int, ...]) -> None:
    """`valid`, if there is one, is a bool array of one of the shapes on the batch's back end.

    Raises:
        MaskingError: otherwise.
    """
    if valid is None:
        return
    named = " or ".join(map(str, dict.fromkeys(shapes)))
    wanted = f"valid: expected a bool array of shape {named} on the batch's back end (True = may be hidden)"
    if not isinstance(valid, type(x)):
        raise MaskingError(f"{wanted}, given {type(valid).__name__}; the batch is a {type(x).__name__}.")
    if not namespace(x).isdtype(valid.dtype, "bool") or tuple(valid.shape) not in shapes:
        raise MaskingError(f"{wanted}, given {valid.dtype} of shape {tuple(valid.shape)}; write valid != 0, say.")


def signal_of(facts: Mapping[str, Any], name: str, x: Array, *shapes: tuple[int, ...]) -> Array:
    """A signal that the pattern asks for: an array of one of the shapes on the batch's back end, the first one named.

    Raises:
        MaskingError: otherwise.
    """
    value = facts.get(name)
    if value is None or not isinstance(value, type(x)) or tuple(value.shape) not in shapes:
        shown = type(value).__name__ if value is None else f"{type(value).__name__} {tuple(np.shape(value))}"
        raise MaskingError(
            f"{name}: the pattern needs one number per cell, an array of shape {shapes[0]}, given {shown}."
        )
    return value


def check_out(out: Any, x: Array) -> None:
    """`out`, if there is one, is an array like `x` that can be written to.

    Raises:
        MaskingError: otherwise.
    """
    if out is None or (out is x and not is_torch(x) and x.flags.writeable):
        return
    if not isinstance(out, type(x)) or out.shape != x.shape or out.dtype != x.dtype:
        shown = f"{type(out).__name__} {getattr(out, 'dtype', '')} {tuple(np.shape(out))}"
        wanted = f"{type(x).__name__} like the batch, {x.dtype} {tuple(x.shape)}"
        raise MaskingError(f"out: expected a {wanted}, given {shown}.")
    steps = out.stride() if is_torch(out) else out.strides
    if any(step == 0 and size > 1 for step, size in zip(steps, out.shape, strict=True)):
        raise MaskingError("out: several of its cells share one place in memory (expanded); give out=x.clone(), say.")
    if out.requires_grad or out.device != x.device if is_torch(out) else not out.flags.writeable:
        raise MaskingError("out: expected memory on the batch's device that may be written to and needs no gradient.")


def text_arrays(batch: Mapping[str, Any], word_ids: Any) -> tuple[Array, Array | None, Array | None]:
    """`input_ids`, `attention_mask` and word ids of a batch of text.

    Args:
        batch: with `input_ids` [B, L] and, if there is padding, `attention_mask` of the same shape.
        word_ids: [B, L] integers, or lists as a tokenizer's `word_ids()` gives them, with None outside words.

    Raises:
        MaskingError: no ids, ids that are no whole numbers, another shape, another back end.
    """
    if "input_ids" not in batch:
        raise MaskingError(f"expected a batch with 'input_ids', given the keys {sorted(batch)}.")
    ids = batch["input_ids"]
    if not isinstance(ids, np.ndarray) and not is_torch(ids):
        raise MaskingError(
            f"input_ids: expected a NumPy array or a torch tensor [B, L], given {type(ids).__name__}; call the "
            "tokenizer with padding=True, return_tensors='pt'."
        )
    if ids.ndim != 2 or not is_integer(ids):
        raise MaskingError(f"input_ids: expected whole numbers [B, L], given {ids.dtype} of shape {tuple(ids.shape)}.")
    attention = batch.get("attention_mask")
    if attention is not None and not (isinstance(attention, type(ids)) and tuple(attention.shape) == tuple(ids.shape)):
        shown = f"{type(attention).__name__} of shape {tuple(np.shape(attention))}"
        raise MaskingError(
            f"attention_mask: expected a {type(ids).__name__} of shape {tuple(ids.shape)}, like input_ids, "
            f"given {shown}."
        )
    if word_ids is not None and not hasattr(word_ids, "dtype"):
        word_ids = like(_padded_words(word_ids, tuple(ids.shape)), ids)
    if word_ids is not None and tuple(word_ids.shape) != tuple(ids.shape):
        raise MaskingError(f"word_ids: expected shape {tuple(ids.shape)}, given {tuple(word_ids.shape)}.")
    return ids, attention, word_ids


def _padded_words(rows: Sequence[Sequence[int | None]], shape: tuple[int, ...]) -> np.ndarray:
    lengths = [len(row) for row in rows]
    if len(rows) != shape[0] or any(length != shape[1] for length in lengths):
        raise MaskingError(f"word_ids: expected {shape[0]} lists of {shape[1]}, given lists of {lengths}.")
    return np.array([[-1 if word is None else word for word in row] for row in rows], dtype=np.int64).reshape(shape)
