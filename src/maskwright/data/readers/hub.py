"""Splits of a data set: from the hub, or from a local folder.

The files of a local folder are read as `data.train` would be, not by the `datasets` library, which guesses types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.data.arrow import compute
from maskwright.data.column import Column
from maskwright.data.readers.parquet import read_shards
from maskwright.data.readers.table_file import extensions, read_table
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa


def read_split(dataset: str, split: str, key: str = "data.train") -> Table:
    """Read one split.

    Args:
        dataset: a local folder (saved by `save_to_disk`, or holding files called after their splits, such as
            `train.csv`, `data/train-00000-of-00002.parquet`), or a hub name, with `:` before a configuration's name
            where there are several (`nyu-mll/glue:sst2`).
        split: its name.
        key: the configuration key that names the split, for messages.

    Raises:
        DataError: there is no such data set or split, or its files cannot be read.
    """
    folder = Path(dataset)
    if folder.is_file():
        raise DataError([Problem(dataset, "data.dataset is a file", f"Remove data.dataset and set {key} to the file.")])
    if folder.is_dir():
        saved = any((folder / name).is_file() for name in ("dataset_dict.json", "state.json"))
        return _read_saved(folder, split, key) if saved else _read_folder(folder, split, key)
    return _read_hub(dataset, split, key)


def _read_folder(folder: Path, split: str, key: str) -> Table:
    files = [path for place in (folder, folder / "data") if place.is_dir() for path in sorted(place.iterdir())]
    files = [path for path in files if path.suffix.lower() in extensions()]
    whole = [path for path in files if path.stem == split]
    shards = [path for path in files if path.stem.startswith(f"{split}-") and path.suffix.lower() == ".parquet"]
    if len(whole) > 1:
        listed = ", ".join(path.name for path in whole)
        raise DataError([Problem(str(folder), f"{key}: split '{split}' could be any of {listed}", "Keep one of them.")])
    if whole:
        return read_table(whole[0], key)
    if shards:
        return read_shards(shards, f"{folder}:{split}")
    what = f"there is no file of a split '{split}' ({key})"
    names = sorted({path.stem.split("-")[0] for path in files})
    remedy = did_you_mean(split, names) if names else f"Put {split}.csv, .tsv, .jsonl or .parquet into the folder."
    raise DataError([Problem(str(folder), what, remedy)])


def _read_saved(folder: Path, split: str, key: str) -> Table:
    import datasets

    try:
        loaded = datasets.load_from_disk(str(folder))
    except (OSError, ValueError) as error:
        what = f"the saved data set cannot be read: {' '.join(str(error).split())}"
        raise DataError([Problem(str(folder), what.rstrip("."), "Save it again with save_to_disk.")]) from None
    if isinstance(loaded, datasets.DatasetDict):
        if split not in loaded:
            what = f"there is no split '{split}' ({key})"
            raise DataError([Problem(str(folder), what, did_you_mean(split, map(str, loaded)))])
        loaded = loaded[split]
    return _table(loaded, f"{folder}:{split}")


def _read_hub(dataset: str, split: str, key: str) -> Table:
    import datasets

    name, _, configuration = dataset.partition(":")
    source = f"{dataset}:{split}"
    try:
        loaded = datasets.load_dataset(name, configuration or None, split=split)
    except (ConnectionError, FileNotFoundError) as error:
        what = f"the data set could not be found or fetched ({' '.join(str(error).split())})"
        remedy = "Check the name in data.dataset, or the network; a local folder or file works without one."
        raise DataError([Problem(source, what, remedy)]) from None
    except (ValueError, RuntimeError, OSError) as error:
        what = f"the data set cannot be loaded: {' '.join(str(error).split())}"
        remedy = f"Check {key}; where a data set has several configurations, write data.dataset: name:configuration."
        raise DataError([Problem(source, what.rstrip("."), remedy)]) from None
    return _table(loaded, source)


def _table(loaded: Any, source: str) -> Table:
    if not len(loaded):
        raise DataError([Problem(source, "the split has no rows", "Name another split.")])
    return Table(source, HubColumns(loaded), len(loaded))


@dataclass(frozen=True)
class HubColumns(Mapping[str, Column]):
    """The columns of a `datasets.Dataset`; one is read when it is asked for, as others may hold images or sound.

    Classes go by their names, which is how a person knows them.

    Attributes:
        dataset: a split.
    """

    dataset: Any
    _read: dict[str, Column] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.dataset.column_names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.dataset.column_names)

    def __getitem__(self, name: str) -> Column:
        if name not in self.dataset.column_names:
            raise KeyError(name)
        if name not in self._read:
            cells = self.dataset.select_columns([name]).with_format("arrow")[:].column(name)
            self._read[name] = named_classes(cells, self.dataset.features[name])
        return self._read[name]


def named_classes(cells: pa.ChunkedArray, feature: Any) -> Column:
    """A column of a hub data set with the names of classes in place of their numbers."""
    import pyarrow as pa

    arrays = [_named(chunk, feature) for chunk in cells.chunks]
    return Column(pa.chunked_array(arrays, type=None if arrays else cells.type))


def _named(array: pa.Array, feature: Any) -> pa.Array:
    import pyarrow as pa
    from datasets import ClassLabel

    if isinstance(feature, ClassLabel):
        # -1 is how hub data sets write "not labelled".
        numbers = compute().if_else(compute().less(array, 0), pa.scalar(None, array.type), array)
        return compute().take(pa.array(feature.names, pa.string()), numbers)
    inner = getattr(feature, "feature", None)
    if inner is None or not pa.types.is_list(array.type):
        return array
    lengths = compute().fill_null(compute().list_value_length(array), 0)
    offsets = pa.array([0, *compute().cumulative_sum(lengths).to_pylist()], pa.int32())
    return pa.ListArray.from_arrays(offsets, _named(array.flatten(), inner), mask=array.is_null())
