"""Train and evaluate every example on pictures against its twin, and write one table of what masking bought.

python examples/run_all.py --vision                 all of them, two at a time; vision-data/ is made where it is missing
python examples/run_all.py --vision --only video-classification --jobs 1

Each example is a configuration beside this file; what is run is `maskwright train` and `maskwright evaluate`, with no
more than one thread each. The table goes to the standard output and, with --output, into a Markdown file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
VISION = (
    "image-classification",
    "object-detection",
    "video-classification",
    "image-text-classification",
    "masked-image",
    "masked-video",
)
SLOWEST_FIRST = (
    "object-detection",
    "image-text-classification",
    "video-classification",
    "masked-video",
    "image-classification",
)
HEAD = ("task", "metric", "whole: model", "twin", "hidden", "masked: model", "twin", "difference", "work", "seconds")


def run(name: str, folder: Path) -> dict:
    """Train and evaluate one example; what its evaluation found, and the seconds of it all."""
    config, started = HERE / f"{name}.yaml", time.monotonic()
    output = folder / name
    command = [sys.executable, "-m", "maskwright"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    log = folder / f"{name}.log"
    with log.open("w", encoding="utf-8") as file:
        for arguments in (["train", str(config), f"training.output={output}"], ["evaluate", str(output)]):
            done = subprocess.run([*command, *arguments], stdout=file, stderr=subprocess.STDOUT, env=environment)
            if done.returncode:
                raise SystemExit(f"{name}: maskwright {arguments[0]} failed; see {log}")
    document = json.loads((output / "evaluation.json").read_text(encoding="utf-8"))
    facts = json.loads((output / "environment.json").read_text(encoding="utf-8"))
    return {"document": document, "facts": facts, "seconds": time.monotonic() - started}


def row(name: str, found: dict) -> tuple[str, ...]:
    """One line of the table: the metric on whole inputs, and where the first pattern hides most."""
    document, facts = found["document"], found["facts"]
    metric, curve = document["metric"], next(iter(document["curves"].values()))
    hardest = curve["points"][-1]
    pattern = document["settings"]["patterns"][0]
    work = facts["cells"] / facts["cells_whole"]
    return (
        f"`{name}`",
        metric["label"],
        # Where a metric is perfect by definition with nothing hidden, it says nothing.
        *(shown(document["clean"][who] if metric["of_whole"] else None, metric) for who in ("model", "twin")),
        f"{hardest['ratio']:.0%}, {pattern}",
        shown(hardest["score"]["model"], metric),
        shown(hardest["score"]["twin"], metric),
        difference(hardest["score"]["difference"], metric),
        f"{work:.0%}",
        f"{found['seconds']:.0f}",
    )


def shown(estimate: dict | None, metric: dict) -> str:
    """A value of the metric; nothing where there is none, as without a twin."""
    if estimate is None:
        return "–"
    return f"{estimate['value']:.1%}" if metric["unit"] == "share" else f"{estimate['value']:.3f}"


def difference(estimate: dict | None, metric: dict) -> str:
    """Model minus twin with its 95 % interval."""
    if estimate is None:
        return "–"
    scale, digits = (100, 1) if metric["unit"] == "share" else (1, 3)
    value, low, high = (estimate[key] * scale for key in ("value", "low", "high"))
    return f"{value:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def table(rows: list[tuple[str, ...]]) -> str:
    """Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    return "\n".join([*lines, *("| " + " | ".join(cells) + " |" for cells in rows)]) + "\n"


def main() -> None:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vision", action="store_true", help="the examples on pictures")
    parser.add_argument("--only", choices=VISION, action="append", help="this one; may be given again")
    parser.add_argument("--folder", type=Path, default=Path("runs/all"), help="where runs go")
    parser.add_argument("--jobs", type=int, default=2, help="examples at a time")
    parser.add_argument("--output", type=Path, help="Markdown file for the table")
    given = parser.parse_args()
    if not given.vision:
        parser.error("say which examples: --vision")
    started = time.monotonic()
    if not Path("vision-data").exists():
        subprocess.run([sys.executable, str(HERE / "vision_data.py"), "vision-data"], check=True)
    given.folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in VISION if not given.only or name in given.only]
    order = sorted(names, key=lambda name: SLOWEST_FIRST.index(name) if name in SLOWEST_FIRST else len(names))
    with ThreadPoolExecutor(given.jobs) as pool:
        found = dict(zip(order, pool.map(lambda name: run(name, given.folder), order), strict=True))
    text = table([row(name, found[name]) for name in names])
    print(text)
    minutes = (time.monotonic() - started) / 60
    print(f"in all {minutes:.1f} minutes, {given.jobs} at a time; reports: {given.folder}/*/report.html")
    if given.output is not None:
        given.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
