"""The verdict: one sentence that says whether masking helped, by a rule fixed before looking.

The rule. The verdict rests on the task's metric on whole inputs, on every variant of the data, and on `auc_mask` of the
first pattern. Their intervals share one error, so that all of them hold together with the confidence that is named. For
each, masking was *better* only if the interval of the paired difference lies wholly on the better side of 0, *worse*
only if it lies on the other, *without effect* if the interval holds 0 and lies within what is negligible, and
*undecided* otherwise. What counts for the outcome is `auc_mask` and the examples without the shortcut (the variants
with `removed` in their name, else the first variant): one better and one worse is *mixed*; better and undecided is
still *better*, and the sentence says both. Where the shortcut was removed in several ways, the weakest difference
speaks for all. Where `auc_mask` alone is better, and not under a second fill, the sentence says so. A change on whole
inputs is always in the same sentence. If neither model is better on whole inputs than an answer that ignores them,
nothing is claimed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.evaluate.words import BETTER, NO_EFFECT, UNDECIDED, WORSE, Scale

MIXED, ALONE = "mixed", "alone"

OPENINGS = {
    BETTER: "Masking helped",
    WORSE: "Masking hurt",
    MIXED: "Masking helped in one way and hurt in another",
    NO_EFFECT: "Masking did not help",
    UNDECIDED: "It is not clear whether masking helped",
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
    scale, confidence, metrics = Scale.of(document), document["settings"]["confidence"], headline_metrics(document)
    if document["clean"]["difference"] is None:
        numbers = "; ".join(f"{name} is {_alone(scale, compared['model'], confidence)}" for name, compared in metrics)
        return Verdict(ALONE, f"{OPENINGS[ALONE]}: {numbers}.", (*_not_learned(document), *_scope(document)))
    outcomes = [scale.judge(compared["difference"]) for _, compared in metrics]
    # Where neither model knows anything of whole inputs, what they make of masked ones says nothing of masking.
    outcome = UNDECIDED if len(_unlearned(document)) == 2 else overall(outcomes)
    measures = "; ".join(
        f"{name} is {against(document, compared, first=not i, outcome=None if each == outcome else each)}"
        for i, ((name, compared), each) in enumerate(zip(metrics, outcomes, strict=True))
    )
    opening = OPENINGS[outcome]
    if outcome in (UNDECIDED, NO_EFFECT) and _unlearned(document):
        opening = "Nothing can be said about masking, because the task was not learned"
    elif outcome == BETTER and _only_own_fill(document, outcomes):
        opening = "Masking helped where parts are hidden as in its own training; in another way it is not shown"
    sentence = f"{opening}{_where(document)}: {measures}{_clean_change(document, outcome)}."
    details = (
        *_not_learned(document),
        *_second_way(document, outcomes[-1]),
        *_ways(document),
        *_other_variants(document),
        *_scope(document),
    )
    return Verdict(outcome, sentence, details)


def _where(document: Mapping[str, Any]) -> str:
    if document["data"]["split"] != "validation":
        return ""
    return f" (on the validation {document['noun']}, by which the checkpoint was chosen)"


def headline_metrics(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The metrics the verdict rests on, with their names in words."""
    metrics, rows, label = [], variants_of(document), document["metric"]["label"]
    chosen = headline_variants([row["variant"] for row in rows])
    if chosen:
        row = weakest(document, [row for row in rows if row["variant"] in chosen])
        metrics.append((f"{label} on the variant “{row['variant']}”", row))
    pattern = document["settings"]["patterns"][0]
    name = f"mean {label} with {hidden_range(document, pattern)} of the input hidden (auc_mask, {pattern})"
    return [*metrics, (name, document["curves"][pattern]["auc_mask"])]


