"""A strategy of another kind is refused by name, wherever a strategy can be given."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import maskwright as mw
from maskwright import strategy
from maskwright.adapters.vision import PatchDrop
from maskwright.strategy.kinds import KINDS
from maskwright.text.attention import AttentionMask, Causal

VALUES = {
    "maskwright.patterns": [mw.Iid(), mw.patterns.Mix({"iid": 1.0}), mw.Tied("iid", axis="row")],
    "maskwright.budgets": [mw.Ratio(0.3), mw.Schedule(0.1, 0.5)],
    "maskwright.fills": [mw.Zero(), mw.fills.Mix({"keep": 0.5, "zero": 0.5}), mw.MaskToken()],
    "maskwright.text.attention": [Causal()],
    "maskwright.objectives": [strategy.from_node("maskwright.objectives", "supervised")],
}


def shape(value, rules):
    """What a field that holds strategies takes: one, several, or pairs with a weight."""
    if rules.get("weighted"):
        return [(value, 1.0)]
    return [value] if rules.get("several") else value


def places():
    """(name, package, how to put a value there) of every place that takes a strategy."""
    for family in KINDS:
        for name in strategy.names(family):
            kind = strategy.get(family, name)
            for field in dataclasses.fields(kind):
                if "package" in field.metadata:
                    node = strategy.examples(family, name)[0]
                    node = (
                        {name: shape(VALUES[family][0], field.metadata)}
                        if node == name and field.default is dataclasses.MISSING
                        else node
                    )
                    usual = strategy.from_node(family, node)

                    def put(value, usual=usual, field=field):
                        return dataclasses.replace(usual, **{field.name: shape(value, field.metadata)})

                    yield f"{kind.__name__}.{field.name}", field.metadata["package"], put
    yield "masking.pattern", "maskwright.patterns", lambda value: mw.Masking(value, 0.3, "zero")
    yield "masking.budget", "maskwright.budgets", lambda value: mw.Masking("iid", value, "zero")
    yield "masking.fill", "maskwright.fills", lambda value: mw.Masking("iid", 0.3, value)
    node = {"pattern": "iid", "fill": "zero"}
    yield "modalities.budget", "maskwright.budgets", lambda value: mw.PerModality({"a": node, "b": node}, value)
    for field, package in (("pattern", "maskwright.patterns"), ("fill", "maskwright.fills")):
        yield (
            f"masking.{field}",
            package,
            lambda value, field=field: mw.PerModality({"a": node, "b": {**node, field: value}}, 0.3),
        )
    x = np.ones((2, 3))
    yield "apply_mask.fill", "maskwright.fills", lambda value: mw.apply_mask(x, x > 1, value)
    yield "PatchDrop.pattern", "maskwright.patterns", lambda value: PatchDrop(0.5, pattern=value)
    yield "AttentionMask.rules", "maskwright.text.attention", lambda value: AttentionMask([value])


CASES = [
    pytest.param(where, package, put, value, own, id=f"{where}-{number}-{type(value).__name__}")
    for number, (where, package, put) in enumerate(places())
    for own, values in VALUES.items()
    if own != package
    for value in values
]


def test_every_combinator_is_among_the_places():
    names = {where.partition(".")[0] for where, _, _ in places()}
    assert names >= {"Mix", "Union", "Complement", "Coarse", "Tied", "Within", "Budgeted", "ByRun", "Indicator"}
    assert set(VALUES) == set(KINDS)


@pytest.mark.parametrize(("where", "package", "put", "value", "own"), CASES)
def test_another_kind_is_refused_where_it_is_given(where, package, put, value, own):
    with pytest.raises(mw.ConfigError) as caught:
        put(value)
    article = "an" if KINDS[own].name[0] == "o" else "a"
    message = f"{where}: {type(value).__name__} is {article} {KINDS[own].name}; {KINDS[package].meaning}"
    assert str(caught.value).startswith(message)


def test_the_message_is_the_one_that_people_read():
    with pytest.raises(mw.ConfigError) as caught:
        mw.Masking(pattern=mw.Zero(), budget=0.3, fill="zero")
    assert str(caught.value) == "masking.pattern: Zero is a fill; a pattern says where to hide, such as Iid()."


@pytest.mark.parametrize(
    ("make", "home"),
    [
        (lambda: mw.Masking(mw.Mix({"zero": 1.0}), 0.3, "zero"), "the pattern of that name is maskwright.patterns.Mix"),
        (lambda: mw.Tied(mw.fills.Mix({"zero": 1.0}), axis="row"), "maskwright.patterns.Mix"),
        (lambda: mw.Indicator(mw.patterns.Mix({"iid": 1.0})), "the fill of that name is maskwright.fills.Mix"),
        (lambda: AttentionMask([mw.Causal()]), "the rule of that name is maskwright.text.attention.Causal"),
    ],
)
def test_namesakes_of_another_kind_are_pointed_out(make, home):
    with pytest.raises(mw.ConfigError, match=home):
        make()


@pytest.mark.parametrize(
    ("where", "package", "put"), [pytest.param(*p, id=f"{n}-{p[0]}") for n, p in enumerate(places())]
)
def test_a_class_is_no_value(where, package, put):
    kind = type(VALUES[package][0])
    with pytest.raises(mw.ConfigError, match=rf"{where}: given the class {kind.__name__}; make a value"):
        put(kind)


@pytest.mark.parametrize("value", [object(), None, ["iid"], True, {}, {"iid": None, "span": 3}])
def test_what_is_no_strategy_at_all_is_refused_where_it_is_given(value):
    with pytest.raises(mw.ConfigError, match=r"masking\.pattern: expected a name or \{name: parameters\}"):
        mw.Masking(pattern=value, budget=0.3, fill="zero")


def hide_nothing(grid, count, *, valid, rng, **signals):
    return valid & False


def hide_a_third(n_valid, *, rng, progress):
    return n_valid // 3


def put_nine(x, mask, *, valid, rng, **facts):
    return np.where(mask, 9, x)


@dataclasses.dataclass(frozen=True)
class Back:
    """A rule from elsewhere."""

    def hides(self, b, h, q, k, facts):
        return q < k


def open_to_all(*arguments, **named):
    raise AssertionError("only looked at")


OWN = {"pattern": hide_nothing, "budget": hide_a_third, "fill": put_nine}


@pytest.mark.parametrize("field", ["pattern", "budget", "fill"])
@pytest.mark.parametrize("kind", [*OWN, "rule", "open"])
def test_code_from_elsewhere_is_judged_by_what_it_is_called_with(field, kind):
    value = {**OWN, "rule": Back(), "open": open_to_all}[kind]
    fields = {"pattern": "iid", "budget": 0.3, "fill": "zero", field: value}
    if kind in (field, "open"):
        assert getattr(mw.Masking(**fields), field) is value
        return
    name = type(value).__name__ if kind == "rule" else value.__name__
    with pytest.raises(mw.ConfigError, match=rf"masking\.{field}: {name} is used like a {kind}; a {field} says"):
        mw.Masking(**fields)


def test_rules_are_taken_as_values_too():
    assert AttentionMask([Causal(), Back()]).rules == (Causal(), Back())
    with pytest.raises(mw.ConfigError, match="hide_nothing is used like a pattern"):
        AttentionMask([hide_nothing])


def test_values_of_ours_that_are_no_strategies_are_refused():
    with pytest.raises(mw.ConfigError, match=r"masking\.pattern: Grid is not a pattern"):
        mw.Masking(mw.Grid(row=2), 0.3, "zero")
