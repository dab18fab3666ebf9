r"""Texts or pairs of texts with a class: their `data` section, and its checked splits.

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

from maskwright.data.checked import CheckedData
from maskwright.data.labels import order_labels
from maskwright.data.loading import Reading, load_table_data, with_cluster
from maskwright.data.roles import TEXT_ROLES
from maskwright.data.shortcut.section import ShortcutSection
from maskwright.data.splits import Split
from maskwright.data.stream_loading import load_stream_data

__all__ = ["TextSection", "load_text_data", "order_labels", "read_splits"]


class TextSection(ShortcutSection):
    """Texts or pairs of texts with a label each.

    `train`, `validation` and `test` are files (CSV, TSV, JSONL, Parquet), or names of splits when `dataset` names a hub
    data set or a local folder of one. Columns left out are guessed from the header and shown. `variants` maps a group's
    name to the column that holds the same example's text in that variant (shortcut removed, shortcut swapped, ...);
    `shortcut` makes three of them.
    """

    text: str | int | None = Field(default=None, description="column, by its name or number; guessed if left out")
    text_pair: str | int | None = Field(default=None, description="column of the second text of a pair")
    label: str | int | None = Field(default=None, description="column, by its name or number; guessed if left out")
    max_length: int = Field(default=256, ge=4, description="tokens; longer texts are cut at the end, and counted")


def load_text_data(section: TextSection) -> CheckedData:
    """Read, check and part the data.

    Raises:
        DataError: with all problems of all files.
    """
    return load_stream_data(section, TEXT_ROLES) if section.stream else load_table_data(section, TEXT_ROLES)


def read_splits(section: TextSection) -> tuple[dict[str, Split], tuple[str, ...]]:
    """Read and check: (train, validation and test by name; notes).

    Raises:
        DataError: with all problems of all files.
    """
    reading = Reading(section, with_cluster(section, TEXT_ROLES))
    return reading.splits(reading.tables())
