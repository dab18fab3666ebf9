"""Tables say where their rows are, and reach into objects."""

import pytest

from maskwright.data.tables import LineNumbers, Table


def test_lines_that_follow_each_other_take_no_memory():
    numbers = LineNumbers()
    numbers.extend([2, 3])
    numbers.extend(range(4, 5000))
    assert numbers.lines() == range(2, 5000)


def test_lines_with_gaps():
    numbers = LineNumbers()
    numbers.extend([*range(2, 3000), *range(3001, 4000)])
    lines = numbers.lines()
    assert len(lines) == 3997
    assert (lines[0], lines[-1], type(lines[5])) == (2, 3999, int)
    assert Table("a.csv", {}, 3997, lines).place(2998) == "a.csv, row 2999 (line 3001)"


def test_objects_by_their_keys():
    rows = [{"a": {"b": 1}, "a.b": 2}, {"a": {"b": 3}, "a.b": 4}]
    table = Table("t", {"a": [row["a"] for row in rows], "a.b": [row["a.b"] for row in rows]}, 2)
    assert table.values("a.b") == [2, 4]
    assert Table("t", {"a": [{"b": {"c": 1}}]}, 1).values("a.b.c") == [1]
    assert not table.has("a.c")
    assert not table.has("b")
    with pytest.raises(KeyError):
        table.column("b.c")
