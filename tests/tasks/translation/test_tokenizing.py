"""Tokenizers of both sides: learnt here, or of a pretrained model with its languages and without a mask token."""

import json
import subprocess
import sys

import pytest

from maskwright import tasks
from maskwright.errors import ConfigError
from maskwright.tasks import pretrained
from maskwright.tasks.translation.languages import direction_note
from maskwright.tasks.translation.scratch import train_tokenizer
from maskwright.tasks.translation.tokenizing import load_tokenizer, prefix_length, template_of
from tests.tasks.translation.saved_models import PAIRS, write_pairs

pytestmark = pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")

task = tasks.get("translation")
MASKED = {"pattern": "iid", "budget": 0.3, "fill": "mask-token", "unit": "word"}
TEXTS = [text for pair in PAIRS for text in pair.values()]


def reader(config):
    return load_tokenizer(config, task.load(config.data))


def test_a_learnt_tokenizer_writes_back_what_it_reads():
    tokenizer = train_tokenizer(TEXTS, 200, 64)
    for text in TEXTS:
        assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text
    assert tokenizer("Small   font\u00a00")["input_ids"] != tokenizer("small font 0")["input_ids"], "case is kept"
    assert tokenizer("small \u00a0 font")["input_ids"] == tokenizer(" small font")["input_ids"], "blanks are one"
    assert tokenizer.convert_ids_to_tokens(tokenizer("small font")["input_ids"])[-1] == "</s>"
    assert tokenizer.all_special_tokens == ["<s>", "</s>", "<unk>", "<pad>", "<mask>"]


def test_the_same_texts_give_the_same_tokenizer_in_every_process():
    script = (
        "import json, sys; from maskwright.tasks.translation.scratch import train_tokenizer;"
        "print(json.dumps(sorted(train_tokenizer(json.load(sys.stdin), 120, 64).get_vocab().items())))"
    )
    texts = [f"{a}{b}{c} {c}{b} {a}{c}" for a in "xyzabcd" for b in "pqrstu" for c in "klmno"]
    command = [sys.executable, "-c", script]
    printed = {subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True).stdout for _ in "ab"}
    assert len(printed) == 1
    assert len(json.loads(printed.pop())) == 120


def test_an_unknown_letter_is_one_unknown_token():
    tokenizer = train_tokenizer(TEXTS, 200, 64)
    assert tokenizer.convert_ids_to_tokens(tokenizer("small 中 font")["input_ids"]).count("<unk>") == 1


@pytest.mark.parametrize(
    ("family", "marker"), [("t5", "<extra_id_0>"), ("marian", "<unk>"), ("mbart", "<mask>"), ("m2m", "<unk>")]
)
def test_what_marks_a_hidden_token_is_saved_as_the_mask_token(
    family, marker, pretrained_model, make_config, built, tmp_path
):
    _, made, _ = built(make_config(pretrained_model(family), MASKED))
    assert made.reader.mask_token == marker
    assert bool(made.notes) == (marker != "<mask>")
    assert all(marker in note for note in made.notes)
    made.reader.save_pretrained(tmp_path / "saved")
    made.model.save_pretrained(tmp_path / "saved")
    assert task.restore(tmp_path / "saved").reader.mask_token == marker


def test_without_masking_a_tokenizer_stays_as_it_is(pretrained_model, make_config, built):
    _, made, _ = built(make_config(pretrained_model("t5"), "none"))
    assert made.reader.mask_token is None
    assert made.notes == ()


def test_numbered_sentinels_have_to_be_enough(pretrained_model, make_config):
    numbered = {**MASKED, "fill": "sentinel"}
    assert reader(make_config(pretrained_model("t5"), numbered)).convert_tokens_to_ids("<extra_id_39>")
    with pytest.raises(ConfigError, match=r"50 runs, and the tokenizer .* has 40 sentinels.*data.max_length to 80"):
        reader(make_config(pretrained_model("t5"), numbered, data={"max_length": 100}))
    with pytest.raises(ConfigError, match=r"has 0 sentinels. Use fill: \{sentinel: single\}"):
        reader(make_config(pretrained_model("mbart"), numbered))


