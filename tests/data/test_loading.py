"""Tasks declare roles, and get checked columns of their kinds."""

import math
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.data.loading import load_table_data
from maskwright.data.roles import LABEL, TEXT, Role
from maskwright.data.sections import section_of
from maskwright.data.texts import TextSection, load_text_data
from maskwright.errors import ConfigError, Problem

TARGET = Role("target", "number", names=("score", "stars"))
RATINGS = (TEXT, TARGET)


def load(roles, checks=(), **options):
    return load_table_data(section_of("Section", roles)(**options), roles, checks=checks)


@pytest.fixture
def ratings(tmp_path, jsonl):
    def write(name="train", number=20, start=0, **change):
        rows = [{"text": f"of length {start + i}", "target": float(start + i)} for i in range(number)]
        for place, value in change.items():
            rows[int(place.removeprefix("at"))]["target"] = value
        return jsonl(tmp_path / f"{name}.jsonl", rows)

    return write


class TestNumbers:
    def test_a_column_of_floats(self, ratings):
        data = load(RATINGS, train=ratings(), test=ratings("test", 4, 100))
        assert data.train.column_names == ["example_id", "text", "target"]
        assert str(data.train.features["target"].dtype) == "float64"
        assert data.test["target"][:] == [100.0, 101.0, 102.0, 103.0]
        assert (data.labels, data.columns) == ((), {"text": "text", "target": "target"})
        assert len(data.validation) == 2

    def test_however_they_are_written(self, csv_file, tmp_path, jsonl):
        written = ["1", " 2.5 ", "+3", "-4e2", ".5", "6.", "1E-3", "0007", "1e40", "8"]
        dev = csv_file("dev.csv", ("text", "score"), [("one", "1"), ("two", "2")])
        train = csv_file("a.csv", ("text", "score"), [(f"text {i}", value) for i, value in enumerate(written)])
        data = load(RATINGS, train=train, validation=dev)
        assert data.train["target"][:] == [float(value) for value in written]
        mixed = jsonl(
            tmp_path / "b.jsonl", [{"text": f"t {i}", "score": v} for i, v in enumerate([1, 2.5, "3", 2**70])]
        )
        assert load(RATINGS, train=mixed, validation=dev).train["target"][:] == [1.0, 2.5, 3.0, float(2**70)]
        table = pa.table({"text": ["a", "b", "c"], "score": pa.array([1, 2, 3], pa.int8())})
        pq.write_table(table, tmp_path / "c.parquet")
        assert load(RATINGS, train=str(tmp_path / "c.parquet"), validation=dev).train["target"][:] == [1.0, 2.0, 3.0]

    @pytest.mark.parametrize(
        ("value", "fragment"),
        [
            (None, "row 3, column 'target': the number is missing. Fill it in or remove the row."),
            (math.nan, "the number is missing"),
            ("", "the number is missing"),
            ("NA1", "expected a number, found 'NA1'. Write it with a decimal point and without a unit"),
            ("1,250.5", "found '1,250.5'. Write it with a decimal point and without separators of thousands"),
            ("1_000", "expected a number, found '1_000'"),
            (True, "expected a number, found True"),
            ([1], "expected a number, found [1]"),
            (math.inf, "inf is infinite"),
            ("-Infinity", "'-Infinity' is infinite"),
        ],
    )
    def test_what_is_none(self, ratings, refused, value, fragment):
        message = refused(lambda: load(RATINGS, train=ratings(at2=value)))
        assert fragment in message
        assert "train.jsonl" in message

    def test_floats_alone_are_checked_too(self, tmp_path, refused):
        numbers = pa.array([1.0, math.nan, None, math.inf, 2.0])
        pq.write_table(pa.table({"text": [f"t {i}" for i in range(5)], "target": numbers}), tmp_path / "a.parquet")
        message = refused(lambda: load(RATINGS, train=str(tmp_path / "a.parquet")))
        assert "row 2, column 'target': the number is missing" in message
        assert "row 3, column 'target': the number is missing" in message
        assert "row 4, column 'target': inf is infinite" in message

    def test_many_are_summed_up(self, ratings, refused):
        message = refused(lambda: load(RATINGS, train=ratings(**{f"at{i}": "x" for i in range(6)})))
        assert "3 more values that are not numbers in column 'target'. Rows: 4, 5, 6." in message

    def test_a_constant(self, ratings, refused, tmp_path, jsonl):
        train = jsonl(tmp_path / "a.jsonl", [{"text": f"t {i}", "target": 3} for i in range(5)])
        message = refused(lambda: load(RATINGS, train=train))
        assert (
            "a.jsonl, column 'target': every row has the same number, 3. A model needs numbers that differ" in message
        )

    def test_guessed_by_values(self, csv_file):
        rows = [(i / 2, f"a text of four words {i}") for i in range(20)]
        data = load((TEXT, Role("target", "number")), train=csv_file("a.csv", ("a", "b"), rows))
        assert data.columns == {"text": "b", "target": "a"}


