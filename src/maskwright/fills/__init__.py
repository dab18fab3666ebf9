"""What to put into hidden cells: one fill a file, found by file name.

A fill is called with values and a mask and returns new values: `fill(x, mask, valid=valid, rng=rng) -> x'`. `x` is
[B, ...], `mask` and `valid` bool arrays that broadcast against it. The arrays given are never written to. Two more
facts may come by keyword, and a fill that does not need them ignores them: `groups` [B, L], the unit of each cell,
and `vocabulary`, the facts about token ids. What else a fill may declare:

- `put(out, flat, *, rng, shape, groups, **facts)`: for a fill that looks at no other cell; writes the hidden cells of
  a flat NumPy copy in place. `flat` are their places, `rng.at_cells(flat, shape)` their draws, `groups` the flat units
  (None: each cell is its own).
- `numeric = True`: it puts numbers into cells and is no fill for text.
- `changes_shape = True`: it returns another shape; where it makes texts shorter, `tokens(batch, hidden, attended,
  vocabulary)` returns the batch with all its columns shortened alike.
- `facts = ("pool",)`: what else it takes by keyword from a masking's caller.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from maskwright.backend.arrays import Array, is_torch
from maskwright.errors import ConfigError
from maskwright.rng import Rng


class Fill(Protocol):
    """The shape of a fill."""

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return `x` with the hidden cells replaced; same shape and dtype (except `drop`)."""
        ...


_SMALL = 8192
"""Cells below which gathering the hidden ones costs more than it saves."""


def names() -> tuple[str, ...]:
    """The names of all fills."""
    from maskwright import strategy

    return strategy.names(__name__)


def from_node(node: Any) -> Fill:
    """Build a fill from its YAML node; a plain number is a `constant`.

    >>> from_node("mask-token"), from_node(0)
    (MaskToken(), Constant(value=0))
    """
    from maskwright import strategy

    if isinstance(node, int | float) and not isinstance(node, bool):
        node = {"constant": node}
    return strategy.from_node(__name__, node)


def check_for_tokens(fill: Fill) -> None:
    """Refuse fills that put numbers into cells, for text: the number 0 is the name of some token, not nothing.

    Raises:
        ConfigError: `zero`, `constant` or `mean`, alone or in a mix.
    """
    if getattr(fill, "numeric", False):
        name = type(fill).__name__.lower()
        raise ConfigError(
            f"fill: {name} puts numbers into cells, and the numbers of a text are names of tokens. "
            "Use mask-token, random-token, keep, drop, or a mix of the first three."
        )


def by_places(fill: Fill) -> bool:
    """Whether a fill looks at no other cell, so that it can write hidden cells in place: it has `put`, as do its parts.

    >>> by_places(from_node("mask-token")), by_places(from_node("mean"))
    (True, False)
    """
    return hasattr(fill, "put") and all(by_places(part) for part, _ in getattr(fill, "parts", ()))


@lru_cache(maxsize=64)
def token_choices(fill: Fill, mask_id: int | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Up to which draw (of 2**24) a fill puts which token; -1 is a random ordinary one, -2 the one that is there.

    Two arrays of int64, as a kernel takes them. None for a fill that is more than the mask token, random tokens, keep,
    or a mix of them.
    """
    from maskwright.fills.keep import Keep
    from maskwright.fills.mask_token import MaskToken
    from maskwright.fills.mix import Mix
    from maskwright.fills.random_token import RandomToken

    known: dict[type, int | None] = {MaskToken: mask_id, RandomToken: -1, Keep: -2}
    parts = [part for part, _ in fill.parts] if type(fill) is Mix else [fill]
    ends = fill.ends() if type(fill) is Mix else [1 << 24]
    tokens = [known.get(type(part)) for part in parts]
    return None if None in tokens else (np.array(ends, dtype=np.int64), np.array(tokens, dtype=np.int64))


def replace_hidden(
    fill: Fill, x: Array, mask: Array, *, rng: Rng, flat: np.ndarray | None = None, **facts: Any
) -> Array:
    """`where(mask, fill, x)`; on NumPy, fills that look at no other cell write the hidden cells only.

    Args:
        fill: what to put there.
        x: [B, ...] values.
        mask: bool, broadcastable against `x`.
        rng: of the examples.
        flat: where the caller knows them, the flat places that the mask hides.
        **facts: see above.
    """
    sparse = flat is not None or x.shape[0] * x.shape[-1] >= _SMALL
    if not sparse or is_torch(x) or mask.shape != x.shape or facts.get("places") is not None or not by_places(fill):
        return fill(x, mask, rng=rng, **facts)
    flat = np.flatnonzero(mask) if flat is None else flat
    put: Any = getattr(fill, "put", None)
    groups = facts.pop("groups", None)
    # Groups that are the same for all examples are the places, which the draws know already.
    groups = None if groups is None or groups.shape[0] != x.shape[0] else groups.reshape(-1)
    out = x.copy()
    put(out.reshape(-1), flat, rng=rng, shape=x.shape[1:], groups=groups, **facts)
    return out
