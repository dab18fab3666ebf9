"""One text a line."""

import pytest

from maskwright.data.readers.table_file import read_table


def test_lines(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\n\n \ntwo\xe2\x80\xa8three\n")
    table = read_table(tmp_path / "a.txt")
    assert table.values("text") == ["one", "two\u2028three"]
    assert list(table.lines or ()) == [1, 4]
    assert "blank lines were left out (2)" in table.notes[0]
    assert table.usual == {"text": "text"}


@pytest.mark.parametrize(
    ("content", "fragment"),
    [(b"\n\n", "only blank lines"), (b"one\n\xff\xfe\n", "line 2: byte 0xff"), (b"\xff\xfea\0", "UTF-16")],
)
def test_unusable(tmp_path, refused, content, fragment):
    (tmp_path / "a.txt").write_bytes(content)
    assert fragment in refused(read_table, tmp_path / "a.txt")
