from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from maskwright import Grid, Mask, Masking, MaskingError, Rng
from maskwright.backend.arrays import namespace
from maskwright.compact.painting import paint, painted_count
from maskwright.compact.shapes import Boxes, Lines, Tiles, dilate, runs

RNG = np.random.default_rng(0)
DTYPES = ["float32", "float64", "float16", "int64", "int32", "int16", "uint8", "bool"]


def data(dtype, shape):
    if dtype.startswith("float"):
        x = RNG.standard_normal(shape).astype(dtype)
        flat = x.reshape(-1)
        flat[::7], flat[1::11], flat[2::13], flat[3::17] = np.nan, np.inf, -np.inf, -0.0
        return x
    return RNG.integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)


def same_bits(a, b):
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def lines_of(shape, which):
    return Lines(
        tuple(RNG.random((shape[0], n)) < 0.4 if axis in which else None for axis, n in enumerate(shape[1:])), shape[1:]
    )


def boxes_of(shape, n):
    bounds = np.stack([np.sort(RNG.integers(0, size + 1, (shape[0], n, 2)), axis=-1) for size in shape[1:]], axis=2)
    return Boxes(bounds, shape[1:])


def check(x, hidden, value, valid=None):
    """Whether painting is what `where` does, to the bit, in memory of its own."""
    mask = hidden.dense(valid)
    mask = mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))
    before = x.copy()
    expected = np.where(mask, np.full_like(x, value), x)
    here = paint(x, hidden, value, valid=valid)
    same_bits(here, expected)
    as_torch, there = torch.from_numpy, in_torch(hidden)
    cells = None if valid is None else as_torch(valid.copy())
    same_bits(paint(as_torch(x), there, value, valid=cells).numpy(), expected)
    same_bits(x, before)
    check_out(x, hidden, value, valid, expected)
    check_out(as_torch(x), there, value, cells, expected)
    return not np.shares_memory(here, x)


def check_out(x, hidden, value, valid, expected):
    """Into another array, and into the array itself."""
    before = np.asarray(x).copy()
    for own in (False, True):
        given = x.clone() if isinstance(x, torch.Tensor) else x.copy()
        out = given if own else namespace(given).zeros_like(given)
        assert paint(given, hidden, value, valid=valid, out=out) is out
        same_bits(np.asarray(out), expected)
        if not own:
            same_bits(np.asarray(given), before)


def in_torch(hidden):
    if isinstance(hidden, Lines):
        return Lines(tuple(None if a is None else torch.from_numpy(a) for a in hidden.axes), hidden.shape)
    if isinstance(hidden, Boxes):
        return Boxes(torch.from_numpy(hidden.bounds), hidden.shape)
    return Tiles(torch.from_numpy(hidden.hidden), hidden.sides)


def tiles_of(batch, grid, sides):
    return Tiles(RNG.random((batch, *grid)) < 0.4, sides)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize(
    ("shape", "which"),
    [((3, 11), {0}), ((3, 5, 12), {0, 1}), ((3, 5, 12), {0}), ((3, 5, 12), {1}), ((2, 3, 4, 10), {0, 1, 2})],
)
def test_lines_are_painted_as_where_does(dtype, value, shape, which):
    for channels in ((), (3,), (20,)):
        assert check(data(dtype, shape + channels), lines_of(shape, which), value)


@pytest.mark.parametrize("value", [0, -2.5, -0.0, float("inf")])
def test_constants_keep_their_bits(value):
    for dtype in ("float32", "float64", "float16"):
        assert check(data(dtype, (4, 6, 20)), lines_of((4, 6, 20), {0, 1}), value)
        assert check(data(dtype, (4, 6, 20)), boxes_of((4, 6, 20), 2), value)


@pytest.mark.parametrize("dtype", DTYPES)
def test_boxes_are_painted_as_where_does(dtype):
    for shape, n in (((3, 40, 50), 2), ((3, 6, 7), 5), ((2, 300), 1), ((2, 9, 12, 10), 3), ((3, 40, 50), 0)):
        for channels in ((), (3,)):
            assert check(data(dtype, shape + channels), boxes_of(shape, n), 1)


def test_hidden_cells_are_counted_once():
    for hidden in (
        boxes_of((40, 20, 30), 1),
        boxes_of((40, 6, 7), 4),
        boxes_of((40, 9), 0),
        tiles_of(5, (3, 4), (2, 3)),
    ):
        expected = hidden.dense().reshape(len(hidden.dense()), -1).sum(1)
        np.testing.assert_array_equal(painted_count(hidden), expected)
        np.testing.assert_array_equal(painted_count(in_torch(hidden)), expected)
    beyond = Boxes(np.array([[[[-3, 2], [1, 99]], [[4, 2], [0, 3]], [[1, 3], [2, 4]]]]), (5, 6))
    assert painted_count(beyond).tolist() == [10 + 2]