def variants_of(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The comparisons on each variant of the data, without the examples as they are."""
    return document["groups"]["variants"][1:] if document["groups"] else []


def hidden_range(document: Mapping[str, Any], pattern: str) -> str:
    """How much is hidden along a curve, from the first point whose score says something."""
    points = document["curves"][pattern]["points"][0 if document["metric"]["of_whole"] else 1 :]
    first = next((one["ratio"] for one in points if one["score"]["model"]["value"] is not None), 0.0)
    return f"{first * 100:.0f} to {points[-1]['ratio']:.0%}"


def headline_variants(variants: Sequence[str]) -> list[str]:
    """The variants the verdict looks at: those with "removed" in their names, else the first.

    >>> headline_variants(["swapped", "removed_word", "removed_mask"]), headline_variants(["typos", "case"])
    (['removed_word', 'removed_mask'], ['typos'])
    """
    return [variant for variant in variants if "removed" in variant] or list(variants[:1])


def weakest(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of several comparisons the one that says least for masking: the lowest end of the interval, else the value."""
    scale = Scale.of(document)

    def least(row: Mapping[str, Any]) -> tuple[float, float]:
        one = row["difference"] or row["model"]
        ends = (one["low"], one["value"]) if scale.higher_is_better else (one["high"], one["value"])
        low, value = (-math.inf if end is None else end if scale.higher_is_better else -end for end in ends)
        return low, value

    return min(rows, key=least)


def against(
    document: Mapping[str, Any], compared: Mapping[str, Any], *, first: bool = False, outcome: str | None = None
) -> str:
    """One comparison in words; `outcome` is added where it is not what the sentence opened with."""
    scale, difference = Scale.of(document), compared["difference"]
    twin = " for the same model trained without masking" if first else ""
    way = " (lower is better)" if first and not scale.higher_is_better else ""
    aside = f", {'not clear' if outcome == UNDECIDED else outcome}" if outcome else ""
    if scale.judge(difference) in (UNDECIDED, NO_EFFECT) and scale.detectable(difference):
        aside += f"; {scale.detectable(difference)}"
    return (
        f"{scale.value(compared['model']['value'])} against {scale.value(compared['twin']['value'])}{twin}{way}, "
        f"{_change(document, difference, aside)}"
    )


def _change(document: Mapping[str, Any], difference: Mapping[str, Any], aside: str = "") -> str:
    scale = Scale.of(document)
    interval = scale.confident(difference, document["settings"]["confidence"], signed=True)
    return f"{scale.change(difference['value'])}{scale.points} ({interval}{aside})"


def _alone(scale: Scale, one: Mapping[str, Any], confidence: float) -> str:
    bounds = "" if one["low"] is None else f" ({scale.confident(one, confidence)})"
    return f"{scale.value(one['value'])}{bounds}"


def _clean_change(document: Mapping[str, Any], verdict: str) -> str:
    """What changed on whole inputs: a price where something was bought with it."""
    difference, label = document["clean"]["difference"], document["metric"]["label"]
    outcome = Scale.of(document).judge(difference)
    if outcome not in (BETTER, WORSE):
        return ""
    if outcome == WORSE and verdict in (BETTER, MIXED):
        link = f"the price is {label} on whole inputs"
    else:
        link = f"{label} on whole inputs is {outcome}{' too' if outcome == verdict else ''}"
    return f"; {link}, {_change(document, difference)}"


def _not_learned(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Which models are no better than an answer that ignores the input, which empties every comparison of meaning."""
    scale, chance, low = Scale.of(document), document["data"]["chance"], _unlearned(document)
    if not low:
        return ()
    who = "Neither model" if len(low) == 2 else f"The {low[0]}"
    verb = "is" if len(low) == 2 else "is not"
    return (
        f"{who} {verb} clearly better on whole inputs than an answer that ignores them ({scale.value(chance)}): "
        "train longer or with another learning rate before reading anything else here.",
    )


def _unlearned(document: Mapping[str, Any]) -> list[str]:
    return [who for who, learned in document["clean"]["learned"].items() if learned is False]


def _only_own_fill(document: Mapping[str, Any], outcomes: Sequence[str]) -> bool:
    """Whether all that got better is the mean over a curve, and not with a fill that neither model has met."""
    second = document["settings"]["second"]
    if second is None or BETTER in outcomes[:-1]:
        return False
    return Scale.of(document).judge(document["curves"][second["pattern"]]["auc_mask"]["difference"]) != BETTER


def _second_way(document: Mapping[str, Any], first: str) -> tuple[str, ...]:
    """Whether what masking did is there too where things are taken away in a way that neither model has met."""
    second, scale = document["settings"]["second"], Scale.of(document)
    if second is None:
        return ()
    compared = document["curves"][second["pattern"]]["auc_mask"]
    outcome = scale.judge(compared["difference"])
    if outcome == first:
        opening = "The same holds" if outcome in (BETTER, WORSE) else "The same is true"
    else:
        opening = {
            BETTER: "Masking helped",
            WORSE: "Masking hurt",
            NO_EFFECT: "There is no difference",
            UNDECIDED: "It is not clear whether there is a difference",
        }[outcome]
    aside = ""
    if first == BETTER and outcome != BETTER:
        aside = " Part of the twin's loss may be surprise at a fill that it never met."
    return (
        f"{opening} where the same parts are taken away in another way ({second['fill']}): mean "
        f"{document['metric']['label']} is {against(document, compared)}.{aside}",
    )


def _ways(document: Mapping[str, Any]) -> tuple[str, ...]:
    """How many ways of removing the shortcut the weakest speaks for."""
    ways = [name for name in headline_variants([row["variant"] for row in variants_of(document)]) if "removed" in name]
    if len(ways) < 2:
        return ()
    return (f"The shortcut was removed in {len(ways)} ways; the verdict rests on the one with the weakest difference.",)


def _other_variants(document: Mapping[str, Any]) -> tuple[str, ...]:
    rows, scale = variants_of(document), Scale.of(document)
    shown = [compared.get("variant") for _, compared in headline_metrics(document)]
    words = {
        BETTER: "it helped",
        WORSE: "it hurt",
        NO_EFFECT: "it made no difference",
        UNDECIDED: "the effect is not clear",
    }
    return tuple(
        f"On the variant “{row['variant']}” {words[scale.judge(row['difference'])]}: "
        f"{document['metric']['label']} is {against(document, row)}."
        for row in rows
        if row["variant"] not in shown
    )


def _scope(document: Mapping[str, Any]) -> tuple[str, ...]:
    seeds, noun, shared = len(document["runs"]), document["noun"], document["settings"]["shared"]
    covered = document["settings"]["resampled"]
    if seeds == 1:
        lines = [
            f"One training seed was evaluated: the intervals cover other {covered}, not other trainings, and a "
            "difference can come from the luck of one training. Give several runs that differ only in training.seed to "
            "cover both."
        ]
    else:
        lines = [f"{seeds} training seeds were evaluated: the intervals cover other {covered} and other trainings."]
    measures, confidence = shared["measures"], document["settings"]["confidence"]
    if len(measures) > 1 and document["clean"]["difference"] is not None:
        lines.append(
            f"The {len(measures)} intervals that the verdict rests on ({', '.join(measures)}) hold together with "
            f"{confidence * 100:g}% confidence; each has {shared['confidence'] * 100:.4g}%."
        )
    if document["data"]["split"] == "validation":
        lines.append(
            f"The {noun} are those by which the checkpoint was chosen, which flatters both models. Name a test split "
            "(data.test) for numbers that hold for others."
        )
    return tuple(lines)
