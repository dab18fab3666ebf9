"""Example ids for data that has no row numbers: a hash of what the examples hold."""

from __future__ import annotations

from functools import cache

import numpy as np

from maskwright.backend.arrays import Array, arange, like, to_dtype
from maskwright.backend.compiled import kernels
from maskwright.backend.hashing import mix_numpy


def content_ids(tokens: Array, attended: Array) -> Array:
    """[B] int64 ids made from what the examples hold, for data that has no row numbers.

    A multilinear hash modulo 2**64: different texts collide with probability about 2**-63. Equal texts get equal ids,
    and so equal masks in the same epoch. Padding does not count, on either side.

    Args:
        tokens: [B, L] integers.
        attended: [B, L] bool, True where a token counts.
    """
    length = tokens.shape[1]
    weights = like(_weights(length), tokens)[None, :]
    if length and not bool(attended[:, 0].all()):
        first = to_dtype(attended, "int32").argmax(1)[:, None]
        weights = weights[:, (arange(length, tokens)[None, :] - first) % length][0]
    return ((to_dtype(tokens, "int64") + 1) * (weights * attended)).sum(1)


def content_ids_of_rows(tokens: np.ndarray, lengths: np.ndarray, padding: int) -> np.ndarray:
    """`content_ids` of rows that are padded on the right with one token, in half the time (NumPy only).

    Args:
        tokens: [B, L] int64.
        lengths: [B] integers, tokens that count.
        padding: the value in the other places.
    """
    fast = kernels()
    if fast:
        return fast.content_ids(tokens, lengths, _weights(tokens.shape[1]))
    sums = _weight_sums(tokens.shape[1])
    within = sums.take(lengths)
    # Of every token t the weight is added t + 1 times; what the padding added is taken off again.
    return np.einsum("ij,j->i", tokens, _weights(tokens.shape[1])) + within - padding * (sums[-1] - within)


@cache
def _weights(length: int) -> np.ndarray:
    """[length] int64, a weight of 64 mixed bits for each place."""
    return mix_numpy(np.arange(1, length + 1, dtype=np.uint64)).view(np.int64)


@cache
def _weight_sums(length: int) -> np.ndarray:
    """[length + 1] int64, the weights of the first 0, 1, ... places added up."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(_weights(length))])
