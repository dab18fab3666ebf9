"""What every loader of user data gives: three checked splits, names of classes, and what the user should know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class CheckedData:
    """Checked examples of a task.

    Attributes:
        train, validation, test: rows with `example_id` (int64, names the example's masks: its row number in its file,
            from 0), `label` (int64, an index into `labels`, where the task has one class an example) and the columns of
            the task: `text` and perhaps `text_pair`, `image` (where its picture is), and so on. `test` also has
            `variant:NAME` for each variant. Without a test file, `test` holds the validation rows.
        labels: names of the classes; numbers in numeric order, else in alphabetical order.
        variants: names of the groups.
        columns: role -> column of the files.
        notes: what the user should know.
        fingerprint: SHA-256 of contents and columns, the same on every machine.
        facts: what the loader knows besides and the task needs, such as the annotations of objects.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    labels: tuple[str, ...]
    variants: tuple[str, ...]
    columns: dict[str, str]
    notes: tuple[str, ...]
    fingerprint: str
    facts: dict[str, Any] = field(default_factory=dict)

    def variant(self, name: str, role: str) -> Dataset:
        """The test examples with the column of a role in one of its variants."""
        column = f"variant:{name}"
        others = [other for other in self.test.column_names if other == role or other.startswith("variant:")]
        kept = self.test.remove_columns([other for other in others if other != column])
        return kept.rename_column(column, role)
