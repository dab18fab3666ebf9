"""Every kind of file, as its users write it."""

import csv
import importlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.data.readers.table_file import READERS, extensions, read_table


def columns(path):
    table = read_table(path)
    return {name: table.values(name) for name in table.header}


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


class TestCsv:
    def test_cells_stay_text(self, tmp_path):
        path = put(tmp_path, "a.csv", "text,label\n1.50,01\n,abc\n")
        assert columns(path) == {"text": ["1.50", ""], "label": ["01", "abc"]}

    def test_byte_order_mark_and_windows_lines(self, tmp_path):
        path = put(tmp_path, "a.csv", b"\xef\xbb\xbftext,label\r\nhello,pos\r\n")
        assert columns(path) == {"text": ["hello"], "label": ["pos"]}

    def test_quotes_hold_commas_newlines_and_quotes(self, tmp_path):
        path = put(tmp_path, "a.csv", 'text,label\n"one, ""two""\nthree",pos\nfour,neg\n')
        assert columns(path) == {"text": ['one, "two"\nthree', "four"], "label": ["pos", "neg"]}
        assert list(read_table(path).lines or ()) == [2, 4]
        assert read_table(path).place(1, "text") == f"{path}, row 2 (line 4), column 'text'"

    def test_field_longer_than_the_limit_of_the_csv_module(self, tmp_path):
        path = put(tmp_path, "a.csv", f"text,label\n{'word ' * 60_000},pos\n")
        before = csv.field_size_limit()
        assert len(columns(path)["text"][0]) == 300_000
        assert csv.field_size_limit() == before

    def test_semicolons_are_recognised_and_told(self, tmp_path):
        path = put(tmp_path, "a.csv", "text;label\nhello, you;pos\n")
        assert columns(path) == {"text": ["hello, you"], "label": ["pos"]}
        assert "separated by semicolons" in read_table(path).notes[0]

    def test_blank_lines_are_left_out_and_counted(self, tmp_path):
        path = put(tmp_path, "a.csv", "text,label\n\na,pos\n\n\nb,neg\n")
        assert columns(path)["text"] == ["a", "b"]
        assert "were left out (3)" in read_table(path).notes[0]

    def test_unequal_rows_are_all_reported(self, tmp_path, refused):
        path = put(tmp_path, "a.csv", "text,label\nok,pos\none, two,pos\nalone\n")
        message = refused(read_table, path)
        assert "row 2 (line 3): the row has 3 values, the header 2 names: 'one, two,pos'" in message
        assert "row 3 (line 4): the row has 1 values" in message

    def test_many_alike_are_summed_up(self, tmp_path, refused):
        path = put(tmp_path, "a.csv", "text,label\n" + "x\n" * 50)
        message = refused(read_table, path)
        assert message.count("the row has 1 values") == 3
        assert "47 more rows with more or fewer values. Rows: 4, 5, 6" in message

    def test_open_quote(self, tmp_path, refused):
        path = put(tmp_path, "a.csv", 'text,label\nfine,pos\n"open,neg\nfine,pos\n')
        assert "line 3: a quote is opened and never closed: '\"open,neg'" in refused(read_table, path)

    @pytest.mark.parametrize(
        ("content", "fragment"),
        [
            ("", "the file is empty"),
            ("\n\n", "only blank lines"),
            ("text,label\n", "there is only a header, ['text', 'label']"),
            ("text,text,label\na,b,c\n", "the header has 'text' 2 times"),
            (b"text,label\nok,pos\ncaf\xe9,neg\n", "line 3: byte 0xe9 at position 21 is not UTF-8"),
            (b"\xff\xfet\x00e\x00", "the file is UTF-16"),
        ],
    )
    def test_unusable(self, tmp_path, refused, content, fragment):
        assert fragment in refused(read_table, put(tmp_path, "a.csv", content))

    def test_carriage_returns_end_lines(self, tmp_path):
        path = put(tmp_path, "a.csv", b"text,label\rone,pos\r\ntwo,neg\rthree,pos")
        assert columns(path) == {"text": ["one", "two", "three"], "label": ["pos", "neg", "pos"]}
        assert list(read_table(path).lines or ()) == [2, 3, 4]

    def test_a_byte_that_is_not_utf8_comes_before_an_open_quote(self, tmp_path, refused):
        path = put(tmp_path, "a.csv", b'text,label\n"open,pos\ncaf\xe9,neg\n')
        assert "line 3: byte 0xe9 at position 24 is not UTF-8" in refused(read_table, path)

    def test_many_rows(self, tmp_path):
        rows = [(f'text "{i}"\n,' * (i % 5), str(i % 3)) for i in range(40_000)]
        with (tmp_path / "a.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
        assert columns(tmp_path / "a.csv") == {"text": [text for text, _ in rows], "label": [one for _, one in rows]}
        lines = list(read_table(tmp_path / "a.csv").lines or ())
        assert lines[:4] == [2, 3, 5, 8]


class TestTsv:
    def test_quotes_as_pandas_writes_them(self, tmp_path):
        path = put(tmp_path, "a.tsv", 'text\tlabel\n"say ""hi""\tnow"\tpos\n')
        assert columns(path) == {"text": ['say "hi"\tnow'], "label": ["pos"]}

    def test_quotes_as_plain_characters(self, tmp_path):
        path = put(tmp_path, "a.tsv", 'text\tlabel\n"open and never closed\tpos\nother\tneg\n')
        assert columns(path)["text"] == ['"open and never closed', "other"]
        assert "quotes are read as plain characters" in read_table(path).notes[0]

    def test_no_row_is_swallowed_between_plain_quotes(self, tmp_path):
        path = put(tmp_path, "a.tsv", 'text\tlabel\n"first\tpos\nsecond\tneg\nthird"\tpos\n')
        assert columns(path)["text"] == ['"first', "second", 'third"']


class TestJsonl:
    def test_values_keep_their_kind_and_missing_keys_are_none(self, tmp_path):
        path = put(tmp_path, "a.jsonl", '{"text": "a", "label": 1}\n{"text": "b\\u2028c", "label": true, "extra": 2}\n')
        assert columns(path) == {"text": ["a", "b\u2028c"], "label": [1, True], "extra": [None, 2]}

    def test_line_separator_inside_text_ends_no_line(self, tmp_path):
        path = put(tmp_path, "a.jsonl", '{"text": "b\u2028c", "label": 1}\r\n')
        assert columns(path)["text"] == ["b\u2028c"]

    def test_values_of_several_kinds_keep_them(self, tmp_path):
        values = [1, 1.0, True, "1", None, 2**63, [1, 2.5], {"a": 1}, {"b": [None]}, "half \ud83d pair", -0.0]
        path = put(tmp_path, "a.jsonl", "".join(json.dumps({"x": value, "y": 1}) + "\n" for value in values))
        assert list(map(repr, columns(path)["x"])) == list(map(repr, values))
        assert columns(path)["y"] == [1] * len(values)

    def test_numbers_that_json_does_not_know(self, tmp_path):
        path = put(tmp_path, "a.jsonl", '{"x": NaN}\n{"x": -Infinity}\n{"x": 1e400}\n')
        assert list(map(repr, columns(path)["x"])) == ["nan", "-inf", "inf"]

    def test_of_two_equal_keys_the_last_counts(self, tmp_path):
        assert columns(put(tmp_path, "a.jsonl", '{"x": 1, "x": 2}\n')) == {"x": [2]}

    def test_dates_stay_text(self, tmp_path):
        assert columns(put(tmp_path, "a.jsonl", '{"x": "2020-01-01"}\n')) == {"x": ["2020-01-01"]}

    def test_blanks_around_objects(self, tmp_path):
        path = put(tmp_path, "a.jsonl", ' {"x": 1} \r\n\t{"x": 2}\t\n{"x": 3}')
        assert columns(path) == {"x": [1, 2, 3]}

    def test_keys_that_come_late(self, tmp_path):
        path = put(tmp_path, "a.jsonl", '{"x": 1}\n' * 20_000 + '{"x": "a", "y": 2}\n')
        assert columns(path) == {"x": [1] * 20_000 + ["a"], "y": [None] * 20_000 + [2]}

    def test_blank_lines_between_are_counted(self, tmp_path):
        path = put(tmp_path, "a.jsonl", '{"text": "a"}\n\n{"text": "b"}\n')
        table = read_table(path)
        assert "were left out (1)" in table.notes[0]
        assert table.place(1) == f"{path}, row 2 (line 3)"

    @pytest.mark.parametrize(
        ("content", "fragments"),
        [
            ('{"text": "a"}\n{"text": b}\n', ["line 2: this is not JSON", "at character 10", '{"text": b}']),
            ('{"text": "a"}\n3\n"x"\n', ["line 2: expected a JSON object, found int 3", "line 3"]),
            ('[{"text": "a"}]\n', ["line 1: expected a JSON object, found list", "jq -c '.[]'"]),
            ('[\n  {"text": "a"}\n]\n', ["line 1", "one JSON array"]),
            ("[" * 100_000, ["nested too deeply"]),
            ("\n \n", ["only blank lines"]),
            ("\ufeff", ["only blank lines"]),
            ('{"text": "a"}x\n', ["line 1: this is not JSON: Extra data at character 14"]),
            ('{"text": "a",}\n', ["line 1: this is not JSON"]),
            ('{"text": "a\n', ["line 1: this is not JSON: Unterminated string starting at at character 10"]),
            ('{"x": ' + "9" * 5000 + "}\n", ["line 1: this is not JSON: Exceeds the limit"]),
            (b'{bad}\n{"text": "caf\xe9"}\n', ["line 2: byte 0xe9 at position 19 is not UTF-8"]),
            (b'[\n{"text": "caf\xe9"}\n]\n', ["line 2: byte 0xe9"]),
        ],
    )
    def test_unusable(self, tmp_path, refused, content, fragments):
        message = refused(read_table, put(tmp_path, "a.jsonl", content))
        assert all(fragment in message for fragment in fragments), message


class TestParquet:
    def test_read(self, tmp_path):
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"text": ["a", None], "label": pa.array([1, 0]).dictionary_encode()}), path)
        assert columns(path) == {"text": ["a", None], "label": [1, 0]}

    def test_damaged(self, tmp_path, refused):
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"text": ["a"] * 100}), path)
        path.write_bytes(path.read_bytes()[:-20])
        assert "not a whole Parquet file" in refused(read_table, path)

    def test_columns_are_read_when_they_are_used(self, tmp_path, monkeypatch):
        pq.write_table(pa.table({"text": ["a", "b"], "sound": [b"x", b"y"], "a.b": [1, 2]}), tmp_path / "a.parquet")
        table = read_table(tmp_path / "a.parquet")
        assert table.header == ("text", "sound", "a.b")
        monkeypatch.setattr(pq.ParquetFile, "iter_batches", None)
        with pytest.raises(TypeError):
            table.values("text")
        monkeypatch.undo()
        assert table.values("a.b") == [1, 2]
        assert table.values("text") == ["a", "b"]

    def test_a_damaged_column(self, tmp_path, refused):
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"text": [f"text {i}" for i in range(1000)], "label": ["a"] * 1000}), path)
        content = bytearray(path.read_bytes())
        content[10:200] = bytes(190)
        path.write_bytes(content)
        table = read_table(path)
        assert "not a whole Parquet file" in refused(table.column, "text")

    def test_no_rows(self, tmp_path, refused):
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"text": pa.array([], pa.string())}), path)
        assert "no rows" in refused(read_table, path)


