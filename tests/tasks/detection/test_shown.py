"""Answers and pictures of detectors for people."""

import numpy as np
import pytest

from maskwright.masking import Masking
from maskwright.preview.run import preview_run
from maskwright.rng import Moment
from maskwright.tasks.detection.drawing import TRUE, with_boxes
from maskwright.tasks.detection.scenes import boxes_of, target_of
from maskwright.tasks.metrics.average_precision import AP, AP50, AP75, AR, MATCHED
from maskwright.tasks.views import View
from tests.tasks.detection.made_up import encoded, task


def perfect(examples, rows, queries=5):
    """Answers that say exactly what is there, and surely nothing else."""
    answers = []
    for row in rows:
        (scene,) = examples.references([row])
        one, boxes = target_of(scene), boxes_of(scene)
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
