"""Several fills, each for a share of the hidden units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array
from maskwright.errors import ConfigError
from maskwright.fills.keep import Keep
from maskwright.rng import Rng


@dataclass(frozen=True)
class Mix:
    """Fill each hidden unit by one of several fills, chosen by ONE draw per unit.

    BERT's 80/10/10 is `Mix.bert()`, in YAML `{mix: {mask-token: 0.8, random-token: 0.1, keep: 0.1}}`. All cells of a
    unit (the pieces of a word) get the same fill.

    Args:
        parts: (fill, share) pairs; the shares are positive and sum to 1.

    Raises:
        ConfigError: shares that do not sum to 1, or a part that changes the shape, such as `drop`.

    >>> [share for fill, share in Mix.bert().parts]
    [0.8, 0.1, 0.1]
    """

    parts: tuple[tuple[Any, float], ...]

    def __post_init__(self):
        shares = [share for _, share in self.parts]
        if not shares or any(share <= 0 for share in shares) or not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
            raise ConfigError(f"mix: expected positive shares that sum to 1, given {shares}.")
        if any(getattr(fill, "changes_shape", False) for fill, _ in self.parts):
            raise ConfigError("mix: a fill that changes the shape (drop, sentinel) cannot be a part of a mix.")

    @property
    def numeric(self) -> bool:
        """Whether a part puts numbers into cells."""
        return any(getattr(fill, "numeric", False) for fill, _ in self.parts)

    @property
    def facts(self) -> tuple[str, ...]:
        """What the parts take by name."""
        return tuple(dict.fromkeys(name for fill, _ in self.parts for name in getattr(fill, "facts", ())))

    @classmethod
    def bert(cls) -> Mix:
        """80 % mask token, 10 % random token, 10 % kept (Devlin et al. 2019)."""
        return cls.from_parameters({"mask-token": 0.8, "random-token": 0.1, "keep": 0.1})

    @classmethod
    def from_parameters(cls, parameters: Any) -> Mix:
        """Build from `{fill: share}`, or from a list of [fill node, share] where a fill has parameters of its own."""
        from maskwright.fills import from_node

        pairs = list(parameters.items()) if isinstance(parameters, Mapping) else parameters
        if not isinstance(pairs, list | tuple) or not all(isinstance(p, list | tuple) and len(p) == 2 for p in pairs):
            raise ConfigError(f"mix: expected {{fill: share, ...}}, given {parameters!r}.")
        for _, share in pairs:
            if isinstance(share, bool) or not isinstance(share, int | float):
                raise ConfigError(f"mix: a share is a number from 0 to 1, given {share!r}.")
        return cls(tuple((from_node(fill), float(share)) for fill, share in pairs))

    def to_parameters(self) -> list[list[Any]]:
        """The YAML form."""
        from maskwright.strategy import to_node

        return [[to_node(fill), share] for fill, share in self.parts]

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return new values; with the fact `groups` the draw is per unit, without it per cell."""
        from maskwright.fills import replace_hidden

        groups = facts.get("groups")
        mixed = rng.child("mix")
        draw = (mixed.bits_at(groups) if groups is not None else mixed.bits(*mask.shape[1:])) >> 7
        out = Keep()(x, mask, valid=valid, rng=rng)
        for fill, low, high in self._chances():
            part = mask & (draw >= low) & (draw < high)
            # What the other parts hide is no more to be seen, by a mean say, than what this one hides.
            seen = (valid & ~mask) | part if self.numeric else valid
            out = replace_hidden(fill, out, part, valid=seen, rng=mixed, **facts)
        return out

    def put(
        self, out: np.ndarray, flat: np.ndarray, *, rng: Rng, shape: tuple[int, ...], groups: Any, **facts: Any
    ) -> None:
        """Write the hidden cells of a flat copy; see `maskwright.fills`."""
        mixed = rng.child("mix")  # parts draw from it too, so that a mix in a mix draws anew
        cells = mixed.at_cells(flat, shape)
        draw = (cells.bits(1) if groups is None else cells.bits_at(groups.take(flat)[:, None]))[:, 0] >> 7
        for fill, low, high in self._chances():
            part: Any = fill
            chosen = flat[draw < high] if not low else flat[(draw >= low) & (draw < high)]
            part.put(out, chosen, rng=mixed, shape=shape, groups=groups, **facts)

    def ends(self) -> list[int]:
        """Up to which draw, of 2**24, each part is chosen."""
        ends = [round(math.fsum(share for _, share in self.parts[: n + 1]) * (1 << 24)) for n in range(len(self.parts))]
        ends[-1] = 1 << 24
        return ends

    def _chances(self) -> list[tuple[Any, int, int]]:
        """Fill, and from which draw on and up to which it is chosen; those that change nothing are left out."""
        ends = self.ends()
        bounds = zip(self.parts, [0, *ends], ends, strict=False)
        return [(fill, low, high) for (fill, _), low, high in bounds if not isinstance(fill, Keep)]
