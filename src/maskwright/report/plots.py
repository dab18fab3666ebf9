"""Figures as inline SVG that takes its colours from the page, so that one drawing serves light, dark and print.

Drawn with stand-in colours; each stand-in becomes a CSS variable of the page. Text stays text (searchable, in the
page's font), ids are made from the content, and nothing in the result points outside the page.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from html import escape
from typing import TYPE_CHECKING, Any

from maskwright.evaluate.scored import MODEL, TWIN
from maskwright.report.training import courses, thinned
from maskwright.tasks.metrics.metric import SHARE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STAND_INS = {
    "#010101": "--ink",
    "#020202": "--muted",
    "#030303": "--rule",
    "#040404": "--model",
    "#050505": "--twin",
    "#060606": "--paper",
}
INK, MUTED, RULE, MODEL_COLOUR, TWIN_COLOUR, PAPER = STAND_INS
LOOKS: dict[str, dict[str, Any]] = {
    MODEL: {"color": MODEL_COLOUR, "marker": "o", "markerfacecolor": MODEL_COLOUR},
    TWIN: {"color": TWIN_COLOUR, "marker": "s", "markerfacecolor": PAPER, "markeredgewidth": 1.8},
}
"""Colour, marker and line differ together: the two can be told apart without colour."""

DASHES: dict[str, Any] = {MODEL: "-", TWIN: (0, (4, 2))}

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "maskwright",
    "font.size": 11.5,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "text.parse_math": False,  # names come from the data and may hold a dollar sign
}


LOW = 0.5
"""Up to which highest value an axis of shares ends before 100 %."""


def _styled(draw: Callable[..., str]) -> Callable[..., str]:
    """Draw under SETTINGS without touching matplotlib's global state."""

    @wraps(draw)
    def drawn(*arguments: Any) -> str:
        from matplotlib import rc_context

        with rc_context(SETTINGS):
            return draw(*arguments)

    return drawn


@_styled
def curve(document: Mapping[str, Any], pattern: str) -> str:
    """The metric against the hidden share under one pattern: model and twin with bands, and chance if it is known."""
    label, percent = _label(document), document["metric"]["unit"] == SHARE
    points = document["curves"][pattern]["points"]
    figure, axes = _figure(5.0, 3.5)
    chance = document["data"]["chance"]
    if chance is not None:
        axes.axhline(chance, color=MUTED, linewidth=1.1, linestyle=(0, (1, 2)))
        axes.annotate("chance", (0, chance), (3, 3), textcoords="offset points", color=MUTED, fontsize=9)
    known = [point for point in points if point["score"][MODEL]["value"] is not None]
    ratios = [point["ratio"] for point in known]
    for who in _present(document):
        found = [point["score"][who] for point in known]
        _line(axes, ratios, [one["value"] for one in found], who)
        _band(axes, ratios, found, who, percent)
    for who, size in zip(reversed(_present(document)), (12, 7), strict=False):
        # The untouched examples: the larger, hollow mark below stays visible where both models are equal.
        if known and known[0] is points[0]:
            axes.plot([0], [known[0]["score"][who]["value"]], markersize=size, clip_on=False, zorder=4, **LOOKS[who])
    if percent:
        values = [point["score"][who]["value"] for point in known for who in _present(document)]
        # Explained shares can be negative.
        highest = max([chance or 0.0, *values])
        top = 1.03 if highest > LOW else math.ceil(10 * highest + 0.5) / 10
        axes.set_ylim(min([-0.02 * top, *(1.1 * value for value in values)]), top)
    _hidden_axis(axes, label, percent)
    return _svg(figure, f"curve-{pattern}", f"{label} against the share of the input hidden, pattern {pattern}")


@_styled
def variants(document: Mapping[str, Any]) -> str:
    """The metric on each variant of the test examples, with intervals."""
    rows, percent = document["groups"]["variants"], document["metric"]["unit"] == SHARE
    who_present = _present(document)
    figure, axes = _figure(5.0, 0.75 + 0.55 * len(rows))
    for place, row in enumerate(rows):
        for offset, who in zip((-0.14, 0.14), who_present, strict=False):
            one, looks = row[who], LOOKS[who]
            if one["low"] is not None:
                bounds = [one["low"], one["high"]]
                axes.plot(bounds, [place + offset] * 2, color=looks["color"], linewidth=2.2, solid_capstyle="butt")
            if one["value"] is not None:
                axes.plot([one["value"]], [place + offset], markersize=7, **looks)
    axes.set_yticks(range(len(rows)), [row["variant"] for row in rows], color=INK)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    if percent:
        known = [row[who]["value"] for row in rows for who in who_present if row[who]["value"] is not None]
        axes.set_xlim(min([-0.02, *(1.1 * value for value in known)]), 1.02)
        axes.xaxis.set_major_formatter(_percent)
    axes.set_xlabel(_label(document))
    axes.grid(axis="y", visible=False)
    return _svg(figure, "variants", f"{_label(document)} on each variant of the test {document['noun']}")


@_styled
def lines(curves: Mapping[str, Any], name: str) -> str:
    """Curves that a task gives for its own section: points [[x, y], ...] of model and twin, and what the axes say."""
    figure, axes = _figure(5.0, 3.1)
    for who in (MODEL, TWIN):
        points = [point for point in curves.get(who) or [] if point[1] is not None]
        _line(axes, [x for x, _ in points], [y for _, y in points], who)
    axes.set_xlabel(curves.get("x") or "")
    axes.set_ylabel(curves.get("y") or "")
    return _svg(figure, name, f"{curves.get('y') or 'values'} against {curves.get('x') or 'places'}")


