"""Detectors: what hiding makes of boxes, a loss that adds up over images, models of several families, whole runs."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from maskwright import tasks
from maskwright.config import LoraConfig
from maskwright.errors import ConfigError
from maskwright.evaluate.run import evaluate
from maskwright.masking import Masking
from maskwright.preview.run import preview_run
from maskwright.rng import Moment
from maskwright.tasks import parse_config
from maskwright.tasks.contract import FILLER, Hidden, View
from maskwright.tasks.detection import models as detection_models
from maskwright.tasks.detection.drawing import TRUE, with_boxes
from maskwright.tasks.detection.loss import image_losses
from maskwright.tasks.detection.scenes import OBJECTS, USUAL, Scenes
from maskwright.tasks.metrics.average_precision import AP, AP50, AP75, AR, MATCHED
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision.picture_tasks import plain_processor
from maskwright.testing import check_task
from maskwright.train import lora
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from maskwright.vision.objects import BoxPolicy
from tests.tasks.scenes import write_scenes

PATCH = {"budget": 0.5, "unit": "patch"}
task = tasks.get("object-detection")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    root = tmp_path_factory.mktemp("scenes")
    sizes = {"train": 12, "validation": 4, "test": 6}
    return {name: write_scenes(root / name, n, seed=seed) for seed, (name, n) in enumerate(sizes.items())}


@pytest.fixture
def make_config(files, tmp_path, monkeypatch):
    monkeypatch.setitem(vision_models.SIZES, "tiny", vision_models.Size(layers=1, hidden=24, heads=2))

    def make(name="run", model="scratch:yolos-tiny", masking=None, evaluation=None, data=None, **training):
        settings = {"epochs": 1, "batch_size": 6, "learning_rate": 3e-3, "output": str(tmp_path / name), **training}
        node = {
            "task": "object-detection",
            "model": str(model),
            "data": {
                **files,
                "size": 64 if model == "scratch:tiny" or "rt_detr" in str(model) else 32,  # see STRIDE
                "queries": 10 if str(model).startswith("scratch:") else None,
                **(data or {}),
            },
            "masking": masking or {"pattern": "iid", "fill": "mean", **PATCH},
            "training": settings,
            "evaluation": {"ratios": [0, 0.5], "bootstrap": 200, "draws": 1, "examples": 2, **(evaluation or {})},
        }
        return parse_config(node)

    return make


def encoded(config, split="train"):
    data = task.load(config.data)
    return task.encode(getattr(data, split), task.reader(config, data), config, data=data)


def built(config):
    return task.build(config, task.load(config.data)).model


def test_its_defaults_are_those_of_pictures(make_config):
    config = make_config()
    assert (config.evaluation.unit, config.evaluation.patterns) == ("patch", ["iid", "block"])
    assert task.name == config.task


@pytest.mark.parametrize("fill", ["mean", "drop"])
def test_it_keeps_the_contract(make_config, tmp_path, fill):
    masking = {"pattern": {"within": {"pattern": "iid", "region": "objects"}}, "fill": fill, **PATCH}
    config = make_config(masking=masking, data={"hidden_boxes": "shrink"}).model_dump(mode="json", exclude_none=True)
    node = {name: config[name] for name in ("model", "data", "masking", "training")}
    check_task("object-detection", node, tmp_path)


# ---- targets ----


def test_targets_are_the_boxes_as_shares_of_the_picture(make_config, files):
    examples = encoded(make_config(data={"size": 16}))
    batch = examples.batch([1, 0, FILLER])
    labels = batch.labels[OBJECTS]
    content = json.loads(Path(files["train"]).read_text())
    boxes = [one["bbox"] for one in content["annotations"] if one["image_id"] == 1]
    expected = [[(x + w / 2) / 32, (y + h / 2) / 32, w / 32, h / 32] for x, y, w, h in boxes]
    assert labels[0]["boxes"].tolist() == expected
    assert [len(target["class_labels"]) for target in labels] == [2, 1, 1]
    assert labels[0]["boxes"].dtype == torch.float32
    assert (batch.weight.tolist(), batch.examples) == ([1, 1, 0], 2)
    assert batch.labels[USUAL].tolist() == [1.5] * 3
    assert examples.references([1])[0]["annotations"][0]["bbox"] == boxes[0]


def target(boxes, labels=None):
    n = len(boxes)
    return {
        "class_labels": torch.tensor(labels or [0] * n, dtype=torch.int64),
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(n, 4),
        "ignore": torch.zeros(n, dtype=torch.bool),
    }


def losses(outputs, targets, config, usual=1.5):
    return image_losses(outputs, targets, torch.full((len(targets),), usual), config)


ALMOST_HIDDEN, HALF_SEEN, WHOLE = [0.3, 0.3, 0.5, 0.2], [0.6, 0.7, 0.7, 0.1], [0.81, 0.3, 0.3, 0.33]
THREE = [ALMOST_HIDDEN, HALF_SEEN, WHOLE]
LEFT_HALF = {"pattern": {"within": {"pattern": "iid", "region": {"col": [0.0, 0.5]}}}, "budget": 1.0, "unit": "patch"}


def blank(boxes, labels, policy):
    """Black pictures of 4 x 4 patches, with objects in boxes cxcywh as shares."""
    annotations = [
        {"bbox": [100 * (x - w / 2), 100 * (y - h / 2), 100 * w, 100 * h], "category_id": label}
        for (x, y, w, h), label in zip(boxes, labels, strict=True)
    ]
    return Scenes(
        names=["black"],
        open=lambda name: np.zeros((16, 16, 3), np.uint8),
        reader=plain_processor(16),
        side=(4, 4),
        example_ids=np.arange(1),
        labels=np.full(1, -1),
        weights=np.ones(1, np.float32),
        objects=[json.dumps({"width": 100, "height": 100, "annotations": annotations})],
        policy=policy,
    )


@pytest.mark.parametrize(
    ("boxes", "labels", "ignored"),
    [
        ("keep", [1, 0, 1], [False, False, False]),
        ("drop", [0, 1], [False, False]),
        ("ignore", [1, 0, 1], [True, False, False]),
        ("shrink", [0, 1], [False, False]),
    ],
)
def test_what_becomes_of_boxes(boxes, labels, ignored):
    examples = blank(THREE, [1, 0, 1], BoxPolicy(boxes, 0.5))
    batch = examples.batch([0])
    hidden = examples.hide(batch, Masking.from_dict({**LEFT_HALF, "fill": "mean"}), Moment())
    assert hidden.mask[0].all(0).tolist() == [True, True, False, False]
    (before,), (left,) = batch.labels[OBJECTS], hidden.labels[OBJECTS]
    assert left["class_labels"].tolist() == labels
    assert left["ignore"].tolist() == ignored
    assert torch.equal(left["boxes"][-1], before["boxes"][-1])  # untouched, to the bit
    moved = [0.725, 0.7, 0.45, 0.1] if boxes == "shrink" else HALF_SEEN
    assert left["boxes"][-2].tolist() == pytest.approx(moved, abs=1e-6)
    assert len(before["boxes"]) == 3


@pytest.mark.parametrize("share", [None, 0.0])
def test_where_nothing_is_hidden_nothing_becomes_of_them(share):
    examples = blank(THREE, [1, 0, 1], BoxPolicy("drop", 0.9))
    masking = None if share is None else Masking.from_dict({**LEFT_HALF, "budget": share, "fill": "mean"})
    batch = examples.batch([0])
    hidden = examples.hide(batch, masking, Moment())
    assert torch.equal(hidden.labels[OBJECTS][0]["boxes"], batch.labels[OBJECTS][0]["boxes"])
    assert (hidden.mask is None) == (masking is None)


@pytest.mark.parametrize("fill", ["mean", "drop"])
@pytest.mark.parametrize("boxes", ["keep", "drop", "ignore", "shrink"])
def test_every_box_policy_goes_through_a_whole_training_step(make_config, boxes, fill):
    masking = {"pattern": "block", "fill": fill, **PATCH}
    config = make_config(masking=masking, data={"hidden_boxes": boxes, "min_visible": 0.6})
    examples, model = encoded(config), built(config)
    batch = examples.batch(range(12))
    hidden = examples.hide(batch, config.masking, Moment())
    loss = task.loss(model, hidden)
    loss.sum.backward()
    assert loss.count == 12
    after = hidden.labels[OBJECTS]
    before, left = (sum(len(one["boxes"]) for one in targets) for targets in (batch.labels[OBJECTS], after))
    assert (left < before) == (boxes in ("drop", "shrink"))
    assert any(one["ignore"].any() for one in after) == (boxes == "ignore")
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


# ---- the loss ----


def random_outputs(n=3, queries=6, classes=3, seed=0):
    """Answers of two layers and of an encoder; architectures without them leave all but the last layer's alone."""
    generator = torch.Generator().manual_seed(seed)
    layers, proposals = (
        [torch.randn(n, *shape, queries, k, generator=generator) for k in (classes, 4)] for shape in ((2,), ())
    )
    return SimpleNamespace(
        logits=layers[0][:, -1].clone().requires_grad_(),
        pred_boxes=layers[1][:, -1].sigmoid().requires_grad_(),
        intermediate_logits=layers[0],
        intermediate_reference_points=layers[1].sigmoid(),
        enc_topk_logits=proposals[0],
        enc_topk_bboxes=proposals[1].sigmoid(),
    )


