"""Files that say where objects are in pictures, as tables with a row per picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from maskwright.data.column import Column
from maskwright.data.columns import no_column
from maskwright.data.findings import Findings, shorten
from maskwright.data.readers.table_file import check_file, read_table
from maskwright.data.readers.text_lines import decode
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

IMAGE_COLUMNS = ("image", "file_name", "image_path", "path")
OBJECT_COLUMNS = ("objects", "annotations")
CATEGORY_KEYS = ("category", "category_id", "categories", "label", "labels", "class")
IN_FOLDERS = ("metadata.jsonl", "metadata.parquet", "_annotations.coco.json")

KEPT = ("area", "iscrowd", "ignore")
"""What is kept of an annotation besides box, category and id."""


class Reading:
    """Reads the sources of a `data` section, and remembers the categories that they name.

    Attributes:
        root: folder that paths are taken from; None for the file's own.
        variants: columns, or keys of a picture in COCO files, with the same picture in a variant.
        cluster: the column or key of what pictures that belong together have in common.
        categories: source -> category id -> name, in the order of the ids; only of sources that list their categories.
    """

    def __init__(self, root: str | None, variants: Sequence[str], cluster: str | None = None):
        self.root, self.variants, self.cluster = root, tuple(variants), cluster
        self.categories: dict[str, dict[int, str]] = {}

    def folder(self, folder: Path, key: str, *, labelled: bool) -> Table:
        """The file in a folder of pictures that describes them, as the hub has it; see `IN_FOLDERS`."""
        del labelled
        files = [folder / name for name in IN_FOLDERS if (folder / name).is_file()]
        if not files:
            what = f"{key} is a folder without {', '.join(IN_FOLDERS[:-1])} or {IN_FOLDERS[-1]}"
            raise DataError([Problem(str(folder), what, "Name the COCO file (JSON) that says where the objects are.")])
        return self.file(files[0], key)

    def file(self, path: Path, key: str) -> Table:
        """A COCO file, or a table with a column of objects.

        Raises:
            DataError: it is neither, or nothing in it can be used. Other problems are those of the table.
        """
        check_file(path, key)
        if path.suffix.lower() == ".json":
            content = _parsed(path, decode(path))
            if content is not None:
                return _Coco(path, content, self).table()
        return self._hub_table(path, read_table(path, key))

    def picture(self, path: Path, name: Any) -> Any:
        """A name that opens the picture; what is no text stays."""
        base = path.parent if self.root is None else Path(self.root)
        return str(base / name) if isinstance(name, str) and name.strip() else name

    def _hub_table(self, path: Path, table: Table) -> Table:
        roles = {"image": _first(table, IMAGE_COLUMNS), "objects": _first(table, OBJECT_COLUMNS)}
        findings = Findings()
        objects = []
        for row, value in enumerate(table.column(roles["objects"])):
            annotations, fault = _objects(value)
            if fault:
                place, remedy = table.place(row, roles["objects"]), 'Expected {"bbox": [[...]], "category": [...]}.'
                findings.add("objects that cannot be read", table.source, Problem(place, fault, remedy), row)
            objects.append({"annotations": annotations})
        named = [roles["image"], *(name for name in self.variants if table.has(name))]
        columns = {name: Column.of(self.picture(path, value) for value in table.column(name)) for name in named}
        named_roles = {"image": roles["image"], "objects": "objects"}
        if self.cluster is not None and table.has(self.cluster):
            columns[self.cluster], named_roles["cluster"] = table.column(self.cluster), self.cluster
        return Table(
            source=table.source,
            columns={**columns, "objects": Column.of(objects)},
            rows=table.rows,
            notes=table.notes,
            places=[table.place(row) for row in range(table.rows)],
            noun="picture",
            roles=named_roles,
            problems=tuple(findings.problems()),
        )


def _first(table: Table, names: Sequence[str]) -> str:
    """The first of some columns that is there."""
    for name in names:
        if name in table.columns:
            return name
    remedy = "Expected a COCO file, or a table with image and objects."
    raise DataError([no_column(table, " or ".join(map(repr, names)), remedy)])


def _parsed(path: Path, text: str) -> dict[str, Any] | None:
    """The content of a COCO file; None where it is a table of JSON lines."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        first = text.lstrip().split("\n", 1)[0]
        if text.lstrip().count("\n") and _is_object(first):
            return None
        place = f", line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        remedy = "Write it again; a file that ends too early was cut off."
        raise DataError([Problem(f"{path}{place}", f"this is not JSON: {reason}", remedy)]) from None
    wanted = ("images", "annotations", "categories")
    if isinstance(content, dict) and not set(wanted) & set(content):
        return None
    lists = isinstance(content, dict) and all(isinstance(content.get(name), list) for name in wanted)
    if not lists:
        held = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        what = f"expected the lists images, annotations and categories, given {held or 'an empty object'}"
        raise DataError([Problem(str(path), what, "Write it as COCO does: an object with these three lists.")])
    return content


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


