"""What stands in the cards, tables and sections of the page, made ready for its template."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from maskwright.evaluate.verdict import headline_variants, hidden_range, variants_of
from maskwright.evaluate.words import Scale
from maskwright.report.formats import grouped, plain

NUMBER = re.compile(r"[−+±≥ ]*\d|–$")
"""How a cell begins that holds a number, with or without its unit and interval, or the dash in place of one."""

GOLDEN_ANGLE, FIRST_HUE = 137, 210
"""Degrees between colours of the wheel, however many there are; and the first of them, a blue."""


def cards(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The key numbers: a title, what it means in few words, the comparison, and how its values are written."""
    scale, label, noun = Scale.of(document), document["metric"]["label"], document["noun"]
    first, second = document["settings"]["patterns"][0], document["settings"].get("second")
    curve, rows = document["curves"][first], variants_of(document)
    shown = []
    if document["metric"]["of_whole"]:
        shown.append(_card("Whole input", f"{label} with nothing hidden", document["clean"], scale))
    headline = headline_variants([row["variant"] for row in rows])
    for row in sorted(rows, key=lambda row: row["variant"] not in headline)[: max(2, len(headline))]:
        shown.append(_card(f"Variant “{row['variant']}”", f"{label} on the changed {noun}", row, scale))
    span = f"mean {label}, {hidden_range(document, first)} hidden ({first})"
    shown.append(_card("auc_mask", span, curve["auc_mask"], scale))
    if second is not None:
        again = f"mean {label}, the same shares hidden with another fill ({second['fill']})"
        shown.append(_card("auc_mask, another fill", again, document["curves"][second["pattern"]]["auc_mask"], scale))
    middle = min(curve["points"][1:], key=lambda point: abs(point["ratio"] - 0.5))
    shown.append(_card(f"{middle['ratio']:.0%} hidden", f"{label}, pattern {first}", middle["score"], scale))
    return [card for card in shown if card["compared"]["model"]["value"] is not None]


def _card(title: str, meaning: str, compared: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    return {"title": title, "meaning": meaning, "compared": compared, "scale": scale}


def cost_rows(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, key and kind of number of each line of the cost table."""
    unit, model = document["unit_noun"], document["cost"]["model"]
    rows = [
        ("training, seconds", "training_seconds", "seconds"),
        (f"{unit} through the model in training", "training_cells", "count"),
        ("the same, had nothing been dropped", "training_cells_whole", "count"),
        (f"{unit} per second in training", "training_cells_per_second", "count"),
        ("evaluation, seconds", "evaluation_seconds", "seconds"),
        (f"{unit} through the model in evaluation", "evaluation_cells", "count"),
        (f"{unit} per second in evaluation", "cells_per_second", "count"),
        ("parameters", "parameters", "count"),
    ]
    always = {"training_seconds", "parameters"}
    kept = [row for row in rows if model.get(row[1]) is not None or row[1] in always]
    same = model.get("training_cells_whole") == model.get("training_cells")
    return [row for row in kept if row[1] != "training_cells_whole" or not same]


def saved(document: Mapping[str, Any]) -> str | None:
    """What masking saved in training, where it kept anything from the model; other differences in time are chance."""
    cost = document["cost"]
    cells, whole = (cost["model"].get(name) for name in ("training_cells", "training_cells_whole"))
    if not cells or not whole or cells >= whole:
        return None
    dropped = f"Of the {document['unit_noun']}, {1 - cells / whole:.0%} never went through the model."
    share = cost.get("training_time_saved")
    if share is not None and share > 0:
        return f"Training took {share:.0%} less time than that of the twin on the same kind of machine. {dropped}"
    return dropped


def hues(document: Mapping[str, Any]) -> dict[str, int]:
    """The colour of every kind of text that examples show, in degrees of the colour wheel, far from each other."""
    items = (document["examples"] or {"items": []})["items"]
    shown = [one for item in items for one in (item, item["model"], item["twin"]) if one is not None]
    lists = [one.get(name) or () for one in shown for name in ("pieces", "reference_pieces")]
    kinds = sorted({piece["kind"] for pieces in lists for piece in pieces if piece.get("kind")})
    return {kind: (GOLDEN_ANGLE * place + FIRST_HUE) % 360 for place, kind in enumerate(kinds)}


def choices(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """By what the examples can be filtered: name, title, field of an example, and its values where there are several.

    Right answers that are sentences, of which hardly two are alike, are nothing to choose from.
    """
    items = (document["examples"] or {"items": []})["items"]
    kinds = list(dict.fromkeys(item["kind"] for item in items))
    labels = [item["reference"] for item in items if item["reference"] in document["data"]["labels"]]
    return [
        {"name": name, "title": title, "field": field, "options": options}
        for name, title, field, options in (
            ("kind", "Show", "kind", kinds),
            ("label", "Right answer", "reference", list(dict.fromkeys(labels))),
        )
        if len(options) > 1
    ]


def slices(document: Mapping[str, Any]) -> list[tuple[str, Sequence[Mapping[str, Any]]]]:
    """The slices that do worst by each of their kinds; none where they are not known."""
    every = document.get("slices") or []
    return [(kind, list(some)) for kind, some in itertools.groupby(every, key=lambda one: one["by"])]


def section(given: Mapping[str, Any], place: int) -> dict[str, Any]:
    """A section of the task's own, ready for the page: curves drawn, cells written, pictures in their groups."""
    from markupsafe import Markup

    from maskwright.report import plots

    curves = given.get("curves") or []
    drawn = [(one.get("title"), Markup(plots.lines(one, f"section-{place}-{i}"))) for i, one in enumerate(curves)]
    pictures = itertools.groupby(given.get("pictures") or [], key=lambda one: one.get("group") or "")
    return {
        "title": given["title"],
        "text": given.get("text"),
        "curves": drawn,
        "tables": [_table(one) for one in given.get("tables") or []],
        "pictures": [(group, [{"title": "", **one} for one in some]) for group, some in pictures],
    }


def _table(given: Mapping[str, Any]) -> dict[str, Any]:
    rows: Sequence[Sequence[Any]] = given["rows"]
    written = [[_cell(cell) for cell in row] for row in rows]
    # The first column names the rows, and a number can be a name.
    numbers = [
        bool(rows) and all(_is_number(row[i]) or (i and NUMBER.match(str(row[i]))) for row in rows)
        for i in range(len(given["head"]))
    ]
    return {"title": given.get("title"), "head": given["head"], "rows": written, "numbers": numbers}


def _is_number(cell: Any) -> bool:
    return cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool))


def _cell(cell: Any) -> str:
    if isinstance(cell, float):
        return plain(cell)
    return grouped(cell) if _is_number(cell) else str(cell)
