"""Boxes of cells as units, and pixels to patches and back."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import torch

from maskwright import ConfigError, Grid, Masking, MaskingError
from maskwright.units.patches import BOXES, BoxUnits, Patches
from tests.settings import small_vocabulary

RNG = np.random.default_rng(0)
BACKS = pytest.mark.parametrize("back", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
GRID, SIDES = Grid(row=3, col=4), (2, 5)


def wide(mask, sides=SIDES):
    for axis, side in enumerate(sides, start=1):
        mask = np.asarray(mask).repeat(side, axis)
    return mask


@BACKS
def test_from_units_to_cells_and_back(back):
    x = back(np.zeros((6, 6, 20, 3)))
    mask = RNG.random((6, 3, 4)) < 0.5
    for valid in (None, RNG.random((6, 3, 4)) < 0.7, RNG.random((6, 6, 20)) < 0.1):
        units = BoxUnits(GRID, SIDES, x, None if valid is None else back(valid))
        cells = np.ones((6, 6, 20), dtype=bool) if valid is None else valid if valid.shape[1] == 6 else wide(valid)
        np.testing.assert_array_equal(units.hideable, cells)
        exists = cells.reshape(6, 3, 2, 4, 5).any((2, 4))
        np.testing.assert_array_equal(units.valid, exists)
        np.testing.assert_array_equal(units.n, exists.sum((1, 2)))
        np.testing.assert_array_equal(units.to_cells(back(mask)), wide(mask) & cells)
        np.testing.assert_array_equal(units.of_cells(units.to_cells(back(mask))), mask & exists)
        scores = RNG.random((6, 6, 20))
        highest = np.where(cells, scores, -np.inf).reshape(6, 3, 2, 4, 5).max((2, 4))
        np.testing.assert_array_equal(units.to_units(back(scores)), highest)
        np.testing.assert_array_equal(units.to_units(back(mask)), mask)
        flags = scores > 0.9
        np.testing.assert_array_equal(units.to_units(back(flags)), (flags & cells).reshape(6, 3, 2, 4, 5).any((2, 4)))
    assert np.asarray(units.groups).reshape(3, 2, 4, 5)[2, 1, 1].tolist() == [9] * 5


@BACKS
@pytest.mark.parametrize("fill", ["zero", 7.0, "mean", "noise", "blur", "indicator"])
def test_units_of_many_cells_are_the_masking_of_units_spread_out(fill, back):
    """Pattern and budget work on units as if each were one cell; the fill sees the cells."""
    x = RNG.standard_normal((40, 6, 20, 2)).astype(np.float32)
    masking = Masking("iid", 0.5, fill, unit="patch")
    out = masking(back(x), example_ids=np.arange(40), grid=GRID, sides=SIDES)
    small = masking(np.zeros((40, 3, 4, 1), dtype=np.float32), example_ids=np.arange(40), grid=GRID)
    np.testing.assert_array_equal(out.unit_mask, small.mask)
    np.testing.assert_array_equal(out.mask, wide(small.mask))
    np.testing.assert_array_equal(out.count, [6] * 40)
    np.testing.assert_array_equal(out.n_units, [12] * 40)
    np.testing.assert_array_equal(out.ratio, [0.5] * 40)
    np.testing.assert_array_equal(out.view.pixels(SIDES), out.mask)
    np.testing.assert_array_equal(out.groups[3], np.arange(12).reshape(3, 4).repeat(2, 0).repeat(5, 1))
    per_cell = Masking({"by-score": {}}, {"count": 60}, fill)
    same = per_cell(
        back(x), example_ids=np.arange(40), grid=Grid(row=6, col=20), scores=back(wide(small.mask).astype(np.float32))
    )
    np.testing.assert_array_equal(same.mask, out.mask)
    np.testing.assert_array_equal(np.asarray(out.inputs), np.asarray(same.inputs))


@BACKS
def test_units_and_cells_that_may_not_be_hidden_stay(back):
    x, masking = RNG.random((30, 6, 20)), Masking("iid", 1.0, "zero")
    by_unit, by_cell = RNG.random((30, 3, 4)) < 0.5, RNG.random((30, 6, 20)) < 0.3
    for valid in (by_unit, by_cell):
        out = masking(back(x), example_ids=np.arange(30), grid=GRID, sides=SIDES, valid=back(valid))
        cells = valid if valid is by_cell else wide(valid)
        np.testing.assert_array_equal(out.mask, cells)
        np.testing.assert_array_equal(out.valid, cells)
        np.testing.assert_array_equal(out.unit_mask, cells.reshape(30, 3, 2, 4, 5).any((2, 4)))
        np.testing.assert_array_equal(np.asarray(out.inputs), np.where(cells, 0, x))


def test_scores_of_units_and_of_cells():
    masking, scores = Masking("by-score", {"count": 4}, "zero"), RNG.random((5, 3, 4))
    x = np.ones((5, 6, 20))
    both = [
        masking(x, example_ids=np.arange(5), grid=GRID, sides=SIDES, scores=given).unit_mask
        for given in (scores, wide(scores))
    ]
    np.testing.assert_array_equal(*both)
    assert (scores[both[0]].reshape(5, 4).min(1) > np.where(both[0], 0, scores).max((1, 2))).all()


@pytest.mark.parametrize(
    ("facts", "fragment"),
    [
        ({"sides": (2, 4)}, r"units of 2 x 4 cells: expected \[B, row=6, col=16\]"),
        ({"sides": (2,)}, "for each axis of Grid"),
        ({"sides": 2}, "for each axis of Grid"),
        ({"sides": (2, 0)}, "for each axis of Grid"),
        ({"sides": (2.0, 5)}, "for each axis of Grid"),
        ({}, r"expected \[B, row, col\]"),
        ({"sides": SIDES, "valid": np.ones((1, 2, 2), dtype=bool)}, r"\(1, 3, 4\) or \(1, 6, 20\)"),
        ({"sides": SIDES, "scores": 1}, "takes no 'scores'"),
    ],
)
def test_shapes_that_do_not_fit_say_what_would(facts, fragment):
    with pytest.raises(MaskingError, match=fragment):
        Masking("iid", 0.5, "zero")(np.ones((1, 6, 20)), example_ids=[0], grid=GRID, **facts)


def test_drop_of_boxes_is_refused_and_the_way_is_named():
    with pytest.raises(MaskingError, match=r"Patches\.flatten"):
        Masking("iid", 0.5, "drop")(np.ones((1, 6, 20)), example_ids=[0], grid=GRID, sides=SIDES)


@pytest.mark.parametrize("unit", BOXES)
def test_names_of_units(unit):
    masking = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "zero", "unit": unit})
    assert masking.to_dict()["unit"] == unit
    plain = Masking("iid", 0.5, "zero")
    masks = [m(np.ones((2, 3, 4)), example_ids=[0, 1], grid=GRID).mask for m in (masking, plain)]
    np.testing.assert_array_equal(*masks)
    with pytest.raises(MaskingError, match="is for arrays: texts have the units token, word, type"):
        Masking("iid", 0.5, "mask-token", unit=unit)(
            {"input_ids": np.array([[1, 5, 2]])}, vocabulary=small_vocabulary()
        )
    with pytest.raises(ConfigError, match="Did you mean 'patch'"):
        Masking("iid", 0.5, "zero", unit="pathc")


def test_patches_as_transformers_cuts_them():
    from transformers import ViTMAEConfig, ViTMAEForPreTraining

    small: dict[str, Any] = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    decoder: dict[str, Any] = {
        "decoder_num_hidden_layers": 1,
        "decoder_hidden_size": 8,
        "decoder_num_attention_heads": 1,
    }
    sizes: dict[str, Any] = {"decoder_intermediate_size": 8, "image_size": 12, "patch_size": 4}
    model = ViTMAEForPreTraining(ViTMAEConfig(**small, **decoder, **sizes))
    x = torch.rand(2, 3, 12, 12)
    patches = Patches.of(x.shape, 4)
    assert torch.equal(patches.flatten(x), model.patchify(x))
    assert torch.equal(patches.unflatten(model.patchify(x)), x)


@BACKS
@pytest.mark.parametrize(("shape", "side"), [((2, 3, 12, 20), (4, 5)), ((2, 4, 3, 6, 10), (2, 3, 5))])
def test_there_and_back(shape, side, back):
    x = RNG.random(shape)
    patches = Patches.of(x.shape, side)
    cells = patches.to_cells(back(x))
    assert cells.shape[1:-1] == tuple(n * s for n, s in zip(patches.grid.shape, patches.sides, strict=True))
    np.testing.assert_array_equal(patches.from_cells(cells), x)
    flat = patches.flatten(back(x))
    assert flat.shape == (2, patches.grid.size, patches.values)
    np.testing.assert_array_equal(patches.unflatten(flat), x)
    # The last patch is the last corner.
    corner = np.asarray(cells)[(slice(None), *(slice(-s, None) for s in side))]
    np.testing.assert_array_equal(np.asarray(flat)[:, -1], corner.reshape(2, -1))


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda: Patches.of((3, 224, 224), 16), r"clips \[B, frame, C, row, col\], given \(3, 224, 224\)"),
        (lambda: Patches.of((8, 3, 225, 224), 16), "225 along row is no multiple of the side 16; .* 224 or 240"),
        (lambda: Patches.of((8, 3, 224, 9), 16), "9 along col .* to 16"),
        (lambda: Patches.of((8, 15, 3, 224, 224), (2, 16, 16)), "15 along frame .* 14 or 16"),
        (lambda: Patches.of((8, 16, 3, 224, 224), 16), r"frame, row, col: \(2, 16, 16\), given 16"),
        (lambda: Patches.of((8, 3, 224, 224), 0), "given 0"),
        (lambda: Patches.of((8, 3, 224, 224), (16, cast(Any, 16.0))), "16.0"),
        (lambda: Patches.of((8, 3, 32, 32), 16).flatten(np.ones((8, 32, 32, 3))), r"\[B, 3, 32, 32\], given shape"),
        (lambda: Patches.of((8, 4, 3, 32, 32), (2, 8, 8)).to_cells(np.ones((8, 3, 32, 32))), r"\[B, 4, 3, 32, 32\]"),
        (lambda: Patches.of((8, 3, 32, 32), 16).unflatten(np.ones((8, 4, 3))), r"\[B, 4, 768\]"),
    ],
)
def test_what_cannot_be_cut_says_what_could(call, fragment):
    with pytest.raises(MaskingError, match=fragment):
        call()
