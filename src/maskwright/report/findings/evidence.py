"""Findings on what the numbers rest on: examples, seeds, the twin, the work that both were trained with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from maskwright.evaluate.words import Scale
from maskwright.report.findings.effects import measures
from maskwright.report.findings.finding import CAUTION, NOTE, PASSED, PROBLEM, Finding, material
from maskwright.report.formats import counted, grouped
from maskwright.report.training import courses

FEW = 20
"""A group of fewer examples is small: its interval is wider than 40 points."""

UNEQUAL = 0.05
"""Work differs where it differs by more than this share."""


def split(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the examples are others than those by which the checkpoint was chosen."""
    data = document["data"]
    size = f"{grouped(data['examples'])} {document['noun']}"
    if data["split"] == "validation":
        what = "There is no test split: the numbers are from the validation split, by which the checkpoint was chosen"
        yield Finding(PROBLEM, what, size, "", "configuration")
    else:
        what = "The numbers are from the test split, not from the validation split, by which the checkpoint was chosen"
        yield Finding(PASSED, what, size, "", "configuration")


def twin(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether there is something to compare with."""
    if document["clean"]["twin"] is None:
        yield Finding(PROBLEM, "There is no twin: nothing here says what masking did", "", "", "configuration")


def seeds(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the luck of training is in the intervals."""
    count = len(document["runs"])
    size = counted(count, "training seed")
    if count == 1:
        yield Finding(CAUTION, "The intervals leave out the luck of training", size, "", "reading")
    else:
        yield Finding(PASSED, "The intervals cover other training seeds", size, "", "seeds")


def detectable(document: Mapping[str, Any]) -> Iterator[Finding]:
    """How small a difference would have been shown, of the numbers that the verdict rests on."""
    scale = Scale.of(document)
    sizes = [
        (difference["detectable"], name)
        for name, compared, _ in measures(document)
        if (difference := compared["difference"]) is not None and difference.get("detectable") is not None
    ]
    if not sizes:
        return
    (least, _), (most, where) = min(sizes), max(sizes)
    much = material(document)
    severity = NOTE if much is None else CAUTION if most > much else PASSED
    size, smallest = (scale.change(value).lstrip("+±") for value in (most, least))
    span = f"{smallest} to {size}" if size != smallest else size
    what = "Smallest difference that would have been shown in 80% of cases"
    if severity == CAUTION:
        what = f"Only large differences would have been shown (in 80% of cases), least of all on {where}"
    anchor = "significance" if document["significance"] else "key-numbers"
    yield Finding(severity, what, f"{span}{scale.points}", "", anchor)


def work(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether model and twin were trained with as much work, and as many steps."""
    cost, steps = document["cost"], [course.steps for course in courses(document)]
    if cost["twin"] is None:
        return
    if len(steps) == 2:
        size = f"{grouped(steps[0])}, twin {grouped(steps[1])}"
        if steps[0] == steps[1]:
            yield Finding(PASSED, "Model and twin made the same number of training steps", size, "", "training")
        else:
            yield Finding(CAUTION, "Model and twin made different numbers of training steps", size, "", "training")
    cells, others = (cost[who]["training_cells"] for who in ("model", "twin"))
    if cells and others:
        share = cells / others
        if abs(share - 1.0) > UNEQUAL:
            what = f"Model and twin processed different numbers of {document['unit_noun']} in training"
            yield Finding(NOTE, what, f"{share:.0%} of the twin's", "", "cost")
        else:
            what = f"Model and twin processed about as many {document['unit_noun']} in training"
            yield Finding(PASSED, what, f"{share:.0%} of the twin's", "", "cost")


def small_groups(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Groups of so few examples that their shares say little."""
    cells = document["groups"]["cells"] if document["groups"] else []
    small = [cell for cell in cells if cell["n"] < FEW]
    if small:
        least = min(cell["n"] for cell in small)
        what = f"{len(small)} of {len(cells)} groups have fewer than {FEW} {document['noun']}"
        yield Finding(NOTE, what, f"the smallest has {least}", "", "groups")


def data_notes(document: Mapping[str, Any]) -> Iterator[Finding]:
    """What reading the data brought up."""
    notes = document["data"]["notes"]
    if notes:
        yield Finding(
            NOTE, "There is something to know about the data", counted(len(notes), "note"), "", "configuration"
        )
