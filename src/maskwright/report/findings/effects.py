"""Findings on what masking did: the differences that the verdict rests on, and the groups that do worst."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from maskwright.evaluate.verdict import variants_of
from maskwright.evaluate.words import BETTER, NO_EFFECT, SHARES, WORSE, Scale
from maskwright.report.findings.finding import CAUTION, NOTE, PASSED, Finding, against, bounds, change
from maskwright.report.formats import first_upper
from maskwright.report.parts import slices

Measure = tuple[str, Mapping[str, Any], str]
"""Where it was measured, in words; the comparison; the heading under which it stands."""


def measures(document: Mapping[str, Any]) -> list[Measure]:
    """The comparisons that the verdict rests on."""
    settings = document["settings"]
    first, second = settings["patterns"][0], settings.get("second")
    whole = [("whole inputs", document["clean"], "key-numbers")] if document["metric"]["of_whole"] else []
    rows = [(f"hidden inputs (auc_mask, {first})", document["curves"][first]["auc_mask"], "robustness")]
    if second is not None:
        area = document["curves"][second["pattern"]]["auc_mask"]
        rows.append((f"inputs hidden with another fill (auc_mask, {second['pattern']})", area, "robustness"))
    rows += [(f"the variant “{row['variant']}”", row, "groups") for row in variants_of(document)]
    return [*whole, *rows]


def effects(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Each of these differences: worse first, better among what passed."""
    if document["clean"]["twin"] is None:
        return
    scale, label = Scale.of(document), first_upper(document["metric"]["label"])
    unlearned = list(document["clean"]["learned"].values()).count(False) == 2
    for where, compared, anchor in measures(document):
        difference = compared["difference"]
        outcome = scale.judge(difference)
        what = f"{label} on {where}: {_outcome(document, difference, outcome)}"
        # Of two models that know nothing no difference is good news.
        severity = CAUTION if outcome == WORSE else PASSED if outcome == BETTER and not unlearned else NOTE
        yield Finding(severity, what, change(scale, difference), bounds(scale, difference, signed=True), anchor)


def _outcome(document: Mapping[str, Any], difference: Mapping[str, Any], outcome: str) -> str:
    scale = Scale.of(document)
    if outcome in (BETTER, WORSE):
        return f"{outcome} than that of the twin"
    size = scale.detectable(difference)
    if outcome == NO_EFFECT:
        least = scale.change(scale.negligible).lstrip("+±")
        return f"no difference of more than {least}{scale.points} from that of the twin"
    return f"not clear whether it differs from that of the twin{f'; {size}' if size else ''}"


def fills(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether what masking did is there with another fill too, or may be the twin's surprise at the first."""
    second, scale = document["settings"].get("second"), Scale.of(document)
    if second is None or document["clean"]["twin"] is None:
        return
    one, two = (document["curves"][second[name]]["auc_mask"]["difference"] for name in ("first", "pattern"))
    size = f"{change(scale, one)}, then {change(scale, two)}"
    if scale.judge(one) != BETTER:
        return
    if scale.judge(two) == BETTER:
        yield Finding(PASSED, "Masking helped with another fill too", size, "", "robustness")
    else:
        what = "With another fill the model is not shown to be better: the twin may have been surprised by the first"
        yield Finding(CAUTION, what, size, "", "robustness")


def worst_groups(document: Mapping[str, Any]) -> Iterator[Finding]:
    """The group of every variant that does worst."""
    groups = document["groups"]
    if not groups:
        return
    averages = {row["variant"]: row for row in groups["variants"]}
    for row in groups["worst_of_variants"]:
        model, cell = row["model"], row["model_cell"]
        average = averages[cell["variant"]]["model"]["value"]
        comparable = groups["cell_label"] == document["metric"]["label"]
        below = comparable and None not in (average, model["high"]) and model["high"] < average
        where = f"{cell['variant']} / {cell['label']}" if document["data"]["variants"] else cell["label"]
        what = f"Worst group: “{where}” ({cell['n']} {document['noun']})"
        if below:
            what += f", whose interval is below the {SHARES.value(average)} of all groups together"
        size = against(SHARES.value(model["value"]), row["twin"] and SHARES.value(row["twin"]["value"]))
        yield Finding(CAUTION if below else NOTE, what, size, bounds(SHARES, model), "groups")


def worst_slices(document: Mapping[str, Any]) -> Iterator[Finding]:
    """The slice of each kind that does worst; those by class are among the groups."""
    average = document["clean"]["model"]["value"] if document["metric"]["counts"] else None
    for kind, rows in slices(document):
        if kind == "class":
            continue
        row = min(rows, key=lambda one: one["model"]["value"])
        model = row["model"]
        size = against(SHARES.value(model["value"]), row["twin"] and SHARES.value(row["twin"]["value"]))
        severity, what = NOTE, f"Worst {document['noun']} by {kind}: “{row['value']}” ({row['n']} {document['noun']})"
        if average is not None and model["value"] >= average:
            severity, what = PASSED, f"No {document['noun']} by {kind} do worse than all of them together"
        elif None not in (average, model["high"]) and model["high"] < average:
            severity, what = CAUTION, f"{what}, whose interval is below the {SHARES.value(average)} of all"
        yield Finding(severity, what, size, bounds(SHARES, model), "slices")
