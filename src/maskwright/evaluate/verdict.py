"""The verdict: one sentence that says whether masking helped, by a rule fixed before looking.

The rule. Headline metrics are the accuracy on the texts without the shortcut (the variant with `removed` in its name,
else the first variant, if the data has variants) and `auc_mask` of the first pattern. For each, masking was *better*
only if the interval of the paired difference lies above 0, *worse* only if it lies below, *without effect* if the
interval holds 0, lies within ± NEGLIGIBLE and there are enough texts to say so, and *undecided* otherwise. All
headline metrics count: one better and one worse is *mixed*; better and undecided is still *better*, and the sentence
says both. A significant change of accuracy on whole inputs is always told in the same sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NEGLIGIBLE = 0.02
"""Two points of accuracy: an interval inside ± this is told as no effect instead of as not knowing."""

RULE_OF_THREE = 3.0
"""Where n texts show no difference at all, 3 / n of all texts may still differ (95 %); a bootstrap cannot know."""

BETTER, WORSE, NO_EFFECT, UNDECIDED, MIXED, ALONE = "better", "worse", "no effect", "undecided", "mixed", "alone"

OPENINGS = {
    BETTER: "Masking helped",
    WORSE: "Masking hurt",
    MIXED: "Masking helped in one way and hurt in another",
    NO_EFFECT: "Masking did not help",
    UNDECIDED: "It cannot be told whether masking helped",
    ALONE: "There is no twin to compare with, so nothing is claimed about what masking did",
}


@dataclass(frozen=True)
class Verdict:
    """What to conclude.

    Attributes:
        outcome: better, worse, mixed, no effect, undecided or alone.
        sentence: the conclusion with metric, difference and interval.
        details: further sentences, one for each other variant, on the certainty, and so on.
    """

    outcome: str
    sentence: str
    details: tuple[str, ...]


def judge(difference: Mapping[str, Any], n: int) -> str:
    """Apply the rule to one paired difference (model − twin) with its interval, measured on `n` texts.

    >>> judge({"value": 0.1, "low": 0.02, "high": 0.18}, 100), judge({"value": 0.1, "low": -0.02, "high": 0.22}, 100)
    ('better', 'undecided')
    >>> judge({"value": 0.0, "low": -0.01, "high": 0.01}, 500), judge({"value": 0.0, "low": 0.0, "high": 0.0}, 20)
    ('no effect', 'undecided')
    """
    low, high = difference["low"], difference["high"]
    if low is None or high is None:
        return UNDECIDED
    if low == high != 0:
        return UNDECIDED  # an interval without width comes from too few texts or seeds to have one
    if low > 0:
        return BETTER
    if high < 0:
        return WORSE
    narrow = low >= -NEGLIGIBLE and high <= NEGLIGIBLE and RULE_OF_THREE / n <= NEGLIGIBLE
    return NO_EFFECT if narrow else UNDECIDED


def overall(outcomes: list[str]) -> str:
    """Combine the outcomes of the headline metrics.

    >>> overall(["better", "undecided"]), overall(["better", "worse"]), overall(["no effect", "undecided"])
    ('better', 'mixed', 'undecided')
    """
    if BETTER in outcomes and WORSE in outcomes:
        return MIXED
    return next(outcome for outcome in (BETTER, WORSE, UNDECIDED, NO_EFFECT) if outcome in outcomes)


def verdict(document: Mapping[str, Any]) -> Verdict:
    """Judge an evaluation document."""
    confidence = document["settings"]["confidence"]
    metrics = headline_metrics(document)
    clean = document["clean"]
    if clean["difference"] is None:
        numbers = "; ".join(f"{name} is {_percent(compared['model'], confidence)}" for name, compared in metrics)
        return Verdict(ALONE, f"{OPENINGS[ALONE]}: {numbers}.", (*_not_learned(document), *_scope(document)))
    n = document["data"]["examples"]
    outcomes = [judge(compared["difference"], n) for _, compared in metrics]
    outcome = overall(outcomes)
    told = "; ".join(
        tell(name, compared, confidence, first=not i, outcome=None if each == outcome else each)
        for i, ((name, compared), each) in enumerate(zip(metrics, outcomes, strict=True))
    )
    opening = OPENINGS[outcome]
    if outcome in (UNDECIDED, NO_EFFECT) and _not_learned(document):
        opening = "Nothing can be said about masking, because the task was not learned"
    sentence = f"{opening}: {told}{_clean_change(clean, n, confidence)}."
    return Verdict(
        outcome, sentence, (*_not_learned(document), *_other_variants(document, confidence), *_scope(document))
    )


def headline_metrics(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The metrics the verdict rests on, with their names in words."""
    metrics = []
    variant = headline_variant([group["variant"] for group in document["groups"]["variants"][1:]])
    if variant:
        group = next(one for one in document["groups"]["variants"] if one["variant"] == variant)
        metrics.append((f"accuracy on the variant “{variant}”", group))
    pattern = document["settings"]["patterns"][0]
    highest = document["settings"]["ratios"][-1]
    name = f"mean accuracy with 0 to {highest:.0%} of the input hidden (auc_mask, {pattern})"
    return [*metrics, (name, document["curves"][pattern]["auc_mask"])]


