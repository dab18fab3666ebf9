"""A hash of the values of tables: the same on every machine, however Arrow cuts them into chunks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.data.arrow import compute

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = "2"
"""Changes whenever the same values get another fingerprint."""

Blocks = Iterable["pa.Array"]


def fingerprint(splits: Mapping[str, Mapping[str, Blocks]], meaning: Any) -> str:
    """Hash tables and what they mean.

    Args:
        splits: name of a split -> name of a column -> its values, block by block.
        meaning: what else has to be the same; anything JSON can write.

    Returns:
        The version, a colon, and a SHA-256 in hexadecimal digits.

    >>> import pyarrow as pa
    >>> whole, parts = [pa.array(["a", "bc", None])], [pa.array(["a"]), pa.array(["bc", None])]
    >>> fingerprint({"train": {"text": whole}}, {}) == fingerprint({"train": {"text": parts}}, {})
    True
    """
    digest = hashlib.sha256(json.dumps([VERSION, meaning]).encode())
    for name, columns in splits.items():
        for column, blocks in columns.items():
            digest.update(json.dumps([name, column]).encode())
            digest.update(_of_column(blocks))
    return f"{VERSION}:{digest.hexdigest()}"


def _of_column(blocks: Blocks) -> bytes:
    streams: dict[str, Any] = {}
    for block in blocks:
        _update(streams, "", block)
    digest = hashlib.sha256()
    for path in sorted(streams):
        digest.update(f"{path} {streams[path].hexdigest()}\n".encode())
    return digest.digest()


def _update(streams: dict[str, Any], path: str, array: pa.Array) -> None:
    """Add an array to the hashes of what it is made of: which values are there, lengths, contents.

    Each of these is one run of bytes over all blocks, so that where a block ends makes no difference.
    """
    import pyarrow as pa

    def add(part: str, content: Any) -> None:
        streams.setdefault(f"{path}/{part}", hashlib.sha256()).update(content)

    kind = array.type
    add("there", np.asarray(array.is_valid()).view(np.uint8))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        add("length", _int64(compute().fill_null(compute().list_value_length(array), 0)))
        _update(streams, f"{path}/item", array.flatten())
    elif pa.types.is_struct(kind):
        for field, values in zip(kind, array.flatten(), strict=True):
            _update(streams, f"{path}/{field.name}", values)
    elif pa.types.is_boolean(kind):
        add("truth", np.asarray(compute().fill_null(array, False)).view(np.uint8))
    elif pa.types.is_integer(kind):
        add("whole", _int64(compute().fill_null(array, 0)))
    elif pa.types.is_floating(kind):
        add("number", np.asarray(compute().fill_null(array.cast(pa.float64()), 0.0)).astype("<f8"))
    elif not pa.types.is_null(kind):
        is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
        values = array.cast(pa.large_binary() if is_bytes else pa.large_string())
        values = compute().fill_null(values, b"" if is_bytes else "")
        ends = np.frombuffer(values.buffers()[1], np.int64)[values.offset : values.offset + len(values) + 1]
        add("length", np.diff(ends).astype("<i8"))
        add("bytes" if is_bytes else "text", memoryview(values.buffers()[2] or b"")[ends[0] : ends[-1]])


def _int64(array: Any) -> np.ndarray:
    return np.asarray(array).astype("<i8")
