"""Checks of what a mask depends on: the example and the epoch, and nothing else."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from maskwright.testing.finding import NOT_APPLICABLE, Answer, Check, verdict
from maskwright.testing.loading import COMPARED
from maskwright.testing.subject import Subject

SHORT = 64
"""Cells up to which two masks may be equal by chance; in longer ones that does not happen."""


def _same(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> float:
    """Share of pairs of masks that are equal."""
    return float(np.mean([np.array_equal(a, b) for a, b in zip(first, second, strict=True)]))


def _order(subject: Subject) -> list[int]:
    return list(range(min(COMPARED, len(subject.examples))))


def _again(subject: Subject, **settings: Any) -> list[np.ndarray]:
    return subject.run(_order(subject), **settings)[0]


def _all_equal(shares: Mapping[str, float]) -> Answer:
    answer = "same: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    return answer, verdict(all(share == 1 for share in shares.values())), dict(shares)


def _repeats(subject: Subject) -> Answer:
    return _all_equal({"second run": _same(subject.usual, _again(subject))})


def _workers(subject: Subject) -> Answer:
    usual = subject.usual
    return _all_equal({f"{n} worker{'s' * (n > 1)}": _same(usual, _again(subject, workers=n)) for n in (1, 4)})


def _batch_size(subject: Subject) -> Answer:
    usual = subject.usual
    return _all_equal({f"batches of {n}": _same(usual, _again(subject, batch_size=n)) for n in (1, 64)})


def _shuffled(subject: Subject) -> Answer:
    order = _order(subject)
    shuffled = np.random.default_rng(0).permutation(order).tolist()
    masks = dict(zip(shuffled, subject.run(shuffled)[0], strict=True))
    return _all_equal({"shuffled": _same(subject.usual, [masks[number] for number in order])})


def _resume(subject: Subject) -> Answer:
    order = _order(subject)
    done = len(order) // 16 * 8  # whole batches of 8: half of the examples
    if not done:
        return "too few examples for two batches", NOT_APPLICABLE, {}
    return _all_equal({"after resuming": _same(subject.usual[done:], subject.run(order[done:])[0])})


def _ranks(subject: Subject) -> tuple[list[int], list[np.ndarray], list[np.ndarray]]:
    lengths = [mask.size for mask in subject.usual]
    order = sorted(_order(subject), key=lambda number: lengths[number])  # so that partners are of equal lengths
    order = order[: len(order) // 2 * 2]
    return order, subject.run(order[0::2])[0], subject.run(order[1::2])[0]


def _ranks_same(subject: Subject) -> Answer:
    if len(subject.examples) < 2:
        return "one example cannot be shared out", NOT_APPLICABLE, {}
    order, first, second = _ranks(subject)
    both = [mask for pair in zip(first, second, strict=True) for mask in pair]
    alone = subject.usual
    return _all_equal({"two ranks and one": _same([alone[number] for number in order], both)})


def _ranks_differ(subject: Subject) -> Answer:
    if len(subject.examples) < 2:
        return "one example cannot be shared out", NOT_APPLICABLE, {}
    _, first, second = _ranks(subject)
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if len(a) == len(b)]
    if len(pairs) < 8:
        return "too few examples of equal lengths", NOT_APPLICABLE, {}
    return _distinct(subject, {"rank 0 and rank 1": float(np.mean([np.array_equal(a, b) for a, b in pairs]))})


def _epochs(subject: Subject) -> Answer:
    shares = {}
    for workers in (0, 2):
        first, second = subject.run(_order(subject), workers=workers, epochs=2)
        shares[f"{workers} workers"] = _same(first, second)
    return _distinct(subject, shares)


def _distinct(subject: Subject, shares: Mapping[str, float]) -> Answer:
    """Equal masks may come up by chance: as often as between examples, or as draws of so many cells fall together."""
    masks = sorted(subject.usual, key=len)
    pairs = [(a, b) for a, b in itertools.pairwise(masks) if len(a) == len(b)]
    short = [1 / math.comb(len(mask), int(mask.sum())) if len(mask) <= SHORT else 0.0 for mask in masks]
    chance = max(float(np.mean([np.array_equal(a, b) for a, b in pairs])) if pairs else 0.0, float(np.mean(short)))
    if chance > 0.5:
        return f"{chance:.0%} of neighbours have equal masks by nature", NOT_APPLICABLE, {"chance": chance}
    allowed = chance + 5 * np.sqrt(max(chance * (1 - chance), 0.002) / len(masks))
    if allowed >= 1:
        return "too few examples to tell from chance", NOT_APPLICABLE, {"chance": chance}
    answer = "equal: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    passed = all(share <= allowed for share in shares.values())
    return answer, verdict(passed), {**shares, "chance": chance}


def _back_ends(subject: Subject) -> Answer:
    if not subject.alternatives:
        return "there is one back end", NOT_APPLICABLE, {}
    usual = subject.usual
    return _all_equal({name: _same(usual, _again(subject, make=make)) for name, make in subject.alternatives.items()})


REPEATING_CHECKS = (
    Check("repeats", "same with the same seed", _repeats),
    Check("workers", "same with 0, 1 and 4 workers", _workers),
    Check("batch_size", "same in batches of 1, 8 and 64", _batch_size),
    Check("order", "same in a shuffled order", _shuffled),
    Check("resume", "same after a resume", _resume),
    Check("ranks_same", "same on one rank and on two", _ranks_same),
    Check("ranks_differ", "other masks on another rank", _ranks_differ),
    Check("epochs_differ", "other masks in another epoch", _epochs),
    Check("back_ends", "same on every back end", _back_ends),
)
