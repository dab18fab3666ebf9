"""Build the report: an evaluation document in, one HTML page out, with nothing loaded from anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.evaluate.verdict import MIXED
from maskwright.evaluate.words import BETTER, NO_EFFECT, SHARES, UNDECIDED, WORSE, Borne, Scale
from maskwright.report.answers import distribution
from maskwright.report.findings.table import by_severity
from maskwright.report.formats import amount, first_upper, grouped, p_value, units
from maskwright.report.parts import cards, choices, cost_rows, hues, saved, section, slices
from maskwright.report.pictures import look, source
from maskwright.report.training import courses
from maskwright.train.files import write_text

TEMPLATE = "page.html.jinja"
OUTCOME_WORDS = {BETTER: "better", WORSE: "worse", NO_EFFECT: "no difference", UNDECIDED: "not clear"}
VERDICT_MARKS = {BETTER: "↑", WORSE: "↓", MIXED: "↕", NO_EFFECT: "=", UNDECIDED: "?"}

CALIBRATION_FIGURES = 2
"""Numbers of the calibration that are drawn; all of them stand in the table."""


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
        contents=[],
        d=document,
        metric=document["metric"],
        noun=document["noun"],
        scale=Scale.of(document),
        shares=SHARES,
        scale_of=Scale.of,
        borne=Borne(most=document["settings"]["ratios"][-1]),
        units=units(document["settings"]["unit"]),
        words=OUTCOME_WORDS,
        findings=by_severity(document),
        figures=figures(document),
        answers=distribution(document),
        slices=slices(document),
        courses=courses(document),
        choices=choices(document),
        hues=hues(document),
        sections=[section(one, place) for place, one in enumerate(document["sections"])],
        cards=cards(document),
        cost=cost_rows(document),
        saved=saved(document),
        twin=document["clean"]["twin"] is not None,
        mark=VERDICT_MARKS.get(document["verdict"]["outcome"]),
        first=document["settings"]["patterns"][0],
        second=document["settings"].get("second"),
        run_names=[Path(one["run"]).name for one in document["runs"]],
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
    if courses(document):
        drawn["training"] = [Markup(plots.training(document, what)) for what in ("validation", "loss")]
    return drawn
