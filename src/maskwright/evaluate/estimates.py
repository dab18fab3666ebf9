"""Which interval a number gets, of its resamples, over seeds or exact; ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskwright.evaluate.measure import Measured
from maskwright.evaluate.scored import MODEL, TWIN, Key
from maskwright.evaluate.statistics import Replicated, clopper_pearson, percentile_interval, t_interval


def estimate(found: Sequence[Replicated], confidence: float, *, biased: bool = False) -> dict[str, object]:
    """A value with its interval, ready for JSON; undefined numbers become None.

    One run: the value, and unless it is `biased` the percentile interval over examples. Several: the mean over seeds,
    Student's interval over seeds, and the value of each seed.
    """
    if len(found) == 1:
        low, high = (np.nan, np.nan) if biased else percentile_interval(found[0].replicates, confidence)
        return {"value": _number(found[0].value), "low": _number(low), "high": _number(high)}
    values = [one.value for one in found]
    mean, low, high = t_interval(values, confidence)
    per_seed = [_number(value) for value in values]
    return {"value": _number(mean), "low": _number(low), "high": _number(high), "per_seed": per_seed}


def compare(runs: Sequence[Measured], key: Key, confidence: float, *, biased: bool = False) -> dict[str, object]:
    """One number of model and twin and their paired difference (model − twin), each as `estimate` gives it."""
    compared: dict[str, object] = {MODEL: estimate([run[MODEL, key] for run in runs], confidence, biased=biased)}
    if (TWIN, key) in runs[0]:
        differences = [run[MODEL, key] - run[TWIN, key] for run in runs]
        compared[TWIN] = estimate([run[TWIN, key] for run in runs], confidence, biased=biased)
        compared["difference"] = estimate(differences, confidence, biased=biased)
    else:
        compared[TWIN] = compared["difference"] = None
    return compared


def exact(compared: dict[str, object], n: int, confidence: float) -> dict[str, object]:
    """The same with the exact binomial interval for model and twin; for one run, one share of `n` right answers."""
    out = dict(compared)
    for who in (MODEL, TWIN):
        one = compared[who]
        if isinstance(one, dict) and "per_seed" not in one:
            low, high = clopper_pearson(round(one["value"] * n), n, confidence)
            out[who] = {"value": one["value"], "low": low, "high": high}
    return out


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
