"""The bit mixing that random numbers and content ids are made of, alike on NumPy, torch and Python's integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskwright.backend.arrays import Array

M64 = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
ROUND_1, ROUND_2 = 0x7FEB352D, 0x846CA68B
# NumPy is slower with Python's numbers, and with making its own anew.
_15, _16, _FACTOR_1, _FACTOR_2 = np.uint32(15), np.uint32(16), np.uint32(ROUND_1), np.uint32(ROUND_2)
_27, _30, _31, _32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
GOLDEN_64 = np.uint64(GOLDEN)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def rounds(counters: Any, low: np.ndarray, high: np.ndarray, x: np.ndarray, scratch: np.ndarray) -> None:
    """The cell hash of uint32 counters, an array or one number, into `x`; `scratch` is at least as large."""
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
