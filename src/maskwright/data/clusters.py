"""Rows that belong together, such as those of one patient or one source: what `data.cluster` names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from maskwright.data.column import Column
from maskwright.data.findings import Findings
from maskwright.data.keys import content_keys, plain_value
from maskwright.data.labels import label_text
from maskwright.data.roles import CLUSTER, Role
from maskwright.data.splits import Fault, Split

if TYPE_CHECKING:
    import pyarrow as pa


def with_cluster(section: Any, roles: Sequence[Role]) -> tuple[Role, ...]:
    """The roles, and that of clusters where the configuration names their column."""
    return (*roles, CLUSTER) if section.cluster_column is not None else tuple(roles)


def with_cluster_names(split: Split) -> Split:
    """The split with its clusters as text, as they are compared."""
    column = split.content.get(CLUSTER.name)
    return split if column is None else split.with_content(CLUSTER.name, Column.of(map(label_text, column)))


def cluster_keys(split: Split) -> pa.FixedSizeBinaryArray | None:
    """A key of the cluster of each row, by which rows are set aside together; None without clusters."""
    if CLUSTER.name not in split.content:
        return None
    return content_keys([(split.values(CLUSTER.name), _written)])


def check_clusters(split: Split, findings: Findings) -> None:
    """Find rows without a cluster."""
    if CLUSTER.name in split.content:
        split.check(split.columns.roles[CLUSTER.name], split.values(CLUSTER.name), _fault, findings)


def cluster_notes(splits: Mapping[str, Split]) -> list[str]:
    """Clusters that are in train and in another split, so that the model has seen what belongs to them."""
    if CLUSTER.name not in splits["train"].content:
        return []
    seen = {name: {label_text(value) for value in split.values(CLUSTER.name)} for name, split in splits.items()}
    shared = {name: len(clusters & seen["train"]) for name, clusters in seen.items() if name != "train"}
    return [
        f"{number:,} of {len(seen[name]):,} clusters of {name} are also in train (data.cluster)."
        for name, number in shared.items()
        if number
    ]


def _written(value: Any) -> str:
    return plain_value(label_text(value))


def _fault(value: Any) -> Fault | None:
    if label_text(value) is not None:
        return None
    return "rows without a cluster", "the row has no cluster", "Fill it in; a row on its own is a cluster of its own."
