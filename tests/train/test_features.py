"""What a configuration can ask of training, and what is left in the run folder."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright import tasks
from maskwright.errors import ConfigError
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from maskwright.train.validation import Validation


def validations(path):
    return {line["step"]: line["validation"] for line in RunFolder(path).metrics() if "validation" in line}


def trained(path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(path / "model").eval()
    return model, AutoTokenizer.from_pretrained(path / "model")


def accuracy(path, config):
    model, tokenizer = trained(path)
    rows = [json.loads(line) for line in Path(config.data.validation).read_text().splitlines()]
    inputs = tokenizer([row["text"] for row in rows], padding=True, truncation=True, max_length=24, return_tensors="pt")
    with torch.no_grad():
        answers = model(**inputs).logits.argmax(-1).tolist()
    return np.mean([model.config.id2label[a] == row["label"] for a, row in zip(answers, rows, strict=True)])


def test_the_run_folder(make_config):
    config = make_config(epochs=12, learning_rate=3e-3)
    path = train(config)
    assert sorted(p.name for p in path.iterdir()) == [
        "environment.json",
        "maskwright.json",
        "metrics.jsonl",
        "model",
        "run.yaml",
    ]
    folder = RunFolder(path)
    info = folder.finished_info()
    assert info["labels"] == ["animals", "food", "tools"]
    assert (info["fill"], info["unit"], info["twin"], info["steps"]) == ("mask-token", "type", False, 108)
    assert json.loads((path / "model" / "maskwright.json").read_text()) == info
    assert folder.config() == config
    assert folder.environment()["dtype"] == "fp32"
    assert folder.environment()["cells"] > 1000
    first = folder.metrics()[0]
    assert set(first) == {"step", "epoch", "loss", "learning_rate", "grad_norm"}
    best = max(validations(path).values(), key=lambda v: (v["accuracy"], -v["loss"]))
    assert validations(path)[info["kept_step"]] == best
    assert accuracy(path, config) == pytest.approx(best["accuracy"])
    assert best["accuracy"] > 0.6


def test_the_last_weights_are_kept_if_asked(make_config):
    path = train(make_config(epochs=2, keep_best=False, learning_rate=3e-2, learning_rate_schedule="constant"))
    assert RunFolder(path).info()["kept_step"] == 18


def test_steps_instead_of_epochs(make_config):
    path = train(make_config(epochs=1, max_steps=13, evaluate_every=5))
    assert [line["step"] for line in RunFolder(path).metrics() if "loss" in line] == list(range(1, 14))
    assert list(validations(path)) == [5, 10, 13]
    assert RunFolder(path).info()["steps"] == 13


NAN = float("nan")


@pytest.mark.parametrize(
    ("metric", "scores"), [("macro_f1", [NAN, 0.5, 0.4]), ("loss", [NAN, 0.5, 0.6])], ids=["higher", "lower"]
)
def test_the_headline_of_the_configuration_chooses_the_weights(make_config, monkeypatch, metric, scores):
    """An undefined score comes first, which is no better than any; accuracy, which is not asked, is best there too."""
    validated = iter([{"loss": 1.0, "accuracy": 0.9 - i / 10, metric: score} for i, score in enumerate(scores)])
    monkeypatch.setattr(Validation, "scores", lambda *asked, **facts: next(validated))
    config = make_config(epochs=3)
    chosen = config.evaluation.model_copy(update={"metrics": [metric, "accuracy"]})
    path = train(config.model_copy(update={"evaluation": chosen}))
    assert RunFolder(path).info()["kept_step"] == 18
    assert RunFolder(path).info()["kept_by"] == metric


def test_validation_measures_what_the_configuration_names_and_the_loss(make_config):
    config = make_config(epochs=0.3)
    chosen = config.evaluation.model_copy(update={"metrics": ["balanced_accuracy", "top_5_accuracy"]})
    path = train(config.model_copy(update={"evaluation": chosen}))
    (numbers,) = validations(path).values()
    assert list(numbers) == ["balanced_accuracy", "top_5_accuracy", "loss"]
    assert numbers["top_5_accuracy"] == 1.0
    assert np.isfinite(numbers["loss"])


def test_two_views_of_a_text_are_made_consistent(make_config):
    """The divergence of the views counts, the masks of the views differ, and learning goes on."""

    def run(name, objective, **more):
        config = make_config(name, epochs=8, learning_rate=3e-3, **more)
        read = tasks.get(config.task).configuration.objective
        return train(config.model_copy(update={"objective": read(objective)}))

    consistent = run("consistent", {"consistency": {"weight": 1.0}})
    ignored = run("ignored", {"consistency": {"weight": 0.0}})
    losses = {
        path: [line["loss"] for line in RunFolder(path).metrics() if "loss" in line] for path in (consistent, ignored)
    }
    # At the first step the weights are the same: what is more is the divergence, above 0 and below log 2.
    assert losses[ignored][0] < losses[consistent][0] < losses[ignored][0] + 0.6931
    assert RunFolder(consistent).config().objective.weight == 1.0
    assert max(one["accuracy"] for one in validations(consistent).values()) > 0.6
    # Two views are two forward passes a step.
    plain = run("plain", "supervised")
    assert RunFolder(consistent).environment()["cells"] == pytest.approx(2 * RunFolder(plain).environment()["cells"])


def test_early_stopping(make_config):
    notes = []
    path = train(
        make_config(
            epochs=30, learning_rate=1e-8, evaluate_every=3, early_stopping=2, learning_rate_schedule="constant"
        ),
        on_progress=lambda event: notes.append(event.message),
    )
    steps = list(validations(path))
    assert len(steps) < 30
    assert steps[-1] - RunFolder(path).info()["kept_step"] == 6
    assert f"stopped early at step {steps[-1]}: 2 evaluations without improvement." in notes


def test_the_average_is_validated_and_saved(make_config):
    settings = {"ema": 0.5, "learning_rate_schedule": "constant", "keep_best": False}
    config = make_config("ema", **settings)
    path = train(config)
    plain = train(make_config("plain", **{**settings, "ema": None}))
    assert [a["loss"] for a in RunFolder(path).metrics() if "loss" in a] == [
        b["loss"] for b in RunFolder(plain).metrics() if "loss" in b
    ]
    assert validations(path)[18] != validations(plain)[18]
    assert accuracy(path, config) == pytest.approx(validations(path)[18]["accuracy"])
    averaged, last = (trained(run)[0].classifier.weight for run in (path, plain))
    assert not torch.equal(averaged, last)


@pytest.mark.filterwarnings("error::FutureWarning")
def test_adapters_are_folded_in(make_config, model_folder):
    from safetensors.torch import load_file

    config = make_config(lora={"rank": 4}, learning_rate=1e-2, epochs=4)
    path = train(config)
    assert validations(path)[36]["accuracy"] >= 0.4
    assert accuracy(path, config) == pytest.approx(
        validations(path)[RunFolder(path).info()["kept_step"]]["accuracy"], abs=1e-6
    )
    before = load_file(str(model_folder / "model.safetensors"))
    after = load_file(str(path / "model" / "model.safetensors"))
    assert not any("lora" in name for name in after)
    assert torch.equal(before["embeddings.word_embeddings.weight"], after["bert.embeddings.word_embeddings.weight"])


def test_adapters_need_peft(make_config, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "peft", None)
    with pytest.raises(ConfigError, match=r"pip install 'maskwright\[lora\]'"):
        train(make_config(lora={"rank": 4}))


def test_checkpointing_of_activations_gives_the_same_gradients(make_config, still_model_folder):
    def run(on):
        return [
            line["grad_norm"]
            for line in RunFolder(
                train(make_config(str(on), model=still_model_folder, epochs=0.5, gradient_checkpointing=on))
            ).metrics()
            if "loss" in line
        ]

    np.testing.assert_allclose(run(True), run(False), rtol=1e-4)


def test_bf16(make_config):
    path = train(make_config(epochs=0.3, dtype="bf16"))
    assert RunFolder(path).environment()["dtype"] == "bf16"
    assert trained(path)[0].dtype == torch.float32


def test_class_weights_even_out_the_classes(make_config, tmp_path):
    from maskwright.tasks.classification import class_weights

    weights = class_weights(np.array([0] * 30 + [1] * 10), 2)
    assert (weights * [30, 10]).tolist() == pytest.approx([20, 20])


@pytest.mark.parametrize(
    "fill", ["drop", "random-token", {"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}]
)
def test_every_fill_trains(make_config, fill):
    masking = {"pattern": "iid", "budget": 0.3, "fill": fill, "unit": "word"}
    config = make_config(masking=masking, epochs=0.3)
    assert config.masking is not None
    assert RunFolder(train(config)).info()["masking"] == json.loads(json.dumps(config.masking.to_dict()))
