"""Columns of unpadded rows, as data sets keep them: padded, masked, and cut to their lengths again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from maskwright import fills
from maskwright.backend.codes import IGNORED
from maskwright.errors import ConfigError, MaskingError, did_you_mean
from maskwright.masking import Masking
from maskwright.rng import Moment
from maskwright.text.padding import pad_rows
from maskwright.units.vocabulary import Vocabulary

OBJECTIVES = ("supervised", "reconstruct")
_LABELS = ("label", "labels", "label_ids")


def check_objective(objective: str, masking: Masking) -> None:
    """Refuse another objective, and one that the fill cannot serve; raises ConfigError."""
    if objective not in OBJECTIVES:
        raise ConfigError(f"objective: given {objective!r}. {did_you_mean(str(objective), OBJECTIVES)}")
    if objective == "reconstruct" and fills.traits(masking.fill).removes:
        raise ConfigError(
            "objective reconstruct: with fill drop there is no place to predict the hidden tokens at; use mask-token."
        )


def tables(tokenizer: Any) -> Vocabulary:
    """The vocabulary without the texts of its tokens: a function that holds it pickles and is hashed far sooner."""
    return dataclasses.replace(Vocabulary.from_tokenizer(tokenizer), pieces=())


def check_rows(columns: Mapping[str, Sequence[Any]], name: str) -> None:
    """Refuse columns without ids, and a single row where `name` was to be given a batch; raises MaskingError."""
    rows = columns.get("input_ids")
    if rows is None:
        raise MaskingError(f"expected tokenised rows with 'input_ids', given the columns {sorted(columns)}.")
    if (len(rows) and not hasattr(rows[0], "__len__")) or getattr(rows, "ndim", 2) == 1:
        raise MaskingError(
            f"expected a batch of rows, given one row: data.map({name}(...), batched=True, with_indices=True)."
        )


def keys_of(moment: Moment, columns: Mapping[str, Sequence[Any]], indices: Sequence[int] | None) -> dict[str, Any]:
    """What keys the masks of rows: their column `example_id` or their numbers, and when they are masked."""
    names = columns.get("example_id", indices)
    return {"example_ids": None if names is None else np.asarray(names, dtype=np.int64), "moment": moment}


def mask_rows(
    masking: Masking,
    vocabulary: Vocabulary,
    columns: Mapping[str, Sequence[Any]],
    keys: Mapping[str, Any],
    objective: str = "supervised",
    allowed: Sequence[Any] | None = None,
) -> dict[str, list[Any]]:
    """The columns that masking changes, as lists of lists.

    Args:
        masking: what to hide.
        vocabulary: of the ids.
        columns: `input_ids`, one row per example, and if there are any `attention_mask`, `special_tokens_mask`, and
            others; columns with one value per token are shortened too where the fill removes tokens.
        keys: `example_ids` and `moment`, from `keys_of`.
        objective: `supervised` leaves labels alone, `reconstruct` makes the column `labels`.
        allowed: per token, whether it may be hidden; None: all that are not special.

    Raises:
        MaskingError: text in place of ids, or with `reconstruct` labels that would be overwritten.
    """
    rows = columns["input_ids"]
    if objective == "reconstruct" and not set(columns).isdisjoint(_LABELS):
        raise MaskingError(
            "objective reconstruct makes labels of its own, but the data set has a label column; remove it, or use "
            "objective supervised."
        )
    if not len(rows):
        return {"input_ids": [], **({"labels": []} if objective == "reconstruct" else {})}
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    batch = {"input_ids": pad_rows(rows, lengths, vocabulary.pad_id or 0)}
    inside = np.arange(batch["input_ids"].shape[1]) < lengths[:, None]
    attention = columns.get("attention_mask")
    attended = inside if attention is None else (pad_rows(attention, lengths, 0) != 0) & inside
    batch["attention_mask"] = attended.astype(np.int64)
    facts: dict[str, Any] = {"vocabulary": vocabulary, **keys}
    if allowed is not None:
        facts["valid"] = pad_rows(allowed, lengths, 0) != 0
    shortens = fills.traits(masking.fill).removes
    if shortens:
        batch |= {name: pad_rows(columns[name], lengths, 0) for name in columns if _per_token(columns[name], rows)}
        batch["attention_mask"] = attended.astype(np.int64)
    corrupted = masking(batch, **facts)
    changed = corrupted.inputs if shortens else {"input_ids": corrupted.inputs["input_ids"]}
    if objective == "reconstruct":
        changed["labels"] = corrupted.reconstruction_labels()
    if shortens:
        lengths = changed["attention_mask"].sum(1)
        changed = {name: value for name, value in changed.items() if name in columns}
    return {name: [row[:n].tolist() for row, n in zip(value, lengths, strict=True)] for name, value in changed.items()}


def labels_of(columns: Mapping[str, Sequence[Any]]) -> list[list[int]]:
    """Labels per token of rows for causal models: what a column of labels or of loss masks says.

    `labels` are taken as they are; without them a token is its own label where `completion_mask` and
    `assistant_masks`, as far as there are any, are 1, and -100 elsewhere.
    """
    if "labels" in columns:
        return [list(row) for row in columns["labels"]]
    labels = [np.asarray(row) for row in columns["input_ids"]]
    for name in ("completion_mask", "assistant_masks"):
        if name in columns:
            answers = [np.asarray(row) != 0 for row in columns[name]]
            labels = [np.where(answer, row, IGNORED) for answer, row in zip(answers, labels, strict=True)]
    return [row.tolist() for row in labels]


def _per_token(column: Sequence[Any], rows: Sequence[Any]) -> bool:
    first = column[0]
    return hasattr(first, "__len__") and not isinstance(first, str | bytes) and len(first) == len(rows[0])
