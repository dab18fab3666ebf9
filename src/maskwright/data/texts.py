r"""From a configuration's `data` section to checked splits with known columns.

>>> import tempfile, types
>>> folder = tempfile.mkdtemp()
>>> _ = open(f"{folder}/a.csv", "w").write("text,label\n" + "".join(f"good {i},1\nbad {i},0\n" for i in range(20)))
>>> data = load_text_data(TextSection(train=f"{folder}/a.csv"))
>>> len(data.train), len(data.validation), data.labels
(36, 4, ('0', '1'))
>>> sorted(data.train[0])
['example_id', 'label', 'text']
"""

from __future__ import annotations

from pydantic import Field

from maskwright.config import DataSection
from maskwright.data.assembly import assemble, order_labels
from maskwright.data.checked import CheckedData
from maskwright.data.checks import check_text_data
from maskwright.data.columns import columns_of_all
from maskwright.data.readers.hub import read_split
from maskwright.data.readers.table_file import read_table
from maskwright.data.sources import read_tables
from maskwright.data.splits import Split, part, text_keys

__all__ = ["TextSection", "load_text_data", "order_labels", "read_splits"]


class TextSection(DataSection):
    """Texts or pairs of texts with a label each.

    `train`, `validation` and `test` are files (CSV, TSV, JSONL, Parquet), or names of splits when `dataset` names a hub
    data set or a local folder of one. Columns left out are guessed from the header and shown. `variants` maps a group's
    name to the column that holds the same example's text in that variant (shortcut removed, shortcut swapped, ...).
    """

    dataset: str | None = Field(
        default=None, description="hub data set, or local folder of one; train, validation and test are then its splits"
    )
    text: str | None = Field(default=None, description="column; guessed if left out")
    text_pair: str | None = Field(default=None, description="column of the second text of a pair")
    label: str | None = Field(default=None, description="column; guessed if left out")
    max_length: int = Field(default=256, ge=4, description="tokens; longer texts are cut at the end, and counted")


def load_text_data(config: TextSection) -> CheckedData:
    """Read, check and part the data.

    Raises:
        DataError: with all problems of all files.
    """
    splits, notes = read_splits(config)
    return assemble(splits, notes)


def read_splits(config: TextSection) -> tuple[dict[str, Split], tuple[str, ...]]:
    """Read and check: (train, validation and test by name; notes).

    Raises:
        DataError: with all problems of all files.
    """
    dataset = config.dataset
    if dataset is None:
        tables = read_tables(config, read_table, are_paths=True)
    else:
        tables = read_tables(config, lambda split, key: read_split(dataset, split, key), are_paths=False)
    columns = columns_of_all(config, tables)
    given = {name: Split.of(name, table, columns[name]) for name, table in tables.items()}
    given = {name: split.with_keys(text_keys(split)) for name, split in given.items()}
    notes = [*columns["train"].notes, *(note for table in tables.values() for note in table.notes)]
    notes += check_text_data(given, config)
    splits, more = part(given, config)
    return splits, (*notes, *more)