def settings(model_type="yolos"):
    from transformers import ConditionalDetrConfig, RTDetrConfig, YolosConfig

    known = {"yolos": YolosConfig, "conditional_detr": ConditionalDetrConfig, "rt_detr": RTDetrConfig}
    return known[model_type](num_labels=2 if model_type == "yolos" else 3)


ARCHITECTURES = ["yolos", "conditional_detr", "rt_detr"]


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_of_one_image_it_is_the_loss_of_transformers(model_type):
    from transformers.loss.loss_deformable_detr import DeformableDetrForObjectDetectionLoss
    from transformers.loss.loss_for_object_detection import ForObjectDetectionLoss
    from transformers.loss.loss_rt_detr import RTDetrForObjectDetectionLoss

    config, outputs = settings(model_type), random_outputs(n=1)
    theirs = (ForObjectDetectionLoss, DeformableDetrForObjectDetectionLoss, RTDetrForObjectDetectionLoss)
    theirs = theirs[ARCHITECTURES.index(model_type)]
    one = target([HALF_SEEN, WHOLE], [0, 1])
    inner = (outputs.intermediate_logits, outputs.intermediate_reference_points)
    inner += (outputs.enc_topk_logits, outputs.enc_topk_bboxes)
    inner = inner if model_type == "rt_detr" else (None, None)
    expected = theirs(outputs.logits, [one], "cpu", outputs.pred_boxes, config, *inner)[0]
    assert losses(outputs, [one], config, usual=2.0).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_an_image_has_the_same_loss_in_any_company(model_type):
    outputs, config = random_outputs(), settings(model_type)
    targets = [target([HALF_SEEN, WHOLE], [0, 1]), target([]), target([ALMOST_HIDDEN])]
    together = losses(outputs, targets, config)
    for row, one in enumerate(targets):
        alone = SimpleNamespace(**{name: value[[row]] for name, value in vars(outputs).items()})
        assert torch.allclose(losses(alone, [one], config), together[[row]], rtol=1e-6)


