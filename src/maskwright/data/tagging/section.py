r"""From a `data` section to checked sentences.

>>> import json, pathlib, tempfile
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> rows = [{"tokens": ["Anna", "saw", f"town{n}"], "tags": ["B-PER", "O", "B-LOC"]} for n in range(20)]
>>> _ = (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
>>> data = load_tagging_data(TaggingSection(train=str(folder / "a.jsonl")))
>>> len(data.train), len(data.validation), data.labels, data.facts["scheme"]
(18, 2, ('O', 'B-LOC', 'B-PER'), 'IOB2')
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import Field

from maskwright.data.assembly import assemble
from maskwright.data.checked import CheckedData
from maskwright.data.clusters import with_cluster
from maskwright.data.flat_lists import Coded
from maskwright.data.loading import Reading
from maskwright.data.readers import conll
from maskwright.data.readers.hub import read_split
from maskwright.data.readers.table_file import check_file, read_table
from maskwright.data.sections import ClusteredSection
from maskwright.data.sources import read_tables
from maskwright.data.splits import Split
from maskwright.data.tables import Table
from maskwright.data.tagging.checks import TagChecks, check_words, named, summary
from maskwright.data.tagging.roles import ROLES
from maskwright.errors import DataError, Problem

__all__ = ["TaggingSection", "load_tagging_data"]

CONLL = (".bio", ".iob", ".iob1", ".iob2", ".bioes", ".iobes", ".bilou", ".txt", ".tsv")
"""Extensions of CoNLL files besides `.conll`: nothing else that a sentence and its tags can stand in is called so."""


class TaggingSection(ClusteredSection):
    """Sentences as words with a tag each.

    `train`, `validation` and `test` are JSONL or Parquet files whose rows hold a list of words and a list of tags, or
    CoNLL files (.conll, .bio, .iob, .txt, .tsv; a word and its tags a line, a blank line between sentences), or names
    of splits when `dataset` names a hub data set or a local folder of one. Tags are IOB1, IOB2, BIOES, BILOU or types
    alone; which, is seen from the training tags. `variants` maps a group's name to the column that holds the words of
    the same sentence in that variant, with the same tags.
    """

    dataset: str | None = Field(
        default=None, description="hub data set, or local folder of one; train, validation and test are then its splits"
    )
    tokens: str | int | None = Field(
        default=None, description="column of the words, by its name or number; guessed if left out (CoNLL: the first)"
    )
    tags: str | int | None = Field(
        default=None, description="column of the tags, by its name or number; guessed if left out (CoNLL: the last)"
    )
    tag_names: list[str] | None = Field(
        default=None, min_length=2, description="names of the tags, where the column holds their numbers, from 0"
    )
    max_length: int = Field(default=256, ge=4, description="tokens; longer sentences are cut at the end, and counted")

    @property
    def hub_name(self) -> str | None:
        """The key `dataset`."""
        return self.dataset


def load_tagging_data(section: TaggingSection) -> CheckedData:
    """Read, check and part the data.

    Returns:
        Splits with columns `example_id`, `tokens` and `tags` (lists of text), and `variant:NAME` in `test`. `labels`
        are the tags, `O` first. `facts["scheme"]` is the name of the scheme.

    Raises:
        DataError: with all problems of all files.
    """
    reading = Reading(section, with_cluster(section, ROLES))
    names = None if section.tag_names is None else tuple(section.tag_names)
    splits, notes = reading.splits(_tables(section), [check_words], [TagChecks(names)])
    if names is not None:
        splits = {name: _with_names(split, names) for name, split in splits.items()}
    scheme, tags, more = summary({name: splits[name] for name in _distinct(splits)})
    return assemble(splits, reading.roles, (*notes, *more), labels=tags, facts={"scheme": scheme.name})


def _tables(section: TaggingSection) -> dict[str, Table]:
    dataset = section.dataset
    if dataset is None:
        return read_tables(section, lambda source, key: _read(source, key, section), are_paths=True)
    return read_tables(section, lambda split, key: read_split(dataset, split, key), are_paths=False)


def _read(source: str, key: str, section: TaggingSection) -> Table:
    """A file; of a CoNLL file the usual columns, whatever those of other files are called, unless others are named."""
    suffix = Path(source).suffix.lower()
    if suffix == ".csv":
        what, remedy = "a CSV file holds no lists of words", "Give JSONL with tokens and tags, or a CoNLL file."
        raise DataError([Problem(source, what, remedy)])
    if suffix in CONLL:
        check_file(Path(source), key)
        table = conll.read_file(Path(source), key)
    else:
        table = read_table(source, key)
    is_usual = section.tokens is None and section.tags is None and {"tokens", "tags"} <= table.usual.keys()
    return dataclasses.replace(table, roles=table.usual) if is_usual else table


def _distinct(splits: dict[str, Split]) -> list[str]:
    """Names of splits without test where it is the validation rows."""
    same = splits["test"].table is splits["validation"].table
    return ["train", "validation"] if same else list(splits)


def _with_names(split: Split, names: Sequence[str]) -> Split:
    """The split with the names of its tags in place of their numbers."""
    column = split.content["tags"]
    return split.with_content("tags", named(Coded.of(column.at(np.arange(len(column)))), names).column())
