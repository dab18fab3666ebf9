"""Cells of another example, in hidden cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, arange, to_dtype
from maskwright.backend.pool import donors
from maskwright.backend.replacement import fill_hidden
from maskwright.rng import Rng, below


@dataclass(frozen=True)
class Swap:
    """Put the same cells of another example into hidden cells; one donor per example.

    What is filled in is real and hangs together, so that the model must notice the seam or ignore what does not belong:
    CutMix without its mixed labels (Yun et al. 2019, arXiv:1905.04899). Keep the labels only where the hidden share is
    small, or the donor's evidence outweighs the example's own. `marginal` draws another donor for each cell.

    Donors come from the fact `pool` [N, ...]; without it from the batch, and then what is filled in depends on the
    batch neighbours and their order (the mask does not), and a batch of one is refused. An example of the batch is
    never its own donor. Where the donor's cell is padding or not finite the fill is 0.

    Raises:
        MaskingError: a batch of one without a pool, or a pool of other examples.

    >>> import numpy as np
    >>> x, mask = np.array([[1, 10], [2, 20]]), np.array([[True, False], [False, True]])
    >>> Swap()(x, mask, valid=mask | True, rng=Rng.from_ids([0, 1]))
    array([[ 2, 10],
           [ 2, 10]])
    """

    numeric: ClassVar[bool] = True
    from_others: ClassVar[bool] = True
    facts: ClassVar[tuple[str, ...]] = ("pool",)

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return a new array."""
        pool, usable, own = donors("swap", x, valid, facts.get("pool"))
        rows = below(rng.child("swap").draw(), pool.shape[0] - own, 24)
        if own:
            rows = rows + to_dtype(rows >= arange(x.shape[0], x), "int64")
        values = pool[rows]
        if usable is not None:
            values = fill_hidden(~usable[rows], 0, values)
        return fill_hidden(mask, values, x)
