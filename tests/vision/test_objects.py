from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright import ConfigError, Grid, Masking, MaskingError, Rng
from maskwright.vision.objects import BoxPolicy, object_regions, region_scores, visible_share

masks = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(lambda shape: arrays(bool, shape))
quarters = st.integers(-8, 48).map(lambda n: n / 4)
corners = st.lists(st.tuples(quarters, quarters, quarters, quarters), max_size=6)


def as_boxes(points):
    boxes = np.array(points, dtype=np.float64).reshape(-1, 4)
    return np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1)


def counted(mask, box):
    """Visible share and tight box in quarters of a cell, counted one by one; boxes lie on quarters."""
    fine = np.kron(mask, np.ones((4, 4), dtype=bool))
    x0, y0, x1, y1 = (round(4 * edge) for edge in box)
    part = fine[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    if not part.size:
        return 1.0, None
    ys, xs = np.nonzero(~part)
    if not len(ys) or not part.any():
        return float(not part.any()), None
    top, left = max(y0, 0), max(x0, 0)
    tight = [left + xs.min(), top + ys.min(), left + xs.max() + 1, top + ys.max() + 1]
    outer = [left, top, left + part.shape[1], top + part.shape[0]]
    moved = [t != o for t, o in zip(tight, outer, strict=True)]
    return (~part).mean(), [t / 4 if m else edge for t, m, edge in zip(tight, moved, box, strict=True)]


@settings(max_examples=150, deadline=None)
@given(masks, corners)
def test_visible_share_equals_a_count_of_pixels(mask, points):
    boxes = as_boxes(points)
    shares = visible_share(mask, boxes)
    assert shares.shape == (len(boxes),)
    for share, box in zip(shares, boxes, strict=True):
        expected = counted(mask, box)[0]
        assert abs(share - expected) < 1e-12
        assert (share == 1, share == 0) == (expected == 1, expected == 0)


@settings(max_examples=150, deadline=None)
@given(masks, corners)
def test_shrunk_boxes_are_tight_around_the_visible_pixels(mask, points):
    boxes = as_boxes(points)
    rows = [
        {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": 100.0, "id": number}
        for number, (x0, y0, x1, y1) in enumerate(boxes.tolist())
    ]
    left = BoxPolicy("shrink", min_visible=0)({"annotations": rows}, mask)["annotations"]
    assert [row["id"] for row in left] == [number for number, box in enumerate(boxes) if counted(mask, box)[0] > 0]
    for row in left:
        given, tight = rows[row["id"]], counted(mask, boxes[row["id"]])[1]
        if tight is None:
            assert row == given
        else:
            sides = [tight[2] - tight[0], tight[3] - tight[1]]
            assert row["bbox"] == pytest.approx([*tight[:2], *sides], abs=1e-12)
            size = given["bbox"][2] * given["bbox"][3]
            assert row["area"] == pytest.approx(100 * sides[0] * sides[1] / size)


@pytest.mark.parametrize("shift", [0.1, 1 / 3, 1e-9])
def test_all_and_nothing_are_exact_at_any_fraction(shift):
    mask = np.zeros((50, 60), dtype=bool)
    mask[:, :30] = True
    boxes = np.array([[shift, shift, 30, 49 + shift], [30, shift, 59 + shift, 40], [29.5, 0, 30.5, 1 + shift]])
    assert visible_share(mask, boxes).tolist()[:2] == [0.0, 1.0]
    assert visible_share(mask, boxes)[2] == pytest.approx(0.5)
    many = as_boxes(np.random.default_rng(0).uniform(0, 30, (500, 4)))
    assert not visible_share(mask, many).any()
    assert (visible_share(mask, many + np.array([30, 0, 30, 0])) == 1).all()


def test_tensors_and_lists():
    mask = np.random.default_rng(0).random((20, 30)) < 0.4
    boxes = np.array([[0.5, 3.25, 17.0, 9.0], [2.0, 2.0, 29.5, 19.0]])
    shares = visible_share(torch.from_numpy(mask), torch.from_numpy(boxes))
    assert isinstance(shares, torch.Tensor)
    np.testing.assert_array_equal(shares.numpy(), visible_share(mask, boxes))
    np.testing.assert_array_equal(visible_share(mask, boxes.tolist()), visible_share(mask, boxes))


HALF = np.zeros((100, 200), dtype=bool)  # the left half is hidden
HALF[:, :100] = True
BBOX = [[10.25, 20.5, 60.125, 30.75], [80.3, 10.7, 50.9, 30.1], [120.1, 30.3, 40.7, 60.9], [99, 5, 2, 4]]
AREA = [900.5, 1000.3, 2000.7, 8]
SHARE = [0.0, 31.2 / 50.9, 1.0, 0.5]
LABEL, ID, CROWD = [0, 5, 0, 2], [11, 12, 13, 14], [0, 1, 0, 1]


def coco(**more):
    rows = zip(BBOX, AREA, LABEL, ID, CROWD, strict=True)
    names = ("bbox", "area", "category_id", "id", "iscrowd")
    rows = [dict(zip(names, row, strict=True)) for row in rows]
    for row in rows:
        row |= {"segmentation": [[1.5, 2, 3, 4, 5, 6]], "keypoints": [1, 2, 2], "mine": "x"}
    return {"image_id": 9, "annotations": copy.deepcopy(rows), **more}


def columns(**more):
    inner = {"bbox": BBOX, "area": AREA, "category": LABEL, "id": ID, "iscrowd": CROWD}
    return {"image_id": 9, "width": 200, "height": 100, "objects": copy.deepcopy(inner), **more}


def detr(back=torch.tensor, **more):
    boxes = np.array(BBOX)
    boxes = np.concatenate([boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:]], axis=1) / np.tile([200, 100], 2)
    return {
        "size": back([100, 200]),
        "image_id": back([9]),
        "class_labels": back(LABEL),
        "boxes": back(boxes.astype(np.float32)),
        "area": back(np.array(AREA, dtype=np.float32)),
        "iscrowd": back(CROWD),
        "orig_size": back([50, 100]),
        "keypoints": back(np.arange(4 * 17 * 3, dtype=np.float32).reshape(-1, 3)),  # as Transformers gives them
        **more,
    }


LAYOUTS = {
    "coco": coco,
    "columns": columns,
    "detr": detr,
    "detr-numpy": lambda: detr(np.array),
    "rows of a data set": lambda: {"objects": coco()["annotations"], "width": 200, "height": 100},
    "bare": lambda: columns()["objects"],
}


def frozen(value):
    if isinstance(value, dict):
        return {key: frozen(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [frozen(one) for one in value]
    if isinstance(value, np.ndarray | torch.Tensor):
        return [str(value.dtype), value.tolist()]
    return [type(value), value]


def per_object(target):
    """Label and box of each object, and everything else of it."""
    inner = target.get("annotations", target.get("objects", target))
    if isinstance(inner, list):
        return [frozen(row) for row in inner]
    one_each = [n for n in inner if n not in ("size", "image_id", "orig_size")]
    n = len(inner["boxes" if "boxes" in inner else "bbox"])
    if not n:
        assert all(len(inner[k]) == 0 for k in one_each)
        return []
    split = {k: inner[k].reshape(n, -1) if k == "keypoints" else inner[k] for k in one_each}
    return [{k: frozen(split[k][i]) for k in one_each} for i in range(n)]


@pytest.mark.parametrize("layout", LAYOUTS)
class TestPolicies:
    @pytest.fixture(autouse=True)
    def _untouched(self, layout):
        self.target = LAYOUTS[layout]()
        before = frozen(self.target)
        yield
        assert frozen(self.target) == before

    def test_keep(self, layout):
        out = BoxPolicy("keep")(self.target, HALF)
        assert frozen(out) == frozen(self.target)
        assert out is not self.target

    @pytest.mark.parametrize(("least", "left"), [(0.0, [0, 1, 2, 3]), (0.4, [1, 2, 3]), (0.55, [1, 2]), (1.0, [2])])
    def test_drop(self, layout, least, left):
        out = BoxPolicy("drop", least)(self.target, HALF)
        assert per_object(out) == [per_object(self.target)[i] for i in left]
        for key in ("image_id", "size", "orig_size", "width"):
            assert frozen(out.get(key)) == frozen(self.target.get(key))

    def test_drop_all(self, layout):
        out = BoxPolicy("drop", 0.1)(self.target, HALF | True)
        assert per_object(out) == []
        assert type(out) is dict
        assert out.keys() == self.target.keys()
        again = BoxPolicy("shrink", 0.1)(out, HALF)
        assert frozen(again) == frozen(out)
        assert per_object(BoxPolicy("ignore", 0.1)(out, HALF)) == []

    def test_ignore(self, layout):
        out = BoxPolicy("ignore", 0.55)(self.target, HALF)
        flags = []
        for row, before in zip(per_object(out), per_object(self.target), strict=True):
            flags.append(bool(row.pop("ignore")[1]))
            assert row == before
        assert flags == [True, False, False, True]
        more = BoxPolicy("ignore", 0.7)(out, HALF)
        assert [bool(row["ignore"][1]) for row in per_object(more)] == [True, True, False, True]
        assert per_object(BoxPolicy("ignore", 0.0)(more, HALF)) == per_object(more)

    def test_shrink(self, layout):
        out = BoxPolicy("shrink", 0.0)(self.target, HALF)
        rows, old = per_object(out), per_object(self.target)[1:]
        assert len(rows) == 3
        assert rows[1] == old[1]
        for number, part in ((0, 31.2 / 50.9), (2, 0.5)):
            row, before = rows[number], old[number]
            name = "boxes" if "boxes" in row else "bbox"
            box, given = (np.array(values(r[name])) for r in (row, before))
            if name == "boxes":
                box, given = (np.concatenate([b[:2] - b[2:] / 2, b[2:]]) * [200, 100, 200, 100] for b in (box, given))
            np.testing.assert_allclose(box, [100, given[1], given[2] * part, given[3]], rtol=1e-5)
            assert values(row["area"]) == pytest.approx(values(before["area"]) * part, rel=1e-5)
            # Along y nothing moved.
            assert values(row[name])[1::2] == values(before[name])[1::2]
            assert {k: v for k, v in row.items() if k not in (name, "area")} == {
                k: v for k, v in before.items() if k not in (name, "area")
            }
        if not isinstance(self.target.get("boxes"), np.ndarray | torch.Tensor):
            assert rows[2][name] == frozen([100, 5, 1, 4])
            assert rows[2]["area"] == frozen(4)


def values(frozen_value):
    """What `frozen` froze, without its types."""
    kind, value = frozen_value[0], frozen_value[1]
    return [values(one) for one in frozen_value] if isinstance(kind, list) else value


def test_a_hole_inside_and_one_elsewhere_leave_the_box():
    mask = np.zeros((200, 200), dtype=bool)
    mask[40:60, 40:60] = mask[150, 150] = True
    for box in ([20, 20, 80, 80], [0.1, 0.2, 100.3, 100.7]):
        row = {"bbox": box, "area": 17}
        assert frozen(BoxPolicy("shrink")({"annotations": [row]}, mask)) == frozen({"annotations": [row]})


def test_any_cells_that_cover_the_image():
    patches = np.zeros((10, 20), dtype=bool)
    patches[:, :10] = True
    for policy in ("drop", "shrink"):
        for target in (detr(), columns()):
            fine, coarse = (BoxPolicy(policy, 0.55)(target, mask) for mask in (HALF, patches))
            assert frozen(fine) == frozen(coarse)
    shifted = BoxPolicy("shrink", 0)(
        columns(width=100, height=100), np.ones((1, 3), dtype=bool) & [[True, False, False]]
    )
    assert shifted["objects"]["bbox"][0][0] == pytest.approx(100 / 3)


def test_whole_numbers_in_arrays_stay_whole_or_are_refused():
    target = {"bbox": np.array([[90, 0, 20, 10]]), "area": np.array([199]), "label": np.array([0], dtype=np.uint8)}
    out = BoxPolicy("shrink")(target, HALF)
    assert out["bbox"].dtype.kind == "i"
    assert out["bbox"].tolist() == [[100, 0, 10, 10]]
    assert (out["area"].dtype, out["area"].tolist(), out["label"].dtype) == (target["area"].dtype, [100], np.uint8)
    target = {"bbox": np.array([[60, 0, 20, 10]]), "width": 200, "height": 100}
    with pytest.raises(MaskingError, match="give them as floats"):
        BoxPolicy("shrink")(target, np.array([[True, False, False]]))


def test_masks_as_tensors_and_empty_targets():
    assert frozen(BoxPolicy("drop")(coco(), torch.from_numpy(HALF))) == frozen(BoxPolicy("drop")(coco(), HALF))
    for target in ({"annotations": []}, {"objects": {"bbox": [], "id": []}}):
        for policy in ("keep", "drop", "shrink"):
            assert BoxPolicy(policy)(target, HALF) == target


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([], "expected a mapping"),
        ({"labels": [1]}, "expected class_labels and boxes"),
        ({"annotations": [{"id": 3}]}, "object 0"),
        ({"objects": {"bbox": [[0, 0, 1, 1]], "id": [1, 2]}}, "id: expected one for each of 1 objects"),
        ({"annotations": [{"bbox": [0, 0, -1, 1]}]}, "box 0"),
        ({"annotations": [{"bbox": [0, 0, float("nan"), 1]}]}, "box 0"),
    ],
)
def test_refused_targets(target, message):
    with pytest.raises(MaskingError, match=message):
        BoxPolicy("drop")(target, HALF)


def test_refused_masks_boxes_and_settings():
    for mask in (HALF.astype(int), HALF[0], None):
        with pytest.raises(MaskingError, match="mask"):
            visible_share(mask, np.zeros((1, 4)))
    with pytest.raises(MaskingError, match="boxes"):
        visible_share(HALF, np.zeros(4))
    with pytest.raises(ConfigError, match="drop"):
        BoxPolicy("dropp")
    with pytest.raises(ConfigError, match="min_visible"):
        BoxPolicy("drop", 1.5)


SIZE = (96, 64)  # height and width
PLACES = np.array([[3.5, 0, 30, 40], [10, 10, 20, 20], [63.9, 90, 64, 96], [50, 8, 50, 20], [-9, 48, 8, 56]])


def test_cells_of_no_object_hide_nothing_of_any():
    regions = object_regions(PLACES, Grid(row=12, col=8), SIZE)
    expected = np.zeros((12, 8), dtype=int)
    expected[:5, :4] = 1
    expected[1:3, 1:3] = 2  # the smaller of two
    expected[11, 7], expected[6, 0] = 3, 5
    np.testing.assert_array_equal(regions, expected)
    context = np.kron(regions == 0, np.ones((8, 8), dtype=bool))
    assert (visible_share(context, PLACES) == 1).all()
    assert visible_share(~context, PLACES).tolist() == [0, 0, 0, 1, 0]


@settings(max_examples=50, deadline=None)
@given(corners, st.integers(1, 7), st.integers(1, 7))
def test_regions_are_the_cells_that_boxes_cover(points, rows, cols):
    boxes = as_boxes(points)
    regions = object_regions(boxes, Grid(row=rows, col=cols), (10.0, 11.0))
    for row in range(rows):
        for col in range(cols):
            x0, y0, x1, y1 = col * 11 / cols, row * 10 / rows, (col + 1) * 11 / cols, (row + 1) * 10 / rows
            over = np.minimum(boxes[:, 2:], [x1, y1]) - np.maximum(boxes[:, :2], [x0, y0])
            covers = (over > 1e-9).all(axis=1) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
            areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
            smallest = min((areas[i], i) for i in np.flatnonzero(covers))[1] + 1 if covers.any() else 0
            assert regions[row, col] == smallest


def test_regions_of_tensors_and_of_nothing():
    grid = Grid(row=12, col=8)
    regions = object_regions(torch.from_numpy(PLACES), grid, SIZE)
    assert isinstance(regions, torch.Tensor)
    np.testing.assert_array_equal(regions.numpy(), object_regions(PLACES, grid, SIZE))
    assert not object_regions(np.zeros((0, 4)), grid, SIZE).any()
    for bad in ((Grid(col=8, row=12), SIZE), (grid, (0, 4))):
        with pytest.raises(MaskingError, match="object_regions"):
            object_regions(PLACES, *bad)


def test_the_same_share_of_each_box():
    grid, n = Grid(row=14, col=14), 400
    boxes = np.array([[0, 0, 56, 56], [100, 20, 180, 60], [60, 100, 220, 220], [10, 150, 42, 182]])
    regions = np.broadcast_to(object_regions(boxes, grid, (224, 224)), (n, 14, 14)).copy()
    rng = Rng.from_ids(np.arange(n))
    masking = Masking(pattern={"within": {"pattern": "by-score", "region": "objects"}}, budget=0.4, fill="zero")
    scores = region_scores(regions, rng)
    assert (int(scores.min()) >= 0, int(scores.max()) < 2**24) == (True, True)
    ones = np.ones((n, 14, 14))
    mask = masking(ones, grid=grid, example_ids=np.arange(n), regions=regions, scores=scores).mask
    assert not mask[regions == 0].any()
    for region in range(1, 5):
        cells = regions[0] == region
        hidden = mask[:, cells].sum(axis=1)
        assert abs(hidden - 0.4 * cells.sum()).max() <= 2
        assert abs(hidden.mean() - 0.4 * cells.sum()) < 0.15
        # Within a region all cells are hidden equally often.
        assert abs(mask[:, cells].mean(axis=0) - 0.4).max() < 4.5 * np.sqrt(0.24 / n)
    again = region_scores(torch.from_numpy(regions), Rng(torch.from_numpy(rng.keys.view(np.int64)), rng.purpose))
    np.testing.assert_array_equal(again.numpy(), scores)
    alone = region_scores(regions[5:6], Rng.from_ids([5]))
    np.testing.assert_array_equal(alone[0], scores[5])


def test_scores_of_no_cells():
    assert region_scores(np.zeros((0, 3, 3), dtype=int), Rng.from_ids(np.arange(0))).shape == (0, 3, 3)