@pytest.mark.parametrize("dtype", DTYPES)
def test_tiles_are_painted_as_where_does(dtype):
    for grid, sides in (((4,), (5,)), ((3, 4), (2, 3)), ((3, 4), (4, 1)), ((1, 2), (3, 5)), ((2, 3, 2), (2, 1, 4))):
        for channels in ((), (1,), (3,), (2, 5)):
            hidden = tiles_of(3, grid, sides)
            assert check(data(dtype, (3, *hidden.shape, *channels)), hidden, 1)
    hidden = tiles_of(3, (3, 4), (2, 3))
    assert check(data(dtype, (3, 6, 12, 2)), hidden, 1, RNG.random((3, 6, 12)) < 0.5)


def memory_orders(shape):
    """Images with rows, columns and channels in all orders of memory, some with gaps."""
    for order in itertools.permutations(range(1, 4)):
        moved = (0, *order)
        back = np.argsort(moved)
        x = data("float32", tuple(shape[a] for a in moved)).transpose(back)
        yield x
        wide = data("float32", tuple(2 * shape[a] for a in moved)).transpose(back)
        yield wide[::2, ::2, ::2, ::2]


@pytest.mark.parametrize("hidden", [tiles_of(3, (3, 4), (2, 3)), boxes_of((3, 6, 12), 1)], ids=["tiles", "boxes"])
def test_any_order_of_memory_and_values_of_channels(hidden):
    mask = hidden.dense()[..., None]
    for x in memory_orders((3, 6, 12, 4)):
        for value in (0, 2.5, data("float32", (3, 1, 1, 4))):
            expected, before = np.where(mask, np.float32(value), x), x.copy()
            new = paint(x, hidden, value)
            same_bits(new, expected)
            tensor = torch.from_numpy(x)
            there = torch.from_numpy(value) if isinstance(value, np.ndarray) else value
            same_bits(paint(tensor, in_torch(hidden), there).numpy(), expected)
            same_bits(x, before)
            own = x.copy("K")
            assert paint(own, hidden, value, out=own) is own
            same_bits(own, expected)
    first = torch.from_numpy(data("float32", (3, 4, 6, 12)))
    assert paint(first.permute(0, 2, 3, 1), in_torch(hidden)).permute(0, 3, 1, 2).is_contiguous()


def test_memory_that_autograd_needs_is_seen_to_have_changed():
    x, weight = torch.ones(2, 4, 6), torch.ones(1, requires_grad=True)
    product = (x * weight).sum()
    paint(x, Tiles(torch.tensor([[[True, False]], [[False, True]]]), (4, 3)), out=x)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()


@pytest.mark.parametrize("kind", ["time", "both", "holes"])
@pytest.mark.parametrize("value", [0, 3])
def test_cells_that_are_not_valid_keep_their_values(kind, value):
    shape = (6, 9, 14)
    valid = np.arange(14)[None, None, :] < RNG.integers(0, 15, (6, 1, 1))
    valid = np.broadcast_to(valid, shape).copy()
    if kind == "both":
        valid &= np.arange(9)[None, :, None] < RNG.integers(0, 10, (6, 1, 1))
    if kind == "holes":
        valid &= RNG.random(shape) < 0.8
    for axes in ({0}, {1}, {0, 1}):
        for channels in ((), (2,), (16,)):
            assert check(data("float32", shape + channels), lines_of(shape, axes), value, valid)
            swapped = np.ascontiguousarray(valid.swapaxes(1, 2))
            assert check(data("float32", swapped.shape + channels), lines_of(swapped.shape, axes), value, swapped)
    assert check(data("float32", shape), boxes_of(shape, 2), value, valid)
    assert check(data("float32", (*shape, 9)), boxes_of(shape, 2), value, valid)
    assert check(data("float32", (6, 14, 20)), lines_of((6, 14), {0}), value, valid[:, 0])


def test_inputs_that_are_not_contiguous():
    shape = (3, 8, 16)
    for make in (
        lambda: data("float32", (3, 16, 8)).swapaxes(1, 2),
        lambda: data("float32", (6, 8, 32))[::2, :, ::2],
        lambda: np.asfortranarray(data("float64", shape)),
        lambda: np.broadcast_to(data("float32", (3, 1, 16)), shape),
    ):
        check_view(make(), lines_of(shape, {0, 1}))
        check_view(make(), lines_of(shape, {0}))
        check_view(make(), boxes_of(shape, 1))


def check_view(x, hidden):
    same_bits(paint(x, hidden, 0), np.where(hidden.dense(), np.zeros_like(x), x))
    x = torch.from_numpy(x.copy()).permute(2, 0, 1).contiguous().permute(1, 2, 0)
    there = (
        Lines(tuple(None if a is None else torch.from_numpy(a) for a in hidden.axes), hidden.shape)
        if isinstance(hidden, Lines)
        else Boxes(torch.from_numpy(hidden.bounds), hidden.shape)
    )
    same_bits(paint(x, there, 0).numpy(), torch.where(there.dense(), 0, x).numpy())


