from __future__ import annotations

import contextlib
import io
import pickle
import sys

import numpy as np
import pytest

from maskwright import ConfigError, MaskingError
from maskwright.evaluate.statistics import bootstrap
from maskwright.tasks.metrics.average_precision import AP, AP50, AP75, AR, MATCHED
from maskwright.tasks.metrics.object_matching import AREAS, hits, matched
from maskwright.tasks.metrics.precision_recall import Detections

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


def measured(predictions, truths, area="all"):
    return Detections([matched(*pair, area) for pair in zip(predictions, truths, strict=True)])


def values(predictions, truths, weights):
    """All numbers in all areas by COCO's order and names, and those of each class."""
    areas = {area: measured(predictions, truths, area) for area in AREAS}
    whole = areas["all"].values(weights)
    named = {name: whole[name] for name in ("AP", "AP50", "AP75")}
    named |= {f"AP {area}": one.value(weights) for area, one in areas.items() if area != "all"}
    named |= {f"AR100 {area}": one.value(weights, "AR100") for area, one in areas.items()}
    return named, areas["all"].by_class(weights)


def assert_same(predictions, truths, weights):
    named, by_class = values(predictions, truths, weights)
    names = ["AP", "AP50", "AP75", "AP small", "AP medium", "AP large", None, None]
    names += [f"AR100 {area}" for area in ("all", "small", "medium", "large")]
    for row, repeats in enumerate(weights.astype(int)):
        stats, precision = reference(predictions, truths, repeats)
        for name, stat in zip(names, stats, strict=True):
            if name is not None:
                expected = np.nan if stat == -1 else stat
                np.testing.assert_allclose(named[name][row], expected, atol=1e-9, rtol=0, err_msg=name)
        for number, label in enumerate(CLASSES):
            there = precision[:, :, number] > -1
            if there.any():
                assert abs(by_class[label][row] - precision[:, :, number].mean()) < 1e-9
            else:
                assert label not in by_class or np.isnan(by_class[label][row])
    return named


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equals_coco(seed, ties):
    named = assert_same(*detections(30, seed, ties), np.ones((1, 30)))
    assert 0.05 < named["AP"][0] < 0.95


def test_integer_weights_equal_coco_on_repeated_images():
    weights = np.random.default_rng(0).integers(0, 4, (4, 20))
    weights[3] = 0
    weights[3, :3] = 1, 2, 0
    assert_same(*detections(20, seed=5), weights)


def test_ties_between_images_equal_coco_on_repeated_images():
    truths = [[{"bbox": [0, 0, 10, 10], "category_id": 3, "area": 100, "iscrowd": 0}] for _ in range(3)]
    boxes = [[0, 0, 10, 10], [50, 50, 60, 60], [0, 0, 10, 9]]
    predictions = [{"boxes": np.array([box]), "scores": [0.5], "labels": [3]} for box in boxes]
    assert_same(predictions, truths, np.array([[2, 3, 1], [1, 2, 2]]))


def test_a_weight_counts_only_against_the_others():
    images = measured(*detections(12, seed=3))
    weights = np.random.default_rng(1).random((3, 12))
    for name, value in images.values(weights).items():
        np.testing.assert_allclose(value, images.values(weights * 4)[name], atol=1e-9)
    np.testing.assert_array_equal(images.value(weights), images.values(weights)["AP"])


def test_rows_do_not_depend_on_each_other(monkeypatch):
    images = measured(*detections(12, seed=4))
    weights = np.random.default_rng(1).integers(0, 3, (9, 12))
    whole = images.values(weights)
    monkeypatch.setattr("maskwright.tasks.metrics.precision_recall.CELLS_AT_ONCE", 1)
    for name, value in images.values(weights).items():
        np.testing.assert_array_equal(value, whole[name])


def test_bootstrap():
    images = measured(*detections(15, seed=6))
    result = bootstrap(images.values, np.arange(15), resamples=50)["AP"]
    assert result.value == images.value(np.ones((1, 15)))[0]
    assert result.replicates.std() > 0


def test_nothing_predicted_and_nothing_there():
    truth = [[{"bbox": [0, 0, 10, 10], "category_id": 3}], []]
    images, weights = measured([NOTHING, NOTHING], truth), np.array([[1, 1], [0, 2]])
    assert list(images.by_class(weights)) == [3]
    for value in [*images.values(weights).values(), *images.by_class(weights).values()]:
        assert value[0] == 0
        assert np.isnan(value[1])
    empty = measured([NOTHING], [[]])
    assert list(empty.values(np.ones((1, 1)))) == ["AP", "AP50", "AP75", "AR100"]
    assert all(np.isnan(value).all() for value in empty.values(np.ones((1, 1))).values())
    assert empty.by_class(np.ones((1, 1))) == {}


def test_ignored_objects_need_not_be_found_and_may_be():
    box = {"bbox": [0, 0, 10, 10], "category_id": 3}
    other = {"bbox": [50, 50, 10, 10], "category_id": 3}
    guess = {"boxes": [[50, 50, 60, 60], [0, 0, 10, 10]], "scores": [0.9, 0.8], "labels": [3, 3]}
    ones = np.ones((1, 1))
    assert measured([guess], [[box]]).value(ones, "AP50")[0] == pytest.approx(0.5)
    ignored = measured([guess], [[box, {**other, "ignore": 1}]])
    assert ignored.value(ones, "AP50")[0] == pytest.approx(1)
    missed = measured([NOTHING], [[box, {**other, "ignore": True}]]).value(ones, "AR100")
    assert missed[0] == 0


