"""`predictions.parquet`: every answer to a test example under every condition, a row each, beside the document.

Answers are not kept while they are scored, so their rows are written as they come; memory is that of a row group.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.evaluate.predict import Answered, Sink
from maskwright.evaluate.scored import Truth
from maskwright.evaluate.sweep import Material, Plan
from maskwright.tasks.examples import Examples
from maskwright.tasks.metrics.metric import Metric
from maskwright.tasks.views import Worded
from maskwright.train.files import sync

if TYPE_CHECKING:
    import pyarrow as pa

PREDICTIONS = "predictions.parquet"

ROW_GROUP = 1 << 16
"""Rows that are held in memory before they are written."""

OF_FILES = ("image", "clip")
"""Columns of the data whose values are the files that examples are in."""


class PredictionTable:
    """A Parquet file that rows are added to.

    Args:
        path: of the file, under the name that it has while it is not whole.
    """

    def __init__(self, path: Path):
        self._path = path
        self._writer: Any = None
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def add(self, columns: Mapping[str, Any]) -> None:
        """Append rows: a value for each, or one for all of them, of every column of the schema."""
        import pyarrow as pa

        n = len(columns["example_id"])
        arrays = [_array(columns[field.name], field.type, n) for field in schema()]
        self._waiting.append(pa.RecordBatch.from_arrays(arrays, schema=schema()))
        self._rows += n
        if self._rows >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        """Write what waits, and the end of the file."""
        self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Remove the file."""
        if self._writer is not None:
            self._writer.close()
        self._path.unlink(missing_ok=True)

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, schema(), compression="zstd")
        self._writer.write_table(pa.Table.from_batches(self._waiting, schema()))
        self._waiting, self._rows = [], 0


def schema() -> pa.Schema:
    """The columns; see docs/evaluation-json.md."""
    import pyarrow as pa

    text, whole, number = pa.string(), pa.int64(), pa.float64()
    example = [("example_id", whole), ("row", whole), ("file", text), ("label", text)]
    condition = [("condition", text), ("ratio", number), ("draw", pa.int32()), ("variant", text)]
    answer = [("answer", text), ("right", pa.bool_()), ("probability", pa.float32()), ("score", number)]
    return pa.schema([*example, *condition, ("seed", whole), ("who", text), *answer])


def _array(values: Any, kind: pa.DataType, n: int) -> pa.Array:
    """A column of n values, or of one n times; what is not a number is missing."""
    import pyarrow as pa

    if values is None or isinstance(values, str | int | float):
        return pa.repeat(pa.scalar(values, kind), n)
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return pa.array(values, kind, mask=~np.isfinite(values), safe=False)
    return pa.array(values, kind)


@contextmanager
def prediction_table(path: Path, *, wanted: bool) -> Iterator[PredictionTable | None]:
    """A table that takes its place once the block has ended well, and leaves nothing if it has not.

    Args:
        path: of the table.
        wanted: whether to write one; otherwise what an earlier evaluation left there is removed, for it would not
            belong to the document beside it.
    """
    if not wanted:
        yield None
        path.unlink(missing_ok=True)
        return
    partial_path = path.with_name(f".{path.name}.partial")
    table = PredictionTable(partial_path)
    try:
        yield table
        table.close()
    except BaseException:
        table.abandon()
        raise
    sync(partial_path)
    os.replace(partial_path, path)


@dataclass(frozen=True)
class Export:
    """The rows of one model.

    Attributes:
        table: where they go; None for nowhere.
        material: the examples.
        plan: under which masks they are read.
        truth: by what answers are judged.
        who: model or twin.
        seed: of its training.
    """

    table: PredictionTable | None
    material: Material
    plan: Plan
    truth: Truth
    who: str
    seed: int

    def sink(self, variant: str | None) -> Sink | None:
        """What takes the answers to the test examples, as they are or in a variant."""
        if self.table is None:
            return None
        examples = self.material.test if variant is None else self.material.variants[variant]
        return partial(self._add, self.table, examples, variant)

    @cached_property
    def _places(self) -> dict[str, np.ndarray]:
        """Condition, ratio and draw of each trial."""
        conditions = [(None, 0.0, 0)]
        conditions += [(*condition, draw) for condition in self.plan.maskings for draw in range(self.plan.draws)]
        names, ratios, draws = zip(*conditions, strict=True)
        return {"condition": np.array(names, dtype=object), "ratio": np.array(ratios), "draw": np.array(draws)}

    @cached_property
    def _files(self) -> np.ndarray | str:
        """[N] the file of each test example where it has one of its own, else that of all of them."""
        test, section = self.material.data.test, self.material.config.data
        column = next((name for name in OF_FILES if name in test.column_names), None)
        if column is not None:
            return np.asarray(test[column][:], dtype=object)
        file = str(section.test or section.validation or section.train)
        dataset = vars(section).get("dataset")
        return file if dataset is None else f"{dataset}:{file}"

    def _add(self, table: PredictionTable, examples: Examples, variant: str | None, batch: Answered) -> None:
        task, ids, files = self.material.task, self.material.test.example_ids[batch.rows], self._files
        labels = self.material.data.labels
        words = Worded() if task.worded is None else task.worded(examples, batch.rows, batch.predictions, labels)
        table.add(
            {
                "example_id": ids,
                "row": ids + 1,
                "file": files if isinstance(files, str) else files[batch.rows],
                "label": words.references,
                **{name: values[batch.trials] for name, values in self._places.items()},
                "variant": variant,
                "seed": self.seed,
                "who": self.who,
                "answer": words.answers,
                "right": self._right(words, batch.records),
                "probability": words.probabilities,
                "score": _each(self.truth.headline, batch.records),
            }
        )

    def _right(self, words: Worded, records: Mapping[str, np.ndarray]) -> np.ndarray | None:
        """[B] bool: as the task says it, else by a metric that counts right answers."""
        if words.right is not None or self.truth.right is None:
            return words.right
        each = _each(self.truth.right, records)
        return None if each is None else each > 0.5


def _each(metric: Metric, records: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """[B] a metric of every example on its own; None of one that takes all draws of an example together."""
    statistic = metric.statistic
    return None if statistic.pooled else metric.each(statistic.summable(records[statistic.name][None]))
