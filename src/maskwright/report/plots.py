"""Figures as inline SVG that takes its colours from the page, so that one drawing serves light, dark and print.

Drawn with stand-in colours; each stand-in becomes a CSS variable of the page. Text stays text (searchable, in the
page's font), ids are made from the content, and nothing in the result points outside the page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

from maskwright.evaluate.measure import MODEL, TWIN

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
    """Accuracy against the hidden share under one pattern: model and twin with bands, and chance."""
    points = document["curves"][pattern]["points"]
    ratios = [point["ratio"] for point in points]
    figure, axes = _figure(5.0, 3.5)
    chance = document["data"]["chance"]
    axes.axhline(chance, color=MUTED, linewidth=1.1, linestyle=(0, (1, 2)))
    axes.annotate("most frequent label", (0, chance), (3, 3), textcoords="offset points", color=MUTED, fontsize=9)
    for who in _present(document):
        found = [point["accuracy"][who] for point in points]
        _line(axes, ratios, [one["value"] for one in found], who)
        _band(axes, ratios, found, who)
    for who, size in zip(reversed(_present(document)), (12, 7), strict=False):
        # The untouched texts: the larger, hollow mark below stays visible where both models are equal.
        axes.plot([0], [points[0]["accuracy"][who]["value"]], markersize=size, clip_on=False, zorder=4, **LOOKS[who])
    axes.set_ylim(-0.02, 1.03)
    _percent_axes(axes, "accuracy")
    return _svg(figure, f"curve-{pattern}", f"Accuracy against the share of the input hidden, pattern {pattern}")


@_styled
def variants(document: Mapping[str, Any]) -> str:
    """Accuracy on each variant of the test texts, with intervals."""
    rows = document["groups"]["variants"]
    who_present = _present(document)
    figure, axes = _figure(5.0, 0.75 + 0.55 * len(rows))
    for place, row in enumerate(rows):
        for offset, who in zip((-0.14, 0.14), who_present, strict=False):
            one, looks = row[who], LOOKS[who]
            if one["low"] is not None:
                bounds = [max(one["low"], 0.0), min(one["high"], 1.0)]
                axes.plot(bounds, [place + offset] * 2, color=looks["color"], linewidth=2.2, solid_capstyle="butt")
            axes.plot([one["value"]], [place + offset], markersize=7, **looks)
    axes.set_yticks(range(len(rows)), [row["variant"] for row in rows], color=INK)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("accuracy")
    axes.xaxis.set_major_formatter(_percent)
    axes.grid(axis="y", visible=False)
    return _svg(figure, "variants", "Accuracy on each variant of the test texts")


@_styled
def calibration(document: Mapping[str, Any], pattern: str, number: str) -> str:
    """One calibration number (`ece` or `overconfidence`) against the hidden share."""
    rows = [row for row in document["calibration"] if row["pattern"] in ("", pattern)]
    figure, axes = _figure(5.0, 2.9)
    if number == "overconfidence":
        axes.axhline(0.0, color=MUTED, linewidth=1.1)
    for who in _present(document):
        _line(axes, [row["ratio"] for row in rows], [row[who][number] for row in rows], who)
    labels = {"ece": "calibration error (ECE)", "overconfidence": "confidence − accuracy"}
    if number == "ece":
        axes.set_ylim(bottom=0.0)
    _percent_axes(axes, labels[number])
    return _svg(figure, f"{number}-{pattern}", f"{labels[number]} against the share of the input hidden")


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


def _band(axes: Axes, ratios: Sequence[float], found: Sequence[Mapping[str, Any]], who: str) -> None:
    if all(one["low"] is not None for one in found):
        low = [max(one["low"], 0.0) for one in found]
        high = [min(one["high"], 1.0) for one in found]
        axes.fill_between(ratios, low, high, color=LOOKS[who]["color"], alpha=0.18, linewidth=0)


def _percent(value: float, place: float = 0.0) -> str:
    del place  # matplotlib's formatter signature
    return f"{value:.0%}".replace("-", "−")


def _percent_axes(axes: Axes, label: str) -> None:
    axes.set_xlim(left=-0.02)
    axes.set_xlabel("share of the input hidden")
    axes.set_ylabel(label)
    axes.xaxis.set_major_formatter(_percent)
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
        description: read aloud in place of the picture; plain text that needs no escaping.
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
    return svg.replace("<svg", f'<svg role="img" aria-label="{description}" style="aspect-ratio:{width}/{height}"', 1)