@pytest.mark.parametrize("boxes", ["keep", "drop"])
def test_accumulation_gives_the_same_gradient(make_config, boxes):
    config = make_config(data={"hidden_boxes": boxes})
    examples, model = encoded(config), built(config).double()
    gradients = []
    for parts in ([range(8)], [range(2), range(2, 4), range(4, 6), range(6, 8)]):
        model.zero_grad()
        for rows in parts:
            batch = examples.batch(rows)
            exact = replace(batch, inputs={"pixel_values": batch.inputs["pixel_values"].double()})
            (task.loss(model, examples.hide(exact, config.masking, Moment())).sum / 8).backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    # Boxes and probabilities are compared in float32, hence the tolerance.
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in zip(*gradients, strict=True))


def test_weights_count():
    outputs, config = random_outputs(), settings()
    each = losses(outputs, [target([WHOLE])] * 3, config)

    class Model:
        def __init__(self):
            self.config = config

        def __call__(self, pixel_values):
            return outputs

    model = Model()
    labels = {OBJECTS: [target([WHOLE])] * 3, USUAL: torch.full((3,), 1.5)}
    hidden = Hidden({"pixel_values": None}, labels, torch.tensor([0.0, 2.0, 1.0]), 2, torch.zeros(3))
    loss = task.loss(model, hidden)
    assert loss.sum.item() == pytest.approx((2 * each[1] + each[2]).item())
    assert loss.count == 2


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_ignored_objects_neither_ask_nor_punish(model_type):
    outputs, config = random_outputs(n=1), settings(model_type)
    with torch.no_grad():  # query 0 sits on the ignored object, query 1 lies in it, query 2 on the other object
        outputs.pred_boxes[0, 0] = torch.tensor(ALMOST_HIDDEN)
        outputs.pred_boxes[0, 1] = torch.tensor([0.3, 0.3, 0.3, 0.1])
        outputs.pred_boxes[0, 2] = torch.tensor(WHOLE)
        outputs.pred_boxes[0, 3:] = torch.tensor([0.5, 0.9, 0.1, 0.1])
        outputs.logits[0, 0, 1] = outputs.logits[0, 2, 0] = 5.0
    one = target([ALMOST_HIDDEN, WHOLE], [1, 0])
    one["ignore"][0] = True
    losses(outputs, [one], config).sum().backward()
    assert outputs.logits.grad[0, :2].abs().max() == 0
    assert outputs.pred_boxes.grad[0, :2].abs().max() == 0
    assert (outputs.logits.grad[0, 2:].abs().sum(-1) > 0).all()
    assert outputs.pred_boxes.grad[0, 3:].abs().max() == 0
    dropped = target([WHOLE], [0])
    outputs.logits.grad = None
    losses(outputs, [dropped], config).sum().backward()
    assert (outputs.logits.grad[0, :2].abs().sum(-1) > 0).all()  # there they are false alarms