def test_hits():
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
    pairs = hits(guess, objects)
    assert pairs.object.tolist() == [-1, 1, 0, -1]
    assert pairs.counted.tolist() == [True, True, False, True]
    assert pairs.prediction.tolist() == [2, 1, -1]
    nothing = hits(NOTHING, [])
    assert nothing.object.shape == nothing.prediction.shape == (0,)


def test_only_the_best_hundred_of_a_class_are_looked_at():
    guess = {"boxes": np.tile([0.0, 0, 10, 10], (101, 1)), "scores": np.arange(101) / 200, "labels": [3] * 101}
    objects = [{"bbox": [0, 0, 10, 10], "category_id": 3}]
    pairs = hits(guess, objects)
    assert (pairs.object[100], pairs.prediction[0], pairs.counted.sum()) == (0, 100, 100)
    assert not pairs.counted[0]
    assert len(matched(guess, objects).predictions) == 100


def test_an_image_is_noted_in_ten_bytes_a_prediction():
    """And not in the numbers per class that the answer has."""
    predictions, truths = detections(8, seed=1)
    records = [matched(*pair) for pair in zip(predictions, truths, strict=True)]
    for record, guess in zip(records, predictions, strict=True):
        assert record.nbytes == 10 * len(guess["scores"]) + 6 * len(record.objects)
        assert np.array_equal(pickle.loads(pickle.dumps(record)).predictions, record.predictions)


# ---- the metrics ----


def scenes(images, seed):
    """Predictions in shares of pictures of 400 x 400 pixels, and the scenes they are of."""
    predictions, truths = detections(images, seed)
    shares = [{**guess, "boxes": guess["boxes"] / 400} for guess in predictions]
    return shares, [{"width": 400, "height": 400, "annotations": truth} for truth in truths]


def test_metrics_are_numbers_of_what_was_noted():
    predictions, references = scenes(20, seed=2)
    records = MATCHED.of(predictions, references)
    assert (records.shape, records.dtype) == ((20,), object)
    summable, weights = MATCHED.summable(records[None]), np.random.default_rng(0).integers(0, 3, (5, 20))
    expected = measured(*detections(20, seed=2)).values(weights)
    for metric, name in ((AP, "AP"), (AP50, "AP50"), (AP75, "AP75"), (AR, "AR100")):
        np.testing.assert_allclose(metric.value(summable, weights), expected[name], atol=1e-12)
        assert not metric.linear
        assert metric.chance_of(references) == 0
    assert [metric.name for metric in (AP, AP50, AP75, AR)] == ["map", "map50", "map75", "mar"]


def test_of_each_image_alone():
    predictions, references = scenes(20, seed=2)
    summable = MATCHED.summable(MATCHED.of(predictions, references)[None])
    np.testing.assert_allclose(AP.each(summable), summable.value(np.eye(20)), atol=1e-12)
    assert np.isnan(AP.each(summable)[[not one["annotations"] for one in references]]).all()


def test_tensors_nothing_printed_and_nothing_changed(capfd):
    torch = pytest.importorskip("torch")
    box = {"bbox": [0.0, 0.0, 10.0, 10.0], "category_id": 3}
    guess = {"boxes": torch.tensor([[0.0, 0, 10, 10]]), "scores": torch.tensor([0.5]), "labels": torch.tensor([3])}
    out = sys.stdout
    assert measured([guess], [[box]]).value(np.ones((1, 1)))[0] == pytest.approx(1)
    assert capfd.readouterr() == ("", "")
    assert sys.stdout is out
    assert box == {"bbox": [0.0, 0.0, 10.0, 10.0], "category_id": 3}


def refused(guess=None, truth=(), area="all"):
    return matched({**NOTHING, **(guess or {})}, truth, area)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"truth": [{"bbox": [0, 0, 1, 1], "category_id": 65_536}]}, "from 0 to 65535, given 65536"),
        ({"truth": [{"bbox": [0, 0, 1], "category_id": 3}]}, "bbox of object 0"),
        ({"guess": {"boxes": [[0, 0, 1, 1]], "scores": [0.5], "labels": [-1]}}, "given -1"),
        ({"guess": {"boxes": [[0, 0, 1, 1]], "scores": [0.5], "labels": [3, 3]}}, "expected boxes"),
        ({"guess": {"boxes": [[0, 0, 1, 1]], "scores": [np.nan], "labels": [3]}}, "finite"),
        ({"guess": {"boxes": [[5, 0, 1, 1]], "scores": [0.5], "labels": [3]}}, "x0 <= x1"),
    ],
)
def test_refused(given, message):
    with pytest.raises(MaskingError, match=message):
        refused(**given)


def test_refused_sets_areas_and_weights():
    with pytest.raises(MaskingError, match="1 image or more"):
        Detections([])
    with pytest.raises(ConfigError, match="no area 'tiny'"):
        refused(area="tiny")
    images = Detections([refused()])
    for weights in (np.ones(1), np.ones((1, 2)), -np.ones((1, 1)), np.full((1, 1), np.nan)):
        with pytest.raises(MaskingError, match="weights"):
            images.values(weights)
    with pytest.raises(MaskingError, match="no 'AP60'"):
        images.value(np.ones((1, 1)), "AP60")


def test_without_pycocotools(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools.cocoeval", None)
    with pytest.raises(ConfigError, match=r"maskwright\[detection\]"):
        refused()
