"""Cut the README's picture out of a real report: the robustness curve and the groups, as one SVG.

make demo
python scripts/readme_picture.py demo/run docs/img/demo-curve.svg
"""

from __future__ import annotations

import json
import re
import sys
from html import escape
from pathlib import Path

from maskwright.report import plots
from maskwright.report.formats import first_upper

STYLE = Path(plots.__file__).parent / "style.css"
FONT = "font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"


def picture(document: dict) -> str:
    """Two figures of the report side by side, on white, with a legend."""
    pattern = document["settings"]["patterns"][0]
    left = placed(plots.curve(document, pattern), x=10, y=52, width=400, height=280)
    right = placed(plots.variants(document), x=430, y=52, width=400, height=280)
    body = (
        '<rect width="840" height="345" rx="8" style="fill:var(--paper);stroke:var(--rule)"/>'
        f'<text x="24" y="30" style="fill:var(--ink);font-weight:600">{title(document)}</text>'
        '<path d="M540 25h30" style="stroke:var(--model);stroke-width:2.4"/>'
        '<text x="576" y="30" style="fill:var(--ink)">trained with masking</text>'
        '<path d="M728 25h30" style="stroke:var(--twin);stroke-width:2.4;stroke-dasharray:7 3"/>'
        '<text x="764" y="30" style="fill:var(--ink)">without</text>'
    )
    start = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 840 345" style="{FONT};font-size:14px">'
    return coloured(f"{start}{body}{left}{right}</svg>\n")


def title(document: dict) -> str:
    """What the two figures show: "Accuracy with words hidden, and with the shortcut gone"."""
    gone = ", and with the shortcut gone" if document["data"]["variants"] else ""
    return escape(f"{first_upper(document['metric']['label'])} with {document['settings']['unit']}s hidden{gone}")


def placed(svg: str, *, x: int, y: int, width: int, height: int) -> str:
    """A figure at a place of the picture."""
    size = f'x="{x}" y="{y}" width="{width}" height="{height}" preserveAspectRatio="xMidYMin meet"'
    return re.sub(r"<svg ", f"<svg {size} ", svg, count=1)


def coloured(svg: str) -> str:
    """The page's light colours in place of its variables."""
    light = STYLE.read_text(encoding="utf-8").split("@media")[0]
    for name, colour in re.findall(r"(--[\w-]+):(#\w+)", light):
        svg = svg.replace(f"var({name})", colour)
    return svg


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    run, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(picture(json.loads((run / "evaluation.json").read_text(encoding="utf-8"))), encoding="utf-8")
