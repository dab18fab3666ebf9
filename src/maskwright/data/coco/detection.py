r"""Pictures with objects in boxes: COCO files, and tables with a column of objects as the hub has them.

>>> import json, pathlib, tempfile
>>> from PIL import Image
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> images, annotations = [], []
>>> for n in range(20):
...     Image.new("RGB", (40, 30), (n, 0, 0)).save(folder / f"{n}.png")
...     images.append({"id": n, "file_name": f"{n}.png", "width": 40, "height": 30})
...     annotations.append({"id": n, "image_id": n, "category_id": 7, "bbox": [5, 5, 10, 20]})
>>> content = {"images": images, "annotations": annotations, "categories": [{"id": 7, "name": "cat"}]}
>>> _ = (folder / "train.json").write_text(json.dumps(content))
>>> data = load_detection_data(DetectionSection(train=str(folder / "train.json")))
>>> len(data.train), len(data.validation), data.labels
(18, 2, ('cat',))
>>> objects_of(data.train[0])["annotations"]
[{'id': 0, 'bbox': [5.0, 5.0, 10.0, 20.0], 'category_id': 0, 'area': 200.0}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from maskwright.data.checked import CheckedData
from maskwright.data.coco.boxes import Size, check_objects, corners
from maskwright.data.coco.files import Reading
from maskwright.data.column import Column
from maskwright.data.findings import Findings
from maskwright.data.labels import order_labels
from maskwright.data.media.images import look_at_picture
from maskwright.data.media.inspection import Look, Progress
from maskwright.data.media.visual import Finished, Medium, load_visual_data, silent
from maskwright.data.roles import IMAGE, Role
from maskwright.data.sections import PathsSection
from maskwright.data.splits import NAMES, Split
from maskwright.errors import DataError, Problem, did_you_mean

__all__ = ["DetectionSection", "load_detection_data", "objects_of"]


class DetectionSection(PathsSection):
    """Pictures with objects in boxes.

    `train`, `validation` and `test` are COCO files (JSON), or tables (JSONL, Parquet) with a column of paths (`image`,
    `file_name`) and a column `objects` with bbox and category, and area and iscrowd if there are any; or folders of
    pictures with such a table called `metadata`. Paths are taken from the file's folder unless `root` is set.
    `variants` maps a group's name to the key of COCO's `images`, or the column, with the picture in that variant, in
    which every object is where it was.
    """

    boxes: Literal["xywh", "xyxy", "cxcywh"] = Field(
        default="xywh", description="how boxes are written, in pixels: COCO's way, two corners, or centre and size"
    )


def load_detection_data(section: DetectionSection, *, on_progress: Progress = silent) -> CheckedData:
    """Read, check and part the data; every picture is decoded once.

    Args:
        section: where the files are.
        on_progress: called with pictures done and pictures in all.

    Returns:
        Splits with columns `example_id`, `image` (for `maskwright.data.media.images.open_picture`) and `objects` (for
        `objects_of`), and `variant:NAME` in `test`. `labels` are the categories in the order of their ids (of their
        names, where a table has no ids). `facts` has `objects`, the mean number in a training picture, and `most`, the
        largest number in any.

    Raises:
        DataError: with all problems of all files.
    """
    reading = Reading(section.root, list(section.variants.values()), section.cluster)
    sizes: dict[str, Size] = {}

    def look(name: str) -> Look:
        seen = look_at_picture(name)
        sizes[name] = seen.size
        return seen

    def check(split: Split, findings: Findings) -> None:
        check_objects(split, sizes, section.boxes, findings)
        _check_variants(split, sizes, findings)
        if split.name == NAMES[0]:
            _check_categories(reading.categories, split.table.source, findings)

    medium = Medium(
        "image",
        "picture",
        look,
        (IMAGE, Role("objects", "any", is_content=False)),
        read_folder=reading.folder,
        check=check,
        read_table=reading.file,
        finish=lambda splits, looks: _finished(splits, looks, section, reading.categories),
    )
    return load_visual_data(section, medium, labelled=False, on_progress=on_progress)


def objects_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the objects of a picture: `width`, `height` and `annotations`.

    Annotations are as in COCO files (`bbox` xywh in pixels, `area`, `iscrowd`, `ignore`), but for `category_id`, which
    is an index into the `labels` of the data.
    """
    about = row["objects"]
    annotations = [{key: value for key, value in one.items() if value is not None} for one in about["annotations"]]
    return {"width": about["width"], "height": about["height"], "annotations": annotations}


def _check_variants(split: Split, sizes: Mapping[str, Size], findings: Findings) -> None:
    for group, names in split.variants.items():
        for index, (name, original) in enumerate(zip(names, split.values("image"), strict=True)):
            pair = sizes.get(name), sizes.get(original)
            if None not in pair and pair[0] != pair[1]:
                what = f"the picture of the variant {group!r} has another size than the original: {pair[0]}, {pair[1]}"
                problem = Problem(split.place(index), what, "The boxes have to fit both; give it in the same size.")
                findings.add("variants of another size", split.table.source, problem, split.row(index))


