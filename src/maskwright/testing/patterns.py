"""Checks of a pattern on a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from maskwright.errors import MaskingError
from maskwright.grid import Grid
from maskwright.patterns import Pattern, PatternTraits, fits, traits
from maskwright.rng import Rng
from maskwright.testing.finding import NOT_APPLICABLE, Answer, Check, Finding, verdict

DRAWS, SMALL = 4000, 32


@dataclass(frozen=True, eq=False)
class PatternSubject:
    """A pattern and the grid it is tried on.

    Attributes:
        pattern: see `maskwright.patterns`.
        grid: of one example.
        ratio: share of the units to hide.
        signals: arrays [B, *grid] that the pattern asks for, made by name -> function of (ids, shape).
    """

    pattern: Pattern
    grid: Grid
    ratio: float = 0.4
    signals: Mapping[str, Any] = field(default_factory=dict)

    @property
    def traits(self) -> PatternTraits:
        """What the pattern declares about itself."""
        return traits(self.pattern)

    def mask(self, valid: np.ndarray, ids: np.ndarray, epoch: int = 0, torch: bool = False) -> np.ndarray:
        """Masks [B, *grid] of some examples."""
        grid = Grid(**dict(zip(self.grid.axes, valid.shape[1:], strict=True)))
        count = np.maximum(1, np.round(self.countable(valid) * self.ratio)).astype(np.int64)
        signals = {name: make(ids, valid.shape) for name, make in self.signals.items()}
        if not torch:
            return self.pattern(grid, count, valid=valid, rng=Rng.from_ids(ids, epoch=epoch), **signals)
        import torch as pt

        moved = {name: pt.from_numpy(value) for name, value in signals.items()}
        rng = Rng.from_ids(pt.from_numpy(ids), epoch=epoch)
        return self.pattern(grid, pt.from_numpy(count), valid=pt.from_numpy(valid), rng=rng, **moved).numpy()

    def countable(self, cells: np.ndarray) -> np.ndarray:
        """[B] how many of the things that the pattern counts have any of these cells."""
        grid = Grid(**dict(zip(self.grid.axes, cells.shape[1:], strict=True)))
        return self.traits.countable(grid, cells)

    @cached_property
    def padded(self) -> np.ndarray:
        """[32, *grid] cells that are there: lengths of the last axis from 0 to all."""
        lengths = np.arange(SMALL).reshape((-1,) + (1,) * self.grid.ndim) % (self.grid.shape[-1] + 1)
        return np.broadcast_to(np.arange(self.grid.shape[-1]) < lengths, (SMALL, *self.grid.shape)).copy()


IDS = np.arange(500, 500 + SMALL)


def _within(subject: PatternSubject) -> Answer:
    outside = int((subject.mask(subject.padded, IDS) & ~subject.padded).sum())
    return f"{outside:,} hidden cells are not there", verdict(outside == 0), {"outside": outside}


def _count(subject: PatternSubject) -> Answer:
    if subject.traits.sets_own_count or subject.traits.approximate:
        return subject.traits.approximate or "the pattern sets its own count", NOT_APPLICABLE, {}
    valid, asked = subject.padded, subject.countable(subject.padded)
    due = np.minimum(asked, np.maximum(1, np.round(asked * subject.ratio)))
    wrong = subject.countable(subject.mask(valid, IDS)) != due
    return f"{int(wrong.sum())} of {SMALL} examples differ", verdict(not wrong.any()), {"wrong": int(wrong.sum())}


def _neighbours(subject: PatternSubject) -> Answer:
    together = subject.mask(subject.padded, IDS)
    alone = np.concatenate([subject.mask(subject.padded[i : i + 1], IDS[i : i + 1]) for i in range(SMALL)])
    return _same(together, alone)


def _padding(subject: PatternSubject) -> Answer:
    wider = np.zeros((SMALL, *(size + 3 for size in subject.grid.shape)), dtype=bool)
    inside = (slice(None), *(slice(size) for size in subject.grid.shape))
    wider[inside] = subject.padded
    if not fits(subject.pattern, Grid(**dict(zip(subject.grid.axes, wider.shape[1:], strict=True)))):
        return "the pattern takes no wider grid", NOT_APPLICABLE, {}
    return _same(subject.mask(subject.padded, IDS), subject.mask(wider, IDS)[inside])


def _back_ends(subject: PatternSubject) -> Answer:
    return _same(subject.mask(subject.padded, IDS), subject.mask(subject.padded, IDS, torch=True))


def _same(first: np.ndarray, second: np.ndarray) -> Answer:
    equal = (first == second).reshape(SMALL, -1).all(1)
    return f"{equal.mean():.0%} of masks are the same", verdict(bool(equal.all())), {"same": float(equal.mean())}


def _epochs(subject: PatternSubject) -> Answer:
    valid = np.ones((SMALL, *subject.grid.shape), dtype=bool)
    first, second = (subject.mask(valid, IDS, epoch).reshape(SMALL, -1) for epoch in (0, 1))
    few = len(np.unique(first, axis=0))
    if not subject.traits.draws or few < SMALL // 4:
        return f"{few} different masks in {SMALL} examples", NOT_APPLICABLE, {"masks": few}
    share = float((first != second).any(1).mean())
    return f"{share:.0%} of masks change", verdict(share > 0.8 * (1 - 1 / few)), {"changed": share}


def _flat(subject: PatternSubject) -> Answer:
    if subject.traits.biased or not subject.traits.draws:
        return subject.traits.biased or "nothing is drawn", NOT_APPLICABLE, {}
    valid = np.ones((DRAWS, *subject.grid.shape), dtype=bool)
    rate = subject.mask(valid, np.arange(DRAWS)).reshape(DRAWS, -1).mean(0)
    error = np.sqrt(max(rate.mean() * (1 - rate.mean()), 1e-9) / DRAWS)
    worst = float(np.abs(rate - rate.mean()).max(initial=0) / error)
    answer = f"{rate.min():.3f} to {rate.max():.3f} ({worst:.1f} standard errors off)"
    return answer, verdict(worst < 5), {"lowest": float(rate.min()), "highest": float(rate.max())}


PATTERN_CHECKS = (
    Check("within_valid", "only cells that are there are hidden", _within),
    Check("exact_count", "as many units are hidden as asked", _count),
    Check("neighbours", "the mask does not depend on the batch", _neighbours),
    Check("padding", "the mask does not depend on padding", _padding),
    Check("back_ends", "NumPy and torch give the same masks", _back_ends),
    Check("epochs_differ", "another epoch brings other masks", _epochs),
    Check("every_cell_alike", "every cell is hidden equally often", _flat),
)


def check_pattern(pattern: Pattern, grid: Grid, **about: Any) -> list[Finding]:
    """Put a pattern through every check on a grid; ConformanceError at the first that fails.

    Args:
        pattern: held to what it declares about itself, see `maskwright.patterns`.
        grid: one that the pattern fits, of at least one cell.
        **about: `ratio`, `signals`, see `PatternSubject`.

    Raises:
        MaskingError: the pattern does not fit the grid.

    >>> from maskwright.patterns.iid import Iid
    >>> [finding.verdict for finding in check_pattern(Iid(), Grid(token=12))] == ["pass"] * 7
    True
    """
    if not grid.size or not fits(pattern, grid):
        raise MaskingError(f"{type(pattern).__name__} cannot be checked on {grid}: give a grid that it fits.")
    subject = PatternSubject(pattern, grid, **about)
    return [check(subject) for check in PATTERN_CHECKS]
