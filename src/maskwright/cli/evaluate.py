"""`maskwright evaluate`: what did masking buy? Curves, groups, calibration, cost, against the twin, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from maskwright.evaluate.run import Evaluation


def command(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|KEY=VALUE",
            help="Run folders (several: runs that differ in training.seed alone); keys of evaluation and generation.",
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print evaluation.json instead of a table.")] = False,
) -> None:
    """Measure robustness of a trained run against its unmasked twin; write evaluation.json and report.html.

    The twin is the same run trained without masking. If there is none yet, it is
    trained now; evaluation.twin=false does without one.

    Example: maskwright evaluate runs/first evaluation.draws=5
    """
    from maskwright.cli.console import console
    from maskwright.cli.display import watching
    from maskwright.errors import RunError
    from maskwright.evaluate.run import evaluate
    from maskwright.train.progress import Event

    overrides = [argument for argument in arguments if "=" in argument]
    runs = [argument for argument in arguments if "=" not in argument]
    if not runs:
        raise RunError("no run folder is given. Example: maskwright evaluate runs/first evaluation.draws=5")
    try:
        with watching() as watch:
            evaluation = evaluate(runs, overrides, watch)
            watch(Event("phase", "drawing the report"))
            from maskwright.report.build import write_report

            write_report(evaluation.document, evaluation.report)
    except KeyboardInterrupt:
        console().print(
            "stopped; no evaluation was written. The same command begins again; a twin that was being trained goes on "
            "from its checkpoint.",
            soft_wrap=True,
        )
        raise typer.Exit(130) from None
    if json:
        typer.echo(evaluation.path.read_text(encoding="utf-8"), nl=False)
    else:
        _show(evaluation)


def _show(evaluation: Evaluation) -> None:
    from rich.text import Text

    from maskwright.cli.console import output

    document, out = evaluation.document, output()
    out.print(_table(document))
    out.print()
    out.print(Text(document["verdict"]["sentence"], style="bold"))
    for line in document["verdict"]["details"]:
        out.print(Text(line))
    out.print()
    out.print(Text(f"numbers: {evaluation.path}"), soft_wrap=True)
    out.print(Text(f"report:  {evaluation.report}"), soft_wrap=True)


def _table(document: dict[str, Any]) -> Table:
    from rich.table import Table
    from rich.text import Text

    alone = document["clean"]["twin"] is None
    table = Table(box=None, header_style="bold", pad_edge=False)
    metric = document["metric"]
    table.add_column(metric["label"] if metric["higher_is_better"] else f"{metric['label']} (lower is better)")
    for name in ("model",) if alone else ("model", "twin", "difference", "interval"):
        table.add_column(name, justify="right")
    for name, compared in _rows(document):
        table.add_row(Text(name), *_cells(document, compared))
    return table


def _rows(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    from maskwright.evaluate.verdict import variants_of

    rows = [("whole input", document["clean"])] if document["metric"]["of_whole"] else []
    rows += [(f"variant {row['variant']}", dict(row)) for row in variants_of(document)]
    for pattern, curve in document["curves"].items():
        rows += [(f"{pattern}, {point['ratio']:.0%} hidden", point["score"]) for point in curve["points"][1:]]
        rows.append((f"{pattern}, auc_mask", curve["auc_mask"]))
    return rows


def _cells(document: dict[str, Any], compared: dict[str, Any]) -> list[str]:
    from maskwright.evaluate.words import Scale

    scale, model, twin, difference = Scale.of(document), compared["model"], compared["twin"], compared["difference"]
    if twin is None:
        return [scale.value(model["value"])]
    interval = "none" if difference["low"] is None else scale.bounds(difference, signed=True)
    return [scale.value(model["value"]), scale.value(twin["value"]), scale.change(difference["value"]), interval]
