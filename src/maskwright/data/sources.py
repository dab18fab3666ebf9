"""The files or splits that a `data` section names, as tables, with what is wrong with any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from maskwright.config import DataSection
from maskwright.data.findings import Findings
from maskwright.data.readers.parallel import read_parallel
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem


def read_tables(section: DataSection, read: Callable[[str, str], Table], *, are_paths: bool) -> dict[str, Table]:
    """Read the table of each split that has a source.

    Args:
        section: names the sources. One that is a mapping of roles to files is read as parallel texts.
        read: gives the table of (source, configuration key).
        are_paths: sources are files or folders, so that naming one twice is a mistake.

    Raises:
        DataError: with the problems of all sources.
    """
    findings, tables = Findings(), {}
    sources: dict[str, Any] = {"train": section.train, "validation": section.validation, "test": section.test}
    for name, source in sources.items():
        if source is None:
            continue
        key = f"data.{name}"
        for earlier in tables:
            if are_paths and _is_same(source, sources[earlier]):
                shown = str(source)
                kind = "folder" if isinstance(source, str) and Path(source).is_dir() else "file"
                what = f"{key} is the same {kind} as data.{earlier}"
                remedy = f"What is tested must not be learned: name another {kind}."
                findings.add("files", shown, Problem(shown, what, remedy))
        if not isinstance(source, str | Mapping):
            problem = Problem(key, f"expected one file, found {len(source)}", "A list is read with data.stream: true.")
            findings.add("lists", key, problem)
            continue
        try:
            tables[name] = read_parallel(source, key) if isinstance(source, Mapping) else read(source, key)
        except DataError as error:
            findings.extend(error)
    findings.stop()
    return tables


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return Path(one).exists() and Path(other).exists() and Path(one).samefile(other)
    return one == other
