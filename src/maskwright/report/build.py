"""Build the report: an evaluation document in, one HTML page out, with nothing loaded from anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.evaluate.verdict import BETTER, MIXED, NO_EFFECT, UNDECIDED, WORSE, headline_variant, judge, points
from maskwright.train.files import write_text

TEMPLATE = "template.html.jinja"
OUTCOME_WORDS = {BETTER: "better", WORSE: "worse", NO_EFFECT: "no difference", UNDECIDED: "cannot be told"}
VERDICT_MARKS = {BETTER: "↑", WORSE: "↓", MIXED: "↕", NO_EFFECT: "=", UNDECIDED: "?"}


def write_report(document: Mapping[str, Any], path: str | Path) -> Path:
    """Write the page of an evaluation document to `path`, whole or not at all."""
    write_text(Path(path), render(document))
    return Path(path)


def render(document: Mapping[str, Any]) -> str:
    """Turn an evaluation document into an HTML page.

    All text that comes from data or configuration is escaped; only the figures, which are drawn here, are inserted as
    they are.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from maskwright.report import plots

    environment = Environment(
        loader=PackageLoader("maskwright.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        share=share, points=difference_points, bounds=bounds, number=number, grouped=grouped, p=p_value, judge=judged
    )
    first = document["settings"]["patterns"][0]
    figures = {
        "curves": [(name, Markup(plots.curve(document, name))) for name in document["curves"]],
        "variants": Markup(plots.variants(document)) if document["data"]["variants"] else None,
        "ece": Markup(plots.calibration(document, first, "ece")),
        "overconfidence": Markup(plots.calibration(document, first, "overconfidence")),
    }
    page = environment.get_template(TEMPLATE).render(
        d=document,
        figures=figures,
        cards=cards(document),
        twin=document["clean"]["twin"] is not None,
        mark=VERDICT_MARKS.get(document["verdict"]["outcome"], "·"),
        first=first,
    )
    return page if page.endswith("\n") else page + "\n"


def cards(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The key numbers: a title, what it means in few words, the comparison, and whether it is a share or a gap."""
    first = document["settings"]["patterns"][0]
    curve = document["curves"][first]
    highest = document["settings"]["ratios"][-1]
    variants = document["groups"]["variants"][1:]
    shown = [_card("Whole input", "accuracy with nothing hidden", document["clean"])]
    headline = headline_variant([row["variant"] for row in variants])
    for row in sorted(variants, key=lambda row: row["variant"] != headline)[:2]:
        shown.append(_card(f"Variant “{row['variant']}”", "accuracy on the changed texts", row))
    shown.append(_card("auc_mask", f"mean accuracy, 0 to {highest:.0%} hidden ({first})", curve["auc_mask"]))
    middle = min(curve["points"][1:], key=lambda point: abs(point["ratio"] - 0.5))
    shown.append(_card(f"{middle['ratio']:.0%} hidden", f"accuracy, pattern {first}", middle["accuracy"]))
    shown.append(_card("rho50", "hidden share that costs half of the advantage over chance", curve["rho50"]))
    return shown


def _card(title: str, meaning: str, compared: Mapping[str, Any]) -> dict[str, Any]:
    return {"title": title, "meaning": meaning, "compared": compared}


def share(value: float | None) -> str:
    """A share in per cent.

    >>> share(0.734), share(None)
    ('73.4%', '–')
    """
    return "–" if value is None else f"{value:.1%}".replace("-", "−")


def difference_points(value: float | None) -> str:
    """A difference of shares in percentage points, signed."""
    return "–" if value is None else points(value)


def bounds(one: Mapping[str, Any], signed: bool = False) -> str:
    """The interval of an estimate, in per cent or in signed points.

    >>> bounds({"value": 0.5, "low": 0.4, "high": 0.6}), bounds({"value": 0.1, "low": -0.1, "high": 0.3}, signed=True)
    ('40.0 – 60.0', '−10.0 to +30.0')
    """
    if one["low"] is None or one["high"] is None:
        return "no interval"
    if signed:
        return f"{points(one['low'])} to {points(one['high'])}"
    return f"{one['low'] * 100:.1f} – {one['high'] * 100:.1f}".replace("-", "−")


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
    return "–" if value is None else f"{round(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def p_value(value: float) -> str:
    """A p-value, never shown as zero.

    >>> p_value(0.04234), p_value(1e-9)
    ('0.042', '< 0.001')
    """
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def judged(difference: Mapping[str, Any], n: int) -> str:
    """The verdict's rule applied to one difference on `n` texts, in words."""
    return OUTCOME_WORDS[judge(difference, n)]
