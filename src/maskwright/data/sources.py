"""The sources of a `data` section, read one after the other, with what is wrong with any of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from maskwright.config import DataSection
from maskwright.data.findings import Findings
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem


def read_tables(config: DataSection, read: Callable[[str, str], Table], *, are_paths: bool) -> dict[str, Table]:
    """Read the table of each split that is given.

    Args:
        config: names the sources.
        read: gives the table of (source, configuration key).
        are_paths: sources are files or folders, so that naming one twice is a mistake.

    Raises:
        DataError: with the problems of all sources.
    """
    findings, tables = Findings(), {}
    given = {"train": config.train, "validation": config.validation, "test": config.test}
    for name, source in given.items():
        if source is None:
            continue
        key = f"data.{name}"
        for earlier in tables:
            if are_paths and Path(source).exists() and Path(source).samefile(given[earlier] or ""):
                kind = "folder" if Path(source).is_dir() else "file"
                what = f"{key} is the same {kind} as data.{earlier}"
                remedy = f"What is tested must not be learned: name another {kind}."
                findings.add("files", source, Problem(source, what, remedy))
        try:
            tables[name] = read(source, key)
        except DataError as error:
            findings.extend(error)
    findings.stop()
    return tables
