"""Settings of every strategy, from which the contract suite makes its cases, and the grids it runs on.

They stand as `SETTINGS`, a list of YAML nodes, in the test file of each strategy; one without is tried with the
examples that its class declares, or at its defaults.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright import Grid, patterns, strategy
from maskwright.units.vocabulary import Vocabulary


def settings_of(family: str, name: str) -> list[Any]:
    """The nodes in the test file of a strategy, read without importing it."""
    stem = name.replace("-", "_")
    path = Path(__file__).parent / family / f"test_{stem}.py"
    if not path.is_file():
        raise FileNotFoundError(f"{family}/{stem}.py has no test: add tests/{family}/test_{stem}.py")
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "SETTINGS":
            return ast.literal_eval(statement.value)
    return strategy.examples(f"maskwright.{family}", name)


def table(family: str) -> dict[str, list[Any]]:
    """Name -> nodes of all strategies of a family."""
    return {name: settings_of(family, name) for name in strategy.names(f"maskwright.{family}")}


PATTERNS, BUDGETS, FILLS = table("patterns"), table("budgets"), table("fills")
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
