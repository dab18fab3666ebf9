"""Folders, tables and arrays of pictures become checked splits, and all that is wrong with them is told at once."""

import multiprocessing
import pickle
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.data.media.images import ImageSection, load_image_data, open_picture
from maskwright.data.media.inspection import look_at_all
from maskwright.errors import DataError

PIXELS = np.random.default_rng(1).integers(0, 256, (20, 9, 8, 3), dtype=np.uint8)
LABELS = np.arange(20) % 2


def load(labelled=True, **options):
    return load_image_data(ImageSection(**options), labelled=labelled)


def problems(labelled=True, **options):
    with pytest.raises(DataError) as caught:
        load(labelled, **options)
    return "\n".join(map(str, caught.value.problems))


def notes(labelled=True, **options):
    return "\n".join(load(labelled, **options).notes)


class TestFolders:
    def test_columns(self, classes):
        data = load(train=classes("train"), validation=classes("val", 6), test=classes("test", 4))
        assert data.train.column_names == ["example_id", "image", "label"]
        assert data.train["example_id"][:] == list(range(20))
        assert (len(data.train), len(data.validation), len(data.test)) == (20, 6, 4)
        assert data.labels == ("cat", "dog")
        assert data.columns == {"image": "image", "label": "label"}
        for row in data.train:
            assert Path(row["image"]).parent.name == data.labels[row["label"]]
            assert open_picture(row["image"]).shape == (9, 8, 3)
        assert data.facts["sizes"]["test"].tolist() == [[9, 8]] * 4
        assert data.notes == ()

    def test_nested_hidden_and_other_files(self, classes, draw, tmp_path):
        train = classes("train")
        draw("train/cat/more/deep/99.JPG")
        for name in (".hidden.png", "Thumbs.db", ".git/x.png", "notes.txt"):
            path = tmp_path / "train" / "cat" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("x")
        data = load(train=train)
        assert sum(len(split) for split in (data.train, data.validation)) == 21
        told = "1 file is left out, as its extension is no picture's: cat/notes.txt."
        assert any(note.endswith(told) for note in data.notes)

    def test_unicode_and_numeric_classes(self, draw, tmp_path):
        for i in range(12):
            draw(f"猫/{('10', '9', 'Käse')[i % 3]}/ü {i}.PNG")
        assert load(train=str(tmp_path / "猫")).labels == ("10", "9", "Käse")
        shutil.rmtree(tmp_path / "猫" / "Käse")
        assert load(train=str(tmp_path / "猫")).labels == ("9", "10")

    def test_accents_written_in_two_ways_are_one_class(self, classes):
        data = load(train=classes("a", labels=("caf\u00e9", "tea")), test=classes("b", 4, ("cafe\u0301", "tea")))
        assert data.labels == ("caf\u00e9", "tea")

    def test_without_labels(self, draw, tmp_path):
        for i in range(10):
            draw(f"all/{i}.png")
        data = load(labelled=False, train=str(tmp_path / "all"))
        assert data.labels == ()
        assert set(data.train["label"]) == {-1}
        assert (len(data.train), len(data.validation)) == (9, 1)
        draw("all/cat/10.png")
        mixed = load(labelled=False, train=str(tmp_path / "all"))
        assert mixed.labels == ("cat",)
        assert sorted(set(mixed.train["label"])) == [-1, 0]

    def test_everything_is_told_at_once(self, classes, draw, tmp_path):
        train, folder = classes("train"), tmp_path / "train"
        validation = classes("val", 4)
        draw("train/dog/dup.png", np.asarray(Image.open(tmp_path / "val" / "cat" / "00.png")))
        (folder / "cat" / "empty.png").touch()
        (folder / "cat" / "text.png").write_text("hello")
        (folder / "cat" / "cut.png").write_bytes((folder / "cat" / "00.png").read_bytes()[:120])
        draw("train/cat/one.png", np.zeros((1, 1, 3), np.uint8))
        (folder / "cat" / "x.png").mkdir()
        (folder / "void").mkdir()
        draw("train/top.png")
        told = problems(train=train, validation=validation)
        for fragment in (
            "cat/empty.png: the picture is empty (0 bytes). Write it again or remove it.",
            "cat/text.png: the picture holds nothing that can be read as a picture. Write it again or remove it. Known",
            "cat/cut.png: the picture is cut off or damaged (",
            "cat/one.png: the picture is a single pixel, which shows nothing.",
            "cat/x.png: this is a folder, though its name ends as a picture's. Rename it.",
            "train/void: the class folder has no picture. Fill or remove it.",
            "train/top.png: the picture lies beside the class folders. Move it into one of them.",
            f"dog/dup.png: this picture is also in validation ({tmp_path}/val/cat/00.png). Remove it from one",
        ):
            assert fragment in told, fragment
        assert len(told.splitlines()) == 8

    def test_problems_of_a_kind_are_summed_up_by_name(self, classes, tmp_path):
        train = classes("train")
        for i in range(6):
            (tmp_path / "train" / "cat" / f"bad {i}.png").touch()
        assert "3 more empty pictures in column 'image'. Namely: cat/bad 3.png, cat/bad 4.png, cat/bad 5.png." in (
            problems(train=train)
        )

    def test_labels_in_two_spellings(self, classes):
        told = problems(train=classes("train"), test=classes("test", 4, ("Cat", "dog")))
        assert "test/Cat/00.png: label 'Cat' (2 pictures) differs from 'cat' (10 pictures) only in case" in told

    def test_a_class_that_train_lacks_and_a_single_class(self, classes):
        told = problems(train=classes("train"), validation=classes("val", 4, ("cat", "cow")))
        assert "the label 'cow' (2 pictures) is in validation but not in train" in told
        assert "every picture has the same label, 'cat'" in problems(train=classes("one", labels=("cat",)))
        assert "class 'rare' has 1 picture (1 picture in train), fewer than the 2 splits need" in problems(
            train=classes("few", 13, ("cat", "dog", "cow", "rare", *["cat"] * 9))
        )

    def test_no_classes_no_pictures_no_folder(self, classes, tmp_path):
        train = classes("train")
        assert "there are no sub-folders (data.train). Expected a folder for each class" in problems(
            train=f"{train}/cat"
        )
        (tmp_path / "empty" / "cat").mkdir(parents=True)
        (tmp_path / "empty" / "rows.csv").write_text("image,label\n")
        assert "the class folder has no picture" in problems(train=str(tmp_path / "empty"))
        assert f"Or set data.train: {tmp_path}/empty/rows.csv" in problems(False, train=str(tmp_path / "empty"))
        assert "Did you mean" in problems(train=train[:-1] + "m")
        assert "data.train names a '.png' file. Expected a table, a folder" in problems(train=f"{train}/cat/00.png")
        assert "is the same folder as data.train" in problems(train=train, test=train)

    def test_a_folder_of_splits(self, classes, tmp_path):
        classes("all", labels=("train", "val"))
        told = problems(train=str(tmp_path / "all"))
        assert f"would be taken for classes. Set data.train: {tmp_path}/all/train" in told

    def test_names_that_are_not_utf8(self, classes, tmp_path):
        train = classes("train")
        Path(f"{train}/cat/bad\udcff.png").write_bytes(b"x")
        assert "bad\ufffd.png: the name holds bytes that are not UTF-8. Rename it." in problems(train=train)

    def test_links_in_a_circle(self, classes, tmp_path):
        train = classes("train")
        (tmp_path / "train" / "cat" / "again").symlink_to(tmp_path / "train")
        data = load(train=train)
        assert len(data.train) + len(data.validation) == 20


