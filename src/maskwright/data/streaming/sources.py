"""Where the rows of a stream come from, one after the other in one order, from any place on."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from maskwright.data.readers.hub import named_classes
from maskwright.data.readers.table_file import check_file
from maskwright.data.streaming.shards import DAMAGED, Raw, Shard, kind_of, reason
from maskwright.errors import DataError, Problem


def expand(sources: str | Sequence[str], key: str = "data.train") -> tuple[str, ...]:
    """The shards that a configuration names: files, patterns with `*`, and addresses, in order.

    Files that a pattern finds are sorted by name.

    Args:
        sources: one, or several.
        key: the configuration key that names them, for messages.

    Raises:
        DataError: a file does not exist, a pattern finds none, or a name does not say what the file holds.
    """
    shards: list[str] = []
    problems: list[Problem] = []
    for source in [sources] if isinstance(sources, str) else sources:
        try:
            shards += _matching(source, key)
        except DataError as error:
            problems += error.problems
    for shard in shards:
        try:
            kind_of(shard)
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)
    return tuple(shards)


def _matching(source: str, key: str) -> list[str]:
    is_pattern = glob.has_magic(source)
    if "://" in source:
        if not is_pattern:
            return [source]
        import fsspec

        system, path = fsspec.core.url_to_fs(source)
        matches = sorted(system.unstrip_protocol(one) for one in system.glob(path))
    elif is_pattern:
        matches = sorted(one for one in glob.glob(source, recursive=True) if Path(one).is_file())
    else:
        check_file(Path(source), key)
        return [source]
    if not matches:
        what = f"no file has a name like this ({key})"
        raise DataError([Problem(source, what, f"Correct the pattern; paths are taken from {Path.cwd()}.")])
    return matches


class FileRows:
    """The rows of shards of files.

    Args:
        shards: their names, in order.
        state: where to begin, as `state` gave it; None for the first row of the first.
        columns: of Parquet, the only ones to read; None for all.
        skip_damaged: whether what cannot be read of a shard is left out and counted, instead of raising a `DataError`.

    Attributes:
        damaged: shards that could not be read to their ends.
    """

    def __init__(
        self,
        shards: tuple[str, ...],
        state: Mapping[str, Any] | None = None,
        *,
        columns: tuple[str, ...] | None = None,
        skip_damaged: bool = False,
    ):
        self.shards, self.columns, self.skip_damaged = shards, columns, skip_damaged
        self.damaged = 0
        state = state or {"shard": 0, "place": None}
        self._number, self._place = state["shard"], state["place"]
        self._open: Shard | None = None

    @property
    def state(self) -> dict[str, Any]:
        """Where the next row is; goes into JSON."""
        return {"shard": self._number, "place": self._place if self._open is None else self._open.state}

    def take(self, number: int) -> list[Raw]:
        """The next rows; fewer only at the end.

        Raises:
            DataError: a shard is missing, ends too early, or is damaged; names it and the last row that was read.
        """
        rows: list[Raw] = []
        while len(rows) < number and self._number < len(self.shards):
            name = self.shards[self._number]
            try:
                self._open = self._open or Shard(name, self._place, self.columns)
                for row in islice(self._open, number - len(rows)):
                    rows.append(row)
                if len(rows) == number:
                    return rows
            except DAMAGED as error:
                if not self.skip_damaged:
                    raise self._problem(name, error) from None
                self.damaged += 1
            self.close()
            self._number, self._place = self._number + 1, None
        return rows

    def close(self) -> None:
        """Close the open shard."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _problem(self, name: str, error: BaseException) -> DataError:
        if isinstance(error, DataError):
            return error
        if isinstance(error, FileNotFoundError):
            return DataError([Problem(name, "the shard does not exist", "Write it again, or take it off the list.")])
        where = name if self._open is None else f"{name}, after row {self._open.row}"
        what = f"the shard cannot be read on: {reason(error)}"
        remedy = "Write or download it again; data.skip_damaged: true leaves the rest of it out and counts it."
        return DataError([Problem(where, what, remedy)])


class HubRows:
    """The rows of a hub data set in streaming mode, a window at a time.

    The library knows where it is; going on from a state reads the begun shard again from its beginning, as far as the
    format makes it.

    Args:
        dataset: name on the hub, or of a local folder, with `:` before a configuration's name.
        split: its name.
        window: rows that are taken at a time.
        state: where to begin, as `state` gave it; None for the first row.
    """

    def __init__(self, dataset: str, split: str, window: int, state: Mapping[str, Any] | None = None):
        import datasets

        name, _, configuration = dataset.partition(":")
        self.source, self.damaged = f"{dataset}:{split}", 0
        try:
            loaded = datasets.load_dataset(name, configuration or None, split=split, streaming=True)
        except (ConnectionError, FileNotFoundError, ValueError, RuntimeError, OSError) as error:
            what = f"the data set cannot be opened as a stream: {reason(error)}"
            raise DataError(
                [Problem(self.source, what, "Check data.dataset and data.train, or the network.")]
            ) from None
        self._features = loaded.features or {}
        self._stream = loaded.with_format("arrow")
        self._before = 0
        if state is not None:
            self._stream.load_state_dict(state["library"])
            self._before = state["row"]
        self._tables = self._stream.iter(batch_size=window)
        self._state = self._now()

    @property
    def state(self) -> dict[str, Any]:
        """Where the next window begins; goes into JSON."""
        return self._state

    def take(self, number: int) -> list[Raw]:
        """The next window, of `number` rows, as many as were asked for when this was made; fewer only at the end."""
        del number
        try:
            table: Any = next(self._tables, None)
        except DAMAGED as error:
            what = f"the data set cannot be read on after row {self._before}: {reason(error)}"
            raise DataError([Problem(self.source, what, "Try again, or write it again.")]) from None
        if table is None:
            return []
        batch = self._with_names(table)
        rows = [Raw(self.source, self._before + i + 1, None, (batch, i), "parquet") for i in range(table.num_rows)]
        self._before += table.num_rows
        self._state = self._now()
        return rows

    def close(self) -> None:
        """Nothing is held open."""

    def _now(self) -> dict[str, Any]:
        return {"library": self._stream.state_dict(), "row": self._before}

    def _with_names(self, table: Any) -> Any:
        import pyarrow as pa

        columns = {
            name: named_classes(table.column(name), self._features.get(name)).cells for name in table.column_names
        }
        return pa.table(columns)
