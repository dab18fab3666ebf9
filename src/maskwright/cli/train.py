"""`maskwright train`: from a run configuration to a trained model in a run folder."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from maskwright.errors import MaskwrightError


def command(
    run: Annotated[Path, typer.Argument(help="Run configuration (YAML).", metavar="RUN.YAML", show_default=False)],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Settings to change, as key.sub=value.", metavar="KEY=VALUE", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")] = False,
) -> None:
    """Train a model on masked inputs.

    The data is checked first, as by maskwright check. Ctrl-C stops after
    the current step; the same command goes on from there, and so it does
    after a crash. In a folder that holds the finished run, nothing is done.

    Three examples, the last of them with two processes:

        maskwright train run.yaml

        maskwright train run.yaml masking=none training.output=runs/twin

        torchrun --nproc-per-node 2 -m maskwright train run.yaml
    """
    first = int(os.environ.get("RANK", "0")) == 0
    try:
        folder = _train(run, overrides or [])
    except MaskwrightError:
        if first:
            raise
        # Every process meets the same error; the first one tells it.
        sys.exit(2)
    finally:
        _leave_the_others()
    if first:
        _report(folder, as_json)


def _train(run: Path, overrides: list[str]) -> Path:
    from maskwright.cli.display import watching
    from maskwright.tasks import load_config
    from maskwright.train.run import train
    from maskwright.train.stop import TrainingStopped

    config = load_config(run, overrides)
    try:
        with watching() as watch:
            return train(config, on_progress=watch)
    except TrainingStopped as stopped:
        if int(os.environ.get("RANK", "0")) == 0:
            _tell_how_to_go_on(stopped)
        sys.exit(130)


def _tell_how_to_go_on(stopped: Any) -> None:
    from maskwright.cli.console import console

    console().print(
        f"stopped at step {stopped.step:,} of {stopped.steps:,}; a checkpoint is in {stopped.run}.\n"
        "The same command goes on from there.",
        markup=False,
        soft_wrap=True,
    )


def _leave_the_others() -> None:
    """End the connection between the processes of a torchrun, which complains otherwise."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _report(path: Path, as_json: bool) -> None:
    from maskwright.cli.console import output
    from maskwright.cli.display import in_words
    from maskwright.train.folder import RunFolder

    folder = RunFolder(path)
    info, environment = folder.info(), folder.environment()
    validations = {line["step"]: line["validation"] for line in folder.metrics() if "validation" in line}
    kept = validations.get(info["kept_step"], {})
    if as_json:
        result = {
            "run": str(path),
            "status": info["status"],
            "kept_step": info["kept_step"],
            "validation": kept,
            "seconds": environment["seconds"],
        }
        typer.echo(json.dumps(result))
        return
    scores = ", ".join(f"{in_words(name)} {value:.3f}" for name, value in kept.items())
    lines = [
        f"run folder  {path}",
        f"validation  {scores} (step {info['kept_step']:,})" if kept else "validation  none",
        f"training    {_spent(info['task'], environment)}",
        f"next        maskwright evaluate {path}",
    ]
    output().print("\n".join(lines), markup=False, soft_wrap=True)


def _spent(task: str, environment: dict[str, Any]) -> str:
    """Time, and what masking saved of the work."""
    from maskwright import tasks

    unit = tasks.get(task).words.units
    cells, whole = environment["cells"], environment["cells_whole"]
    cost = f"{environment['seconds']:,.0f} s, {cells:,} {unit} through the model"
    return cost if cells >= whole else f"{cost} instead of {whole:,}: masking saved {1 - cells / whole:.0%} of the work"