def test_an_image_of_which_everything_is_ignored_has_no_loss():
    outputs, one = random_outputs(n=1), target([[0.5, 0.5, 1.0, 1.0]])
    with torch.no_grad():
        outputs.pred_boxes[:] = torch.tensor([0.5, 0.5, 0.2, 0.2])
    one["ignore"][:] = True
    assert losses(outputs, [one], settings()).item() == 0.0


def test_predictions_that_are_no_numbers_give_a_loss_that_is_none():
    outputs = random_outputs(n=1)
    with torch.no_grad():
        outputs.pred_boxes[0, 0, 0] = float("nan")
    assert torch.isnan(losses(outputs, [target([WHOLE])], settings())).all()


# ---- hiding inside and around objects ----


@pytest.mark.parametrize("fill", ["mean", "drop"])
@pytest.mark.parametrize("region", ["objects", "context"])
def test_patterns_see_the_objects(make_config, region, fill):
    masking = {"pattern": {"within": {"pattern": "iid", "region": region}}, "fill": fill, **PATCH}
    config = make_config(masking=masking)
    examples = encoded(config)
    hidden = examples.hide(examples.batch([3, 1, 7]), config.masking, Moment())
    for cells, row in zip(hidden.mask, [3, 1, 7], strict=True):
        inside = np.zeros((4, 4), dtype=bool)
        for x0, y0, x1, y1 in examples.boxes(row) * 4:
            inside[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))] = True
        where = inside if region == "objects" else ~inside
        assert not (cells.numpy() & ~where).any()
        assert abs(int(cells.sum()) - 0.5 * where.sum()) <= 1
    alone = examples.hide(examples.batch([1]), config.masking, Moment())
    assert torch.equal(alone.mask[0], hidden.mask[1])


