"""The verdict as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from maskwright.audit.page import GROUPS, MARKS

if TYPE_CHECKING:
    from rich.console import Console

BARS = "▁▂▃▄▅▆▇█"
STYLES = {"pass": "green", "fail": "bold red", "not applicable": "dim"}


def show(document: Mapping[str, Any], out: Console) -> None:
    """Print the document: a table for each group of checks, the places as bars, the sum."""
    from rich.text import Text

    asked = document["asked_ratio"]
    ratio = "" if asked is None else f", ratio asked {asked:.4g}"
    out.print(Text(document["target"], style="bold").append(f"  {document['examples']:,} examples{ratio}", "dim"))
    for group, title in GROUPS.items():
        checks = [check for check in document["checks"] if check["group"] == group]
        if checks:
            _show_group(title, checks, out)
    if document["positions"]["rate"]:
        _show_positions(document["positions"]["rate"], out)
    _show_sum(document, out)


def sparkline(rates: Sequence[float], width: int) -> str:
    """Rates as bars from 0 to the highest, at most `width` of them.

    >>> sparkline([0.0, 0.5, 1.0], 10)
    '▁▅█'
    """
    step = -(-len(rates) // width)
    means = [sum(part) / len(part) for part in (rates[i : i + step] for i in range(0, len(rates), step))]
    top = max(means) or 1.0
    return "".join(BARS[round(mean / top * (len(BARS) - 1) + 1e-9)] for mean in means)


def _show_group(title: str, checks: Sequence[Mapping[str, Any]], out: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column(title, no_wrap=True, min_width=23)
    table.add_column("asked", no_wrap=out.width >= 96)
    table.add_column("found")
    for check in checks:
        if check["verdict"] != "not applicable":
            style = STYLES[check["verdict"]]
            name = Text(check["name"], style if check["verdict"] == "fail" else "")
            table.add_row(Text(MARKS[check["verdict"]], style), name, Text(check["asked"], "dim"), Text(check["found"]))
    out.print()
    if table.row_count:
        out.print(table)
    left_out = [f"{check['name']} ({check['found']})" for check in checks if check["verdict"] == "not applicable"]
    if left_out:
        out.print(Text(f"– not applicable: {'; '.join(left_out)}", style="dim"))


def _show_positions(rates: Sequence[float], out: Console) -> None:
    from rich.text import Text

    out.print()
    line = Text("hidden by place  ", style="bold").append(sparkline(rates, max(10, out.width - 48)), "cyan")
    out.print(line.append(f"  lowest {min(rates):.3f}, highest {max(rates):.3f}", "default"))


def _show_sum(document: Mapping[str, Any], out: Console) -> None:
    from rich.text import Text

    speed, verdicts = document["throughput"], document["verdicts"]
    words = f"{_short(speed['examples_per_second'])} examples, {_short(speed['cells_per_second'])} cells a second"
    out.print(Text("throughput       ", style="bold").append(f"{words}, one process", "default"))
    out.print()
    failed = [check for check in document["checks"] if check["verdict"] == "fail"]
    line = Text(f"{verdicts['pass']} passed", "bold green").append(", ", "default")
    line.append(f"{verdicts['fail']} failed", "bold red" if failed else "default")
    out.print(line.append(f", {verdicts['not applicable']} not applicable", "default"))
    if failed and failed[0]["reproduce"]:
        out.print(Text(f"one check again: {failed[0]['reproduce']}", "dim"), soft_wrap=True)


def _short(number: float) -> str:
    """Three figures.

    >>> _short(1234567), _short(4321), _short(12)
    ('1.23 M', '4.32 k', '12')
    """
    for size, name in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.3g}{name}"
    return f"{number:.0f}"