class _Coco:
    """One COCO file becomes a table; everything that is wrong with it, but for boxes and pictures, is collected."""

    def __init__(self, path: Path, content: Mapping[str, Any], reading: Reading):
        self.path, self.content, self.reading = path, content, reading
        self.findings = Findings()

    def table(self) -> Table:
        names = self._categories()
        self.reading.categories[str(self.path)] = names
        images = self._unique("images", "image", lambda one: isinstance(one.get("file_name"), str))
        objects: dict[Any, list[dict[str, Any]]] = {number: [] for number in images}
        for number, one in self._unique("annotations", "annotation", lambda one: True).items():
            where = f"{self.path}, annotation {number}"
            image, category = one.get("image_id"), one.get("category_id")
            if not _is_among(image, objects):
                what = f"there is no image with the id {shorten(image)} (image_id)"
                self._add("annotations of unknown images", where, what, "Add the image or remove the annotation.")
            elif not _is_among(category, names):
                what = f"there is no category with the id {shorten(category)} (category_id)"
                self._add("annotations of unknown categories", where, what, "Add it to categories, or correct it.")
            else:
                kept = {key: one[key] for key in KEPT if one.get(key) is not None}
                about = {"id": number, "bbox": one.get("bbox"), "category": names[category], **kept}
                objects[image].append(about)
        if not images:
            if not self.content["images"]:
                self._add("no images", str(self.path), "images is empty", "Name a file with images.")
            self.findings.stop()
        rows = [
            {"width": one.get("width"), "height": one.get("height"), "annotations": objects[number]}
            for number, one in images.items()
        ]
        columns: dict[str, Any] = {"file_name": self._names(images, "file_name"), "objects": Column.of(rows)}
        for key in self.reading.variants:
            if any(key in one for one in images.values()):
                columns[key] = self._names(images, key)
        places = [f"{self.path}, image {number} ({shorten(one['file_name'])})" for number, one in images.items()]
        roles = {"image": "file_name", "objects": "objects"}
        cluster = self.reading.cluster
        if cluster is not None and any(cluster in one for one in images.values()):
            columns[cluster], roles["cluster"] = [one.get(cluster) for one in images.values()], cluster
        problems = tuple(self.findings.problems())
        return Table(str(self.path), columns, len(rows), None, (), places, "picture", roles, problems)

    def _names(self, images: Mapping[Any, Mapping[str, Any]], key: str) -> list[Any]:
        return [self.reading.picture(self.path, one.get(key)) for one in images.values()]

    def _categories(self) -> dict[int, str]:
        categories = self._unique("categories", "category", lambda one: isinstance(one.get("name"), str))
        names, first = {}, {}
        for number in sorted(categories):
            name = categories[number]["name"]
            if name in first:
                where, what = f"{self.path}, category {number}", f"{name!r} is also the name of category {first[name]}"
                self._add("categories with the same name", where, what, "Give each category a name of its own.")
            first.setdefault(name, number)
            names[number] = name
        if not names:
            self._add("no categories", str(self.path), "categories is empty", "List the categories, each id and name.")
        return names

    def _unique(self, key: str, noun: str, is_right: Callable[[Mapping[str, Any]], bool]) -> dict[int, Any]:
        """Entries of a list by their ids; those that are not right or have the id of an earlier one are problems."""
        entries: dict[int, Any] = {}
        expected = {"images": "an id and a file_name", "categories": "an id and a name"}.get(key, "an id")
        for place, one in enumerate(self.content[key]):
            right = isinstance(one, dict) and _is_id(one.get("id")) and is_right(one)
            if not right:
                where, what = (
                    f"{self.path}, {key}[{place}]",
                    f"expected {expected} (a whole number), found {shorten(one)}",
                )
                self._add(f"entries of {key} that cannot be used", where, what, "Correct or remove it.")
            elif one["id"] in entries:
                where, what = f"{self.path}, {noun} {one['id']}", f"another {noun} has the same id ({key}[{place}])"
                self._add(f"{key} with the id of another", where, what, "Give each an id of its own.")
            else:
                entries[one["id"]] = one
        return entries

    def _add(self, kind: str, where: str, what: str, remedy: str) -> None:
        name = where.removeprefix(str(self.path)).lstrip(", ")
        self.findings.add(kind, str(self.path), Problem(where, what, remedy), name or None)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_among(value: Any, names: Mapping[int, Any]) -> bool:
    return _is_id(value) and value in names


def _objects(value: Any) -> tuple[list[dict[str, Any]], str]:
    """Annotations of a picture in the layouts of hub data sets, and what is wrong with them, if anything is."""
    if isinstance(value, Mapping):
        lengths = {name: len(column) for name, column in value.items() if isinstance(column, list | tuple)}
        if len(set(lengths.values())) > 1:
            return [], f"the lists have different lengths: {lengths}"
        n = next(iter(lengths.values()), 0)
        value = [{name: value[name][number] for name in lengths} for number in range(n)]
    if not isinstance(value, list | tuple) or not all(isinstance(one, Mapping) for one in value):
        return [], f"expected objects, found {shorten(value)}"
    rows = []
    for number, one in enumerate(value):
        category = next((one[key] for key in CATEGORY_KEYS if one.get(key) is not None), None)
        if "bbox" not in one or not isinstance(category, str | int) or not str(category).strip():
            return [], f"object {number + 1} has no bbox or no category: {shorten(dict(one))}"
        kept = {key: one[key] for key in KEPT if one.get(key) is not None}
        rows.append({"id": one.get("id", number + 1), "bbox": one["bbox"], "category": str(category), **kept})
    return rows, ""