def test_the_same_share_of_each_object(make_config):
    pattern = {"within": {"pattern": "by-score", "region": "objects"}}
    config = make_config(masking={"pattern": pattern, "fill": "zero", "budget": 0.5, "unit": "pixel"})
    examples = encoded(config)
    batch = examples.batch([1, 3])
    hidden, again = (examples.hide(batch, config.masking, Moment(epoch=epoch)) for epoch in (0, 1))
    for mask, row in zip(hidden.mask, [1, 3], strict=True):
        for x0, y0, x1, y1 in np.rint(examples.boxes(row) * 32).astype(int):
            assert mask[y0:y1, x0:x1].float().mean() == pytest.approx(0.5, abs=0.15)
    assert not torch.equal(again.mask, hidden.mask)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masking": {"pattern": "iid", "budget": 0.5, "fill": "mean", "unit": "word"}}, "for texts"),
        ({"evaluation": {"unit": "word"}}, "patches and pixels"),
        ({"evaluation": {"patterns": ["specaugment"]}}, "evaluation.patterns: specaugment"),
        ({"model": "scratch:tinny"}, "Did you mean 'tiny'"),
        ({"model": "scratch:yolos-smal"}, "Did you mean 'yolos-small'"),
        ({"class_weights": "auto"}, "class_weights"),
        ({"data": {"boxes": "xxyy"}}, "data.boxes"),
        ({"data": {"hidden_boxes": "shrunk"}}, "hidden_boxes"),
    ],
    ids=["unit", "evaluation", "pattern", "model", "yolos", "weights", "boxes", "policy"],
)
def test_what_does_not_go_with_detection_is_refused(make_config, changes, message):
    with pytest.raises(ConfigError, match=message):
        make_config(**changes)


def test_patterns_that_see_objects_are_for_detection_only(make_config):
    from maskwright.engine.draw import check_on_grid
    from maskwright.grid import Grid

    config = make_config(
        masking={"pattern": {"within": {"pattern": "iid", "region": "objects"}}, "fill": "mean", **PATCH}
    )
    with pytest.raises(ConfigError, match="which a run cannot give"):
        check_on_grid(config.masking, Grid(row=14, col=14))


# ---- models ----


def of_rt_detr():
    from transformers import RTDetrResNetConfig

    stages = {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1] * 4, "layer_type": "basic"}
    backbone = RTDetrResNetConfig(**stages, out_features=["stage2", "stage3", "stage4"])
    small = {"d_model": 16, "encoder_hidden_dim": 16, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "num_queries": 7}
    heads = {f"{part}_attention_heads": 2 for part in ("encoder", "decoder")}
    channels = {"encoder_in_channels": [8, 16, 16], "decoder_in_channels": [16] * 3}
    return {"backbone_config": backbone, "decoder_layers": 2, **small, **heads, **channels}


def saved(folder, kind):
    from transformers import (
        ConditionalDetrConfig,
        ConditionalDetrForObjectDetection,
        DetrConfig,
        DetrForObjectDetection,
        DFineConfig,
        ResNetConfig,
        RTDetrConfig,
        RTDetrForObjectDetection,
        RTDetrV2Config,
        RTDetrV2ForObjectDetection,
        YolosConfig,
        YolosForObjectDetection,
    )
    from transformers.models.detr.image_processing_pil_detr import DetrImageProcessorPil
    from transformers.models.yolos.image_processing_pil_yolos import YolosImageProcessorPil

    heads = {f"{part}_attention_heads": 2 for part in ("encoder", "decoder")}
    small = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "num_queries": 7, **heads}
    small |= {"encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "use_timm_backbone": False}
    resnet = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], out_features=["stage2"])
    if kind == "yolos":
        vit = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
        model = YolosForObjectDetection(YolosConfig(image_size=[48, 64], patch_size=8, num_detection_tokens=7, **vit))
    elif kind == "detr":
        model = DetrForObjectDetection(DetrConfig(backbone_config=resnet, **small))
    elif kind == "conditional_detr":
        model = ConditionalDetrForObjectDetection(ConditionalDetrConfig(backbone_config=resnet, **small))
    elif kind == "rt_detr":
        model = RTDetrForObjectDetection(RTDetrConfig(**of_rt_detr(), num_labels=80))
    elif kind == "rt_detr_v2":
        model = RTDetrV2ForObjectDetection(RTDetrV2Config(**of_rt_detr()))
    else:
        DFineConfig().save_pretrained(folder)
        return folder
    model.save_pretrained(folder)
    (YolosImageProcessorPil if kind == "yolos" else DetrImageProcessorPil)().save_pretrained(folder)
    return folder


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


