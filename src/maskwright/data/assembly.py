"""From checked splits to the data sets that a task reads."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from maskwright.data.checked import CheckedData
from maskwright.data.splits import Split

if TYPE_CHECKING:
    from datasets import Dataset

Content = dict[str, list[Any]]
"""Column -> one value a row."""

NO_LABEL = -1
"""Class of an example that has none."""


def assemble(
    splits: Mapping[str, Split],
    notes: Sequence[str],
    *,
    identity: Callable[[Content], Content] = lambda content: content,
    facts: Mapping[str, Any] | None = None,
) -> CheckedData:
    """Make data sets of splits.

    Args:
        splits: train, validation and test.
        notes: what the user should know.
        identity: gives content as the fingerprint sees it: pictures by their pixels, not by their paths.
        facts: what the task needs besides.
    """
    roles, variants = splits["train"].columns.roles, splits["test"].columns.variants
    labels = order_labels({label for split in splits.values() for label in split.labels if label is not None})
    groups = tuple(variants)
    content = {name: _content(split, labels, groups if name == "test" else ()) for name, split in splits.items()}
    known = {name: identity(found) for name, found in content.items()}
    return CheckedData(
        train=_dataset(content["train"]),
        validation=_dataset(content["validation"]),
        test=_dataset(content["test"]),
        labels=labels,
        variants=groups,
        columns=dict(roles),
        notes=tuple(notes),
        fingerprint=_fingerprint(known, (dict(roles), dict(variants), list(labels))),
        facts=dict(facts or {}),
    )


def order_labels(labels: set[str]) -> tuple[str, ...]:
    """Numbers in numeric order, else in alphabetical order.

    >>> order_labels({"10", "9", "-1"}), order_labels({"b", "10", "9"})
    (('-1', '9', '10'), ('10', '9', 'b'))
    """
    if all(re.fullmatch(r"-?[0-9]{1,18}", label) for label in labels):
        return tuple(sorted(labels, key=int))
    return tuple(sorted(labels))


def _content(split: Split, labels: Sequence[str], groups: Sequence[str]) -> Content:
    index = {label: number for number, label in enumerate(labels)}
    content: Content = {"example_id": list(split.rows)}
    content |= {role: list(values) for role, values in split.values.items()}
    content["label"] = [NO_LABEL if label is None else index[label] for label in split.labels]
    return content | {f"variant:{name}": list(split.variants[name]) for name in groups}


def _dataset(content: Content) -> Dataset:
    from datasets import Dataset, Features, Value

    kinds = {name: "int64" if name in ("example_id", "label") else "string" for name in content}
    return Dataset.from_dict(content, features=Features({name: Value(kind) for name, kind in kinds.items()}))


def _fingerprint(content: Mapping[str, Content], meaning: tuple[Any, ...]) -> str:
    """Of the rows and of what they mean: columns by role, columns by variant, labels."""
    # JSON, because it writes values of every kind in one way, and one row at a time, because files can be large.
    digest = hashlib.sha256(json.dumps(meaning).encode())
    for name, split in content.items():
        digest.update(json.dumps([name, list(split)]).encode())
        for row in zip(*split.values(), strict=True):
            digest.update(json.dumps(row).encode())
    return digest.hexdigest()
