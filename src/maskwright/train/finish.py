"""The end of a run: the trained model goes into its folder, and the checkpoints go."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from maskwright.train import checkpoint, lora
from maskwright.train.device import describe
from maskwright.train.files import write_json
from maskwright.train.folder import RunFolder
from maskwright.train.trainer import MaskedTrainer

__all__ = ["finish"]


def finish(folder: RunFolder, trainer: MaskedTrainer, reader: Any, step: int) -> None:
    """Write the model, the facts and the totals, in an order that a kill at any point can be repeated from.

    Args:
        folder: of the run.
        trainer: has made its last step.
        reader: goes with the model: a tokenizer, an image processor.
        step: the last one made.
    """
    best = trainer.best_weights()
    if best is not None:
        checkpoint.load_learned(trainer.model, best)
    elif trainer.ema is not None:
        trainer.ema.install(trainer.model)
    seconds, processes = trainer.work.seconds, trainer.args.world_size
    cells, whole = trainer.work.cells * processes, trainer.work.cells_whole * processes
    environment = describe(trainer.args.device, "bf16" if trainer.args.bf16 else "fp32", trainer.args.world_size)
    unfinished = folder.path / ".model.partial"
    shutil.rmtree(unfinished, ignore_errors=True)
    lora.merged(trainer.model).save_pretrained(unfinished)
    reader.save_pretrained(unfinished)
    finished = {
        **folder.info(),
        "status": "finished",
        "model_files": _files(unfinished),
        "steps": step,
        "kept_step": trainer.selection.best_step if best is not None else step,
    }
    write_json(unfinished / "maskwright.json", finished)
    # Weights are written for their owner's eyes only; the rest of the folder decides who else may read them.
    for weights in unfinished.glob("*.safetensors"):
        weights.chmod((unfinished / "maskwright.json").stat().st_mode)
    shutil.rmtree(folder.model, ignore_errors=True)
    unfinished.rename(folder.model)
    totals = {"seconds": seconds, "cells": cells, "cells_whole": whole, "cells_per_second": cells / max(seconds, 1e-9)}
    write_json(folder.path / "environment.json", {**environment, **totals})
    folder.write_info(finished)
    shutil.rmtree(folder.checkpoints, ignore_errors=True)


def _files(folder: Path) -> list[str]:
    """What the model and its reader wrote."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
