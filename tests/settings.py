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
    "iid": ["iid"],
    "fixed": [{"fixed": {"first": 2, "last": 1}}, {"fixed": {"positions": [0, -2, 5]}}],
    "span": [
        {"span": {"length": 1}},
        {"span": {"length": 3}},
        {"span": {"length": 2.5, "law": "geometric"}},
        {"span": {"length": 3, "law": "geometric", "max_length": 4}},
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
    "drop": ["drop"],
    "keep": ["keep"],
    "mask-token": ["mask-token"],
    "mean": ["mean"],
    "mix": [{"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}],
    "random-token": ["random-token"],
    "zero": ["zero"],
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
    names = getattr(patterns.from_node(node), "signals", ())
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
