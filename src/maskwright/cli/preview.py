"""`maskwright preview`: what the masking of a configuration really hides, on the user's own texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from maskwright.config import RunConfig


def command(
    target: Annotated[str, typer.Argument(metavar="RUN.YAML|PRESET", help="A run configuration, or a preset's name.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Keys to set, such as masking.unit=word")
    ] = None,
    file: Annotated[Path | None, typer.Option("--input", help="An image, a sound or a CSV file to hide in.")] = None,
    text: Annotated[str | None, typer.Option(help="A text to hide in.")] = None,
    n: Annotated[int, typer.Option("-n", "--examples", min=1, max=100, help="How many examples, or draws.")] = 5,
    epoch: Annotated[int, typer.Option(min=0, help="Which epoch's masks; another one, other masks.")] = 0,
    output: Annotated[Path | None, typer.Option(help="Write a picture (PNG) too; for --input.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")] = False,
) -> None:
    """Show what a masking really hides: in training examples, or in a text, an image, a sound or a table of yours.

    With a run configuration the masks are the ones that training will draw in that epoch (at its start, where the ratio
    moves). A preset is any name of docs/papers.md.

    Example: maskwright preview run.yaml -n 3 masking.budget=0.3

    Example: maskwright preview beit --input photo.jpg --output beit.png
    """
    from maskwright.cli import preview_input
    from maskwright.cli.console import say_notes

    if output is not None and file is None:
        from maskwright.errors import ConfigError

        raise ConfigError(f"--output {output}: pictures are made of files; give one with --input.")
    if file is not None and text is not None:
        from maskwright.errors import ConfigError

        raise ConfigError("--text and --input: give one of them.")
    if file is None and text is None and target.endswith((".yaml", ".yml")):
        from maskwright.config import load_config

        document = _document(load_config(Path(target), overrides or []), n, epoch)
    elif file is not None:
        return preview_input.show_file(target, overrides or [], file, (n, epoch), output, json)
    else:
        document = preview_input.text_document(target, overrides or [], text, n, epoch)
    say_notes(document["note"])
    if json:
        import json as json_module

        typer.echo(json_module.dumps(document, ensure_ascii=False, indent=2))
    else:
        _show(document)
    return None


def _document(config: RunConfig, n: int, epoch: int) -> dict[str, Any]:
    from maskwright.cli.console import console
    from maskwright.data.load import load_text_data
    from maskwright.errors import ConfigError
    from maskwright.evaluate.display import read_aloud
    from maskwright.tasks.text_classification import load_tokenizer
    from maskwright.units.vocabulary import Vocabulary

    if config.masking is None:
        raise ConfigError("masking: none hides nothing, so there is nothing to preview; set masking=automask, say.")
    with console().status("reading the data and the tokenizer ..."):
        data = load_text_data(config.data)
        columns = [name for name in ("text", "text_pair") if name in data.train.column_names]
        tokenizer = load_tokenizer(config, lambda: (text for name in columns for text in data.train[name][:]))
        vocabulary = Vocabulary.from_tokenizer(tokenizer)
    rows = data.train[: min(n, len(data.train))]
    batch = tokenizer(
        *(rows[name] for name in columns),
        truncation=True,
        max_length=config.data.max_length,
        padding=True,
        return_tensors="np",
    )
    seed = config.training.seed
    progress = min(1.0, epoch / config.training.epochs)
    moment = {"seed": seed, "epoch": epoch, "progress": progress}
    out = config.masking(dict(batch), vocabulary=vocabulary, example_ids=rows["example_id"], **moment)
    examples = []
    for row in range(len(rows["label"])):
        attended = batch["attention_mask"][row] != 0
        arrays = (batch["input_ids"][row], out.mask[row], out.groups[row])
        pieces = read_aloud(*(array[attended] for array in arrays), vocabulary=vocabulary, tokenizer=tokenizer)
        examples.append(
            {
                "example_id": rows["example_id"][row],
                "label": data.labels[rows["label"][row]],
                "hidden_units": int(out.count[row]),
                "units": int(out.n_units[row]),
                "pieces": [{"text": piece.text, "hidden": piece.hidden} for piece in pieces],
            }
        )
    hidden, units = int(out.count.sum()), int(out.n_units.sum())
    counted = {"hidden": hidden, "units": units}
    return {"masking": config.masking.to_dict(), "epoch": epoch, "note": "", **counted, "examples": examples}


def _show(document: dict[str, Any]) -> None:
    import yaml
    from rich.text import Text

    from maskwright.cli.console import output
    from maskwright.preview.notes import left_whole, marks_for

    out, unit = output(), document["masking"]["unit"]
    said = "".join(piece["text"] for example in document["examples"] for piece in example["pieces"])
    # Without colour, brackets say the same.
    opening, closing = ("", "") if out.color_system else marks_for(said, out.encoding)
    style = "white on red" if out.color_system else ""
    fill = document["masking"]["fill"]
    name = fill if isinstance(fill, str) else next(iter(fill))
    masking = yaml.safe_dump(document["masking"], default_flow_style=True, sort_keys=False, width=1000).strip()
    out.print(Text(f"masking: {masking}"), soft_wrap=True)
    legend = Text(f"{opening}marked{closing}", style=style).append(
        f": hidden; the fill ({name}) then decides what stands there", style="default on default"
    )
    out.print(legend, soft_wrap=True)
    for example in document["examples"]:
        hidden, units = example["hidden_units"], example["units"]
        share = f"{hidden / units:.0%}" if units else "nothing to hide"
        out.print()
        name = f"row {example['example_id'] + 1}, {example['label']}" if "label" in example else "the text"
        title = f"{name}: {hidden} of {units} {unit}s hidden ({share})"
        if units and not hidden and left_whole(document["masking"]):
            title = f"{name}: left whole (0 of {units} {unit}s hidden)"
        out.print(Text(title, style="bold"), soft_wrap=True)
        text = Text()
        for piece in example["pieces"]:
            shown = f"{opening}{piece['text']}{closing}" if piece["hidden"] else piece["text"]
            text.append(shown, style=style if piece["hidden"] else "")
        out.print(text)
    out.print()
    share = document["hidden"] / document["units"] if document["units"] else 0.0
    out.print(Text(f"in all: {document['hidden']} of {document['units']} {unit}s hidden ({share:.1%})", style="bold"))
