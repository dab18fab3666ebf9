"""The made data are what their description says: layout, splits without a leak, exact boxes, labels that need both."""

import csv
import hashlib
import importlib.util
import json
import sys
import zipfile
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from tests.examples.markdown import ROOT

PATH = ROOT / "examples" / "vision_data.py"
MOVES = {"down": (1, 0), "left": (0, -1), "right": (0, 1), "up": (-1, 0)}
SMALL = {
    "digits": {"train": 266, "validation": 60, "test": 110},
    "video": {"train": 150, "validation": 25, "test": 50},
    "detection": {"train": 150, "validation": 25, "test": 37},
    "image-text": {"train": 200, "validation": 25, "test": 75},
}


def load():
    spec = importlib.util.spec_from_file_location("vision_data", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made = load()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("made")
    assert {name: write(path, seed=3, small=True) for name, write in made.PARTS.items()} == SMALL
    return path


@pytest.fixture(scope="module")
def owners():
    """Split of every source digit, by the pixel values it has at the side of 16 that clips and pairs show it with."""
    found = {}
    for split, classes in made.sources(3).items():
        for pictures in classes:
            found |= {key(made._enlarged(picture, 16, 16)): split for picture in pictures}
    return found


def key(pixels):
    """What rolling or surrounding with black does not change."""
    return np.sort(pixels[pixels > 0]).tobytes()


def files(folder):
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pixels(path):
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        return np.asarray(image)


def rows(folder, split):
    lines = (folder / "image_text" / f"{split}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def numbers(text):
    """Numbers that a sentence names, in order."""
    words = [word.strip(".,") for word in text.split()]
    return [made.NUMBERS.index(word) for word in words if word in made.NUMBERS]


def annotated(folder, split):
    """Content of a COCO file, and the annotations of each of its images."""
    content = json.loads((folder / "detection" / f"{split}.json").read_text("utf-8"))
    by_image = {image["id"]: [] for image in content["images"]}
    for annotation in content["annotations"]:
        by_image[annotation["image_id"]].append(annotation)
    return content, by_image


def edges(bbox):
    """Left, top, right and bottom, the latter two exclusive."""
    assert all(isinstance(number, float) and number.is_integer() for number in bbox)
    x, y, width, height = map(int, bbox)
    return x, y, x + width, y + height


def test_the_command_writes_the_same_bytes_again(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [PATH.name, str(tmp_path), "--seed", "3", "--small"])
    load().main()
    out = capsys.readouterr().out
    assert "digits      train 266, validation 60, test 110\n" in out
    assert len(out.splitlines()) == 4
    first, second = files(folder), files(tmp_path)
    assert {name: digest(path) for name, path in first.items()} == {name: digest(path) for name, path in second.items()}


def test_archives_hold_no_time_of_day(folder):
    for path in folder.rglob("*.npz"):
        with zipfile.ZipFile(path) as archive:
            assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_another_seed_makes_other_splits():
    first, second = made.sources(0), made.sources(1)
    assert first["test"][0].tobytes() != second["test"][0].tobytes()


def test_only_writes_one_part_and_nothing_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [PATH.name, str(tmp_path), "--only", "image-text", "--small"])
    made.main()
    assert [path.name for path in tmp_path.iterdir()] == ["image_text"]
    assert capsys.readouterr().out == "image-text  train 200, validation 25, test 75\n"
    with pytest.raises(SystemExit):
        made.main()
    assert "image_text is there already" in capsys.readouterr().err


def test_sources_are_all_digits_each_in_one_split():
    found = [
        (split, picture.tobytes())
        for split, classes in made.sources(3).items()
        for pictures in classes
        for picture in pictures
    ]
    assert len({picture for _, picture in found}) == len(found) == 1797
    assert Counter(split for split, _ in found) == {"train": 1078, "validation": 269, "test": 450}


def test_sizes_of_the_whole():
    assert made._sizes("video", False) == {"train": 600, "validation": 100, "test": 200}
    assert made._sizes("detection", False) == {"train": 600, "validation": 100, "test": 150}
    assert made._sizes("image-text", False) == {"train": 800, "validation": 100, "test": 300}


def test_digits_layout_and_splits(folder):
    seen = {split: {digest(path) for path in (folder / "digits" / split).rglob("*.png")} for split in made.SPLITS}
    assert {split: len(pictures) for split, pictures in seen.items()} == SMALL["digits"]
    assert not any(a & b for a, b in combinations(seen.values(), 2))
    assert sorted(path.name for path in (folder / "digits" / "test").iterdir()) == list("0123456789")
    few = list((folder / "digits_100").glob("*/*.png"))
    assert Counter(path.parent.name for path in few) == dict.fromkeys("0123456789", 10)
    assert {digest(path) for path in few} < seen["train"]
    assert {digest(path) for path in (folder / "digits_unlabelled").glob("*.png")} == seen["train"]


@pytest.mark.parametrize("split", made.SPLITS)
def test_digits_tables_are_the_folders(folder, split):
    with np.load(folder / f"digits_{split}.npz") as archive:
        images, labels = archive["images"], archive["labels"]
    with (folder / f"digits_{split}.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert images.dtype == np.uint8
    assert images.shape == (SMALL["digits"][split], 32, 32, 3)
    assert len({row["image"] for row in table}) == len(images) == len(table)
    for image, label, row in zip(images, labels, table, strict=True):
        path = folder / row["image"]
        assert path.parent.name == row["label"] == str(label)
        assert np.array_equal(pixels(path), image)


@pytest.mark.parametrize("split", made.SPLITS)
def test_clips_move_as_their_class_says(folder, split, owners):
    with np.load(folder / "video" / f"{split}.npz") as archive:
        clips, labels = archive["clips"], archive["labels"]
    assert clips.dtype == np.uint8
    assert clips.shape == (SMALL["video"][split], 8, 32, 32, 3)
    assert max(Counter(labels.tolist()).values()) - min(Counter(labels.tolist()).values()) <= 1
    for clip, label in zip(clips, labels, strict=True):
        steps = [speed * np.array(MOVES[label]) for speed in (2, 3)]
        assert any(np.array_equal(np.roll(clip[:-1], step, (1, 2)), clip[1:]) for step in steps)
        assert owners[key(clip[0, ..., 0])] == split


def test_frame_folders_are_the_first_clips_of_each_class(folder):
    for split, each in zip(made.SPLITS, (8, 2, 3), strict=True):
        with np.load(folder / "video" / f"{split}.npz") as archive:
            clips, labels = archive["clips"], archive["labels"]
        found = {(path.parent.name, int(path.name)) for path in (folder / "video_frames" / split).glob("*/*")}
        assert found == {(move, int(i)) for move in MOVES for i in np.flatnonzero(labels == move)[:each]}
        for move, i in found:
            frames = sorted((folder / "video_frames" / split / move / f"{i:04}").iterdir())
            assert [path.name for path in frames] == [f"{time:03}.png" for time in range(8)]
            assert np.array_equal(np.stack([pixels(path) for path in frames]), clips[i])


def test_one_frame_does_not_tell_the_direction():
    # Where the digit is in a frame is uniform for every direction: mean position on the circle is near none.
    rng = np.random.default_rng(0)
    dot = np.zeros((8, 8), np.uint8)
    dot[4, 4] = 255
    for direction in MOVES:
        clips = np.stack([made.clip(dot, direction, rng)[..., 0] for _ in range(400)])
        places = clips.reshape(400, 8, -1).argmax(-1)
        for places_along in (places // 32, places % 32):
            centre = np.exp(2j * np.pi * places_along / 32).mean(0)
            assert (abs(centre) < 4 / np.sqrt(400)).all()


@pytest.mark.parametrize("split", made.SPLITS)
def test_detection_is_coco(folder, split):
    content, by_image = annotated(folder, split)
    assert len(by_image) == len(content["images"]) == SMALL["detection"][split]
    assert [(c["id"], c["name"]) for c in content["categories"]] == [(1, "0"), (2, "1"), (3, "2")]
    assert [a["id"] for a in content["annotations"]] == list(range(1, len(content["annotations"]) + 1))
    assert {len(found) for found in by_image.values()} == {1, 2, 3, 4}
    assert {a["category_id"] for a in content["annotations"]} == {1, 2, 3}
    for image in content["images"]:
        assert pixels(folder / "detection" / image["file_name"]).shape == (image["height"], image["width"], 3)
    assert len({image["file_name"] for image in content["images"]}) == len(by_image)


def test_boxes_lie_inside_and_hardly_overlap(folder):
    for split in made.SPLITS:
        for found in annotated(folder, split)[1].values():
            boxes = [edges(a["bbox"]) for a in found]
            for (left, top, right, bottom), annotation in zip(boxes, found, strict=True):
                assert 0 <= left < right <= 64
                assert 0 <= top < bottom <= 64
                assert 10 <= bottom - top <= 30
                assert annotation["area"] == (right - left) * (bottom - top)
            for a, b in combinations(boxes, 2):
                shared = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
                smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
                assert shared <= 0.05 * smaller


def test_boxes_touch_ink_on_all_sides(folder):
    content, by_image = annotated(folder, "train")
    for image in content["images"]:
        ink = pixels(folder / "detection" / image["file_name"])[..., 0] >= made.INK
        for annotation in by_image[image["id"]]:
            left, top, right, bottom = edges(annotation["bbox"])
            inside = ink[top:bottom, left:right]
            assert inside[0].any()
            assert inside[-1].any()
            assert inside[:, 0].any()
            assert inside[:, -1].any()


def test_nothing_of_a_digit_is_outside_its_box(tmp_path, monkeypatch):
    # Without clutter, what is brighter than the noise is digits.
    monkeypatch.setattr(made, "_line", lambda rng: np.zeros((0, 1), np.uint8))
    monkeypatch.setattr(made, "_fragment", lambda picture, rng: np.zeros((0, 1), np.uint8))
    monkeypatch.setitem(made.SIZES, "detection", (4, 4, 160))
    made.detection(tmp_path, seed=1, small=True)
    content, by_image = annotated(tmp_path, "test")
    alone = 0
    for image in content["images"]:
        ink = pixels(tmp_path / "detection" / image["file_name"])[..., 0] >= made.INK
        boxes = [edges(a["bbox"]) for a in by_image[image["id"]]]
        if len(boxes) == 1:
            alone += 1
            row, column = np.nonzero(ink)
            assert boxes[0] == (column.min(), row.min(), column.max() + 1, row.max() + 1)
        for left, top, right, bottom in boxes:
            ink[top:bottom, left:right] = False
        assert not ink.any()
    assert alone


def test_scenes_take_digits_of_their_own_split(tmp_path, monkeypatch):
    # Sources whose shape tells the split: squares, upright bars, lying bars.
    shapes = {"train": (8, 8), "validation": (8, 2), "test": (4, 8)}
    bars = {split: np.zeros((1, 8, 8), np.uint8) for split in shapes}
    for split, (height, width) in shapes.items():
        bars[split][0, :height, :width] = 255
    monkeypatch.setattr(made, "sources", lambda seed: {split: [bar] * 10 for split, bar in bars.items()})
    monkeypatch.setitem(made.SIZES, "detection", (80, 80, 80))
    monkeypatch.setattr(made, "TALLEST", 24)
    made.detection(tmp_path, small=True)
    for split, (height, width) in shapes.items():
        for annotation in annotated(tmp_path, split)[0]["annotations"]:
            left, top, right, bottom = edges(annotation["bbox"])
            assert (right - left) / (bottom - top) == pytest.approx(width / height, rel=0.45)


@pytest.mark.parametrize("split", made.SPLITS)
def test_rows_of_image_and_text(folder, split, owners):
    found = rows(folder, split)
    assert len(found) == SMALL["image-text"][split]
    assert max(Counter(row["label"] for row in found).values()) <= len(found) // 10 + 1
    both = 0
    for row in found:
        assert set(row) == {"image", "text", "label"}
        image = pixels(folder / "image_text" / row["image"])[..., 0]
        halves = [half for half in (image[:, :16], image[:, 16:]) if half.any()]
        said = numbers(row["text"])
        assert int(row["label"]) in said
        assert len(said) == len(set(said)) == len(halves) in (1, 2)
        assert {owners[key(half)] for half in halves} == {split}
        assert ("an eight" in row["text"]) == (8 in said)
        both += len(said) == 2
    assert abs(both - len(found) / 2) <= 5


def test_each_modality_alone_leaves_two_labels_equally_likely(tmp_path):
    made.image_text(tmp_path, seed=5)
    names = {}
    for classes in made.sources(5).values():
        for digit, pictures in enumerate(classes):
            names |= {key(made._enlarged(picture, 16, 16)): digit for picture in pictures}
    first_said, left_shown, pairs, images = 0, 0, 0, set()
    for row in rows(tmp_path, "train"):
        image = pixels(tmp_path / "image_text" / row["image"])[..., 0]
        images.add(image.tobytes())
        shown = [names[key(half)] for half in (image[:, :16], image[:, 16:]) if half.any()]
        said = numbers(row["text"])
        assert set(shown) & set(said) == {int(row["label"])}
        if len(said) == 2:
            pairs += 1
            first_said += said[0] == int(row["label"])
            left_shown += shown[0] == int(row["label"])
    # 400 rows: 4 standard errors of a fair coin are 40.
    assert pairs == 400
    assert len(images) == 800, "no picture is shown twice"
    assert abs(first_said - 200) <= 40
    assert abs(left_shown - 200) <= 40
