"""Columns hold values exactly as they were written."""

import json
import math

import numpy as np
import pyarrow as pa
import pytest

from maskwright.data import column as column_module
from maskwright.data.column import Column, ColumnBuilder, RowsBuilder


@pytest.mark.parametrize(
    ("values", "in_json"),
    [
        (["a", None, ""], False),
        ([1, None, -(2**63)], False),
        ([1.5, math.inf], False),
        ([True, None], False),
        ([b"a", b""], False),
        ([None, None], False),
        ([], False),
        ([["a"], [], None], False),
        ([{"a": 1, "b": [1.5]}, {"a": None, "b": None}], False),
        ([1, 1.0], True),
        ([1, True], True),
        ([1, "1"], True),
        ([2**63], True),
        (["half \ud83d pair", "x"], True),
        ([{"a": 1}, {"b": 1}], True),
        ([[1, 2.5]], True),
        ([["a", 1]], True),
        ([{"a": 1}, "text", None], True),
    ],
)
def test_values_come_back_as_they_were(values, in_json):
    column = Column.of(values)
    assert repr(column.to_pylist()) == repr(values)
    assert [repr(column[i]) for i in range(len(values))] == list(map(repr, values))
    assert column.in_json is in_json
    assert len(column) == len(values)


@pytest.mark.parametrize(
    "blocks",
    [
        [["a"], [None], ["b"]],
        [[None], [1]],
        [[1], [1.5]],
        [[[]], [["a"]], [[]]],
        [[[]], [[1]], [["a"]]],
        [[{"a": None}], [{"a": "x"}]],
        [[{"a": 1}], [{"b": 1}]],
        [["a"], ["\udc80"], ["b"]],
    ],
)
def test_blocks_of_different_kinds(blocks):
    builder = ColumnBuilder()
    for block in blocks:
        builder.extend(block)
    assert repr(builder.column().to_pylist()) == repr([value for block in blocks for value in block])


def test_keys_that_come_late(monkeypatch):
    monkeypatch.setattr(column_module, "BLOCK", 3)
    builder = RowsBuilder()
    builder.extend([{"a": i} for i in range(7)])
    builder.extend([{"b": "x", "a": 7}, {"c": None}])
    columns = {name: column.to_pylist() for name, column in builder.columns().items()}
    assert columns == {"a": [*range(8), None], "b": [None] * 7 + ["x", None], "c": [None] * 9}


@pytest.mark.parametrize("values", [[f"text {i}" for i in range(100)], [i if i % 2 else str(i) for i in range(100)]])
def test_some_rows_across_chunks_and_blocks(monkeypatch, values):
    monkeypatch.setattr(column_module, "BLOCK", 7)
    column = Column.of(values)
    assert column.cells.num_chunks > 10
    rows = np.array([0, 3, 6, 7, 8, 50, 99])
    some = column.at(rows)
    assert list(some) == [values[row] for row in rows]
    assert some[5] == values[50]
    positions = [first + i for first, block in some.lists() for i in range(len(block))]
    assert positions == list(range(7))


def test_blocks_are_small_where_values_are_large(monkeypatch):
    monkeypatch.setattr(column_module, "BLOCK_BYTES", 1000)
    column = Column(pa.chunked_array([pa.array(["x" * 400] * 50)]))
    assert max(len(block) for _, block in column.at(np.arange(50)).blocks()) == 2


def test_dictionaries_are_read_as_their_values():
    column = Column(pa.chunked_array([pa.array(["a", "b", None, "a"]).dictionary_encode()]))
    assert column.is_text
    assert column.to_pylist() == ["a", "b", None, "a"]


def test_keys_of_objects():
    plain = Column.of([{"en": "one", "fr": "un"}, None])
    assert plain.fields == ("en", "fr")
    assert plain.field("fr").to_pylist() == ["un", None]
    mixed = Column.of([{"en": "one"}, {"fr": 2}, "text"])
    assert mixed.fields == ("en", "fr")
    assert mixed.field("fr").to_pylist() == [None, 2, None]
    assert json.loads(mixed.cells[1].as_py()) == {"fr": 2}
    assert Column.of(["a"]).fields == ()
