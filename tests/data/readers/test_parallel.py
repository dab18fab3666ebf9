"""Two files whose lines belong together."""

import pytest

from maskwright.data.readers.parallel import read_parallel


@pytest.fixture
def files(tmp_path):
    def write(source, target):
        (tmp_path / "a.en").write_bytes(source)
        (tmp_path / "a.fr").write_bytes(target)
        return {"source": str(tmp_path / "a.en"), "target": str(tmp_path / "a.fr")}

    return write


def test_lines_side_by_side(files):
    table = read_parallel(files(b"one\r\ntwo\xe2\x80\xa8a\n", b"\xef\xbb\xbfun\ndeux"))
    assert table.values("source") == ["one", "two\u2028a"]
    assert table.values("target") == ["un", "deux"]
    assert table.roles == {"source": "source", "target": "target"}
    assert table.place(1, "target").endswith("a.en, " + table.source.split(", ")[1] + ", row 2, column 'target'")


def test_blank_lines_are_kept(files):
    assert read_parallel(files(b"one\n\ntwo\n", b"un\n\ndeux\n")).values("source") == ["one", "", "two"]


@pytest.mark.parametrize(
    ("source", "target", "fragment"),
    [
        (b"one\ntwo\n", b"un\n", "the files have different numbers of lines: 2 in "),
        (b"", b"", "the files are empty. Write one sentence a line, or change data.train"),
        (b"one\n", b"caf\xe9\n", "a.fr, line 1: byte 0xe9 at position 3 is not UTF-8"),
    ],
)
def test_what_is_wrong(files, refused, source, target, fragment):
    assert fragment in refused(read_parallel, files(source, target))


def test_missing_files(files, refused, tmp_path):
    names = files(b"one\n", b"un\n")
    message = refused(read_parallel, {**names, "target": str(tmp_path / "a.fe")}, "data.test")
    assert "there is no such file (data.test.target)" in message
    assert "expected one for each language" in refused(read_parallel, {"source": names["source"]})