def _check_categories(categories: Mapping[str, Mapping[int, str]], train: str, findings: Findings) -> None:
    """Find categories that are not called the same in all files."""
    of_train = categories.get(train, {})
    for source, names in categories.items() if of_train else ():
        for number, name in names.items():
            if of_train.get(number) != name:
                is_there = number in of_train
                other = f"category {number} is {of_train[number]!r}" if is_there else f"there is no id {number}"
                what = f"the name is {name!r}, but in {train} {other}"
                remedy = "Give all files the same categories, with the same ids."
                findings.add("other categories", source, Problem(f"{source}, category {number}", what, remedy))


def _names(train: Split, categories: Mapping[str, Mapping[int, str]]) -> tuple[str, ...]:
    """Names of the categories: as the first file lists them, else those that occur in training."""
    if categories:
        return tuple(next(iter(categories.values())).values())
    return order_labels(one["category"] for about in train.values("objects") for one in about["annotations"])


def _finished(
    splits: Mapping[str, Split],
    looks: Mapping[str, Look],
    section: DetectionSection,
    categories: Mapping[str, Mapping[int, str]],
) -> Finished:
    """The splits with all boxes written in COCO's way, numbers in place of categories, and what is to be known."""
    labels = _names(splits["train"], categories)
    index = {name: number for number, name in enumerate(labels)}
    scenes = {name: _scenes(split, looks, section.boxes, index) for name, split in splits.items()}
    notes: list[str] = []
    for name, split in splits.items():
        source = getattr(section, name) or section.validation or section.train
        notes += _notes(name, source, scenes[name], index)
        splits = {**splits, name: split.with_content("objects", _objects_column(split, scenes[name]))}
    counts = {name: [len(scene.annotations) for scene in rows] for name, rows in scenes.items()}
    every = [number for numbers in counts.values() for number in numbers]
    facts = {"objects": sum(counts["train"]) / len(counts["train"]), "most": max(every)}
    return Finished(splits, labels, tuple(notes), facts)


@dataclass(frozen=True)
class _Scene:
    """The objects of a picture: annotations as `objects_of` gives them, boxes cut off, categories without a number."""

    size: Size
    annotations: tuple[Mapping[str, Any], ...]
    cut: int
    unlearned: tuple[str, ...]


def _scenes(split: Split, looks: Mapping[str, Look], boxes: str, index: Mapping[str, int]) -> list[_Scene]:
    scenes = []
    for name, about in zip(split.values("image"), split.values("objects"), strict=True):
        size, written = looks[name].size, about["annotations"]
        named = [_annotation(number, one, size, boxes, index) for number, one in enumerate(written, start=1)
                 if one["category"] in index]  # fmt: skip
        unlearned = tuple(one["category"] for one in written if one["category"] not in index)
        annotations = tuple(annotation for annotation, _ in named)
        scenes.append(_Scene(size, annotations, sum(was_cut for _, was_cut in named), unlearned))
    return scenes


def _notes(name: str, source: str, scenes: Sequence[_Scene], index: Mapping[str, int]) -> list[str]:
    """What to know about the objects of a split; raises a `DataError` where nothing can be learned of them."""
    findings = Findings()
    for category in (category for scene in scenes for category in scene.unlearned):
        problem = Problem(source, f"{category!r} occurs in {name} and not in train", did_you_mean(category, index))
        findings.add("categories", name, problem)
    findings.stop()
    cut, empty, notes = sum(scene.cut for scene in scenes), sum(not scene.annotations for scene in scenes), []
    if cut:
        notes.append(f"{name}: {cut:,} boxes left their pictures by a pixel or less and were cut off at the edge.")
    if empty:
        notes.append(f"{name}: {empty:,} of {len(scenes):,} pictures hold no object.")
    if empty == len(scenes):
        remedy = "Name another file, or set data.validation and data.test."
        raise DataError([Problem(source, f"{name} holds no object", remedy)])
    return notes


def _annotation(
    number: int, one: Mapping[str, Any], size: Size, boxes: str, index: Mapping[str, int]
) -> tuple[dict[str, Any], bool]:
    """An annotation as `objects_of` gives it, and whether its box was cut off."""
    (x0, y0, x1, y1), was_cut = corners(one["bbox"], size, boxes)
    box = [float(side) for side in (x0, y0, x1 - x0, y1 - y0)]
    if boxes == "xywh" and not was_cut:
        box = [float(side) for side in one["bbox"]]  # to the bit
    about = {"id": one["id"] if isinstance(one["id"], int) else number, "bbox": box}
    about |= {"category_id": index[one["category"]], "area": float(one.get("area", box[2] * box[3]))}
    return about | {key: int(one[key]) for key in ("iscrowd", "ignore") if one.get(key)}, was_cut


def _objects_column(split: Split, scenes: Sequence[_Scene]) -> Column:
    """The objects of all rows of a split's table; of rows that are not the split's, nothing."""
    import pyarrow as pa

    whole, number = pa.int64(), pa.float64()
    annotation = pa.struct(
        [("id", whole), ("bbox", pa.list_(number)), ("category_id", whole), ("area", number), ("iscrowd", whole),
         ("ignore", whole)]
    )  # fmt: skip
    kind = pa.struct([("width", whole), ("height", whole), ("annotations", pa.list_(annotation))])
    rows: list[Any] = [None] * split.table.rows
    for row, scene in zip(split.rows.tolist(), scenes, strict=True):
        height, width = scene.size
        rows[row] = {"width": width, "height": height, "annotations": scene.annotations}
    return Column(pa.chunked_array([pa.array(rows, kind)]))
