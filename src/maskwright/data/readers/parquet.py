"""Parquet files, one or several shards of one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from maskwright.data.column import Column
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 65_536
_BUFFER = 1 << 20


def read_file(path: Path, key: str) -> Table:
    """Read one file; see `read_shards`."""
    del key
    return read_shards([path], str(path))


def read_shards(paths: Sequence[Path], source: str) -> Table:
    """The table that shards hold together, in their order. A column is read when it is asked for.

    Raises:
        DataError: a shard is not Parquet, or shards differ in their columns; and later, where a column that is asked
            for is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, schemas = 0, []
    for path in paths:
        try:
            with pq.ParquetFile(path) as file:
                rows += file.metadata.num_rows
                schemas.append(file.schema_arrow)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from None
    try:
        pa.concat_tables([schema.empty_table() for schema in schemas])
    except pa.ArrowException as error:
        what = f"the shards do not have the same columns: {' '.join(str(error).split())}"
        raise DataError([Problem(source, what.rstrip("."), "Write them again from one table.")]) from None
    if rows == 0:
        raise DataError([Problem(source, "the table has no rows", "Write it again with rows.")])
    return Table(source, ParquetColumns(tuple(paths), tuple(schemas[0].names), tuple(schemas[0].types)), rows)


@dataclass(frozen=True)
class ParquetColumns(Mapping[str, Column]):
    """The columns of shards by their names; each is read once, when it is asked for.

    Attributes:
        paths: the shards.
        names: the header.
        types: of the columns, in Arrow.
    """

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    types: tuple[pa.DataType, ...]
    _read: dict[str, Column] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Column:
        if name not in self.names:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = self._column(name)
        return self._read[name]

    def _column(self, name: str) -> Column:
        import pyarrow as pa
        import pyarrow.parquet as pq

        chunks = []
        for path in self.paths:
            try:
                # Without a buffer that holds the whole column as it is stored, beside the column itself.
                with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
                    chunks += [batch.column(name) for batch in file.iter_batches(_BATCH, columns=[name])]
            except (pa.ArrowException, OSError) as error:
                raise _damaged(path, error) from None
        pa.default_memory_pool().release_unused()  # what decoding took beside the column
        return Column(pa.chunked_array(chunks, type=self.types[self.names.index(name)]))


def _damaged(path: Path, error: Exception) -> DataError:
    what = f"this is not a whole Parquet file: {' '.join(str(error).split())}"
    return DataError([Problem(str(path), what.rstrip("."), "Write or download it again.")])
