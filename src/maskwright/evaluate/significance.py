"""The p-value of every difference of the headline: of what the verdict rests on, and of every condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.evaluate.document import Summary
from maskwright.evaluate.groups import ORIGINAL
from maskwright.evaluate.hits import ONLY_MODEL, ONLY_TWIN
from maskwright.evaluate.scored import MODEL, TWIN, Key
from maskwright.evaluate.statistics import holm


@dataclass(frozen=True)
class _Case:
    """A difference that is tested.

    Attributes:
        condition: in words.
        key: of the number.
        pattern, ratio, variant: under which it was measured; no ratio for a mean over all of them.
    """

    condition: str
    key: Key
    pattern: str = ""
    ratio: float | None = 0.0
    variant: str = ORIGINAL


def significance(summary: Summary) -> dict[str, Any] | None:
    """The tests for the document; None without a twin."""
    if TWIN not in summary.whos:
        return None
    others = [
        _Case(f"{pattern}, {ratio:.0%} hidden", Key("score", pattern, ratio), pattern, ratio)
        for pattern, ratio in summary.conditions
    ]
    return {
        "metric": summary.truth.headline.name,
        "test": "inversion of the interval of the paired difference",
        "adjustment": "Bonferroni over what the verdict rests on; Holm over the others",
        "tests": [*_tests(summary, list(_headline(summary)), True), *_tests(summary, others, False)],
    }


def _headline(summary: Summary) -> Iterator[_Case]:
    if summary.truth.headline.of_whole:
        yield _Case("whole input", Key("score"))
    for pattern in summary.judged_patterns:
        yield _Case(f"mean over {pattern}", Key("auc_mask", pattern), pattern, None)
    for variant in summary.runs[0].answers[MODEL].variants:
        yield _Case(f"variant “{variant}”", Key("group", group=(variant, None)), variant=variant)


def _tests(summary: Summary, cases: Sequence[_Case], is_headline: bool) -> list[dict[str, Any]]:
    ps = [summary.compared(case.key)["difference"]["p"] for case in cases]
    tested = [p for p in ps if p is not None]
    adjusted = iter([min(1.0, len(summary.measures) * p) for p in tested] if is_headline else holm(tested))
    return [
        {
            "condition": case.condition,
            "pattern": case.pattern,
            "ratio": case.ratio,
            "variant": case.variant,
            **{who: _share(summary, who, case.key) for who in (ONLY_MODEL, ONLY_TWIN)},
            "headline": is_headline,
            "p": p,
            "p_adjusted": None if p is None else next(adjusted),
        }
        for case, p in zip(cases, ps, strict=True)
    ]


def _share(summary: Summary, who: str, key: Key) -> float | None:
    """Share of the examples that only one of the two gets right."""
    shares = [run.measured[who, key].value for run in summary.runs if (who, key) in run.measured]
    return float(np.mean(shares)) if shares else None
