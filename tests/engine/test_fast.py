"""The seam can be taken away: without any shortcut everything is the same, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from maskwright import Grid, Masking, masking, patterns
from maskwright.text import collator
from maskwright.units.text import UNITS
from tests.settings import FILLS, GRIDS, PATTERNS, fitting, signals_for, small_vocabulary, valid_cells
from tests.units.tokenizers_trained_here import trained

EXAMPLES = 5
IDS = np.arange(20, 20 + EXAMPLES)
ALL_PATTERNS = [node for nodes in PATTERNS.values() for node in nodes]
ALL_BUDGETS = [None, {"uniform": [0.0, 0.8]}, {"bernoulli": 0.4}, {"count": 3}]
ALL_FILLS = [node for nodes in FILLS.values() for node in nodes]
TOKEN_FILLS = ["mask-token", "random-token", "keep", "drop", {"sentinel": "single"}, *FILLS["mix"], *FILLS["by-run"]]
VOCABULARY = small_vocabulary()
MIX_IN_A_MIX = {"mix": [["mask-token", 0.5], [{"mix": {"random-token": 0.5, "keep": 0.5}}, 0.5]]}


def nothing(*batch: Any, **facts: Any) -> None:
    """In place of a shortcut."""


def both(monkeypatch: pytest.MonkeyPatch, job: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a job gives with the shortcuts, and without them."""
    fast = job()
    with monkeypatch.context() as without:
        without.setattr(masking, "try_fast", nothing)
        return fast, job()


def outcome(call: Any) -> dict[str, Any]:
    """All that a masked batch holds, or what was refused."""
    try:
        out = call()
    except ValueError as error:
        return {"refused": np.array(f"{type(error).__name__}: {error}")}
    inputs = out.inputs if isinstance(out.inputs, dict) else {"inputs": out.inputs}
    about = {"mask": out.mask, "unit_mask": out.unit_mask, "count": out.count, "n": out.n_units, "groups": out.groups}
    about |= {"original": out.original, "probability": out.probability}
    if isinstance(out.inputs, dict):
        about["labels"] = out.reconstruction_labels()
    return {**inputs, **{name: value for name, value in about.items() if value is not None}}


def assert_same(fast: dict[str, Any], plain: dict[str, Any], case: Any) -> None:
    assert list(fast) == list(plain), case
    for name, value in plain.items():
        assert type(fast[name]) is type(value), (case, name)
        assert fast[name].dtype == value.dtype, (case, name)
        np.testing.assert_array_equal(np.asarray(fast[name]), np.asarray(value), err_msg=f"{case} {name}")


@pytest.mark.parametrize(("node", "grid"), fitting(ALL_PATTERNS, GRIDS))
def test_arrays_of_every_pattern_budget_and_kind_of_cells(node, grid, monkeypatch):
    for budget in ALL_BUDGETS:
        if budget is None and not patterns.traits(patterns.from_node(node)).sets_own_count:
            continue
        for kind in ("full", "holes"):
            valid = valid_cells(grid, EXAMPLES, kind)
            x = np.random.default_rng(1).normal(size=(*valid.shape, 2)).astype(np.float32)
            facts = {"grid": grid, "valid": valid, **signals_for(node, valid.shape, IDS)}
            for fill in ("zero", "mean"):
                value = Masking(node, budget, fill, clean_share=0.2)
                for back_end in (np.asarray, torch.from_numpy):
                    there = {name: back_end(v) if isinstance(v, np.ndarray) else v for name, v in facts.items()}
                    job = lambda: outcome(lambda: value(back_end(x), example_ids=IDS, **there))  # noqa: E731, B023
                    assert_same(*both(monkeypatch, job), (budget, kind, fill, back_end))


@pytest.mark.parametrize("node", ["iid", {"rectangles": {"n": 2}}, "specaugment", {"span": 2}], ids=str)
@pytest.mark.parametrize("fill", ALL_FILLS, ids=str)
def test_arrays_of_every_fill_in_every_layout(node, fill, monkeypatch):
    sets_own = patterns.traits(patterns.from_node(node)).sets_own_count
    value = Masking(node, None if sets_own else 0.4, fill)
    grid = Grid(time=4, freq=3)
    for dtype in ("float32", "float64", "int16", "bool", "complex64"):
        for sides in ((1, 1), (2, 3)):
            shape = (EXAMPLES, 4 * sides[0], 3 * sides[1], 2)
            x = (np.random.default_rng(2).normal(size=shape) * 3).astype(dtype)
            for allowed in (None, np.random.default_rng(3).random(shape[:3]) < 0.8):
                for out in (False, True):
                    facts: dict[str, Any] = {"grid": grid, "sides": sides, "vocabulary": VOCABULARY}
                    facts |= {} if allowed is None else {"valid": allowed}
                    for back_end in (np.asarray, torch.from_numpy):
                        there = {n: back_end(v) if isinstance(v, np.ndarray) else v for n, v in facts.items()}

                        def job(there: dict[str, Any] = there, back_end: Any = back_end, x: Any = x, out: bool = out):
                            place = {"out": back_end(np.empty_like(x))} if out else {}
                            return outcome(lambda: value(back_end(x.copy()), example_ids=IDS, **there, **place))

                        assert_same(*both(monkeypatch, job), (dtype, sides, allowed is None, out, back_end))


