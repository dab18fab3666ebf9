from __future__ import annotations

import contextlib
import io
import sys

import numpy as np
import pytest

from maskwright import ConfigError, MaskingError
from maskwright.evaluate.statistics import bootstrap
from maskwright.tasks.detection.average_precision import AREAS, Detections

CLASSES = {3: "cat", 7: "dog", 8: "bird", 20: "never there"}
NOTHING = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "labels": np.zeros(0, dtype=int)}


def detections(images: int, seed: int, ties: bool = False):
    """Images with crowds, empty ones, missed objects, duplicates and false alarms; three classes of four."""
    rng = np.random.default_rng(seed)
    predictions, truths = [], []
    for image in range(images):
        truth, boxes, scores, labels = [], [], [], []
        for _ in range(int(rng.integers(0, 6)) if image % 5 else 0):
            corner, sides, label = rng.uniform(0, 300, 2), rng.uniform(8, 160, 2), int(rng.choice([3, 7]))
            truth.append({"bbox": [*corner, *sides], "category_id": label, "area": float(sides.prod() * 0.7)})
            truth[-1]["iscrowd"] = int(rng.random() < 0.15)
            for _ in range(int(rng.integers(0, 3))):
                start = corner + rng.normal(0, 0.06, 2) * sides
                boxes.append([*start, *(start + sides * rng.uniform(0.85, 1.15, 2))])
                labels.append(label if rng.random() < 0.9 else 8)
        for _ in range(int(rng.integers(0, 5)) if image % 7 else 0):
            corner = rng.uniform(0, 300, 2)
            boxes.append([*corner, *(corner + rng.uniform(8, 160, 2))])
            labels.append(int(rng.choice([3, 7, 8])))
        scores = rng.integers(1, 4, len(boxes)) / 4 if ties else rng.random(len(boxes))
        predictions.append({"boxes": np.array(boxes).reshape(-1, 4), "scores": scores, "labels": np.array(labels)})
        truths.append(truth)
    return predictions, truths


