"""Lists as flat arrays, whatever Arrow stores them as."""

import json

import numpy as np
import pytest

from maskwright.data.column import Column
from maskwright.data.flat_lists import Coded, list_lengths
from maskwright.data.keys import content_keys, plain_value

ROWS = {
    "text": [["a", "b"], None, [], ["b", None, " "], ["a"]],
    "numbers": [[1, 0], None, [], [0, None], [1]],
    "several kinds": [["a", 1], "a b", [], [None, 2.5], ["a"]],
}


@pytest.mark.parametrize("kind", ROWS)
def test_codes_of_columns_and_of_lists_agree(kind):
    column = Column.of(ROWS[kind] * 3)
    values = column.at(np.arange(1, len(column)))
    coded, plain = Coded.of(values), Coded.of_lists(values)
    assert coded.names == plain.names
    assert coded.codes.tolist() == plain.codes.tolist()
    assert coded.lengths.tolist() == plain.lengths.tolist() == list_lengths(values).tolist()
    first = coded.names[0]
    assert coded.rows_of([first]).tolist() == [
        row for row, value in enumerate(values) if isinstance(value, list) and first in map(str, value)
    ]
    parts = [part for _, part in coded.parts(4)]
    assert np.concatenate([part.codes for part in parts]).tolist() == coded.codes.tolist()


def test_names_of_numbers():
    coded = Coded.of_lists([[0, 1], [2, 1], []]).renamed(["O", None, "O"])
    assert coded.names == ("O",)
    assert coded.codes.tolist() == [0, -1, 0, -1]
    assert Coded.of_lists([[0, 1], [], [1]]).renamed(["O", "B"]).column().to_pylist() == [["O", "B"], [], ["B"]]


def test_keys_of_lists_are_those_of_their_json():
    rows = [["a", "b c"], ['"', "\\"], ["é", "\u2028"], [], None, ["a\tb", "\x7f"], [""], ["a", None]]
    column = Column.of(rows)
    keys = content_keys([(column.at(np.arange(len(rows))), plain_value)])
    # Written one by one, as values of any other kind are.
    assert keys.equals(content_keys([(column.at(np.arange(len(rows))), lambda value: json.dumps(value, default=repr))]))
