"""Values of the same cell in other examples, drawn for each cell on its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, arange, gather, namespace, stable_order, to_dtype
from maskwright.backend.pool import donors
from maskwright.backend.replacement import fill_hidden
from maskwright.rng import Rng, below


@dataclass(frozen=True)
class Marginal:
    """Put the value of the same cell in a randomly drawn row into hidden cells, another row for each cell.

    A draw from the empirical marginal of each column, so that every value is a real one and only what goes with what
    is broken. The standard for tables: VIME (Yoon et al., NeurIPS 2020), SCARF (Bahri et al. 2021, arXiv:2106.15147).
    All channels of a cell come from one row. Whole numbers stay whole, so it suits categories.

    Rows come from the fact `pool` [N, ...]; without it from the batch, and then what is filled in depends on the batch
    neighbours and their order (the mask does not), and a batch of one is refused. A row of the batch never draws
    itself. Cells that are padding or not finite are never drawn; where there is nothing to draw the fill is 0.

    A column that repeats values may be given its own value back: `corrupted.inputs != x` is then less than the mask.
    A model that is to tell which cells were replaced (VIME's mask recovery) must learn from the difference, or it is
    asked for what cannot be seen.

    Raises:
        MaskingError: a batch of one without a pool, or a pool of other examples.

    >>> import numpy as np
    >>> x, mask = np.array([[1, 10], [2, 20]]), np.array([[True, False], [False, True]])
    >>> Marginal()(x, mask, valid=mask | True, rng=Rng.from_ids([0, 1]))
    array([[ 2, 10],
           [ 2, 10]])
    """

    numeric: ClassVar[bool] = True
    from_others: ClassVar[bool] = True
    facts: ClassVar[tuple[str, ...]] = ("pool",)

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return a new array; `mask` and `valid` may have size-1 axes, over which a row is drawn once."""
        pool, usable, own = donors("marginal", x, valid, facts.get("pool"))
        tied = tuple(mask.shape[1:])
        bits = to_dtype(rng.child("marginal").bits(*tied[:3], math.prod(tied[3:])), "int64")
        bits = bits.reshape((x.shape[0], math.prod(tied)))
        if usable is not None:
            rows = _among(usable, tied, bits, own)
            values = _at_rows(pool, namespace(x).where(rows >= 0, rows, 0), tied)
            values = fill_hidden((rows < 0).reshape((x.shape[0], *tied)), 0, values)
        else:
            rows = below(bits, pool.shape[0] - own)
            if own:  # step over the example itself
                rows = rows + to_dtype(rows >= arange(x.shape[0], x)[:, None], "int64")
            values = _at_rows(pool, rows, tied)
        return fill_hidden(mask, values, x)


def _among(usable: Array, tied: tuple[int, ...], bits: Array, own: int) -> Array:
    """[B, cells] rows whose cell may be used, one drawn for each cell but never an example's own; -1 for none."""
    xp = namespace(bits)
    channels = tuple(a for a in range(1, usable.ndim) if tied[a - 1] == 1 and usable.shape[a] > 1)
    each = xp.all(usable, axis=channels, keepdims=True) if channels else usable
    each = xp.broadcast_to(each, (usable.shape[0], *tied)).reshape((usable.shape[0], math.prod(tied)))
    numbers = to_dtype(each, "int64")
    n, order = xp.sum(numbers, axis=0)[None, :], stable_order(to_dtype(~each, "int32").T)
    left = n - numbers if own else n
    rank = below(bits, left)
    if own:  # step over the example itself, which has this rank among the rows that may be used
        standing = xp.cumulative_sum(numbers, axis=0) - numbers
        rank = rank + to_dtype((numbers > 0) & (rank >= standing), "int64")
    rank = xp.where(left > 0, rank, 0)
    return xp.where(left > 0, gather(order, rank.T).T, -1)


def _at_rows(pool: Array, rows: Array, tied: tuple[int, ...]) -> Array:
    """`pool[rows[b, cell], cell]`, with the axes of `pool` over which `tied` has size 1 taken whole."""
    each = tuple(pool.shape[1:])
    grid = sum(1 for axis in range(len(tied)) if tied[: axis + 1] == each[: axis + 1])
    if all(size == 1 for size in tied[grid:]):  # channels last: whole cells lie together
        cells = math.prod(each[:grid])
        flat = pool.reshape((pool.shape[0] * cells, math.prod(each[grid:])))
        places = rows * cells + arange(cells, pool)[None, :]
        return namespace(pool).take(flat, places.reshape((-1,)), axis=0).reshape((rows.shape[0], *each))
    index = [rows.reshape((rows.shape[0], *tied))]
    for axis, size in enumerate(each):
        index.append(arange(size, pool).reshape((size,) + (1,) * (len(each) - 1 - axis)))
    return pool[tuple(index)]
