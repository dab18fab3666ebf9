"""What can be wrong with texts, and with rows that are in two splits; which texts are too long.

What would make a result wrong is a problem and stops the run; what the user should merely know is a note.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.data.arrow import compute
from maskwright.data.column import Values
from maskwright.data.findings import Findings, shorten
from maskwright.data.keys import first_matches
from maskwright.data.label_checks import check_classes, check_labels, check_spelling, check_unknown_labels
from maskwright.data.splits import NAMES, Fault, Split
from maskwright.errors import Problem

if TYPE_CHECKING:
    import pyarrow as pa

    from maskwright.data.checked import CheckedData

_COUNTED_AT_ONCE = 10_000
"""Texts that are measured at the same time."""


def check_all_labels(splits: Mapping[str, Split], findings: Findings, *, is_head: bool = False) -> None:
    """Find everything that is wrong with labels, in each split and between them.

    Args:
        splits: with labels.
        findings: where problems go.
        is_head: whether train holds only the first rows of a stream, so that it says little of the classes.
    """
    for split in splits.values():
        check_labels(split, findings)
    check_spelling(splits, findings)
    if is_head:
        return
    # Without validation rows of their own, two splits are made of the training rows.
    check_classes(splits, 1 if "validation" in splits else 2, findings)
    check_unknown_labels(splits, findings)


def check_texts(split: Split, roles: Sequence[str], findings: Findings, *, in_variants: bool) -> None:
    """Find texts that cannot be learned from.

    Args:
        split: of a table.
        roles: that hold texts.
        findings: where problems go.
        in_variants: whether the variants hold texts too.
    """
    texts = {split.columns.roles[role]: split.values(role) for role in roles if role in split.content}
    if in_variants:
        texts |= {split.columns.variants[group]: values for group, values in split.variants.items()}
    for column, values in texts.items():
        split.check(column, values, text_fault, findings, suspects(values))


def suspects(values: Values) -> np.ndarray:
    """Positions of values that may not be whole texts; all others are."""
    if not values.column.is_text:
        return np.arange(len(values))
    positions = [first + np.flatnonzero(~_is_surely_text(block)) for first, block in values.blocks()]
    return np.concatenate(positions) if positions else np.zeros(0, dtype=np.int64)


def _is_surely_text(block: pa.Array) -> np.ndarray:
    """[n] bool: texts with a sign of ASCII that is no blank. Most others are whole texts too, in other scripts."""
    return np.asarray(compute().fill_null(compute().match_substring_regex(block, "[!-~]"), False))


def text_fault(text: Any) -> Fault | None:
    """(kind, what, remedy) of a text that cannot be learned from; None if nothing is wrong with it.

    >>> text_fault("fine"), text_fault(" ")[1]
    (None, "the text is only blanks: ' '")
    """
    if text is None or text == "":
        return "empty texts", "the text is empty", "Fill it in or remove the row."
    if not isinstance(text, str):
        what = f"expected text, found {type(text).__name__} {shorten(text)}"
        return "values that are not text", what, "Write it as text, or name another column."
    if not text.strip():
        return "empty texts", f"the text is only blanks: {shorten(text)}", "Fill it in or remove the row."
    if any("\ud800" <= letter <= "\udfff" for letter in text) if not text.isascii() else False:
        what = f"the text holds half of a character pair: {shorten(text)}"
        return "broken characters", what, "Write the file again with an encoder that keeps pairs whole."
    return None


def check_across(
    splits: Mapping[str, Split], findings: Findings, show: Callable[[Split, int], tuple[str, str]]
) -> None:
    """Find examples that are in two splits.

    Args:
        splits: with keys.
        findings: where problems go.
        show: (what to call the example at a position, the role whose column to name).
    """
    for number, name in enumerate(NAMES):
        for later in NAMES[number + 1 :]:
            if name in splits and later in splits:
                _check_pair(splits[name], splits[later], findings, show)


def _check_pair(one: Split, other: Split, findings: Findings, show: Callable[[Split, int], tuple[str, str]]) -> None:
    positions, matches = first_matches(one.keys, other.keys)
    match = dict(zip(positions.tolist(), matches.tolist(), strict=True))
    remedy = f"Remove it from one of them, or set data.duplicates: drop to leave it out of {one.name}."

    def problem(index: int) -> Problem:
        shown, role = show(one, index)
        what = f"{shown} is also in {other.name} ({other.place(match[index])})"
        return Problem(one.place(index, one.columns.roles.get(role)), what, remedy)

    kind = f"{one.table.noun}s of {one.name} that are also in {other.name}"
    findings.add_all(kind, one.table.source, list(match), problem, one.row)


def repeat_notes(train: Split, content: str, contents: str) -> list[str]:
    """What to know about examples that train has more than once; `content` is what repeats: "text", "texts"."""
    of_row, first = train.groups
    sizes, codes, classes = np.bincount(of_row), train.labels.codes, len(train.labels.names) + 1
    shared = np.flatnonzero(sizes[of_row] > 1)
    # A number for every pair of group and class, of which a torn group has several.
    pairs = np.unique(of_row[shared] * classes + codes[shared] + 1)
    repeated, torn = len(train) - len(first), int((np.bincount(pairs // classes, minlength=1) > 1).sum())
    notes = []
    if repeated:
        verb = "repeats" if repeated == 1 else "repeat"
        notes.append(f"{train.table.counted(repeated)} of train {verb} the {content} of an earlier one.")
    if torn:
        notes.append(f"{torn:,} {contents} of train occur with different labels.")
    return notes


def count_truncated(data: CheckedData, tokenizer: Any, max_length: int) -> tuple[str, ...]:
    """Say how many texts a model would not see whole.

    Args:
        data: the checked data.
        tokenizer: called on lists of texts (and pairs), with special tokens; None if it is yet to be trained, and then
            words are counted instead, which are fewer than tokens.
        max_length: tokens, special ones included.

    Returns:
        One note for each split.
    """
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    unit = "words" if tokenizer is None else "tokens"
    notes = []
    for name, split in splits.items():
        lengths = _lengths(split, tokenizer)
        longer, longest = int((lengths > max_length).sum()), int(lengths.max())
        share = 100 * longer / len(lengths)
        notes.append(
            f"{name}: {longer:,} of {len(lengths):,} texts ({share:.1f} %) are longer than {max_length} {unit} and are "
            f"cut at the end (longest: {longest:,}; data.max_length)."
            if longer
            else f"{name}: no text is longer than {max_length} {unit} (longest: {longest:,})."
        )
    if tokenizer is None:
        notes.append("Words were counted, as the tokenizer is trained with the model; tokens are as many or more.")
    return tuple(notes)


def _lengths(split: Any, tokenizer: Any) -> np.ndarray:
    """[N] tokens or words of each row, some rows at a time."""
    columns = [column for column in ("text", "text_pair") if column in split.column_names]
    lengths: list[int] = []
    for start in range(0, len(split), _COUNTED_AT_ONCE):
        rows = split[start : start + _COUNTED_AT_ONCE]
        texts = [rows[column] for column in columns]
        lengths += _words(*texts) if tokenizer is None else _tokens(tokenizer, *texts)
    return np.array(lengths)


def _tokens(tokenizer: Any, *texts: Sequence[str]) -> list[int]:
    # verbose=False: the tokenizer would warn of texts longer than its model takes, which is what is counted here.
    return [len(ids) for ids in tokenizer(*texts, truncation=False, verbose=False)["input_ids"]]


def _words(*texts: Sequence[str]) -> list[int]:
    return [sum(len(text.split()) for text in row) for row in zip(*texts, strict=True)]
