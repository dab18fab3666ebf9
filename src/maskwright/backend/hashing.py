"""The bit mixing that random numbers and content ids are made of, alike on NumPy, torch and Python's integers.

Two mixers: for keys SplitMix64's finaliser, which turns 64 bits into 64 that look unrelated; for cells a hash of 32
bits, two rounds of multiply and xorshift with the constants of Wellons' `lowbias32`. Each cell of a grid is named by a
counter, which the hash then scatters.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from maskwright.backend.arrays import Array, is_torch, to_dtype

M64 = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
ROUND_1, ROUND_2 = 0x7FEB352D, 0x846CA68B
# One odd multiplier per axis, from the last axis backwards: a cell's counter depends on its coordinates and not on the
# sizes of the grid, so padding a grid on the right changes no draw. No two cells of a 4096 x 4096 plane share one.
STRIDES = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)
# NumPy is slower with Python's numbers, and with making its own anew.
_15, _16, _FACTOR_1, _FACTOR_2 = np.uint32(15), np.uint32(16), np.uint32(ROUND_1), np.uint32(ROUND_2)
_27, _30, _31, _32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
GOLDEN_64 = np.uint64(GOLDEN)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Places(NamedTuple):
    """A few cells of a batch: [n] the row of each, and the counter of its number."""

    rows: np.ndarray
    counters: np.ndarray


def rounds(counters: Any, low: np.ndarray, high: np.ndarray, x: np.ndarray, scratch: np.ndarray) -> None:
    """The cell hash, into `x`.

    Both halves of the 64-bit key enter, in different rounds, so that two keys that share one half share no numbers. All
    is written in place, because at this speed making an array costs as much as a round.

    Args:
        counters: uint32, one number or an array that broadcasts to x.
        low: [B, 1, ...] uint32, lower halves of the keys.
        high: [B, 1, ...] uint32, upper halves.
        x: [B, ...] uint32, where the hash goes.
        scratch: [B or more, ...] uint32, written over.
    """
    scratch = scratch[: len(x)]
    np.add(counters, low, out=x)
    np.right_shift(x, _16, out=scratch)
    np.bitwise_xor(x, scratch, out=x)
    np.multiply(x, _FACTOR_1, out=x)
    np.add(x, high, out=x)
    np.right_shift(x, _15, out=scratch)
    np.bitwise_xor(x, scratch, out=x)
    np.multiply(x, _FACTOR_2, out=x)
    np.right_shift(x, _16, out=scratch)
    np.bitwise_xor(x, scratch, out=x)


def rounds_torch(counters: Array, words: Array) -> Array:
    """The cell hash cut to 31 bits, int32 [B, ...], of int32 counters that broadcast and int64 words [B].

    torch has no unsigned shifts of 32 bits: signed lanes wrap alike, and each shift is made logical by a mask.
    """
    tail = (-1,) + (1,) * (counters.ndim - 1)
    low, high = to_dtype(words, "int32").reshape(tail), to_dtype(words >> 32, "int32").reshape(tail)
    x = counters + low
    x ^= (x >> 16) & 0xFFFF
    x *= signed(ROUND_1, 32)
    x += high
    x ^= (x >> 15) & 0x1FFFF
    x *= signed(ROUND_2, 32)
    x ^= (x >> 16) & 0xFFFF
    return (x >> 1) & 0x7FFFFFFF


def mix(x: int) -> int:
    """SplitMix64's finaliser of one number."""
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & M64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & M64
    return x ^ (x >> 31)


def mix_numpy(x: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser of uint64."""
    x = (x ^ (x >> _30)) * _MIX_1
    x ^= x >> _27
    x *= _MIX_2
    x ^= x >> _31
    return x


def mix_array(x: Array) -> Array:
    """SplitMix64's finaliser of int64, whose products wrap and whose shifts are made logical."""
    x = (x ^ ((x >> 30) & ((1 << 34) - 1))) * signed(0xBF58476D1CE4E5B9)
    x = (x ^ ((x >> 27) & ((1 << 37) - 1))) * signed(0x94D049BB133111EB)
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def signed(x: int, bits: int = 64) -> int:
    """The two's complement value, since neither back end has the whole unsigned arithmetic."""
    return x - (1 << bits) if x >> (bits - 1) else x


@cache
def cell_counters(shape: tuple[int, ...]) -> np.ndarray:
    """[1, *shape] uint32, the counter of each cell of a grid of up to four axes."""
    counters = np.zeros((1, *shape), dtype=np.uint32)
    for axis, size in enumerate(shape):
        steps = np.arange(size, dtype=np.uint32) * np.uint32(STRIDES[len(shape) - 1 - axis])
        counters += steps.reshape([-1 if a == axis + 1 else 1 for a in range(len(shape) + 1)])
    counters.flags.writeable = False
    return counters


def cell_counters_torch(shape: tuple[int, ...], device: Any) -> Array:
    """[1, *shape] int32, the same bits on a device."""
    import torch

    counters = torch.zeros((1, *shape), dtype=torch.int32, device=device)
    for axis, size in enumerate(shape):
        steps = torch.arange(size, dtype=torch.int32, device=device) * signed(STRIDES[len(shape) - 1 - axis], 32)
        counters += steps.reshape([-1 if a == axis + 1 else 1 for a in range(len(shape) + 1)])
    return counters


@cache
def wide_counters(shape: tuple[int, ...]) -> np.ndarray:
    """[1, *shape] uint64, what `Rng.chance` hashes: a word for eight cells."""
    counters = cell_counters(shape).astype(np.uint64) * GOLDEN_64
    counters.flags.writeable = False
    return counters


def lanes(words: Array) -> Array:
    """[..., 8 n] uint8, the bytes of each of n words, the lowest first."""
    if not is_torch(words):
        return words.astype("<u8", copy=False).view(np.uint8)
    torch = sys.modules["torch"]
    each = (words[..., None] >> torch.arange(0, 64, 8, device=words.device)) & 0xFF
    return each.to(torch.uint8).reshape((*words.shape[:-1], 8 * words.shape[-1]))
