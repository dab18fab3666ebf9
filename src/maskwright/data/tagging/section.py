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
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from maskwright.config import DataSection
from maskwright.data.checked import CheckedData
from maskwright.data.columns import columns_of_all
from maskwright.data.readers.hub import read_split
from maskwright.data.readers.table_file import read_table
from maskwright.data.sources import read_tables
from maskwright.data.splits import NAMES, Split, part, text_key
from maskwright.data.tables import Table
from maskwright.data.tagging.checks import check_mentions, check_sentences
from maskwright.data.tagging.conll import EXTENSIONS, read_conll
from maskwright.data.tagging.rows import joined
from maskwright.data.tagging.tags import ordered
from maskwright.errors import DataError, Problem

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["TaggingSection", "load_tagging_data"]

ROLES = {
    "tokens": ("tokens", "words", "token", "word", "sentence"),
    "tags": ("tags", "ner_tags", "labels", "ner", "tag", "label", "entities"),
}
"""Role -> what people call its column, the likeliest first."""


class TaggingSection(DataSection):
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
        default=None, description="column of the words; of a CoNLL file its place, from 0 (default: the first)"
    )
    tags: str | int | None = Field(
        default=None, description="column of the tags; of a CoNLL file its place, from 0 (default: the last)"
    )
    tag_names: list[str] | None = Field(
        default=None, min_length=2, description="names of the tags, in order, where the column holds their numbers"
    )
    max_length: int = Field(default=256, ge=4, description="tokens; longer sentences are cut at the end, and counted")


def load_tagging_data(section: TaggingSection) -> CheckedData:
    """Read, check and part the data.

    Returns:
        Splits with columns `example_id`, `tokens` and `tags` (lists of text), and `variant:NAME` in `test`. `labels`
        are the tags, `O` first. `facts["scheme"]` is the name of the scheme.

    Raises:
        DataError: with all problems of all files.
    """
    dataset = section.dataset
    if dataset is None:
        tables = read_tables(section, lambda source, key: _read(source, key, section), are_paths=True)
    else:
        tables = read_tables(
            section, lambda split, key: _with_roles(read_split(dataset, split, key), section), are_paths=False
        )
    columns = columns_of_all(section, tables, tuple(ROLES), ())
    given = {name: _split(name, tables[name], columns[name], section) for name in tables}
    scheme, notes = check_sentences(given, section)
    splits, more = part(given, section)
    check_mentions(splits)
    read = dict.fromkeys(note for table in tables.values() for note in table.notes)
    notes = [*read, *notes, *more]
    content = {name: _content(splits[name], with_variants=name == NAMES[-1]) for name in NAMES}
    roles, variants = splits["train"].columns.roles, splits["test"].columns.variants
    labels = ordered({tag for split in splits.values() for tags in split.values["tags"] for tag in tags})
    return CheckedData(
        **{name: _dataset(columns) for name, columns in content.items()},
        labels=labels,
        variants=tuple(variants),
        columns=dict(roles),
        notes=tuple(notes),
        fingerprint=_fingerprint(content, [dict(roles), dict(variants), list(labels)]),
        facts={"scheme": scheme.name},
    )


def _read(source: str, key: str, section: TaggingSection) -> Table:
    suffix = Path(source).suffix.lower()
    if suffix == ".csv":
        what, remedy = "a CSV file holds no lists of words", "Give JSONL with tokens and tags, or a CoNLL file."
        raise DataError([Problem(source, what, remedy)])
    table = read_conll(source, key) if suffix in EXTENSIONS else read_table(source, key)
    return _with_roles(dataclasses.replace(table, noun="sentence"), section)


def _with_roles(table: Table, section: TaggingSection) -> Table:
    """The table with its columns of words and tags: as named, by place in a CoNLL file, else by what they are called.

    Raises:
        DataError: no column is called so.
    """
    header, roles, notes = table.header, {}, []
    by_place = header == tuple(map(str, range(len(header))))
    for role, named in (("tokens", section.tokens), ("tags", section.tags)):
        if named is None and by_place:
            named = 0 if role == "tokens" else -1
        if by_place and _is_place(named):
            place = int(str(named))
            named = f"{place + len(header)}" if place < 0 else f"{place}"
        alike = [name for called in ROLES[role] for name in header if name.strip().casefold() == called]
        if named is None and not alike:
            what = f"the {role} column (data.{role}) is not clear from the header, {', '.join(map(repr, header))}"
            raise DataError([Problem(table.source, what, f"Set data.{role} to one of them.")])
        roles[role] = alike[0] if named is None else str(named)
        if named is None:
            notes.append(f"data.{role} is not set; column {alike[0]!r} was taken, for its name.")
    return dataclasses.replace(table, roles=roles, notes=(*table.notes, *notes))


def _is_place(named: Any) -> bool:
    return str(named).removeprefix("-").isdecimal()


def _split(name: str, table: Table, columns: Any, section: TaggingSection) -> Split:
    """The rows of a table, with names in place of the numbers of tags."""
    split = Split.of(name, table, columns)
    if section.tag_names is not None:
        tags = [_named(row, section.tag_names) for row in split.values["tags"]]
        split = dataclasses.replace(split, values={**split.values, "tags": tags})
    return split.with_keys([text_key(joined(words)) for words in split.values["tokens"]])


def _named(tags: Any, names: Sequence[str]) -> Any:
    """Names of numbers; what is no number of a name stays, to be found by the checks."""
    if not isinstance(tags, list):
        return tags
    return [names[tag] if isinstance(tag, int) and 0 <= tag < len(names) else tag for tag in tags]


def _content(split: Split, *, with_variants: bool) -> dict[str, list[Any]]:
    content = {"example_id": list(split.rows), **{role: list(split.values[role]) for role in ROLES}}
    variants = {f"variant:{name}": list(rows) for name, rows in split.variants.items()}
    return content | (variants if with_variants else {})


def _dataset(content: Mapping[str, list[Any]]) -> Dataset:
    from datasets import Dataset, Features, List, Value

    kinds = {name: Value("int64") if name == "example_id" else List(Value("string")) for name in content}
    return Dataset.from_dict(dict(content), features=Features(kinds))


def _fingerprint(content: Mapping[str, Mapping[str, list[Any]]], meaning: list[Any]) -> str:
    """SHA-256 of the rows and of what their columns mean."""
    digest = hashlib.sha256(json.dumps(meaning).encode())
    for name, columns in content.items():
        digest.update(json.dumps([name, list(columns)]).encode())
        for row in zip(*columns.values(), strict=True):
            digest.update(json.dumps(row).encode())
    return digest.hexdigest()
