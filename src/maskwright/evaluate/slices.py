"""Where models do worst: shares of right answers by length, by class and by word, with intervals that hold together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from maskwright.data.roles import TEXT_ROLES
from maskwright.data.translation.section import ROLES
from maskwright.evaluate.estimates import written
from maskwright.evaluate.samples import Sample
from maskwright.evaluate.scored import MODEL, TWIN, Answers, Truth
from maskwright.evaluate.statistics import Replicated
from maskwright.evaluate.sweep import Material

SHOWN = 5
"""Slices of a kind that are shown: those of which the model gets the smallest share right."""

LENGTHS = 4
"""Slices by length: quartiles."""

FEWEST = 20
"""Examples that a word has to be in."""

TEXTS = {role.name for role in (*TEXT_ROLES, *ROLES) if role.kind == "text" and role.identifies}
"""Columns of the data that words are taken from."""

WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Slice:
    """Examples that have something in common.

    Attributes:
        value: what that is.
        rows: their numbers.
    """

    value: str
    rows: np.ndarray


def worst_slices(
    runs: Sequence[Mapping[str, Answers]], material: Material, truth: Truth, confidence: float
) -> list[dict[str, Any]] | None:
    """The `slices` of the document, on whole inputs; None where no metric says of an example whether it is right.

    Each interval has the confidence 1 − (1 − confidence) / k, with k slices of its kind, so that those of all slices of
    a kind hold together, and those of the worst among them however they were picked.

    Args:
        runs: of each training seed, who -> what was noted of the answers.
        material: the examples.
        truth: what answers are compared with.
        confidence: of all intervals of a kind together.
    """
    if truth.right is None:
        return None
    hits = {who: [answers[who].clean.each(truth.right) > 0.5 for answers in runs] for who in runs[0]}
    kinds = {"length": _by_length(material), "class": _by_class(material, truth), "word": _by_word(material)}
    slices = []
    for kind, members in kinds.items():
        shares = [np.mean([hit[one.rows].mean() for hit in hits[MODEL]]) for one in members]
        worst = sorted(range(len(members)), key=lambda place: (shares[place], -len(members[place].rows)))[:SHOWN]
        alone = 1.0 - (1.0 - confidence) / max(len(members), 1)
        for one in (members[place] for place in worst):
            row = {"by": kind, "value": one.value, "n": len(one.rows), "of": len(members), MODEL: None, TWIN: None}
            slices.append(row | {who: _share(hit, one.rows, truth.clusters, alone) for who, hit in hits.items()})
    return slices


def _share(hits: Sequence[np.ndarray], rows: np.ndarray, clusters: np.ndarray, confidence: float) -> dict[str, Any]:
    each = [hit[rows].astype(np.float64) for hit in hits]
    runs = [Replicated(float(right.mean()), np.empty(0), right) for right in each]
    sample = Sample(runs, np.unique(clusters[rows], return_inverse=True)[1], (0.0, 1.0))
    return written(sample.estimate(), confidence, sample.values)


def _by_length(material: Material) -> list[Slice]:
    """Quartiles of the lengths, fewer where many are equal; none where all are."""
    lengths, unit = np.asarray(material.test.lengths), material.task.words.units
    ends = np.unique(np.quantile(lengths, np.arange(1, LENGTHS + 1) / LENGTHS, method="inverted_cdf"))
    if len(ends) < 2:
        return []
    which = np.searchsorted(ends, lengths)
    members = [np.flatnonzero(which == place) for place in range(len(ends))]
    return [Slice(f"{lengths[rows].min():,} to {lengths[rows].max():,} {unit}", rows) for rows in members]


def _by_class(material: Material, truth: Truth) -> list[Slice]:
    if truth.labels is None:
        return []
    return [Slice(material.data.labels[k], np.flatnonzero(truth.labels == k)) for k in np.unique(truth.labels)]


def _by_word(material: Material) -> list[Slice]:
    """Words of the texts in lower case, that are in enough of them and not in all."""
    counts = Counter(word for words in _words(material) for word in words)
    n = len(material.test)
    wanted: dict[str, list[int]] = {word: [] for word, count in counts.items() if FEWEST <= count < n}
    for row, words in enumerate(_words(material)):
        for word in words & wanted.keys():
            wanted[word].append(row)
    return [Slice(word, np.array(rows)) for word, rows in wanted.items()]


def _words(material: Material) -> Iterator[set[str]]:
    """The words of every test example, read some at a time."""
    test = material.data.test
    columns = [name for name in test.column_names if name in TEXTS]
    if not columns:
        return
    for batch in cast("Any", test.select_columns(columns)).iter(batch_size=1000):
        for texts in zip(*(batch[name] for name in columns), strict=True):
            yield {word for text in texts for word in WORD.findall(text.lower())}