def test_families_whose_loss_is_not_written_are_refused(make_config, tmp_path):
    config = make_config(model=saved(tmp_path / "model", "d_fine"))
    with pytest.raises(ConfigError, match=r"d_fine, whose loss is not written here.*yolos, detr"):
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


# ---- answers and pictures ----


def perfect(examples, rows, queries=5):
    """Answers that say exactly what is there, and surely nothing else."""
    answers = []
    for row in rows:
        one, boxes = examples.target(row), examples.boxes(row)
        n = len(boxes)
        answer = {"boxes": np.zeros((queries, 4)), "scores": np.zeros(queries), "labels": np.zeros(queries, int)}
        answer["boxes"][:n], answer["scores"][:n], answer["labels"][:n] = boxes, 0.9, one["class_labels"]
        answers.append(answer)
    return answers


def test_perfect_answers_are_perfect(make_config):
    examples = encoded(make_config(), "test")
    answers, references = perfect(examples, range(6)), examples.references(range(6))
    for metric in (AP, AP50, AP75, AR):
        summable = MATCHED.summable(MATCHED.of(answers, references)[None])
        assert metric.value(summable, np.ones((1, 6))) == pytest.approx(1)
    answers[0]["boxes"][0] = [0.1, 0.1, 0.15, 0.15]
    summable = MATCHED.summable(MATCHED.of(answers, references)[None])
    weights = np.ones((2, 6))
    weights[1, 0] = 0
    one, other = AP.value(summable, weights)
    assert one < other == pytest.approx(1)
    assert AP.each(summable)[0] < AP.each(summable)[1] == pytest.approx(1)


def shown(examples, row, masking=None, predictions=None):
    return task.shown(examples, row, View(examples.reader, masking, Moment(), ("red", "blue")), predictions or {})


def test_what_models_find_is_said_and_drawn(make_config):
    examples = encoded(make_config(), "test")
    (answer,) = perfect(examples, [1])
    assert shown(examples, 1, predictions={"model": answer}).answers["model"].text == "2 of 2 found"
    answer["boxes"][0] = [0.02, 0.02, 0.05, 0.05]
    said = shown(examples, 1, predictions={"model": answer}).answers["model"]
    assert said.text == "1 of 2 found, 1 false"
    assert said.picture.startswith("data:image/png;base64,")
    assert (said.probability, said.right) == (None, None)


def test_beside_answers_all_objects_are_drawn_and_else_those_asked_for(make_config):
    examples = encoded(make_config(data={"hidden_boxes": "drop", "min_visible": 1.0}), "test")
    masking = Masking.from_dict({"pattern": "iid", "fill": "mean", "budget": 1.0, "unit": "patch"})
    (answer,) = perfect(examples, [1])
    beside, alone = shown(examples, 1, masking, {"model": answer}), shown(examples, 1, masking)
    whole = shown(examples, 1)
    assert (beside.reference, alone.reference) == ("2 objects", "2 objects, 0 of them asked for")
    assert (alone.hidden, alone.units, alone.unit, whole.units) == (16, 16, "patch", 0)
    yellow = [(one.pictures[0][1] == TRUE).all(-1).any() for one in (beside, alone, whole)]
    assert yellow == [True, False, True]


@pytest.mark.parametrize("ground", [0, 255])
def test_boxes_are_seen_on_any_ground(ground):
    picture = np.full((32, 32, 3), ground, dtype=np.uint8)
    drawn = with_boxes(picture, np.array([[0.25, 0.25, 0.75, 0.75]]), ["cat"], [TRUE])
    assert drawn.shape == (256, 256, 3)
    line = (drawn[128] == TRUE).all(axis=-1)
    assert line.sum() == 4  # two lines of two pixels
    edges = drawn[128, np.flatnonzero(line)[[0, 1]] + [-1, 1]]
    assert (edges == 0).all()
    assert (drawn[128, 128] == ground).all()


