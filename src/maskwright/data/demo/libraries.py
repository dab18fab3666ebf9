"""The demo's data: which library is a docstring from?

Real text that every installation has. Each text says its library's name once or more, as a page of search results
would: a shortcut that a model learns at once, and that is worth nothing when the name is missing or wrong. The test
rows name the words that give it away (`shortcut`), and have the text with another library's name (`text_swapped`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.data.demo.docstrings import descriptions, source_files
from maskwright.data.demo.library_names import ALIASES, mentions, naming_words, remove_names, swap_names
from maskwright.errors import DataError, Problem

MOST_PER_FILE = 8
LIBRARIES = 3
"""Libraries whose docstrings are told apart."""
_ALIKE = 10
"""Texts that begin with, or share, as many words in a row count as the same."""


@dataclass(frozen=True)
class Extent:
    """How much of everything.

    Attributes:
        sizes: texts wanted, over all libraries; splits are filled in this order, each from files of its own.
        words: of a text, at most: a sentence or two, enough to tell the library by, and quick to train on.
    """

    sizes: Mapping[str, int]
    words: int


PREFERRED = ("torch", "transformers", "pandas", "numpy", "sklearn", "scipy")
"""In this order, those that are installed are taken; what the first three are about differs most."""

WHOLE = Extent({"test": 600, "validation": 150, "train": 900}, words=24)
QUICK = Extent({"test": 240, "validation": 60, "train": 480}, words=16)


def build_demo_data(folder: Path, extent: Extent = WHOLE) -> dict[str, int]:
    """Write train.jsonl, validation.jsonl and test.jsonl, the same for the same versions of the libraries.

    Every row has `text`, `label` (the library) and `source` (the file); test rows also have `shortcut` (the words with
    a library's name in them) and `text_swapped` (with another library's name). Classes are of equal size; a source file
    is in one split only, and no ten words in a row are in two splits.

    Args:
        folder: where the files go.
        extent: how much of everything.

    Returns:
        Rows written, by split.

    Raises:
        DataError: fewer than three of the libraries are installed with their sources.
    """
    files = {library: source_files(library) for library in ALIASES}
    libraries = [library for library in PREFERRED if files[library]][:LIBRARIES]
    if len(libraries) < LIBRARIES:
        what = f"only {len(libraries)} of {', '.join(ALIASES)} are installed; the demo's texts are their docstrings"
        raise DataError([Problem("demo data", what, "Install them, for example: pip install 'maskwright[demo]'.")])
    source = _Source(extent, {split: round(size / len(libraries)) for split, size in extent.sizes.items()}, _Seen())
    rows = {library: source.split(library, files[library]) for library in libraries}
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for split in reversed(list(extent.sizes)):
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


@dataclass(frozen=True)
class _Source:
    """What texts are taken from source files.

    Attributes:
        extent: how much of everything.
        sizes: texts wanted of a library, by split.
        seen: texts that were taken.
    """

    extent: Extent
    sizes: Mapping[str, int]
    seen: _Seen

    def split(self, library: str, files: Sequence[tuple[str, Path]]) -> dict[str, list[dict[str, str]]]:
        """Fill the splits one after the other; a file that fills one up gives nothing to the next."""
        rows: dict[str, list[dict[str, str]]] = {split: [] for split in self.sizes}
        remaining = iter(files)
        for split, size in self.sizes.items():
            for name, path in remaining:
                rows[split] += self._rows(library, name, path, split)
                if len(rows[split]) >= size:
                    rows[split] = rows[split][:size]
                    break
        return rows

    def _rows(self, library: str, name: str, path: Path, split: str) -> Iterator[dict[str, str]]:
        number = 0
        for text in descriptions(path, most=self.extent.words):
            if number < MOST_PER_FILE and len(remove_names(text).split()) >= 5 and self.seen.admits(text, split):
                number += 1
                text = text if mentions(text, library) else f"{library}: {text}"
                yield {"text": text, "label": library, "source": name}


def _write(path: Path, rows: Sequence[Mapping[str, Any]], libraries: Sequence[str]) -> int:
    """Write rows in an order that their content decides; with shortcut and swapped text if libraries are given."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in sorted(rows, key=lambda row: _number(row["text"])):
            if libraries:
                others = [library for library in libraries if library != row["label"]]
                other = others[_number("swap " + row["text"]) % len(others)]
                row = {**row, "shortcut": naming_words(row["text"]), "text_swapped": swap_names(row["text"], other)}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return len(rows)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
