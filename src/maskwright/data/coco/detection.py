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

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from maskwright.config import DataSection
from maskwright.data.assembly import order_labels
from maskwright.data.checked import CheckedData
from maskwright.data.coco.boxes import Size, check_objects, corners
from maskwright.data.coco.files import Reading
from maskwright.data.findings import Findings
from maskwright.data.media.images import look_at_picture
from maskwright.data.media.inspection import Look, Progress
from maskwright.data.media.visual import Medium, load_visual_data, silent
from maskwright.data.splits import NAMES, Split
from maskwright.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["DetectionSection", "load_detection_data", "objects_of"]


class DetectionSection(DataSection):
    """Pictures with objects in boxes.

    `train`, `validation` and `test` are COCO files (JSON), or tables (JSONL, Parquet) with a column of paths (`image`,
    `file_name`) and a column `objects` with bbox and category, and area and iscrowd if there are any; or folders of
    pictures with such a table called `metadata`. Paths are taken from the file's folder unless `root` is set.
    `variants` maps a group's name to the key of COCO's `images`, or the column, with the picture in that variant, in
    which every object is where it was.
    """

    root: str | None = Field(default=None, description="folder that paths are taken from; default: the file's own")
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
    reading = Reading(section.root, list(section.variants.values()))
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
        "image", "picture", look, None, reading.folder, ("image", "objects"), check=check, read_table=reading.file
    )
    data = load_visual_data(section, medium, labelled=False, on_progress=on_progress)
    return _finished(data, section, _names(data, reading.categories))


def objects_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the objects of a picture: `width`, `height` and `annotations`.

    Annotations are as in COCO files (`bbox` xywh in pixels, `area`, `iscrowd`, `ignore`), but for `category_id`, which
    is an index into the `labels` of the data.
    """
    return json.loads(row["objects"])


def _check_variants(split: Split, sizes: Mapping[str, Size], findings: Findings) -> None:
    for group, names in split.variants.items():
        for index, (name, original) in enumerate(zip(names, split.values["image"], strict=True)):
            pair = sizes.get(name), sizes.get(original)
            if None not in pair and pair[0] != pair[1]:
                what = f"the picture of the variant {group!r} has another size than the original: {pair[0]}, {pair[1]}"
                problem = Problem(split.place(index), what, "The boxes have to fit both; give it in the same size.")
                findings.add("variants of another size", split.table.source, problem, split.row(index))


def _check_categories(categories: Mapping[str, Mapping[int, str]], train: str, findings: Findings) -> None:
    """Find categories that are not called the same in all files."""
    known = categories.get(train, {})
    for source, found in categories.items() if known else ():
        for number, name in found.items():
            if known.get(number) != name:
                there = f"category {number} is {known[number]!r}" if number in known else f"there is no id {number}"
                what = f"the name is {name!r}, but in {train} {there}"
                remedy = "Give all files the same categories, with the same ids."
                findings.add("other categories", source, Problem(f"{source}, category {number}", what, remedy))


def _names(data: CheckedData, categories: Mapping[str, Mapping[int, str]]) -> tuple[str, ...]:
    """Names of the categories: as the first file lists them, else those that occur in training."""
    if categories:
        return tuple(next(iter(categories.values())).values())
    return order_labels({one["category"] for text in data.train["objects"] for one in json.loads(text)["annotations"]})


def _finished(data: CheckedData, section: DetectionSection, labels: Sequence[str]) -> CheckedData:
    """The data with all boxes written in COCO's way, numbers in place of categories, and what is to be known."""
    index = {name: number for number, name in enumerate(labels)}
    splits, notes, counts = {}, list(data.notes), {}
    for name in NAMES:
        rows, cut, findings = [], 0, Findings()
        split: Dataset = getattr(data, name)
        for text, size in zip(split["objects"], data.facts["sizes"][name].tolist(), strict=True):
            annotations = []
            for one in json.loads(text)["annotations"]:
                if one["category"] not in index:
                    source = getattr(section, name) or section.validation or section.train
                    what = f"{one['category']!r} occurs in {name} and not in train"
                    findings.add("categories", name, Problem(source, what, did_you_mean(one["category"], index)))
                    continue
                annotation, was_cut = _annotation(one, size, section.boxes, index)
                cut += was_cut
                annotations.append(annotation)
            rows.append(json.dumps({"width": size[1], "height": size[0], "annotations": annotations}))
            counts.setdefault(name, []).append(len(annotations))
        findings.stop()
        splits[name] = split.remove_columns(["label", "objects"]).add_column("objects", rows)  # pyright: ignore[reportCallIssue]
        empty = counts[name].count(0)
        if cut:
            notes.append(f"{name}: {cut:,} boxes left their pictures by a pixel or less and were cut off at the edge.")
        if empty:
            notes.append(f"{name}: {empty:,} of {len(rows):,} pictures hold no object.")
        if empty == len(rows):
            remedy = "Name another file, or set data.validation and data.test."
            raise DataError([Problem(getattr(section, name) or section.train, f"{name} holds no object", remedy)])
    every = [number for found in counts.values() for number in found]
    facts = {**data.facts, "objects": sum(counts["train"]) / len(counts["train"]), "most": max(every)}
    return dataclasses.replace(data, **splits, labels=tuple(labels), notes=tuple(dict.fromkeys(notes)), facts=facts)


def _annotation(
    one: Mapping[str, Any], size: Size, boxes: str, index: Mapping[str, int]
) -> tuple[dict[str, Any], bool]:
    """An annotation as `objects_of` gives it, and whether its box was cut off."""
    (x0, y0, x1, y1), was_cut = corners(one["bbox"], size, boxes)
    box = [float(side) for side in (x0, y0, x1 - x0, y1 - y0)]
    if boxes == "xywh" and not was_cut:
        box = [float(side) for side in one["bbox"]]  # to the bit
    about = {"id": one["id"], "bbox": box, "category_id": index[one["category"]]}
    about["area"] = float(one.get("area", box[2] * box[3]))
    return about | {key: int(one[key]) for key in ("iscrowd", "ignore") if one.get(key)}, was_cut
