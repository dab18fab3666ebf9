"""Inputs of several modalities under one budget.

>>> import numpy as np
>>> from maskwright import Grid
>>> node = {"pattern": "iid", "fill": "zero"}
>>> both = PerModality({"image": node, "depth": node}, budget=0.75)
>>> batches = {name: np.ones((2, 4, 4)) for name in ("image", "depth")}
>>> facts = {name: {"grid": Grid(row=4, col=4)} for name in batches}
>>> out = both(batches, example_ids=[0, 1], facts=facts)
>>> (out["image"].count + out["depth"].count).tolist()
[24, 24]
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from maskwright import budgets, patterns
from maskwright.backend.arrays import Array, beside, like, namespace, to_dtype
from maskwright.engine.batches import checked
from maskwright.engine.corrupt import Corrupted
from maskwright.errors import ConfigError, MaskingError, did_you_mean
from maskwright.geometry.shares import TABLE_BITS, even_shares, gamma_quantiles, weighted_shares
from maskwright.masking import Masking
from maskwright.rng import Moment, Rng, below
from maskwright.strategy import check, number, read, to_node

PROPORTIONAL = "proportional"


@dataclass(frozen=True)
class PerModality:
    """One masking per modality, with one budget over the units of all of them together.

    What stays visible is shared out by a Dirichlet draw per example: with a concentration of 1 every division is as
    likely as any other, a small one leaves nearly everything to one modality, a large one divides evenly, and unequal
    ones prefer some modalities. A modality takes at most what it has; the rest goes to the others in proportion. The
    number hidden in total is exactly what the budget says, with the same divisions on NumPy and torch.

    When it helps: a model of several inputs that is to work from any part of them. When not: one modality is always
    there at use time; mask the others by themselves.

    Source: symmetric, Bachmann et al. 2022, MultiMAE (arXiv:2204.01678); asymmetric, Mizrahi et al. 2023, 4M
    (arXiv:2312.06647).

    Args:
        modalities: name -> masking, or its YAML node without a budget. A budget of its own is replaced by the shared
            one. Tubes, words and the like count as units here too.
        budget: over all units together, for example `0.75`.
        concentration: of the Dirichlet, 0.01 to 100, one for all, or name -> number. `proportional` draws no shares:
            the same share of every modality is hidden, up to whole units, and on average exactly.
        whole_share: in this share of the examples one modality, any of those that have units, is hidden whole instead,
            and the others are left whole; examples with fewer than two are not among them.

    Raises:
        ConfigError: fewer than two modalities, a pattern that sets its own count, a clean share in a part.
    """

    modalities: Any
    budget: Any
    concentration: Any = 1.0
    whole_share: float = number(0.0, 0.0, 1.0, "share of examples")

    def __post_init__(self):
        check(self)
        pairs = tuple(self.modalities.items()) if isinstance(self.modalities, Mapping) else self.modalities
        if self.budget is None or not isinstance(pairs, Sequence) or len(pairs) < 2:
            raise ConfigError("modalities: expected two or more, name: masking, and a budget over all of them.")
        object.__setattr__(self, "budget", read("maskwright.budgets", self.budget, "modalities.budget"))
        # In order of their names, so that the order of a YAML file changes no draw.
        parts = tuple((name, self._part(name, node)) for name, node in sorted(pairs, key=lambda pair: pair[0]))
        object.__setattr__(self, "modalities", parts)
        level = self.concentration
        if level == PROPORTIONAL:
            return
        each = level.items() if isinstance(level, Mapping) else [(name, level) for name in self.names]
        levels = dict(level if isinstance(level, tuple) else each)
        if set(levels) != set(self.names) or not all(_is_level(value) for value in levels.values()):
            raise ConfigError(
                f"modalities.concentration: expected a number from 0.01 to 100, one for each of "
                f"{', '.join(self.names)}, or {PROPORTIONAL}, given {level!r}."
            )
        object.__setattr__(self, "concentration", tuple((name, float(levels[name])) for name in self.names))

    def _part(self, name: str, node: Any) -> Masking:
        if isinstance(node, Masking):
            masking = dataclasses.replace(node, budget=self.budget)
        else:
            masking = Masking.from_dict({**node, "budget": self.budget} if isinstance(node, Mapping) else node)
            masking = dataclasses.replace(masking, budget=self.budget)
        if patterns.traits(masking.pattern).sets_own_count or masking.clean_share:
            raise ConfigError(
                f"modalities.{name}: the shared budget decides how much is hidden; expected a pattern that takes a "
                "count, and no clean_share."
            )
        return masking

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities, in alphabetical order."""
        return tuple(name for name, _ in self.modalities)

    @classmethod
    def from_dict(cls, node: Mapping[str, Any]) -> PerModality:
        """Build from a YAML node: a mapping with the fields above.

        Raises:
            ConfigError: unknown keys (with the nearest known), values out of range.
        """
        keys = [field.name for field in dataclasses.fields(cls)]
        for key in node:
            if key not in keys:
                raise ConfigError(f"modalities: unknown key '{key}'. {did_you_mean(str(key), keys)}")
        return cls(**{"modalities": {}, "budget": None, **node})

    def to_dict(self) -> dict[str, Any]:
        """The YAML node; `from_dict` gives back an equal value."""
        parts = {name: masking.to_dict() for name, masking in self.modalities}
        kept = ("pattern", "fill", "unit")
        return {
            "modalities": {name: {key: node[key] for key in kept} for name, node in parts.items()},
            "budget": to_node(self.budget),
            "concentration": self.concentration if self.concentration == PROPORTIONAL else dict(self.concentration),
            "whole_share": self.whole_share,
        }

    def __call__(
        self,
        batches: Mapping[str, Any],
        *,
        example_ids: Array | Sequence[int],
        facts: Mapping[str, Mapping[str, Any]] | None = None,
        seed: int = 0,
        epoch: int = 0,
        progress: float = 0.0,
    ) -> dict[str, Corrupted]:
        """Hide parts of a batch.

        Args:
            batches: name -> batch, as `Masking` takes them; all of the same examples, on one back end.
            example_ids: [B] whole numbers that name the examples.
            facts: name -> what that masking needs besides (`grid`, `vocabulary`, `valid`, ...).
            seed: of the run.
            epoch: pass over the data; another one, another mask.
            progress: share of training done, for schedules.

        Returns:
            name -> Corrupted.

        Raises:
            MaskingError: modalities missing or unknown, arrays that do not fit together.
        """
        if set(batches) != set(self.names):
            raise MaskingError(f"modalities: expected {', '.join(self.names)}, given {', '.join(map(str, batches))}.")
        facts = facts or {}
        moment = Moment(seed, epoch, progress)
        units = [_countable(masking, batches[name], facts.get(name, {})) for name, masking in self.modalities]
        sizes = [int(n.shape[0]) for n in units]
        if len(set(sizes)) > 1:
            raise MaskingError(f"modalities: batches of {sizes} examples; expected the same.")
        rng = Rng.of_batch(example_ids, units[0], moment).child("modalities")
        counts = self.share_out(namespace(units[0]).stack(units, axis=1), rng, progress)
        law, out = budgets.traits(self.budget).weights, {}
        attached = None if law is None else law(rng=rng.child("budget"), progress=progress)
        for place, (name, masking) in enumerate(self.modalities):
            shared = dataclasses.replace(masking, budget=_Shared(counts[:, place], attached))
            own = dataclasses.replace(moment, seed=moment.seed ^ _constant(name))
            out[name] = shared(batches[name], example_ids=example_ids, moment=own, **facts.get(name, {}))
        return out

    def share_out(self, units: Array, rng: Rng, progress: float = 0.0) -> Array:
        """How many units to hide in each modality.

        Args:
            units: [B, modalities] int64, how many there are.
            rng: of the examples.
            progress: share of training done.

        Returns:
            [B, modalities] int64; each row sums to the budget's count.
        """
        xp = namespace(units)
        n = units.sum(1)
        visible = n - self.budget(n, rng=rng.child("budget"), progress=progress)
        if self.concentration == PROPORTIONAL:
            counts = units - even_shares(visible, units, rng.child("rounding").draw())
        else:
            bits = rng.child("shares").bits(units.shape[1]) >> (31 - TABLE_BITS)
            levels = [level for _, level in self.concentration]
            weights = xp.stack(
                [like(gamma_quantiles(a), units)[to_dtype(bits[:, i], "int64")] for i, a in enumerate(levels)], axis=1
            )
            counts = units - weighted_shares(visible, weights, units)
        if not self.whole_share:
            return counts
        present = to_dtype(units > 0, "int64")
        several = present.sum(1)
        chosen = below(rng.child("which").draw(), several, 24) + 1
        only = (xp.cumulative_sum(present, axis=1) == chosen[:, None]) & (units > 0)
        whole = (rng.child("whole").draw() < round(self.whole_share * (1 << 24))) & (several > 1)
        return xp.where(whole[:, None], xp.where(only, units, 0), counts)