class TestNotes:
    def test_sizes_and_conversions(self, classes, draw, tmp_path):
        train = classes("train")
        exif = Image.Exif()
        exif[0x0112] = 6
        rgb = PIXELS[0]
        draw("train/cat/tiny.png", np.zeros((3, 40, 3), np.uint8))
        draw("train/cat/turned.png", PIXELS[1], exif=exif)
        draw("train/cat/deep.png", np.full((9, 8), 300, np.uint16))
        draw("train/cat/glass.png", np.dstack([rgb, rgb[..., 0]]))
        Image.fromarray(PIXELS[2]).quantize(16).save(tmp_path / "train" / "cat" / "few.png")
        Image.fromarray(PIXELS[3]).convert("CMYK").save(tmp_path / "train" / "cat" / "print.tif")
        told = notes(train=train)
        assert "pictures have different sizes, from 9 × 8 to 3 × 40 pixels (rows × columns)." in told
        assert (
            f"1 picture is smaller than 8 pixels on a side, the smallest {tmp_path}/train/cat/tiny.png (3 × 40)."
            in (told)
        )
        converted = "1 palette, 1 CMYK, 1 16-bit grey (divided by 257), 1 transparent (laid on white)."
        assert f"pictures converted to red, green and blue: {converted}" in told
        assert "1 picture was turned upright, as EXIF says." in told

    def test_repeats(self, classes, tmp_path):
        train = classes("train")
        shutil.copy(f"{train}/cat/00.png", f"{train}/dog/again.png")
        told = notes(train=train)
        assert "1 picture of train repeats the picture of an earlier one." in told
        assert "1 pictures of train occur with different labels." in told

    def test_what_was_set_aside(self, classes):
        told = notes(train=classes("train"))
        assert "2 pictures of train were set aside by their content" in told
        assert "the validation pictures are evaluated" in told


