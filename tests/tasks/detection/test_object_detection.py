"""Detectors: what hiding makes of boxes, a loss that adds up over images, models of several families, whole runs."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from maskwright import tasks
from maskwright.config import parse_config
from maskwright.errors import ConfigError
from maskwright.evaluate.run import evaluate
from maskwright.tasks.detection import models as detection_models
from maskwright.tasks.detection import object_detection as task
from maskwright.tasks.detection.loss import Rule, after_hiding, image_losses
from maskwright.tasks.detection.report import TRUE, with_boxes
from maskwright.tasks.detection.scenes import HIDDEN
from maskwright.tasks.vision import models as vision_models
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from maskwright.vision.objects import BoxPolicy
from tests.tasks.scenes import write_scenes

MOMENT = {"seed": 0, "epoch": 0}
PATCH = {"budget": 0.5, "unit": "patch"}


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
    return task.encode(getattr(data, split), detection_models.reader_of(config), config, data=data)


def test_the_task_is_known_and_its_defaults_are_those_of_pictures(make_config):
    config = make_config()
    assert (config.evaluation.unit, config.evaluation.patterns) == ("patch", ["iid", "block"])
    assert tasks.get("object-detection") is task


# ---- targets ----


def test_targets_are_the_boxes_as_shares_of_the_picture(make_config, files):
    examples = encoded(make_config(data={"size": 16}))
    labels = examples.batch([1, 0])["labels"]
    content = json.loads(Path(files["train"]).read_text())
    boxes = [one["bbox"] for one in content["annotations"] if one["image_id"] == 1]
    expected = [[(x + w / 2) / 32, (y + h / 2) / 32, w / 32, h / 32] for x, y, w, h in boxes]
    assert labels[0]["boxes"].tolist() == expected
    assert [len(target["class_labels"]) for target in labels] == [2, 1]
    assert labels[0]["boxes"].dtype == torch.float32


def rule(boxes="keep", min_visible=0.5, objects=1.5):
    return Rule(BoxPolicy(boxes, min_visible), objects)


def target(boxes, labels=None, the_rule=None):
    n = len(boxes)
    return {
        "class_labels": torch.tensor(labels or [0] * n, dtype=torch.int64),
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(n, 4),
        "ignore": torch.zeros(n, dtype=torch.bool),
        "rule": the_rule or rule(),
    }


# Hidden are the left half of the upper picture's 4 x 4 cells, and nothing of the lower one's.
MASK = torch.zeros(2, 4, 4, dtype=torch.bool)
MASK[0, :, :2] = True
ALMOST_HIDDEN, HALF_SEEN, WHOLE = [0.3, 0.3, 0.5, 0.2], [0.6, 0.7, 0.7, 0.1], [0.81, 0.3, 0.3, 0.33]
TWO = [[ALMOST_HIDDEN, HALF_SEEN, WHOLE], [ALMOST_HIDDEN]]


@pytest.mark.parametrize(
    ("boxes", "labels", "ignored"),
    [
        ("keep", [1, 0, 1], [False, False, False]),
        ("drop", [0, 1], [False, False]),
        ("ignore", [1, 0, 1], [True, False, False]),
        ("shrink", [0, 1], [False, False]),
    ],
)
def test_what_becomes_of_boxes_in_a_batch(boxes, labels, ignored):
    given = [target(TWO[0], [1, 0, 1], rule(boxes)), target(TWO[1], None, rule(boxes))]
    first, second = after_hiding(given, MASK)
    assert first["class_labels"].tolist() == labels
    assert first["ignore"].tolist() == ignored
    assert torch.equal(first["boxes"][-1], given[0]["boxes"][-1])  # untouched, to the bit
    assert torch.equal(second["boxes"], given[1]["boxes"])
    assert second["ignore"].tolist() == [False]
    moved = [0.725, 0.7, 0.45, 0.1] if boxes == "shrink" else HALF_SEEN
    assert first["boxes"][-2].tolist() == pytest.approx(moved, abs=1e-6)
    assert len(given[0]["boxes"]) == 3


def test_without_a_mask_nothing_becomes_of_them():
    given = [target(TWO[0], None, rule("drop"))]
    assert torch.equal(after_hiding(given, None)[0]["boxes"], given[0]["boxes"])


@pytest.mark.parametrize("fill", ["mean", "drop"])
@pytest.mark.parametrize("boxes", ["keep", "drop", "ignore", "shrink"])
def test_every_box_policy_goes_through_a_whole_training_step(make_config, boxes, fill):
    masking = {"pattern": "block", "fill": fill, **PATCH}
    config = make_config(masking=masking, data={"hidden_boxes": boxes, "min_visible": 0.6})
    examples = encoded(config)
    model = task.build(config, task.load(config.data)).model
    batch = examples.batch(range(12))
    hidden = examples.hide({"pixel_values": batch["pixel_values"]}, config.masking, batch["example_id"], **MOMENT)
    loss = task.loss_sum(model, hidden.inputs, batch["labels"], batch["weight"])
    loss.backward()
    after = after_hiding(batch["labels"], hidden.inputs[HIDDEN])
    before, left = (sum(len(one["boxes"]) for one in targets) for targets in (batch["labels"], after))
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
    one = target([HALF_SEEN, WHOLE], [0, 1], rule(objects=2.0))
    inner = (outputs.intermediate_logits, outputs.intermediate_reference_points)
    inner += (outputs.enc_topk_logits, outputs.enc_topk_bboxes)
    inner = inner if model_type == "rt_detr" else (None, None)
    expected = theirs(outputs.logits, [one], "cpu", outputs.pred_boxes, config, *inner)[0]
    assert image_losses(outputs, [one], config).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_an_image_has_the_same_loss_in_any_company(model_type):
    outputs, config = random_outputs(), settings(model_type)
    targets = [target([HALF_SEEN, WHOLE], [0, 1]), target([]), target([ALMOST_HIDDEN])]
    together = image_losses(outputs, targets, config)
    for row, one in enumerate(targets):
        alone = SimpleNamespace(**{name: value[[row]] for name, value in vars(outputs).items()})
        assert torch.allclose(image_losses(alone, [one], config), together[[row]], rtol=1e-6)


@pytest.mark.parametrize("boxes", ["keep", "drop"])
def test_accumulation_gives_the_same_gradient(make_config, boxes):
    config = make_config(data={"hidden_boxes": boxes})
    examples = encoded(config)
    model = task.build(config, task.load(config.data)).model.double()
    found = []
    for parts in ([range(8)], [range(2), range(2, 4), range(4, 6), range(6, 8)]):
        model.zero_grad()
        for rows in parts:
            batch = examples.batch(rows)
            pixels = {"pixel_values": batch["pixel_values"].double()}
            hidden = examples.hide(pixels, config.masking, batch["example_id"], **MOMENT).inputs
            (task.loss_sum(model, hidden, batch["labels"], batch["weight"]) / 8).backward()
        found.append([p.grad.clone() for p in model.parameters()])
    # Boxes and probabilities are compared in float32, hence the tolerance.
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in zip(*found, strict=True))


def test_weights_count(make_config):
    outputs, config = random_outputs(), settings()
    losses = image_losses(outputs, [target([WHOLE])] * 3, config)

    class Model:
        def __init__(self):
            self.config = config

        def __call__(self, pixel_values):
            return outputs

    model = Model()
    weighted = task.loss_sum(model, {"pixel_values": None}, [target([WHOLE])] * 3, torch.tensor([0.0, 2.0, 1.0]))
    assert weighted.item() == pytest.approx((2 * losses[1] + losses[2]).item())


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
    image_losses(outputs, [one], config).sum().backward()
    assert outputs.logits.grad[0, :2].abs().max() == 0
    assert outputs.pred_boxes.grad[0, :2].abs().max() == 0
    assert (outputs.logits.grad[0, 2:].abs().sum(-1) > 0).all()
    assert outputs.pred_boxes.grad[0, 3:].abs().max() == 0
    dropped = target([WHOLE], [0])
    outputs.logits.grad = None
    image_losses(outputs, [dropped], config).sum().backward()
    assert (outputs.logits.grad[0, :2].abs().sum(-1) > 0).all()  # there they are false alarms


def test_an_image_of_which_everything_is_ignored_has_no_loss():
    outputs, one = random_outputs(n=1), target([[0.5, 0.5, 1.0, 1.0]])
    with torch.no_grad():
        outputs.pred_boxes[:] = torch.tensor([0.5, 0.5, 0.2, 0.2])
    one["ignore"][:] = True
    assert image_losses(outputs, [one], settings()).item() == 0.0


def test_predictions_that_are_no_numbers_give_a_loss_that_is_none():
    outputs = random_outputs(n=1)
    with torch.no_grad():
        outputs.pred_boxes[0, 0, 0] = float("nan")
    assert torch.isnan(image_losses(outputs, [target([WHOLE])], settings())).all()


# ---- hiding inside and around objects ----


@pytest.mark.parametrize("fill", ["mean", "drop"])
@pytest.mark.parametrize("region", ["objects", "context"])
def test_patterns_see_the_objects(make_config, region, fill):
    masking = {"pattern": {"within": {"pattern": "iid", "region": region}}, "fill": fill, **PATCH}
    config = make_config(masking=masking)
    examples = encoded(config)
    batch = examples.batch([3, 1, 7])
    hidden = examples.hide({"pixel_values": batch["pixel_values"]}, config.masking, batch["example_id"], **MOMENT)
    mask = hidden.inputs[HIDDEN].reshape(3, 4, 4)
    for cells, row in zip(mask, [3, 1, 7], strict=True):
        inside = np.zeros((4, 4), dtype=bool)
        for x0, y0, x1, y1 in examples.boxes(row) * 4:
            inside[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))] = True
        where = inside if region == "objects" else ~inside
        assert not (cells.numpy() & ~where).any()
        assert abs(int(cells.sum()) - 0.5 * where.sum()) <= 1
    alone = examples.hide({"pixel_values": batch["pixel_values"][1:2]}, config.masking, torch.tensor([1]), **MOMENT)
    assert torch.equal(alone.inputs[HIDDEN][0], hidden.inputs[HIDDEN][1])


def test_the_same_share_of_each_object(make_config):
    pattern = {"within": {"pattern": "by-score", "region": "objects"}}
    config = make_config(masking={"pattern": pattern, "fill": "zero", "budget": 0.5, "unit": "pixel"})
    examples = encoded(config)
    batch = examples.batch([1, 3])
    hidden = examples.hide({"pixel_values": batch["pixel_values"]}, config.masking, batch["example_id"], **MOMENT)
    again = examples.hide({"pixel_values": batch["pixel_values"]}, config.masking, batch["example_id"], seed=0, epoch=1)
    for mask, row in zip(hidden.inputs[HIDDEN], [1, 3], strict=True):
        for x0, y0, x1, y1 in np.rint(examples.boxes(row) * 32).astype(int):
            assert mask[y0:y1, x0:x1].float().mean() == pytest.approx(0.5, abs=0.15)
    assert not torch.equal(again.inputs[HIDDEN], hidden.inputs[HIDDEN])


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
    from maskwright.engine.trial import check_on_grid
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
    model, reader = task.load_trained(path / "model")
    assert model.config.model_type == kind
    assert model.config.id2label == {0: "red", 1: "blue"}
    assert reader(np.zeros((20, 50, 3), np.uint8), return_tensors="pt")["pixel_values"].shape == (1, 3, side, side)
    examples = encoded(make_config(model=path / "model", data={"size": side}), "test")
    answers = task.answer(model, {"pixel_values": examples.batch([0, 1])["pixel_values"]})
    assert answers.shape == (2, 7, 2 + 4)
    assert (answers >= 0).all()
    assert (answers <= 1).all()


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


def test_families_whose_loss_is_not_known_are_refused(make_config, tmp_path):
    config = make_config(model=saved(tmp_path / "model", "d_fine"))
    with pytest.raises(ConfigError, match=r"d_fine, whose loss is not known here.*yolos, detr"):
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
    examples, model = encoded(config), task.build(config, task.load(config.data)).model.train()
    batch = examples.batch(range(4))
    task.loss_sum(model, {"pixel_values": batch["pixel_values"]}, batch["labels"], batch["weight"]).backward()
    left = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert left == []


@pytest.mark.parametrize("fill", ["noise", "swap", "mask-token", "indicator"])
def test_other_fills_train_and_are_loaded_back(make_config, fill):
    config = make_config(masking={"pattern": "iid", "fill": fill, **PATCH}, epochs=0.5)
    path = train(config)
    model, _ = task.load_trained(path / "model")
    examples = encoded(config, "test")
    batch = examples.batch([0, 1])
    hidden = examples.hide({"pixel_values": batch["pixel_values"]}, config.masking, batch["example_id"], **MOMENT)
    whole = examples.hide({"pixel_values": batch["pixel_values"]}, None, batch["example_id"], **MOMENT)
    assert not torch.equal(task.answer(model, hidden.inputs), task.answer(model, whole.inputs))


# ---- answers and pictures ----


def perfect(examples, rows, queries=5):
    """Answers that say exactly what is there, and surely nothing else."""
    answers = np.zeros((len(rows), queries, len(examples.classes) + 4), dtype=np.float32)
    for place, row in enumerate(rows):
        one = examples.target(row)
        for query, (label, box) in enumerate(zip(one["class_labels"], one["boxes"], strict=True)):
            answers[place, query, label] = 0.9
            answers[place, query, -4:] = box
    return answers


def test_perfect_answers_are_perfect(make_config):
    examples = encoded(make_config(), "test")
    answers = perfect(examples, range(6))
    assert task.metrics(answers, examples) == pytest.approx({"map": 1, "map50": 1, "map75": 1, "mar": 1, "loss": 0})
    answers[0, 0, -4:] = [0.1, 0.1, 0.05, 0.05]
    found = task.outcome(answers, examples)
    weights = np.ones((2, 6))
    weights[1, 0] = 0
    one, other = found.value(weights)
    assert one < other == pytest.approx(1)
    assert found.hits is None


def test_what_was_found_is_told_and_drawn(make_config):
    examples = encoded(make_config(), "test")
    answers = perfect(examples, [1])
    assert task.told(answers[0], examples, 1, examples.classes)["label"] == "2 of 2 found"
    answers[0, 0, -4:] = [0.02, 0.02, 0.03, 0.03]
    told = task.told(answers[0], examples, 1, examples.classes)
    assert told["label"] == "1 of 2 found, 1 false"
    assert told["src"].startswith("data:image/png;base64,")
    assert (told["probability"], told["right"]) == (None, None)


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
    found = task.preview(config, task.load(config.data), 3, epoch=0)
    assert found["hidden"] * 2 == found["units"] == 3 * 16
    assert found["examples"][0]["label"] == "1 object, 0 of them asked for"
    for example in found["examples"]:
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
    examples = encoded(config)
    model = task.build(config, task.load(config.data)).model
    batch = examples.batch([0, 1])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        losses.append(task.loss_sum(model, {"pixel_values": batch["pixel_values"]}, batch["labels"], batch["weight"]))
        losses[-1].backward()
        optimizer.step()
    assert losses[-1].item() < 0.3 * losses[0].item()


@pytest.mark.parametrize("model", ["scratch:tiny", "scratch:yolos-tiny"])
def test_a_whole_run_is_evaluated_against_its_twin(make_config, model):
    patterns = ["iid", {"within": {"pattern": "iid", "region": "objects"}}]
    path = train(make_config(model=model, evaluation={"patterns": patterns}, data={"hidden_boxes": "drop"}))
    document = evaluate([path]).document
    assert document["metric"]["name"] == "map"
    assert 0 <= document["clean"]["model"]["value"] <= document["clean"]["model"]["high"] <= 1
    (numbers,) = document["sections"]
    assert len(numbers["tables"][0]["rows"]) == 3
    assert [row[0] for row in numbers["tables"][1]["rows"]] == ["red", "blue"]
    assert len(numbers["tables"][0]["rows"][0]) == len(numbers["tables"][0]["head"]) == 8
    assert all(item["model"]["src"] for item in document["examples"]["items"])