def headline_variant(variants: list[str]) -> str | None:
    """The variant the verdict looks at: the one with "removed" in its name, else the first.

    >>> headline_variant(["swapped", "removed"]), headline_variant(["typos"]), headline_variant([])
    ('removed', 'typos', None)
    """
    return next((variant for variant in variants if "removed" in variant), next(iter(variants), None))


def tell(
    name: str, compared: Mapping[str, Any], confidence: float, *, first: bool = False, outcome: str | None = None
) -> str:
    """One comparison in words; `outcome` is added where it is not what the sentence opened with."""
    difference = compared["difference"]
    against = " for the same model trained without masking" if first else ""
    aside = f", {'not to be told' if outcome == UNDECIDED else outcome}" if outcome else ""
    return (
        f"{name} is {compared['model']['value']:.1%} against {compared['twin']['value']:.1%}{against}, "
        f"{points(difference['value'])} points ({interval(difference, confidence)}{aside})"
    )


def points(value: float) -> str:
    """A difference of shares in percentage points, with its sign.

    >>> points(0.123), points(-0.04), points(0.0)
    ('+12.3', '−4.0', '±0.0')
    """
    shown = f"{abs(value) * 100:.1f}"
    return f"±{shown}" if shown == "0.0" else f"{'+' if value > 0 else '−'}{shown}"


def interval(difference: Mapping[str, Any], confidence: float) -> str:
    """The interval of a difference in words, in percentage points."""
    if difference["low"] is None:
        return "no interval can be given"
    return f"{confidence:.0%} interval {points(difference['low'])} to {points(difference['high'])}"


def _percent(one: Mapping[str, Any], confidence: float) -> str:
    bounds = "" if one["low"] is None else f" ({confidence:.0%} interval {one['low']:.1%} to {one['high']:.1%})"
    return f"{one['value']:.1%}{bounds}"


def _clean_change(clean: Mapping[str, Any], n: int, confidence: float) -> str:
    outcome = judge(clean["difference"], n)
    if outcome not in (BETTER, WORSE):
        return ""
    link = "; the price is accuracy on whole inputs" if outcome == WORSE else "; accuracy on whole inputs rises too"
    return f"{link}, {points(clean['difference']['value'])} points ({interval(clean['difference'], confidence)})"


def _not_learned(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Who cannot be told from always answering the most frequent label, which empties every comparison of meaning."""
    clean, chance = document["clean"], document["data"]["chance"]
    found = {who: clean[who] for who in ("model", "twin") if clean[who] is not None}
    low = [who for who, one in found.items() if (one["value"] if one["low"] is None else one["low"]) <= chance]
    if not low:
        return ()
    who = "Neither model" if len(low) == 2 else f"The {low[0]}"
    verb = "is" if len(low) == 2 else "is not"
    return (
        f"{who} {verb} clearly better on whole inputs than always answering the most frequent label ({chance:.1%}): "
        "train longer or with another learning rate before reading anything else here.",
    )


def _other_variants(document: Mapping[str, Any], confidence: float) -> tuple[str, ...]:
    shown = headline_variant([group["variant"] for group in document["groups"]["variants"][1:]])
    words = {BETTER: "it helped", WORSE: "it hurt", NO_EFFECT: "it made no difference", UNDECIDED: "it cannot be told"}
    return tuple(
        f"On the variant “{group['variant']}” {words[judge(group['difference'], group['n'])]}: "
        f"{tell('accuracy', group, confidence)}."
        for group in document["groups"]["variants"][1:]
        if group["variant"] != shown
    )


def _scope(document: Mapping[str, Any]) -> tuple[str, ...]:
    seeds = len(document["runs"])
    if seeds == 1:
        return (
            "One training seed was evaluated: the intervals cover other test texts, not other trainings. "
            "Give several runs that differ only in training.seed to cover both.",
        )
    return (f"{seeds} training seeds were evaluated; intervals are over seeds.",)