TOKENS = Role("tokens", "sequence", elements="text")
TAGS = Role("tags", "sequence", elements="class", partner="tokens")


class TestSequences:
    def rows(self, number=20, **last):
        rows = [{"tokens": ["EU", f"says {i}"], "tags": ["B", "O"]} for i in range(number - 1)]
        return [*rows, {"tokens": ["It", "is", "last"], "tags": ["O", "O", "B"], **last}]

    @pytest.fixture
    def tagged(self, tmp_path, jsonl):
        return lambda name="train", **last: jsonl(tmp_path / f"{name}.jsonl", self.rows(**last))

    def test_lists_and_the_names_of_tags(self, tagged):
        data = load((TOKENS, TAGS), train=tagged())
        assert data.facts["names"] == {"tags": ("B", "O")}
        row = data.train[0]
        assert (row["tokens"], row["tags"]) == (["EU", "says 0"], ["B", "O"])
        assert data.train.column_names == ["example_id", "tokens", "tags"]

    def test_numbers_of_classes_are_names(self, tmp_path, jsonl):
        rows = [{"tokens": ["EU", f"says {i}"], "tags": [i % 11, 0]} for i in range(22)]
        data = load((TOKENS, TAGS), train=jsonl(tmp_path / "a.jsonl", rows))
        assert data.facts["names"]["tags"] == tuple(map(str, range(11)))
        assert data.train[1]["tags"] == ["1", "0"]

    @pytest.mark.parametrize(
        ("last", "fragment"),
        [
            ({"tokens": None}, "row 20, column 'tokens': the list is missing"),
            ({"tokens": []}, "row 20, column 'tokens': the list is empty"),
            ({"tokens": "It is"}, "expected a list, found str 'It is'. JSONL, Parquet and CoNLL files hold lists"),
            ({"tokens": ["It", None, "last"]}, "element 2 is None; expected text"),
            ({"tokens": ["It", "is", 3]}, "element 3 is 3; expected text"),
            ({"tags": ["O", 1.5, "B"]}, "element 2 is 1.5; expected the name or the number of a class"),
            ({"tags": ["O", " ", "B"]}, "element 2 is ' '"),
            (
                {"tags": ["O", "B"]},
                "row 20, column 'tags': the tags have 2 elements, the tokens 3. Write one for each.",
            ),
        ],
    )
    def test_what_is_wrong(self, tagged, refused, last, fragment):
        assert fragment in refused(lambda: load((TOKENS, TAGS), train=tagged(**last)))

    def test_tags_that_train_lacks(self, tagged, refused):
        test = tagged("test", tokens=["It", "is", "new"], tags=["O", "O", "B-LOC"])
        message = refused(lambda: load((TOKENS, TAGS), train=tagged(), test=test, duplicates="drop"))
        assert "test.jsonl, row 20, column 'tags': 'B-LOC' (1 times) is in test but not in train" in message

    @pytest.mark.parametrize("wrong", [[1, math.nan], [1, "x"], [True], [None]])
    def test_numbers(self, tmp_path, jsonl, refused, wrong):
        role = Role("signal", "sequence", elements="number")
        rows = [{"signal": [i, i / 2]} for i in range(10)]
        data = load((role,), train=jsonl(tmp_path / "a.jsonl", rows))
        assert data.train[3]["signal"] == [3.0, 1.5]
        rows[4]["signal"] = wrong
        assert "expected a finite number" in refused(lambda: load((role,), train=jsonl(tmp_path / "a.jsonl", rows)))

    def test_either_texts_or_numbers(self, tmp_path, jsonl, refused):
        role = Role("things", "sequence")
        rows = [{"things": [i, 2]} for i in range(10)]
        data = load((role,), train=jsonl(tmp_path / "a.jsonl", rows))
        assert data.train[3]["things"] == [3, 2]
        rows[4]["things"] = ["x", 2]
        assert "element 2 is 2; expected text" in refused(
            lambda: load((role,), train=jsonl(tmp_path / "a.jsonl", rows))
        )


