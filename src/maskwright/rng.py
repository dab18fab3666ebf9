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

from maskwright.backend.arrays import Array, arange, beside, is_integer, is_torch, like, to_dtype
from maskwright.backend.compiled import kernels
from maskwright.backend.hashing import (
    GOLDEN,
    GOLDEN_64,
    M64,
    STRIDES,
    Places,
    cell_counters,
    cell_counters_torch,
    lanes,
    mix,
    mix_array,
    mix_numpy,
    rounds,
    rounds_torch,
    signed,
    wide_counters,
)
from maskwright.errors import MaskingError

EVALUATION_SEED = 271_828_182  # of all masks of evaluation

_BLOCK = 1 << 15  # cells hashed at a time: large batches stay within the second-level cache
_0, _1, _8, _32 = np.uint32(0), np.uint32(1), np.uint32(8), np.uint64(32)  # NumPy is slower with making them anew


@dataclass(frozen=True)
class Moment:
    """When a batch is masked; with an example's id it makes the key from which all its randomness comes.

    Args:
        seed: of the run, any whole number.
        epoch: pass over the data, 0 or more; the number of the draw at evaluation.
        progress: share of the training that is done, 0 to 1, for budgets that move.

    Raises MaskingError for anything else.

    >>> Moment(seed=3, epoch=1), Moment.evaluation(draw=2)
    (Moment(seed=3, epoch=1, progress=0.0), Moment(seed=271828182, epoch=2, progress=1.0))
    """

    seed: int = 0
    epoch: int = 0
    progress: float = 0.0

    def __post_init__(self):
        for name, lowest in (("seed", None), ("epoch", 0)):
            value = getattr(self, name)
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if not whole or (lowest is not None and value < lowest):
                kind = "a whole number" if lowest is None else f"a whole number of {lowest} or more"
                raise MaskingError(f"{name}: expected {kind}, given {value!r}.")
            object.__setattr__(self, name, int(value))
        progress = self.progress
        if isinstance(progress, bool) or not isinstance(progress, int | float) or not 0.0 <= progress <= 1.0:
            raise MaskingError(
                f"progress: expected a number from 0 (start) to 1 (end of training), given {progress!r}."
            )

    @classmethod
    def evaluation(cls, draw: int = 0) -> Moment:
        """When evaluation masks: the same at every evaluation, after training, and under no seed of training."""
        return cls(EVALUATION_SEED, draw, 1.0)

    def view(self, number: int) -> Moment:
        """When the same batch is masked in another way beside this one, above all seeds of runs; view 0 is this one."""
        return self if not number else Moment(self.seed ^ (number << 40), self.epoch, self.progress)


