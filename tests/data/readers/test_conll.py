"""CoNLL files, as they are handed around."""

import pytest

from maskwright.data.loading import load_table_data
from maskwright.data.readers.table_file import read_table
from maskwright.data.roles import Role
from maskwright.data.sections import section_of

TOKENS = Role("tokens", "sequence", elements="text")
TAGS = Role("tags", "sequence", elements="class", partner="tokens")


@pytest.fixture
def read(tmp_path):
    def call(text, name="a.conll"):
        path = tmp_path / name
        path.write_text(text)
        return read_table(path)

    return call


def columns(table):
    return {name: table.values(name) for name in table.header}


def test_blanks_tabs_and_windows_lines(read):
    expected = {"column 1": [["EU", "says"], ["Peter"]], "column 2": [["B", "O"], ["B"]]}
    assert columns(read("EU B\nsays O\n\nPeter B\n")) == expected
    assert columns(read("EU\tB\r\nsays\tO\r\n\r\n\r\nPeter\tB", "a.bio")) == expected
    assert columns(read("\n\nEU  B\nsays O\n   \nPeter B\n\n", "a.iob")) == expected


def test_tokens_with_blanks_between_tabs(read):
    assert columns(read("New York\tB\nis\tO\n")) == {"column 1": [["New York", "is"]], "column 2": [["B", "O"]]}


def test_four_columns_and_documents(read):
    table = read(
        "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nsays VBZ B-VP O\n-DOCSTART- -X- O O\nPeter NNP B-NP B-PER\n"
    )
    assert table.usual == {"tokens": "column 1", "tags": "column 4"}
    assert table.values("column 4") == [["B-ORG", "O"], ["B-PER"]]
    assert table.values("column 2") == [["NNP", "VBZ"], ["NNP"]]
    assert table.notes == (f"{table.source}: lines with -DOCSTART- were left out (2).",)
    assert list(table.lines or ()) == [3, 6]
    assert table.place(1, "column 4") == f"{table.source}, row 2 (line 6), column 'column 4'"


def test_comments_and_tokens_that_look_like_them(read):
    table = read("# sent_id = 3\n# text = EU # 1\nEU O\n# O\n#1 O\n\n# a comment here\nx O\n")
    assert table.values("column 1") == [["EU", "#", "#1"], ["x"]]
    assert "comments were left out (3)" in table.notes[0]
    assert read("#\tO\nx\tO\n").values("column 1") == [["#", "x"]]


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("EU B\nsays\n\nx O\n", "line 2: the line has 1 values, the first token 2: 'says'. Separate values by blanks"),
        ("EU\tB\nsays O\n", "line 2: the line has 1 values, the first token 2: 'says O'. Separate values by tabs"),
        ("EU\tB\nsays\t\n", "line 2: value 2 is empty: 'says\\t'. Fill it in; O is the tag"),
        ("EU\nsays\n", "each line has one value; expected a token and its tag"),
        ("\n\n# x\n", "the file holds no token"),
    ],
)
def test_what_is_wrong(read, refused, text, fragment):
    assert fragment in refused(read, text)


def test_many_are_summed_up(read, refused):
    message = refused(read, "EU B\n" + "x\n" * 9)
    assert "6 more lines with more or fewer values. Rows: 5, 6" in message


def test_bytes_that_are_not_utf8(tmp_path, refused):
    (tmp_path / "a.conll").write_bytes(b"EU B\ncaf\xe9 O\n")
    assert "line 2: byte 0xe9 at position 8 is not UTF-8" in refused(read_table, tmp_path / "a.conll")


class TestRoles:
    @pytest.fixture
    def load(self, tmp_path):
        text = "".join(f"EU N B-ORG\nsays{i} V O\n\n" for i in range(20))
        (tmp_path / "a.conll").write_text(text)
        section = section_of("Section", (TOKENS, TAGS))
        return lambda **options: load_table_data(section(train=str(tmp_path / "a.conll"), **options), (TOKENS, TAGS))

    def test_the_first_and_the_last_column(self, load):
        data = load()
        assert data.columns == {"tokens": "column 1", "tags": "column 3"}
        assert data.facts["names"] == {"tags": ("B-ORG", "O")}
        assert data.train[0]["tokens"][0] == "EU"

    @pytest.mark.parametrize("name", [2, "column 2"])
    def test_another_column(self, load, name):
        assert load(tags=name).facts["names"] == {"tags": ("N", "V")}

    def test_a_column_too_many(self, load, refused):
        assert "there is no column 'column 5' (data.tags)" in refused(lambda: load(tags=5))