@pytest.mark.parametrize(
    ("family", "source", "target"), [("mbart", "en_XX", "fr_XX"), ("m2m", "en", "fr"), ("t5", None, None)]
)
def test_languages_come_from_the_names_of_the_columns(family, source, target, pretrained_model, make_config, tmp_path):
    tokenizer = reader(make_config(pretrained_model(family)))
    assert (getattr(tokenizer, "src_lang", None), getattr(tokenizer, "tgt_lang", None)) == (source, target)
    tokenizer.save_pretrained(tmp_path)
    if source is not None:
        saved = json.loads((tmp_path / "tokenizer_config.json").read_text())
        assert (saved["src_lang"], saved["tgt_lang"]) == (source, target)


def test_languages_can_be_given(pretrained_model, make_config):
    languages = {"source_language": "de_DE", "target_language": "cs_CZ"}
    assert reader(make_config(pretrained_model("mbart"), data=languages)).tgt_lang == "cs_CZ"


@pytest.mark.parametrize(
    ("family", "languages", "message"),
    [
        (
            "mbart",
            {"source_language": "fr_XY"},
            "data.source_language: .* knows no language 'fr_XY'. Did you mean 'fr_XX'",
        ),
        ("m2m", {"target_language": "french"}, "data.target_language: .* knows no language 'french'"),
        ("t5", {"target_language": "fr"}, "data.target_language: .* has no languages to choose; leave it out"),
    ],
)
def test_unknown_languages_are_refused(family, languages, message, pretrained_model, make_config):
    with pytest.raises(ConfigError, match=message):
        reader(make_config(pretrained_model(family), data=languages))


def test_a_model_of_one_direction_that_is_given_the_other(pretrained_model, make_config, tmp_path):
    turned = make_config(pretrained_model("marian"), data={"source": "fr", "target": "en"})
    notes = task.describe(turned, task.load(turned.data))
    assert any(
        "looks swapped: the model translates from 'en' to 'fr', and the data from 'fr' to 'en'" in n for n in notes
    )
    right = make_config(pretrained_model("marian"))
    assert direction_note(reader(right), task.load(right.data).facts["languages"]) == ()


def test_templates(pretrained_model, make_config):
    mbart = reader(make_config(pretrained_model("mbart")))
    assert mbart.convert_ids_to_tokens(list(template_of(mbart).last)) == ["</s>", "en_XX"]
    assert mbart.convert_ids_to_tokens(list(template_of(mbart, target=True).last)) == ["</s>", "fr_XX"]
    m2m = reader(make_config(pretrained_model("m2m")))
    assert m2m.convert_ids_to_tokens(list(template_of(m2m, target=True).first)) == ["__fr__"]


def test_a_prefix_is_as_long_as_its_tokens(pretrained_model, make_config):
    t5 = reader(make_config(pretrained_model("t5")))
    assert prefix_length(t5, "translate English to French: ") == 4
    assert prefix_length(t5, "") == 0


def test_without_sentencepiece_the_message_says_what_to_install(pretrained_model):
    def refuse(name, **options):
        raise ImportError(
            "MarianTokenizer requires the SentencePiece library but it was not found in your environment."
        )

    with pytest.raises(ConfigError, match=r"needs sentencepiece: pip install 'maskwright\[translation\]'"):
        pretrained.load(refuse, str(pretrained_model("marian")), "tokenizer")


def test_lengths_beyond_the_tokenizer_are_refused(pretrained_model, make_config):
    with pytest.raises(ConfigError, match=r"'.*model' takes 64 at most. Set data.max_length=64"):
        reader(make_config(pretrained_model("mbart"), data={"max_length": 65}))


def test_check_counts_texts_that_are_too_long(pretrained_model, make_config, tmp_path):
    long = [*PAIRS, {"en": "small font " * 20, "fr": "petit font " * 40}]
    file = str(write_pairs(tmp_path / "long.jsonl", long))
    config = make_config(pretrained_model("t5"), data={"train": file, "validation_share": 0.05})
    notes = "\n".join(task.describe(config, task.load(config.data)))
    assert (
        "train: 1 of 69 sources (1.4%) are longer than 32 tokens and are cut at the end (longest: 41; data.max_length)"
        in notes
    )
    assert "train: 1 of 69 targets (1.4%) are longer than 32 tokens" in notes
    assert "data.max_target_length" in notes
