"""From a `data` section of pictures or clips to checked splits: the way that all loaders of them go."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.data.assembly import assemble
from maskwright.data.checked import CheckedData
from maskwright.data.checks import check_across, check_all_labels, repeat_notes
from maskwright.data.clusters import check_clusters, cluster_keys, cluster_notes, with_cluster, with_cluster_names
from maskwright.data.column import Column
from maskwright.data.columns import columns_of_all
from maskwright.data.findings import Findings, shorten
from maskwright.data.keys import as_keys
from maskwright.data.label_checks import class_notes
from maskwright.data.media.inspection import Look, Progress, look_at_all, look_notes
from maskwright.data.media.pictures import EXTENSIONS
from maskwright.data.media.pixel_arrays import MISSING, UnreadableError
from maskwright.data.paths import check_root, fault_of_cell, folder_of, is_filled, joined_paths
from maskwright.data.readers.npz import Wanted, read_npz
from maskwright.data.readers.table_file import check_file, read_table
from maskwright.data.roles import Role
from maskwright.data.sources import read_tables
from maskwright.data.splits import Split, part
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

Name = str
"""What opens a picture or clip: a path, or 'file.npz#12'."""


@dataclass(frozen=True)
class Finished:
    """What a loader makes of parted splits at the end.

    Attributes:
        splits: with columns as the data set has them.
        labels: names of the classes, if the columns' own are not meant.
        notes: what the user should know besides.
        facts: what the task needs besides.
    """

    splits: Mapping[str, Split]
    labels: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Medium:
    """What loaders of pictures and of clips differ in.

    Attributes:
        role: `image` or `clip`, the column of names.
        noun: what one is called.
        look: looks at one by its name; raises UnreadableError.
        roles: columns, in the order in which guesses take them.
        wanted: what to find in `.npz` files; None if they are not read.
        read_folder: gives the table of (folder, key, labelled=...); None if folders are not read.
        content, contents: what two rows with the same key have in common, in the singular and plural.
        check: finds what else is wrong with a split.
        key: key of the row at a position, from the key of its pixels.
        read_table: gives the table of (file, key).
        finish: makes columns as the data set has them of parted splits, given the looks by name.
    """

    role: str
    noun: str
    look: Callable[[Name], Look]
    roles: tuple[Role, ...]
    wanted: Wanted | None = None
    read_folder: Callable[..., Table] | None = None
    content: str = "picture"
    contents: str = "pictures"
    check: Callable[[Split, Findings], None] = lambda split, findings: None
    key: Callable[[Split, int, bytes], bytes] = lambda split, index, pixels: pixels
    read_table: Callable[[Path, str], Table] = read_table
    finish: Callable[[Mapping[str, Split], Mapping[Name, Look]], Finished] = lambda splits, looks: Finished(splits)


def silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


def load_visual_data(section: Any, medium: Medium, *, labelled: bool, on_progress: Progress) -> CheckedData:
    """Read, check and part the data; see `maskwright.data.media.images`.

    Raises:
        DataError: with all problems of all sources.
    """
    check_root(section)
    medium = dataclasses.replace(medium, roles=with_cluster(section, medium.roles))
    tables = read_tables(section, lambda source, key: _read(source, key, medium, labelled), are_paths=True)
    columns = columns_of_all(section, tables, medium.roles)
    splits = {name: _named(name, table, medium, section, columns[name]) for name, table in tables.items()}
    names = (value for split in splits.values() for column in _of_pictures(split, medium) for value in column)
    seen = look_at_all((name for name in names if is_filled(name)), medium.look, on_progress)
    splits = {name: split.with_keys(_keys(split, medium, seen), cluster_keys(split)) for name, split in splits.items()}
    _check(splits, medium, seen, section, labelled=labelled)
    looks = {name: look for name, look in seen.items() if isinstance(look, Look)}
    notes = [*dict.fromkeys(note for one in columns.values() for note in one.notes)]
    notes += [note for table in tables.values() for note in table.notes]
    notes += look_notes(looks, medium.noun) + (class_notes(splits) if labelled else [])
    notes += repeat_notes(splits["train"], medium.content, medium.contents) + cluster_notes(splits)
    parted, more = part(splits, section)
    finished = medium.finish(parted, looks)
    return assemble(
        finished.splits,
        medium.roles,
        list(dict.fromkeys([*notes, *more, *finished.notes])),
        labels=finished.labels,
        identity={name: _pixels_of(split, medium, looks) for name, split in parted.items()},
        facts={**_facts(parted, medium, looks), **finished.facts},
    )


def _check(
    splits: Mapping[str, Split],
    medium: Medium,
    seen: Mapping[Name, Look | UnreadableError],
    section: Any,
    *,
    labelled: bool,
) -> None:
    """Raise a `DataError` with everything that is wrong."""
    findings = Findings()
    for split in splits.values():
        if split.table.problems:
            findings.extend(DataError(split.table.problems))
        _check_pictures(split, medium, seen, folder_of(split.table, section), findings)
        medium.check(split, findings)
        check_clusters(split, findings)
    if labelled:
        check_all_labels(splits, findings)
    if section.duplicates == "refuse":
        check_across(splits, findings, lambda split, index: (f"this {medium.content}", medium.role))
    findings.stop()


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


def _named(name: str, table: Table, medium: Medium, section: Any, columns: Any) -> Split:
    """All rows of a table, with names that open pictures from where the program runs."""
    split = with_cluster_names(Split.of(name, table, columns, medium.roles))
    if table.roles is not None:
        return split
    folder = folder_of(table, section)
    content = {**split.content, medium.role: joined_paths(split.content[medium.role], folder)}
    variants = {group: joined_paths(column, folder) for group, column in split.variant_columns.items()}
    return dataclasses.replace(split, content=content, variant_columns=variants)


def _of_pictures(split: Split, medium: Medium) -> list[Column]:
    return [split.content[medium.role], *split.variant_columns.values()]


def _check_pictures(
    split: Split, medium: Medium, seen: Mapping[Name, Look | UnreadableError], folder: Path, findings: Findings
) -> None:
    names = {split.columns.roles[medium.role]: split.content[medium.role]}
    names |= {split.columns.variants[group]: column for group, column in split.variant_columns.items()}
    for column, values in names.items():
        written = split.table.column(column)
        for index, (value, shown) in enumerate(zip(values, written, strict=True)):
            fault = _fault(value, shown, medium, seen)
            if fault is None:
                continue
            # In a folder the place is the file itself.
            name = f"the {medium.noun}" if split.table.places is not None else shorten(shown)
            taken = f" Paths are taken from '{folder.resolve()}' (data.root)."
            remedy = fault.remedy + (taken if split.table.places is None and fault.kind == MISSING else "")
            problem = Problem(split.place(index, column), f"{name} {fault.what}", remedy)
            findings.add(f"{fault.kind} in column {column!r}", split.table.source, problem, split.row(index))


def _fault(
    name: Any, written: Any, medium: Medium, seen: Mapping[Name, Look | UnreadableError]
) -> UnreadableError | None:
    """What is wrong with a cell or with the picture that it names."""
    fault = fault_of_cell(written, medium.noun)
    if fault is not None:
        return UnreadableError(*fault)
    look = seen[name]
    return None if isinstance(look, Look) else look


def _keys(split: Split, medium: Medium, seen: Mapping[Name, Look | UnreadableError]) -> Any:
    """Keys of content; what could not be read is like nothing else."""
    keys = bytearray()
    for index, name in enumerate(split.values(medium.role)):
        look = seen.get(name) if is_filled(name) else None
        own = hashlib.sha256(f"{split.name}:{index}".encode()).digest()
        keys += medium.key(split, index, look.key) if isinstance(look, Look) else own
    return as_keys(keys)


def _pixels_of(split: Split, medium: Medium, looks: Mapping[Name, Look]) -> dict[str, Column]:
    """Column of the data set -> the keys of its pictures, by which the fingerprint knows them."""
    names = {medium.role: split.content[medium.role]}
    names |= {f"variant:{group}": column for group, column in split.variant_columns.items()}
    # Rows that were left out may name what nobody could read.
    return {
        name: Column.of(looks[value].key if value in looks else None for value in column)
        for name, column in names.items()
    }


def _facts(splits: Mapping[str, Split], medium: Medium, looks: Mapping[Name, Look]) -> dict[str, Any]:
    seen = {name: [looks[value] for value in split.values(medium.role)] for name, split in splits.items()}
    facts: dict[str, Any] = {
        "sizes": {name: np.array([look.size for look in of_rows], np.int32) for name, of_rows in seen.items()}
    }
    if medium.role == "clip":
        facts["frames"] = {name: np.array([look.frames for look in rows], np.int32) for name, rows in seen.items()}
    return facts