def reference(predictions, truths, repeats):
    """COCOeval itself, on a data set in which each image is there so often; stats and precision per class."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    images, annotations, results = [], [], []
    for guess, truth, times in zip(predictions, truths, repeats, strict=True):
        for _ in range(times):
            images.append({"id": len(images) + 1})
            for one in truth:
                extra = {"id": len(annotations) + 1, "image_id": len(images)}
                annotations.append({**one, **extra})
            for box, score, label in zip(guess["boxes"], guess["scores"], guess["labels"], strict=True):
                box = [box[0], box[1], box[2] - box[0], box[3] - box[1]]
                results.append({"image_id": len(images), "category_id": int(label), "bbox": box, "score": float(score)})
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {"images": images, "annotations": annotations, "categories": [{"id": k} for k in CLASSES]}
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(results), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge.stats, judge.eval["precision"][:, :, :, 0, 2]


def assert_same(values, row, stats, precision):
    names = ["AP", "AP50", "AP75", "AP small", "AP medium", "AP large", None, None]
    names += [f"AR100{after}" for after in ("", " small", " medium", " large")]
    for name, stat in zip(names, stats, strict=True):
        if name is not None:
            expected = np.nan if stat == -1 else stat
            np.testing.assert_allclose(values[name][row], expected, atol=1e-9, rtol=0, err_msg=name)
    for number, label in enumerate(CLASSES.values()):
        there = precision[:, :, number] > -1
        if there.any():
            assert abs(values[f"AP of {label}"][row] - precision[:, :, number].mean()) < 1e-9
        else:
            assert f"AP of {label}" not in values or np.isnan(values[f"AP of {label}"][row])


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equals_coco(seed, ties):
    data = detections(30, seed, ties)
    values = Detections(*data, CLASSES, areas=tuple(AREAS)).values(np.ones((1, 30)))
    stats, precision = reference(*data, [1] * 30)
    assert 0.05 < stats[0] < 0.95
    assert_same(values, 0, stats, precision)


def test_integer_weights_equal_coco_on_repeated_images():
    data = detections(20, seed=5)
    weights = np.random.default_rng(0).integers(0, 4, (4, 20))
    weights[3] = 0
    weights[3, :3] = 1, 2, 0
    values = Detections(*data, CLASSES, areas=tuple(AREAS)).values(weights)
    for row, repeats in enumerate(weights):
        assert_same(values, row, *reference(*data, repeats))


def test_ties_between_images_equal_coco_on_repeated_images():
    truths = [[{"bbox": [0, 0, 10, 10], "category_id": 3, "area": 100, "iscrowd": 0}] for _ in range(3)]
    boxes = [[0, 0, 10, 10], [50, 50, 60, 60], [0, 0, 10, 9]]
    predictions = [{"boxes": np.array([box]), "scores": [0.5], "labels": [3]} for box in boxes]
    weights = np.array([[2, 3, 1], [1, 2, 2]])
    values = Detections(predictions, truths, CLASSES, areas=tuple(AREAS)).values(weights)
    for row, repeats in enumerate(weights):
        assert_same(values, row, *reference(predictions, truths, repeats))


def test_a_weight_counts_only_against_the_others():
    found = Detections(*detections(12, seed=3), CLASSES)
    weights = np.random.default_rng(1).random((3, 12))
    for name, value in found.values(weights).items():
        np.testing.assert_allclose(value, found.values(weights * 4)[name], atol=1e-9)
    np.testing.assert_array_equal(found.value(weights), found.values(weights)["AP"])


def test_rows_do_not_depend_on_each_other(monkeypatch):
    found = Detections(*detections(12, seed=4), CLASSES)
    weights = np.random.default_rng(1).integers(0, 3, (9, 12))
    whole = found.values(weights)
    monkeypatch.setattr("maskwright.tasks.detection.average_precision.CELLS_AT_ONCE", 1)
    for name, value in found.values(weights).items():
        np.testing.assert_array_equal(value, whole[name])


def test_bootstrap():
    found = Detections(*detections(15, seed=6), CLASSES)
    result = bootstrap(found.values, 15, resamples=50)["AP"]
    assert result.value == found.value(np.ones((1, 15)))[0]
    assert result.replicates.std() > 0


def test_nothing_predicted_and_nothing_there():
    truth = [[{"bbox": [0, 0, 10, 10], "category_id": 3}], []]
    values = Detections([NOTHING, NOTHING], truth, CLASSES).values(np.array([[1, 1], [0, 2]]))
    assert set(values) == {"AP", "AP50", "AP75", "AR100", "AP of cat"}
    for value in values.values():
        assert value[0] == 0
        assert np.isnan(value[1])
    empty = Detections([NOTHING], [[]], CLASSES).values(np.ones((1, 1)))
    assert list(empty) == ["AP", "AP50", "AP75", "AR100"]
    assert all(np.isnan(value).all() for value in empty.values())


def test_ignored_objects_need_not_be_found_and_may_be():
    box = {"bbox": [0, 0, 10, 10], "category_id": 3}
    other = {"bbox": [50, 50, 10, 10], "category_id": 3}
    guess = {"boxes": [[50, 50, 60, 60], [0, 0, 10, 10]], "scores": [0.9, 0.8], "labels": [3, 3]}
    ones = np.ones((1, 1))
    assert Detections([guess], [[box]], CLASSES).value(ones, "AP50")[0] == pytest.approx(0.5)
    ignored = Detections([guess], [[box, {**other, "ignore": 1}]], CLASSES)
    assert ignored.value(ones, "AP50")[0] == pytest.approx(1)
    missed = Detections([NOTHING], [[box, {**other, "ignore": True}]], CLASSES).value(ones, "AR100")
    assert missed[0] == 0


def test_matches():
    objects = [
        {"bbox": [100, 0, 10, 10], "category_id": 7, "iscrowd": 1},
        {"bbox": [0, 0, 10, 10], "category_id": 3},
        {"bbox": [0, 50, 10, 10], "category_id": 3},
    ]
    guess = {
        "boxes": [[0, 1, 10, 10], [0, 0, 10, 10], [102, 2, 108, 8], [0, 50, 10, 60]],
        "scores": [0.5, 0.9, 0.6, 0.7],
        "labels": [3, 3, 7, 7],
    }
    found = Detections([NOTHING, guess], [[], objects], CLASSES)
    matches = found.matches(1)
    assert matches.truth.tolist() == [-1, 1, 0, -1]
    assert matches.counted.tolist() == [True, True, False, True]
    assert matches.prediction.tolist() == [2, 1, -1]
    assert found.matches(0).truth.shape == found.matches(0).prediction.shape == (0,)


def test_only_the_best_hundred_of_a_class_are_looked_at():
    guess = {"boxes": np.tile([0.0, 0, 10, 10], (101, 1)), "scores": np.arange(101) / 200, "labels": [3] * 101}
    matches = Detections([guess], [[{"bbox": [0, 0, 10, 10], "category_id": 3}]], CLASSES).matches(0)
    assert (matches.truth[100], matches.prediction[0], matches.counted.sum()) == (0, 100, 100)
    assert not matches.counted[0]


def test_tensors_nothing_printed_and_nothing_changed(capfd):
    torch = pytest.importorskip("torch")
    box = {"bbox": [0.0, 0.0, 10.0, 10.0], "category_id": 3}
    guess = {"boxes": torch.tensor([[0.0, 0, 10, 10]]), "scores": torch.tensor([0.5]), "labels": torch.tensor([3])}
    out = sys.stdout
    assert Detections([guess], [[box]], CLASSES).value(np.ones((1, 1)))[0] == pytest.approx(1)
    assert capfd.readouterr() == ("", "")
    assert sys.stdout is out
    assert box == {"bbox": [0.0, 0.0, 10.0, 10.0], "category_id": 3}


def refused(guess=None, truth=(), classes=CLASSES, **options):
    return Detections([{**NOTHING, **(guess or {})}], [truth], classes, **options)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"truth": [{"bbox": [0, 0, 1, 1], "category_id": 4}]}, "image 0: class 4 is not among the 4 classes"),
        ({"truth": [{"bbox": [0, 0, 1], "category_id": 3}]}, "image 0: bbox"),
        ({"guess": {"boxes": [[0, 0, 1, 1]], "scores": [0.5], "labels": [5]}}, "class 5"),
        ({"guess": {"boxes": [[0, 0, 1, 1]], "scores": [0.5], "labels": [3, 3]}}, "expected boxes"),
        ({"guess": {"boxes": [[0, 0, 1, 1]], "scores": [np.nan], "labels": [3]}}, "finite"),
        ({"guess": {"boxes": [[5, 0, 1, 1]], "scores": [0.5], "labels": [3]}}, "x0 <= x1"),
    ],
)
def test_refused(given, message):
    with pytest.raises(MaskingError, match=message):
        refused(**given)


def test_refused_sets_areas_and_weights():
    with pytest.raises(MaskingError, match="same images"):
        Detections([NOTHING], [], CLASSES)
    with pytest.raises(MaskingError, match="same name"):
        refused(classes={1: "cat", 2: "cat"})
    with pytest.raises(ConfigError, match="no area 'tiny'"):
        refused(areas=("tiny",))
    found = refused()
    for weights in (np.ones(1), np.ones((1, 2)), -np.ones((1, 1)), np.full((1, 1), np.nan)):
        with pytest.raises(MaskingError, match="weights"):
            found.values(weights)
    with pytest.raises(MaskingError, match="no 'AP60'"):
        found.value(np.ones((1, 1)), "AP60")


def test_without_pycocotools(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools.cocoeval", None)
    with pytest.raises(ConfigError, match=r"maskwright\[detection\]"):
        refused()
