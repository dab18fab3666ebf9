"""The one home of randomness: a hash of (seed, epoch, example, purpose, cell).

There is no state and no stream. What is drawn for a cell of an example is a function of its key and the cell's index,
so masks do not depend on batch neighbours, order, padding, workers, ranks, devices or where a run was resumed. The same
integer arithmetic runs on NumPy and torch, so they agree to the bit.

Two layers: a 64-bit key per example (SplitMix64 finalisers, Steele et al. 2014; for one seed and epoch the map from
example id to key is one-to-one, so keys never collide), and a 32-bit hash per cell that takes both halves of the key
(two multiply-xorshift rounds with the constants of Wellons' `lowbias32` search). 32-bit lanes are what makes this as
cheap as a plain uniform draw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from maskwright.arrays import Array, is_torch, to_dtype
from maskwright.errors import MaskingError

_M64 = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_ROUND_1, _ROUND_2 = 0x7FEB352D, 0x846CA68B
# One odd multiplier per axis, from the last axis backwards: a cell's counter depends on its coordinates and not on the
# sizes of the grid, so padding a grid on the right changes no draw. No two cells of a 4096 x 4096 plane share one.
_STRIDES = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)


@dataclass(frozen=True, eq=False)
class Rng:
    """Random numbers of a batch of examples, addressed by cell.

    Attributes:
        keys: [B] int64, one key per example.

    >>> import numpy as np
    >>> rng = Rng.from_ids(np.array([7, 8]), seed=0, epoch=0)
    >>> np.array_equal(rng.bits(5)[1], Rng.from_ids(np.array([8]), seed=0, epoch=0).bits(3, 5)[0, 0])
    True
    """

    keys: Array

    @classmethod
    def from_ids(cls, ids: Array | Sequence[int], *, seed: int = 0, epoch: int = 0) -> Rng:
        """Keys for examples.

        Args:
            ids: [B] integers that name the examples, below 2**63; a data set's row numbers, or `content_ids`.
            seed: any whole number.
            epoch: pass over the data, or draw number at evaluation.
        """
        if not is_torch(ids):
            ids = np.asarray(ids)
        if ids.ndim != 1 or "int" not in str(ids.dtype):
            raise MaskingError(f"example_ids: expected a list of whole numbers, one per example, given {ids!r:.80}.")
        ids = to_dtype(ids, "int64")
        first = _mix(_constant("seed") ^ (seed & _M64))
        second = _mix(first + (epoch + 1) * _GOLDEN & _M64)
        return cls(_mix_array(_mix_array(ids ^ _signed(first)) + _signed(second)))

    def child(self, purpose: str) -> Rng:
        """Independent numbers for the same examples, for another purpose."""
        return Rng(_mix_array(self.keys ^ _signed(_constant(purpose))))

    def bits(self, *shape: int) -> Array:
        """[B, *shape] int32, uniform over 0 ... 2**31 - 1, one number per cell of a grid of up to four axes."""
        axes = len(shape)
        if is_torch(self.keys):
            import torch

            counters = torch.zeros(shape, dtype=torch.int32, device=self.keys.device)
            for axis, size in enumerate(shape):
                steps = torch.arange(size, dtype=torch.int32, device=self.keys.device)
                stride = _signed(_STRIDES[axes - 1 - axis], 32)
                counters += (steps * stride).reshape([-1 if a == axis else 1 for a in range(axes)])
            return self._hash_torch(counters.unsqueeze(0))
        return self._hash_numpy(_counters(shape))

    def bits_at(self, index: Array) -> Array:
        """[B, ...] int32: the numbers `bits(n)` holds at `index[b, ...]`, without making the rest."""
        if is_torch(self.keys):
            return self._hash_torch(to_dtype(index, "int32") * _signed(_STRIDES[0], 32))
        counters = index.astype(np.uint32)
        counters *= np.uint32(_STRIDES[0])
        return self._hash_numpy(counters)

    def rows(self, index: np.ndarray) -> Rng:
        """The generator of chosen examples, one per entry of `index`."""
        return Rng(self.keys[index])

    def draw(self) -> Array:
        """[B] int64, uniform over 0 ... 2**24 - 1: one number per example."""
        return to_dtype(self.bits(1)[:, 0] >> 7, "int64")

    def _hash_numpy(self, counters: np.ndarray) -> np.ndarray:
        words = self.keys.view(np.uint64)
        tail = (len(words),) + (1,) * (counters.ndim - 1)
        low, high = words.astype(np.uint32).reshape(tail), (words >> np.uint64(32)).astype(np.uint32).reshape(tail)
        x = counters + low
        scratch = np.right_shift(x, 16)
        x ^= scratch
        x *= np.uint32(_ROUND_1)
        x += high
        np.right_shift(x, 15, out=scratch)
        x ^= scratch
        x *= np.uint32(_ROUND_2)
        np.right_shift(x, 16, out=scratch)
        x ^= scratch
        x >>= 1
        return x.view(np.int32)

    def _hash_torch(self, counters: Array) -> Array:
        # torch has no 32-bit unsigned shifts: signed lanes wrap alike, and each shift is made logical by a mask.
        tail = (-1,) + (1,) * (counters.ndim - 1)
        low, high = to_dtype(self.keys, "int32").reshape(tail), to_dtype(self.keys >> 32, "int32").reshape(tail)
        x = counters + low
        x ^= (x >> 16) & 0xFFFF
        x *= _signed(_ROUND_1, 32)
        x += high
        x ^= (x >> 15) & 0x1FFFF
        x *= _signed(_ROUND_2, 32)
        x ^= (x >> 16) & 0xFFFF
        return (x >> 1) & 0x7FFFFFFF


def content_ids(tokens: Array, valid: Array) -> Array:
    """[B] int64 ids made from what the examples hold, for data that has no row numbers.

    Equal texts get equal ids, and so equal masks in the same epoch. Padding does not count.

    Args:
        tokens: [B, L] integers.
        valid: [B, L] bool, True where a token counts.
    """
    position = valid.cumsum(1) if is_torch(valid) else np.cumsum(valid, axis=1)
    mixed = _mix_array(to_dtype(tokens, "int64") * _signed(_GOLDEN) + to_dtype(position, "int64"))
    return (mixed * valid).sum(1) if is_torch(mixed) else np.sum(mixed * valid, axis=1)


@cache
def _counters(shape: tuple[int, ...]) -> np.ndarray:
    counters = np.zeros((1, *shape), dtype=np.uint32)
    for axis, size in enumerate(shape):
        steps = np.arange(size, dtype=np.uint32) * np.uint32(_STRIDES[len(shape) - 1 - axis])
        counters += steps.reshape([-1 if a == axis + 1 else 1 for a in range(len(shape) + 1)])
    counters.flags.writeable = False
    return counters


@cache
def _constant(purpose: str) -> int:
    return int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "little")


def _mix(x: int) -> int:
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _M64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _M64
    return x ^ (x >> 31)


def _mix_array(x: Array) -> Array:
    x = (x ^ ((x >> 30) & ((1 << 34) - 1))) * _signed(0xBF58476D1CE4E5B9)
    x = (x ^ ((x >> 27) & ((1 << 37) - 1))) * _signed(0x94D049BB133111EB)
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def _signed(x: int, bits: int = 64) -> int:
    """The two's complement value, since neither back end has the whole unsigned arithmetic."""
    return x - (1 << bits) if x >> (bits - 1) else x
