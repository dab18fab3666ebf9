"""The cells of a file on which a masking is shown, and what the masking makes of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from maskwright import fills, patterns
from maskwright.errors import DataError, MaskingError, Problem
from maskwright.grid import Grid
from maskwright.masking import Masking
from maskwright.patterns import fits

EXAMPLES_OF_KINDS = {
    "image": (Grid(row=14, col=14), Grid(frame=8, row=14, col=14)),
    "sound": (Grid(time=100), Grid(freq=80, time=100), Grid(time=100, freq=80)),
    "table": (Grid(feature=8), Grid(time=100, feature=8), Grid(token=32, feature=8)),
}
"""Grids that each kind of file is read as."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Cells of one kind of input.

    Attributes:
        kind: `image`, `sound` or `table`.
        x: [B, *grid, channels] float32.
        grid: of the cells.
        pool: rows from which fills may take values, [N, *grid, channels].
        names: of the columns of a table.
        picture: cell size in pixels, for images.
        ids: [B] of the examples.
        notes: what of the file is not shown, or how it was read.
    """

    kind: str
    x: np.ndarray
    grid: Grid
    pool: np.ndarray | None = None
    names: tuple[str, ...] = ()
    picture: tuple[int, int] = (1, 1)
    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class MaskedSample:
    """A sample and what was hidden of it.

    Attributes:
        sample: what was given.
        mask: [B, *grid] bool.
        result: as `sample.x`; what a model would see, NaN where nothing is put in (mask token, drop).
    """

    sample: Sample
    mask: np.ndarray
    result: np.ndarray

    @property
    def hidden(self) -> tuple[int, int]:
        """Hidden cells and cells."""
        return int(self.mask.sum()), self.mask.size


def repeated(x: np.ndarray, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """The same example several times, each with an id of its own, so that several draws are seen."""
    return np.repeat(x[None], examples, axis=0), np.arange(examples)


def show(sample: Sample, masking: Masking, *, seed: int = 0, epoch: int = 0) -> MaskedSample:
    """Hide parts of a sample.

    Fills that a picture cannot show (mask token, drop) leave NaN, which is drawn as a gap. Patterns that follow scores
    are given the distance of each cell from the sample's mean.

    Raises:
        MaskingError: a pattern that does not fit the sample's axes.
    """
    if not fits(masking.pattern, sample.grid):
        fitting = [f"a{'n' if kind == 'image' else ''} {kind}" for kind in kinds_that_fit(masking)]
        remedy = f"give {' or '.join(fitting)} with --input" if fitting else "it is for text: give --text"
        raise MaskingError(f"this masking is not for {sample.grid}, which the {sample.kind} was read as; {remedy}.")
    channels = sample.x.reshape(*sample.x.shape[: 1 + sample.grid.ndim], -1)
    signals = {name: np.abs(channels - channels.mean()).mean(-1) for name in patterns.traits(masking.pattern).signals}
    fill = fills.traits(masking.fill)
    facts = {"pool": sample.pool} if "pool" in fill.facts and sample.pool is not None else {}
    shown = masking if fill.numeric else replace(masking, fill="keep", unit="token")
    moment = {"seed": seed, "epoch": epoch, "example_ids": sample.ids}
    out = shown(sample.x, grid=sample.grid, **moment, **facts, **signals)
    mask = np.asarray(out.mask)
    result = np.asarray(out.inputs)[..., : sample.x.shape[-1]]
    if shown is not masking:
        gone = mask.reshape(mask.shape + (1,) * (result.ndim - mask.ndim))
        result = np.where(gone, np.nan, result)
    return MaskedSample(sample, mask, result)


def kinds_that_fit(masking: Masking) -> list[str]:
    """The kinds of file that a masking's pattern can be shown on."""
    return [kind for kind, grids in EXAMPLES_OF_KINDS.items() if any(fits(masking.pattern, grid) for grid in grids)]


def unreadable(path: Path, what: str, remedy: str) -> DataError:
    """One thing wrong with a file."""
    return DataError([Problem(str(path), what, remedy)])


def whole(number: float) -> int:
    """At least 1, rounded."""
    return max(1, math.floor(number + 0.5))
