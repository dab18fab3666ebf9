"""Detectors: saved ones of several families, new ones, and what they refuse."""

import numpy as np
import pytest
import torch

from maskwright.config import LoraConfig
from maskwright.errors import ConfigError
from maskwright.rng import Moment
from maskwright.tasks.detection import models as detection_models
from maskwright.tasks.examples import Hidden
from maskwright.train import lora
from maskwright.train.run import train
from tests.tasks.detection.made_up import PATCH, built, encoded, saved, task


@pytest.mark.parametrize("kind", ["yolos", "detr", "conditional_detr", "rt_detr", "rt_detr_v2"])
def test_saved_models_of_other_families_train(make_config, tmp_path, kind):
    config = make_config(model=saved(tmp_path / kind, kind))
    path, side = train(config), config.data.size
    restored = task.restore(path / "model")
    model, reader = restored.model, restored.reader
    assert model.config.model_type == kind
    assert model.config.id2label == {0: "red", 1: "blue"}
    assert reader(np.zeros((20, 50, 3), np.uint8), return_tensors="pt")["pixel_values"].shape == (1, 3, side, side)
    examples = encoded(make_config(model=path / "model", data={"size": side}), "test")
    with torch.no_grad():
        answers = task.predict(model, Hidden.whole(examples.batch([0, 1])), None)
    assert [len(answers), answers[0]["boxes"].shape, answers[0]["scores"].shape] == [2, (7, 4), (7,)]
    for one in answers:
        assert set(one["labels"].tolist()) <= {0, 1}
        assert ((one["scores"] >= 0) & (one["scores"] <= 1)).all()
        assert (one["boxes"][:, 2:] >= one["boxes"][:, :2]).all()


@pytest.mark.parametrize("kind", ["yolos", "detr", "rt_detr"])
def test_with_adapters_the_heads_learn_whole(make_config, tmp_path, kind):
    config = make_config(model=saved(tmp_path / kind, kind))
    made = task.build(config, task.load(config.data))
    lora.attach(made.model, LoraConfig(rank=2), made.heads, seed=0)
    learning = {name for name, parameter in made.model.named_parameters() if parameter.requires_grad}
    whole = {name for name in learning if "lora_" not in name}
    assert whole
    assert all(set(name.split(".")) & set(detection_models.HEADS) for name in whole)
    of_boxes = "bbox_embed" if kind == "rt_detr" else "bbox_predictor"
    assert any(of_boxes in name for name in whole)


def test_pictures_of_saved_models_become_squares_unless_told_otherwise(make_config, tmp_path):
    folder = saved(tmp_path / "model", "yolos")
    reader = detection_models.reader_of(make_config(model=folder, data={"size": None}))
    made = reader(np.zeros((20, 50, 3), np.uint8), return_tensors="pt")
    assert made["pixel_values"].shape == (1, 3, 512, 512)


def test_the_size_of_its_own_processor_is_looked_at_too(make_config, tmp_path):
    from transformers.models.detr.image_processing_pil_detr import DetrImageProcessorPil

    folder = saved(tmp_path / "rt_detr", "rt_detr")
    DetrImageProcessorPil(size={"height": 100, "width": 100}).save_pretrained(folder)
    with pytest.raises(ConfigError, match="multiples of 32 pixels, 64 at least; given 100"):
        detection_models.architecture(make_config(model=folder, data={"size": None}))


def test_families_whose_loss_is_not_implemented_are_refused(make_config, tmp_path):
    config = make_config(model=saved(tmp_path / "model", "d_fine"))
    with pytest.raises(ConfigError, match=r"d_fine, whose loss is not implemented.*yolos, detr"):
        detection_models.architecture(config)


def test_backbones_of_timm_are_refused_without_it(make_config, tmp_path, monkeypatch):
    from transformers import DetrConfig

    DetrConfig().save_pretrained(tmp_path / "model")
    monkeypatch.setattr(detection_models.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="timm, which is not installed"):
        detection_models.architecture(make_config(model=tmp_path / "model"))


@pytest.mark.parametrize("kind", ["detr", "rt_detr", "scratch:tiny"])
@pytest.mark.parametrize("fill", ["drop", "mask-token", "indicator"])
def test_fills_inside_other_detectors_are_refused_with_one_that_works(make_config, tmp_path, fill, kind):
    masking = {"pattern": "iid", "fill": fill, **PATCH}
    model = kind if kind.startswith("scratch:") else saved(tmp_path / kind, kind)
    config = make_config(model=model, masking=masking)
    with pytest.raises(ConfigError, match="mean"):
        task.build(config, task.load(config.data))


def test_new_weights_depend_on_the_seed_alone_and_no_two_queries_are_alike(make_config):
    config = make_config()
    data = task.load(config.data)
    torch.manual_seed(1)
    one = task.build(config, data).model
    torch.rand(3)
    other = task.build(config, data).model
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert len(one.vit.embeddings.detection_tokens[0].unique(dim=0)) == 10
    assert len(one.vit.embeddings.position_embeddings[0].unique(dim=0)) == 1 + 16 + 10


def test_too_few_queries_are_told(make_config):
    config = make_config(data={"queries": 1})
    notes = task.build(config, task.load(config.data)).notes
    assert any("makes 1 predictions, but a picture holds 2 objects" in note for note in notes)
    default = detection_models.architecture(make_config(data={"queries": None}), task.load(config.data))
    assert default.num_detection_tokens == 20


def test_a_new_rt_detr_can_begin_to_learn(make_config):
    config = make_config(model="scratch:tiny", data={"queries": None, "size": 64})
    model = task.build(config, task.load(config.data)).model
    assert model.config.model_type == "rt_detr"
    assert model.config.num_queries == 20
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert norms
    assert all((norm.weight == 1).all() for norm in norms)


def test_more_predictions_than_places_are_refused(make_config):
    with pytest.raises(ConfigError, match=r"data.queries: in pictures of 64 pixels .* 84 places .* given 100"):
        detection_models.architecture(make_config(model="scratch:tiny", data={"queries": 100, "size": 64}))


@pytest.mark.parametrize("size", [48, 32])
def test_pictures_that_its_strides_do_not_divide_are_refused(make_config, size):
    with pytest.raises(ConfigError, match=f"multiples of 32 pixels, 64 at least; given {size}"):
        detection_models.architecture(make_config(model="scratch:tiny", data={"size": size}))


def test_what_nobody_trains_is_not_waited_for(make_config, tmp_path):
    config = make_config(model=saved(tmp_path / "rt_detr", "rt_detr"))
    examples, model = encoded(config), built(config).train()
    task.loss(model, Hidden.whole(examples.batch(range(4)))).sum.backward()
    left = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert left == []


@pytest.mark.parametrize("fill", ["noise", "swap", "mask-token", "indicator"])
def test_other_fills_train_and_are_loaded_back(make_config, fill):
    config = make_config(masking={"pattern": "iid", "fill": fill, **PATCH}, epochs=0.5)
    path = train(config)
    model, examples = task.restore(path / "model").model, encoded(config, "test")
    batch = examples.batch([0, 1])
    with torch.no_grad():
        hidden, whole = (
            task.predict(model, examples.hide(batch, masking, Moment()), None) for masking in (config.masking, None)
        )
    assert not np.array_equal(hidden[0]["boxes"], whole[0]["boxes"])
