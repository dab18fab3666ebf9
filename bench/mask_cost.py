"""The share of a training step that drawing the masks takes, on the model's device, for the whole batch.

    python bench/mask_cost.py [--batch 16] [--length 64]

A step is forward, backward and AdamW of a 6-layer encoder of width 384 (22 million weights) made from a configuration;
both parts are medians over the same interleaved rounds in one process. The goal is under 1 %.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from text_masking import batch_of, tokenizer
from transformers import BertConfig, BertForSequenceClassification

from maskwright import Masking, Vocabulary


def seconds(job: Callable[[], object], device: str) -> float:
    start = time.perf_counter()
    job()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def training_step(vocabulary_size: int, device: str) -> Callable[[torch.Tensor], object]:
    config = BertConfig(
        vocab_size=vocabulary_size,
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
        num_labels=6,
    )
    model = BertForSequenceClassification(config).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)

    def step(ids: torch.Tensor) -> None:
        loss = model(input_ids=ids, labels=torch.zeros(len(ids), dtype=torch.long, device=device)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tok = tokenizer()
    ids = torch.from_numpy(batch_of(given.batch, given.length, tok)).to(device)
    batch, names = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}, torch.arange(given.batch, device=device)
    vocabulary, step = Vocabulary.from_tokenizer(tok), training_step(len(tok), device)
    jobs: dict[str, Callable[[], object]] = {"training step": lambda: step(ids)}
    for unit in ("token", "word", "type"):
        for pattern in ("iid", {"span": {"length": 3, "law": "geometric"}}):
            node = {"pattern": pattern, "budget": {"uniform": [0.0, 0.8]}, "fill": "mask-token", "unit": unit}
            masking = Masking.from_dict(node)
            name = f"{unit}, {pattern if isinstance(pattern, str) else 'geometric spans'}"
            jobs[name] = lambda m=masking: m(batch, vocabulary=vocabulary, example_ids=names, epoch=1)
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(given.rounds + 2):
        for name, job in jobs.items():
            times[name].append(seconds(job, device))
    table = Table(title=f"{given.batch} x {given.length} tokens on {device}, {torch.get_num_threads()} threads")
    for column in ("masking", "ms", "% of a training step"):
        table.add_column(column, justify="left" if column == "masking" else "right")
    whole = statistics.median(times["training step"][2:])
    for name, values in times.items():
        median = statistics.median(values[2:])
        table.add_row(name, f"{median * 1e3:.2f}", f"{100 * median / whole:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