class TestDuplicates:
    def test_dropped_by_their_pixels(self, classes, tmp_path):
        train, test = classes("train"), classes("test", 4)
        Image.open(f"{train}/cat/04.png").save(f"{test}/cat/other name.bmp")
        assert "cat/04.png: this picture is also in test" in problems(train=train, test=test)
        data = load(train=train, test=test, duplicates="drop")
        assert any("1 pictures of train are left out: they are also in validation or test" in n for n in data.notes)
        assert not any(name.endswith("cat/04.png") for name in [*data.train["image"], *data.validation["image"]])

    def test_set_aside_knows_nothing_of_names(self, classes, tmp_path):
        train = classes("train", 40)
        for i in range(0, 40, 2):  # each picture twice
            shutil.copy(f"{train}/cat/{i:02}.png", f"{train}/cat/again {i}.png")
        data = load(train=train, validation_share=0.3)
        sides = [{open_picture(name).tobytes() for name in split["image"]} for split in (data.train, data.validation)]
        assert not sides[0] & sides[1]
        chosen = sides[1]
        for i, path in enumerate(sorted(Path(train).rglob("*.png"))):
            path.rename(path.with_name(f"{i * 7 % 60}-renamed.png"))
        again = load(train=train, validation_share=0.3)
        assert {open_picture(name).tobytes() for name in again.validation["image"]} == chosen

    def test_fingerprint_is_of_pixels(self, classes, tmp_path):
        train = classes("train")
        one = load(train=train).fingerprint
        shutil.move(train, tmp_path / "elsewhere")
        assert load(train=str(tmp_path / "elsewhere")).fingerprint == one
        Image.fromarray(PIXELS[0]).save(tmp_path / "elsewhere" / "cat" / "00.png")
        assert load(train=str(tmp_path / "elsewhere")).fingerprint != one

    def test_nothing_to_set_aside(self, draw, tmp_path):
        draw("a/1.png", PIXELS[0])
        draw("a/2.png", PIXELS[0])
        assert "validation cannot be set aside from 2 pictures of train" in problems(False, train=str(tmp_path / "a"))


