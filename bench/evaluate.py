"""Evaluation against bare forward passes over the same tokens, in one process and on one thread.

Run it as `python bench/evaluate.py`. A bare pass is `model(**batch)` over batches that were made beforehand: what no
evaluator can be faster than. Goal: at least 85 % of its throughput, masking, sorting and batching included. For scale,
the last column is the bare throughput of the same rows without sorting by length, in batches of equal size.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from transformers import BertConfig, BertForSequenceClassification

from maskwright.evaluate.predict import Machine, Request, Trial, ask, forward_mode, pools
from maskwright.masking import Masking
from maskwright.tasks.metrics.accuracy import ACCURACY
from maskwright.tasks.scratch import train_tokenizer
from maskwright.tasks.text.encoded import EncodedTexts, Ragged
from maskwright.tasks.text.text_classification import TASK
from maskwright.units.vocabulary import Vocabulary

SIZES = {"2 × 128": (2, 128, 1), "6 × 384": (6, 384, 8)}
"""Layers, width, and by how much fewer examples are read, so that every row takes about as long."""

GOAL = 0.85


def invented(n: int) -> EncodedTexts:
    """Texts whose lengths spread as in real data (log-normal, 5 to 200 words)."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("aeioustrnlm"), rng.integers(2, 8))) for _ in range(800)]
    lengths = np.clip(rng.lognormal(3.2, 0.7, n), 5, 200).astype(int)
    texts = [" ".join(rng.choice(words, length)) for length in lengths]
    tokenizer = train_tokenizer(texts, vocabulary=2000, max_length=256)
    rows = Ragged.from_rows([tokenizer(text, truncation=True, max_length=256)["input_ids"] for text in texts])
    labels = np.zeros(n, dtype=np.int64)
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    return EncodedTexts(
        {"input_ids": rows}, np.arange(n), {"labels": labels}, labels, vocabulary, np.ones(n, dtype=np.float32)
    )


def trials(fill: str) -> list[Trial]:
    def masking(pattern: str, ratio: float) -> Masking:
        return Masking.from_dict({"pattern": pattern, "budget": {"ratio": ratio}, "fill": fill, "unit": "word"})

    masked = [Trial(masking(p, r), draw) for p in ("iid", "span") for r in (0.3, 0.7) for draw in range(2)]
    return [Trial(), *masked]


def seconds(run) -> float:
    """Processor time on a processor, so that other work on the machine does not count; else wall-clock time."""
    if not torch.cuda.is_available():
        started = time.process_time()
        run()
        return time.process_time() - started
    torch.cuda.synchronize()
    started = time.perf_counter()
    run()
    torch.cuda.synchronize()
    return time.perf_counter() - started


def bare(model, prepared, machine) -> None:
    with forward_mode(machine):
        for batch in prepared:
            model(**batch)


def unsorted(prepared, rows: int, machine) -> list[dict[str, torch.Tensor]]:
    """The same rows in random order, in batches of equal size, padded to the longest of each."""
    flat = [
        {name: values[i] for name, values in batch.items()}
        for batch in prepared
        for i in range(len(batch["input_ids"]))
    ]
    order = np.random.default_rng(0).permutation(len(flat))
    out = []
    for start in range(0, len(flat), rows):
        some = [flat[i] for i in order[start : start + rows]]
        out.append(
            {
                name: torch.nn.utils.rnn.pad_sequence([one[name] for one in some], batch_first=True).to(machine.device)
                for name in some[0]
            }
        )
    return out


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--examples", type=int, default=200)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--batch-size", type=int, default=16, help="texts of the longest length in a batch")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    table = Table("model", "fill", "tokens", "bare/s", "ours/s", "share", "goal", "unsorted")
    for name, (layers, width, fewer) in SIZES.items():
        examples = invented(options.examples // fewer)
        machine = Machine(device, device.type == "cuda", options.batch_size * int(examples.lengths.max()))
        config = BertConfig(
            vocab_size=examples.vocabulary.size,
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=width // 32,
            intermediate_size=4 * width,
            max_position_embeddings=512,
        )
        model = BertForSequenceClassification(config).to(device).eval()
        for fill in ("mask-token", "drop"):
            table.add_row(name, fill, *measure(model, examples, trials(fill), machine, options))
    Console().print(table, "tokens per second; share = ours / bare", sep="\n")


def measure(model, examples, asked, machine, options) -> list[str]:
    made = pools(examples, asked, machine)
    prepared = [hidden.inputs for pool in made for _, hidden in examples.joined(pool.parts, machine.batch_cells)]
    request = Request(TASK, [ACCURACY.statistic], None, machine)
    mixed = unsorted(prepared, options.batch_size, machine)
    tokens = sum(int(batch["attention_mask"].sum()) for batch in prepared)
    runs = {
        "bare": lambda: bare(model, prepared, machine),
        "evaluate": lambda: ask(model, examples, asked, request),
        "unsorted": lambda: bare(model, mixed, machine),
    }
    # The three take turns, so that a change of the machine's speed falls on all of them.
    times = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(options.repeats):
        for name, run in runs.items():
            times[name].append(seconds(run))
    median = {name: statistics.median(found) for name, found in times.items()}
    share = median["bare"] / median["evaluate"]
    return [
        f"{tokens:,}",
        f"{tokens / median['bare']:,.0f}",
        f"{tokens / median['evaluate']:,.0f}",
        f"{share:.0%}",
        "met" if share >= GOAL else "missed",
        f"{median['bare'] / median['unsorted']:.0%}",
    ]


if __name__ == "__main__":
    main()
