"""Completing pictures: the contract, what is refused, what fine-tuning takes over, and the example."""

import importlib
import sys

import pytest
import torch
from PIL import Image
from transformers import ViTMAEForPreTraining

from maskwright import tasks
from maskwright.errors import ConfigError, RunError
from maskwright.masking import Masking
from maskwright.preview.run import preview_run
from maskwright.tasks import load_config, parse_config
from maskwright.tasks.examples import FILLER
from maskwright.tasks.reconstruction import models as reconstruction
from maskwright.tasks.vision.picture_tasks import plain_processor
from maskwright.testing import check_task
from tests.examples.markdown import ROOT
from tests.tasks.reconstruction.made_up import DROP, TOKEN, asked, config, hide, save, task

classification = tasks.get("image-classification")


def test_nothing_but_what_was_hidden_is_learned(run):
    assert run.config.objective.learns_hidden
    assert run.config.evaluation.twin is False
    assert isinstance(run.model, ViTMAEForPreTraining)
    assert task.describe(run.config, run.data)[0].startswith("pictures are brought to 8 x 8 pixels")


@pytest.mark.parametrize("kind", ["autoencoder", "masked image modeling"])
def test_it_keeps_the_contract(pictures, mim, tmp_path, kind):
    model, masking = ("scratch:tiny", DROP) if kind == "autoencoder" else (mim, TOKEN)
    node = config(pictures, model, masking).model_dump(mode="json", exclude_none=True)
    check_task("masked-image", {name: node[name] for name in ("model", "data", "masking")}, tmp_path)


@pytest.mark.parametrize(
    ("masking", "more", "message"),
    [
        ("none", {}, "something must be"),
        (None, {"evaluation": {"twin": True}}, "there is nothing to learn"),
        (None, {"objective": "supervised"}, "masked-image learns reconstruct, given 'supervised'"),
        (None, {"training": {"class_weights": "auto"}}, "class_weights"),
        ({**DROP, "fill": "mean"}, {}, "masking.fill: what is completed"),
        (TOKEN, {}, "trained with drop, given mask-token"),
    ],
)
def test_what_does_not_go_together_is_refused(pictures, masking, more, message):
    with pytest.raises(ConfigError, match=message):
        config(pictures, masking=masking, **more)


def test_sizes_other_than_the_models_are_refused(pictures, mim):
    wrong = config(pictures, mim, TOKEN)
    wrong = wrong.model_copy(update={"data": wrong.data.model_copy(update={"size": 12})})
    with pytest.raises(ConfigError, match=r"Set data.size to 8"):
        task.build(wrong, task.load(wrong.data))
    with pytest.raises(ConfigError, match="trained with mask-token, given drop"):
        task.build(config(pictures, mim), task.load(wrong.data))


def test_a_model_that_completes_nothing_is_refused(pictures, tmp_path):
    from transformers import ConvNextConfig

    ConvNextConfig().save_pretrained(tmp_path)
    plain_processor(8).save_pretrained(tmp_path)
    settings = config(pictures, tmp_path, TOKEN)
    with pytest.raises(ConfigError, match="no convnext of Transformers completes pictures"):
        task.build(settings, None)


@pytest.mark.parametrize("kind", ["autoencoder", "masked image modeling"])
def test_image_classification_takes_the_encoder_over(run, mim, pictures, tmp_path, kind):
    model = run.model
    if kind != "autoencoder":
        model = task.build(config(pictures, mim, TOKEN), run.data).model
    save(run, tmp_path, model)
    node = {"task": "image-classification", "model": str(tmp_path), "data": {"train": str(pictures)}}
    settings = parse_config(node)
    built = classification.build(settings, classification.load(settings.data))
    assert built.notes == ()
    learnt = {name: value for name, value in model.state_dict().items() if name.startswith("vit.")}
    taken = built.model.state_dict()
    assert len(learnt) > 10
    for name, value in learnt.items():
        if not name.endswith("mask_token"):
            assert torch.equal(taken[name], value), name
    pixels = torch.randn(2, 3, 8, 8)
    expected = reconstruction.features(model.eval(), pixels)
    tokens = built.model.eval().vit(pixel_values=pixels).last_hidden_state
    torch.testing.assert_close(tokens[:, 1:].mean(1), expected)


def test_what_was_saved_is_loaded_and_takes_masks(run, tmp_path):
    save(run, tmp_path, run.model)
    restored, hidden = task.restore(tmp_path), hide(run)
    assert task.same_reader(restored.reader, run.reader)
    torch.testing.assert_close(asked(restored.model.eval(), hidden), asked(run.model.eval(), hidden))
    with pytest.raises(RunError, match="cannot be loaded"):
        task.restore(tmp_path / "nothing")


def test_a_folder_of_the_same_kind_goes_on_learning(run, pictures, tmp_path):
    save(run, tmp_path, run.model)
    built = task.build(config(pictures, tmp_path), run.data)
    assert built.notes == ()
    assert all(torch.equal(value, built.model.state_dict()[name]) for name, value in run.model.state_dict().items())


def test_pictures_without_labels(run, tmp_path):
    for number in range(6):
        Image.new("RGB", (8, 8), (number * 20, 0, 0)).save(tmp_path / f"{number}.png")
    settings = config(tmp_path)
    data = task.load(settings.data)
    assert data.labels == ()
    batch = task.encode(data.train, run.reader, settings, data=data).batch([0, FILLER])
    assert batch.weight.tolist() == [1.0, 0.0]
    preview = preview_run(task, settings, data, 2, 0)
    assert preview["unit"] == "patch"
    assert preview["hidden"] * 4 == preview["units"] * 3
    assert preview["examples"][0]["label"] == ""


def test_the_example_goes_from_pictures_without_labels_to_a_difference(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    example, made = (importlib.import_module(name) for name in ("from_scratch", "vision_data"))
    write = made.digits
    monkeypatch.setattr(made, "digits", lambda folder, seed: write(folder, seed, small=True))
    monkeypatch.setitem(example.PRETRAINING, "epochs", 0.1)
    monkeypatch.setitem(example.FINE_TUNING, "epochs", 0.1)
    starts = []
    trained = example.fine_tuned
    monkeypatch.setattr(example, "fine_tuned", lambda *given: starts.append(given[-1]) or trained(*given))
    monkeypatch.setattr(sys, "argv", ["from_scratch.py", "--seeds", "1", "--folder", str(tmp_path)])
    example.main()
    assert starts == ["scratch:tiny", str(tmp_path / "0" / "pretraining" / "model")]
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["seed", "from", "nothing", "pre-trained", "difference"]
    seed, nothing, better, difference, _ = line.split()
    assert seed == "0"
    assert float(difference) == pytest.approx(float(better[:-1]) - float(nothing[:-1]), abs=0.11)


def test_the_configuration_is_short_and_valid():
    lines = (ROOT / "examples" / "masked-image.yaml").read_text("utf-8").splitlines()
    assert len(lines) <= 15
    settings = load_config(ROOT / "examples" / "masked-image.yaml")
    assert settings.masking == Masking.from_dict("mae")
    assert settings.objective.learns_hidden
