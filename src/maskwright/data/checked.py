"""What every loader of user data gives: three checked splits, names of classes, and what the user should know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets import Dataset

    from maskwright.data.streams import Stream


@dataclass(frozen=True)
class CheckedData:
    """Checked examples of a task.

    Attributes:
        train, validation, test: rows with `example_id` (int64, names the example's masks: its row number in its file,
            from 0), the columns of the task by role (see `maskwright.data.roles`): `text` and perhaps `text_pair`,
            `image` (where its picture is), and so on, `cluster` where the configuration names one, and `label` (int64,
            an index into `labels`, where the task has one class an example). `test` also has `variant:NAME` for each
            variant, and `variant of ROLE:NAME` where a second text is varied with the first. Without a test file,
            `test` holds the validation rows.
        labels: names of the classes; numbers in numeric order, else in alphabetical order.
        variants: names of the groups.
        columns: role -> column of the files.
        notes: what the user should know.
        fingerprint: of contents and columns, the same on every machine: a version, a colon, and a SHA-256.
        facts: what the loader knows besides and the task needs, such as the sizes of pictures; `names` has the names
            of classes in sequences, by role.
        varied: the role whose values variants replace.
        stream: where training rows are read as a stream; `train` then holds its first rows.
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
    varied: str = ""
    stream: Stream | None = None

    def variant(self, name: str, role: str | None = None) -> Dataset:
        """The test rows with the values of a variant in place of their own, and without other variants.

        A variant that was made of all texts of a pair replaces all of them.

        Args:
            name: one of `variants`.
            role: the column that it replaces; `varied` if left out.

        Raises:
            KeyError: there is no such variant.
        """
        if name not in self.variants:
            raise KeyError(name)
        replaced = role or self.varied
        columns = [column for column in self.test.column_names if not column.startswith("variant")]
        new = {variant_column(name): replaced}
        new |= {made: one for one in columns if (made := variant_column(name, one)) in self.test.column_names}
        kept = [column for column in columns if column not in new.values()]
        return self.test.select_columns([*kept, *new]).rename_columns(new).select_columns(columns)


def variant_column(name: str, role: str | None = None) -> str:
    """Name of the column of test rows in a variant: of the varied role, or of another that is varied with it.

    >>> variant_column("removed"), variant_column("removed", "text_pair")
    ('variant:removed', 'variant of text_pair:removed')
    """
    return f"variant:{name}" if role is None else f"variant of {role}:{name}"
