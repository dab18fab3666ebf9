"""Everything that can be wrong with the rows of a task, found before anything slow begins.

What would make a result wrong is a problem and stops the run; what the user should merely know is a note.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from maskwright.data.findings import Findings, shorten
from maskwright.data.labels import check_classes, check_labels, check_spelling, check_unknown_labels, class_notes
from maskwright.data.splits import NAMES, Split, duplicates
from maskwright.errors import Problem

if TYPE_CHECKING:
    from maskwright.config import DataSection
    from maskwright.data.checked import CheckedData


def check_text_data(splits: Mapping[str, Split], config: DataSection) -> tuple[str, ...]:
    """Check the rows of all splits that have a file of their own.

    Args:
        splits: train, and validation and test where they are given.
        config: says whether duplicates are dropped.

    Returns:
        Notes.

    Raises:
        DataError: with all problems.
    """
    findings = Findings()
    for split in splits.values():
        check_texts(split, findings)
    check_all_labels(splits, findings)
    if config.duplicates == "refuse":
        check_across(splits, findings, lambda split, index: (shorten(split.values["text"][index]), "text"))
    findings.stop()
    return (*class_notes(splits), *repeat_notes(splits["train"], "text", "texts"))


def check_all_labels(splits: Mapping[str, Split], findings: Findings) -> None:
    """Find everything that is wrong with labels, in each split and between them."""
    for split in splits.values():
        check_labels(split, findings)
    check_spelling(splits, findings)
    # Without validation rows of their own, two splits are made of the training rows.
    check_classes(splits, 1 if "validation" in splits else 2, findings)
    check_unknown_labels(splits, findings)


def check_texts(split: Split, findings: Findings) -> None:
    """Find texts that cannot be learned from, in all columns that hold texts."""
    columns = {split.columns.roles[role]: split.values[role] for role in ("text", "text_pair") if role in split.values}
    if "image" not in split.values:
        columns |= {split.columns.variants[group]: texts for group, texts in split.variants.items()}
    for column, texts in columns.items():
        for index, text in enumerate(texts):
            fault = _fault(text)
            if fault is not None:
                kind, what, remedy = fault
                problem = Problem(split.place(index, column), what, remedy)
                findings.add(f"{kind} in column {column!r}", split.table.source, problem, split.row(index))


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
                one, other = splits[name], splits[later]
                remedy = f"Remove it from one of them, or set data.duplicates: drop to leave it out of {name}."
                for i, j in duplicates(one, other):
                    shown, role = show(one, i)
                    what = f"{shown} is also in {later} ({other.place(j)})"
                    problem = Problem(one.place(i, one.columns.roles[role]), what, remedy)
                    kind = f"{one.table.noun}s of {name} that are also in {later}"
                    findings.add(kind, one.table.source, problem, one.row(i))


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


def repeat_notes(train: Split, content: str, contents: str) -> list[str]:
    """What to know about examples that train has more than once; `content` is what repeats: "text", "texts"."""
    labels: dict[bytes, set[str | None]] = {}
    for key, label in zip(train.keys, train.labels, strict=True):
        labels.setdefault(key, set()).add(label)
    repeated, torn = len(train) - len(labels), sum(len(found) > 1 for found in labels.values())
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
