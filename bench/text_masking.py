"""Mask step and collate time against Hugging Face's collator and against a plain torch draw, as ratios in one process.

    python bench/text_masking.py [--repeats 30]

"limit" is torch.bernoulli plus two torch.where over the batch: the least that a masked-language-model step has to do.
Times are medians over interleaved bursts of calls on one thread; only the ratios mean anything. Steps and collators run
with the compiled kernels of the extra `speed`, which the goals are for, and with NumPy alone; the results are the same
to the bit.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from timing import medians
from transformers import BertTokenizerFast, DataCollatorForLanguageModeling

from maskwright import Masking, MaskingCollator
from maskwright.backend.compiled import SWITCH, kernels

BERT = {"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}
STEPS = {
    "random, Bernoulli": ({"pattern": "iid", "budget": {"bernoulli": 0.15}, "unit": "token"}, 0.6),
    "random, Bernoulli, 80/10/10": (
        {"pattern": "iid", "budget": {"bernoulli": 0.15}, "unit": "token", "fill": BERT},
        None,
    ),
    "random, exact count": ({"pattern": "iid", "budget": 0.15, "unit": "token"}, 1.0),
    "whole words, Bernoulli": ({"pattern": "iid", "budget": {"bernoulli": 0.15}, "unit": "word"}, 1.0),
    "whole words, exact count": ({"pattern": "iid", "budget": 0.15, "unit": "word"}, 1.5),
    "spans of 3 tokens": ({"pattern": {"span": {"length": 3}}, "budget": 0.15, "unit": "token"}, 2.0),
    "geometric spans": (
        {"pattern": {"span": {"length": 3, "law": "geometric", "max_length": 10}}, "budget": 0.15, "unit": "token"},
        2.0,
    ),
    "T5's spans": ({"pattern": "t5-spans", "budget": 0.15, "unit": "token"}, 2.0),
    "SpanBERT's spans": ({"pattern": "spanbert", "budget": 0.15, "unit": "token"}, None),
    "types, Bernoulli": ({"pattern": "iid", "budget": {"bernoulli": 0.15}, "unit": "type"}, None),
    "types, exact count": ({"pattern": "iid", "budget": 0.15, "unit": "type"}, None),
}
ALONE = ", NumPy alone"
COLLATES = {"maskwright collate, lists": 50, "maskwright collate, arrays": 150}
"""How many times faster than Hugging Face's collator they should be."""


def tokenizer() -> BertTokenizerFast:
    """A tokenizer of BERT's family and size with made-up words; speed depends on nothing else."""
    stems = [f"w{number:04x}" for number in range(24_000)]
    tails = [f"##s{number:03x}" for number in range(6_000)]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *stems, *tails]
    return BertTokenizerFast(vocab={token: index for index, token in enumerate(vocabulary)})


def batch_of(rows: int, length: int, tok: BertTokenizerFast) -> np.ndarray:
    rng = np.random.default_rng(0)
    ids = rng.integers(5, len(tok), size=(rows, length))
    ids[:, 0], ids[:, -1] = tok.cls_token_id, tok.sep_token_id
    return ids


