"""One table of settings for every strategy, from which the contract suite makes its cases.

A new file in `patterns/`, `budgets/` or `fills/` must add its line here; `test_layout.py` fails otherwise.
"""

from __future__ import annotations

import numpy as np

from maskwright import Grid
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
    "one cell": Grid(token=1),
    "no cells": Grid(token=0),
}


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
