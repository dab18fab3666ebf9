r"""From a `data` section and the roles of a task to checked splits: the one way that all tables go.

A task on tables declares what it reads and is done:

>>> import tempfile
>>> from maskwright.data.roles import Role, varied_role
>>> from maskwright.data.sections import section_of
>>> ROLES = (Role("text", "text"), Role("target", "number"))
>>> Section = section_of("RatingSection", ROLES)
>>> folder = tempfile.mkdtemp()
>>> _ = open(f"{folder}/a.csv", "w").write("text,target\n" + "".join(f"of length {i},{i / 2}\n" for i in range(20)))
>>> data = load_table_data(Section(train=f"{folder}/a.csv"), ROLES)
>>> data.train[1]
{'example_id': 1, 'text': 'of length 1', 'target': 0.5}
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from maskwright.data.assembly import assemble, text_column
from maskwright.data.checked import CheckedData
from maskwright.data.checks import check_across, check_all_labels, check_texts, repeat_notes
from maskwright.data.clusters import check_clusters, cluster_keys, cluster_notes, with_cluster, with_cluster_names
from maskwright.data.column import Column
from maskwright.data.columns import columns_of_all
from maskwright.data.features import check_features, feature_column
from maskwright.data.findings import Findings, shorten
from maskwright.data.keys import content_keys, plain_text, plain_value
from maskwright.data.label_checks import class_notes
from maskwright.data.numbers import check_numbers, check_spread, number_column
from maskwright.data.paths import check_bytes, check_paths, check_root, folder_of, joined_paths
from maskwright.data.readers.hub import read_split
from maskwright.data.readers.table_file import read_table
from maskwright.data.roles import Role, varied_role
from maskwright.data.sequences import check_sequences, names_in, sequence_column
from maskwright.data.shortcut.section import ShortcutSection
from maskwright.data.shortcut.variants import with_shortcut_variants
from maskwright.data.sources import read_tables
from maskwright.data.splits import Split, part
from maskwright.data.tables import Table
from maskwright.errors import ConfigError

Check = Callable[[Split, Findings], None]
"""Finds what else is wrong with the rows of a split, before their columns are converted."""

CheckOfAll = Callable[[Mapping[str, Split], Findings], None]
"""The same of all splits together."""


def load_table_data(section: Any, roles: Sequence[Role], *, checks: Sequence[Check] = ()) -> CheckedData:
    """Read tables, check them completely, and part them.

    Args:
        section: a `DataSection` that names the sources and, by role, columns; see `maskwright.data.sections`.
        roles: what to read of each row. `data.cluster` is read besides, where it is set.
        checks: what else to find wrong with each split.

    Returns:
        Splits with `example_id` and a column for each role. `facts["names"]` has the classes in sequences, by role.

    Raises:
        DataError: with all problems of all sources.
    """
    if section.is_stream:
        raise ConfigError("data.stream: this task reads whole tables; remove data.stream, or name a smaller table.")
    reading = Reading(section, with_cluster(section, roles))
    splits, notes = reading.splits(reading.tables(), checks)
    return reading.assembled(splits, notes)


@dataclasses.dataclass
class Reading:
    """The tables of a section on their way to data sets.

    Attributes:
        section: of the configuration.
        roles: of the task.
        names: of classes in sequences, by role.
        are_numbers: of `others`, whether a column has numbers.
        is_head: whether training rows are the first of a stream, which does not say how many a class has.
    """

    section: Any
    roles: tuple[Role, ...]
    names: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    are_numbers: dict[str, bool] = dataclasses.field(default_factory=dict)
    is_head: bool = False

    def tables(self) -> dict[str, Table]:
        """The table of each split that has a source."""
        check_root(self.section)
        dataset = self.section.hub_name
        if dataset is None:
            return read_tables(self.section, read_table, are_paths=True)
        return read_tables(self.section, lambda split, key: read_split(dataset, split, key), are_paths=False)

    def splits(
        self, tables: Mapping[str, Table], checks: Sequence[Check] = (), checks_of_all: Sequence[CheckOfAll] = ()
    ) -> tuple[dict[str, Split], tuple[str, ...]]:
        """Check the tables and part them: (train, validation and test; notes)."""
        columns = columns_of_all(self.section, tables, self.roles)
        whole = {name: Split.of(name, table, columns[name], self.roles) for name, table in tables.items()}
        whole = {name: split.with_keys(*self._keys(split)) for name, split in whole.items()}
        findings = Findings()
        self._check(whole, findings)
        for check in checks:
            for split in whole.values():
                check(split, findings)
        for check in checks_of_all:
            check(whole, findings)
        findings.stop()
        notes = [*columns["train"].notes, *(note for table in tables.values() for note in table.notes)]
        whole = {name: self._converted(split) for name, split in whole.items()}
        notes += self._notes(whole)
        splits, more = part(whole, self.section)
        splits["test"], made = self._with_variants(splits["test"])
        return splits, (*notes, *more, *made)

    def assembled(self, splits: Mapping[str, Split], notes: Sequence[str]) -> CheckedData:
        """The data sets of parted splits."""
        return assemble(splits, self.roles, notes, facts={"names": dict(self.names)} if self.names else {})

    @property
    def varied(self) -> str:
        """The role whose values variants replace."""
        return varied_role(self.roles)

    def _of_kind(self, kind: str, split: Split) -> list[Role]:
        return [role for role in self.roles if role.kind == kind and role.name in split.content]

    def _keys(self, split: Split) -> tuple[Any, Any]:
        """(what makes rows the same example, what keeps them together)."""
        parts = []
        for role in self.roles:
            if role.identifies and role.kind == "others":
                columns = [name for name in split.content if name.startswith(f"{role.name}:")]
                parts += [(split.values(name), plain_value) for name in columns]
            elif role.identifies:
                values = split.values(role.name) if role.name in split.content else None
                parts.append((values, plain_text if role.kind == "text" else plain_value))
        return content_keys(parts), cluster_keys(split)

    def _check(self, splits: Mapping[str, Split], findings: Findings) -> None:
        for split in splits.values():
            self._check_columns(split, findings)
        if any(role.kind == "class" and role.required for role in self.roles):
            check_all_labels(splits, findings, is_head=self.is_head)
        train = splits["train"]
        for role in self._of_kind("number", train):
            check_spread(splits, role.name, findings)
        for role in self._of_kind("sequence", train):
            if role.elements == "class":
                self.names[role.name] = names_in(splits, role, findings)
        features = tuple(name for name in train.content if name.partition(":")[0] in train.columns.others)
        self.are_numbers = check_features(splits, features, findings)
        if self.section.duplicates == "refuse":
            check_across(splits, findings, self._show)

    def _check_columns(self, split: Split, findings: Findings) -> None:
        texts = [role.name for role in self._of_kind("text", split)]
        check_texts(split, texts, findings, in_variants=self.varied in texts)
        for role in self._of_kind("number", split):
            check_numbers(split, role.name, findings)
        for role in self._of_kind("sequence", split):
            check_sequences(split, role, findings)
        for role in self._of_kind("path", split):
            check_paths(split, role.name, folder_of(split.table, self.section), findings)
        for role in self._of_kind("binary", split):
            check_bytes(split, role.name, findings)
        check_clusters(split, findings)

    def _show(self, split: Split, index: int) -> tuple[str, str]:
        """What to call an example that is in two splits, and the role whose column to name."""
        if not self.varied or self.varied not in split.content:
            return f"this {split.table.noun}", ""
        return shorten(split.values(self.varied)[index]), self.varied

    def _notes(self, splits: Mapping[str, Split]) -> list[str]:
        notes = class_notes(splits) if splits["train"].label is not None else []
        content = self.varied or splits["train"].table.noun
        notes += repeat_notes(splits["train"], content, content if content.endswith("s") else f"{content}s")
        return notes + cluster_notes(splits)

    def _converted(self, split: Split) -> Split:
        """The split with its columns as the data set has them."""
        kinds = {role.name: role for role in self.roles}
        content = {}
        for name, column in split.content.items():
            role = kinds.get(name)
            if role is None:
                content[name] = feature_column(column, self.are_numbers[name])
            else:
                content[name] = self._column(split, role, column)
        varied, variants = kinds.get(self.varied), split.variant_columns
        if varied is not None:
            variants = {name: self._column(split, varied, column) for name, column in variants.items()}
        return with_cluster_names(dataclasses.replace(split, content=content, variant_columns=variants))

    def _with_variants(self, test: Split) -> tuple[Split, tuple[str, ...]]:
        """The test rows with the variants that are made without the shortcut, where the section names one; notes."""
        shortcut = self.section.shortcut if isinstance(self.section, ShortcutSection) else None
        roles = tuple(role.name for role in self._of_kind("text", test) if role.identifies)
        return (test, ()) if shortcut is None else with_shortcut_variants(test, roles, shortcut)

    def _column(self, split: Split, role: Role, column: Column) -> Column:
        if role.kind == "text":
            return Column(text_column(column))
        if role.kind == "number":
            return number_column(column)
        if role.kind == "sequence":
            return sequence_column(column, role)
        if role.kind == "path":
            return joined_paths(column, folder_of(split.table, self.section))
        return column