def test_every_extension_has_a_reader():
    for extension in extensions():
        reader = importlib.import_module(f"maskwright.data.readers.{READERS.get(extension, extension[1:])}")
        assert callable(reader.read_file)
    assert set(extensions()) == {*READERS, ".parquet", ".txt"}


class TestPlaces:
    def test_nearest_name(self, tmp_path, refused):
        put(tmp_path, "train.jsonl", "{}")
        message = refused(read_table, tmp_path / "trian.jsonl")
        assert f"Did you mean '{tmp_path / 'train.jsonl'}'?" in message

    def test_what_is_there(self, tmp_path, refused):
        put(tmp_path, "zebra.csv", "a")
        assert "(there: zebra.csv)" in refused(read_table, tmp_path / "quite_other.jsonl")

    def test_no_folder(self, tmp_path, refused):
        message = refused(read_table, tmp_path / "no" / "where" / "a.csv")
        assert f"the nearest folder that exists is {tmp_path}." in message

    @pytest.mark.parametrize(
        ("name", "fragment"),
        [
            ("a.xlsx", "'.xlsx' is a spreadsheet; save it as CSV"),
            ("a.csv.gz", "packed ('.gz'); unpack it"),
            ("a.foo", "Known: .csv"),
        ],
    )
    def test_extension(self, tmp_path, refused, name, fragment):
        assert fragment in refused(read_table, put(tmp_path, name, "x"))

    def test_folder(self, tmp_path, refused):
        put(tmp_path, "train.csv", "x")
        assert "is a folder, not a file. Name a file in it (there: train.csv)" in refused(read_table, tmp_path)
