"""Build the report: an evaluation document in, one HTML page out, with nothing loaded from anywhere else."""

from __future__ import annotations

import itertools
import re
import struct
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from maskwright.errors import RunError
from maskwright.evaluate.verdict import MIXED, headline_variants, hidden_range, variants_of
from maskwright.evaluate.words import BETTER, NO_EFFECT, SHARES, UNDECIDED, WORSE, Borne, Scale
from maskwright.train.files import write_text

TEMPLATE = "template.html.jinja"
OUTCOME_WORDS = {BETTER: "better", WORSE: "worse", NO_EFFECT: "no difference", UNDECIDED: "not clear"}
VERDICT_MARKS = {BETTER: "↑", WORSE: "↓", MIXED: "↕", NO_EFFECT: "=", UNDECIDED: "?"}

PICTURE = "data:image/png;base64,"
CALIBRATION_FIGURES = 2
"""Numbers of the calibration that are drawn; all of them stand in the table."""

SMALL = 96
"""Pictures of fewer pixels a side are shown pixel by pixel, not smoothed."""

NUMBER = re.compile(r"[−+±≥ ]*\d|–$")
"""How a cell begins that holds a number, with or without its unit and interval, or the dash in place of one."""

GOLDEN_ANGLE, FIRST_HUE = 137, 210
"""Degrees between colours of the wheel, however many there are; and the first of them, a blue."""

WIDE = 2.5
"""Pictures so many times as wide as high (frames of a clip, say) get a line of their own."""


def write_report(document: Mapping[str, Any], path: str | Path) -> Path:
    """Write the page of an evaluation document to `path`, whole or not at all."""
    write_text(Path(path), render(document))
    return Path(path)


def render(document: Mapping[str, Any]) -> str:
    """Turn an evaluation document into an HTML page.

    All text that comes from data or configuration is escaped; only the figures, which are drawn here, are inserted as
    they are.

    Raises:
        RunError: a picture that is no PNG inside the document.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("maskwright.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        grouped=grouped, p=p_value, amount=amount, source=source, look=look, first_upper=first_upper
    )
    page = environment.get_template(TEMPLATE).render(
        d=document,
        metric=document["metric"],
        noun=document["noun"],
        scale=Scale.of(document),
        shares=SHARES,
        scale_of=Scale.of,
        borne=Borne(most=document["settings"]["ratios"][-1]),
        units=units(document["settings"]["unit"]),
        words=OUTCOME_WORDS,
        figures=figures(document),
        hues=hues(document),
        sections=[section(one, place) for place, one in enumerate(document["sections"])],
        cards=cards(document),
        cost=cost_rows(document),
        saved=saved(document),
        twin=document["clean"]["twin"] is not None,
        mark=VERDICT_MARKS.get(document["verdict"]["outcome"]),
        first=document["settings"]["patterns"][0],
    )
    return page if page.endswith("\n") else page + "\n"


def figures(document: Mapping[str, Any]) -> dict[str, Any]:
    """The drawings of a document, ready to be put into a page."""
    from markupsafe import Markup

    from maskwright.report import plots

    drawn: dict[str, Any] = {"curves": [(name, Markup(plots.curve(document, name))) for name in document["curves"]]}
    if document["data"]["variants"]:
        drawn["variants"] = Markup(plots.variants(document))
    if document["calibration"]:
        first = document["settings"]["patterns"][0]
        drawn["calibration"] = [
            (metric["label"], Markup(plots.calibration(document, first, metric)))
            for metric in document["calibration"]["metrics"][:CALIBRATION_FIGURES]
        ]
    return drawn


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
        return number(cell)
    return grouped(cell) if _is_number(cell) else str(cell)


def hues(document: Mapping[str, Any]) -> dict[str, int]:
    """The colour of every kind of text that examples show, in degrees of the colour wheel, far from each other."""
    items = (document["examples"] or {"items": []})["items"]
    shown = [one for item in items for one in (item, item["model"], item["twin"]) if one is not None]
    lists = [one.get(name) or () for one in shown for name in ("pieces", "reference_pieces")]
    kinds = sorted({piece["kind"] for pieces in lists for piece in pieces if piece.get("kind")})
    return {kind: (GOLDEN_ANGLE * place + FIRST_HUE) % 360 for place, kind in enumerate(kinds)}


def units(unit: str | Mapping[str, str]) -> str:
    """How inputs are hidden, unit by unit.

    >>> units("word"), units({"image": "patch", "text": "word"})
    ('word by word', 'patch by patch and word by word')
    """
    names = [unit] if isinstance(unit, str) else dict.fromkeys(unit.values())
    return " and ".join(f"{name} by {name}" for name in names)


def cards(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The key numbers: a title, what it means in few words, the comparison, and how its values are written."""
    scale, label, noun = Scale.of(document), document["metric"]["label"], document["noun"]
    first = document["settings"]["patterns"][0]
    curve, rows = document["curves"][first], variants_of(document)
    shown = []
    if document["metric"]["of_whole"]:
        shown.append(_card("Whole input", f"{label} with nothing hidden", document["clean"], scale))
    headline = headline_variants([row["variant"] for row in rows])
    for row in sorted(rows, key=lambda row: row["variant"] not in headline)[: max(2, len(headline))]:
        shown.append(_card(f"Variant “{row['variant']}”", f"{label} on the changed {noun}", row, scale))
    span = f"mean {label}, {hidden_range(document, first)} hidden ({first})"
    shown.append(_card("auc_mask", span, curve["auc_mask"], scale))
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
    told = f"Of the {document['unit_noun']}, {1 - cells / whole:.0%} never went through the model."
    share = cost.get("training_time_saved")
    if share is not None and share > 0:
        return f"Masking saved {share:.0%} of training time, against the twin on the same machine. {told}"
    return told


def source(src: str) -> str:
    """The source of a picture, which must lie in the document itself.

    Raises:
        RunError: it is anything but a PNG in base64.
    """
    if not src.startswith(PICTURE):
        raise RunError(f"report: a picture must be a PNG inside the document ({PICTURE}...), given {src[:40]!r}.")
    return src


def look(src: str) -> str:
    """CSS classes of a picture by its size, which stands at the start of a PNG."""
    head = source(src)[len(PICTURE) :][:32]
    if len(head) < 32:
        raise RunError("report: a picture is cut short.")
    width, height = struct.unpack(">II", b64decode(head)[16:24])
    return " ".join(["small"] * (max(width, height) <= SMALL) + ["wide"] * (width > WIDE * height))


def amount(value: float | None, kind: str) -> str:
    """Seconds or a count.

    >>> amount(12.34, "seconds"), amount(None, "count")
    ('12.3', '–')
    """
    return number(value, 1) if kind == "seconds" else grouped(value)


def first_upper(text: str) -> str:
    """The same with a capital at the beginning, the rest as it is.

    >>> first_upper("mAP"), first_upper("accuracy")
    ('mAP', 'Accuracy')
    """
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]


def number(value: float | None, digits: int = 3) -> str:
    """A plain number.

    >>> number(0.12345), number(-0.5, 2)
    ('0.123', '−0.50')
    """
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def grouped(value: float | None) -> str:
    """A large whole number in groups of three digits, with thin spaces.

    >>> grouped(22565376).split()
    ['22', '565', '376']
    """
    return "–" if value is None else f"{round(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "−")


def p_value(value: float | None) -> str:
    """A p-value, never shown as zero.

    >>> p_value(0.04234), p_value(1e-9), p_value(None)
    ('0.042', '< 0.001', '–')
    """
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
