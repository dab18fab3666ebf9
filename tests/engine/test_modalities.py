from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
import torch
import yaml

from maskwright import ConfigError, Grid, Masking, MaskingError, Rng
from maskwright.engine.modalities import PerModality
from tests.settings import small_vocabulary

NODE = {"pattern": "iid", "fill": "zero"}
N = 3000


def three(**options):
    return PerModality({"image": NODE, "depth": NODE, "audio": {"pattern": {"span": 2}, "fill": "mean"}}, **options)


def shares(masker, sizes=(100, 100, 100), n=N):
    units = np.tile(np.array(sizes), (n, 1))
    return units, masker.share_out(units, Rng.from_ids(np.arange(n)))


def test_the_total_is_exact_and_no_modality_is_over_full():
    for sizes in ((100, 100, 100), (3, 50, 7), (0, 5, 0), (1, 1, 1), (0, 0, 0)):
        for level in (0.05, 1.0, 50.0):
            units, counts = shares(three(budget={"count": 40}, concentration=level), sizes, n=500)
            np.testing.assert_array_equal(counts.sum(1), np.minimum(40, units.sum(1)))
            assert (counts >= 0).all()
            assert (counts <= units).all()


def test_the_visible_share_follows_the_dirichlet():
    _, counts = shares(three(budget={"count": 200}, concentration=1.0), (300, 300, 300))
    _, even = shares(three(budget={"count": 600}, concentration=1.0), (300, 300, 300))
    visible = (300 - even) / 300
    assert np.abs(visible.mean(0) - 1 / 3).max() < 4 * np.sqrt(1 / 18 / N)
    assert np.abs(visible.var(0) - 1 / 18).max() < 0.005, "the variance of Dirichlet(1, 1, 1)"
    assert (counts.sum(1) == 200).all()
    prefers = three(budget={"count": 600}, concentration={"image": 4.0, "depth": 2.0, "audio": 2.0})
    _, counts = shares(prefers, (300, 300, 300))
    assert np.abs(((300 - counts) / 300).mean(0) - [0.25, 0.25, 0.5]).max() < 4 * np.sqrt(0.25 / 9 / N)


def test_proportional_hides_the_same_share_of_each():
    for sizes in ((100, 7, 3), (1, 1, 1), (0, 5, 0), (0, 0, 0), (64, 10, 1)):
        units, counts = shares(three(budget={"ratio": 0.35}, concentration="proportional"), sizes)
        even = units * (counts.sum(1) / np.maximum(units.sum(1), 1))[:, None]
        assert (np.abs(counts - even) < 1).all()
        assert (np.abs(counts.sum(1) - 0.35 * units.sum(1)) < 1).all()
        assert np.abs((counts - even).mean(0)).max() < 4 * 0.5 / np.sqrt(N)
    here = three(budget=0.5, concentration="proportional")
    assert PerModality.from_dict(yaml.safe_load(yaml.safe_dump(here.to_dict()))) == here


def test_fills_get_the_facts_they_ask_for():
    parts = {"a": {"pattern": "iid", "fill": {"mean": "position"}}, "b": NODE}
    x, mean = np.ones((3, 8)), np.full(8, 7.0)
    facts = {"a": {"grid": Grid(token=8), "statistics": mean}, "b": {"grid": Grid(token=8)}}
    out = PerModality(parts, budget=1.0)({"a": x, "b": x}, example_ids=[0, 1, 2], facts=facts)
    assert (out["a"].inputs == 7).all()


def test_one_modality_may_be_hidden_whole():
    units, counts = shares(three(budget=0.5, whole_share=1.0), (10, 20, 5))
    hidden = counts == units
    assert (hidden.sum(1) == 1).all()
    assert (counts[~hidden] == 0).all()
    assert np.abs(hidden.mean(0) - 1 / 3).max() < 4 * np.sqrt(2 / 9 / N)
    units, counts = shares(three(budget={"count": 2}, whole_share=1.0), (10, 0, 0))
    assert (counts[:, 0] == 2).all(), "one modality alone is never hidden whole"


