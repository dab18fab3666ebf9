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
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, arange, is_integer, is_torch, like, to_dtype
from maskwright.backend.compiled import kernels
from maskwright.backend.hashing import (
    GOLDEN,
    GOLDEN_64,
    M64,
    ROUND_1,
    ROUND_2,
    mix,
    mix_array,
    mix_numpy,
    rounds,
    signed,
)
from maskwright.errors import MaskingError

_BLOCK = 1 << 15  # cells hashed at a time: large batches stay within the second-level cache
# One odd multiplier per axis, from the last axis backwards: a cell's counter depends on its coordinates and not on the
# sizes of the grid, so padding a grid on the right changes no draw. No two cells of a 4096 x 4096 plane share one.
_STRIDES = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)
_0, _1, _8, _32 = np.uint32(0), np.uint32(1), np.uint32(8), np.uint64(32)  # NumPy is slower with making them anew


@dataclass(frozen=True, eq=False)
class Rng:
    """Random numbers of a batch of examples, addressed by cell.

    Attributes:
        keys: [B] int64, one key per example.
        purpose: what the numbers are for, mixed into the keys when numbers are drawn.
        cells: None, or the rows and counters of a few cells, see `at_cells`.

    >>> import numpy as np
    >>> rng = Rng.from_ids(np.array([7, 8]), seed=0, epoch=0)
    >>> np.array_equal(rng.bits(5)[1], Rng.from_ids(np.array([8]), seed=0, epoch=0).bits(3, 5)[0, 0])
    True
    """

    keys: Array
    purpose: int = 0
    cells: tuple[np.ndarray, np.ndarray] | None = None

    @classmethod
    def from_ids(cls, ids: Array | Sequence[int], *, seed: int = 0, epoch: int = 0) -> Rng:
        """Keys for examples.

        Args:
            ids: [B] integers that name the examples, below 2**63; a data set's row numbers, or `content_ids`.
            seed: any whole number.
            epoch: pass over the data, or draw number at evaluation.
        """
        names: Array = ids if is_torch(ids) else np.asarray(ids)
        if names.ndim != 1 or not is_integer(names):
            raise MaskingError(f"example_ids: expected a list of whole numbers, one per example, given {names!r:.80}.")
        names = to_dtype(names, "int64")
        first, second = _pass_over_data(seed, epoch)
        if is_torch(names) and names.device.type == "cpu":  # a few numbers, for which NumPy's calls are cheaper
            return cls(like(cls.from_ids(names.numpy(), seed=seed, epoch=epoch).keys, names))
        if is_torch(names):
            return cls(mix_array(mix_array(names ^ signed(first)) + signed(second)))
        fast = kernels()
        if fast:
            return cls(fast.keys(names, first, second))
        words = mix_numpy(mix_numpy(names.view(np.uint64) ^ np.uint64(first)) + np.uint64(second))
        return cls(words.view(np.int64))

    def child(self, purpose: str) -> Rng:
        """Independent numbers for the same examples, for another purpose."""
        return Rng(self.keys, _purpose_within(self.purpose, purpose), self.cells)

    def bits(self, *shape: int) -> Array:
        """[B, *shape] int32, uniform over 0 ... 2**31 - 1, one number per cell of a grid of up to four axes."""
        if is_torch(self.keys):
            return self._hash_torch(_counters_torch(shape, self.keys.device))
        if self.cells is not None:
            return self._hash_numpy(self.cells[1].reshape((-1, *shape)))
        fast = kernels()
        return fast.bits(self.keys, self.purpose, _counters(shape)) if fast else self._hash_numpy(_counters(shape))

    def bits_at(self, index: Array) -> Array:
        """[B, ...] int32: the numbers `bits(n)` holds at `index[b, ...]`, without making the rest."""
        if is_torch(self.keys):
            return self._hash_torch(to_dtype(index, "int32") * signed(_STRIDES[0], 32))
        return self._hash_numpy(np.multiply(index.astype(np.uint32), np.uint32(_STRIDES[0])))

    def chance(self, steps: int, *shape: int) -> Array:
        """[B, *shape] bool, True with probability `steps` / 2**24, each cell on its own.

        Eight cells share one 64-bit hash, a byte each; only where the byte decides nothing (1 cell in 256) are 16 bits
        more drawn. Several times cheaper than a number per cell.
        """
        first, rest, wide = steps >> 16, steps & 0xFFFF, (*shape[:-1], -(-shape[-1] // 8))
        fast = None if is_torch(self.keys) else kernels()
        if fast:
            return fast.chance(self.keys, self.purpose, steps, wide_counters(wide), shape[-1])
        words = self._wide_words(wide)
        lanes = _lanes(words)[..., : shape[-1]]
        if first > 255:
            return lanes >= 0
        hit = lanes < first
        if not rest:
            return hit
        tied = lanes == first
        if is_torch(hit):
            lane = arange(8, hit)
            more = mix_array(words[..., None] + (lane + 1) * signed(GOLDEN)) & 0xFFFF
            return hit | (tied & (more.reshape((*words.shape[:-1], -1))[..., : shape[-1]] < rest))
        flat = np.flatnonzero(tied)
        line, lane = np.divmod(flat, max(1, shape[-1]))
        word = words.reshape(-1).take(line * words.shape[-1] + (lane >> 3))
        more = mix_numpy(word + ((lane & 7) + 1).astype(np.uint64) * GOLDEN_64) & np.uint64(0xFFFF)
        hit.reshape(-1)[flat] = more < np.uint64(rest)
        return hit

    def _wide_words(self, shape: tuple[int, ...]) -> Array:
        """[B, *shape] 64-bit hashes."""
        tail = (-1,) + (1,) * len(shape)
        if is_torch(self.keys):
            counters = to_dtype(_counters_torch(shape, self.keys.device), "int64") & 0xFFFFFFFF
            return mix_array(mix_array(self.keys ^ signed(self.purpose)).reshape(tail) + counters * signed(GOLDEN))
        start = mix_numpy(self.keys.view(np.uint64) ^ np.uint64(self.purpose)).reshape(tail)
        return mix_numpy(start + wide_counters(shape))

    def at_cells(self, flat: np.ndarray, shape: tuple[int, ...]) -> Rng:
        """The same numbers for a few cells: `bits(1)[i]` is then what `bits(*shape)` holds at flat place `flat[i]`.

        Args:
            flat: [n] places in the flattened [B, *shape] array (NumPy only).
            shape: of the grid.
        """
        if self.cells is not None:
            rows, counters = self.cells
            return Rng(self.keys, self.purpose, (rows.take(flat), counters.take(flat)))
        size = math.prod(shape)
        rows = flat // size  # dividing by a number and multiplying back is several times faster than divmod
        return Rng(self.keys, self.purpose, (rows, _counters(shape).ravel().take(flat - rows * size)))

    def draw(self) -> Array:
        """[B] int64, uniform over 0 ... 2**24 - 1: one number per example."""
        if is_torch(self.keys) or self.cells is not None:
            return to_dtype(self.bits(1)[:, 0] >> 7, "int64")
        low, high = self._halves()
        rounds(_0, low, high, low, np.empty_like(low))  # the counter of the first cell is 0
        return np.right_shift(low, _8, out=low).astype(np.int64)

    def _halves(self) -> tuple[np.ndarray, np.ndarray]:
        """[B] uint32 each, the two halves of the keys for this purpose (NumPy only)."""
        words = mix_numpy(self.keys.view(np.uint64) ^ np.uint64(self.purpose))
        return words.astype(np.uint32), (words >> _32).astype(np.uint32)

    def _hash_numpy(self, counters: np.ndarray) -> np.ndarray:
        x = self._words(counters)
        np.right_shift(x, _1, out=x)
        return x.view(np.int32)

    def _words(self, counters: np.ndarray) -> np.ndarray:
        """uint32, the hash of each cell before it is cut to 31 bits."""
        low, high = self._halves()
        if self.cells is not None:
            low, high = low.take(self.cells[0]), high.take(self.cells[0])
        tail = (len(low),) + (1,) * (counters.ndim - 1)
        low, high = low.reshape(tail), high.reshape(tail)
        x = np.empty((len(low), *counters.shape[1:]), dtype=np.uint32)
        # Some rows at a time, so that all rounds of a large batch run on cached data.
        step = max(1, _BLOCK // max(1, math.prod(counters.shape[1:])))
        scratch = np.empty((min(step, len(low)), *counters.shape[1:]), dtype=np.uint32)
        for start in range(0, len(low), step):
            rows = slice(start, start + step)
            rounds(counters if len(counters) == 1 else counters[rows], low[rows], high[rows], x[rows], scratch)
        return x

    def _hash_torch(self, counters: Array) -> Array:
        # torch has no 32-bit unsigned shifts: signed lanes wrap alike, and each shift is made logical by a mask.
        tail = (-1,) + (1,) * (counters.ndim - 1)
        words = mix_array(self.keys ^ signed(self.purpose))
        low, high = to_dtype(words, "int32").reshape(tail), to_dtype(words >> 32, "int32").reshape(tail)
        x = counters + low
        x ^= (x >> 16) & 0xFFFF
        x *= signed(ROUND_1, 32)
        x += high
        x ^= (x >> 15) & 0x1FFFF
        x *= signed(ROUND_2, 32)
        x ^= (x >> 16) & 0xFFFF
        return (x >> 1) & 0x7FFFFFFF


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
        padding: what stands in the other places.
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
    return mix_numpy(np.arange(1, length + 1, dtype=np.uint64)).view(np.int64)


@cache
def _weight_sums(length: int) -> np.ndarray:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(_weights(length))])


@cache
def _counters(shape: tuple[int, ...]) -> np.ndarray:
    counters = np.zeros((1, *shape), dtype=np.uint32)
    for axis, size in enumerate(shape):
        steps = np.arange(size, dtype=np.uint32) * np.uint32(_STRIDES[len(shape) - 1 - axis])
        counters += steps.reshape([-1 if a == axis + 1 else 1 for a in range(len(shape) + 1)])
    counters.flags.writeable = False
    return counters


def _lanes(words: Array) -> Array:
    """[..., 8 n] uint8, the bytes of each of n words, the lowest first."""
    if not is_torch(words):
        return words.astype("<u8", copy=False).view(np.uint8)
    import torch

    lanes = (words[..., None] >> torch.arange(0, 64, 8, device=words.device)) & 0xFF
    return lanes.to(torch.uint8).reshape((*words.shape[:-1], 8 * words.shape[-1]))


@cache
def wide_counters(shape: tuple[int, ...]) -> np.ndarray:
    """[1, *shape] uint64, what `Rng.chance` hashes: a word for eight cells."""
    counters = _counters(shape).astype(np.uint64) * GOLDEN_64
    counters.flags.writeable = False
    return counters


def _counters_torch(shape: tuple[int, ...], device: Any) -> Array:
    import torch

    counters = torch.zeros((1, *shape), dtype=torch.int32, device=device)
    for axis, size in enumerate(shape):
        steps = torch.arange(size, dtype=torch.int32, device=device) * signed(_STRIDES[len(shape) - 1 - axis], 32)
        counters += steps.reshape([-1 if a == axis + 1 else 1 for a in range(len(shape) + 1)])
    return counters


@lru_cache(maxsize=64)
def _pass_over_data(seed: int, epoch: int) -> tuple[int, int]:
    """The two numbers that make the keys of one seed and epoch."""
    first = mix(_constant("seed") ^ (seed & M64))
    return first, mix(first + (epoch + 1) * GOLDEN & M64)


@lru_cache(maxsize=1 << 10)
def _purpose_within(outer: int, purpose: str) -> int:
    return mix((outer + GOLDEN & M64) ^ _constant(purpose))


@cache
def _constant(purpose: str) -> int:
    return int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "little")


EVALUATION_SEED = 271_828_182


@dataclass(frozen=True)
class Moment:
    """When something is masked."""

    seed: int = 0
    epoch: int = 0
    progress: float = 0.0

    @classmethod
    def evaluation(cls, draw: int = 0) -> Moment:
        """The moment of an independent draw of evaluation."""
        return cls(EVALUATION_SEED, draw, 1.0)

    def view(self, number: int) -> Moment:
        """The moment of another way of hiding the same examples; view 0 is this one."""
        return self if number == 0 else Moment(self.seed ^ (number << 40), self.epoch, self.progress)
