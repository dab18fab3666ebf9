"""From a `data` section of pictures or clips to checked splits: the way that all loaders of them go."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.config import DataSection
from maskwright.data.assembly import Content, assemble
from maskwright.data.checked import CheckedData
from maskwright.data.checks import check_across, check_all_labels, repeat_notes
from maskwright.data.columns import columns_of_all
from maskwright.data.findings import Findings, shorten
from maskwright.data.labels import class_notes
from maskwright.data.media.inspection import Look, Progress, look_at_all, look_notes
from maskwright.data.media.pictures import EXTENSIONS
from maskwright.data.media.pixel_arrays import MISSING, UnreadableError
from maskwright.data.readers.npz import Wanted, read_npz
from maskwright.data.readers.table_file import check_file, read_table
from maskwright.data.sources import read_tables
from maskwright.data.splits import Split, part
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

Name = str
"""What opens a picture or clip: a path, or 'file.npz#12'."""


@dataclass(frozen=True)
class Medium:
    """What loaders of pictures and of clips differ in.

    Attributes:
        role: `image` or `clip`, the column of names.
        noun: what one is called.
        look: looks at one by its name; raises UnreadableError.
        wanted: what to find in `.npz` files; None if they are not read.
        read_folder: gives the table of (folder, key, labelled=...); None if folders are not read.
        roles: columns, in the order in which guesses take them.
        content, contents: what two rows with the same key have in common, in the singular and plural.
        check: finds what else is wrong with a split.
        key: key of the row at a position, from the key of its pixels.
        read_table: gives the table of (file, key).
    """

    role: str
    noun: str
    look: Callable[[Name], Look]
    wanted: Wanted | None = None
    read_folder: Callable[..., Table] | None = None
    roles: tuple[str, ...] = ()
    content: str = "picture"
    contents: str = "pictures"
    check: Callable[[Split, Findings], None] = lambda split, findings: None
    key: Callable[[Split, int, bytes], bytes] = lambda split, index, pixels: pixels
    read_table: Callable[[Path, str], Table] = read_table


def silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


def load_visual_data(section: Any, medium: Medium, *, labelled: bool, on_progress: Progress) -> CheckedData:
    """Read, check and part the data; see `maskwright.data.media.images`.

    Raises:
        DataError: with all problems of all sources.
    """
    if section.root is not None and not Path(section.root).is_dir():
        what = f"there is no such folder (data.root); the path is taken from {Path.cwd()}"
        raise DataError([Problem(section.root, what, "Change data.root.")])
    tables = read_tables(section, lambda source, key: _read(source, key, medium, labelled), are_paths=True)
    optional = () if labelled else ("label",)
    columns = columns_of_all(section, tables, medium.roles, optional)
    findings = Findings()
    given = {name: _named(Split.of(name, table, columns[name]), medium, section) for name, table in tables.items()}
    names = [value for split in given.values() for values in _of_pictures(split, medium) for value in values]
    seen = look_at_all((name for name in names if _is_filled(name)), medium.look, on_progress)
    for split in given.values():
        if split.table.problems:
            findings.extend(DataError(split.table.problems))
        _check_pictures(split, medium, seen, section, findings)
        medium.check(split, findings)
    looks = {name: look for name, look in seen.items() if isinstance(look, Look)}
    given = {name: split.with_keys(_keys(split, medium, looks)) for name, split in given.items()}
    if labelled:
        check_all_labels(given, findings)
    if section.duplicates == "refuse":
        check_across(given, findings, lambda split, index: (f"this {medium.content}", medium.role))
    findings.stop()
    notes = [*dict.fromkeys(note for found in columns.values() for note in found.notes)]
    notes += [note for table in tables.values() for note in table.notes]
    notes += look_notes(looks, medium.noun) + (class_notes(given) if labelled else [])
    notes += repeat_notes(given["train"], medium.content, medium.contents)
    splits, more = part(given, section)

    def identity(content: Content) -> Content:
        pictured = [name for name in content if name == medium.role or name.startswith("variant:")]
        return content | {name: [looks[value].key.hex() for value in content[name]] for name in pictured}

    return assemble(splits, [*notes, *more], identity=identity, facts=_facts(splits, medium, looks))


def _read(source: str, key: str, medium: Medium, labelled: bool) -> Table:
    path = Path(source)
    if path.is_dir():
        if medium.read_folder is not None:
            return medium.read_folder(path, key, labelled=labelled)
        what = f"{key} is a folder, expected a table"
        raise DataError([Problem(source, what, "Name a CSV, TSV, JSONL or Parquet file with a column of paths.")])
    if path.suffix.lower() == ".npz" and medium.wanted is not None:
        check_file(path, key)
        return read_npz(path, key, medium.wanted)
    if path.suffix.lower() in (*EXTENSIONS, ".npy", ".npz") and path.is_file():
        kinds = "a table, a folder or an .npz file" if medium.wanted is not None else "a table"
        raise DataError(
            [Problem(source, f"{key} names a '{path.suffix}' file", f"Expected {kinds} of {medium.noun}s.")]
        )
    return medium.read_table(path, key)


def _named(split: Split, medium: Medium, section: Any) -> Split:
    """The same rows with names that open pictures from where the program runs; values that are no text stay."""
    if split.table.roles is not None:
        return split
    base = _base(split.table, section)

    def name(value: Any) -> Any:
        return str(base / value) if _is_filled(value) else value

    values = {role: list(map(name, v)) if role == medium.role else v for role, v in split.values.items()}
    variants = {group: list(map(name, v)) for group, v in split.variants.items()}
    return Split(split.name, split.table, split.columns, split.rows, values, split.labels, variants)


def _base(table: Table, section: Any) -> Path:
    return Path(table.source).parent if section.root is None else Path(section.root)


def _of_pictures(split: Split, medium: Medium) -> list[Sequence[Any]]:
    return [split.values[medium.role], *split.variants.values()]


def _check_pictures(
    split: Split, medium: Medium, seen: Mapping[Name, Look | UnreadableError], section: DataSection, findings: Findings
) -> None:
    columns = {split.columns.roles[medium.role]: split.values[medium.role]}
    columns |= {split.columns.variants[group]: values for group, values in split.variants.items()}
    for column, values in columns.items():
        written = split.table.values(column)
        for index, value in enumerate(values):
            shown = written[split.rows[index]]
            found = _no_name(shown, medium.noun) or seen[value]
            if isinstance(found, Look):
                continue
            # In a folder the place is the file itself.
            name = f"the {medium.noun}" if split.table.places is not None else shorten(shown)
            taken = f" Paths are taken from '{_base(split.table, section).resolve()}' (data.root)."
            remedy = found.remedy + (taken if split.table.places is None and found.kind == MISSING else "")
            problem = Problem(split.place(index, column), f"{name} {found.what}", remedy)
            findings.add(f"{found.kind} in column {column!r}", split.table.source, problem, split.row(index))


def _is_filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _no_name(value: Any, noun: str) -> UnreadableError | None:
    """What is wrong with a cell that should name a picture."""
    if _is_filled(value):
        if not value.startswith(("http://", "https://")):
            return None
        remedy = "Download the pictures and name the files."
        return UnreadableError("web addresses", "is a web address, which is not fetched", remedy)
    if value is None or isinstance(value, str):
        return UnreadableError("empty cells", f"names no {noun}", "Fill in a path or remove the row.")
    what = f"is of type {type(value).__name__}, expected the path of a {noun}"
    return UnreadableError("cells that are no paths", what, f"Write each {noun} to a file of its own and name it here.")


def _keys(split: Split, medium: Medium, looks: Mapping[Name, Look]) -> list[bytes]:
    """Keys of content; what could not be read is like nothing else."""
    keys = []
    for index, name in enumerate(split.values[medium.role]):
        look = looks.get(name) if _is_filled(name) else None
        own = hashlib.sha256(f"{split.name}:{index}".encode()).digest()
        keys.append(own if look is None else medium.key(split, index, look.key))
    return keys


def _facts(splits: Mapping[str, Split], medium: Medium, looks: Mapping[Name, Look]) -> dict[str, Any]:
    seen = {name: [looks[value] for value in split.values[medium.role]] for name, split in splits.items()}
    facts: dict[str, Any] = {
        "sizes": {name: np.array([look.size for look in found], np.int32) for name, found in seen.items()}
    }
    if medium.role == "clip":
        facts["frames"] = {name: np.array([look.frames for look in found], np.int32) for name, found in seen.items()}
    return facts
