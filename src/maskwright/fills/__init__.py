"""What to put into hidden cells: one fill a file, found by file name.

A fill is called with values and a mask and returns new values: `fill(x, mask, valid=valid, rng=rng) -> x'`. `x` is
[B, ...], `mask` and `valid` bool arrays that broadcast against it. The arrays given are never written to. More facts
may come by keyword, and a fill that does not need them ignores them: `groups` [B, L], the unit of each cell; `places`
[B, L], the place of each cell counted from the first of its text, where that is not its column; and `vocabulary`, the
facts about token ids. What else there is to know of a fill it declares by class attributes, properties and methods;
`FillTraits` lists what there is to declare.

The fills are attributes of this package, by class name: `maskwright.fills.Zero`, `maskwright.fills.Mix`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from maskwright import strategy
from maskwright.backend.arrays import Array
from maskwright.errors import ConfigError
from maskwright.rng import Rng
from maskwright.strategy.traits import collect, trait, union


class Fill(Protocol):
    """The shape of a fill."""

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return `x` with the hidden cells replaced; same shape and dtype (except `drop`)."""
        ...


@dataclass(frozen=True)
class FillTraits:
    """What a fill declares about itself; `traits(fill)` collects it.

    Attributes:
        inner: the fills it is made of. What it does not declare itself then follows from theirs.
        numeric: it puts numbers into cells and is no fill for text.
        for_tokens: it puts tokens into cells and is no fill for numbers.
        facts: what it takes by keyword from a masking's caller, such as `pool`.
        from_others: it takes values from other examples.
        computes: it works in floating-point numbers.
        keeps: hidden values come out as they are, all of them or some.
        changes_shape: it returns another shape.
        removes: hidden cells are taken out, and what is left moves together.
        adds_channel: it appends a channel that says what is hidden.
        in_model: name of the way in which vision models do it themselves, on patches (see
            `maskwright.vision.patch_tokens`); empty if they cannot.
        marks_runs: every run of neighbouring hidden tokens becomes one marker: `numbered`, or `single`, the same for
            all; empty for fills that mark none.
        token: `token(vocabulary) -> int`, the token that goes into every hidden cell; or a code of
            `maskwright.backend.codes`: RANDOM, an ordinary token for each, drawn for the purpose `random token`; KEPT.
        choices: (fill, up to which draw of 2**24 it is chosen) of a fill that chooses one of others for each unit, by a
            draw for the purpose `mix`.
        shorten: `shorten(batch, hidden, attended, vocabulary) -> batch`, of a fill that makes texts shorter: the batch
            with all its columns shortened alike.
        one_value: it puts the same value into every hidden cell, whatever the input.
        own_mean: it puts in the mean of the example's own visible cells, for each channel.
        needs_mask_token: it puts the tokenizer's mask token into hidden cells, all of them or some.
    """

    inner: tuple[Any, ...] = trait((), tuple)
    numeric: bool = trait(False, bool, parts=any)
    for_tokens: bool = trait(False, bool, parts=any)
    facts: tuple[str, ...] = trait((), tuple, parts=union)
    from_others: bool = trait(False, bool, parts=any)
    computes: bool = trait(False, bool, parts=any)
    keeps: bool = trait(False, bool, parts=any)
    changes_shape: bool = trait(False, bool, parts=any)
    removes: bool = trait(False, bool, parts=any)
    adds_channel: bool = trait(False, bool, parts=any)
    in_model: str = trait("", str)
    marks_runs: str = trait("", str)
    token: Callable[[Any], int] | None = trait(None, formerly="put")
    choices: tuple[tuple[Any, int], ...] = trait((), tuple)
    shorten: Callable[..., dict[str, Any]] | None = trait(None, formerly="tokens")
    one_value: bool = trait(False, bool)
    own_mean: bool = trait(False, bool)
    needs_mask_token: bool = trait(False, bool, parts=any)

    @cached_property
    def puts_tokens(self) -> bool:
        """Whether a token goes into each hidden place, whatever the others hold."""
        choices = bool(self.choices) and all(traits(part).puts_tokens for part, _ in self.choices)
        return self.token is not None or choices


def traits(fill: Fill) -> FillTraits:
    """What a fill declares about itself, checked.

    Raises:
        ConfigError: a trait of another type, or a name that is nearly that of a trait.

    >>> traits(from_node({"mix": {"zero": 0.5, "swap": 0.5}})).facts
    ('pool',)
    """
    return collect(FillTraits, fill)


def names() -> tuple[str, ...]:
    """The names of all fills."""
    return strategy.names(__name__)


def from_node(node: Any) -> Fill:
    """Build a fill from its YAML node; a plain number is a `constant`.

    >>> from_node("mask-token"), from_node(0)
    (MaskToken(), Constant(value=0))
    """
    return strategy.from_node(__name__, node)


def check_for_tokens(fill: Fill) -> None:
    """Refuse fills that put numbers into cells, for text: the number 0 is the name of some token, not nothing.

    Raises:
        ConfigError: `zero`, `constant` or `mean`, alone or in a mix.
    """
    if traits(fill).numeric:
        name = type(fill).__name__.lower()
        raise ConfigError(
            f"fill: {name} puts numbers into cells, and the numbers of a text are names of tokens. "
            "Use mask-token, random-token, keep, drop, or a mix of the first three."
        )


def __getattr__(name: str) -> Any:
    return strategy.member(__name__, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *map(strategy.class_name, names())])