def test_bfloat16():
    x = torch.randn(2, 6, 30, generator=torch.Generator().manual_seed(0)).bfloat16()
    hidden = Lines((torch.rand(2, 6) < 0.5, torch.rand(2, 30) < 0.5), (6, 30))
    for value in (0, 1.5):
        expected = torch.where(hidden.dense(), torch.tensor(value, dtype=torch.bfloat16), x)
        assert torch.equal(paint(x, hidden, value), expected)


def test_gradients_pass_through_visible_cells():
    x = torch.ones(1, 2, 9, requires_grad=True)
    paint(x, Lines((None, torch.arange(9)[None] < 3), (2, 9)), 0).sum().backward()
    assert x.grad is not None
    assert x.grad[0, 0].tolist() == [0] * 3 + [1] * 6


def test_arrays_that_words_cannot_stand_for():
    hidden = Lines((np.array([[True, False]]), None), (2, 9))
    for dtype in ("complex64", ">f4", "longdouble"):
        x = np.ones((1, 2, 9), dtype=dtype)
        np.testing.assert_array_equal(paint(x, hidden, 0), np.where(hidden.dense()[..., :], 0, x))


def test_shapes_that_do_not_fit_are_refused():
    for shape in ((2, 3, 5), (1, 3, 4), (2, 3)):
        with pytest.raises(MaskingError, match="paint: expected"):
            paint(np.zeros(shape), lines_of((2, 3, 4), {0, 1}))
    with pytest.raises(MaskingError, match="at least one axis"):
        Lines((None,), (3,)).dense()


def test_runs_and_dilate_say_what_a_loop_says():
    start, width = RNG.integers(0, 12, (50, 4)), RNG.integers(0, 6, (50, 4))
    expected = np.zeros((50, 10), dtype=bool)
    for row in range(50):
        for s, w in zip(start[row], width[row], strict=True):
            expected[row, s : s + w] = True
    np.testing.assert_array_equal(runs(start, width, 10), expected)
    np.testing.assert_array_equal(runs(torch.from_numpy(start), torch.from_numpy(width), 10).numpy(), expected)
    starts = RNG.random((20, 30)) < 0.1
    for length in (1, 2, 3, 7, 10, 29, 30, 99):
        grown = np.array([[row[max(0, i - length + 1) : i + 1].any() for i in range(30)] for row in starts])
        np.testing.assert_array_equal(dilate(starts, length), grown)
        np.testing.assert_array_equal(dilate(torch.from_numpy(starts), length).numpy(), grown)


