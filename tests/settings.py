"""One table of settings for every strategy, from which the contract suite makes its cases.

A new file in `patterns/`, `budgets/` or `fills/` must add its line here; `test_layout.py` fails otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from maskwright import Grid, patterns
from maskwright.units.vocabulary import Vocabulary

PATTERNS = {
    "union": [
        {"union": [{"budgeted": ["iid", 0.2]}, {"budgeted": [{"span": 3}, {"count": 3}]}]},
        {"union": [{"budgeted": [{"tied": {"pattern": {"span": 2}, "axis": axis}}, 0.3]} for axis in ("freq", "time")]},
    ],
    "complement": [
        {"complement": {"span": 3}},
        {"complement": {"tied": {"pattern": "iid", "axis": "frame"}}},
        {"complement": {"budgeted": [{"tied": {"pattern": "iid", "axis": "row"}}, 0.4]}},
    ],
    "within": [
        {"within": {"pattern": "iid", "region": {"token": [1, -2]}}},
        {"within": {"pattern": {"span": 2}, "region": {"col": [0.0, 0.6], "row": [1, None]}}},
        {"within": {"pattern": {"tied": {"pattern": "iid", "axis": "freq"}}, "region": {"time": [0.25, 1.0]}}},
        {"within": {"pattern": {"budgeted": ["iid", {"count": 3}]}, "region": {"feature": [-4, None]}}},
        {"within": {"pattern": {"by-score": {"hint": 0.2}}, "region": "objects"}},
        {"within": {"pattern": "iid", "region": "context"}},
    ],
    "prefix": ["prefix", {"prefix": "freq"}],
    "suffix": ["suffix", {"suffix": {"axis": "row"}}],
    "causal": ["causal", {"causal": {"axis": "col", "visible": 0}}],
    "filtered": [
        "filtered",
        {"filtered": {"color": "red", "size": 4}},
        {"filtered": {"color": "blue", "size": 2}},
        {"filtered": {"color": "purple", "size": 2}},
    ],
    "by-score": [
        "by-score",
        {"by-score": {"highest": False, "temperature": 0.3}},
        {"by-score": {"random_share": 0.5, "hint": 0.25}},
    ],
    "mix": [
        {"mix": {"iid": 1, "span": 3}},
        {"mix": [["iid", 0.3], [{"tied": {"pattern": "iid", "axis": "frame"}}, 0.7]]},
        {"mix": [[{"budgeted": [{"span": 3}, 0.15]}, 1], [{"budgeted": ["iid", {"uniform": [0.2, 0.5]}]}, 2]]},
    ],
    "budgeted": [
        {"budgeted": ["iid", 0.4]},
        {"budgeted": {"pattern": {"tied": {"pattern": "iid", "axis": "freq"}}, "budget": {"count": 2}}},
    ],
    "tied": [
        {"tied": {"pattern": "iid", "axis": "frame"}},
        {"tied": {"pattern": "iid", "axis": ["row", "frame"]}},
        {"tied": {"pattern": {"span": 2}, "axis": "freq"}},
        {
            "tied": {
                "pattern": {"tied": {"pattern": {"span": {"length": 2, "law": "geometric"}}, "axis": "row"}},
                "axis": "frame",
            }
        },
    ],
    "specaugment": [
        {"specaugment": {"time_masks": 2, "time_width": 4, "freq_masks": 2, "freq_width": 2}},
        {"specaugment": {"time_masks": 3, "time_width": 3, "freq_width": 2, "total_share": 0.4, "edges": "wrap"}},
        {"specaugment": {"time_masks": 9, "time_share": 0.3, "masks_per_frame": 0.25, "freq_masks": 0}},
    ],
    "wav2vec2": [
        {"wav2vec2": {"share": 0.65, "length": 3}},
        {"wav2vec2": {"share": 0.5, "length": 2, "min_masks": 1, "max_share": 0.8, "edges": "wrap"}},
        {"wav2vec2": {"share": 0.3, "length": 1}},
    ],
    "markov": [
        {"markov": {"length": 3, "share": 0.4}},
        {"markov": {"length": 2, "share": 0.15, "lines": "together"}},
    ],
    "iid": ["iid"],
    "block": ["block", {"block": {"min_area": 0.05, "max_area": 0.3, "of": "grid"}}],
    "blockwise": [
        "blockwise",
        {"blockwise": {"min_area": 2, "complete": True}},
        {"blockwise": {"min_area": 2, "complete": True, "shift": True}},
    ],
    "multiblock": ["multiblock", {"multiblock": {"published": True, "duration": 0.5}}],
    "rectangles": [
        "rectangles",
        {"rectangles": {"n": 2, "edge": "inside", "law": "uniform"}},
        {"rectangles": {"n": 3, "edge": "clip", "aspect": 1.0}},
    ],
    "grid": [
        {"grid": {"period": 2}},
        {"grid": {"period": 1, "law": "checkerboard"}},
        {"grid": {"period": 3, "law": "squares"}},
    ],
    "running-cell": ["running-cell"],
    "coarse": [
        {"coarse": {"pattern": "iid", "size": 2}},
        {"coarse": {"pattern": {"span": 2}, "size": [2, 3]}},
        {"coarse": {"pattern": {"coarse": {"pattern": "block", "size": 2}}, "size": 1}},
    ],
    "fixed": [{"fixed": {"first": 2, "last": 1}}, {"fixed": {"positions": [0, -2, 5]}}],
    "spanbert": ["spanbert", {"spanbert": {"p": 0.5, "max_length": 4}}],
    "t5-spans": ["t5-spans", {"t5-spans": {"length": 2, "roll": True}}],
    "span": [
        {"span": {"length": 1}},
        {"span": {"length": 3}},
        {"span": {"length": 2.5, "law": "geometric"}},
        {"span": {"length": 3, "law": "geometric", "max_length": 4}},
        {"span": {"law": "uniform", "min_length": 2, "max_length": 4}},
        {"span": {"length": 3, "law": "poisson"}},
        {"span": {"length": 2, "min_gap": 1}},
        {"span": {"length": 2.5, "law": "geometric", "min_gap": 2, "whole": True}},
        {"span": {"length": 3, "whole": True}},
    ],
}
BUDGETS = {
    "ratio": [{"ratio": 0.0}, {"ratio": 0.15}, {"ratio": 0.5}, {"ratio": 1.0}, {"ratio": {"ratio": 0.1, "minimum": 1}}],
    "count": [{"count": 0}, {"count": 3}, {"count": 1000}],
    "uniform": [{"uniform": [0.0, 0.8]}, {"uniform": [0.3, 0.3]}],
    "bernoulli": [{"bernoulli": 0.0}, {"bernoulli": 0.4}, {"bernoulli": 1.0}],
    "schedule": [
        {"schedule": [0.3, 0.1]},
        {"schedule": {"start": 0.6, "end": 0.0, "shape": "cosine"}},
        {"schedule": {"start": 0.6, "end": 0.2, "shape": "cyclic", "cycles": 3}},
    ],
}
FILLS = {
    "constant": [{"constant": -1}],
    "drop": ["drop", {"drop": {"keep_positions": True, "padded": True, "columns": ["weights"]}}],
    "keep": ["keep"],
    "mask-token": ["mask-token"],
    "mean": ["mean"],
    "mix": [{"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}],
    "random-token": ["random-token"],
    "sentinel": ["sentinel", {"sentinel": "single"}],
    "by-run": [{"by-run": {"fill": {"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}}}],
    "zero": ["zero"],
    "noise": ["noise", {"noise": {"law": "uniform", "match": "unit"}}],
    "blur": ["blur", {"blur": {"radius": 2, "law": "box"}}],
    "swap": ["swap"],
    "marginal": ["marginal"],
    "indicator": ["indicator", {"indicator": 0}, {"indicator": {"fill": "noise", "axis": 1, "stack": True}}],
}
GRIDS = {
    "one axis": Grid(token=13),
    "two axes": Grid(row=4, col=5),
    "three axes": Grid(frame=2, row=3, col=4),
    "spectrogram": Grid(time=9, freq=4),
    "table row": Grid(feature=6),
    "one cell": Grid(token=1),
    "no cells": Grid(token=0),
}


PLAIN_TEXT = [Grid(token=7), Grid(token=20)]
FLAT_GRIDS = [*PLAIN_TEXT, Grid(row=3, col=5), Grid(frame=2, row=2, col=3), Grid(time=8, freq=4), Grid(feature=6)]
"""Grids on which rates per cell are measured."""


def fitting(nodes: list, grids: Mapping[str, Grid] | list[Grid]) -> list:
    """pytest parameters (node, grid) for the grids on which each pattern makes sense."""
    named = grids if isinstance(grids, Mapping) else {str(grid): grid for grid in grids}
    pairs = [(node, name, grid) for node in nodes for name, grid in named.items()]
    kept = [(n, name, grid) for n, name, grid in pairs if patterns.fits(patterns.from_node(n), grid)]
    return [pytest.param(node, grid, id=f"{node}-{name}") for node, name, grid in kept]


def signals_for(node: object, shape: tuple[int, ...], ids: np.ndarray) -> dict[str, np.ndarray]:
    """What a pattern asks for by name: numbers that depend on the example's id and the cell's place alone."""
    names = patterns.traits(patterns.from_node(node)).signals
    places = np.indices(shape[1:]).astype(np.float64)
    cell = sum((axis + 1.7) * 0.37 * place for axis, place in enumerate(places)) if len(shape) > 1 else 0.0
    rows = np.asarray(ids, dtype=np.float64).reshape((-1,) + (1,) * (len(shape) - 1))
    return {name: np.sin(rows * 12.9898 + cell * 78.233) for name in names}


def valid_cells(grid: Grid, examples: int, kind: str, seed: int = 0) -> np.ndarray:
    """[B, *grid] bool: `full`, `padded` (a prefix of each line's cells, lengths 0 and up) or `holes`."""
    shape = (examples, *grid.shape)
    if kind == "full":
        return np.ones(shape, dtype=bool)
    rng = np.random.default_rng(seed)
    if kind == "holes":
        return rng.random(shape) < 0.7
    lengths = rng.integers(0, grid.shape[-1] + 1, size=(examples,) + (1,) * grid.ndim)
    return np.broadcast_to(np.arange(grid.shape[-1]) < lengths, shape).copy()


def small_vocabulary() -> Vocabulary:
    """A WordPiece vocabulary by hand: 0 padding, 1 start, 2 end, 3 mask, 4 [unused0], then words and pieces."""
    tokens = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[unused0]", "the", "cat", "##s", "sat", ",", "Cat", "##ting"]
    return Vocabulary.from_tokenizer(ListTokenizer(tokens))


class ListTokenizer:
    """The few attributes of a tokenizer that a vocabulary is read from."""

    def __init__(self, tokens: list[str], specials: int = 4):
        self.tokens = tokens
        self.all_special_ids = list(range(specials))
        self.added_tokens_decoder: dict = {}
        self.pad_token_id, self.mask_token_id, self.unk_token_id, self.padding_side = 0, 3, None, "right"

    def __len__(self) -> int:
        return len(self.tokens)

    def get_vocab(self) -> dict[str, int]:
        return {token: index for index, token in enumerate(self.tokens)}

    def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
        return [self.tokens[index] for index in ids]
