"""Findings on the models: whether they learned, what they answer, how sure they are, how they were trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from maskwright.evaluate.scored import MODEL, TWIN
from maskwright.evaluate.words import SHARES, Scale
from maskwright.report.answers import COLLAPSED, answered
from maskwright.report.findings.finding import (
    CAUTION,
    NOTE,
    PASSED,
    PROBLEM,
    Finding,
    against,
    bounds,
    change,
    material,
)
from maskwright.report.formats import counted, grouped
from maskwright.report.training import courses

SURE = 0.05
"""Mean confidence may differ from accuracy by so much."""


def learned(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether each model is clearly better on whole inputs than an answer that ignores them."""
    if not document["metric"]["of_whole"]:
        return
    scale, clean, chance = Scale.of(document), document["clean"], document["data"]["chance"]
    for who in (MODEL, TWIN):
        if clean[who] is None:
            continue
        has = clean["learned"][who]
        size = scale.value(clean[who]["value"])
        # It is judged of the models as they are; an interval over seeds answers another question.
        interval = bounds(scale, clean[who]) if len(document["runs"]) == 1 else ""
        if has is None:
            what = f"It is not known whether the {who} has learned: what an answer scores that ignores the input is not"
            yield Finding(NOTE, what, size, interval, "key-numbers")
        elif has:
            what = f"The {who} has learned: it is clearly better than an answer that ignores the input"
            yield Finding(PASSED, what, f"{size}, chance {scale.value(chance)}", interval, "key-numbers")
        else:
            what = f"The {who} is not clearly better than an answer that ignores the input"
            yield Finding(PROBLEM, what, f"{size}, chance {scale.value(chance)}", interval, "key-numbers")


def one_class(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Models that answer one class nearly always, each under the condition where it does so most."""
    every = answered(document)
    for who in (MODEL, TWIN):
        own = sorted((one for one in every if one.who == who), key=lambda one: -one.most_share)
        if not own:
            continue
        most = own[0]
        if not most.collapsed:
            what = f"The {who} answers no class in more than {COLLAPSED:.0%} of cases"
            yield Finding(PASSED, what, f"at most {SHARES.value(most.most_share)}", "", "answers")
            continue
        others = sum(one.collapsed for one in own) - 1
        what = (
            f"The {who} answers one class, “{most.most_label}”, in more than {COLLAPSED:.0%} of cases: {most.condition}"
        )
        if others:
            what += f", and {counted(others, 'other condition')}"
        size = f"{SHARES.value(most.most_share)}, right in {SHARES.value(most.most_true_share)}"
        yield Finding(CAUTION, what, size, "", "answers")


def improving(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the last validation was the best, so that longer training might have changed everything."""
    for course in courses(document):
        if course.best is None:
            continue
        step, steps = grouped(course.best[0]), grouped(course.steps)
        if len(course.known) < 2:
            what = f"Whether the {course.who} was still improving is not known: it was validated only once"
            yield Finding(CAUTION, what, f"at step {step} of {steps}", "", "training")
        elif course.still_improving:
            what = f"The {course.who} may have been still improving when training ended: its last score is its best"
            yield Finding(CAUTION, what, f"step {step} of {steps}", "", "training")
        else:
            what = f"The {course.who} had its best validation score before the end of training"
            yield Finding(PASSED, what, f"step {step} of {steps}", "", "training")


def confidence(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether mean confidence agrees with accuracy, on whole inputs and where most is hidden."""
    calibration = document["calibration"]
    if not calibration or "overconfidence" not in {metric["name"] for metric in calibration["metrics"]}:
        return
    first = document["settings"]["patterns"][0]
    rows = calibration["rows"]
    most = max((row for row in rows if row["pattern"] == first), key=lambda row: row["ratio"], default=rows[0])
    for row in (rows[0], most) if most is not rows[0] else rows[:1]:
        where = f"with {row['ratio']:.0%} hidden ({first})" if row["ratio"] else "on whole inputs"
        over, ece = row[MODEL]["overconfidence"], row[MODEL].get("ece")
        if over["low"] is None:
            continue
        severity, said = _sureness(over)
        size = change(SHARES, over) + (f", ECE {SHARES.value(ece['value'])}" if ece else "")
        what = f"Mean confidence of the model {where} is {said}"
        yield Finding(severity, what, size, bounds(SHARES, over, signed=True), "calibration")


def _sureness(over: Mapping[str, Any]) -> tuple[str, str]:
    """Severity and words for mean confidence less accuracy."""
    near = f"within {SURE * 100:.0f} points of the accuracy"
    if over["low"] > SURE:
        return CAUTION, "too high"
    if over["high"] < -SURE:
        return NOTE, "too low"
    if over["low"] >= -SURE and over["high"] <= SURE:
        return PASSED, near
    return NOTE, f"not clearly {near}"


def gap(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the models are much better on training examples."""
    if not document["metric"]["of_whole"]:
        return
    scale, much, split = Scale.of(document), material(document), document["data"]["split"]
    one, other = (document["generalisation"]["gap"][who] for who in (MODEL, TWIN))
    if one["value"] is None or one["low"] is None:
        return
    if much is not None and one["low"] > much:
        severity, said = CAUTION, f"much better on training than on {split} {document['noun']}"
    elif one["low"] > 0:
        severity, said = NOTE, f"better on training than on {split} {document['noun']}"
    else:
        severity, said = PASSED, f"not clearly better on training than on {split} {document['noun']}"
    size = against(change(scale, one), other and change(scale, other))
    yield Finding(severity, f"The model is {said}", size, bounds(scale, one, signed=True), "generalisation")