@_styled
def calibration(document: Mapping[str, Any], pattern: str, metric: Mapping[str, Any]) -> str:
    """One number of the calibration against the hidden share."""
    name, label, percent = metric["name"], metric["label"], metric["unit"] == SHARE
    rows = [row for row in document["calibration"]["rows"] if row["pattern"] in ("", pattern)]
    figure, axes = _figure(5.0, 2.9)
    values = {who: [row[who][name]["value"] for row in rows] for who in _present(document)}
    if min((one for some in values.values() for one in some if one is not None), default=0.0) < 0:
        axes.axhline(0.0, color=MUTED, linewidth=1.1)
    for who, numbers in values.items():
        _line(axes, [row["ratio"] for row in rows], numbers, who)
    if all(one is None or one >= 0 for some in values.values() for one in some):
        axes.set_ylim(bottom=0.0)
    _hidden_axis(axes, label, percent=percent)
    return _svg(figure, f"{name}-{pattern}", f"{label} against the share of the input hidden")


@_styled
def training(document: Mapping[str, Any], what: str) -> str:
    """The `validation` score or the `loss` against the training step, of model and twin."""
    metric = document["metric"]
    is_score = what == "validation"
    label = metric["label"] if metric["higher_is_better"] else f"{metric['label']} (lower is better)"
    figure, axes = _figure(5.0, 2.9)
    for course in courses(document):
        looks = LOOKS[course.who]
        points = thinned(course.validation if is_score else course.loss)
        lone = {"marker": looks["marker"], "markersize": 4, "markerfacecolor": looks["markerfacecolor"]}
        style = {
            "color": looks["color"],
            "linestyle": DASHES[course.who],
            "linewidth": 1.6,
            **(lone if is_score else {}),
        }
        axes.plot([x for x, _ in points], [y for _, y in points], clip_on=False, zorder=3, **style)
        if is_score and course.best is not None:
            _ring(axes, *course.best, course.who)
    axes.set_xlabel("training step")
    axes.set_ylabel(label if is_score else "training loss")
    axes.set_xlim(left=0)
    if is_score and metric["unit"] == SHARE:
        axes.yaxis.set_major_formatter(_percent)
    said = f"{label} on the validation split" if is_score else "loss on the training examples"
    return _svg(figure, f"training-{what}", f"{said} against the training step")


def _ring(axes: Axes, x: float, y: float, who: str) -> None:
    """Around the best point of a line."""
    ring = {"marker": "o", "markersize": 11, "markerfacecolor": "none", "color": LOOKS[who]["color"]}
    axes.plot([x], [y], linestyle="", clip_on=False, zorder=4, **ring)


def _present(document: Mapping[str, Any]) -> list[str]:
    return [MODEL] if document["clean"][TWIN] is None else [MODEL, TWIN]


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    # Figures are made without pyplot: no global state, no display, no warnings about open figures.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def _line(axes: Axes, ratios: Sequence[float], values: Sequence[float], who: str) -> None:
    axes.plot(
        ratios, values, linewidth=2.0, linestyle=DASHES[who], markersize=5.5, clip_on=False, zorder=3, **LOOKS[who]
    )


def _band(axes: Axes, ratios: Sequence[float], found: Sequence[Mapping[str, Any]], who: str, percent: bool) -> None:
    if all(one["low"] is not None for one in found):
        low, high = ([one[end] for one in found] for end in ("low", "high"))
        axes.fill_between(ratios, low, high, color=LOOKS[who]["color"], alpha=0.18, linewidth=0)


def _label(document: Mapping[str, Any]) -> str:
    metric = document["metric"]
    return metric["label"] if metric["higher_is_better"] else f"{metric['label']} (lower is better)"


def _percent(value: float, place: float = 0.0) -> str:
    del place  # matplotlib's formatter signature
    return f"{value:.0%}".replace("-", "−")


def _hidden_axis(axes: Axes, label: str, percent: bool) -> None:
    axes.set_xlim(left=-0.02)
    axes.set_xlabel("share of the input hidden")
    axes.set_ylabel(label)
    axes.xaxis.set_major_formatter(_percent)
    if percent:
        axes.yaxis.set_major_formatter(_percent)


def _svg(figure: Figure, name: str, description: str) -> str:
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    return inline(buffer.getvalue(), name, description)


def inline(svg: str, name: str, description: str) -> str:
    """Turn a matplotlib SVG file into an element of a page.

    Args:
        svg: the file.
        name: prefix of all ids, so that figures on one page do not share any.
        description: read aloud in place of the picture.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg)
    svg = svg.replace("xlink:href", "href")
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="|url\()#', rf"\g<1>#{name}-", svg)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: inherit", svg)
    svg = re.sub(r"(font: [^;\"]*?px) [^;\"]*", r"\1 var(--font)", svg)
    for stand_in, variable in STAND_INS.items():
        svg = svg.replace(stand_in, f"var({variable})")
    width, height = re.findall(r'(?:width|height)="([\d.]+)pt"', svg)[:2]
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    return svg.replace(
        "<svg", f'<svg role="img" aria-label="{escape(description)}" style="aspect-ratio:{width}/{height}"', 1
    )
