"""Whether compiled kernels are used: where numba can be imported and `MASKWRIGHT_COMPILED` is not 0.

The only place that decides. Results are the same to the bit with and without them; only the time differs.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from maskwright.backend.codes import IGNORED
from maskwright.backend.hashing import mix_numpy, rounds
from maskwright.backend.token_work import HiddenTokens, TokenWork

SWITCH = "MASKWRIGHT_COMPILED"
"""Environment variable; 0 leaves the kernels out. It is looked at in every call."""

_NO_TABLE, _NO_MASK = np.empty((0, 0), dtype=np.int64), np.empty((0, 0), dtype=bool)
_NO_PLACES = np.empty(0, dtype=np.int64)


def kernels() -> Kernels | None:
    """The kernels; None where they are switched off or cannot be had.

    The first call in a process compiles them, or loads them from numba's cache on disk, which takes seconds, or half of
    one. Collators make it when they are made, so that workers forked later have them.
    """
    return None if os.environ.get(SWITCH) == "0" else _compiled()


@dataclass(frozen=True, eq=False)
class Kernels:
    """The functions of `maskwright.backend.kernels`, compiled, behind calls that make what they write to (NumPy only).

    Attributes:
        run: the functions by name.
    """

    run: dict[str, Callable[..., Any]]

    def bits(self, keys: np.ndarray, purpose: int, counters: np.ndarray) -> np.ndarray:
        """[B, *shape] int32, `Rng.bits` of the counters [1, *shape]."""
        out = np.empty((len(keys), *counters.shape[1:]), dtype=np.int32)
        flat = out.reshape((len(keys), counters.size))
        self.run["cell_bits"](np.ascontiguousarray(keys), np.uint64(purpose), counters.reshape(-1), flat)
        return out

    def chance(self, keys: np.ndarray, purpose: int, steps: int, counters: np.ndarray, cells: int) -> np.ndarray:
        """[B, ..., cells] bool, `Rng.chance` of the counters [1, ..., words]."""
        out = np.empty((len(keys), *counters.shape[1:-1], cells), dtype=bool)
        words = counters.shape[-1]
        lines = counters.size // max(words, 1)
        flat = out.reshape((len(keys), lines, cells))
        self.run["chance"](np.ascontiguousarray(keys), np.uint64(purpose), steps, counters.reshape(lines, words), flat)
        return out

    def keys(self, names: np.ndarray, first: int, second: int) -> np.ndarray:
        """[B] int64, the keys that `Rng.from_ids` makes of int64 names."""
        out = np.empty(len(names), dtype=np.int64)
        self.run["row_keys"](np.ascontiguousarray(names), np.uint64(first), np.uint64(second), out)
        return out

    def content_ids(self, tokens: np.ndarray, lengths: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """[B] int64, `rng.content_ids` of rows that are padded on the right."""
        out = np.empty(len(tokens), dtype=np.int64)
        self.run["content_ids"](_longs(tokens), _longs(lengths), weights, out)
        return out

    def padded(self, flat: np.ndarray, lengths: np.ndarray, left: bool, value: int, width: int) -> np.ndarray:
        """[B, width] int64 from rows of these lengths that lie one after the other."""
        out = np.empty((len(lengths), width), dtype=np.int64)
        self.run["pad_rows"](_longs(flat), _longs(lengths), left, value, out)
        return out

    def attention(self, lengths: np.ndarray, left: bool, width: int) -> np.ndarray:
        """[B, width] int64, 1 where rows of these lengths stand."""
        out = np.empty((len(lengths), width), dtype=np.int64)
        self.run["fill_rows"](_longs(lengths), left, out)
        return out

    def labels(self, ids: np.ndarray, flat: np.ndarray, ignored: int) -> np.ndarray:
        """The int64 ids at flat places, `ignored` elsewhere."""
        out = np.empty(ids.shape, dtype=np.int64)
        self.run["labels_at"](ids, flat, ignored, out)
        return out

    def hide_tokens(self, work: TokenWork) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """The new ids, the mask and the flat places that are hidden; None if an id is not in the vocabulary."""
        shape, size = work.texts.ids.shape, work.texts.ids.size
        out = HiddenTokens(np.empty(shape, np.int64), _NO_TABLE, np.zeros(shape, bool), np.empty(size, np.int64))
        hidden = self._hide(work, out)
        return None if hidden < 0 else (out.ids, out.mask, out.flat[:hidden].copy())

    def _hide(self, work: TokenWork, out: HiddenTokens) -> int:
        # Named tuples are types of their own to Numba, which would want every array writable in them.
        return self.run["hide_tokens"](*map(tuple, work), IGNORED, tuple(out))

    def hide_in_place(self, work: TokenWork, labels: bool) -> np.ndarray | None:
        """Write over the ids; returns their labels, or without `labels` nothing of size 0; None as above."""
        made = np.empty(work.texts.ids.shape if labels else (0, 0), np.int64)
        out = HiddenTokens(work.texts.ids, made, _NO_MASK, _NO_PLACES)
        return None if self._hide(work, out) < 0 else made


def _longs(values: Any) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.int64)


@cache
def _compiled() -> Kernels | None:
    if sys.byteorder != "little":  # they read the bytes of words
        return None
    try:
        from numba import config, njit, types

        if getattr(config, "DISABLE_JIT", False):  # they would run as Python, in which numbers do not wrap
            return None
        from maskwright.backend.kernels import signatures

        loaded = Kernels({f.__name__: _kernel(njit, f, signature) for f, signature in signatures(types).items()})
        _check(loaded)
        return loaded
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "numba"
        log, level = logging.getLogger(__name__), logging.DEBUG if missing else logging.WARNING
        log.log(level, "masking goes without compiled kernels: %s: %s", type(error).__name__, error)
        return None


def _check(loaded: Kernels) -> None:
    """Refuse machine code that was kept from before `maskwright.backend.hashing` changed, of which numba does not know.

    Raises:
        RuntimeError: the draws are not those of NumPy.
    """
    keys, counters = np.arange(3, dtype=np.int64), np.arange(5, dtype=np.uint32)
    word = mix_numpy(keys.view(np.uint64))[:, None]
    expected = np.empty((3, 5), dtype=np.uint32)
    rounds(
        counters, word.astype(np.uint32), (word >> np.uint64(32)).astype(np.uint32), expected, np.empty_like(expected)
    )
    if not np.array_equal(loaded.bits(keys, 0, counters[None]), (expected >> np.uint32(1)).view(np.int32)):
        raise RuntimeError(
            "they draw other numbers than NumPy does; delete numba's cache (NUMBA_CACHE_DIR, __pycache__)"
        )


def _kernel(njit: Any, function: Callable[..., Any], signature: Any) -> Callable[..., Any]:
    try:
        return njit(signature, cache=True, nogil=True)(function)
    except Exception:  # no folder to keep it in, or none that can be written: compiled for this process alone
        return njit(signature, nogil=True)(function)
