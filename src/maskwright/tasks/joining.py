"""Batches for forward passes from examples that were hidden in several ways, cut by length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from maskwright.tasks.examples import Hidden

if TYPE_CHECKING:
    import torch

__all__ = ["joined_by_length", "per_example", "rows_of"]


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
    beside = per_example(parts)
    lengths = inputs["attention_mask"].sum(dim=1)
    order = torch.argsort(lengths, descending=True, stable=True)
    sizes, start = lengths[order].cpu().numpy(), 0
    while start < len(sizes):
        longest = max(int(sizes[start]), 1)
        rows = order[start : start + max(1, cells // longest)]
        start += len(rows)
        kept = slice(widest - longest, None) if left else slice(longest)
        some, right = (
            {name: one[rows, kept] if one.ndim > 1 else one[rows] for name, one in tables.items()}
            for tables in (inputs, labels)
        )
        yield rows, Hidden(some, right, count=len(rows), **rows_of(beside, rows))


def per_example(parts: Sequence[Hidden]) -> dict[str, Any]:
    """What is noted of the examples of all parts, one part behind the other, by field of `Hidden`.

    Returns:
        `weight` and `share` [P · B]; `mask` [P · B, units], False where an example has fewer units or nothing was
        hidden, and `probability` [P · B], NaN where a part has none. The last two are None where no part has any.
    """
    import torch

    masks, chances = [part.mask for part in parts], [part.probability for part in parts]
    return {
        "weight": torch.cat([part.weight for part in parts]),
        "share": torch.cat([part.share for part in parts]),
        "mask": None if all(mask is None for mask in masks) else torch.cat(_of_one_width(parts)),
        "probability": None
        if all(chance is None for chance in chances)
        else torch.cat([part.share * torch.nan if part.probability is None else part.probability for part in parts]),
    }


def _of_one_width(parts: Sequence[Hidden]) -> list[torch.Tensor]:
    """The masks [B, units] of some parts, padded to the most units."""
    import torch

    masks = [
        torch.zeros(len(p.weight), 0, dtype=torch.bool, device=p.weight.device) if p.mask is None else p.mask
        for p in parts
    ]
    widest = max(mask.shape[1] for mask in masks)
    return [torch.nn.functional.pad(mask, (0, widest - mask.shape[1])) for mask in masks]


def rows_of(beside: Mapping[str, Any], rows: torch.Tensor) -> dict[str, Any]:
    """What `per_example` gives, of some examples."""
    return {name: None if values is None else values[rows] for name, values in beside.items()}
