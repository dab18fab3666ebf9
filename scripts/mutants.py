"""Break the statistics of an evaluation in many small ways, and see that the tests notice each of them.

python scripts/mutants.py [NAME ...]

Each mutant is a copy of the source with one piece changed. It is dead if a test of `tests/evaluate` fails on
it. Exit code 1 if any lives; 2 if a piece is no longer in the source, or a test fails on the source as it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "maskwright" / "evaluate"
TESTS = ("intervals", "statistics", "measure", "degenerate", "verdict", "curves")
MINUTES = 5


@dataclass(frozen=True)
class Mutant:
    """One change.

    Attributes:
        name: what is wrong then.
        file: of `maskwright.evaluate`.
        piece: of the source, once in the file.
        instead: what stands there in the mutant.
    """

    name: str
    file: str
    piece: str
    instead: str


MUTANTS = (
    Mutant(
        "seeds are not counted",
        "intervals",
        "variance = max(of_seeds + of_mean - interaction, of_seeds, of_mean)",
        "variance = of_mean",
    ),
    Mutant(
        "examples are not counted",
        "intervals",
        "variance = max(of_seeds + of_mean - interaction, of_seeds, of_mean)",
        "variance = of_seeds",
    ),
    Mutant(
        "interaction counts twice",
        "intervals",
        "of_seeds + of_mean - interaction, of_seeds",
        "of_seeds + of_mean + interaction, of_seeds",
    ),
    Mutant("freedom of examples alone", "intervals", "variance**2 / spread if spread > 0 else math.inf", "rest"),
    Mutant(
        "one tail",
        "intervals",
        "min(max(share.value, 0.0), 1.0), (1.0 - confidence) / 2.0",
        "min(max(share.value, 0.0), 1.0), 1.0 - confidence",
    ),
    Mutant("no exact interval of one draw", "intervals", "if share.is_binary or not", "if not"),
    Mutant(
        "lower end of the beta",
        "intervals",
        "betaincinv(hits, n - hits + 1.0, tail)",
        "betaincinv(hits + 1.0, n - hits, tail)",
    ),
    Mutant(
        "upper end of the beta",
        "intervals",
        "betaincinv(hits + 1.0, max(n - hits, 1e-12), 1.0 - tail)",
        "betaincinv(max(hits, 1e-12), n - hits + 1.0, 1.0 - tail)",
    ),
    Mutant("few carriers are believed", "intervals", "n = units * (1.0 - believed) + n * believed", "pass"),
    Mutant(
        "few degrees of freedom do not widen",
        "intervals",
        "return n * (_quantile(upper, units - 1.0) / _quantile(upper, variation.freedom)) ** 2",
        "return n",
    ),
    Mutant(
        "an interval of no width",
        "intervals",
        "if not variation.variance > 0:\n        return math.nan, math.nan",
        "if not variation.variance > 0:\n        return value, value",
    ),
    Mutant(
        "half an interval",
        "intervals",
        "return value - half, value + half",
        "return value - half / 2, value + half / 2",
    ),
    Mutant(
        "ends swapped",
        "intervals",
        "_length(one - one_low, two_high - two, correlation)",
        "_length(one_high - one, two - two_low, correlation)",
    ),
    Mutant(
        "correlation forgotten",
        "intervals",
        "one * one - 2.0 * correlation * one * two + two * two",
        "one * one + two * two",
    ),
    Mutant(
        "correlation turned round",
        "intervals",
        "one * one - 2.0 * correlation * one * two + two * two",
        "one * one + 2.0 * correlation * one * two + two * two",
    ),
    Mutant("worst group as if it were one", "intervals", "1.0 - 2.0 * tail / len(shares)", "confidence"),
    Mutant("worst group by its best end", "intervals", "high = min(share_bounds", "high = max(share_bounds"),
    Mutant("p-value of one side", "intervals", "return math.exp(most)", "return math.exp(most) / 2.0"),
    Mutant(
        "variance of the difference of independent models",
        "estimates",
        "(one.variance + two.variance - self.variance) / (2.0 * scale) if scale > 0 else 0.0",
        "0.0",
    ),
    Mutant(
        "worst of two models at full confidence",
        "estimates",
        "each = (1.0 + confidence) / 2.0",
        "each = confidence / 2.0",
    ),
    Mutant(
        "p-value not adjusted", "estimates", "min(1.0, measures * p_value(estimate.bounds))", "p_value(estimate.bounds)"
    ),
    Mutant(
        "detectable is the half width",
        "estimates",
        "half * (1.0 + ndtri(POWER) / ndtri((1.0 + confidence) / 2.0))",
        "half",
    ),
    Mutant(
        "limits crossed", "estimates", "return max(low, self.limits[0]), min(high, self.limits[1])", "return low, high"
    ),
    Mutant(
        "only-model and only-twin swapped",
        "hits",
        "ONLY_MODEL: {key: model[key] * (1.0 - twin[key]) for key in model}",
        "ONLY_MODEL: {key: (1.0 - model[key]) * twin[key] for key in model}",
    ),
    Mutant("one draw for all", "hits", "table.mean(axis=0) for key, table", "table[0] for key, table"),
    Mutant(
        "last example never drawn",
        "statistics",
        "drawn = rng.integers(0, n, size=(b, n))",
        "drawn = rng.integers(0, max(n - 1, 1), size=(b, n))",
    ),
    Mutant("rows of a cluster drawn alone", "statistics", "units = int(clusters.max()) + 1", "units = len(clusters)"),
    Mutant(
        "variance of rows, not clusters", "statistics", "np.unique(clusters, return_inverse=True)[1]", "np.arange(n)"
    ),
    Mutant("training resamples are the test's", "measure", "seed=BOOTSTRAP_SEED + 1", "seed=BOOTSTRAP_SEED"),
    Mutant(
        "Holm without its factors",
        "statistics",
        "np.maximum.accumulate(p[order] * factors)",
        "np.maximum.accumulate(p[order])",
    ),
    Mutant("Holm not monotone", "statistics", "np.maximum.accumulate(p[order] * factors)", "(p[order] * factors)"),
    Mutant("no error is shared", "comparison", "1.0 - (1.0 - self.confidence) / self.measures", "self.confidence"),
    Mutant("learned is above nothing", "comparison", "low > chance + margin if", "low > chance if"),
    Mutant("learned by seeds", "comparison", "estimate(over_seeds=False).bounds", "estimate().bounds"),
    Mutant("gap of one sample", "comparison", "first.variance + second.variance", "0.0"),
    Mutant(
        "no effect by its upper bound alone",
        "words",
        "low >= -self.negligible and high <= self.negligible",
        "high <= self.negligible",
    ),
    Mutant("lower is not better", "words", "return BETTER if self.higher_is_better else WORSE", "return BETTER"),
    Mutant("the strongest way of removing", "verdict", "return min(rows, key=least)", "return max(rows, key=least)"),
    Mutant(
        "a price without a purchase",
        "verdict",
        "if outcome == WORSE and verdict in (BETTER, MIXED):",
        "if outcome == WORSE:",
    ),
    Mutant(
        "area not divided by its range",
        "curves",
        "widths).sum(axis=-1) / (ratios[-1] - ratios[0])",
        "widths).sum(axis=-1)",
    ),
)


AS_IT_IS = Mutant("the source as it is", "intervals", "__all__ = [", "__all__ = [")


def lives(mutant: Mutant) -> bool:
    """Whether all tests pass on it.

    Raises:
        LookupError: the piece is not in the file, or more than once.
    """
    text = (SOURCE / f"{mutant.file}.py").read_text(encoding="utf-8")
    if text.count(mutant.piece) != 1:
        raise LookupError(f"{mutant.name}: {mutant.piece!r} is {text.count(mutant.piece)} times in {mutant.file}.py")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "src", Path(folder) / "src", ignore=shutil.ignore_patterns("__pycache__"))
        broken = Path(folder) / "src" / "maskwright" / "evaluate" / f"{mutant.file}.py"
        broken.write_text(text.replace(mutant.piece, mutant.instead), encoding="utf-8")
        tests = [f"tests/evaluate/test_{name}.py" for name in TESTS]
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        environment = {**os.environ, "PYTHONPATH": str(Path(folder) / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, timeout=60 * MINUTES, check=False
        )
    return done.returncode == 0


def main() -> None:
    """Try all, or the ones named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    names = parser.parse_args().names
    if not lives(AS_IT_IS):
        print("tests fail on the source as it is; mend that first.", file=sys.stderr)
        raise SystemExit(2)
    living = []
    for mutant in MUTANTS:
        if names and mutant.name not in names:
            continue
        try:
            alive = lives(mutant)
        except LookupError as error:
            print(error, file=sys.stderr)
            raise SystemExit(2) from None
        print(f"{'LIVES' if alive else 'dead '}  {mutant.name}", flush=True)
        living += [mutant.name] * alive
    raise SystemExit(1 if living else 0)


if __name__ == "__main__":
    main()
