from __future__ import annotations

import dataclasses

import pytest

from maskwright import ConfigError, Fixed, Masking, Ratio, Span, Uniform, budgets, fills, patterns


@pytest.mark.parametrize(
    ("make", "fragments"),
    [
        (lambda: Ratio(1.5), ["Ratio.ratio", "from 0 to 1", "1.5", "share of valid units"]),
        (lambda: Ratio("x"), ["Ratio.ratio", "a number", "'x'"]),
        (lambda: Ratio(float("nan")), ["Ratio.ratio", "nan"]),
        (lambda: Ratio(True), ["Ratio.ratio", "True"]),
        (lambda: Uniform(0.8, 0.2), ["low <= high", "0.8", "0.2"]),
        (lambda: Span(length=0), ["Span.length", "from 1", "cells"]),
        (lambda: Span(length=2.5), ["whole length", "geometric"]),
        (lambda: Span(law="geometrik"), ["Span.law", "'geometric'"]),
        (lambda: Fixed(), ["Fixed", "nothing to hide"]),
        (lambda: patterns.from_node("spam"), ["there is no pattern 'spam'", "'span'"]),
        (lambda: patterns.from_node({"span": {"lenght": 3}}), ["unknown parameter 'lenght'", "'length'"]),
        (lambda: patterns.from_node(["span", "iid"]), ["expected a name or {name: parameters}"]),
        (lambda: patterns.from_node("no_such_module:Thing"), ["cannot be imported", "PYTHONPATH"]),
        (lambda: patterns.from_node("maskwright.rng:Rgn"), ["maskwright.rng has no 'Rgn'", "Did you mean 'Rng'"]),
        (lambda: patterns.from_node("maskwright.grid:Grid"), ["a dataclass with a __call__"]),
        (lambda: patterns.from_node("math:sqrt"), ["a dataclass with a __call__"]),
        (lambda: budgets.from_node("ratio"), ["ratio", "'ratio' is missing"]),
        (lambda: budgets.from_node({"uniform": [0, 1, 2]}), ["given 3 values", "low, high"]),
        (lambda: budgets.from_node({"count": 1.5}), ["whole number", "1.5"]),
        (lambda: fills.from_node("mask_token"), ["'mask-token'"]),
        (lambda: fills.from_node({"mix": {"keep": 0.5, "zero": 0.1}}), ["sum to 1"]),
        (lambda: fills.from_node({"mix": {"keep": 0.5, "drop": 0.5}}), ["drop"]),
        (lambda: Masking.from_dict("autmask"), ["no masking preset", "'automask'"]),
        (lambda: Masking.from_dict({"patern": "iid"}), ["unknown key 'patern'", "'pattern'"]),
        (lambda: Masking.from_dict({"pattern": "iid", "fill": "zero"}), ["budget is missing"]),
        (lambda: Masking.from_dict({"pattern": "iid", "budget": 0.3}), ["'fill' is missing"]),
        (lambda: Masking.from_dict({"pattern": "iid", "budget": 0.3, "fill": "zero", "unit": "words"}), ["'word'"]),
        (lambda: Masking.from_dict({"pattern": "iid", "budget": 0.3, "fill": 0, "clean_share": 2}), ["clean_share"]),
    ],
)
def test_errors_name_what_was_given_and_what_was_expected(make, fragments):
    with pytest.raises(ConfigError) as caught:
        make()
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_sugar_reads_as_people_write_it():
    assert budgets.from_node(0.3) == Ratio(0.3)
    assert budgets.from_node({"uniform": [0.0, 0.8]}) == Uniform(0.0, 0.8)
    assert Masking.from_dict({"pattern": {"fixed": {"first": 1}}, "fill": "zero"}).budget is None


@dataclasses.dataclass(frozen=True)
class Everything:
    """A pattern that lies outside the package."""

    but: int = 0

    def __call__(self, grid, count, *, valid, rng, **signals):
        return valid & True


def test_strategies_of_ones_own_have_names_too():
    masking = Masking(pattern=Everything(but=2), budget=0.5, fill="zero")
    node = masking.to_dict()
    assert node["pattern"] == {f"{__name__}:Everything": {"but": 2}}
    assert Masking.from_dict(node) == masking
