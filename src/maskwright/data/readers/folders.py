"""Folders of pictures or of clips, with a sub-folder for each class."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maskwright.data.findings import Findings
from maskwright.data.media.numeric_order import natural_order
from maskwright.data.media.pictures import EXTENSIONS
from maskwright.data.readers.table_file import extensions
from maskwright.data.tables import Table
from maskwright.errors import Problem

_LEFT_BY_SYSTEMS = {"thumbs.db", "desktop.ini", "__macosx"}

_SPLITS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}

_VIDEOS = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v"}

_LISTED = 5

FRAMES = "Videos are read as folders of frames; write them with: ffmpeg -i clip.mp4 clip/%05d.png"


def read_picture_folder(folder: Path, key: str, *, labelled: bool) -> Table:
    """The pictures below a folder; the first folder on the way to each is its class.

    Pictures can be looked at although other things are wrong with the folder, which are then `problems` of the table.
    Hidden files and those that operating systems leave behind are skipped; other files that are no pictures by their
    extension are left out, which a note says.

    Raises:
        DataError: with all that is wrong, if there is no picture to look at.
    """
    return _Reading(folder, key, labelled).pictures()


def read_clip_folder(folder: Path, key: str, *, labelled: bool) -> Table:
    """The folders of frames below a folder; the first folder on the way to each is its class.

    Raises:
        DataError: as `read_picture_folder`.
    """
    return _Reading(folder, key, labelled).clips()


def frames_of(folder: Path) -> list[Path]:
    """The pictures right in a folder, in their natural order: 2.png before 10.png."""
    files = (entry for entry in folder.iterdir() if _is_picture(entry) and not _is_skipped(entry.name))
    return sorted(files, key=lambda path: natural_order(path.name))


class _Reading:
    """One walk through a folder, with what is wrong on the way."""

    def __init__(self, folder: Path, key: str, labelled: bool):
        self.folder = folder
        self.key = key
        self.labelled = labelled
        self.findings = Findings()
        self.files: list[Path] = []
        self.others: list[Path] = []
        self.classes: list[str] = []
        self.folders: list[Path] = []
        try:
            self._walk()
        except PermissionError as error:
            self._add("closed folders", Problem(str(error.filename), "this folder may not be read", "Open it."))

    def pictures(self) -> Table:
        top = [path for path in self.files if path.parent == self.folder]
        if self.labelled:
            for path in top if self.classes else []:
                problem = Problem(str(path), "the picture lies beside the class folders", "Move it into one of them.")
                self._add("pictures beside the class folders", problem)
            self._check_classes("its pictures", bool(top))
            return self._table("image", "picture", [path for path in self.files if path.parent != self.folder])
        return self._table("image", "picture", self.files)

    def clips(self) -> Table:
        folders = dict.fromkeys(path.parent for path in self.files)
        deepest = 1 if self.labelled else 0
        clips = []
        for folder in folders:
            if len(folder.relative_to(self.folder).parts) > deepest:
                clips.append(folder)
                continue
            expected = "<class>/<clip>/<frames>" if self.labelled else "<clip>/<frames>"
            what = f"there are frames right in this folder; expected {self.folder}/{expected}"
            self._add("folders with frames", Problem(str(folder), what, "Give each clip a folder of its own."))
        inner = {folder.parent for folder in self.folders}
        for folder in self.folders:
            is_clip = len(folder.relative_to(self.folder).parts) > deepest and folder not in inner
            if is_clip and folder not in folders:
                problem = Problem(str(folder), "the clip folder has no frames", f"Fill or remove it. {FRAMES}")
                self._add("clip folders without frames", problem)
        if self.labelled and (self.classes or self.folder not in folders):
            self._check_classes("its clips, each a folder of frames", self.folder in folders)
        return self._table("clip", "clip", clips)

    def _table(self, role: str, noun: str, paths: list[Path]) -> Table:
        source = str(self.folder)
        if not paths and not self.findings:
            self._add("nothing", Problem(source, f"there is no {noun} in this folder ({self.key})", self._hint()))
        if not paths:
            self.findings.stop()
        labels = [self._class_of(path) for path in paths]
        places = [str(path) for path in paths]
        columns: dict[str, list[Any]] = {role: places}
        roles = {role: role}
        if self.labelled or any(label is not None for label in labels):
            columns["label"], roles["label"] = labels, "label"
        problems = tuple(self.findings.problems())
        return Table(source, columns, len(paths), None, self._notes(), places, noun, roles, problems)

    def _class_of(self, path: Path) -> str | None:
        parts = path.relative_to(self.folder).parts
        # Some systems write é as e and an accent; the class is the same.
        return unicodedata.normalize("NFC", parts[0]) if len(parts) > 1 else None

    def _check_classes(self, content: str, has_top: bool) -> None:
        source, expected = str(self.folder), f"Expected a folder for each class, with {content}."
        if not self.classes:
            if has_top or not self.others:
                what = f"there are no sub-folders ({self.key})"
                self._add("no classes", Problem(source, what, f"{expected}{self._tables()}"))
        elif {name.lower() for name in self.classes} <= _SPLITS:
            listed = ", ".join(self.classes)
            what = f"the sub-folders ({listed}) are called as splits are, and would be taken for classes"
            self._add("classes", Problem(source, what, f"Set {self.key}: {self.folder / self.classes[0]}, and so on."))
        else:
            filled = {path.relative_to(self.folder).parts[0] for path in self.files}
            for name in self.classes:
                if name not in filled:
                    problem = Problem(str(self.folder / name), "the class folder has no picture", "Fill or remove it.")
                    self._add("empty class folders", problem)

    def _walk(self) -> None:
        for path, is_folder in _below(self.folder, set()):
            try:
                str(path).encode()
            except UnicodeEncodeError:
                what = "the name holds bytes that are not UTF-8"
                problem = Problem(os.fsencode(path).decode("utf-8", "replace"), what, "Rename it.")
                self._add("names that are not UTF-8", problem)
                continue
            if is_folder:
                self.folders.append(path)
                if path.suffix.lower() in EXTENSIONS:
                    what = "this is a folder, though its name ends as a picture's"
                    self._add("folders named as pictures", Problem(str(path), what, "Rename it."))
                if path.parent == self.folder:
                    self.classes.append(path.name)
            else:
                (self.files if _has_extension(path) else self.others).append(path)

    def _notes(self) -> tuple[str, ...]:
        if not self.others:
            return ()
        names = [str(path.relative_to(self.folder)) for path in self.others]
        listed = ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")
        files = "1 file is left out, as its" if len(names) == 1 else f"{len(names):,} files are left out, as their"
        return (f"{self.folder}: {files} extension is no picture's: {listed}.",)

    def _hint(self) -> str:
        if any(path.suffix.lower() in _VIDEOS for path in self.others):
            return FRAMES
        return f"Known extensions: {', '.join(EXTENSIONS)}.{self._tables()}"

    def _tables(self) -> str:
        # A .txt file beside pictures is rarely a table of them.
        kinds = {*extensions(), ".npz"} - {".txt"}
        tables = [path for path in self.others if path.suffix.lower() in kinds]
        return f" Or set {self.key}: {tables[0]}" if tables else ""

    def _add(self, kind: str, problem: Problem) -> None:
        source = str(self.folder)
        self.findings.add(kind, source, problem, problem.where.removeprefix(source).lstrip("/\\"))


def _below(folder: Path, entered: set[str]) -> Iterator[tuple[Path, bool]]:
    """(path, is a folder) of everything below a folder, sorted; links that lead in circles are followed once."""
    entered = entered | {os.path.realpath(folder)}
    for path in sorted(folder.iterdir()):
        if _is_skipped(path.name):
            continue
        if not path.is_dir():
            yield path, False
        elif os.path.realpath(path) not in entered:
            yield path, True
            yield from _below(path, entered)


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LEFT_BY_SYSTEMS


def _is_picture(path: Path) -> bool:
    return _has_extension(path) and not path.is_dir()


def _has_extension(path: Path) -> bool:
    return path.suffix.lower() in EXTENSIONS
