"""`maskwright preview`: what the masking of a configuration really hides, on the user's own examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from maskwright.config import RunConfig


def command(
    target: Annotated[str, typer.Argument(metavar="RUN.YAML|PRESET", help="A run configuration, or a preset's name.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Keys to set, such as masking.unit=word.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--input", help="An image, a sound or a CSV file to hide in.")] = None,
    text: Annotated[str | None, typer.Option(help="A text to hide in.")] = None,
    n: Annotated[int, typer.Option("-n", "--examples", min=1, max=100, help="How many examples, or draws.")] = 5,
    epoch: Annotated[int, typer.Option(min=0, help="Which epoch's masks; another one, other masks.")] = 0,
    output: Annotated[Path | None, typer.Option(help="Write a picture (PNG) too; not for texts.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")] = False,
) -> None:
    """Show what a masking really hides: in training examples, or in a text, an image, a sound or a table of yours.

    With a run configuration, the masks are those that training will draw in that
    epoch (at its start, where the ratio moves). For the names of presets see
    docs/papers.md.

    Example: maskwright preview run.yaml -n 3 masking.budget=0.3

    Example: maskwright preview beit --input photo.jpg --output beit.png
    """
    from maskwright.cli import preview_input
    from maskwright.cli.console import say_notes

    if file is not None and text is not None:
        from maskwright.errors import ConfigError

        raise ConfigError("--text and --input: give one of them.")
    if file is None and text is None and target.endswith((".yaml", ".yml")):
        from maskwright.tasks import load_config

        document = _document(load_config(Path(target), overrides or []), n, epoch)
    elif file is not None:
        return preview_input.show_file(target, overrides or [], file, (n, epoch), output, json)
    else:
        document = preview_input.text_document(target, overrides or [], text, n, epoch)
    say_notes(document["note"])
    if output is not None:
        _save(document, output)
        say_notes(f"picture: {output}")
    if json:
        import json as json_module

        bare = [{k: v for k, v in example.items() if k != "pictures"} for example in document["examples"]]
        typer.echo(json_module.dumps({**document, "examples": bare}, ensure_ascii=False, indent=2))
    else:
        _show(document, written=output is not None)
    return None


def _document(config: RunConfig, n: int, epoch: int) -> dict[str, Any]:
    from maskwright import tasks
    from maskwright.cli.console import console
    from maskwright.errors import ConfigError
    from maskwright.preview.run import preview_run
    from maskwright.tasks.hidden_share import amount_notes

    if config.masking is None:
        raise ConfigError("masking: none hides nothing, so there is nothing to preview; set masking=automask, say.")
    task = tasks.get(config.task)
    with console().status(f"reading the {task.words.examples} ..."):
        data = task.load(config.data)
        notes = amount_notes(task, config, data)
        shown = preview_run(task, config, data, n, epoch)
    return {"masking": config.masking.to_dict(), "epoch": epoch, "note": " ".join(notes), **shown}


def _save(document: dict[str, Any], path: Path) -> None:
    """Write the pictures of a preview as one file, an example a row."""
    from PIL import Image

    from maskwright.errors import ConfigError
    from maskwright.tasks.rendering import sheet

    rows = [
        [picture for _, picture in example["pictures"]] for example in document["examples"] if "pictures" in example
    ]
    if not rows:
        raise ConfigError(f"--output {path}: texts make no picture; give an image, a sound or a table with --input.")
    try:
        Image.fromarray(sheet(rows)).save(path)
    except (OSError, ValueError) as error:
        why = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise ConfigError(f"--output {path}: cannot be written: {why}.") from None


def _show(document: dict[str, Any], written: bool = False) -> None:
    import yaml
    from rich.text import Text

    from maskwright.cli.console import output

    out, unit = output(), _unit(document)
    masking = yaml.safe_dump(document["masking"], default_flow_style=True, sort_keys=False, width=1000).strip()
    out.print(Text(f"masking: {masking}"), soft_wrap=True)
    marks = _legend(document)
    for example in document["examples"]:
        out.print()
        out.print(Text(_title(example, document), style="bold"), soft_wrap=True)
        if "pictures" in example:
            _print_pictures(example["pictures"], written)
        if "pieces" in example:
            out.print(_marked([(piece["text"], piece["hidden"]) for piece in example["pieces"]], marks))
        width = max((len(column) for column, _, _ in example.get("row", ())), default=0)
        for column, value, hidden in example.get("row", ()):
            out.print(Text(f"  {column:<{width}}  ").append(_marked([(value, hidden)], marks)), soft_wrap=True)
        if "reference" in example:
            kinds = [f"{one['text']} ({one['kind']})" if one["kind"] else one["text"] for one in example["reference"]]
            out.print(Text("right answer: ", style="dim").append("".join(kinds), style="default"))
    out.print()
    share = document["hidden"] / document["units"] if document["units"] else 0.0
    out.print(
        Text(f"in all: {document['hidden']} of {document['units']} {plural(unit)} hidden ({share:.1%})", style="bold")
    )


def _marked(parts: list[tuple[str, bool]], marks: tuple[str, str, str]) -> Any:
    """A rich `Text` of (text, hidden) parts."""
    from rich.text import Text

    text, (opening, closing, style) = Text(), marks
    for part, hidden in parts:
        text.append(f"{opening}{part}{closing}" if hidden else part, style=style if hidden else "")
    return text


def _legend(document: dict[str, Any]) -> tuple[str, str, str]:
    """How hidden pieces of text and values are marked, (opening, closing, style), after saying so."""
    from rich.text import Text

    from maskwright.cli.console import output
    from maskwright.preview.notes import marks_for

    out, examples = output(), document["examples"]
    pieces = [piece["text"] for example in examples for piece in example.get("pieces", ())]
    pieces += [value for example in examples for _, value, _ in example.get("row", ())]
    # Without colour, brackets say the same.
    opening, closing = ("", "") if out.color_system else marks_for("".join(pieces), out.encoding)
    style = "white on red" if out.color_system else ""
    if pieces:
        fill = document["masking"].get("fill")
        name = "" if fill is None else f" ({fill if isinstance(fill, str) else next(iter(fill))})"
        legend = Text(f"{opening}marked{closing}", style=style).append(
            f": hidden; the fill{name} then decides what replaces it", style="default on default"
        )
        out.print(legend, soft_wrap=True)
    return opening, closing, style


def _title(example: dict[str, Any], document: dict[str, Any]) -> str:
    from maskwright.preview.notes import left_whole

    hidden, units, unit = example["hidden_units"], example["units"], _unit(document)
    share = f"{hidden / units:.0%}" if units else "nothing to hide"
    label = f", label {example['label']}" if example.get("label") else ""
    name = f"row {example['example_id'] + 1}{label}" if "example_id" in example else "the text"
    if units and not hidden and left_whole(document["masking"]):
        return f"{name}: left whole (0 of {units} {plural(unit)} hidden)"
    counted = [f"{some} of {every} {plural(one)}" for some, every, one in example.get("parts", [(hidden, units, unit)])]
    return f"{name}: {' and '.join(counted)} hidden ({share})"


def _unit(document: dict[str, Any]) -> str:
    """What is hidden whole; several kinds of it are just units."""
    return document.get("unit") or document["masking"].get("unit", "unit")


def plural(unit: str) -> str:
    """The name of several units.

    >>> plural("word"), plural("patch"), plural("entity")
    ('words', 'patches', 'entities')
    """
    return f"{unit[:-1]}ies" if unit.endswith("y") else unit + ("es" if unit.endswith("ch") else "s")


def _print_pictures(pictures: Any, written: bool) -> None:
    """Pictures in half blocks where there is colour; otherwise that there are pictures."""
    from maskwright.cli.console import output
    from maskwright.preview.panels import half_blocks

    out, hint = output(), "" if written else "; --output preview.png shows them"
    for title, picture in pictures:
        if out.color_system is None:
            out.print(f"  {title}: {picture.shape[1]} x {picture.shape[0]} pixels{hint}")
            continue
        out.print(f"  {title}")
        wide = picture.shape[1] > 1.5 * picture.shape[0]
        out.print(half_blocks(picture / 255, min(out.width, 100 if wide else 44)))
