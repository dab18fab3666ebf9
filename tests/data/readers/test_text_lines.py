"""Lines with their numbers and ends."""

import io

import pytest

from maskwright.data.readers import text_lines
from maskwright.data.readers.text_lines import TextLines, in_steps
from maskwright.errors import DataError

CONTENT = "\ufeffone\rtwo\r\n\nthré\r\rfour".encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("any_end", [True, False])
def test_lines_as_python_reads_them(any_end, size, monkeypatch):
    monkeypatch.setattr(text_lines, "CHUNK", size)
    newline = "" if any_end else "\n"
    expected = list(io.TextIOWrapper(io.BytesIO(CONTENT), encoding="utf-8-sig", newline=newline))
    lines = TextLines(io.BytesIO(CONTENT), "a.csv", any_end=any_end)
    assert list(lines) == expected
    assert (lines.offset, lines.count) == (len(CONTENT), 3)


@pytest.mark.parametrize("size", [1, 5, 100])
def test_the_place_of_a_byte(size, monkeypatch):
    monkeypatch.setattr(text_lines, "CHUNK", size)
    content = b"\xef\xbb\xbfone\ntwo\n\nthr\xe9e\n"
    with pytest.raises(DataError, match="line 4: byte 0xe9 at position 15 "):
        list(TextLines(io.BytesIO(content), "a.txt"))


def test_a_byte_in_a_line_that_a_carriage_return_began(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"one\rtwo\nthree\rcaf\xe9\n")
    with path.open("rb") as file, pytest.raises(DataError, match="line 2: byte 0xe9 at position 17 "):
        list(TextLines(file, str(path), any_end=True))


def test_blocks_are_bounded_by_bytes(monkeypatch):
    for name, value in {"BLOCK_BYTES": 20, "_STEP": 2, "CHUNK": 1}.items():
        monkeypatch.setattr(text_lines, name, value)
    lines = TextLines(io.BytesIO(b"123456789\n" * 9), "a")
    assert [(len(step), lines.fills_block()) for step in in_steps(lines)] == [
        (2, False),
        (2, True),
        (2, False),
        (2, True),
        (1, False),
    ]