def test_preview_shows_boxes_before_and_after(make_config):
    config = make_config(data={"hidden_boxes": "ignore", "min_visible": 0.9})
    preview = preview_run(task, config, task.load(config.data), 3, epoch=0)
    assert preview["hidden"] * 2 == preview["units"] == 3 * 16
    assert preview["examples"][0]["label"] == "1 object, 0 of them asked for"
    for example in preview["examples"]:
        assert [picture.shape for _, picture in example["pictures"]] == [(256, 256, 3)] * 2


def test_describe_counts_the_objects(make_config):
    config = make_config()
    lines = task.describe(config, task.load(config.data))
    assert "4 x 4 patches of 8 x 8 pixels" in lines[0]
    assert lines[1].startswith("train: 18 objects in 12 pictures: ")


# ---- whole runs ----


def test_a_killed_run_goes_on_to_the_same_weights(make_config, monkeypatch):
    from maskwright.train.stop import TrainingStopped

    changes = {"save_every": 1, "epochs": 2, "data": {"hidden_boxes": "drop"}}
    whole = train(make_config("whole", **changes))
    asked = iter([False, False, True])
    with monkeypatch.context() as patch:
        patch.setattr("maskwright.train.trainer.any_process", lambda *given: next(asked, True))
        with pytest.raises(TrainingStopped):
            train(make_config("broken", **changes))
    broken = train(make_config("broken", **changes))
    one, other = (load_file(path / "model" / "model.safetensors") for path in (whole, broken))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_dropping_halves_the_work(make_config):
    environment = RunFolder(train(make_config(masking={"pattern": "iid", "fill": "drop", **PATCH}))).environment()
    assert environment["cells"] * 2 == environment["cells_whole"] > 0


@pytest.mark.parametrize("model", ["scratch:tiny", "scratch:yolos-tiny"])
def test_a_model_learns_two_pictures_by_heart(make_config, model):
    config = make_config(model=model, data={"queries": 4})
    hidden, model = Hidden.whole(encoded(config).batch([0, 1])), built(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        losses.append(task.loss(model, hidden).sum)
        losses[-1].backward()
        optimizer.step()
    assert losses[-1].item() < 0.3 * losses[0].item()


def test_validation_says_the_loss_and_all_numbers(make_config):
    config = make_config(epochs=1)
    lines = [json.loads(line) for line in (train(config) / "metrics.jsonl").read_text("utf-8").splitlines()]
    (scores,) = (line["validation"] for line in lines if "validation" in line)
    assert list(scores) == ["map", "map50", "map75", "mar", "loss"]
    assert scores["loss"] > 1  # and not 1 - AP
    examples, model = encoded(config, "validation"), task.restore(Path(config.training.output) / "model").model
    with torch.no_grad():
        loss = task.loss(model.eval(), Hidden.whole(examples.batch(range(4))))
    assert scores["loss"] == pytest.approx(float(loss.sum) / 4, rel=1e-5)


@pytest.mark.parametrize("model", ["scratch:tiny", "scratch:yolos-tiny"])
def test_a_whole_run_is_evaluated_against_its_twin(make_config, model):
    patterns = ["iid", {"within": {"pattern": "iid", "region": "objects"}}]
    path = train(make_config(model=model, evaluation={"patterns": patterns}, data={"hidden_boxes": "drop"}))
    document = evaluate([path]).document
    assert document["metric"]["name"] == "map"
    assert 0 <= document["clean"]["model"]["value"] <= document["clean"]["model"]["high"] <= 1
    assert [one["name"] for one in document["other_metrics"]] == ["map50", "map75", "mar"]
    (numbers,) = document["sections"]
    assert len(numbers["tables"][0]["rows"]) == 3
    assert [row[0] for row in numbers["tables"][1]["rows"]] == ["red", "blue"]
    assert len(numbers["tables"][0]["rows"][0]) == len(numbers["tables"][0]["head"]) == 8
    assert all(item["model"]["src"] for item in document["examples"]["items"])
