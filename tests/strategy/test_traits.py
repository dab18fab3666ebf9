"""Traits: declared by class attributes, properties and methods, collected and checked in one place."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import maskwright as mw
from maskwright import budgets, fills, patterns, strategy

FAMILIES = {patterns: patterns.PatternTraits, budgets: budgets.BudgetTraits, fills: fills.FillTraits}


@dataclass(frozen=True)
class Plain:
    """A pattern that declares nothing."""

    def __call__(self, grid, count, *, valid, rng, **signals):
        return valid & False


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_every_trait_is_documented_and_has_a_default(family):
    kind = FAMILIES[family]
    assert kind() == kind(), "what holds for a strategy that says nothing"
    for field in dataclasses.fields(kind):
        assert f"        {field.name}:" in kind.__doc__, field.name


def test_a_strategy_that_declares_nothing_has_the_defaults():
    assert patterns.traits(Plain()) == patterns.PatternTraits()
    assert patterns.traits(lambda grid, count, *, valid, rng: valid) == patterns.PatternTraits()
    assert budgets.traits(None) == budgets.BudgetTraits()


def declaring(**attributes):
    return dataclass(frozen=True)(type("Own", (Plain,), attributes))()


@pytest.mark.parametrize(
    ("family", "attributes", "message"),
    [
        (patterns, {"sets_own_count": 1}, "Own.sets_own_count: expected True or False, given 1"),
        (patterns, {"approximate": True}, "Own.approximate: expected a sentence, given True"),
        (patterns, {"biased": None}, "Own.biased: expected a sentence, given None"),
        (patterns, {"signals": "scores"}, "Own.signals: expected a tuple, given 'scores'"),
        (patterns, {"bundles": 3}, "Own.bundles: expected a method, given 3"),
        (patterns, {"fits": False}, "Own.fits: expected a method, given False"),
        (budgets, {"steps": 0.5}, "Own.steps: expected a whole number, given 0.5"),
        (budgets, {"steps": True}, "Own.steps: expected a whole number, given True"),
        (budgets, {"share": "30 %"}, "Own.share: expected a number, given '30 %'"),
        (fills, {"facts": "pool"}, "Own.facts: expected a tuple, given 'pool'"),
        (fills, {"token": 5}, "Own.token: expected a method, given 5"),
        (
            patterns,
            {"set_own_count": True},
            "Own.set_own_count: there is no such trait. Did you mean 'sets_own_count'?",
        ),
        (patterns, {"signal": ("scores",)}, "Own.signal: there is no such trait. Did you mean 'signals'?"),
        (patterns, {"independant": property(lambda self: True)}, "Did you mean 'independent'?"),
        (budgets, {"move": True}, "Own.move: there is no such trait. Did you mean 'moves'?"),
        (fills, {"change_shape": True}, "Own.change_shape: there is no such trait. Did you mean 'changes_shape'?"),
        (patterns, {"units": lambda self, grid, cells: cells}, "Own.units: this trait is called 'bundles' now."),
        (fills, {"tokens": lambda self: None}, "Own.tokens: this trait is called 'shorten' now."),
        (fills, {"put": lambda self: None}, "Own.put: this trait is called 'token' now."),
    ],
)
def test_what_is_declared_wrongly_is_refused(family, attributes, message):
    with pytest.raises(mw.ConfigError) as caught:
        family.traits(declaring(**attributes))
    assert message in str(caught.value)


def test_it_is_refused_when_the_masking_is_made():
    with pytest.raises(mw.ConfigError, match="expected a tuple"):
        mw.Masking(declaring(signals="scores"), 0.3, "zero")


def test_names_that_only_resemble_a_trait_are_left_alone():
    own = declaring(draw=lambda self: 1, unit="cell", cells=3, _signal=("x",), fit=2)
    assert patterns.traits(own) == patterns.PatternTraits(), "a method is no flag, and what is private is private"


@dataclass(frozen=True)
class Parameter:
    """A pattern with a parameter whose name is nearly a trait."""

    signal: tuple[str, ...] = ("left",)

    def __call__(self, grid, count, *, valid, rng, **signals):
        return valid & False


def test_parameters_are_no_misspelt_traits():
    assert patterns.traits(Parameter()).signals == ()


@dataclass(frozen=True)
class OfOnesOwn:
    """A pattern as its users write it: plain attributes, a property, a method, a list."""

    strength: float = 0.5

    sets_own_count: ClassVar[bool] = True
    signals: ClassVar[list[str]] = ["scores"]

    @property
    def approximate(self):
        """Why."""
        return "it is a draft" if self.strength < 1 else ""

    def fits(self, grid):
        """On one axis."""
        return grid.ndim == 1

    def __call__(self, grid, count, *, valid, rng, scores, **signals):
        return valid & (scores > self.strength)


def test_a_strategy_of_ones_own_declares_by_plain_attributes():
    traits = patterns.traits(OfOnesOwn())
    assert traits.sets_own_count
    assert traits.signals == ("scores",)
    assert traits.approximate == "it is a draft"
    assert traits.fits(mw.Grid(token=3))
    assert not traits.fits(mw.Grid(row=2, col=2))
    assert patterns.traits(OfOnesOwn(1.0)).approximate == "", "values have traits, not classes"
    x = np.ones((1, 4))
    masking = mw.Masking(OfOnesOwn(), None, "zero")
    out = masking(x, example_ids=[0], grid=mw.Grid(token=4), scores=np.array([[0.1, 0.9, 0.2, 0.8]]))
    assert out.mask.tolist() == [[False, True, False, True]]


@pytest.mark.parametrize(
    "around",
    [
        lambda own: mw.patterns.Mix([(own, 1.0), (mw.Union([own]), 1.0)]),
        lambda own: mw.Union([own, mw.Budgeted("iid", 0.5)]),
        lambda own: mw.patterns.Complement(own),
    ],
    ids=["mix", "union", "complement"],
)
def test_combinators_pass_on_what_their_parts_declare(around):
    traits = patterns.traits(around(OfOnesOwn()))
    assert traits.signals == ("scores",)
    assert not traits.fits(mw.Grid(row=2, col=2))
    assert traits.fits(mw.Grid(token=3))
    assert traits.draws
    assert OfOnesOwn() in traits.inner


def test_parts_of_parts_count_too():
    biased = mw.patterns.Mix([("prefix", 1.0), ("iid", 1.0)])
    assert patterns.traits(biased).biased == patterns.traits(mw.Prefix()).biased != ""
    assert patterns.traits(mw.patterns.Mix([(biased, 1.0), ("iid", 1.0)])).biased == patterns.traits(biased).biased
    assert not patterns.traits(mw.patterns.Mix({"prefix": 1.0, "suffix": 1.0})).independent


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_no_strategy_of_ours_repeats_a_default(family):
    """A trait that is declared says something: combinators declare only what does not follow from their parts."""
    for name in family.names():
        declared = vars(strategy.get(family.__name__, name))
        for field in dataclasses.fields(FAMILIES[family]):
            value = declared.get(field.name, dataclasses.MISSING)
            parts = "inner" in declared
            assert parts or value is dataclasses.MISSING or value != field.default, f"{name}.{field.name}"


def test_budgets_and_fills_say_what_tasks_need():
    assert budgets.traits(mw.Bernoulli(0.25)).steps == 1 << 22
    assert budgets.traits(mw.Count(3)).whole_number == 3
    assert budgets.traits(mw.Schedule(0.1, 0.5)).moves
    assert not budgets.traits(mw.Ratio(0.3)).moves
    assert fills.traits(mw.Drop()).removes
    assert fills.traits(mw.Drop()).in_model == "drop"
    assert fills.traits(mw.MaskToken()).in_model == "mask-token"
    assert fills.traits(mw.MaskToken()).for_tokens
    assert fills.traits(mw.Indicator("mean")).adds_channel
    assert fills.traits(mw.Swap()).facts == ("pool",)
    assert fills.traits(mw.Sentinel()).marks_runs == "numbered"
    assert fills.traits(mw.Keep()).keeps
