"""Families of encoders that are built here: each trains, is evaluated, and takes adapters, drops and long texts."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset

from maskwright import tasks
from maskwright.data.checked import CheckedData
from maskwright.evaluate.run import evaluate
from maskwright.rng import Moment
from maskwright.tasks import parse_config
from maskwright.tasks.scratch import train_tokenizer
from maskwright.testing import check_task
from maskwright.train.folder import RunFolder
from maskwright.train.run import train

TASK = tasks.get("text-classification")
FAMILIES = ["tiny", "roberta-tiny", "modernbert-tiny", "electra-tiny"]
LONGEST = 512


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("families")
    words = {"fruit": "apple pear plum juice peel".split(), "metal": "iron zinc copper alloy forge".split()}
    rng = np.random.default_rng(0)

    def write(name, n):
        rows = []
        for i in range(n):
            label = list(words)[i % 2]
            text = " ".join([*rng.choice(words[label], rng.integers(2, 9)), f"number {name} {i}"])
            rows.append({"text": text, "label": label, "second": f"and {i} more"})
        path = folder / f"{name}.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return str(path)

    return {"train": write("train", 40), "validation": write("validation", 10), "text": "text", "label": "label"}


def node(files, family, output, **more):
    training = {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "dtype": "fp32", "output": str(output)}
    return {
        "model": f"scratch:{family}",
        "data": {**files, "max_length": 32},
        "masking": "automask",
        "training": {**training, **more},
        "evaluation": {"ratios": [0, 0.5], "patterns": ["iid"], "draws": 1, "bootstrap": 200, "twin": False},
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_it_trains_and_is_evaluated(files, family, tmp_path):
    run = train(parse_config(node(files, family, tmp_path / "run")))
    built = TASK.restore(run / "model")
    assert built.model.config.model_type == family.removesuffix("-tiny").replace("tiny", "bert")
    assert built.model.config.id2label == {0: "fruit", 1: "metal"}
    document = evaluate([run]).document
    assert 0 <= document["clean"]["model"]["value"] <= 1
    assert len(document["examples"]["items"]) == 10
    numbers = [line["validation"] for line in RunFolder(run).metrics() if "validation" in line]
    assert document["clean"]["model"]["value"] == pytest.approx(numbers[-1]["accuracy"]), "the test rows are these"


@pytest.mark.parametrize("family", FAMILIES)
def test_adapters_leave_the_head_of_every_family_whole(files, family, tmp_path):
    run = train(parse_config(node(files, family, tmp_path / "run", lora={"rank": 2}, seed=4)))
    config = parse_config(node(files, family, tmp_path / "new", seed=4))
    fresh = TASK.build(config, TASK.load(config.data)).model
    trained = TASK.restore(run / "model").model
    heads = set(TASK.build(config, TASK.load(config.data)).heads)
    before, after = dict(fresh.named_parameters()), dict(trained.named_parameters())
    assert set(before) == set(after)
    learned = {name for name in after if not torch.equal(before[name], after[name])}
    of_heads = {name for name in after if set(name.split(".")) & heads and name.endswith("weight")}
    assert of_heads
    assert of_heads <= learned
    assert not any("embeddings" in name for name in learned)
    assert any(set(name.split(".")).isdisjoint(heads) for name in learned), "adapters are folded into the encoder"


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_as_long_as_the_model_takes(family):
    texts = [" ".join(["one two three four five"] * 200), "short"]
    table = Dataset.from_dict({"example_id": [0, 1], "text": texts, "label": [0, 1]})
    data = CheckedData(table, table, table, ("a", "b"), (), {}, (), "")
    settings = {"train": "none.csv", "max_length": LONGEST}
    config = parse_config({"model": f"scratch:{family}", "data": settings, "masking": "automask"})
    built = TASK.build(config, data)
    examples = TASK.encode(table, built.reader, config, data=data)
    assert examples.lengths.max() == LONGEST
    hidden = examples.hide(examples.batch([0, 1]), None, Moment())
    with torch.no_grad():
        assert np.isfinite(TASK.predict(built.model.eval(), hidden, None)).all()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("fill", ["mask-token", "drop"])
def test_it_keeps_the_contract_of_tasks(files, family, fill, tmp_path):
    masking = {"pattern": "span", "budget": 0.5, "fill": fill, "unit": "word"}
    findings = check_task("text-classification", {**node(files, family, tmp_path), "masking": masking}, tmp_path)
    assert [finding.check for finding in findings if finding.verdict != "pass"] == ["labels"]  # has none per token


@pytest.fixture(scope="module")
def decoder(files, tmp_path_factory):
    """A folder with a small decoder whose tokenizer pads on the left."""
    from transformers import LlamaConfig, LlamaModel

    folder = tmp_path_factory.mktemp("decoder")
    texts = [json.loads(line)["text"] for line in Path(files["train"]).read_text().splitlines()]
    tokenizer = train_tokenizer(texts, 300, 64)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    LlamaModel(LlamaConfig(vocab_size=len(tokenizer), num_key_value_heads=2, **size)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "padding_side": "left"}))
    return folder


@pytest.mark.parametrize("fill", ["mask-token", "drop", "random-token"])
def test_decoders_with_padding_on_the_left_keep_it(files, decoder, fill, tmp_path):
    masking = {"pattern": "iid", "budget": 0.5, "fill": fill, "unit": "word"}
    keys = {**node(files, "tiny", tmp_path), "model": str(decoder), "masking": masking}
    config = parse_config(keys)
    assert TASK.reader(config, TASK.load(config.data)).padding_side == "left"
    findings = check_task("text-classification", keys, tmp_path)
    assert [finding.check for finding in findings if finding.verdict != "pass"] == ["labels"]  # has none per token


def test_a_decoder_with_padding_on_the_left_is_evaluated_with_adapters_folded_in(files, decoder, tmp_path):
    keys = {**node(files, "tiny", tmp_path / "run", lora={"rank": 2}), "model": str(decoder)}
    run = train(parse_config(keys))
    assert TASK.restore(run / "model").reader.padding_side == "left"
    document = evaluate([run]).document
    numbers = [line["validation"] for line in RunFolder(run).metrics() if "validation" in line]
    assert document["clean"]["model"]["value"] == pytest.approx(numbers[-1]["accuracy"])


def test_pairs_and_class_weights_keep_it_too(files, tmp_path):
    keys = node({**files, "text_pair": "second"}, "tiny", tmp_path, class_weights="auto")
    findings = check_task("text-classification", keys, tmp_path)
    assert [finding.check for finding in findings if finding.verdict != "pass"] == ["labels"]  # has none per token