@dataclass(frozen=True, eq=False)
class Rng:
    """Random numbers of a batch of examples, addressed by cell.

    Attributes:
        keys: [B] int64, one key per example.
        purpose: what the numbers are for, mixed into the keys when numbers are drawn.
        only: the cells that alone have numbers; None for all, see `at_cells`.

    >>> import numpy as np
    >>> rng = Rng.from_ids(np.array([7, 8]), seed=0, epoch=0)
    >>> np.array_equal(rng.bits(5)[1], Rng.from_ids(np.array([8]), seed=0, epoch=0).bits(3, 5)[0, 0])
    True
    """

    keys: Array
    purpose: int = 0
    only: Places | None = None

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

    @classmethod
    def of_batch(cls, example_ids: Any, reference: Array, moment: Moment) -> Rng:
        """Keys for the examples of a batch, on its back end and device.

        Args:
            example_ids: [B] whole numbers, in any form.
            reference: an array of the batch.
            moment: when it is masked.

        Raises:
            MaskingError: ids that are not whole numbers, or not one per example.
        """
        ids: Array = example_ids if is_torch(example_ids) else np.asarray(example_ids)
        if ids.ndim == 1 and ids.shape[0] == 0:
            ids = to_dtype(ids, "int64")  # an empty list holds no integers from which the dtype could come
        if ids.ndim != 1 or ids.shape[0] != reference.shape[0] or not is_integer(ids):
            raise MaskingError(
                f"example_ids: expected {reference.shape[0]} whole numbers, one per example, given {ids.dtype} of "
                f"shape {tuple(ids.shape)}."
            )
        return cls.from_ids(beside(ids, reference), seed=moment.seed, epoch=moment.epoch)

    def take(self, rows: Array) -> Rng:
        """The numbers of some of the examples; `rows` is an index or a bool mask."""
        return Rng(self.keys[rows], self.purpose)

    def child(self, purpose: str) -> Rng:
        """Independent numbers for the same examples, for another purpose."""
        return Rng(self.keys, _purpose_within(self.purpose, purpose), self.only)

    def bits(self, *shape: int) -> Array:
        """[B, *shape] int32, uniform over 0 ... 2**31 - 1, one number per cell of a grid of up to four axes."""
        if is_torch(self.keys):
            return self._hash_torch(cell_counters_torch(shape, self.keys.device))
        if self.only is not None:
            return self._hash_numpy(self.only.counters.reshape((-1, *shape)))
        fast, counters = kernels(), cell_counters(shape)
        return fast.bits(self.keys, self.purpose, counters) if fast else self._hash_numpy(counters)

    def bits_at(self, index: Array) -> Array:
        """[B, ...] int32: the numbers `bits(n)` holds at `index[b, ...]`, without making the rest."""
        if is_torch(self.keys):
            return self._hash_torch(to_dtype(index, "int32") * signed(STRIDES[0], 32))
        return self._hash_numpy(np.multiply(index.astype(np.uint32), np.uint32(STRIDES[0])))

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
        each = lanes(words)[..., : shape[-1]]
        if first > 255:
            return each >= 0
        hit = each < first
        if not rest:
            return hit
        tied = each == first
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
            counters = to_dtype(cell_counters_torch(shape, self.keys.device), "int64") & 0xFFFFFFFF
            return mix_array(mix_array(self.keys ^ signed(self.purpose)).reshape(tail) + counters * signed(GOLDEN))
        start = mix_numpy(self.keys.view(np.uint64) ^ np.uint64(self.purpose)).reshape(tail)
        return mix_numpy(start + wide_counters(shape))

    def at_cells(self, flat: np.ndarray, shape: tuple[int, ...]) -> Rng:
        """The same numbers for a few cells: `bits(1)[i]` is then what `bits(*shape)` holds at flat place `flat[i]`.

        Args:
            flat: [n] places in the flattened [B, *shape] array (NumPy only).
            shape: of the grid.
        """
        if self.only is not None:
            return Rng(self.keys, self.purpose, Places(self.only.rows.take(flat), self.only.counters.take(flat)))
        size = math.prod(shape)
        rows = flat // size  # dividing by a number and multiplying back is several times faster than divmod
        return Rng(self.keys, self.purpose, Places(rows, cell_counters(shape).ravel().take(flat - rows * size)))

    def draw(self) -> Array:
        """[B] int64, uniform over 0 ... 2**24 - 1: one number per example."""
        if is_torch(self.keys) or self.only is not None:
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
        if self.only is not None:
            low, high = low.take(self.only.rows), high.take(self.only.rows)
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
        return rounds_torch(counters, mix_array(self.keys ^ signed(self.purpose)))


def below(bits: Array, n: Array | int, width: int = 31) -> Array:
    """Whole numbers uniform over 0 ... n - 1, int64, from random bits.

    Args:
        bits: integers, uniform over 0 ... 2**width - 1: `Rng.bits`, or with a width of 24 `Rng.draw`.
        n: how many numbers there are, broadcastable; 0 gives 0.
        width: of the bits.

    >>> import numpy as np
    >>> below(np.array([0, 1 << 30, (1 << 31) - 1]), 6).tolist()
    [0, 3, 5]
    """
    return to_dtype(bits, "int64") * n >> width


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
