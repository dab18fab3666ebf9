"""Everything that can be wrong with the rows of a task, found before anything slow begins.

What would make a result wrong is a problem and stops the run; what the user should merely know is a note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from maskwright.data.findings import Findings, shorten
from maskwright.data.labels import (
    check_classes,
    check_labels,
    check_spelling,
    check_unknown_labels,
    class_notes,
    rows_of,
)
from maskwright.data.split import Split
from maskwright.errors import Problem

if TYPE_CHECKING:
    from maskwright.data.load import TextData


def check_text_data(
    splits: Mapping[str, Split], *, drop_duplicates: bool = False, parts_of_train: int = 1
) -> tuple[str, ...]:
    """Check the rows of all splits that have a file of their own.

    Args:
        splits: train, and validation and test where they are given.
        drop_duplicates: rows that are in two splits will be left out of one, so they are no problem.
        parts_of_train: how many splits are made of the training rows (2 when validation is set aside from them).

    Returns:
        Notes.

    Raises:
        DataError: with all problems.
    """
    findings = Findings()
    for split in splits.values():
        _check_texts(split, findings)
        check_labels(split, findings)
    check_spelling(splits, findings)
    check_classes(splits, parts_of_train, findings)
    check_unknown_labels(splits, findings)
    if not drop_duplicates:
        _check_across(splits, findings)
    findings.stop()
    return (*class_notes(splits), *_repeat_notes(splits["train"]))


def duplicates(one: Split, other: Split) -> list[tuple[int, int]]:
    """Positions (in `one`, in `other`) of rows that hold the same example; the first match in `other` counts."""
    first: dict[bytes, int] = {}
    for index, key in enumerate(other.keys()):
        first.setdefault(key, index)
    return [(index, first[key]) for index, key in enumerate(one.keys()) if key in first]


def _check_texts(split: Split, findings: Findings) -> None:
    columns = {split.columns.text: split.texts}
    if split.columns.text_pair is not None and split.pairs is not None:
        columns[split.columns.text_pair] = split.pairs
    named = split.columns.variants or {}
    columns |= {named[group]: texts for group, texts in split.variants.items()}
    for column, texts in columns.items():
        for index, text in enumerate(texts):
            fault = _fault(text)
            if fault is not None:
                kind, what, remedy = fault
                problem = Problem(split.place(index, column), what, remedy)
                findings.add(f"{kind} in column {column!r}", split.table.source, problem, split.rows[index])


def _fault(text: Any) -> tuple[str, str, str] | None:
    """(kind, what, remedy) of a text that cannot be learned from."""
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


def _check_across(splits: Mapping[str, Split], findings: Findings) -> None:
    order = ["train", "validation", "test"]
    remedy = "Remove it from one of them, or set data.duplicates: drop to leave it out of {name}."
    for number, name in enumerate(order):
        for later in order[number + 1 :]:
            if name in splits and later in splits:
                one, other = splits[name], splits[later]
                for i, j in duplicates(one, other):
                    what = f"{shorten(one.texts[i])} is also in {later} ({other.place(j)})"
                    problem = Problem(one.place(i, one.columns.text), what, remedy.format(name=name))
                    findings.add(f"rows of {name} that are also in {later}", one.table.source, problem, one.rows[i])


def _repeat_notes(train: Split) -> list[str]:
    labels: dict[bytes, set[str | None]] = {}
    for key, label in zip(train.keys(), train.labels, strict=True):
        labels.setdefault(key, set()).add(label)
    repeated, torn = len(train) - len(labels), sum(len(found) > 1 for found in labels.values())
    notes = []
    if repeated:
        notes.append(f"{rows_of(repeated)} of train repeat{'s' if repeated == 1 else ''} the text of an earlier one.")
    if torn:
        notes.append(f"{torn:,} texts of train occur with different labels.")
    return notes


def count_truncated(data: TextData, tokenizer: Any, max_length: int) -> tuple[str, ...]:
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
        texts = [split[column][:] for column in ("text", "text_pair") if column in split.column_names]
        lengths = _words(*texts) if tokenizer is None else _tokens(tokenizer, *texts)
        longer, longest = sum(length > max_length for length in lengths), max(lengths)
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


def _tokens(tokenizer: Any, *texts: Sequence[str]) -> list[int]:
    # verbose=False: the tokenizer would warn of texts longer than its model takes, which is what is counted here.
    return [len(ids) for ids in tokenizer(*texts, truncation=False, verbose=False)["input_ids"]]


def _words(*texts: Sequence[str]) -> list[int]:
    return [sum(len(text.split()) for text in row) for row in zip(*texts, strict=True)]
