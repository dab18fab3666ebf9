"""Models and tokenizers by name, folder or from scratch; tokenising; answers; class weights."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from datasets import Dataset

from maskwright import tasks
from maskwright.data.checked import CheckedData
from maskwright.errors import ConfigError
from maskwright.tasks import parse_config
from maskwright.tasks.contract import Task
from maskwright.tasks.text import text_classification
from maskwright.tasks.text.tokenizing import load_tokenizer
from maskwright.train.validation import Validation

task = text_classification.TASK

TEXTS = [f"the {word} of the {other}" for word in ("cat", "dog", "house") for other in ("sea", "woods", "hill")] * 3


def config(model="scratch:tiny", masking="automask", class_weights="none", **data):
    node = {"model": str(model), "data": {"train": "none.csv", "max_length": 32, **data}, "masking": masking}
    return parse_config({**node, "training": {"class_weights": class_weights}})


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small encoder without a classification head, and its tokenizer."""
    folder = tmp_path_factory.mktemp("encoder")
    built = task.build(config(), data(["a", "b"]))
    built.model.bert.save_pretrained(folder)
    built.reader.save_pretrained(folder)
    return folder


def data(labels, texts=TEXTS, classes=None):
    """Checked data of which only the labels and the training split are read."""
    columns = {"example_id": range(len(texts)), "text": texts, "label": classes or [0] * len(texts)}
    train = Dataset.from_dict(columns)
    return CheckedData(train, train, train, tuple(labels), (), {}, (), "")


def rows(pairs=False):
    columns = {"example_id": [4, 7, 9], "text": ["the cat", "the dog of the house of the sea", "hill"]}
    columns |= {"text_pair": ["sea", "the hill", "the woods"]} if pairs else {}
    return Dataset.from_dict({**columns, "label": [0, 2, 2]})


def encoded(table, tokenizer, settings, checked=None):
    return task.encode(table, tokenizer, settings, data=checked or data(["a", "b", "c"]))


def test_tasks_are_found_by_name():
    assert tasks.get("text-classification") is task
    assert isinstance(task, Task)
    with pytest.raises(ConfigError, match="Did you mean 'text-classification'"):
        tasks.get("text-clasification")


def test_from_scratch_depends_on_the_seed_alone():
    torch.manual_seed(1)
    one = task.build(config(), data(["a", "b", "c"]))
    torch.rand(9)
    other = task.build(config(), data(["a", "b", "c"]))
    for name, parameter in one.model.named_parameters():
        assert torch.equal(parameter, dict(other.model.named_parameters())[name])
    assert one.model.config.id2label == {0: "a", 1: "b", 2: "c"}
    assert one.model.config.label2id == {"a": 0, "b": 1, "c": 2}
    assert one.reader.mask_token == "[MASK]"
    assert "1e-3" in one.notes[0]


def test_the_same_tokenizer_in_every_process():
    """The trainer of `tokenizers` breaks ties by the order of a hash map, unless it is kept from it."""
    script = (
        "import json, sys; from maskwright.tasks.scratch import train_tokenizer;"
        "print(json.dumps(sorted(train_tokenizer(json.load(sys.stdin), 100, 64).get_vocab().items())))"
    )
    texts = [f"{a}{b}{c} {c}{b} {a}{c}" for a in "xyzabcd" for b in "pqrstu" for c in "klmno"]
    command = [sys.executable, "-c", script]
    found = {subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True).stdout for _ in range(2)}
    assert len(found) == 1
    assert len(json.loads(found.pop())) == 100


def test_special_tokens_are_the_five_of_bert(saved):
    tokenizer = load_tokenizer(config(saved), [])
    assert sorted(tokenizer.all_special_tokens) == ["[CLS]", "[MASK]", "[PAD]", "[SEP]", "[UNK]"]
    assert len(tokenizer.added_tokens_decoder) == 5
    assert tokenizer("the cat ##a")["input_ids"][0] == tokenizer.cls_token_id


def test_a_folder_gets_a_new_head_in_silence(saved, capfd):
    from maskwright.train.quiet import quiet

    with quiet():
        built = task.build(config(saved), data(["no", "yes"]))
    assert capfd.readouterr() == ("", "")
    assert built.notes == ()
    assert built.model.dtype == torch.float32
    assert built.model.config.id2label == {0: "no", 1: "yes"}


def test_weights_that_are_missing_from_the_encoder_are_told(saved, tmp_path):
    from safetensors.torch import load_file, save_file

    for file in saved.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert "1 weights of the encoder" in task.build(config(tmp_path), data(["a", "b"])).notes[0]


