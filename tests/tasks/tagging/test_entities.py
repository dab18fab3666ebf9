"""Mentions hidden whole: every token of a mention or none, other words one by one, and whole runs with the unit."""

import pytest

from maskwright.errors import ConfigError
from maskwright.evaluate.run import evaluate
from maskwright.masking import Masking
from maskwright.rng import Moment
from maskwright.tasks import parse_config
from maskwright.train.run import train
from tests.tasks.tagging.made_up import files, masking, run, sentences
from tests.tasks.tagging.test_words import encoded
from tests.units.tokenizers_trained_here import trained

MOMENT = Moment(seed=5, epoch=1)


@pytest.mark.parametrize("pattern", ["iid", {"span": 2}])
def test_a_mention_is_hidden_whole_and_equal_words_are_not_one(pattern):
    examples, tokenizer = encoded(sentences(40), trained("wordpiece")), trained("wordpiece")
    hidden = examples.hide(
        examples.batch(range(40)), Masking.from_dict(masking(unit="entity", pattern=pattern)), MOMENT
    )
    parted = 0
    for row in range(40):
        mask = (hidden.inputs["input_ids"][row] == tokenizer.mask_token_id).numpy()[: examples.lengths[row]]
        units = examples.mentions[row]
        hit = {unit: set(mask[units == unit].tolist()) for unit in set(units.tolist()) - {-1}}
        assert all(len(states) == 1 for states in hit.values())
        assert not mask[units == -1].any()
        share = sum(states == {True} for states in hit.values()) / len(hit)
        assert float(hidden.share[row]) == pytest.approx(share)
        words = examples.right.words(row)
        places = [place for place, word in enumerate(words) if word == "very"]
        parted += len({mask[examples.words[row] == place].all() for place in places}) > 1
    assert parted


def test_a_run_with_entities(tmp_path):
    config = run(files(tmp_path), tmp_path / "run", masking=masking(unit="entity"), training={"max_steps": 3})
    settings = ["unit=entity", "ratios=[0, 0.5]", "draws=1", "bootstrap=200"]
    document = evaluate([str(train(config))], [f"evaluation.{setting}" for setting in settings]).document
    assert document["settings"]["unit"] == "entity"
    assert 0.4 < document["curves"]["iid"]["points"][1]["hidden"] < 0.6


@pytest.mark.parametrize("key", ["masking", "evaluation"])
def test_texts_without_tags_have_none(key):
    node = {"model": "scratch:tiny", "data": {"train": "a.csv"}, "masking": "none"}
    node[key] = masking(unit="entity") if key == "masking" else {"unit": "entity"}
    with pytest.raises(ConfigError, match=rf"{key}.unit: given 'entity'"):
        parse_config(node)
