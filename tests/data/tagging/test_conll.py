"""CoNLL files as people have them, and what is said of those that are broken."""

import pytest

from maskwright.data.tagging.conll import parse_conll, read_conll
from maskwright.errors import DataError


def test_four_columns_with_documents_and_blank_lines():
    text = "-DOCSTART- -X- -X- O\n\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n \nPeter NNP B-NP B-PER\r\n"
    table = parse_conll(text, "eng.testa")
    assert table.header == ("0", "1", "2", "3")
    assert table.values("0") == [["EU", "rejects"], ["Peter"]]
    assert table.values("3") == [["B-ORG", "O"], ["B-PER"]]
    assert list(table.lines) == [4, 8]
    assert table.place(1, "3") == "eng.testa, row 2 (line 8), column '3'"
    assert table.counted(table.rows) == "2 sentences"


def test_words_may_hold_blanks_where_tabs_part_the_columns():
    table = parse_conll("New York\tB-LOC\nis\tO\n", "a.tsv")
    assert table.values("0") == [["New York", "is"]]


def test_comments_and_the_word_that_looks_like_one():
    text = "# sent_id = 1\n# text = a # b\na O\n# O\n\n# newpar id = 2\nb O\n"
    assert parse_conll(text, "a.conll").values("0") == [["a", "#"], ["b"]]


def test_lines_with_other_numbers_of_columns_are_all_told():
    with pytest.raises(DataError) as told:
        parse_conll("a O\nb\nc O\n\nd e O\n", "a.conll")
    places = [problem.where for problem in told.value.problems]
    assert places == ["a.conll, line 2", "a.conll, line 5"]
    assert "expected 2 columns as on the first line, found 1: 'b'" in told.value.problems[0].what


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "-DOCSTART- O\n"])
def test_files_without_words(text):
    with pytest.raises(DataError, match="holds no words"):
        parse_conll(text, "a.conll")


def test_a_file_that_is_not_there(tmp_path):
    (tmp_path / "train.conll").write_text("a O\n")
    with pytest.raises(DataError, match=r"there is no such file \(data.test\). Did you mean"):
        read_conll(tmp_path / "trian.conll", "data.test")
