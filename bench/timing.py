"""Times of jobs that are compared: medians over interleaved bursts of calls, in one process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

BURST = 0.03  # seconds of calls in a row, so that every job runs on its own warm caches


def medians(jobs: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in range(repeats):
        for name, job in jobs.items():
            calls, start = 0, time.perf_counter()
            while time.perf_counter() - start < BURST:
                job()
                calls += 1
            times[name].append((time.perf_counter() - start) / calls)
    return {name: statistics.median(values) for name, values in times.items()}
