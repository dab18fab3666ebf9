"""Several fills, each for a share of the hidden units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from maskwright.backend.arrays import Array
from maskwright.errors import ConfigError
from maskwright.fills import traits
from maskwright.rng import Rng
from maskwright.strategy import check, weighted


@dataclass(frozen=True)
class Mix:
    """Fill each hidden unit by one of several fills, chosen by ONE draw per unit.

    BERT's 80/10/10 is `Mix.bert()`, in YAML `{mix: {mask-token: 0.8, random-token: 0.1, keep: 0.1}}`. All cells of a
    unit (the pieces of a word) get the same fill.

    Args:
        parts: (fill, share) pairs, or `{fill: share}`; the shares are positive and sum to 1.

    Raises:
        ConfigError: shares that do not sum to 1, or a part that changes the shape, such as `drop`.

    >>> [share for fill, share in Mix.bert().parts]
    [0.8, 0.1, 0.1]
    """

    parts: Any = weighted("maskwright.fills")

    def __post_init__(self):
        check(self)
        object.__setattr__(self, "parts", tuple((fill, float(share)) for fill, share in self.parts))
        shares = [share for _, share in self.parts]
        if not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
            raise ConfigError(f"mix: expected positive shares that sum to 1, given {shares}.")
        if any(traits(fill).changes_shape for fill in self.inner):
            raise ConfigError("mix: a fill that changes the shape (drop, sentinel) cannot be a part of a mix.")

    @property
    def inner(self) -> tuple[Any, ...]:
        """The fills it is made of."""
        return tuple(fill for fill, _ in self.parts)

    @property
    def choices(self) -> tuple[tuple[Any, int], ...]:
        """(fill, up to which draw of 2**24 it is chosen)."""
        ends = [round(math.fsum(share for _, share in self.parts[: n + 1]) * (1 << 24)) for n in range(len(self.parts))]
        return tuple(zip(self.inner, [*ends[:-1], 1 << 24], strict=True))

    @classmethod
    def bert(cls) -> Mix:
        """80 % mask token, 10 % random token, 10 % kept (Devlin et al. 2019)."""
        return cls({"mask-token": 0.8, "random-token": 0.1, "keep": 0.1})

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return new values; with the fact `groups` the draw is per unit, without it per cell."""
        groups, numeric = facts.get("groups"), traits(self).numeric
        mixed = rng.child("mix")  # parts draw from it too, so that a mix in a mix draws anew
        draw = (mixed.bits_at(groups) if groups is not None else mixed.bits(*mask.shape[1:])) >> 7
        out, low = x, 0
        for fill, high in self.choices:
            part = mask & (draw >= low) & (draw < high)
            # What the other parts hide is no more to be seen, by a mean say, than what this one hides.
            seen = (valid & ~mask) | part if numeric else valid
            out = fill(out, part, valid=seen, rng=mixed, **facts)
            low = high
        return out