class TestTables:
    @pytest.fixture
    def rows(self, classes):
        classes("pics")
        return [(f"pics/{('cat', 'dog')[i % 2]}/{i:02}.png", i % 2) for i in range(20)]

    @pytest.mark.parametrize("header", [("image", "label"), ("file_name", "class"), ("Path", "target"), ("q", "r")])
    def test_csv(self, rows, csv_file, header):
        data = load(train=csv_file("a.csv", header, rows))
        assert data.labels == ("0", "1")
        assert data.columns == {"image": header[0], "label": header[1]}
        assert all(open_picture(row["image"]).shape == (9, 8, 3) for row in data.train)

    def test_jsonl_tsv_and_parquet(self, rows, jsonl, tmp_path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        jsonl(tmp_path / "a.jsonl", [{"image": path, "label": label} for path, label in rows])
        (tmp_path / "b.tsv").write_text("image\tlabel\n" + "".join(f"{path}\t{label}\n" for path, label in rows))
        pq.write_table(pa.table({"image": [p for p, _ in rows], "label": [n for _, n in rows]}), tmp_path / "c.parquet")
        found = [load(train=str(tmp_path / name)).fingerprint for name in ("a.jsonl", "b.tsv", "c.parquet")]
        assert len(set(found)) == 1

    def test_root(self, rows, csv_file, tmp_path):
        (tmp_path / "tables").mkdir()
        table = csv_file("tables/a.csv", ("image", "label"), rows)
        assert (
            f"'pics/cat/00.png' does not exist. There is no folder '{tmp_path}/tables/pics/cat' either. Paths are "
            in (problems(train=table))
        )
        assert len(load(train=table, root=str(tmp_path)).train) == 18
        assert "there is no such folder (data.root)" in problems(train=table, root=str(tmp_path / "no"))

    def test_bad_cells(self, rows, csv_file, jsonl, tmp_path):
        bad = ["pics/cat/00.PNG", "", "https://x.y/a.png", "pics/cat", 5, None, {"bytes": "..."}, "pics\\dog\\07.png"]
        rows = [{"image": path, "label": label} for path, label in rows]
        for row, value in zip(rows, bad, strict=False):
            row["image"] = value
        rows[8]["label"] = None
        told = problems(train=jsonl(tmp_path / "a.jsonl", rows))
        for number, fragment in enumerate(
            (
                f"'pics/cat/00.PNG' does not exist. Did you mean '{tmp_path}/pics/cat/00.png'? Paths are taken from",
                "'' names no picture. Fill in a path",
                "'https://x.y/a.png' is a web address, which is not fetched.",
                "'pics/cat' is a folder, not a picture.",
                "5 is of type int, expected the path of a picture.",
                "None names no picture.",
                "{'bytes': '...'} is of type dict, expected the path",
                "'pics\\\\dog\\\\07.png' does not exist. Write its path with / between folders.",
            ),
            start=1,
        ):
            assert f"a.jsonl, row {number}, column 'image': {fragment}" in told, fragment
        assert "a.jsonl, row 9, column 'label': the row has no label" in told

    def test_columns_that_are_not_there(self, rows, csv_file):
        table = csv_file("a.csv", ("image", "label"), rows)
        assert "there is no column 'imgae' (data.image)" in problems(train=table, image="imgae")
        both = csv_file("b.csv", ("path", "file", "label"), [(path, path, label) for path, label in rows])
        assert "the image column (data.image) could be any of 'path', 'file'" in problems(train=both)
        bare = csv_file("c.csv", ("image",), [(path,) for path, _ in rows])
        assert "the label column (data.label) is not clear" in problems(train=bare)
        assert load(labelled=False, train=bare).labels == ()

    def test_labels_are_taken_where_they_are_optional(self, rows, csv_file):
        rows[3] = (rows[3][0], "")
        data = load(labelled=False, train=csv_file("a.csv", ("image", "label"), rows))
        assert data.labels == ("0", "1")
        assert sorted(set(data.train["label"]) | set(data.validation["label"])) == [-1, 0, 1]

    def test_variants(self, rows, csv_file, classes, draw):
        classes("more", 4)
        test = [(f"more/{('cat', 'dog')[i % 2]}/{i:02}.png", i % 2, Path(draw(f"gone/{i}.png")).name) for i in range(4)]
        test = [(path, label, f"gone/{gone}") for path, label, gone in test]
        options = {"train": csv_file("a.csv", ("image", "label"), rows), "variants": {"without": "gone"}}
        data = load(**options, test=csv_file("t.csv", ("image", "label", "gone"), test))
        assert data.variants == ("without",)
        assert data.test["variant:without"][0].endswith("gone/0.png")
        assert open_picture(data.test["variant:without"][3]).shape == (9, 8, 3)
        unused = csv_file("u.csv", ("image", "label", "gone"), [(*row, "") for row in rows])
        again = load(**{**options, "train": unused}, test=csv_file("t.csv", ("image", "label", "gone"), test))
        assert again.fingerprint == data.fingerprint
        test[2] = (*test[2][:2], "gone/7.png")
        told = problems(**options, test=csv_file("t.csv", ("image", "label", "gone"), test))
        assert "t.csv, row 3 (line 4), column 'gone': 'gone/7.png' does not exist" in told

    def test_tables_beside_folders(self, rows, csv_file, classes):
        named = [(path, ("cat", "dog")[label]) for path, label in rows]
        data = load(train=classes("train"), test=csv_file("t.csv", ("path", "class"), named))
        assert data.labels == ("cat", "dog")
        assert len(data.test) == 20

    def test_clusters(self, rows, csv_file, classes):
        table = csv_file("a.csv", ("image", "label", "cat"), [(*row, i // 5) for i, row in enumerate(rows)])
        data = load(train=table, cluster="cat")
        assert data.train.column_names == ["example_id", "image", "cluster", "label"]
        assert set(data.train["cluster"]) | set(data.validation["cluster"]) == {"0", "1", "2", "3"}
        assert not set(data.train["cluster"]) & set(data.validation["cluster"])
        assert "there is no 'cat' here (data.cluster)" in problems(train=classes("pics2"), cluster="cat")


class TestArrays:
    def save(self, path, **arrays):
        np.savez(path, **arrays)
        return str(path)

    def test_columns(self, tmp_path):
        path = self.save(tmp_path / "a.npz", images=PIXELS, labels=LABELS)
        data = load(train=path)
        assert data.columns == {"image": "images", "label": "labels"}
        for row in data.train:
            assert row["image"] == f"{path}#{row['example_id']}"
            assert np.array_equal(open_picture(row["image"]), PIXELS[row["example_id"]])

    def test_named_arrays_and_variants(self, tmp_path):
        train = self.save(tmp_path / "a.npz", x=PIXELS, y=LABELS)
        test = self.save(tmp_path / "b.npz", x=PIXELS[:4] // 2, y=LABELS[:4], swapped=PIXELS[:4] // 3)
        data = load(train=train, test=test, image="x", label="y", variants={"s": "swapped"})
        assert np.array_equal(open_picture(data.test["variant:s"][2]), PIXELS[2] // 3)
        assert np.array_equal(open_picture(data.test["image"][2]), PIXELS[2] // 2)

    def test_floats_and_text_labels_are_the_same_pictures(self, tmp_path):
        one = self.save(tmp_path / "a.npz", images=PIXELS, labels=LABELS.astype(str))
        other = self.save(tmp_path / "b.npz", images=(PIXELS / 255).astype(np.float32), labels=LABELS.astype("S"))
        assert load(train=one).fingerprint == load(train=other).fingerprint

    def test_places(self, tmp_path):
        images = (PIXELS / 255).astype(np.float64)
        images[2, 0, 0, 1] = np.nan
        images[3] *= 255
        images[3, 0, 0] = 7, 255, 9
        told = problems(train=self.save(tmp_path / "n.npz", images=images, labels=np.where(LABELS, 1.5, np.nan)))
        assert "n.npz, images[2]: the picture holds 1 value that is not finite (NaN or infinite)." in told
        assert re.search(r"n.npz, images\[3\]: the picture holds values from \d to 255, where floating-point", told)
        assert "n.npz, images[0]: the picture has no label" in told

    def test_across_kinds(self, tmp_path, draw):
        draw("pics/1/a.png", PIXELS[5])
        draw("pics/0/b.png")
        told = problems(train=self.save(tmp_path / "a.npz", images=PIXELS, labels=LABELS), test=str(tmp_path / "pics"))
        assert f"a.npz, images[5]: this picture is also in test ({tmp_path}/pics/1/a.png)" in told


def test_progress_and_one_look_at_each(classes, csv_file):
    classes("pics", 6)
    seen = []
    rows = [(f"pics/{('cat', 'dog')[i % 2]}/{i:02}.png", i % 2) for i in range(6)] * 3
    section = ImageSection(train=csv_file("a.csv", ("image", "label"), rows))
    load_image_data(section, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 6) for i in range(1, 7)]
    asked = []
    look_at_all(["a", "b", "a"], asked.append, lambda done, total: None)
    assert sorted(asked) == ["a", "b"]


def test_names_work_in_other_processes(tmp_path):
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=LABELS)
    data = load(train=str(tmp_path / "a.npz"))
    names = pickle.loads(pickle.dumps(data.train))["image"][:]
    expected = [open_picture(name).sum() for name in names]
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert [pixels.sum() for pixels in pool.map(open_picture, names)] == expected


def test_open_picture_refuses(refused, tmp_path):
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=LABELS)
    assert "has 20 elements, counted from 0" in refused(open_picture, f"{tmp_path}/a.npz#20")
    assert "does not exist" in refused(open_picture, f"{tmp_path}/b.npz#0")
    assert "has 0 axes" in refused(open_picture, f"{tmp_path}/a.npz#labels#0")
    assert "does not exist" in refused(open_picture, f"{tmp_path}/a.png")


def test_keys_of_the_section():
    assert set(ImageSection.model_fields) >= {"train", "image", "label", "root", "variants", "duplicates"}
    with pytest.raises(ValueError, match="Extra"):
        ImageSection.model_validate({"train": "a", "text": "b"})
