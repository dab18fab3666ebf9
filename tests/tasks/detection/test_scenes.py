"""Pictures with objects as examples: targets, what hiding makes of boxes, patterns that see the objects."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright.masking import Masking
from maskwright.rng import Moment
from maskwright.tasks.detection.scenes import OBJECTS, USUAL, boxes_of
from maskwright.tasks.examples import FILLER
from maskwright.vision.objects import BoxPolicy
from tests.tasks.detection.made_up import ALMOST_HIDDEN, HALF_SEEN, PATCH, WHOLE, blank, built, encoded, task

THREE = [ALMOST_HIDDEN, HALF_SEEN, WHOLE]
LEFT_HALF = {"pattern": {"within": {"pattern": "iid", "region": {"col": [0.0, 0.5]}}}, "budget": 1.0, "unit": "patch"}


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


@pytest.mark.parametrize("fill", ["mean", "drop"])
@pytest.mark.parametrize("region", ["objects", "context"])
def test_patterns_see_the_objects(make_config, region, fill):
    masking = {"pattern": {"within": {"pattern": "iid", "region": region}}, "fill": fill, **PATCH}
    config = make_config(masking=masking)
    examples = encoded(config)
    hidden = examples.hide(examples.batch([3, 1, 7]), config.masking, Moment())
    for cells, row in zip(hidden.mask, [3, 1, 7], strict=True):
        inside = np.zeros((4, 4), dtype=bool)
        for x0, y0, x1, y1 in boxes_of(*examples.references([row])) * 4:
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
        for x0, y0, x1, y1 in np.rint(boxes_of(*examples.references([row])) * 32).astype(int):
            assert mask[y0:y1, x0:x1].float().mean() == pytest.approx(0.5, abs=0.15)
    assert not torch.equal(again.mask, hidden.mask)