def texts(padding: str) -> dict[str, np.ndarray]:
    ids = np.random.default_rng(4).integers(4, 12, size=(EXAMPLES, 14))
    attended = np.arange(14) < np.array([14, 9, 3, 14, 1])[:, None]
    attended = attended[:, ::-1] if padding == "left" else attended | (padding == "none")
    return {"input_ids": np.where(attended, ids, 0), "attention_mask": attended.astype(np.int64)}


@pytest.mark.parametrize("padding", ["none", "right", "left"])
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("fill", [*TOKEN_FILLS, MIX_IN_A_MIX], ids=str)
def test_texts_of_every_unit_fill_and_padding(padding, unit, fill, monkeypatch):
    batch = texts(padding)
    words = np.where(batch["attention_mask"] > 0, np.arange(14) // 3, -1)
    for node in ("iid", {"span": 2}, {"fixed": {"first": 2}}):
        for budget in (0.4, {"bernoulli": 0.3}, {"uniform": [0.1, 0.9]}):
            for more in ({}, {"word_ids": words}, {"valid": batch["input_ids"] % 3 > 0, "word_ids": words}):
                value = Masking(node, budget, fill, unit, clean_share=0.2)

                def job(value: Any = value, more: Any = more):
                    return outcome(lambda: value(batch, vocabulary=VOCABULARY, epoch=1, **more))

                assert_same(*both(monkeypatch, job), (node, budget, list(more)))


@pytest.mark.parametrize(
    "node", [n for n in ALL_PATTERNS if patterns.fits(patterns.from_node(n), Grid(token=14))], ids=str
)
def test_texts_of_every_pattern(node, monkeypatch):
    batch = texts("right")
    signals = signals_for(node, batch["input_ids"].shape, IDS)
    for budget in ALL_BUDGETS:
        if budget is None and not patterns.traits(patterns.from_node(node)).sets_own_count:
            continue
        for unit in ("token", "word"):
            value = Masking(node, budget, FILLS["mix"][0], unit)

            def job(value: Any = value):
                return outcome(lambda: value(batch, vocabulary=VOCABULARY, **signals))

            assert_same(*both(monkeypatch, job), (budget, unit))


@pytest.mark.parametrize("objective", ["supervised", "reconstruct"])
@pytest.mark.parametrize("fill", [*TOKEN_FILLS[:3], FILLS["mix"][0], MIX_IN_A_MIX], ids=str)
def test_a_collator_writes_over_its_ids_or_not(objective, fill, monkeypatch):
    pytest.importorskip("numba")
    tokenizer, random = trained("wordpiece"), np.random.default_rng(5)
    rows = [{"input_ids": random.integers(0, len(tokenizer), size=n).tolist()} for n in (5, 40, 1, 17)]
    for unit in ("token", "word"):
        for features in (rows, [{**row, "example_id": 3 * number} for number, row in enumerate(rows)]):
            made = Masking("iid", {"bernoulli": 0.3}, fill, unit, clean_share=0.2).collator(
                tokenizer, objective=objective, epoch=2, return_tensors="np"
            )
            fast = made(features)
            with monkeypatch.context() as without:
                without.setattr(collator, "hide_in_place", nothing)
                between = made(features)
                without.setattr(masking, "try_fast", nothing)
                assert_same(fast, between, unit)
                assert_same(fast, made(features), unit)


def test_there_are_shortcuts_to_take_away(monkeypatch):
    taken = []
    shortcut = masking.try_fast

    def watched(*batch: Any) -> Any:
        out = shortcut(*batch)
        taken.append(out is not None)
        return out

    monkeypatch.setattr(masking, "try_fast", watched)
    Masking("iid", 0.5, "mask-token")(texts("right"), vocabulary=VOCABULARY)
    Masking("iid", {"bernoulli": 0.5}, "mask-token")(texts("right"), vocabulary=VOCABULARY)
    Masking("specaugment", None, "zero")(np.ones((1, 4, 4)), grid=Grid(time=4, freq=4), example_ids=[0])
    Masking("iid", 0.5, "zero")(np.ones((1, 8)), grid=Grid(time=4), sides=(2,), example_ids=[0])
    assert taken == [True] * 4
