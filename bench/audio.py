"""Time and frequency masks, spans and runs against x * M, transformers' code and a plain loop, in one process.

    python bench/audio.py [--repeats 15]

Times are medians over interleaved bursts of calls on one thread; only the ratios within a table mean anything.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from timing import medians
from transformers.models.wav2vec2.modeling_wav2vec2 import _compute_mask_indices

from maskwright import Grid, Masking, Rng, patterns

SPECAUGMENT = {"specaugment": {"time_masks": 10, "time_share": 0.05, "freq_masks": 2}}
GOAL = 1.4


def spectrogram_jobs() -> dict[str, Callable[[], object]]:
    """32 x 80 bins x 1000 frames of float32, 2 frequency and 10 time masks, zero fill."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((32, 80, 1000)).astype(np.float32)
    multiplier = (rng.random(x.shape) < 0.7).astype(np.float32)
    valid = np.arange(1000) < rng.integers(500, 1001, (32, 1, 1))
    valid = np.ascontiguousarray(np.broadcast_to(valid, x.shape))
    masking = Masking.from_dict({"pattern": SPECAUGMENT, "fill": "zero"})
    ids, other = np.arange(32), np.ascontiguousarray(x.swapaxes(1, 2))
    tx, tm, tids, tv, tother = map(torch.from_numpy, (x, multiplier, ids, valid, other))
    grid, turned = Grid(freq=80, time=1000), Grid(time=1000, freq=80)
    return {
        "x * M, torch": lambda: tx * tm,
        "x * M, NumPy": lambda: x * multiplier,
        "torch": lambda: masking(tx, grid=grid, example_ids=tids),
        "NumPy": lambda: masking(x, grid=grid, example_ids=ids),
        "torch, time first": lambda: masking(tother, grid=turned, example_ids=tids),
        "NumPy, time first": lambda: masking(other, grid=turned, example_ids=ids),
        "torch, with lengths": lambda: masking(tx, grid=grid, example_ids=tids, valid=tv),
        "NumPy, with lengths": lambda: masking(x, grid=grid, example_ids=ids, valid=valid),
        "the draw alone, NumPy": lambda: masking.pattern.compact(  # pyright: ignore[reportAttributeAccessIssue]
            grid, np.full(32, grid.size), valid=None, rng=Rng.from_ids(ids)
        ),
    }


def span_jobs(rows: int, length: int, share: float) -> dict[str, Callable[[], object]]:
    node = {"wav2vec2": {"share": share, "length": 10}}
    law, masking = patterns.from_node(node), Masking.from_dict({"pattern": node, "fill": "keep"})
    grid, ids, valid = Grid(time=length), np.arange(rows), np.ones((rows, length), dtype=bool)
    tids, tx, count = torch.from_numpy(ids), torch.zeros(rows, length), np.full(rows, length)
    return {
        "transformers": lambda: _compute_mask_indices((rows, length), share, 10),
        "maskwright, mask alone": lambda: law(grid, count, valid=valid, rng=Rng.from_ids(ids)),
        "Masking, CPU tensors": lambda: masking(tx, grid=grid, example_ids=tids).mask,
    }


def loop_of_runs(rng: np.random.Generator, rows: int, length: int, features: int) -> np.ndarray:
    """Runs as published code draws them: one state machine per example and feature."""
    leave, enter = 1 / 3, 0.15 / 0.85 / 3
    mask = np.zeros((rows, length, features), dtype=bool)
    for row in range(rows):
        for feature in range(features):
            state = rng.random() < 0.15
            for cell in range(length):
                mask[row, cell, feature] = state
                if rng.random() < (leave if state else enter):
                    state = not state
    return mask


def run_jobs() -> dict[str, Callable[[], object]]:
    law, grid, ids = patterns.from_node("markov"), Grid(time=256, feature=8), np.arange(32)
    valid = np.ones((32, *grid.shape), dtype=bool)
    count, rng, tids = np.full(32, grid.size), np.random.default_rng(0), torch.arange(32)
    tvalid, tcount = torch.from_numpy(valid), torch.from_numpy(count)
    return {
        "loop": lambda: loop_of_runs(rng, 32, 256, 8),
        "maskwright, NumPy": lambda: law(grid, count, valid=valid, rng=Rng.from_ids(ids)),
        "maskwright, torch": lambda: law(grid, tcount, valid=tvalid, rng=Rng.from_ids(tids)),
    }


def show(title: str, times: dict[str, float], limit: str, faster: bool) -> None:
    table = Table(title=title)
    for column in ("what", "ms", f"times faster than {limit}" if faster else f"x {limit}"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, seconds in times.items():
        ratio = times[limit] / seconds if faster else seconds / times[limit]
        table.add_row(name, f"{seconds * 1e3:.3f}", f"{ratio:.2f}")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    times = medians(spectrogram_jobs(), repeats)
    show(f"time and frequency masks, 32 x 80 x 1000 (goal {GOAL})", times, "x * M, torch", faster=False)
    for rows, length in ((16, 500), (256, 500), (64, 1500)):
        for share in (0.065, 0.65):
            times = medians(span_jobs(rows, length, share), repeats)
            show(f"spans of 10, share {share}, {rows} x {length}", times, "transformers", faster=True)
    show("runs of mean length 3, 32 x 256 x 8", medians(run_jobs(), max(3, repeats // 5)), "loop", faster=True)


if __name__ == "__main__":
    main()
