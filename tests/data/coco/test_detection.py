"""COCO files and tables of objects become checked splits, and all that is wrong with them is told at once."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from maskwright.data.coco.detection import DetectionSection, load_detection_data, objects_of
from maskwright.errors import DataError
from tests.tasks.scenes import write_scenes


@pytest.fixture
def scenes(tmp_path):
    def write(name="train", n=8, seed=0, change=None):
        return write_scenes(tmp_path / name, n, seed=seed, change=change)

    return write


def load(**options):
    return load_detection_data(DetectionSection(**options))


def problems(**options):
    with pytest.raises(DataError) as caught:
        load(**options)
    return "\n".join(map(str, caught.value.problems))


def boxes_of(data):
    return [one["bbox"] for row in data.train for one in objects_of(row)["annotations"]]


def test_three_files_become_three_splits(scenes):
    paths = {name: scenes(name, n, seed) for seed, (name, n) in enumerate({"train": 8, "test": 4}.items())}
    data = load(**paths, validation=scenes("validation", 4, 2))
    assert data.train.column_names == ["example_id", "image", "objects"]
    assert (len(data.train), len(data.validation), len(data.test)) == (8, 4, 4)
    assert data.labels == ("red", "blue")
    assert data.notes == ()
    assert data.facts["objects"] == 12 / 8
    assert data.facts["most"] == 2
    written = json.loads(Path(paths["train"]).read_text())
    assert boxes_of(data) == [one["bbox"] for one in written["annotations"]]
    told = [one["category_id"] for row in data.train for one in objects_of(row)["annotations"]]
    assert told == [{3: 0, 8: 1}[one["category_id"]] for one in written["annotations"]]


def test_names_follow_the_ids_and_not_the_alphabet_or_the_order_of_the_file(scenes):
    data = load(train=scenes(change=lambda content: content["categories"].reverse()))
    assert data.labels == ("red", "blue")


@pytest.mark.parametrize("boxes", ["xyxy", "cxcywh"])
def test_boxes_in_other_ways_are_the_same_boxes(scenes, boxes):
    def rewrite(content):
        for one in content["annotations"]:
            x, y, w, h = one["bbox"]
            one["bbox"] = [x, y, x + w, y + h] if boxes == "xyxy" else [x + w / 2, y + h / 2, w, h]

    assert boxes_of(load(train=scenes("a", change=rewrite), boxes=boxes)) == boxes_of(load(train=scenes("b")))


def test_fractions_of_pixels_are_kept_to_the_bit(scenes):
    def move(content):
        content["annotations"][0]["bbox"] = [0.1, 0.2, 7.3, 9.7]

    assert boxes_of(load(train=scenes(change=move)))[0] == [0.1, 0.2, 7.3, 9.7]


def test_the_fingerprint_sees_boxes_and_names_and_not_folders(scenes):
    def move(content):
        content["annotations"][0]["bbox"][0] += 0.5

    def rename(content):
        content["categories"][0]["name"] = "rot"

    same, moved, renamed = scenes("b"), scenes("c", change=move), scenes("d", change=rename)
    one = load(train=scenes("a")).fingerprint
    assert load(train=same).fingerprint == one
    assert len({one, load(train=moved).fingerprint, load(train=renamed).fingerprint}) == 3


def change_annotation(**values):
    return lambda content: content["annotations"][1].update(values)


def twice(key):
    return lambda content: content[key].append(dict(content[key][0]))


def same_name(content):
    content["categories"][1]["name"] = "red"


def another_size(content):
    content["images"][2]["width"] = 40


def other_file(content):
    content["images"][2]["file_name"] = "images/5.pgn"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_annotation(bbox=[25, 1, 20, 5]), r"image 1 .*annotation 2: the box \[25, 1, 20, 5\] .*\(45, 6\).*32 ×"),
        (change_annotation(bbox=[5, 5, 0, 5]), r"annotation 2: .* has no area"),
        (change_annotation(bbox=[5, 5, 4, -5]), r"annotation 2: .* has no area"),
        (change_annotation(bbox=[5, float("nan"), 4, 5]), r"annotation 2: .* holds NaN"),
        (change_annotation(bbox=[5, 5, 4]), r"annotation 2: expected a box of four numbers, found \[5, 5, 4\]"),
        (change_annotation(bbox=None), r"annotation 2: expected a box of four numbers, found None"),
        (change_annotation(category_id=5), r"annotation 2: there is no category with the id 5"),
        (change_annotation(category_id=[3]), r"annotation 2: there is no category with the id \[3\]"),
        (change_annotation(image_id=77), r"annotation 2: there is no image with the id 77"),
        (twice("images"), r"image 0: another image has the same id \(images\[8\]\)"),
        (twice("annotations"), r"annotation 1: another annotation has the same id \(annotations\[12\]\)"),
        (same_name, r"category 8: 'red' is also the name of category 3"),
        (another_size, r"image 2 .*has 32 × 32 pixels .*height and width say 32 × 40"),
        (other_file, r"image 2 .*does not exist. Did you mean '.*images/5.png'"),
        (lambda content: content["images"][0].pop("file_name"), r"images\[0\]: expected an id and a file_name"),
        (lambda content: content["annotations"].clear(), r"not a single object"),
        (lambda content: content["categories"].clear(), r"categories is empty"),
        (lambda content: content["images"].clear(), r"images is empty"),
        (lambda content: content.pop("categories"), r"expected the lists images, annotations and categories, given"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(scenes, change, message):
    told = problems(train=scenes(change=change))
    assert re.search(message, told), told


def test_all_problems_are_told_at_once(scenes, tmp_path):
    def ruin(content):
        change_annotation(bbox=[5, 5, 0, 5])(content)
        content["annotations"][3]["category_id"] = 4
        content["images"][5]["height"] = 99

    path = scenes(change=ruin)
    (tmp_path / "train" / "images" / "6.png").write_bytes(b"no picture")
    told = problems(train=path)
    for message in ("annotation 2: .*no area", "annotation 4: .*id 4", "image 5 .*say 99", "image 6 .*as a picture"):
        assert re.search(message, told), (message, told)


def test_the_first_of_many_are_told_and_the_others_counted(scenes):
    def ruin(content):
        content["annotations"][1]["bbox"] = [1, 1, 2]
        for one in content["annotations"][2:]:
            one["bbox"] = None

    told = problems(train=scenes(change=ruin))
    assert "8 more boxes that are not four numbers. Namely: annotation 5, annotation 6" in told


@pytest.mark.parametrize(("written", "declared"), [("xyxy", "xywh"), ("xywh", "xyxy")])
def test_boxes_written_in_another_way_are_recognised(scenes, written, declared):
    def rewrite(content):
        if written == "xyxy":
            for one in content["annotations"]:
                x, y, w, h = one["bbox"]
                one["bbox"] = [x, y, x + w, y + h]

    told = problems(train=scenes(change=rewrite), boxes=declared)
    assert re.search(rf"\d+ of 12 boxes .* as {declared}, and all fit as {written}. Set data.boxes: {written}", told)
    assert "annotation" not in told


def test_shares_of_the_picture_are_recognised(scenes):
    def rewrite(content):
        for one in content["annotations"]:
            one["bbox"] = [side / 32 for side in one["bbox"]]

    assert "they seem to be shares of the picture, not pixels" in problems(train=scenes(change=rewrite))


def test_rounding_at_the_edge_is_cut_off_and_counted(scenes):
    data = load(train=scenes(n=20, change=change_annotation(bbox=[20, 20, 12.5, 5])))
    assert any(box == [20, 20, 12, 5] for box in boxes_of(data))
    assert "train: 1 boxes left their pictures by a pixel or less and were cut off at the edge." in data.notes


def test_pictures_without_objects_are_told(scenes):
    def empty(content):
        content["annotations"] = [one for one in content["annotations"] if one["image_id"] != 3]

    data = load(train=scenes(change=empty), validation=scenes("validation", 4, 1))
    assert "train: 1 of 8 pictures hold no object." in data.notes
    assert objects_of(data.train[3])["annotations"] == []


def test_crowds_and_areas_are_kept(scenes):
    data = load(train=scenes(n=20, change=change_annotation(iscrowd=1, area=17.5)))
    (crowd,) = [one for row in data.train for one in objects_of(row)["annotations"] if one.get("iscrowd")]
    assert crowd["area"] == 17.5


def test_the_same_picture_in_two_splits(scenes):
    paths = {"train": scenes("train", 8, 0), "test": scenes("test", 3, 0), "validation": scenes("validation", 4, 1)}
    assert "is also in test" in problems(**paths)
    data = load(**paths, duplicates="drop")
    assert len(data.train) == 5


def test_other_categories_in_another_file(scenes):
    told = problems(train=scenes(), validation=scenes("validation", 4, 1, rename))
    assert re.search(r"validation/scenes.json, category 8: the name is 'green', but in .*train.* is 'blue'", told)


def rename(content):
    content["categories"][1]["name"] = "green"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"images": [}', r"line 1, column 13: this is not JSON"),
        ('{"images": [\n  {"id": 1}\n', r"line \d+, column \d+: this is not JSON"),
        ("[]", r"expected the lists images, annotations and categories, given list"),
        ('{"images": {}, "annotations": []}', r"expected the lists .* given images, annotations"),
    ],
)
def test_files_that_are_none(tmp_path, text, message):
    (tmp_path / "train.json").write_text(text)
    assert re.search(message, problems(train=str(tmp_path / "train.json")))


def hub_rows(coco, in_lists):
    content = json.loads(Path(coco).read_text())
    names = {one["id"]: one["name"] for one in content["categories"]}
    rows = []
    for image in content["images"]:
        objects = [
            {"bbox": one["bbox"], "category": names[one["category_id"]], "area": one["area"]}
            for one in content["annotations"]
            if one["image_id"] == image["id"]
        ]
        if in_lists:
            objects = {key: [one[key] for one in objects] for key in ("bbox", "category", "area")}
        rows.append({"file_name": image["file_name"], "objects": objects})
    return rows


@pytest.mark.parametrize("in_lists", [True, False], ids=["columns", "rows"])
def test_tables_with_objects(scenes, in_lists):
    coco = scenes(n=12)
    folder = Path(coco).parent
    lines = "\n".join(map(json.dumps, hub_rows(coco, in_lists)))
    for name in ("metadata.jsonl", "table.json"):
        (folder / name).write_text(lines)
    expected = load(train=coco)
    for source in (folder, folder / "table.json"):
        data = load(train=str(source))
        assert data.labels == ("blue", "red")
        assert boxes_of(data) == boxes_of(expected)
        assert data.train["image"][:] == expected.train["image"][:]


def test_parquet(scenes):
    from datasets import Dataset

    coco = scenes(n=12)
    path = Path(coco).parent / "train.parquet"
    Dataset.from_list(hub_rows(coco, in_lists=True)).to_parquet(str(path))
    assert boxes_of(load(train=str(path))) == boxes_of(load(train=coco))


def test_tables_that_cannot_be_read(tmp_path, scenes):
    folder = Path(scenes()).parent
    rows = [{"image": "images/0.png", "objects": {"bbox": [[1, 1, 5, 5]], "category": []}}, {"image": "images/1.png"}]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    told = problems(train=str(folder / "a.jsonl"))
    assert re.search(r"row 1, column 'objects': the lists have different lengths: \{'bbox': 1, 'category': 0\}", told)
    assert "row 2, column 'objects': expected objects, found None" in told
    (folder / "b.jsonl").write_text(json.dumps({"image": "images/0.png", "label": 1}))
    assert "no column 'objects' or 'annotations'; the header is 'image', 'label'" in problems(
        train=str(folder / "b.jsonl")
    )
    assert "without metadata.jsonl" in problems(train=str(tmp_path))


def test_variants_are_taken_from_the_images(scenes, tmp_path):
    def darker(content):
        from PIL import Image

        for image in content["images"]:
            path = tmp_path / "test" / image["file_name"]
            dark = np.asarray(Image.open(path)) // 2
            Image.fromarray(dark).save(path.with_suffix(".bmp"))
            image["dark"] = str(Path(image["file_name"]).with_suffix(".bmp"))

    paths = {"train": scenes(), "test": scenes("test", 4, 1, darker)}
    data = load(**paths, variants={"night": "dark"})
    assert data.variants == ("night",)
    assert all(name.endswith(".bmp") for name in data.test["variant:night"])


def test_root_says_where_pictures_are(scenes, tmp_path):
    content = Path(scenes()).read_text()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "train.json").write_text(content)
    path = str(tmp_path / "elsewhere" / "train.json")
    assert "does not exist" in problems(train=path)
    assert len(load(train=path, root=str(tmp_path / "train")).train) == 7


def test_clusters_are_kept_and_stay_together(scenes, tmp_path):
    def grouped(content):
        for image in content["images"]:
            image["scene"] = image["id"] // 4

    data = load(train=scenes(n=24, change=grouped), cluster="scene")
    assert data.train.column_names == ["example_id", "image", "objects", "cluster"]
    assert not set(data.train["cluster"]) & set(data.validation["cluster"])
    assert "there is no 'scene' here (data.cluster)" in problems(train=scenes("other"), cluster="scene")
