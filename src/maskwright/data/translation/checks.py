"""Everything that can be wrong with pairs of texts, besides what can be wrong with any text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from maskwright.data.findings import Findings
from maskwright.data.keys import plain_text
from maskwright.data.splits import Split
from maskwright.data.translation.direction import ROWS_READ, Letters, names_exchanged
from maskwright.errors import Problem

__all__ = ["PairChecks"]

BLOCK = 16_384
"""Pairs that are Python objects at the same time."""

MOST = 0.5
"""Share of copies from which on a split is refused."""

SWAPPED = 0.8
"""Share of the decisive rows that look swapped, from which on a split is refused."""

DECISIVE, SURE = 5.0, 20.0
"""Nats of evidence from which on a row counts in a verdict on its split, and from which on it is named."""

ENOUGH_ROWS = 10
"""Decisive rows below which nothing is said of a split."""

FAR = 4.0
"""Times longer, or shorter, than targets usually are for their sources, from which on a pair is named."""

SHORT = 10
"""Letters added to both sides before lengths are compared, so that short texts may differ more."""


@dataclass
class PairChecks:
    """Looks at one split after the other, train first; `notes` are what the user should merely know.

    Attributes:
        names: of the languages of source and target.
        notes: of all splits so far.
        letters: of train.
    """

    names: tuple[str, str]
    notes: list[str] = field(default_factory=list)
    letters: Letters | None = None

    def __call__(self, split: Split, findings: Findings) -> None:
        """Find what is wrong with a split."""
        if self.letters is None:
            self._check_names(split, findings)
            self.letters = Letters.of(pairs_of(split))
        ratio, copies, evidence = [], [], []
        for texts in pairs_of(split):
            source, target = (np.array([len(text) for text in side]) + SHORT for side in texts)
            ratio.append(np.log(target / source))
            copies.append(np.fromiter(map(_are_alike, *texts), dtype=bool, count=len(texts[0])))
            evidence.append(self.letters.evidence(*texts))
        self._check_copies(split, np.flatnonzero(np.concatenate(copies)), findings)
        self._note_lengths(split, np.concatenate(ratio))
        self._check_direction(split, np.concatenate(evidence), findings)

    def _check_names(self, train: Split, findings: Findings) -> None:
        """Find columns that are named after each other's language."""
        sources, targets = (list(map(_text, islice(train.values(role), ROWS_READ))) for role in ("source", "target"))
        exchanged = names_exchanged((self.names[0], sources), (self.names[1], targets))
        if exchanged is not None:
            remedy = "Exchange the two, or their names; or name other columns (data.source, data.target)."
            problem = Problem(train.table.source, f"looks swapped: {exchanged}", remedy)
            findings.add("swapped", train.table.source, problem)

    def _check_copies(self, split: Split, copies: np.ndarray, findings: Findings) -> None:
        """Targets that are their source: a problem where they are most of a split, a note otherwise."""
        share = len(copies) / max(1, len(split))
        if share > MOST:
            what = f"{len(copies):,} of {len(split):,} targets ({share:.0%}) are copies of their source"
            problem = Problem(split.table.source, what, "Name the column of the translations (data.target).")
            findings.add("copies", split.table.source, problem)
        elif len(copies):
            verb = "is a copy of its source" if len(copies) == 1 else "are copies of their source"
            rows = _rows(split, copies)
            self.notes.append(f"{split.name}: {len(copies):,} of {len(split):,} targets ({share:.1%}) {verb} ({rows}).")

    def _note_lengths(self, split: Split, ratio: np.ndarray) -> None:
        """Pairs whose sides hardly belong together, by their lengths."""
        far = np.flatnonzero(np.abs(ratio - np.median(ratio)) > np.log(FAR))
        if len(far):
            has = "pair has a target" if len(far) == 1 else "pairs have a target"
            self.notes.append(
                f"{split.name}: {len(far):,} {has} more than {FAR:g} times as long, or as short, as targets of such "
                f"sources usually are ({_rows(split, far)})."
            )

    def _check_direction(self, split: Split, evidence: np.ndarray, findings: Findings) -> None:
        """A split, or single rows, that look swapped against train."""
        decisive = np.abs(evidence) >= DECISIVE
        wrong = int((decisive & (evidence < 0)).sum())
        if split.name != "train" and decisive.sum() >= ENOUGH_ROWS and wrong > SWAPPED * decisive.sum():
            what = (
                f"looks swapped: in {wrong:,} of {decisive.sum():,} rows the source reads like the targets of train, "
                "and the target like its sources"
            )
            problem = Problem(split.table.source, what, "Exchange its two sides, or name another file.")
            findings.add("swapped", split.table.source, problem)
            return
        sure = np.flatnonzero(evidence <= -SURE)
        if len(sure):
            looks = "row looks" if len(sure) == 1 else "rows look"
            self.notes.append(f"{split.name}: {len(sure):,} {looks} swapped ({_rows(split, sure)}).")


def pairs_of(split: Split) -> Iterator[tuple[list[str], list[str]]]:
    """Sources and targets of some rows after the other; what is no text, which others complain of, is empty."""
    sides = [map(_text, split.values(role)) for role in ("source", "target")]
    while sources := list(islice(sides[0], BLOCK)):
        yield sources, list(islice(sides[1], BLOCK))


def _are_alike(one: str, other: str) -> bool:
    """Whether two texts are the same but for case and the width of blanks; most differ in their first letters."""
    if one == other:
        return True
    first, second = (text.lstrip()[:1].casefold()[:1] for text in (one, other))
    return first == second and plain_text(one) == plain_text(other)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _rows(split: Split, positions: np.ndarray) -> str:
    return f"row{'s' * (len(positions) > 1)} {split.listed(positions)}"
