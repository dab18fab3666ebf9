"""The `pool` of other examples from which fills take values: what it has to be, and whose values are taken."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, namespace
from maskwright.errors import MaskingError


def check_pool(name: str, pool: Any, x: Array) -> None:
    """Refuse a pool of other examples that are not like those of `x`."""
    expected = f"[N, {', '.join(map(str, x.shape[1:]))}]"
    if not isinstance(pool, type(x)) or tuple(pool.shape[1:]) != tuple(x.shape[1:]) or not pool.shape[0]:
        shape = f"{type(pool).__name__} {tuple(np.shape(pool))}"
        raise MaskingError(f"{name}: pool: expected {type(x).__name__} {expected} with N of 1 or more, given {shape}.")


def donors(name: str, x: Array, valid: Array, pool: Any) -> tuple[Array, Array | None, int]:
    """Where other values come from.

    Returns:
        The rows [N, ...]; which of their cells may be used, bool, or None for all; and 1 if they are the batch itself.
    """
    xp = namespace(x)
    own = int(pool is None)
    if own and x.shape[0] == 1:
        raise MaskingError(f"{name}: a batch of one has no other example; give pool=[N examples], or drop_last=True.")
    if not own:
        check_pool(name, pool, x)
    rows = x if own else pool
    usable = xp.broadcast_to(valid, (x.shape[0], *valid.shape[1:])) if own else None
    if xp.isdtype(rows.dtype, "real floating"):
        finite = xp.isfinite(rows)
        usable = finite if usable is None else finite & usable
    return rows, None if usable is None or bool(xp.all(usable)) else usable, own
