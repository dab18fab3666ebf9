"""Lines with their numbers and ends."""

import io

import pytest

from maskwright.data.readers.text_lines import TextLines, in_blocks
from maskwright.errors import DataError

CONTENT = "\ufeffone\rtwo\r\n\nthré\r\rfour".encode()


@pytest.mark.parametrize("any_end", [True, False])
def test_lines_as_python_reads_them(any_end):
    newline = "" if any_end else "\n"
    expected = list(io.TextIOWrapper(io.BytesIO(CONTENT), encoding="utf-8-sig", newline=newline))
    lines = TextLines(io.BytesIO(CONTENT), "a.csv", any_end=any_end)
    assert list(lines) == expected
    assert (lines.number, lines.offset) == (len(expected), len(CONTENT))


@pytest.mark.parametrize("any_end", [True, False])
def test_going_on_at_any_line(any_end):
    whole = TextLines(io.BytesIO(CONTENT), "a.csv", any_end=any_end)
    rest = list(TextLines(io.BytesIO(CONTENT), "a.csv", any_end=any_end))
    for _ in whole:
        rest = rest[1:]
        file = io.BytesIO(CONTENT)
        file.seek(whole.offset)
        later = TextLines(file, "a.csv", any_end=any_end, number=whole.number, offset=whole.offset)
        assert list(later) == rest


def test_a_byte_in_a_line_that_a_carriage_return_began(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"one\rtwo\nthree\rcaf\xe9\n")
    with path.open("rb") as file, pytest.raises(DataError, match="line 2: byte 0xe9 at position 17 "):
        list(TextLines(file, str(path), any_end=True))


def test_blocks_are_bounded_by_rows_and_by_bytes(monkeypatch):
    lines = TextLines(io.BytesIO(b"x\n" * 10 + b"y" * 50 + b"\n" + b"z\n" * 3), "a")
    monkeypatch.setattr("maskwright.data.readers.text_lines.BLOCK", 4)
    monkeypatch.setattr("maskwright.data.readers.text_lines.BLOCK_BYTES", 40)
    assert [len(block) for block in in_blocks(lines, lines)] == [4, 4, 3, 3]
