"""What is written under which settings, by the model at hand and by the saved one."""

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from maskwright import tasks
from maskwright.errors import ConfigError
from maskwright.rng import Moment
from maskwright.tasks.metrics.generated_text import GeneratedText
from maskwright.tasks.translation import models
from maskwright.tasks.translation.encoded import DECODER

pytestmark = pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")

task = tasks.get("translation")


def whole(examples, rows):
    return examples.hide(examples.batch(rows), None, Moment())


def asked(config, made, examples, rows=(0, 7, 3)):
    with torch.inference_mode():
        return task.predict(made.model, whole(examples, rows), task.settings(config, made.reader))


@pytest.mark.parametrize("family", ["scratch", "t5", "marian", "mbart", "m2m"])
def test_a_prediction_is_a_text_and_the_likelihood_of_the_reference(family, pretrained_model, make_config, built):
    config = make_config("scratch:tiny" if family == "scratch" else pretrained_model(family), "none")
    _, made, examples = built(config)
    answers = asked(config, made, examples)
    assert all(isinstance(one, GeneratedText) for one in answers)
    assert not any(token in one.text for one in answers for token in ("</s>", "<pad>", "__fr__", "fr_XX"))
    for answer, row in zip(answers, (0, 7, 3), strict=True):
        with torch.inference_mode():
            alone = models.likelihood(made.model, whole(examples, [row]))
        losses = torch.nn.functional.cross_entropy(alone.logits, alone.targets, reduction="sum")
        assert answer.tokens == len(alone.targets)
        assert answer.nll == pytest.approx(float(losses), rel=1e-4)


def test_predictions_do_not_depend_on_the_batch(make_config, built):
    config = make_config(masking="none")
    _, made, examples = built(config)
    rows = list(range(12))
    together = asked(config, made, examples, rows)
    alone = [asked(config, made, examples, [row])[0] for row in rows]
    assert [one.text for one in together] == [one.text for one in alone]
    assert [one.nll for one in together] == pytest.approx([one.nll for one in alone], rel=1e-4)


def test_references_are_scored_in_parts_of_bounded_size(make_config, built, monkeypatch):
    config = make_config(masking="none")
    _, made, examples = built(config)
    expected = asked(config, made, examples, range(9))
    sizes = []
    monkeypatch.setattr(models, "LOGITS_AT_ONCE", 2 * 8 * len(made.reader))
    made.model.register_forward_hook(lambda module, arguments, out: sizes.append(out.logits.shape))
    scored = asked(config, made, examples, range(9))
    assert [one.nll for one in scored] == pytest.approx([one.nll for one in expected], rel=1e-5)
    # Generation looks at one place at a time.
    assert max(size.numel() for size in sizes if size[1] > 1) <= 2 * 8 * len(made.reader)


@pytest.mark.parametrize("family", ["scratch", "t5", "marian", "mbart", "m2m"])
def test_the_saved_model_writes_the_same_in_plain_transformers(family, pretrained_model, make_config, built, tmp_path):
    config = make_config("scratch:tiny" if family == "scratch" else pretrained_model(family), generation={"beams": 3})
    _, made, examples = built(config)
    answers = asked(config, made, examples)
    made.model.save_pretrained(tmp_path)
    made.reader.save_pretrained(tmp_path)
    model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    sources = [examples.source.ids[row].tolist() for row in (0, 7, 3)]
    for answer, ids in zip(answers, sources, strict=True):
        text = made.reader.decode(ids, skip_special_tokens=True)
        inputs = tokenizer(text, return_tensors="pt")
        written = tokenizer.decode(model.generate(**inputs)[0], skip_special_tokens=True)
        assert written.strip() == answer.text


def test_settings_reach_generation(make_config, built):
    config = make_config(generation={"beams": 2, "max_length": 5, "no_repeat_ngram": 2, "length_penalty": 0.5})
    _, made, examples = built(config)
    options = task.settings(config, made.reader).options
    assert (options["num_beams"], options["max_new_tokens"], options["no_repeat_ngram_size"]) == (2, 5, 2)
    assert options["length_penalty"] == 0.5
    assert not options["do_sample"]
    assert all(len(one.text.split()) <= 5 for one in asked(config, made, examples))
    assert made.model.generation_config.num_beams == 2
    assert task.interim(config, made.reader).settings.options["num_beams"] == 1


def test_without_a_length_of_its_own_a_translation_may_be_as_long_as_a_target(make_config):
    options = task.settings(make_config(data={"max_target_length": 17}), None).options
    assert options["max_new_tokens"] == 17
    assert task.settings(make_config(), None).options["max_new_tokens"] == 32


def test_sampling_is_off_unless_asked_for_and_repeats_itself(make_config, built):
    config = make_config(masking="none", generation={"sampling": True, "temperature": 5.0, "beams": 1})
    _, made, examples = built(config)
    torch.manual_seed(7)
    first = asked(config, made, examples)
    state = torch.get_rng_state()
    assert asked(config, made, examples) == first
    assert torch.equal(torch.get_rng_state(), state), "other people's random numbers are left alone"
    greedy = make_config(masking="none", generation={"beams": 1})
    assert [one.text for one in asked(greedy, made, examples)] != [one.text for one in first]


@pytest.mark.parametrize(
    ("generation", "message"),
    [
        ({"beam": 3}, "unknown key 'generation.beam'. Did you mean 'beams'"),
        ({"beams": 0}, "generation.beams: Input should be greater than or equal to 1"),
        ({"temperature": 0.5}, "temperature and top_p are of sampling; set generation.sampling: true"),
    ],
)
def test_what_is_wrong_with_a_generation_section(generation, message, make_config):
    with pytest.raises(ConfigError, match=message):
        make_config(generation=generation)


def test_more_tokens_than_the_model_has_positions_for_are_refused(make_config, built, pretrained_model):
    with pytest.raises(ConfigError, match=r"generation.max_length: 65 tokens are asked for, but '.*' takes 64 at most"):
        built(make_config(pretrained_model("mbart"), generation={"max_length": 65}))
    built(make_config(pretrained_model("t5"), generation={"max_length": 65}))


def test_a_model_that_writes_nothing_is_refused(make_config, built, tmp_path):
    from transformers import BertConfig, BertModel, BertTokenizer

    BertModel(BertConfig(vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=1)).save_pretrained(
        tmp_path / "bert"
    )
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "small", "font"]
    BertTokenizer(vocab={word: number for number, word in enumerate(words)}).save_pretrained(tmp_path / "bert")
    with pytest.raises(ConfigError, match="is a bert, which does not write one text from another"):
        built(make_config(tmp_path / "bert"))


def test_a_loss_of_the_batch_is_that_of_its_tokens(make_config, built):
    config = make_config(masking="none")
    _, made, examples = built(config)
    hidden = whole(examples, [0, 1])
    loss = task.loss(made.model, hidden)
    answers = asked(config, made, examples, [0, 1])
    assert float(loss.sum.detach()) == pytest.approx(sum(one.nll for one in answers), rel=1e-4)
    assert loss.count == sum(one.tokens for one in answers)
    assert hidden.inputs[DECODER].shape[0] == 2
