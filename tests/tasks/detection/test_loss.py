"""The loss of detectors, which adds up over images."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from maskwright.rng import Moment
from maskwright.tasks.detection.loss import image_losses
from maskwright.tasks.detection.scenes import OBJECTS, USUAL
from maskwright.tasks.examples import Hidden
from tests.tasks.detection.made_up import ALMOST_HIDDEN, HALF_SEEN, WHOLE, built, encoded, target, task


def losses(outputs, targets, config, usual=1.5):
    return image_losses(outputs, targets, torch.full((len(targets),), usual), config)


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
