"""`maskwright preview`: what the masking of a configuration really hides, on the user's own texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from maskwright.config import RunConfig


def command(
    config: Annotated[Path, typer.Argument(metavar="RUN.YAML", help="The run configuration.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Keys to set, such as masking.unit=word")
    ] = None,
    n: Annotated[int, typer.Option("-n", "--examples", min=1, help="How many examples.")] = 5,
    epoch: Annotated[int, typer.Option(min=0, help="Which epoch's masks; another one, other masks.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")] = False,
) -> None:
    """Show training examples with the hidden units marked, and the share that was really hidden.

    The masks are the ones that training will draw in that epoch (at its start, where the ratio moves).

    Example: maskwright preview run.yaml -n 3 masking.budget=0.3
    """
    from maskwright.config import load_config

    document = _document(load_config(config, overrides or []), n, epoch)
    if json:
        import json as json_module

        typer.echo(json_module.dumps(document, ensure_ascii=False, indent=2))
    else:
        _show(document)


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
    return {"masking": config.masking.to_dict(), "epoch": epoch, "hidden": hidden, "units": units, "examples": examples}


def _show(document: dict[str, Any]) -> None:
    import yaml
    from rich.text import Text

    from maskwright.cli.console import output

    out, unit = output(), document["masking"]["unit"]
    masking = yaml.safe_dump(document["masking"], default_flow_style=True, sort_keys=False, width=1000).strip()
    out.print(Text(f"masking: {masking}"), soft_wrap=True)
    for example in document["examples"]:
        hidden, units = example["hidden_units"], example["units"]
        share = f"{hidden / units:.0%}" if units else "nothing to hide"
        out.print()
        title = f"row {example['example_id'] + 1}, {example['label']}: {hidden} of {units} {unit}s hidden ({share})"
        out.print(Text(title, style="bold"), soft_wrap=True)
        text = Text()
        for piece in example["pieces"]:
            # Without colour, brackets say the same.
            shown = piece["text"] if out.color_system or not piece["hidden"] else f"[{piece['text']}]"
            text.append(shown, style="white on red" if piece["hidden"] else "")
        out.print(text)
    out.print()
    share = document["hidden"] / document["units"] if document["units"] else 0.0
    out.print(Text(f"in all: {document['hidden']} of {document['units']} {unit}s hidden ({share:.1%})", style="bold"))
