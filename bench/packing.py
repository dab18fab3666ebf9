"""What packing costs, and what packing and the head on hidden positions save, as ratios in one process.

    python bench/packing.py [--repeats 10]

Packing is compared with Hugging Face's DataCollatorWithFlattening on the same documents. Training steps (forward and
backward of a small BERT on a CPU, one thread) are compared with the same step on padded rows and with the whole head.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from timing import medians
from transformers import BertConfig, BertForMaskedLM, DataCollatorWithFlattening

from maskwright.text.document_attention import DocumentAttention
from maskwright.text.heads import MaskedOnlyHead
from maskwright.text.packing import pack

VOCABULARY, LONGEST, RATIO = 30_522, 128, 0.15


def documents(number: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """Texts of 10 to 128 tokens, padded, with labels on 15 % of the tokens."""
    rng = np.random.default_rng(seed)
    attended = np.arange(LONGEST) < rng.integers(10, LONGEST + 1, number)[:, None]
    ids = np.where(attended, rng.integers(5, VOCABULARY, attended.shape), 0)
    labels = np.where(attended & (rng.random(attended.shape) < RATIO), ids, -100)
    arrays = {"input_ids": ids, "attention_mask": attended.astype(np.int64), "labels": labels}
    return {name: torch.from_numpy(value) for name, value in arrays.items()}


def model() -> BertForMaskedLM:
    torch.manual_seed(0)
    return BertForMaskedLM(
        BertConfig(vocab_size=VOCABULARY, hidden_size=256, num_hidden_layers=4, num_attention_heads=4,
                   intermediate_size=1024)
    ).train()  # fmt: skip


def step(net: BertForMaskedLM, batch: dict[str, torch.Tensor]) -> Callable[[], object]:
    def run() -> None:
        net(**batch).loss.backward()
        net.zero_grad(set_to_none=True)

    return run


def collate_jobs() -> dict[str, Callable[[], object]]:
    batch = documents(256)
    attended = batch["attention_mask"] != 0
    pairs = zip(batch["input_ids"], attended, strict=True)
    features = [{"input_ids": ids[keep].tolist()} for ids, keep in pairs]
    columns = {name: batch[name] for name in ("input_ids", "attention_mask")}
    theirs = DataCollatorWithFlattening()
    return {
        "HF flattening": lambda: theirs([dict(feature) for feature in features]),
        "maskwright pack, one row": lambda: pack(columns, causal_labels=True),
        "maskwright pack, rows of 512": lambda: pack(columns, 512, causal_labels=True),
    }


def training_jobs() -> dict[str, Callable[[], object]]:
    batch, plain, light = documents(16), model(), model()
    MaskedOnlyHead(light)
    packed = pack(batch, 256)
    mask = DocumentAttention.of(plain).mask(packed.batch["attention_mask"] != 0, packed.documents)
    rows = {**packed.batch, "attention_mask": mask}
    return {
        "padded rows, whole head": step(plain, batch),
        "padded rows, head on hidden positions": step(light, batch),
        "packed rows, whole head": step(plain, rows),
        "packed rows, head on hidden positions": step(light, rows),
    }


def show(title: str, seconds: dict[str, float], console: Console) -> None:
    table = Table(title=title)
    for column in ("job", "ms", "times faster than the first"):
        table.add_column(column, justify="left" if column == "job" else "right")
    first = next(iter(seconds.values()))
    for name, value in seconds.items():
        table.add_row(name, f"{value * 1e3:.2f}", f"{first / value:.2f}")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    console = Console()
    show("packing 256 documents of 10 to 128 tokens", medians(collate_jobs(), repeats * 3), console)
    show("training step, 16 such documents, small BERT", medians(training_jobs(), max(3, repeats // 3)), console)


if __name__ == "__main__":
    main()
