"""Batches for forward passes from examples that were hidden in several ways, cut by length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from maskwright.tasks.examples import Hidden

if TYPE_CHECKING:
    import torch

__all__ = ["joined_by_length", "rows_of"]


def joined_by_length(
    parts: Sequence[Hidden], padding: Mapping[str, int], cells: int, left: bool
) -> Iterator[tuple[torch.Tensor, Hidden]]:
    """Rows of sequences sorted by length, each batch padded to its longest row; see `Examples.joined`.

    Args:
        parts: ways of hiding the same B examples; `attention_mask` [B, L] is among their inputs, and tables of the
            same shape are cut with it.
        padding: name of an input or label -> what its padding holds.
        cells: of a batch, at most.
        left: whether padding stands before the rows.
    """
    import torch

    widest = max(part.inputs["attention_mask"].shape[1] for part in parts)

    def stacked(name: str, tables: Sequence[torch.Tensor]) -> torch.Tensor:
        if tables[0].ndim == 1:
            return torch.cat(list(tables))
        sides = [(widest - table.shape[1], 0) if left else (0, widest - table.shape[1]) for table in tables]
        value = padding.get(name, 0)
        pad = torch.nn.functional.pad
        return torch.cat([pad(table, side, value=value) for table, side in zip(tables, sides, strict=True)])

    inputs = {name: stacked(name, [part.inputs[name] for part in parts]) for name in parts[0].inputs}
    labels = {name: stacked(name, [part.labels[name] for part in parts]) for name in parts[0].labels}
    weight, share = torch.cat([part.weight for part in parts]), torch.cat([part.share for part in parts])
    lengths = inputs["attention_mask"].sum(dim=1)
    order = torch.argsort(lengths, descending=True, stable=True)
    whole = Hidden(inputs, labels, weight, 0, share)
    sizes, start = lengths[order].cpu().numpy(), 0
    while start < len(sizes):
        longest = max(int(sizes[start]), 1)
        rows = order[start : start + max(1, cells // longest)]
        start += len(rows)
        kept = slice(widest - longest, None) if left else slice(longest)
        yield rows, rows_of(whole, rows, kept)


def rows_of(hidden: Hidden, rows: torch.Tensor, columns: slice = slice(None)) -> Hidden:
    """Some examples of a batch, with some columns of what has one number per token; the count is that of examples."""

    def taken(table: torch.Tensor) -> torch.Tensor:
        return table[rows] if table.ndim == 1 else table[rows][:, columns]

    return Hidden(
        inputs={name: taken(table) for name, table in hidden.inputs.items()},
        labels={name: taken(table) for name, table in hidden.labels.items()},
        weight=hidden.weight[rows],
        count=len(rows),
        share=hidden.share[rows],
    )
