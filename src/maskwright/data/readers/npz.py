"""Arrays of pictures or clips in a `.npz` file: checked by their headers, read where they lie.

An element is named 'file.npz#12', or 'file.npz#name#12' where the array has another name than usual; counted from 0.
"""

from __future__ import annotations

import os
import re
import threading
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.data.findings import Findings
from maskwright.data.media.pixel_arrays import CHANNELS, MISSING, UnreadableError
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem, did_you_mean

_ELEMENT = re.compile(r"(?P<path>.*\.npz)#(?:(?P<array>[^#]+)#)?(?P<index>[0-9]+)", re.IGNORECASE | re.DOTALL)

_DAMAGED = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError)

_LARGE = 2**28
"""Bytes from which on a note says that an array is compressed."""

_one_at_a_time = threading.Lock()
"""Held while a file is opened, so that threads do not unpack it side by side."""


def _renew_lock() -> None:
    """Another thread may have held it when this process was forked off, and would never give it back."""
    global _one_at_a_time
    _one_at_a_time = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@dataclass(frozen=True)
class Wanted:
    """What to find in a file.

    Attributes:
        role: `image` or `clip`.
        array: its usual name, `images` or `clips`.
        axes: of one element without channels: 2, or 3 with frames.
        named, label: names from the configuration; None means the usual ones.
        labelled: labels must be there.
    """

    role: str
    array: str
    axes: int
    named: str | None = None
    label: str | None = None
    labelled: bool = True


@dataclass(frozen=True)
class _Header:
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype


def split_name(name: str) -> tuple[str, str | None, int] | None:
    """(file, array or None for the usual one, index) of an element's name; None if it is the name of something else.

    >>> split_name("a.npz#12"), split_name("a.npz#swapped#3"), split_name("a.png")
    (('a.npz', None, 12), ('a.npz', 'swapped', 3), None)
    """
    parts = _ELEMENT.fullmatch(name)
    return (parts["path"], parts["array"], int(parts["index"])) if parts else None


def open_element(name: str, usual: str) -> np.ndarray:
    """One element of an array, as it is stored.

    Files are opened once in each process: mapped into memory where they are not compressed, else unpacked whole. A file
    that was written anew is opened anew. No handle is kept, so processes may be forked or spawned at any time.

    Raises:
        UnreadableError: no such file, array or element.
    """
    element = split_name(name)
    if element is None:
        raise UnreadableError("names of no element", "is no name of an element", "Write it as file.npz#12.")
    path, array, index = element[0], element[1] or usual, element[2]
    try:
        status = os.stat(path)
        with _one_at_a_time:
            values = _open(path, array, status.st_mtime_ns, status.st_size)
    except FileNotFoundError:
        raise UnreadableError(MISSING, f"does not exist: no file '{path}'", "Correct it.") from None
    except _DAMAGED as error:
        what = f"cannot be read from array '{array}' of '{path}' ({_reason(error)})"
        raise UnreadableError("elements that cannot be read", what, "Write the file again.") from None
    if index >= len(values):
        what = f"does not exist: array '{array}' of '{path}' has {len(values):,} elements, counted from 0"
        raise UnreadableError("elements that do not exist", what, "Correct the number.")
    return values[index]


def read_npz(path: Path, key: str, wanted: Wanted) -> Table:
    """The names of the elements of a file, and their labels.

    Raises:
        DataError: with all that is wrong with the file: damaged, arrays missing, of another shape or type, or of
            Python objects, which can run code when they are read and never are here.
    """
    source = str(path)
    try:
        headers = _headers(source)
    except _DAMAGED as error:
        problem = Problem(source, f"this is not a whole .npz file ({_reason(error)})", f"Write it again ({key}).")
        raise DataError([problem]) from None
    array = wanted.named or wanted.array
    label = wanted.label or ("label" if "label" in headers and "labels" not in headers else "labels")
    findings = Findings()
    _check_elements(source, headers, array, wanted, findings)
    if label in headers or wanted.labelled or wanted.label is not None:
        _check_labels(source, headers, label, array, findings)
    findings.stop()
    count = headers[array].shape[0]
    columns: dict[str, Any] = {
        name: [f"{path}#{i}" if name == wanted.array else f"{path}#{name}#{i}" for i in range(count)]
        for name, header in headers.items()
        if len(header.shape) in (wanted.axes + 1, wanted.axes + 2) and header.shape[0] == count
    }
    roles = {wanted.role: array}
    if label in headers:
        with np.load(path, allow_pickle=False) as loaded:
            columns[label] = [value.decode() if isinstance(value, bytes) else value for value in loaded[label].tolist()]
        roles["label"] = label
    places = [f"{path}, {array}[{i}]" for i in range(count)]
    noun = "picture" if wanted.role == "image" else "clip"
    return Table(source, columns, count, None, _notes(source, array), places, noun, roles)