def limit(ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    mask = torch.bernoulli(torch.full(ids.shape, 0.15)).bool()
    return torch.where(mask, 4, ids), torch.where(mask, ids, -100)


def mask_jobs(ids: np.ndarray, tok: BertTokenizerFast) -> dict[str, Callable[[], object]]:
    tensor = torch.from_numpy(ids)
    special = torch.isin(tensor, torch.tensor(tok.all_special_ids))
    theirs = DataCollatorForLanguageModeling(tok)
    names = np.arange(len(ids))
    jobs: dict[str, Callable[[], object]] = {
        "limit": lambda: limit(tensor),
        "HF random, special-token mask given": lambda: theirs.torch_mask_tokens(tensor.clone(), special),
        "HF random": lambda: theirs.torch_mask_tokens(tensor.clone()),
    }
    vocabulary = MaskingCollator(tok, None).vocabulary
    for name, (node, _) in STEPS.items():
        masking = Masking.from_dict({"fill": "mask-token", **node})

        def step(masking: Masking = masking) -> object:
            out = masking({"input_ids": ids}, vocabulary=vocabulary, example_ids=names)
            return out, out.reconstruction_labels()

        jobs[name], jobs[name + ALONE] = step, without_kernels(step)
    return jobs


def without_kernels(job: Callable[[], object]) -> Callable[[], object]:
    """The job on NumPy alone."""

    def run() -> object:
        os.environ[SWITCH] = "0"
        try:
            return job()
        finally:
            del os.environ[SWITCH]

    return run


def collate_jobs(ids: np.ndarray, tok: BertTokenizerFast) -> dict[str, Callable[[], object]]:
    rng = np.random.default_rng(1)
    lengths = rng.integers(ids.shape[1] // 2, ids.shape[1] + 1, size=len(ids))
    lists = [  # what tokenizer(text) returns for BERT
        {"input_ids": row[:n].tolist(), "token_type_ids": [0] * n, "attention_mask": [1] * n}
        for row, n in zip(ids, lengths.tolist(), strict=True)
    ]
    arrays = [{"input_ids": row[:n].copy()} for row, n in zip(ids, lengths.tolist(), strict=True)]
    masking = Masking.from_dict({"pattern": "iid", "budget": {"bernoulli": 0.15}, "fill": BERT})
    ours = MaskingCollator(tok, masking, objective="reconstruct", epoch=0)
    theirs = DataCollatorForLanguageModeling(tok)
    own = {"maskwright collate, lists": lambda: ours(lists), "maskwright collate, arrays": lambda: ours(arrays)}
    return {
        "HF collate, lists": lambda: theirs([dict(feature) for feature in lists]),
        **own,
        **{name + ALONE: without_kernels(job) for name, job in own.items()},
    }


def whole_word_job(ids: np.ndarray, tok: BertTokenizerFast) -> Callable[[], object]:
    """HF's whole-word collator, which needs character offsets and equal lengths to run at all."""
    theirs = DataCollatorForLanguageModeling(tok, whole_word_mask=True, mask_replace_prob=1.0, random_replace_prob=0.0)
    tokens = [tok.convert_ids_to_tokens(row) for row in ids.tolist()]
    features = []
    for row, texts in zip(ids.tolist(), tokens, strict=True):
        at, offsets = 0, []
        for text in texts:
            at += not text.startswith("##")
            size = len(text.removeprefix("##"))
            offsets.append((0, 0) if text in ("[CLS]", "[SEP]") else (at, at + size))
            at += size
        features.append({"input_ids": row, "attention_mask": [1] * len(row), "offset_mapping": offsets})
    return lambda: theirs([dict(feature) for feature in features])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    os.environ.pop(SWITCH, None)
    tok, console = tokenizer(), Console()
    if not kernels():
        console.print("numba is not installed, or does not load: all of it is NumPy alone")
    for rows, length in ((256, 128), (64, 512)):
        ids = batch_of(rows, length, tok)
        masks = medians(mask_jobs(ids, tok), repeats)
        title = f"mask step, {rows} x {length} tokens: hide and make labels"
        table = table_of(title, "step", "µs", "Mtok/s", "NumPy alone", "x limit")
        for name in [name for name in masks if not name.endswith(ALONE)]:
            seconds, alone = masks[name], masks.get(name + ALONE)
            ratio, goal = seconds / masks["limit"], STEPS.get(name, (None, None))[1]
            numpy_alone = "" if alone is None else f"{alone / masks['limit']:.2f}"
            row = (f"{seconds * 1e6:.0f}", f"{ids.size / seconds / 1e6:.0f}", numpy_alone, f"{ratio:.2f}")
            table.add_row(name, *row, *verdict(ratio, goal, goal is not None and ratio <= goal))
        console.print(table)
        jobs = {**collate_jobs(ids, tok), "HF whole-word collate": whole_word_job(ids, tok)}
        collates = medians(jobs, max(3, repeats // 6))
        table = table_of(f"collate, {rows} x up to {length} tokens", "collate", "ms", "times faster than HF")
        for name, seconds in collates.items():
            times, goal = collates["HF collate, lists"] / seconds, COLLATES.get(name)
            row = (f"{seconds * 1e3:.2f}", f"{times:.1f}")
            table.add_row(name, *row, *verdict(times, goal, goal is not None and times >= goal))
        console.print(table)


def table_of(title: str, first: str, *others: str) -> Table:
    table = Table(title=title)
    table.add_column(first)
    for column in (*others, "goal", ""):
        table.add_column(column, justify="right")
    return table


def verdict(value: float, goal: float | None, met: bool) -> tuple[str, str]:
    return ("", "") if goal is None else (f"{goal:g}", "met" if met else f"not met ({value / goal:.2f})")


if __name__ == "__main__":
    main()
