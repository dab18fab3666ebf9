"""Every preset for text: it loads, survives YAML, and hides the share its paper says of a batch of texts."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from maskwright import Grid, Masking
from maskwright.presets.text import PRESETS
from maskwright.units.vocabulary import Vocabulary
from tests.settings import ListTokenizer

BY_NAME = {preset.name: preset for preset in PRESETS}
SHARES = {
    "bert": 0.15,
    "bert-whole-word": 0.15,
    "roberta": 0.15,
    "wettig-40": 0.4,
    "modernbert": 0.3,
    "electra": 0.15,
    "spanbert": 0.15,
    "pmi": 0.15,
    "t5": 0.15,
    "bart-deletion": 0.15,
    "t5-rolled": 0.15,
    "ul2-s": 0.25,
    "ul2-r-3-15": 0.15,
    "ul2-r-8-15": 0.15,
    "ul2-x-3-50": 0.5,
    "ul2-x-8-50": 0.5,
    "ul2-x-64-15": 0.15,
    "ul2-x-64-50": 0.5,
    "bart-infilling": 0.3,
    "tsdae": 0.6,
    "masked-thought": 0.4,
    "automask": 0.4,
    "masking-rate-decay": 0.225,
    "tiacbm": 0.12,
    "cutoff-token": 0.1,
    "cutoff-feature": 0.1,
    "cutoff-span": 0.1,
}
TEXT = [preset for preset in PRESETS if "feature" not in preset.grid]
EMBEDDED = [preset for preset in PRESETS if "feature" in preset.grid]


def batch():
    """40 texts of 60 words, numbers 4 to 203, and T5's sentinels; the vocabulary has each word with a space."""
    words = [f"w{number}" for number in range(200)]
    tokens = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", *words, *(f"<extra_id_{number}>" for number in range(100))]
    ids = np.random.default_rng(0).integers(4, 204, size=(40, 60))
    return {"input_ids": ids}, Vocabulary.from_tokenizer(ListTokenizer(tokens))


def test_the_table_has_every_preset():
    assert set(SHARES) == set(BY_NAME)
    assert len(BY_NAME) == len(PRESETS)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_it_survives_yaml_and_says_where_it_is_from(preset):
    masking = Masking.from_dict(preset.name)
    assert Masking.from_dict(yaml.safe_load(yaml.safe_dump(masking.to_dict()))) == masking
    assert "arXiv:" in preset.paper or preset.paper == "ours"
    assert preset.setting
    assert preset.objective in ("supervised", "reconstruct", "denoise", "consistency")
    Grid(**preset.grid)


@pytest.mark.parametrize("preset", TEXT, ids=lambda preset: preset.name)
def test_it_hides_the_share_of_the_paper(preset):
    given, vocabulary = batch()
    before = given["input_ids"].copy()
    masking, ids = Masking.from_dict(preset.name), np.arange(40)
    facts = {"vocabulary": vocabulary, "example_ids": ids, "progress": 0.5}
    if preset.name == "tiacbm":
        facts["scores"] = np.sin(given["input_ids"])
    outs = [masking(given, epoch=epoch, **facts) for epoch in range(10)]
    shares = [out.ratio for out in outs]
    # A fixed ratio is met within a token; U(0, 0.8) has a standard deviation of .23 over 400 draws.
    tolerance = 0.06 if preset.name == "automask" else 0.005
    assert np.mean(shares) == pytest.approx(SHARES[preset.name], abs=tolerance)
    np.testing.assert_array_equal(given["input_ids"], before)
    if preset.objective == "denoise":
        assert outs[0].inputs["input_ids"].shape[1] < 60


@pytest.mark.parametrize("preset", EMBEDDED, ids=lambda preset: preset.name)
def test_cutoff_hides_lines_of_the_embeddings(preset):
    embeddings = np.ones((300, 20, 30), dtype=np.float32)
    out = Masking.from_dict(preset.name)(embeddings, grid=Grid(token=20, feature=30), example_ids=np.arange(300))
    mask = np.broadcast_to(out.mask, embeddings.shape)
    assert mask.mean() == pytest.approx(SHARES[preset.name], abs=0.005)
    axis = 1 if preset.name == "cutoff-feature" else 2
    lines = mask.all(axis=axis)
    assert lines.sum() * mask.shape[axis] == mask.sum(), "whole lines only"
    np.testing.assert_array_equal(out.inputs == 0, mask)
    if preset.name == "cutoff-span":
        assert ((lines & ~np.roll(lines, 1, axis=1)).sum(1) == 1).all(), "one stretch"


def test_spans_are_filled_as_one_and_replace_like_the_paper():
    given, vocabulary = batch()
    out = Masking.from_dict("spanbert")(given, vocabulary=vocabulary, example_ids=np.arange(40))
    hidden, masked = out.mask, out.inputs["input_ids"] == 3
    together = hidden[:, 1:] & hidden[:, :-1]
    assert (masked[:, 1:] == masked[:, :-1])[together].all()
    assert 0.6 < masked[hidden].mean() < 0.95


def test_electra_keeps_what_it_does_not_mask():
    given, vocabulary = batch()
    out = Masking.from_dict("electra")(given, vocabulary=vocabulary, example_ids=np.arange(40))
    changed = out.inputs["input_ids"] != given["input_ids"]
    assert set(out.inputs["input_ids"][changed]) == {3}
    assert (~changed & out.mask).any()


def test_masked_thought_hides_the_answer_in_the_input_alone():
    given, vocabulary = batch()
    labels = np.where(np.arange(60) < 25, -100, given["input_ids"])
    out = Masking.from_dict("masked-thought")(
        {**given, "labels": labels}, vocabulary=vocabulary, example_ids=np.arange(40), valid=labels != -100
    )
    assert not out.mask[:, :25].any()
    np.testing.assert_array_equal(out.count, 14)  # 40 % of 35 tokens
    np.testing.assert_array_equal(out.inputs["labels"], labels)