def of_node(node: Mapping[str, Any], key: str) -> Any:
    """`fill` or `unit` of a masking's YAML node; name -> it where there is one masking per modality."""
    parts = node.get("modalities")
    return node[key] if parts is None else {name: part[key] for name, part in parts.items()}


def _countable(masking: Masking, batch: Any, facts: Mapping[str, Any]) -> Array:
    """[B] int64, how many of the things that a masking counts each example has."""
    units = checked(masking, batch, facts).units(masking.unit)
    return patterns.traits(masking.pattern).countable(units.grid, units.valid)


@dataclass(frozen=True, eq=False)
class _Shared:
    """The part of a budget that falls to one modality, made beforehand.

    Attributes:
        count: [B] int64.
        attached: [B] float64, the weights that the law of the budget gives to the examples; None where it gives none.
    """

    count: Array
    attached: Array | None

    @property
    def weights(self) -> Any:
        """A trait of budgets."""
        return None if self.attached is None else self._weights

    def _weights(self, *, rng: Rng, progress: float) -> Array | None:
        del rng, progress
        return self.attached

    def __call__(self, n_valid: Array, *, rng: Rng, progress: float) -> Array:
        return beside(self.count, n_valid)


@cache
def _constant(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=7).digest(), "little")


def _is_level(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.01 <= value <= 100
