"""From units to a mask: the key of every example, the budget's count, the pattern's choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.backend.arrays import Array, is_integer, is_torch, like, namespace, numpy_view, to_dtype, true_count
from maskwright.backend.compiled import TokenWork
from maskwright.backend.labels import IGNORED
from maskwright.budgets.bernoulli import Bernoulli
from maskwright.errors import ConfigError, MaskingError
from maskwright.fills import by_places, check_for_tokens, token_choices
from maskwright.fills.drop import Drop
from maskwright.fills.mask_token import MaskToken
from maskwright.fills.mix import Mix
from maskwright.fills.random_token import RandomToken
from maskwright.fills.sentinel import Sentinel
from maskwright.grid import Grid
from maskwright.patterns import fits
from maskwright.patterns.iid import Iid
from maskwright.rng import Rng, wide_counters
from maskwright.units.patches import BoxUnits
from maskwright.units.text import UNITS, Units, places
from maskwright.units.vocabulary import Vocabulary

if TYPE_CHECKING:
    from maskwright.masking import Masking


def keyed(example_ids: Any, reference: Array, *, seed: int, epoch: int) -> Rng:
    """The random numbers of a batch.

    Args:
        example_ids: [B] whole numbers.
        reference: an array of the batch, whose back end and device the numbers get.
        seed: of the run.
        epoch: pass over the data.

    Raises:
        MaskingError: ids that are no whole numbers, or not one per example.
    """
    ids: Array = example_ids if is_torch(example_ids) else np.asarray(example_ids)
    if ids.ndim == 1 and ids.shape[0] == 0:
        ids = to_dtype(ids, "int64")  # an empty list has no integers to tell its dtype from
    if ids.ndim != 1 or ids.shape[0] != reference.shape[0] or not is_integer(ids):
        raise MaskingError(
            f"example_ids: expected {reference.shape[0]} whole numbers, one per example, given {ids.dtype} of shape "
            f"{tuple(ids.shape)}."
        )
    if is_torch(reference):
        if not is_torch(ids):
            ids = like(ids.astype(np.int64), reference)
        ids = ids.to(reference.device)
    elif is_torch(ids):
        ids = numpy_view(ids)
    return Rng.from_ids(ids, seed=int(seed), epoch=int(epoch))


def independent(masking: Masking) -> bool:
    """Whether units need no selection: each has a chance of its own."""
    return isinstance(masking.budget, Bernoulli) and isinstance(masking.pattern, Iid)


def drawn_alone(masking: Masking, rng: Rng, *shape: int) -> Array:
    """[B, *shape] bool, the independent units that are hit, valid or not."""
    mask = rng.child("pattern").child("cells").chance(_steps(masking), *shape)
    whole = left_whole(masking, rng)
    return mask if whole is None else mask & ~whole.reshape((-1,) + (1,) * len(shape))


def _steps(masking: Masking) -> int:
    return masking.budget.steps if isinstance(masking.budget, Bernoulli) else 0


def tokens_on_their_own(masking: Masking, ids: Array, attention: Array | None) -> bool:
    """Whether each token draws for itself, so that the few that are hit are all that has to be looked at."""
    plain = independent(masking) and masking.unit == "token" and not is_torch(ids)
    return plain and by_places(masking.fill) and ids.size > 0 and places(attention) is None


def token_work(masking: Masking, batch: Mapping[str, Any], vocabulary: Vocabulary, rng: Rng) -> TokenWork | None:
    """The work of hiding tokens on their own for a kernel; None if it cannot do it.

    To the bit it does what `drawn_alone` and the fill do one after the other.
    """
    ids, flags, ordinary = batch["input_ids"], vocabulary.flags, vocabulary.ordinary_ids
    choices = token_choices(masking.fill, vocabulary.mask_id)
    if choices is None or ids.dtype != np.int64 or not ids.flags.c_contiguous or not len(ordinary):
        return None
    if len(flags) != vocabulary.size or (flags.dtype, ordinary.dtype) != (np.uint8, np.int64):
        return None
    where, what = rng.child("pattern").child("cells"), rng.child("fill")
    what = what.child("mix") if isinstance(masking.fill, Mix) else what
    return TokenWork(
        ids=ids,
        attention=batch.get("attention_mask"),
        flags=flags,
        ordinary=ordinary,
        keys=rng.keys,
        whole=left_whole(masking, rng),
        purposes=(where.purpose, what.purpose, what.child("random token").purpose),
        chances=(_steps(masking), wide_counters((-(-ids.shape[1] // 8),))[0]),
        choices=(*choices, IGNORED),
    )


def draw_mask(masking: Masking, units: Units | BoxUnits, rng: Rng, progress: float, facts: Mapping[str, Any]) -> Array:
    """The mask over units, [B, *grid] bool.

    Args:
        masking: whose pattern, budget and share of whole examples.
        units: of the batch.
        rng: of the examples.
        progress: share of training done.
        facts: where the pattern's signals are.
    """
    if independent(masking):
        return drawn_alone(masking, rng, *units.grid.shape) & units.valid
    whole = left_whole(masking, rng)
    own_units = getattr(masking.pattern, "units", None)
    # Tubes, stripes, coarse cells: what the pattern hides whole is what counts.
    count = units.n if own_units is None else true_count(own_units(units.grid, units.valid))
    if masking.budget is not None:
        count = masking.budget(count, rng=rng.child("budget"), progress=progress)
    if whole is not None:
        count = namespace(count).where(whole, 0, count)
    names = getattr(masking.pattern, "signals", ())
    signals = {name: units.to_units(_signal(facts, name, units)) for name in names}
    return _hidden(masking.pattern, units.grid, count, valid=units.valid, rng=rng.child("pattern"), **signals)


def _hidden(pattern: Any, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
    """What a pattern hides; for tensors on the CPU it is drawn on their memory by NumPy.

    Back ends agree to the bit, and torch's stable sorts on a CPU take several times as long.
    """
    if not is_torch(valid) or valid.device.type != "cpu":
        return _checked(pattern, pattern(grid, count, valid=valid, rng=rng, **signals), valid)
    there = {name: numpy_view(value) for name, value in {"valid": valid, **signals}.items()}
    mask = pattern(grid, numpy_view(count), rng=Rng(numpy_view(rng.keys), rng.purpose), **there)
    return like(_checked(pattern, mask, there["valid"]), valid)


def _checked(pattern: Any, mask: Any, valid: Array) -> Array:
    if isinstance(mask, type(valid)) and mask.shape == valid.shape and mask.dtype == valid.dtype:
        return mask
    given = f"{getattr(mask, 'dtype', type(mask).__name__)} of shape {tuple(np.shape(mask))}"
    raise MaskingError(
        f"the pattern {type(pattern).__name__} has to return a bool mask of shape {tuple(valid.shape)}, gave {given}."
    )


def left_whole(masking: Masking, rng: Rng) -> Array | None:
    """[B] bool, the examples of which nothing is hidden; None if there are none."""
    if not masking.clean_share:
        return None
    return rng.child("clean share").draw() < round(masking.clean_share * (1 << 24))


def _signal(facts: Mapping[str, Any], name: str, units: Units | BoxUnits) -> Array:
    value = facts.get(name)
    expected = tuple(units.cells.shape)
    shapes = units.shapes if isinstance(units, BoxUnits) else (expected,)
    if value is None or not isinstance(value, type(units.cells)) or tuple(value.shape) not in shapes:
        given = type(value).__name__ if value is None else f"{type(value).__name__} {tuple(np.shape(value))}"
        raise MaskingError(
            f"{name}: the pattern needs one number per cell, an array of shape {expected}, given {given}."
        )
    return value


def check_on_text(masking: Masking, tokens: int = 64) -> None:
    """Try a masking on two made-up texts, so that what cannot work is found before anything slow begins.

    Raises:
        ConfigError: a fill that is none for the inputs of a classifier, a pattern that needs other axes or signals that
            a run cannot give, or that fails.
    """
    check_for_tokens(masking.fill)
    if getattr(masking.fill, "changes_shape", False) and not isinstance(masking.fill, Drop):
        raise ConfigError(
            f"masking.fill: {type(masking.fill).__name__} is for sequence-to-sequence models; use mask-token or drop."
        )
    valid = np.arange(tokens) < np.array([[tokens], [tokens // 2]])
    axis = masking.unit if masking.unit in UNITS else "token"
    _check_drawing(masking, Units(Grid(**{axis: tokens}), valid, valid, np.arange(tokens)[None, :], plain=True))


def check_on_grid(masking: Masking, grid: Grid, given: Sequence[str] = ()) -> None:
    """Try a masking on two made-up examples that have these axes: pictures, clips.

    Args:
        masking: what to try.
        grid: the axes.
        given: names of the signals that the task gives, whole numbers of 0 or more per cell.

    Raises:
        ConfigError: a unit or a fill of texts, a pattern that needs other axes or signals that a run cannot give, or
            that fails.
    """
    if masking.unit in ("word", "type"):
        raise ConfigError(
            f"masking.unit: {masking.unit} is for texts, automask with it (use automask-image); here the axes are "
            f"{', '.join(grid.axes)}."
        )
    for fill in _parts(masking.fill):
        alone = fill is masking.fill
        if isinstance(fill, RandomToken | Sentinel) or (isinstance(fill, MaskToken) and not alone):
            name = type(fill).__name__ + ("" if alone else " in a mix")
            raise ConfigError(
                f"masking.fill: {name} is for texts; use mean, noise, blur, indicator, drop or mask-token."
            )
    valid = np.ones((2, *grid.shape), dtype=bool)
    signal = np.broadcast_to(np.arange(grid.shape[-1]) % 3, valid.shape).astype(np.int64)
    _check_drawing(masking, Units(grid, valid, valid, valid, plain=True), dict.fromkeys(given, signal))


def _parts(fill: Any) -> Iterator[Any]:
    """A fill and those that it is a mix of."""
    yield fill
    for part, _ in getattr(fill, "parts", ()):
        yield from _parts(part)


def _check_drawing(masking: Masking, units: Units, given: Mapping[str, Array] | None = None) -> None:
    pattern, name, grid = masking.pattern, type(masking.pattern).__name__, units.grid
    text = grid.axes[0] in UNITS
    cells = f"{grid.size} {f'{grid.axes[0]}s' if text else 'cells'}"
    facts = given or {}
    needed = [name for name in getattr(pattern, "signals", ()) if name not in facts]
    if needed:
        each = grid.axes[0] if text else "cell"
        raise ConfigError(f"masking.pattern: {name} needs {', '.join(needed)} per {each}, which a run cannot give.")
    if not fits(pattern, grid):
        what = f"text, which has the one axis {grid.axes[0]!r}" if text else f"the axes {', '.join(grid.axes)}"
        raise ConfigError(f"masking.pattern: {name} is not for {what}.")
    try:
        draw_mask(masking, units, Rng.from_ids(np.arange(2)), 0.0, facts)
    except Exception as error:
        raise ConfigError(f"masking: tried on {cells} it fails: {type(error).__name__}: {error}") from error
