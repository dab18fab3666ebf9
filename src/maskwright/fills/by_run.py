"""One fill for each run of hidden cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maskwright.backend.arrays import Array, arange, cumulative_max, namespace
from maskwright.errors import ConfigError, MaskingError
from maskwright.fills import traits
from maskwright.geometry.kept import run_starts
from maskwright.rng import Rng
from maskwright.strategy import check, part


@dataclass(frozen=True)
class ByRun:
    """Let another fill draw once for each run of neighbouring hidden tokens, whatever the unit.

    With BERT's 80/10/10 inside, a whole span is replaced by mask tokens, by random tokens or not at all. Two spans
    that touch are one run.

    Source: Joshi et al. 2020, SpanBERT (arXiv:1907.10529): replacement at the level of spans.

    Args:
        fill: what draws, a `mix` as a rule.

    Raises:
        ConfigError: a fill that changes the shape.
        MaskingError: a grid of several axes.

    >>> import numpy as np
    >>> x, mask = np.array([[5, 6, 7, 8]]), np.array([[False, True, True, False]])
    >>> fill = ByRun({"mix": [[{"constant": 1}, 0.5], [{"constant": 2}, 0.5]]})
    >>> fill(x, mask, valid=mask | True, rng=Rng.from_ids([0]))
    array([[5, 2, 2, 8]])
    """

    fill: Any = part("maskwright.fills")

    def __post_init__(self):
        check(self)
        if traits(self.fill).changes_shape:
            raise ConfigError("by-run: a fill that changes the shape cannot be drawn for each run; use it alone.")

    @property
    def inner(self) -> tuple[Any, ...]:
        """The fill inside."""
        return (self.fill,)

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return new values, with the place of the run's first cell as the group of its cells; `mask` is [B, L]."""
        if mask.ndim != 2:
            raise MaskingError(f"by-run: runs lie on one axis; expected [B, L], given shape {tuple(mask.shape)}.")
        xp = namespace(mask)
        columns = facts.get("places")
        columns = arange(mask.shape[1], mask)[None, :] if columns is None else columns
        first = cumulative_max(xp.where(run_starts(mask), columns, 0))
        return self.fill(x, mask, valid=valid, rng=rng, **{**facts, "groups": first})