def test_encoding():
    tokenizer = load_tokenizer(config(), TEXTS)
    # Of 9 training texts in 3 classes a class of 3 weighs 1, and a class of 1 weighs 3.
    checked = data(["a", "b", "c"], TEXTS[:9], [0, 0, 0, 1, 1, 1, 1, 1, 2])
    examples = encoded(rows(), tokenizer, config(max_length=6, class_weights="auto"), checked)
    assert examples.lengths.tolist() == [4, 6, 3]
    assert "1 of 3 texts are longer" in examples.notes[0]
    assert examples.classes.tolist() == examples.references(range(3)).tolist() == [0, 2, 2]
    batch = examples.batch([2, -1])
    assert batch.inputs["input_ids"].shape == (2, 4)
    assert batch.inputs["attention_mask"].sum(1).tolist() == [3, 4]
    assert batch.inputs["input_ids"][0, 3] == tokenizer.pad_token_id
    assert batch.weight.tolist() == [3.0, 0.0]
    assert batch.ids.tolist() == [9, 4]
    assert batch.labels["labels"].tolist() == [2, 0]
    assert batch.examples == 1
    expected = tokenizer("hill")["input_ids"]
    assert batch.inputs["input_ids"][0, :3].tolist() == expected


def test_without_class_weights_every_example_counts_alike():
    tokenizer = load_tokenizer(config(), TEXTS)
    assert encoded(rows(), tokenizer, config()).batch([0, 1, 2]).weight.tolist() == [1.0, 1.0, 1.0]


def test_pairs_become_two_segments():
    tokenizer = load_tokenizer(config(), TEXTS)
    inputs = encoded(rows(pairs=True), tokenizer, config()).batch([0]).inputs
    assert inputs["token_type_ids"][0].tolist() == [0, 0, 0, 0, 1, 1]
    assert (inputs["input_ids"][0] == tokenizer.sep_token_id).sum() == 2


def test_metrics():
    tokenizer = load_tokenizer(config(), TEXTS)
    table = Dataset.from_dict({"example_id": [4, 7, 9], "text": ["cat", "dog", "hill"], "label": [0, 1, 2]})
    logits = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3]]).log()
    examples = encoded(table, tokenizer, config())
    words = [int(examples.batch([row]).inputs["input_ids"][0, 1]) for row in range(3)]

    class ByWord(torch.nn.Module):
        def forward(self, input_ids, **_):
            return SimpleNamespace(logits=logits[[words.index(word) for word in input_ids[:, 1].tolist()]])

    asked = Validation(task, examples, task.chosen_metrics(None), None, None, batch_size=8)
    found = asked.scores(ByWord(), torch.device("cpu"))
    assert list(found) == ["accuracy", "macro_f1", "loss"]
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert found["loss"] == pytest.approx(-(np.log([0.7, 0.8, 0.3])).mean())


def test_a_trained_model_is_loaded_back(saved, tmp_path):
    from maskwright.errors import RunError

    built = task.build(config(saved), data(["no", "yes"]))
    built.model.save_pretrained(tmp_path)
    built.reader.save_pretrained(tmp_path)
    restored = task.restore(tmp_path)
    assert torch.equal(restored.model.classifier.weight, built.model.classifier.weight)
    assert restored.reader("the cat")["input_ids"] == built.reader("the cat")["input_ids"]
    assert task.same_reader(restored.reader, built.reader)
    (tmp_path / "model.safetensors").write_bytes(b"cut short")
    with pytest.raises(RunError, match="the trained model cannot be loaded"):
        task.restore(tmp_path)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("scratch:tinny", "Did you mean 'tiny'"),
        ("./nowhere/model", "there is no folder './nowhere/model'"),
        ("nobody/no-such-model", r"HF_HUB_OFFLINE is set.*local folder"),
        (__file__, "is a file"),
    ],
)
def test_a_model_that_is_not_there(model, message):
    with pytest.raises(ConfigError, match=message):
        task.build(config(model), data(["a", "b"]))


def test_a_folder_without_a_model(tmp_path, saved):
    with pytest.raises(ConfigError, match=r"no config.json.*save_pretrained"):
        task.build(config(tmp_path), data(["a", "b"]))
    for file in saved.iterdir():
        if file.name != "model.safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ConfigError, match="pickled weights are not loaded"):
        task.build(config(tmp_path), data(["a", "b"]))


def test_tokenizers_that_lack_a_token(saved, tmp_path):
    def without(name):
        tokenizer = load_tokenizer(config(saved), [])
        for file in saved.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        setattr(tokenizer, name, None)
        tokenizer.save_pretrained(tmp_path)
        settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
        settings[name] = None
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
        return config(tmp_path)

    with pytest.raises(ConfigError, match=r"no mask token. Use fill: random-token"):
        load_tokenizer(without("mask_token"), [])
    with pytest.raises(ConfigError, match="no padding token"):
        load_tokenizer(without("pad_token"), [])


def test_texts_longer_than_the_model_takes(saved):
    with pytest.raises(ConfigError, match=r"data.max_length: 600 tokens.*takes 512 at most"):
        load_tokenizer(config(saved, max_length=600), [])


def test_weights_of_other_shapes_are_refused(tmp_path):
    from transformers import AutoModelForSequenceClassification, BertConfig, BertForSequenceClassification

    from maskwright.tasks.pretrained import with_new_head

    small = {"vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    BertForSequenceClassification(BertConfig(**small, intermediate_size=32)).save_pretrained(tmp_path)
    config = BertConfig.from_pretrained(tmp_path)
    config.intermediate_size = 16
    config.save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"do not have the shapes"):
        with_new_head(AutoModelForSequenceClassification, str(tmp_path), num_labels=3)
