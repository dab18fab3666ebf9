"""Parquet files, one or several shards of one table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem


def read_parquet(paths: Sequence[Path], source: str) -> Table:
    """Read shards in the order given.

    Raises:
        DataError: a shard is not Parquet, or shards differ in their columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    shards = []
    for path in paths:
        try:
            shards.append(pq.ParquetFile(path).read())
        except (pa.ArrowException, OSError) as error:
            what = f"this is not a whole Parquet file: {' '.join(str(error).split())}"
            raise DataError([Problem(str(path), what.rstrip("."), "Write or download it again.")]) from None
    try:
        table = pa.concat_tables(shards)
    except pa.ArrowException as error:
        what = f"the shards do not have the same columns: {' '.join(str(error).split())}"
        raise DataError([Problem(source, what.rstrip("."), "Write them again from one table.")]) from None
    if table.num_rows == 0:
        raise DataError([Problem(source, "the table has no rows", "Write it again with rows.")])
    return Table(source, {name: table.column(name) for name in table.column_names}, table.num_rows)
