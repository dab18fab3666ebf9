"""Tables of pictures with texts become checked splits."""

import pytest
from PIL import Image

from maskwright.data.media.image_text import ImageTextSection, load_image_text_data
from maskwright.errors import DataError

HEADER = ("image", "text", "label")


@pytest.fixture
def rows(classes):
    classes("pics")
    return [(f"pics/{('cat', 'dog')[i % 2]}/{i:02}.png", f"text {i}", i % 2) for i in range(20)]


def load(**options):
    return load_image_text_data(ImageTextSection(**options))


def problems(**options):
    with pytest.raises(DataError) as caught:
        load(**options)
    return "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize("header", [HEADER, ("file_name", "caption", "label"), ("path", "sentence", "y")])
def test_columns(rows, csv_file, header):
    data = load(train=csv_file("a.csv", header, rows))
    assert data.train.column_names == ["example_id", "image", "text", "label"]
    assert data.columns == dict(zip(("image", "text", "label"), header, strict=True))
    for row in data.train:
        assert row["text"] == f"text {row['example_id']}"
        assert row["image"].endswith(f"/{row['example_id']:02}.png")
    assert data.facts["sizes"]["train"].shape == (18, 2)


def test_everything_is_told_at_once(rows, csv_file):
    rows[0] = (rows[0][0], " ", 0)
    rows[1] = ("pics/no.png", "text", 1)
    rows[2] = (rows[2][0], "text", "")
    told = problems(train=csv_file("a.csv", HEADER, rows))
    assert "a.csv, row 1 (line 2), column 'text': the text is only blanks" in told
    assert "a.csv, row 2 (line 3), column 'image': 'pics/no.png' does not exist" in told
    assert "a.csv, row 3 (line 4), column 'label': the row has no label" in told
    assert len(told.splitlines()) == 3


def test_duplicates_have_picture_and_text_in_common(rows, csv_file, tmp_path):
    Image.open(tmp_path / rows[4][0]).save(tmp_path / "pics" / "same.bmp")
    train = csv_file("a.csv", HEADER, rows)
    test = [(rows[0][0], "another text", 0), (rows[1][0].replace("01", "03"), "text 1", 1)]
    assert len(load(train=train, test=csv_file("t.csv", HEADER, test)).test) == 2
    test.append(("pics/same.bmp", "Text  4", 0))
    told = problems(train=train, test=csv_file("t.csv", HEADER, test))
    assert "a.csv, row 5 (line 6), column 'image': this pair of picture and text is also in test (" in told
    assert "t.csv, row 3 (line 4))" in told
    dropped = load(train=train, test=csv_file("t.csv", HEADER, test), duplicates="drop")
    assert len(dropped.train) + len(dropped.validation) == 19


def test_repeats_are_noted(rows, csv_file):
    data = load(train=csv_file("a.csv", HEADER, [*rows, (*rows[0][:2], 1)]))
    assert "1 row of train repeats the pair of picture and text of an earlier one." in data.notes
    assert "1 pairs of picture and text of train occur with different labels." in data.notes


def test_fingerprint_knows_the_text(rows, csv_file):
    one = load(train=csv_file("a.csv", HEADER, rows)).fingerprint
    rows[0] = (rows[0][0], "other", 0)
    assert load(train=csv_file("a.csv", HEADER, rows)).fingerprint != one


def test_folders_pictures_and_variants_are_refused(rows, tmp_path):
    told = problems(train=str(tmp_path / "pics"))
    assert "data.train is a folder, expected a table" in told
    assert "Expected a table of pictures" in problems(train=str(tmp_path / rows[0][0]))
    with pytest.raises(ValueError, match=r"remove data\.variants"):
        ImageTextSection(train="a.csv", variants={"x": "y"})
