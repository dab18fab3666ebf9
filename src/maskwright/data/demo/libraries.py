"""The demo's data: which library is a docstring from?

Real text that every installation has. Each text says its library's name once or more, as a page of search results
would: a shortcut that a model learns at once, and that is worth nothing when the name is missing or wrong. The test
rows have both variants, `text_removed` and `text_swapped`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from maskwright.data.demo.docstrings import descriptions, source_files
from maskwright.data.demo.library_names import ALIASES, mentions, remove_names, swap_names
from maskwright.errors import DataError, Problem

SIZES = {"test": 600, "validation": 150, "train": 1000}
"""Texts wanted, over all libraries; splits are filled in this order, each from files of its own."""

MOST_PER_FILE = 8
MOST_WORDS = 24
"""A sentence or two: enough to tell the library by, and quick to train on."""
FEWEST_LIBRARIES = 3
_ALIKE = 10
"""Texts that begin with, or share, as many words in a row count as the same."""


def build_demo_data(folder: Path) -> dict[str, int]:
    """Write train.jsonl, validation.jsonl and test.jsonl, the same for the same versions of the libraries.

    Every row has `text`, `label` (the library) and `source` (the file); test rows also have `text_removed` (without
    any library's name) and `text_swapped` (with another library's name). Classes are of equal size; a source file is in
    one split only, and no ten words in a row are in two splits.

    Returns:
        Rows written, by split.

    Raises:
        DataError: fewer than three of the libraries are installed with their sources.
    """
    files = {library: source_files(library) for library in ALIASES}
    libraries = [library for library in ALIASES if files[library]]
    if len(libraries) < FEWEST_LIBRARIES:
        what = f"only {len(libraries)} of {', '.join(ALIASES)} are installed; the demo's texts are their docstrings"
        raise DataError([Problem("demo data", what, "Install them, for example: pip install 'maskwright[demo]'.")])
    seen = _Seen()
    sizes = {split: round(size / len(libraries)) for split, size in SIZES.items()}
    rows = {library: _split(library, files[library], sizes, seen) for library in libraries}
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for split in reversed(SIZES):
        each = min(len(rows[library][split]) for library in libraries)
        chosen = [row for library in libraries for row in rows[library][split][:each]]
        written[split] = _write(folder / f"{split}.jsonl", chosen, libraries if split == "test" else ())
    return written


class _Seen:
    """Runs of words that texts have, each with the only split it may be in."""

    def __init__(self) -> None:
        self.beginnings: set[str] = set()
        self.owner: dict[str, str] = {}

    def admits(self, text: str, split: str) -> bool:
        """Whether a text, its names left out, is new, and like no text of another split; if so it is kept in mind."""
        words = remove_names(text).casefold().split()
        runs = [" ".join(words[i : i + _ALIKE]) for i in range(max(1, len(words) - _ALIKE + 1))]
        if runs[0] in self.beginnings or any(self.owner.get(run, split) != split for run in runs):
            return False
        self.beginnings.add(runs[0])
        self.owner.update(dict.fromkeys(runs, split))
        return True


def _split(library: str, files: Sequence[tuple[str, Path]], sizes: dict[str, int], seen: _Seen) -> dict[str, list]:
    """Fill the splits one after the other; a file that fills one up gives nothing to the next."""
    rows: dict[str, list] = {split: [] for split in sizes}
    remaining = iter(files)
    for split, size in sizes.items():
        for name, path in remaining:
            rows[split] += _rows(library, name, path, split, seen)
            if len(rows[split]) >= size:
                rows[split] = rows[split][:size]
                break
    return rows


def _rows(library: str, name: str, path: Path, split: str, seen: _Seen) -> Iterator[dict[str, str]]:
    number = 0
    for text in descriptions(path, most=MOST_WORDS):
        if number < MOST_PER_FILE and len(remove_names(text).split()) >= 5 and seen.admits(text, split):
            number += 1
            text = text if mentions(text, library) else f"{library}: {text}"
            yield {"text": text, "label": library, "source": name}


def _write(path: Path, rows: Sequence[dict[str, str]], libraries: Sequence[str]) -> int:
    """Write rows in an order that their content decides; with variants if other libraries are given."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in sorted(rows, key=lambda row: _number(row["text"])):
            if libraries:
                others = [library for library in libraries if library != row["label"]]
                other = others[_number("swap " + row["text"]) % len(others)]
                removed, swapped = remove_names(row["text"]), swap_names(row["text"], other)
                row = row | {"text_removed": removed, "text_swapped": swapped}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return len(rows)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
