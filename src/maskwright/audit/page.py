"""The verdict as one HTML page with nothing loaded from anywhere else."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.errors import ConfigError

TEMPLATE = "page.html.jinja"
MARKS = {"pass": "✓", "fail": "✗", "not applicable": "–"}
GROUPS = {"hiding": "What is hidden", "repeating": "What a mask depends on"}


def write_page(document: Mapping[str, Any], path: str | Path) -> Path:
    """Write the page of an audit document; a path that ends with `.png` gets the plot of the positions alone.

    Raises:
        ConfigError: another ending than `.html` or `.png`, or a folder that does not exist.
    """
    path = Path(path)
    if path.suffix not in (".html", ".png"):
        raise ConfigError(f"--output {path}: expected a file that ends with .html or .png.")
    if not path.parent.is_dir():
        raise ConfigError(f"--output {path}: there is no folder {path.parent}.")
    if path.suffix == ".png":
        path.write_bytes(positions_picture(document))
    else:
        path.write_text(render(document), encoding="utf-8")
    return path


def render(document: Mapping[str, Any]) -> str:
    """Turn an audit document into HTML; all text in it is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("maskwright.audit", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    picture = base64.b64encode(positions_picture(document)).decode() if document["positions"]["rate"] else ""
    groups = [(title, [c for c in document["checks"] if c["group"] == group]) for group, title in GROUPS.items()]
    return environment.get_template(TEMPLATE).render(d=document, groups=groups, picture=picture, marks=MARKS) + "\n"


def positions_picture(document: Mapping[str, Any]) -> bytes:
    """A PNG: rate of hiding by place, with five standard errors either side of the mean."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    rate, error = document["positions"]["rate"], document["positions"]["standard_error"]
    figure = Figure(figsize=(8, 2.8), dpi=130, layout="constrained")
    axes = figure.subplots()
    places = range(1, len(rate) + 1)
    mean = sum(rate) / max(1, len(rate))
    low, high = ([mean + side * 5 * e for e in error] for side in (-1, 1))
    axes.fill_between(
        places, low, high, color="#0067a5", alpha=0.15, linewidth=0, label="five standard errors about the mean"
    )
    axes.plot(places, rate, color="#0067a5", marker=".", linewidth=1.2, label="measured")
    axes.set_xlim(0.5, len(rate) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(0, max(0.05, *(max(rate, default=0.0) * 1.15, max(high, default=0.0) * 1.05)))
    axes.set_xlabel("place, from the first cell to the last")
    axes.set_ylabel("share of masks that hide it")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower center", ncols=2)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