class TestPathsAndBytes:
    def test_files_are_found_from_the_table(self, tmp_path, csv_file, refused):
        (tmp_path / "sounds").mkdir()
        for i in range(10):
            (tmp_path / "sounds" / f"{i}.wav").write_bytes(b"x")
        rows = [(f"sounds/{i}.wav", f"says number {i}") for i in range(10)]
        roles = (Role("audio", "path", names=("file",)), replace(TEXT, is_content=False))
        data = load(roles, train=csv_file("a.csv", ("file", "text"), rows))
        assert data.train[0]["audio"] == str(tmp_path / "sounds" / "0.wav")
        rows[1] = ("sounds/1.wv", "x")
        rows[2] = ("", "x")
        rows[3] = ("https://x.y/a.wav", "x")
        rows[4] = ("sounds", "x")
        message = refused(lambda: load(roles, train=csv_file("a.csv", ("file", "text"), rows)))
        for fragment in (
            f"'sounds/1.wv' does not exist. Did you mean '{tmp_path}/sounds/1.wav'? Paths are taken from",
            "column 'file': '' names no file. Fill in a path",
            "'https://x.y/a.wav' is a web address, which is not fetched. Download the files",
            "'sounds' is a folder, not a file.",
        ):
            assert fragment in message

    def test_bytes(self, tmp_path, refused):
        role = Role("audio", "binary")
        pq.write_table(pa.table({"audio": [bytes([i]) for i in range(10)]}), tmp_path / "a.parquet")
        data = load((role,), train=str(tmp_path / "a.parquet"))
        assert data.train["audio"][0] == b"\0"
        pq.write_table(pa.table({"audio": [b"a", b"", None]}), tmp_path / "b.parquet")
        message = refused(lambda: load((role,), train=str(tmp_path / "b.parquet")))
        assert "row 2, column 'audio': the value is empty" in message
        assert "row 3, column 'audio': expected bytes, found NoneType None" in message


FEATURE = Role("feature", "others")


class TestOthers:
    @pytest.fixture
    def table(self, csv_file):
        def write(name="a.csv", number=20, start=0, **cells):
            header = ("age", "job", "label", "text", "example_id")
            rows = [[start + i, f"job {i % 3}", "ab"[i % 2], f"t {i}", i * i] for i in range(number)]
            for column, value in cells.items():
                rows[3][header.index(column)] = value
            return csv_file(name, header, rows)

        return write

    def test_all_other_columns_under_names_of_their_own(self, table):
        data = load((FEATURE, LABEL), train=table())
        names = [f"feature:{name}" for name in ("age", "job", "text", "example_id")]
        assert data.train.column_names == ["example_id", *names, "label"]
        assert str(data.train.features["feature:age"].dtype) == "float64"
        assert str(data.train.features["feature:job"].dtype) == "string"
        row = data.train[1]
        assert row["feature:example_id"] == row["example_id"] ** 2
        assert data.labels == ("a", "b")

    def test_some_columns_with_gaps(self, table):
        data = load((FEATURE, LABEL), train=table(age="", job=""), feature=["age", "job"])
        assert data.train.column_names == ["example_id", "feature:age", "feature:job", "label"]
        (row,) = [row for split in (data.train, data.validation) for row in split if row["example_id"] == 3]
        assert (row["feature:age"], row["feature:job"]) == (None, None)

    def test_a_text_among_numbers_of_another_split(self, table, refused):
        message = refused(lambda: load((FEATURE, LABEL), train=table(), test=table("t.csv", 6, 50, age="old")))
        assert "t.csv, row 4 (line 5), column 'age': found 'old', and in train every value" in message

    def test_the_same_row_in_two_splits(self, table, refused):
        message = refused(lambda: load((FEATURE, LABEL), train=table(), test=table("t.csv", 3)))
        assert "a.csv, row 1 (line 2): this row is also in test" in message

    def test_a_column_that_is_not_there(self, table, refused):
        message = refused(lambda: load((FEATURE, LABEL), train=table(), feature=["age", "jb"]))
        assert "there is no column 'jb' (data.feature)" in message
        assert "Did you mean 'job'?" in message