def batches(xp):
    text = np.array([[1, 5, 6, 8, 2, 0], [1, 5, 6, 7, 8, 2]])
    return {
        "image": xp(np.ones((2, 4, 4), np.float32)),
        "text": {"input_ids": xp(text), "attention_mask": xp(text > 0)},
    }


def image_and_text():
    return PerModality({"image": NODE, "text": {"pattern": "iid", "fill": "mask-token", "unit": "word"}}, budget=0.5)


@dataclasses.dataclass(frozen=True)
class Lawful:
    """Half of the units; an example weighs 2 to 3."""

    def __call__(self, n_valid, *, rng, progress):
        return n_valid // 2

    def weights(self, *, rng, progress):
        return 2 + rng.child("law").draw() / (1 << 24)


def test_the_law_of_the_shared_budget_holds_for_each_modality():
    batches = {name: np.ones((5, 8)) for name in ("image", "depth")}
    facts = {name: {"grid": Grid(token=8)} for name in batches}
    two = {"image": NODE, "depth": NODE}
    out = PerModality(two, Lawful())(batches, example_ids=np.arange(5), facts=facts)
    assert len(set(out["image"].weight.tolist())) == 5
    assert (out["image"].weight >= 2).all()
    np.testing.assert_array_equal(out["image"].weight, out["depth"].weight)
    plain = PerModality(two, 0.5)(batches, example_ids=np.arange(5), facts=facts)
    assert plain["image"].weight is None
    np.testing.assert_array_equal(plain["image"].mask, out["image"].mask)


def test_images_and_text_on_both_back_ends():
    facts = {"image": {"grid": Grid(row=4, col=4)}, "text": {"vocabulary": small_vocabulary()}}
    here = image_and_text()(batches(np.asarray), example_ids=[4, 5], facts=facts)
    there = image_and_text()(batches(torch.from_numpy), example_ids=[4, 5], facts=facts)
    total = here["image"].n_units + here["text"].n_units
    twice = 2 * (here["image"].count + here["text"].count)
    assert (np.abs(twice - total) <= 1).all()
    for name in here:
        np.testing.assert_array_equal(here[name].mask, there[name].mask.numpy())


def test_modalities_of_the_same_shape_draw_on_their_own():
    masker = PerModality({"a": NODE, "b": NODE}, budget=0.5, concentration=100)
    x = np.ones((50, 30))
    out = masker({"a": x, "b": x}, example_ids=np.arange(50), facts={n: {"grid": Grid(token=30)} for n in "ab"})
    same = (out["a"].mask == out["b"].mask).mean()
    assert abs(same - 0.5) < 0.05


def test_values_round_trip():
    masker = three(
        budget={"uniform": [0.5, 0.9]}, concentration={"image": 1, "depth": 0.5, "audio": 2}, whole_share=0.1
    )
    assert PerModality.from_dict(yaml.safe_load(yaml.safe_dump(masker.to_dict()))) == masker
    assert pickle.loads(pickle.dumps(masker)) == masker
    hash(masker)
    own = PerModality({"a": Masking(pattern="iid", budget=0.1, fill="zero"), "b": NODE}, budget=0.5)
    assert own.modalities[0][1].budget == own.budget, "the shared budget replaces a masking's own"


def test_what_has_no_meaning_is_refused():
    for wrong in (
        {"modalities": {"a": NODE}, "budget": 0.5},
        {"modalities": {"a": NODE, "b": NODE}},
        {"modalities": {"a": NODE, "b": NODE}, "budget": 0.5, "concentration": 0},
        {"modalities": {"a": NODE, "b": NODE}, "budget": 0.5, "concentration": {"a": 1}},
        {"modalities": {"a": NODE, "b": NODE}, "budget": 0.5, "alpha": 1},
        {"modalities": {"a": NODE, "b": {"pattern": {"fixed": {"first": 1}}, "fill": "zero"}}, "budget": 0.5},
        {"modalities": {"a": NODE, "b": {**NODE, "clean_share": 0.5}}, "budget": 0.5},
    ):
        with pytest.raises(ConfigError):
            PerModality.from_dict(wrong)
    with pytest.raises(MaskingError, match="expected a, b"):
        PerModality({"a": NODE, "b": NODE}, budget=0.5)({"a": np.ones((1, 2))}, example_ids=[0])