@lru_cache(maxsize=16)
def _open(path: str, array: str, mtime: int, size: int) -> np.ndarray:
    """The whole array; `mtime` and `size` are there to tell a new file from the old one."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{array}.npy") as stream:
        header = _header(stream)
        if header.dtype.hasobject:
            raise ValueError("it holds Python objects, which are not read")
        member = archive.getinfo(f"{array}.npy")
        skipped = stream.tell()
    if member.compress_type != zipfile.ZIP_STORED:
        with np.load(path, allow_pickle=False) as loaded:
            return loaded[array]
    with open(path, "rb") as file:
        # A member's data follow a header of 30 bytes, its name and its extra field, whose sizes end the header.
        file.seek(member.header_offset + 26)
        lengths = file.read(4)
    start = member.header_offset + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    return np.memmap(path, header.dtype, "r", start + skipped, header.shape, "F" if header.fortran else "C")


def _headers(path: str) -> dict[str, _Header]:
    with zipfile.ZipFile(path) as archive:
        headers = {}
        for name in archive.namelist():
            if name.endswith(".npy"):
                with archive.open(name) as stream:
                    headers[name.removesuffix(".npy")] = _header(stream)
    return headers


def _header(stream: Any) -> _Header:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return _Header(*read(stream))


def _notes(source: str, array: str) -> tuple[str, ...]:
    with zipfile.ZipFile(source) as archive:
        member = archive.getinfo(f"{array}.npy")
    if member.compress_type == zipfile.ZIP_STORED or member.file_size < _LARGE:
        return ()
    size = f"{member.file_size / 2**30:.1f} GiB"
    return (
        f"{source}: '{array}' is compressed, so every process holds it unpacked in memory ({size}); saved by np.savez, "
        "it is read from where it lies.",
    )


def _check_elements(source: str, headers: dict[str, _Header], array: str, wanted: Wanted, findings: Findings) -> None:
    names = (
        "[N, row, col], perhaps with channels" if wanted.axes == 2 else "[N, frame, row, col], perhaps with channels"
    )
    header = headers.get(array)
    if header is None:
        what = f"there is no array '{array}' (data.{wanted.role}); the file holds {_listed(headers)}"
        hint = did_you_mean(array, headers)
        remedy = (
            hint
            if hint.startswith("Did")
            else f"Save the {wanted.array} as '{wanted.array}', or set data.{wanted.role}."
        )
        findings.add("arrays", source, Problem(source, what, remedy))
        return
    if header.dtype.hasobject:
        what = f"array '{array}' holds Python objects, which can run code when they are read"
        findings.add("arrays", source, Problem(source, what, "Save one array of uint8; all elements of one size."))
    elif header.dtype != np.uint8 and not np.issubdtype(header.dtype, np.floating):
        what = f"array '{array}' is of type {header.dtype}"
        remedy = "Save uint8 from 0 to 255, or floating-point numbers from 0 to 1."
        findings.add("arrays", source, Problem(source, what, remedy))
    elif len(header.shape) not in (wanted.axes + 1, wanted.axes + 2):
        problem = Problem(source, f"array '{array}' has the shape {header.shape}", f"Expected {names}.")
        findings.add("arrays", source, problem)
    elif 0 in header.shape:
        problem = Problem(source, f"array '{array}' is empty: its shape is {header.shape}", "Write it again.")
        findings.add("arrays", source, problem)
    elif len(header.shape) == wanted.axes + 2 and header.shape[-1] not in CHANNELS:
        what = f"array '{array}' has the shape {header.shape}, whose last axis is not one of 1, 3 or 4 channels"
        first = header.shape[-3] in CHANNELS
        remedy = f"Channels go last: np.moveaxis({array}, -3, -1)." if first else f"Expected {names}."
        findings.add("arrays", source, Problem(source, what, remedy))


def _check_labels(source: str, headers: dict[str, _Header], label: str, array: str, findings: Findings) -> None:
    header, elements = headers.get(label), headers.get(array)
    if header is None:
        what = f"there is no array '{label}' (data.label); the file holds {_listed(headers)}"
        problem = Problem(source, what, "Save the class of each element as 'labels', or set data.label.")
    elif header.dtype.hasobject:
        what = f"array '{label}' holds Python objects, which can run code when they are read"
        problem = Problem(source, what, f"Save plain text or numbers: {label}=np.array({label}).astype(str).")
    elif len(header.shape) != 1:
        more = f"Of one-hot rows: {label}.argmax(1)." if len(header.shape) == 2 else "One class an element."
        problem = Problem(source, f"array '{label}' has the shape {header.shape}, expected one axis", more)
    elif elements is not None and elements.shape[:1] != header.shape:
        what = f"'{array}' has {elements.shape[0] if elements.shape else 0:,} elements, '{label}' {header.shape[0]:,}"
        problem = Problem(source, what, "There must be one label for each.")
    else:
        return
    findings.add("arrays", source, problem)


def _listed(headers: dict[str, _Header]) -> str:
    return ", ".join(f"'{name}'" for name in headers) or "no array"


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
