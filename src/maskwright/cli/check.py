"""`maskwright check`: is this configuration ready to train? Everything is checked before anything slow begins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections import Counter

    from rich.table import Table

    from maskwright.config import RunConfig
    from maskwright.data.checked import CheckedData
    from maskwright.errors import MaskwrightError

CLASSES_SHOWN = 30


def command(
    config: Annotated[Path, typer.Argument(metavar="RUN.YAML", help="The run configuration.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Keys to set, such as data.train=a.csv.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")] = False,
) -> None:
    """Check a configuration and its data, without training.

    Lists every problem with file, row, column, value and remedy. The exit code
    is 2 if there is any.

    Example: maskwright check run.yaml data.max_length=128
    """
    from maskwright.errors import MaskwrightError

    try:
        document, data = _check(config, overrides or [])
    except MaskwrightError as error:
        if not json:
            raise
        _print_json({"ready": False, "problems": _problems(error)})
        raise typer.Exit(2) from None
    if json:
        _print_json(document)
    else:
        _show(document, data, [str(config), *(overrides or [])])


def _check(path: Path, overrides: list[str]) -> tuple[dict[str, Any], CheckedData]:
    from maskwright import tasks
    from maskwright.cli.console import console
    from maskwright.tasks.hidden_share import amount_notes
    from maskwright.train.trackers import check_trackers

    config = tasks.load_config(path, overrides)
    check_trackers(config.training.report_to)
    with console().status("reading and checking the data ..."):
        task = tasks.get(config.task)
        data = task.load(config.data)
    with console().status("measuring the examples ..."):
        described = (*task.describe(config, data), *amount_notes(task, config, data))
    return _document(config, data, described), data


def _document(config: RunConfig, data: CheckedData, described: tuple[str, ...]) -> dict[str, Any]:
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    sources = {"train": config.data.train, "validation": config.data.validation, "test": config.data.test}
    counts = {name: _labels(split) for name, split in splits.items()}
    return {
        "ready": True,
        "task": config.task,
        "model": config.model,
        "dataset": config.data.hub_name,
        "files": {
            "train": sources["train"],
            "validation": sources["validation"] or sources["train"],
            "test": sources["test"] or sources["validation"] or sources["train"],
        },
        "rows": {name: len(split) for name, split in splits.items()},
        "classes": {
            label: {name: count[index] for name, count in counts.items()}
            for index, label in enumerate(data.labels)
            if any(counts.values())
        },
        "columns": data.columns,
        "variants": dict(config.data.variants),
        "examples": list(described),
        "notes": list(data.notes),
        "fingerprint": data.fingerprint,
    }


def _labels(split: Any) -> Counter[int]:
    """How many examples each class has; nothing where the task has not one class an example."""
    from collections import Counter

    return Counter(split["label"][:]) if "label" in split.column_names else Counter()


def _problems(error: MaskwrightError) -> list[dict[str, str]]:
    from maskwright.errors import DataError

    if isinstance(error, DataError):
        return [{"where": p.where, "what": p.what, "remedy": p.remedy} for p in error.problems]
    return [{"where": "configuration", "what": line, "remedy": ""} for line in str(error).splitlines()]


def _print_json(document: dict[str, Any]) -> None:
    import json

    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _show(document: dict[str, Any], data: CheckedData, arguments: list[str]) -> None:
    import shlex

    from rich.text import Text

    from maskwright.cli.console import output

    out = output()
    out.print(_split_table(document))
    out.print()
    if document["classes"]:
        out.print(_class_table(document))
        out.print()
    roles = [f"{role} = {column!r}" for role, column in data.columns.items()]
    roles += [f"variant {group} = {column!r}" for group, column in document["variants"].items()]
    out.print(Text("columns: ", style="bold").append(", ".join(roles), style="default"), soft_wrap=True)
    for title, notes in (("examples", document["examples"]), ("notes", document["notes"])):
        if notes:
            out.print(Text(f"{title}:", style="bold"))
        for note in notes:
            out.print(Text(f"  - {note}"), soft_wrap=True)
    ready = Text("ready", style="bold green").append(f": maskwright train {shlex.join(arguments)}", style="default")
    out.print(ready, soft_wrap=True)


def _split_table(document: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("split")
    table.add_column("rows", justify="right")
    table.add_column("from", overflow="fold")
    for name, rows in document["rows"].items():
        place = _listed(document["files"][name])
        source = f"{document['dataset']}: {place}" if document["dataset"] else place
        table.add_row(name, f"{rows:,}", _plain(source))
    return table


def _class_table(document: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("class", overflow="fold")
    for name in document["rows"]:
        table.add_column(name, justify="right")
    classes = list(document["classes"].items())
    for label, counts in classes[:CLASSES_SHOWN]:
        table.add_row(_plain(label), *(f"{count:,}" for count in counts.values()))
    if len(classes) > CLASSES_SHOWN:
        table.add_row(f"... and {len(classes) - CLASSES_SHOWN:,} more")
    return table


def _listed(source: Any) -> str:
    """The files of a split in one line: of a stream there may be several, of parallel texts there are two."""
    files = source.values() if isinstance(source, dict) else source
    return source if isinstance(source, str) else ", ".join(files)


def _plain(text: str) -> Any:
    """Text as it is: a label may look like the console's own markup."""
    from rich.text import Text

    return Text(text if text.isprintable() and text.strip() == text else repr(text))
