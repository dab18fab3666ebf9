"""A stream with its first rows checked as a table, before anything slow begins."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from maskwright.data.checked import CheckedData
from maskwright.data.clusters import with_cluster
from maskwright.data.column import RowsBuilder
from maskwright.data.findings import Findings
from maskwright.data.loading import Check, Reading
from maskwright.data.readers.hub import read_split
from maskwright.data.readers.table_file import read_table
from maskwright.data.roles import Role
from maskwright.data.sources import read_tables
from maskwright.data.streaming.rows import RowReader
from maskwright.data.streaming.shards import decode
from maskwright.data.streams import Stream, expand
from maskwright.data.tables import Table
from maskwright.errors import ConfigError, DataError, Problem

HEAD = 10_000
"""Rows of a stream that are checked as a table."""


def load_stream_data(
    section: Any, roles: Sequence[Role], *, seed: int = 0, head: int = HEAD, checks: Sequence[Check] = ()
) -> CheckedData:
    r"""Open a stream, check its first rows and the other splits, and part nothing.

    Rows further on are checked as they are read: one that its role does not take raises a `DataError` that names shard
    and row, or is left out and counted (`data.skip_damaged`). Duplicates are looked for among the first rows.

    Args:
        section: with `stream: true`; see `maskwright.data.sections.TableSection`.
        roles: what to read of each row; not `others`.
        seed: of the order.
        head: rows that are checked as a table.
        checks: what else to find wrong with each split.

    Returns:
        `stream` reads training rows by role, classes as indices into `labels`; `train` holds the first of them.

    Raises:
        ConfigError: no validation is named: rows of a stream are not set aside.
        DataError: with all problems of the first rows and of the other splits.

    >>> import json, pathlib, tempfile
    >>> from maskwright.data.roles import TEXT
    >>> from maskwright.data.sections import section_of
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name, start in (("a", 0), ("b", 100), ("dev", 200)):
    ...     lines = (json.dumps({"text": f"a text, number {start + i}"}) + "\n" for i in range(100))
    ...     _ = (folder / f"{name}.jsonl").write_text("".join(lines))
    >>> section = section_of("CorpusSection", [TEXT])(
    ...     train=[f"{folder}/a.jsonl", f"{folder}/b.jsonl"], validation=f"{folder}/dev.jsonl", stream=True)
    >>> data = load_stream_data(section, [TEXT], head=50)
    >>> len(data.train), sum(1 for _ in data.stream.read(epoch=0))
    (50, 200)
    """
    if section.validation is None:
        raise ConfigError("data.validation: rows of a stream are not set aside; name a file, or a split.")
    if any(role.kind == "others" for role in roles):
        raise ConfigError("data.stream: this task passes on columns as they are and reads whole tables.")
    whole = _stream(section, seed)
    reading = Reading(section, with_cluster(section, roles), is_head=True)
    tables = {"train": _head(section, whole, head), **_others(section)}
    splits, notes = reading.splits(tables, checks)
    data = reading.assembled(splits, notes)
    present = tuple(role for role in reading.roles if role.name in data.columns)
    folder = section.paths_from or str(Path(whole.shards[0]).parent)
    rows = RowReader(present, tuple(data.columns.items()), data.labels, folder)
    return dataclasses.replace(data, stream=dataclasses.replace(whole, rows=rows))


def _stream(section: Any, seed: int) -> Stream:
    is_hub = section.dataset is not None
    shards = (str(section.train),) if is_hub else expand(section.train)
    return Stream(shards, section.dataset, section.buffer, seed, section.skip_damaged)


def _head(section: Any, stream: Stream, number: int) -> Table:
    """The first rows as a table; those that cannot be read are problems, unless they are to be left out."""
    findings, decoded, places = Findings(), [], []
    source = section.train if isinstance(section.train, str) else ", ".join(section.train)
    rows = dataclasses.replace(stream, buffer=number).open(None)
    for raw in rows.take(number):
        try:
            decoded.append(decode(raw))
            places.append(raw.where)
        except DataError as error:
            for problem in () if stream.skip_damaged else error.problems:
                findings.add("damaged rows", source, problem, raw.where)
    rows.close()
    if not places:
        findings.add("rows", source, Problem(source, "the stream holds no row (data.train)", "Write rows into it."))
    findings.stop()
    builder = RowsBuilder()
    builder.extend(decoded)
    notes = (f"the first {len(places):,} rows of the stream were checked; others are as they are read.",)
    return Table(source, builder.columns(), builder.rows, notes=notes, places=places)


def _others(section: Any) -> dict[str, Table]:
    """The tables of the other splits."""
    names = section.model_copy(update={"train": None})
    if section.dataset is None:
        return read_tables(names, read_table, are_paths=True)
    return read_tables(names, lambda split, key: read_split(section.dataset, split, key), are_paths=False)
