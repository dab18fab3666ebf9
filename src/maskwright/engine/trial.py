"""A masking tried on made-up examples, so that what cannot work is found before anything slow begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from maskwright import fills, patterns
from maskwright.backend.arrays import Array
from maskwright.engine.draw import Drawing, Masks
from maskwright.errors import ConfigError
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.units.text import UNITS, WORDS, Units


def check_on_text(masking: Masks, tokens: int = 64) -> None:
    """Try a masking on two made-up texts.

    Raises:
        ConfigError: a fill that is none for the inputs of a classifier, a pattern that needs other axes or signals that
            a run cannot give, or that fails.
    """
    fills.check_for_tokens(masking.fill)
    fill = fills.traits(masking.fill)
    if fill.changes_shape and not fill.removes:
        raise ConfigError(
            f"masking.fill: {type(masking.fill).__name__} is for sequence-to-sequence models; use mask-token or drop."
        )
    valid = np.arange(tokens) < np.array([[tokens], [tokens // 2]])
    axis = masking.unit if masking.unit in UNITS else "token"
    _check_drawing(masking, Units(Grid(**{axis: tokens}), valid, valid, np.arange(tokens)[None, :], plain=True), {})


def check_on_grid(masking: Masks, grid: Grid, signals: Sequence[str] = ()) -> None:
    """Try a masking on two made-up examples that have these axes: pictures, clips.

    Args:
        masking: what to try.
        grid: the axes.
        signals: names of the signals that the task gives, whole numbers of 0 or more per cell.

    Raises:
        ConfigError: a unit or a fill of texts, a pattern that needs other axes or signals that a run cannot give, or
            that fails.
    """
    if masking.unit in WORDS:
        raise ConfigError(
            f"masking.unit: {masking.unit} is for texts, automask with it (use automask-image); here the axes are "
            f"{', '.join(grid.axes)}."
        )
    for fill in leaves(masking.fill):
        alone = fill is masking.fill
        if fills.traits(fill).for_tokens and not (alone and fills.traits(fill).in_model):
            name = type(fill).__name__ + ("" if alone else " in a mix")
            raise ConfigError(
                f"masking.fill: {name} is for texts; use mean, noise, blur, indicator, drop or mask-token."
            )
    valid = np.ones((2, *grid.shape), dtype=bool)
    signal = np.broadcast_to(np.arange(grid.shape[-1]) % 3, valid.shape).astype(np.int64)
    _check_drawing(masking, Units(grid, valid, valid, valid, plain=True), dict.fromkeys(signals, signal))


def leaves(fill: Any) -> Iterator[Any]:
    """The fills that a fill is made of, down to those that are made of none; itself, if it is one."""
    inner = fills.traits(fill).inner
    if not inner:
        yield fill
    for part in inner:
        yield from leaves(part)


def _check_drawing(masking: Masks, units: Units, signals: Mapping[str, Array]) -> None:
    pattern, name, grid = masking.pattern, type(masking.pattern).__name__, units.grid
    about = patterns.traits(pattern)
    text = grid.axes[0] in UNITS
    cells = f"{grid.size} {f'{grid.axes[0]}s' if text else 'cells'}"
    missing = [signal for signal in about.signals if signal not in signals]
    if missing:
        each = grid.axes[0] if text else "cell"
        raise ConfigError(f"masking.pattern: {name} needs {', '.join(missing)} per {each}, which a run cannot give.")
    if not about.fits(grid):
        what = f"text, which has the one axis {grid.axes[0]!r}" if text else f"the axes {', '.join(grid.axes)}"
        raise ConfigError(f"masking.pattern: {name} is not for {what}.")
    rng = Rng.from_ids(np.arange(2))
    wanted = {signal: signals[signal] for signal in about.signals}
    try:
        Drawing(masking, rng, 0.0).mask(units, wanted)
    except Exception as error:
        raise ConfigError(f"masking: tried on {cells} it fails: {type(error).__name__}: {error}") from error