@pytest.mark.parametrize("back_end", ["numpy", "torch"])
@pytest.mark.parametrize(
    ("node", "grid"),
    [
        ({"specaugment": {"time_width": 9, "freq_width": 3}}, Grid(freq=8, time=40)),
        ({"specaugment": {"time_width": 9, "freq_width": 3, "edges": "wrap"}}, Grid(time=40, freq=8)),
        ({"wav2vec2": {"length": 4}}, Grid(time=40)),
    ],
)
def test_a_masking_gives_the_same_with_and_without_a_dense_mask(node, grid, back_end):
    """A fill that names the same value but takes the ordinary way is the reference."""
    x = data("float32", (12, *grid.shape))
    lengths = np.arange(12) * 3 + 7
    valid = np.moveaxis(
        np.broadcast_to(np.arange(40) < lengths[:, None, None], (12, grid.size // 40, 40)), 2, 1 + grid.axis("time")
    )
    valid = valid.reshape(x.shape).copy()
    for facts in ({"valid": valid}, {}):
        for share in (0.0, 0.5):
            both = []
            for budget in (None, 1.0):  # a budget of everything bounds nothing and needs the dense mask
                masking = Masking.from_dict({"pattern": node, "budget": budget, "fill": -1.5, "clean_share": share})
                given = x if back_end == "numpy" else torch.from_numpy(x)
                more: Any = facts if back_end == "numpy" else {k: torch.from_numpy(v) for k, v in facts.items()}
                out = masking(given, example_ids=np.arange(12), grid=grid, **more)
                both.append(out)
            compact, dense = both
            assert isinstance(compact.hidden, Lines)
            assert "mask" not in vars(compact), "made only when asked for"
            np.testing.assert_array_equal(np.asarray(compact.mask), np.asarray(dense.mask))
            same_bits(np.asarray(compact.inputs), np.asarray(dense.inputs))
            np.testing.assert_array_equal(np.asarray(compact.count), np.asarray(dense.count))
            np.testing.assert_array_equal(np.asarray(compact.ratio), np.asarray(dense.ratio))
            assert np.asarray(compact.mask).any()


def by_dense_mask(masking, x, mask, valid):
    """What the fill itself makes of a mask as large as the array."""
    valid = mask | True if valid is None else valid
    if valid.shape != mask.shape:
        valid = Mask(valid).pixels((2, 3))
    ids = np.arange(16) if isinstance(x, np.ndarray) else torch.arange(16)
    return masking.fill(x, mask[..., None], valid=valid[..., None], rng=Rng.from_ids(ids).child("fill"))


RECTANGLES = {"rectangles": {"n": 2, "min_area": 0.1}}


@pytest.mark.parametrize("first", [True, False], ids=["channels first", "channels last"])
@pytest.mark.parametrize("fill", ["zero", -1.5, "mean", "noise"])
@pytest.mark.parametrize("back", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
@pytest.mark.parametrize("cells", ["", "nan", "holes", "margin"])
def test_erasing_is_the_same_with_and_without_a_dense_mask_and_in_place(fill, back, first, cells):
    x = RNG.standard_normal((16, 3, 40, 48) if first else (16, 40, 48, 3)).astype(np.float32)
    if cells == "nan":
        x.reshape(-1)[::1001], x.reshape(-1)[:3] = np.nan, np.inf
    x = x.transpose(0, 2, 3, 1) if first else x
    facts: dict[str, Any] = {"grid": Grid(row=20, col=16), "sides": (2, 3), "example_ids": np.arange(16)}
    if cells == "holes":
        facts["valid"] = back(RNG.random((16, 40, 48)) < 0.9)
    if cells == "margin":
        facts["valid"] = back(np.arange(20)[:, None] - np.arange(16)[:, None, None] + np.zeros(16, dtype=int) < 12)
    masks = []
    for pattern, budget in ((RECTANGLES, None), (RECTANGLES, 1.0), ("iid", 0.4)):
        masking = Masking.from_dict({"pattern": pattern, "budget": budget, "fill": fill, "clean_share": 0.2})
        given = back(x.copy("K"))
        out = masking(given, **facts)
        masks.append(np.asarray(out.mask))
        expected = np.asarray(by_dense_mask(masking, given, out.mask, facts.get("valid")))
        same_bits(np.asarray(out.inputs), expected)
        same_bits(np.asarray(given), x)
        for target in (namespace(given).zeros_like(given), given):
            result = masking(given, out=target, **facts)
            assert result.inputs is target
            same_bits(np.asarray(target), expected)
            np.testing.assert_array_equal(np.asarray(result.mask), masks[-1])
            if target is not given:
                same_bits(np.asarray(given), x)
    np.testing.assert_array_equal(masks[0], masks[1])
    assert masks[0].any()
    assert masks[2].any()


@pytest.mark.parametrize("value", ["zero", 128])
def test_bytes_are_erased_as_floats_are(value):
    x = RNG.integers(1, 255, (8, 40, 48, 3), dtype=np.uint8)
    masking = Masking.from_dict({"pattern": RECTANGLES, "fill": value})
    out, floats = (masking(a, grid=Grid(row=40, col=48), example_ids=np.arange(8)) for a in (x, x.astype(np.float32)))
    assert isinstance(out.hidden, Boxes)
    same_bits(out.inputs, floats.inputs.astype(np.uint8))
    with pytest.raises(MaskingError, match="does not fit"):
        Masking.from_dict({"pattern": RECTANGLES, "fill": 300})(x, grid=Grid(row=40, col=48), example_ids=np.arange(8))


@pytest.mark.parametrize(
    ("out", "fragment"),
    [
        (np.ones((2, 4, 7)), "given ndarray float64"),
        (np.ones((2, 4, 6), dtype=np.float32), "float32"),
        (torch.ones(2, 4, 6, dtype=torch.float64), "given Tensor"),
        (np.broadcast_to(np.ones(6), (2, 4, 6)), "expanded"),
        ([1], "given list"),
    ],
)
def test_what_cannot_be_written_to_is_refused(out, fragment):
    x, facts = np.ones((2, 4, 6)), {"grid": Grid(row=4, col=6), "example_ids": [0, 1]}
    with pytest.raises(MaskingError, match=fragment):
        Masking("iid", 0.5, "zero")(x, out=out, **facts)
    x.flags.writeable = False
    with pytest.raises(MaskingError, match="may be written to"):
        Masking("iid", 0.5, "zero")(x, out=x, **facts)
    with pytest.raises(MaskingError, match="changes the shape"):
        Masking("iid", 0.5, "indicator")(x, out=x.copy(), **facts)
    tensor = torch.ones(2, 4, 6, requires_grad=True)
    with pytest.raises(MaskingError, match="needs no gradient"):
        Masking("iid", 0.5, "zero")(tensor, out=tensor, **facts)