class TestClusters:
    def rows(self, number=40, start=0):
        return [
            {"text": f"text {start + i}", "label": "ab"[i % 2], "patient": (start + i) // 4, "cluster": 7}
            for i in range(number)
        ]

    @pytest.fixture
    def write(self, tmp_path, jsonl):
        return lambda name, *arguments: jsonl(tmp_path / f"{name}.jsonl", self.rows(*arguments))

    def test_they_stay_together_when_rows_are_set_aside(self, write):
        data = load_text_data(TextSection(train=write("a"), cluster="patient", validation_share=0.2))
        assert data.train.column_names == ["example_id", "text", "cluster", "label"]
        sides = [set(split["cluster"]) for split in (data.train, data.validation)]
        assert not sides[0] & sides[1]
        assert len(data.validation) == 8
        assert any("8 rows of train were set aside by their cluster" in note for note in data.notes)

    def test_a_column_of_that_name_is_not_guessed(self, write):
        assert "cluster" not in load_text_data(TextSection(train=write("a"))).train.column_names

    def test_shared_clusters_are_noted_and_missing_ones_refused(self, write, refused, jsonl, tmp_path):
        data = load_text_data(
            TextSection(train=write("a"), test=write("t", 8, 34), cluster="patient", duplicates="drop")
        )
        assert "2 of 3 clusters of test are also in train (data.cluster)." in data.notes
        rows = self.rows()
        rows[2]["patient"] = None
        section = TextSection(train=jsonl(tmp_path / "b.jsonl", rows), cluster="patient")
        assert "row 3, column 'patient': the row has no cluster" in refused(load_text_data, section)


class TestVariants:
    def test_a_variant_replaces_the_text(self, make, rows):
        test = [{**row, "gone": f"without {i}", "changed": f"other {i}"} for i, row in enumerate(rows(start=100))]
        data = load_text_data(make(rows(), rows(start=50), test, variants={"a": "gone", "changed": "changed"}))
        one = data.variant("changed")
        assert one.column_names == ["example_id", "text", "label"]
        assert one["text"][:] == [f"other {i}" for i in range(24)]
        assert one["label"][:] == data.test["label"][:]
        assert data.variant("a")["text"][0] == "without 0"
        with pytest.raises(KeyError):
            data.variant("b")


class TestNested:
    def test_keys_of_objects_are_columns(self, tmp_path, jsonl, refused):
        rows = [{"translation": {"en": f"one {i}", "fr": f"un {i}"}} for i in range(10)]
        roles = (Role("source", "text"), Role("target", "text", is_content=False))
        train = jsonl(tmp_path / "a.jsonl", rows)
        data = load(roles, train=train, source="translation.en", target="translation.fr")
        assert data.train[0]["target"].startswith("un ")
        message = refused(lambda: load(roles, train=train, source="translation.en", target="translation.de"))
        assert "the values of column 'translation' have no key 'de' (data.target); they are 'en', 'fr'" in message

    def test_parallel_files(self, tmp_path):
        for language, word in (("en", "one"), ("fr", "un")):
            (tmp_path / f"a.{language}").write_text("".join(f"{word} {i}\n" for i in range(10)))
        roles = (Role("source", "text"), Role("target", "text", is_content=False))
        data = load(roles, train={"source": str(tmp_path / "a.en"), "target": str(tmp_path / "a.fr")})
        assert len(data.train) == 9
        row = data.train[0]
        assert row["source"].removeprefix("one") == row["target"].removeprefix("un")


def test_columns_by_their_numbers(csv_file, refused):
    rows = [(f"text {i}", i, "ab"[i % 2]) for i in range(20)]
    train = csv_file("a.csv", ("x", "y", "z"), rows)
    data = load((TEXT, LABEL), train=train, text=1, label=3)
    assert data.columns == {"text": "x", "label": "z"}
    assert "there is no column 'column 4' (data.label)" in refused(
        lambda: load((TEXT, LABEL), train=train, text=1, label=4)
    )


def test_checks_of_the_task(ratings, refused):
    def check(split, findings):
        findings.add("odd", split.table.source, Problem(split.place(1), f"{split.name} is odd", "Mend it."), 1)

    assert "row 2: train is odd. Mend it." in refused(lambda: load(RATINGS, [check], train=ratings()))


def test_tables_that_a_task_does_not_read(ratings, refused):
    with pytest.raises(ConfigError, match=r"data\.stream: this task reads whole tables"):
        load(RATINGS, train=ratings(), stream=True)
    message = refused(lambda: load(RATINGS, train=[ratings(), ratings("b")]))
    assert "data.train: expected one file, found 2. A list is read with data.stream: true." in message


def test_nothing_is_copied_when_rows_are_set_aside(make, rows):
    data = load_text_data(make(rows(1000)))
    one, other = (split.data.column("text").chunk(0).buffers()[2].address for split in (data.train, data.validation))
    assert one == other
    assert len(data.train) + len(data.validation) == 1000
