"""How many examples a collator gets through in a second."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from maskwright.testing.loading import seeded, set_epoch
from maskwright.testing.subject import Subject

SECONDS, BATCH = 0.4, 64


def throughput(subject: Subject) -> dict[str, float]:
    """Examples and cells (tokens, padding aside) per second in batches of 64, in one process.

    Copies of the examples are made outside of the time. The best of at least five batches: other work on the machine
    makes a call slower, never faster.
    """
    examples = list(subject.examples[:BATCH])
    arrays = not isinstance(examples[0], Mapping)
    cells = sum(_cells(example) for example in examples)
    with seeded():
        collator = subject.fresh() if subject.plain is None else subject.plain()
        set_epoch(collator, 0)
        best, began = float("inf"), time.perf_counter()
        for call in itertools.count():
            batch: Any = np.stack(examples) if arrays else [dict(example) for example in examples]
            start = time.perf_counter()
            collator(batch)
            best = min(best, time.perf_counter() - start)
            if call >= 5 and time.perf_counter() - began > SECONDS:
                break
    return {"examples_per_second": len(examples) / best, "cells_per_second": cells / best, "batch": len(examples)}


def _cells(example: Any) -> int:
    if isinstance(example, Mapping):
        return len(example["input_ids"]) if "input_ids" in example else int(np.size(example["x"]))
    return int(np.size(example))
