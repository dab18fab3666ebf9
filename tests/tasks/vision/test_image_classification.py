"""Pictures: models of several families, every kind of fill, what is refused, and whole runs."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from maskwright import tasks
from maskwright.config import LoraConfig, parse_config
from maskwright.errors import ConfigError
from maskwright.tasks.vision import image_classification as task
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.pictures import forward
from maskwright.train import lora
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from tests.tasks.pictures import write_pictures


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    return {
        name: str(write_pictures(root / name, n, seed=seed))
        for seed, (name, n) in enumerate({"train": 12, "validation": 4, "test": 4}.items())
    }


@pytest.fixture
def make_config(folders, tmp_path, monkeypatch):
    monkeypatch.setitem(vision_models.SIZES, "tiny", vision_models.Size(layers=1, hidden=24, heads=2))

    def make(name="run", model="scratch:tiny", masking=None, evaluation=None, **training):
        settings = {"epochs": 2, "batch_size": 8, "learning_rate": 3e-3, "output": str(tmp_path / name), **training}
        node = {
            "task": "image-classification",
            "model": str(model),
            "data": {**folders, "size": 16},
            "masking": masking or {"pattern": "iid", "budget": 0.5, "fill": "drop", "unit": "patch"},
            "training": settings,
            "evaluation": {"ratios": [0, 0.5], "bootstrap": 200, "draws": 1, **(evaluation or {})},
        }
        return parse_config(node)

    return make


def test_the_defaults_are_those_of_pictures(make_config):
    config = make_config()
    assert (config.evaluation.unit, config.evaluation.patterns) == ("patch", ["iid", "block"])
    assert tasks.get("image-classification") is task


def test_pictures_of_the_size_asked_for_are_not_resized(make_config, monkeypatch):
    config = make_config()
    data, reader = task.load(config.data), picture_tasks.reader_of(config)
    examples = task.encode(data.train, reader, config, data=data)
    whole = reader([examples.open(name) for name in examples.names[:3]], return_tensors="pt")["pixel_values"]
    resized, original = [], type(reader).resize

    def counted(self, *given, **named):
        resized.append(1)
        return original(self, *given, **named)

    monkeypatch.setattr(type(reader), "resize", counted)
    assert torch.equal(examples.pixels(range(3)), whole)
    assert not resized
    reader.size = {"height": 8, "width": 16}
    assert examples.pixels(range(3)).shape == (3, 3, 8, 16)
    assert len(resized) == 3


def test_new_weights_depend_on_the_seed_alone(make_config):
    data = task.load(make_config().data)
    torch.manual_seed(1)
    one = task.build(make_config(), data).model
    torch.rand(3)
    other = task.build(make_config(), data).model
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert one.config.id2label == {0: "blue", 1: "red"}


FILLS = ["zero", "mean", "noise", "blur", "drop", "mask-token", "indicator", {"mean": {"over": "position"}}, "swap"]


@pytest.mark.parametrize("fill", FILLS, ids=lambda fill: fill if isinstance(fill, str) else "mean-over-position")
def test_every_fill_trains_and_is_loaded_back(make_config, fill):
    config = make_config(masking={"pattern": "iid", "budget": 0.5, "fill": fill, "unit": "patch"}, epochs=1)
    path = train(config)
    model, reader = task.load_trained(path / "model")
    data = task.load(config.data)
    examples = task.encode(data.test, reader, config, data=data)
    batch = examples.batch([0, 1, 2])
    whole = task.answer(model, {"pixel_values": batch["pixel_values"]})
    hidden = examples.hide(
        {"pixel_values": batch["pixel_values"]}, config.masking, batch["example_id"], seed=1, epoch=0
    )
    assert hidden.share.tolist() == [0.5] * 3
    assert not torch.equal(task.answer(model, hidden.inputs), whole)
    saved = load_file(path / "model" / "model.safetensors")
    assert torch.equal(saved["classifier.weight"], model.state_dict()["classifier.weight"])


def test_dropping_halves_the_work(make_config):
    environment = RunFolder(train(make_config(epochs=1))).environment()
    assert environment["cells"] * 2 == environment["cells_whole"] > 0


def test_a_killed_run_goes_on_to_the_same_weights(make_config, monkeypatch):
    from maskwright.train.stop import TrainingStopped

    whole = train(make_config("whole", save_every=2))
    asked = iter([False, False, True])
    with monkeypatch.context() as patch:
        patch.setattr("maskwright.train.trainer.any_process", lambda *given: next(asked, True))
        with pytest.raises(TrainingStopped):
            train(make_config("broken", save_every=2))
    broken = train(make_config("broken", save_every=2))
    one, other = (load_file(path / "model" / "model.safetensors") for path in (whole, broken))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_masks_do_not_depend_on_the_batch(make_config):
    config = make_config()
    data = task.load(config.data)
    examples = task.encode(data.train, task.build(config, data).reader, config, data=data)

    def masks(rows):
        batch = examples.batch(rows)
        inputs, ids = {"pixel_values": batch["pixel_values"]}, batch["example_id"]
        return examples.hide(inputs, config.masking, ids, seed=0, epoch=3).inputs["dropped_patches"]

    assert torch.equal(masks([5, 2])[1], masks([2, 7, 9])[0])


def saved(tmp_path, kind):
    from transformers import (
        ConvNextConfig,
        ConvNextModel,
        Dinov2Config,
        Dinov2Model,
        ResNetConfig,
        ResNetModel,
        SwinConfig,
        SwinModel,
    )

    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 16, "patch_size": 4}
    stages = {"hidden_sizes": [8, 16], "depths": [1, 1]}
    model = {
        "convnext": lambda: ConvNextModel(ConvNextConfig(num_stages=2, **stages)),
        "resnet": lambda: ResNetModel(ResNetConfig(embedding_size=8, **stages)),
        "dinov2": lambda: Dinov2Model(Dinov2Config(**small)),
        "swin": lambda: SwinModel(
            SwinConfig(image_size=16, patch_size=2, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=2)
        ),
    }[kind]()
    model.save_pretrained(tmp_path)
    from maskwright.tasks.vision.picture_tasks import plain_processor

    plain_processor(16).save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", ["convnext", "resnet", "dinov2", "swin"])
def test_saved_models_of_other_families_train(make_config, tmp_path, kind):
    model = saved(tmp_path / "model", kind)
    masking = {"pattern": "block", "budget": 0.5, "fill": "mean", "unit": "patch"}
    path = train(make_config(model=model, masking=masking, epochs=0.5))
    trained, _ = task.load_trained(path / "model")
    assert trained.config.model_type == kind
    if kind == "dinov2":
        config = make_config("dropping", model=model)
        assert "patches" in task.describe(config, task.load(config.data))[0]


@pytest.mark.parametrize("kind", ["convnext", "swin"])
def test_patches_of_other_architectures_cannot_be_dropped(make_config, tmp_path, kind):
    model = saved(tmp_path / "model", kind)
    config = make_config(model=model)
    data = task.load(config.data)
    with pytest.raises(ConfigError, match="mean"):
        task.describe(config, data)  # by which `check` says it, before anything is trained
    with pytest.raises(ConfigError, match="mean"):
        task.build(config, data)


def test_the_indicator_says_where_and_starts_without_effect(make_config):
    config = make_config(masking={"pattern": "iid", "budget": 0.5, "fill": "indicator", "unit": "patch"})
    data = task.load(config.data)
    model = task.build(config, data).model
    assert model.config.num_channels == 4
    plain = torch.rand(2, 3, 16, 16)
    with_channel = torch.cat([plain, torch.ones(2, 1, 16, 16)], dim=1)
    model.eval()
    assert torch.equal(
        forward(model, {"pixel_values": plain}).logits, forward(model, {"pixel_values": with_channel}).logits
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masking": {"pattern": "iid", "budget": 0.5, "fill": "mean", "unit": "word"}}, "for texts"),
        ({"masking": {"pattern": "iid", "budget": 0.5, "fill": "random-token", "unit": "patch"}}, "is for texts"),
        ({"masking": "bert"}, "MaskToken in a mix is for texts"),
        ({"masking": {"pattern": "specaugment", "fill": "mean"}}, "not for the axes row, col"),
        ({"evaluation": {"unit": "word"}}, "patches and pixels"),
        ({"model": "scratch:tinny"}, "Did you mean 'tiny'"),
    ],
    ids=["unit", "fill", "preset", "pattern", "evaluation", "model"],
)
def test_what_does_not_go_with_pictures_is_refused(make_config, changes, message):
    with pytest.raises(ConfigError, match=message):
        make_config(**changes)


def test_patches_that_do_not_fit_are_refused_with_a_remedy(make_config):
    config = make_config(masking={"pattern": "iid", "budget": 0.5, "fill": "mean", "unit": "patch"})
    config = config.model_copy(update={"data": config.data.model_copy(update={"patch": 5})})
    data = task.load(config.data)
    with pytest.raises(ConfigError, match=r"data\.patch.*cannot be cut"):
        task.describe(config, data)


def test_preview_shows_what_training_hides(make_config):
    config = make_config()
    found = task.preview(config, task.load(config.data), 3, epoch=0)
    assert found["hidden"] * 2 == found["units"] == 3 * 16
    for example in found["examples"]:
        (_, whole), (_, seen) = example["pictures"]
        assert whole.shape == seen.shape == (16, 16, 3)
        assert whole.dtype == np.uint8
        assert 0 < (whole != seen).any(axis=-1).mean() <= 0.5


def test_a_whole_run_is_evaluated_against_its_twin(make_config):
    from maskwright.evaluate.run import evaluate

    path = train(make_config(epochs=4))
    found = evaluate([path])
    assert found.document["clean"]["model"]["value"] > 0.8
    shown = found.document["examples"]["items"][0]["pictures"]
    assert all(picture["src"].startswith("data:image/png;base64,") for picture in shown)
    assert json.loads(found.path.read_text())["noun"] == "images"


def test_adapters_leave_heads_and_new_parameters_to_learn_whole(make_config):
    pytest.importorskip("peft")
    data, settings = task.load(make_config().data), LoraConfig(rank=2)
    for fill, new in (("indicator", "projection.weight"), ("mask-token", "embeddings.mask_token")):
        masking = {"pattern": "iid", "budget": 0.5, "fill": fill, "unit": "patch"}
        model = lora.attach(task.build(make_config(masking=masking), data).model, settings, 0)
        whole = {name for name, p in model.named_parameters() if p.requires_grad and "lora" not in name}
        assert {"classifier.weight", "classifier.bias"} < whole
        assert [name for name in whole if "classifier" not in name and name.endswith(new)]
        assert len(whole) == 3


def test_adapters_and_drop_go_together(make_config):
    pytest.importorskip("peft")
    path = train(make_config(lora={"rank": 2}, epochs=1))
    saved = load_file(str(path / "model" / "model.safetensors"))
    assert "classifier.weight" in saved
    assert not [name for name in saved if "lora" in name or "base_layer" in name]
