"""What can be wrong with labels: none there, spelt in two ways, too few of a class, unknown to training."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from maskwright.data.findings import Findings, listed, shorten
from maskwright.data.labels import NO_LABEL
from maskwright.data.splits import Split
from maskwright.errors import Problem

LOST_LABELS = {"nan", "null", "<na>", "#n/a", "nat", "none", "n/a", "na"}
"""How other programs write a missing label."""

SURELY_LOST = {"nan", "null", "<na>", "#n/a", "nat"}
"""Of these, the ones nobody would call a class."""

UNBALANCED = 5.0
"""Largest class over smallest from which on a note says that classes are unbalanced."""

Splits = Mapping[str, Split]


def check_labels(split: Split, findings: Findings) -> None:
    """Find examples without a label, or with what another program writes where there is none."""
    labels, noun = split.labels, split.table.noun
    lost = [code for code, name in enumerate(labels.names) if name.strip().lower() in SURELY_LOST]

    def unlabelled(index: int) -> Problem:
        return Problem(split.place(index, split.label), f"the {noun} has no label", f"Label it or remove the {noun}.")

    def written_as_lost(index: int) -> Problem:
        what = f"the label {shorten(labels[index])} is how a program writes a missing value"
        return Problem(split.place(index, split.label), what, f"Label the {noun} or remove it.")

    kinds = [
        (f"{noun}s without a label", np.flatnonzero(labels.codes == NO_LABEL).tolist(), unlabelled),
        (f"{noun}s with a lost label", np.flatnonzero(np.isin(labels.codes, lost)).tolist(), written_as_lost),
    ]
    split.report(kinds, findings)


def check_spelling(splits: Splits, findings: Findings) -> None:
    """Find labels that differ only in case, blanks or the spelling of a number, within and across splits."""
    spellings: dict[str, Counter[str]] = {}
    places: dict[str, str] = {}
    counted = splits["train"].table.counted
    for split in splits.values():
        for label, count in split.labels.counts.items():
            spellings.setdefault(_normal(label), Counter())[label] += count
            places.setdefault(label, split.place(split.labels.first[label], split.label))
    for counts in spellings.values():
        (usual, often), *others = counts.most_common()
        for rare, times in others:
            what = (
                f"label {shorten(rare)} ({counted(times)}) differs from {shorten(usual)} ({counted(often)}) only in "
                "case, blanks or the spelling of a number"
            )
            remedy = f"Write it {usual!r} everywhere, or give the classes different names."
            findings.add("labels spelt in two ways", places[rare], Problem(places[rare], what, remedy))


def _normal(label: str) -> str:
    """What labels that mean the same have in common.

    >>> _normal(" Very  Good") == _normal("very good"), _normal("1.0") == _normal("1")
    (True, True)
    """
    text = " ".join(label.casefold().split())
    number = re.fullmatch(r"\+?(-?)0*(\d+?)(\.0*)?", text, re.ASCII)
    return f"{number[1]}{number[2]}" if number else text


def check_classes(splits: Splits, parts_of_train: int, findings: Findings) -> None:
    """Find a single class, and classes with fewer examples than there are splits; see `check_text_data`."""
    train = splits["train"]
    source, noun, counted = train.table.source, train.table.noun, train.table.counted
    place = source if train.table.places else f"{source}, column {train.label!r}"
    counts = train.labels.counts
    if len(counts) == 1:
        what = f"every {noun} has the same label, {shorten(next(iter(counts)))}"
        findings.add("classes", source, Problem(place, what, "A classifier needs two classes; see data.label."))
    total: Counter[str] = Counter()
    for split in splits.values():
        total.update(split.labels.counts)
    needed = len(splits) - 1 + parts_of_train
    # A label spelt in two ways is a problem of its own.
    spellings = Counter(map(_normal, total))
    alone = [label for label in sorted(counts) if spellings[_normal(label)] == 1]
    few = [label for label in alone if counts[label] < parts_of_train or total[label] < needed]
    if len(few) > max(10, len(counts) // 2):
        what = f"{len(few):,} of {len(counts):,} classes have fewer examples than the {needed} splits need"
        remedy = f"Is this the column of classes? Its values are such as {_listed(few, most=3)}. See data.label."
        findings.add("classes", source, Problem(place, what, remedy))
        return
    for label in few:
        what = (
            f"class {shorten(label)} has {counted(total[label])} ({counted(counts[label])} in train), "
            f"fewer than the {needed} splits need"
        )
        where = train.place(train.labels.first[label], train.label)
        remedy = "Add examples, join it to another class, or remove it."
        findings.add("classes that are too small", source, Problem(where, what, remedy))


def check_unknown_labels(splits: Splits, findings: Findings) -> None:
    """Find labels of other splits that cannot be learned, because train lacks them."""
    learned = sorted(splits["train"].labels.counts)
    # A label that train spells in another way is a problem of its own.
    normal = {_normal(label) for label in learned}
    for name, split in splits.items():
        for label, count in sorted(split.labels.counts.items()):
            if _normal(label) in normal:
                continue
            nearest = difflib.get_close_matches(label, learned, n=1)
            hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Train has {_listed(learned)}."
            where = split.place(split.labels.first[label], split.label)
            what = f"the label {shorten(label)} ({split.table.counted(count)}) is in {name} but not in train"
            remedy = f"{hint} Add it to train, or remove its {split.table.noun}s."
            findings.add("labels that train lacks", split.table.source, Problem(where, what, remedy))


def class_notes(splits: Splits) -> list[str]:
    """What to know about classes: unbalanced, absent from a split, oddly named."""
    counts = Counter(splits["train"].labels.counts)
    counted = splits["train"].table.counted
    (largest, most), (smallest, least) = counts.most_common()[0], counts.most_common()[-1]
    notes = []
    if most >= UNBALANCED * least:
        notes.append(
            f"classes are unbalanced in train: {shorten(largest)} has {counted(most)}, {shorten(smallest)} "
            f"{counted(least)}; training.class_weights: auto gives each class the same weight, and macro F1 says more "
            "than accuracy."
        )
    for name, split in splits.items():
        lacking = sorted(set(counts) - set(split.labels.counts))
        if lacking:
            notes.append(f"{name} has no example of {_listed(lacking)}.")
    odd = [label for label in sorted(counts) if label.strip().lower() in LOST_LABELS]
    notes += [f"the class {shorten(label)} looks like a missing value; it is taken as a class." for label in odd]
    padded = [label for label in sorted(counts) if label != label.strip()]
    notes += [f"the class {shorten(label)} has blanks around its name, which are kept." for label in padded]
    return notes


def _listed(labels: Sequence[str], most: int = 8) -> str:
    return listed([*map(shorten, labels)], most)
