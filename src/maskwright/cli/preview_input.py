"""`maskwright preview` on a file or a text that belongs to no run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from maskwright.masking import Masking
    from maskwright.preview.sample import MaskedSample

SENTENCE = (
    "Parts of the input are hidden while the model learns, so that it stops depending on any one part: what it cannot "
    "see now it has to know from the rest."
)


def text_document(target: str, overrides: Sequence[str], text: str | None, n: int, epoch: int) -> dict[str, Any]:
    """What `preview` prints of a masking on a text, a sentence of ours if none is given."""
    from maskwright.errors import ConfigError
    from maskwright.preview.notes import meant_for, notes_on_text
    from maskwright.preview.text import text_examples

    masking, grid, tokenizer = _masking(target, overrides)
    if grid and ("token" not in grid or "feature" in grid):
        (kind, file), axes = meant_for(grid), ", ".join(grid)
        what = f"a{'n' if file == 'image' else ''} {file}"
        raise ConfigError(f"{target} is meant for {kind} ({axes}), not for text; give {what} with --input.")
    if text is not None and not text.strip():
        raise ConfigError("--text: the text is empty; there is nothing to hide.")
    examples = text_examples(text or SENTENCE, masking, tokenizer, examples=n, seed=0, epoch=epoch)
    hidden, units = (sum(example[key] for example in examples) for key in ("hidden_units", "units"))
    counted = {"hidden": hidden, "units": units}
    note = "; ".join(notes_on_text(masking, examples[0]["tokens_left_out"]))
    return {"masking": masking.to_dict(), "epoch": epoch, "note": note, **counted, "examples": examples}


def show_file(
    target: str, overrides: Sequence[str], file: Path, draws: tuple[int, int], output: Path | None, json: bool
) -> None:
    """Print (and save) what a masking hides in a file; `draws` is how many, and of which epoch."""
    from maskwright.cli.console import output as console
    from maskwright.cli.console import say_notes
    from maskwright.errors import ConfigError
    from maskwright.preview.files import read_sample
    from maskwright.preview.notes import left_whole, notes_on
    from maskwright.preview.panels import half_blocks, mask_letters, panels, save
    from maskwright.preview.sample import show

    masking, grid, _ = _masking(target, overrides)
    shown = show(read_sample(file, grid, draws[0]), masking, epoch=draws[1])
    notes = notes_on(target, masking, grid, shown.sample)
    say_notes(*notes)
    if output is not None:
        try:
            save(shown, output, f"{target} on {file.name}")
        except (OSError, ValueError) as error:
            why = str(getattr(error, "strerror", None) or error).rstrip(".")
            raise ConfigError(f"--output {output}: cannot be written: {why}.") from None
    if json:
        return _print_json(masking, shown, draws[1], "; ".join(notes))
    out, may_be_whole = console(), left_whole(masking.to_dict())
    for example in range(len(shown.mask)):
        whole = ", left whole" if may_be_whole and not shown.mask[example].any() else ""
        if shown.sample.kind == "table" and shown.mask.ndim == 2:
            out.print(_row(shown, example, whole))
            continue
        if out.color_system is None:
            out.print(panels(shown, example)[1][0] + whole)
            out.print(mask_letters(shown.mask[example], out.width))
            continue
        for title, picture in panels(shown, example)[example > 0 :]:
            out.print(title + ("" if title.startswith("original") else whole), style="bold")
            wide = picture.shape[1] > 1.5 * picture.shape[0]
            out.print(half_blocks(picture, min(out.width, 100 if wide else 44)))
    hidden, cells = shown.hidden
    out.print(f"in all: {hidden:,} of {cells:,} cells hidden ({hidden / max(1, cells):.1%}), {shown.sample.grid}")
    if output is not None:
        out.print(f"picture: {output}")
    return None


def _masking(target: str, overrides: Sequence[str]) -> tuple[Masking, Mapping[str, int], Any]:
    """The masking, the grid it is meant for, and a tokenizer if a run configuration names a model with one."""
    from maskwright.config import overridden_masking
    from maskwright.errors import ConfigError
    from maskwright.masking import Masking
    from maskwright.presets import presets
    from maskwright.tasks import load_config

    if target.lower() == "none":
        raise ConfigError("none hides nothing, so there is nothing to preview; see docs/papers.md for what does.")
    if target.endswith((".yaml", ".yml")):
        config = load_config(Path(target), overrides)
        if config.masking is None:
            raise ConfigError("masking: none hides nothing, so there is nothing to preview; set masking=automask, say.")
        if not isinstance(config.masking, Masking):
            raise ConfigError("masking.modalities: is shown on the examples of the run; leave out --text and --input.")
        return config.masking, {}, None
    masking = overridden_masking(target, overrides)
    return masking, presets()[target].grid, None


def _print_json(masking: Masking, shown: MaskedSample, epoch: int, note: str) -> None:
    import json

    hidden, cells = shown.hidden
    document = {
        "masking": masking.to_dict(),
        "epoch": epoch,
        "note": note,
        "grid": dict(zip(shown.sample.grid.axes, shown.sample.grid.shape, strict=True)),
        "hidden": hidden,
        "cells": cells,
        "examples": [{"hidden": int(mask.sum()), "cells": mask.size} for mask in shown.mask],
        "mask": shown.mask.astype(int).tolist(),
    }
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _row(shown: MaskedSample, example: int, whole: str) -> Any:
    import numpy as np
    from rich.table import Table

    mask = shown.mask[example]
    row = Table(title=f"row {example + 1}: {int(mask.sum())} of {mask.size} hidden{whole}", min_width=40)
    for name in ("column", "value", "becomes"):
        row.add_column(name, justify="left" if name == "column" else "right")
    values, results = shown.sample.x[example, :, 0], shown.result[example, :, 0]
    for name, before, after, hidden in zip(shown.sample.names, values, results, mask, strict=True):
        became = "removed" if np.isnan(after) else f"{after:g}"
        row.add_row(name, f"{before:g}", became if hidden else "", style="white on red" if hidden else "")
    return row
