"""`where(mask, fill, x)` at the speed of the memory."""

from __future__ import annotations

import sys

import numpy as np

from maskwright.backend.arrays import Array, is_torch, to_dtype

_WORDS = {1: "int8", 2: "int16", 4: "int32", 8: "int64"}
_FEW = 8192
"""Cells below which `where` is as fast."""


def fill_hidden(mask: Array, fill: Array | float, x: Array) -> Array:
    """`where(mask, fill, x)` to the bit, as a new array of x's shape and dtype.

    On a CPU by words: (x ^ fill) & ~mask ^ fill has no branch, which a mask without order makes `where` pay for.
    Two million float32 cells half hidden: 1.2 ms for 0, 2.2 ms for a value, 9 ms by `where` (one thread).

    Args:
        mask: bool, of x's shape or broadcastable to it.
        fill: a number that x's dtype holds, or an array of x's dtype broadcastable to x.
        x: any dtype; the words are left to `where` for gradients, complex numbers and small arrays.
    """
    number = isinstance(fill, int | float)
    same = mask.shape == x.shape
    size = x.dtype.itemsize
    torch = sys.modules["torch"] if is_torch(x) else None
    if torch is not None:
        grows = x.requires_grad or (not number and fill.requires_grad)
        ready = x.is_cpu and not grows and not x.is_complex() and x.numel() >= _FEW
    else:
        ready = x.dtype.kind in "biuf" and x.dtype.isnative and x.size >= _FEW
    if not ready or size not in _WORDS or not (same or (number and size < 8)):
        if torch is not None:
            return torch.where(mask, torch.as_tensor(fill, dtype=x.dtype, device=x.device), x)
        return np.where(mask, np.asarray(fill, dtype=x.dtype), x)
    word = _WORDS[size]
    keep = to_dtype(mask.view(torch.int8 if torch else np.int8) - 1, word)  # all bits where visible, none where hidden
    bits = x.view(getattr(torch, word) if torch else word)
    if number and not fill:
        if same:
            keep &= bits
        return (keep if same else keep & bits).view(x.dtype)
    value = torch.as_tensor(fill, dtype=x.dtype) if torch else np.asarray(fill, dtype=x.dtype)
    value = value.view(bits.dtype)
    out = bits ^ value
    out &= keep
    out ^= value
    return out.view(x.dtype)
