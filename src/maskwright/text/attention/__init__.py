"""Which positions may look at which: attention masks as values, one rule a file, found by file name.

A rule answers `rule.hides(b, h, q, k, facts)`: does query position q of example b, head h, NOT see key position k? The
arguments are integer index arrays that broadcast together, so that one rule is a dense array, a FlexAttention mask and
a test. As everywhere in this library True = hidden; what PyTorch and Transformers take has the other polarity (True =
may attend) and comes from `AttentionMask.sdpa`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from maskwright import strategy
from maskwright.backend.arrays import Array, arange, is_torch, namespace, to_dtype
from maskwright.errors import MaskingError
from maskwright.rng import Rng
from maskwright.strategy import check, parts
from maskwright.strategy.traits import collect, trait


@dataclass(frozen=True, eq=False)
class Facts:
    """What rules look at.

    Attributes:
        attended: [B, L] bool, False for padding.
        documents: [B, L] integers, the document of each position of a packed row; None if rows are not packed.
        rng: of the examples, for rules that draw; None otherwise.
        heads: how many heads draw for themselves.
    """

    attended: Array
    documents: Array | None = None
    rng: Rng | None = None
    heads: int = 1


_GIVE = {
    "rng": "rng=Rng.from_ids(example_ids, seed=..., epoch=...)",
    "documents": "documents=packed.documents, [B, L], of packed = pack(batch)",
}


@dataclass(frozen=True)
class RuleTraits:
    """What a rule declares about itself.

    Attributes:
        needs: the facts without which it cannot hide anything: `documents`, `rng`.
    """

    needs: tuple[str, ...] = trait((), tuple)


class Rule(Protocol):
    """The shape of a rule."""

    def hides(self, b: Array, h: Array, q: Array, k: Array, facts: Any) -> Array:
        """Return bool, True where query q of example b and head h does not see key k."""
        ...


def names() -> tuple[str, ...]:
    """The names of all rules.

    >>> "causal" in names()
    True
    """
    return strategy.names(__name__)


@dataclass(frozen=True)
class AttentionMask:
    """What is hidden from a position: whatever any of the rules hides.

    Args:
        rules: values, or what YAML takes: `["padding", {"sliding-window": 64}]`.

    A position from which everything would be hidden (padding) sees itself, because a softmax over nothing is NaN; what
    it computes is not used by any other.

    >>> import numpy as np
    >>> mask = AttentionMask(["causal", "padding"])
    >>> mask.hidden(np.array([[True, True, False]]))[0, 0].astype(int)
    array([[0, 1, 1],
           [0, 0, 1],
           [0, 0, 1]])
    """

    rules: Sequence[Any] = parts(__name__)

    def __post_init__(self):
        check(self)

    @classmethod
    def from_dict(cls, node: Sequence[Any]) -> AttentionMask:
        """Build from a YAML list of rules."""
        return cls(tuple(node))

    def to_dict(self) -> list[Any]:
        """The YAML list; `from_dict` gives back an equal value."""
        return [strategy.to_node(rule) for rule in self.rules]

    def hidden(self, attended: Array, *, heads: int = 1, **facts: Any) -> Array:
        """[B, heads, L, L] bool, True = the query (third axis) does not see the key (fourth).

        Args:
            attended: [B, L] bool, False for padding; NumPy or torch.
            heads: how many heads draw for themselves; 1 serves all heads.
            **facts: `documents` [B, L] for packed rows, `rng` for rules that draw; see `Facts`.

        Raises:
            MaskingError: a fact that a rule needs is missing.
        """
        about = self._facts(attended, heads, facts)
        examples, length = attended.shape
        along = [(examples, 0), (heads, 1), (length, 2), (length, 3)]
        b, h, q, k = (arange(n, attended).reshape([-1 if a == axis else 1 for a in range(4)]) for n, axis in along)
        hidden = (b + h + q + k) < 0
        for rule in self.rules:
            hidden = hidden | rule.hides(b, h, q, k, about)
        nothing = namespace(hidden).all(hidden, axis=-1, keepdims=True)
        return hidden & ~(nothing & (q == k))

    def sdpa(self, attended: Array, *, heads: int = 1, **facts: Any) -> Array:
        """[B, heads, L, L] bool, True = MAY attend: `attention_mask=` of Transformers and torch's SDPA."""
        return ~self.hidden(attended, heads=heads, **facts)

    def additive(self, attended: Array, dtype: Any, *, heads: int = 1, **facts: Any) -> Any:
        """[B, heads, L, L] torch tensor to add to scores: 0 where visible, the dtype's lowest number where hidden."""
        import torch

        hidden = torch.as_tensor(self.hidden(attended, heads=heads, **facts))
        return torch.zeros(hidden.shape, dtype=dtype, device=hidden.device).masked_fill_(hidden, torch.finfo(dtype).min)

    def block_mask(self, attended: Any, *, heads: int | None = None, **facts: Any) -> Any:
        """A `BlockMask` for torch's FlexAttention; make it once per batch, building it is not free.

        Args:
            attended: [B, L] torch bool.
            heads: None shares one mask over all heads.
            **facts: as for `hidden`.
        """
        from torch.nn.attention.flex_attention import create_block_mask

        about = self._facts(attended, heads or 1, facts)
        examples, length = attended.shape
        rules = self.rules

        def may_attend(b: Any, h: Any, q: Any, k: Any) -> Any:
            hidden = rules[0].hides(b, h, q, k, about)
            for rule in rules[1:]:
                hidden = hidden | rule.hides(b, h, q, k, about)
            return ~hidden

        return create_block_mask(may_attend, examples, heads, length, length, device=attended.device)

    def _facts(self, attended: Array, heads: int, facts: Mapping[str, Any]) -> Facts:
        if attended.ndim != 2:
            raise MaskingError(f"attended: expected [B, L], given shape {tuple(attended.shape)}.")
        unknown = set(facts) - {"documents", "rng"}
        if unknown:
            raise MaskingError(f"attention masks take documents and rng, not '{min(unknown)}'.")
        about = Facts(to_dtype(attended, "bool"), **facts, heads=heads)
        for rule in self.rules:
            for name in collect(RuleTraits, rule).needs:
                if getattr(about, name) is None:
                    raise MaskingError(f"attention rule {strategy.to_node(rule)!r}: give {_GIVE[name]}.")
        if about.rng is not None:
            _check_rng(about.rng, attended)
        if about.documents is not None and tuple(about.documents.shape) != tuple(attended.shape):
            shape = tuple(about.documents.shape)
            raise MaskingError(f"documents: expected shape {tuple(attended.shape)}, given {shape}.")
        return about


def _check_rng(rng: Any, attended: Array) -> None:
    if not isinstance(rng, Rng):
        raise MaskingError(f"rng: expected {_GIVE['rng'].removeprefix('rng=')}, given {type(rng).__name__}.")
    if is_torch(rng.keys) != is_torch(attended):
        kind = "a torch tensor" if is_torch(attended) else "NumPy"
        raise MaskingError(f"rng: attended is {kind}, the random numbers are not; make them from such example_ids.")
