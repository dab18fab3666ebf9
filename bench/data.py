"""Reading and checking a table of texts, beside `datasets.load_dataset` alone, which checks nothing.

    python bench/data.py [--rows 1000000] [--formats csv jsonl parquet] [--repeats 3] [--folder /tmp]

Rows are texts of about 100 characters in 8 classes. Each measurement is a process of its own that has imported both
libraries before the clock starts; of the repeats, the fastest counts. Peak memory is that of the whole process.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

CLASSES = ("admin", "games", "graphics", "mail", "math", "net", "science", "sound")
FORMATS = ("csv", "jsonl", "parquet")
BUILDERS = {"csv": "csv", "jsonl": "json", "parquet": "parquet"}
VOCABULARY, BLOCK = 20_000, 10_000


def rows(number: int) -> Iterator[list[tuple[str, str]]]:
    """Blocks of (text, class)."""
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(rng.choice(letters, size)) for size in rng.integers(2, 9, VOCABULARY)])
    for start in range(0, number, BLOCK):
        block = []
        for _ in range(min(BLOCK, number - start)):
            text = " ".join(words[rng.integers(0, VOCABULARY, rng.integers(10, 24))]).capitalize()
            end = (".", "!", ", is it?")[rng.integers(3)]
            block.append((text + end, CLASSES[rng.integers(len(CLASSES))]))
        yield block


def write(folder: Path, number: int) -> dict[str, Path]:
    """The same rows in every format."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = {name: folder / f"rows.{name}" for name in FORMATS}
    schema = pa.schema([("text", pa.string()), ("label", pa.string())])
    with (
        paths["csv"].open("w", newline="", encoding="utf-8") as table,
        paths["jsonl"].open("w", encoding="utf-8") as lines,
        pq.ParquetWriter(paths["parquet"], schema) as parquet,
    ):
        writer = csv.writer(table)
        writer.writerow(["text", "label"])
        for block in rows(number):
            writer.writerows(block)
            lines.writelines(json.dumps({"text": text, "label": label}) + "\n" for text, label in block)
            columns = dict(zip(("text", "label"), zip(*block, strict=True), strict=True))
            parquet.write_table(pa.table(columns, schema=schema))
    return paths


def measure(job: str, path: Path) -> dict[str, float]:
    """Run one job in this process: seconds, seconds of processors, peak memory in MiB."""
    import datasets

    from maskwright.data.texts import TextSection, load_text_data

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as cache:
        wall, processors = time.perf_counter(), time.process_time()
        if job == "ours":
            load_text_data(TextSection(train=str(path)))
        else:
            builder = BUILDERS[path.suffix.removeprefix(".")]
            datasets.load_dataset(builder, data_files=str(path), split="train", cache_dir=cache)
        seconds = {"seconds": time.perf_counter() - wall, "processor": time.process_time() - processors}
    return {**seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measured_apart(job: str, path: Path, repeats: int) -> dict[str, float]:
    """The fastest of several processes."""
    command = [sys.executable, __file__, "--job", job, "--file", str(path)]
    runs = []
    for _ in range(repeats):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return min(runs, key=lambda run: run["seconds"])


def report(number: int, formats: list[str], repeats: int, folder: Path) -> Table:
    table = Table(title=f"{number:,} rows, read and checked")
    names = (
        "format",
        "file, MiB",
        "ours, s",
        "CPU s",
        "peak, MiB",
        "load_dataset, s",
        "CPU s",
        "peak, MiB",
        "time ratio",
    )
    for name in names:
        table.add_column(name, justify="left" if name == "format" else "right")
    paths = write(folder, number)
    for name in formats:
        ours, theirs = (measured_apart(job, paths[name], repeats) for job in ("ours", "theirs"))
        size = paths[name].stat().st_size / 2**20
        cells = [f"{size:.0f}"]
        for run in (ours, theirs):
            cells += [f"{run['seconds']:.2f}", f"{run['processor']:.2f}", f"{run['peak']:.0f}"]
        table.add_row(name, *cells, f"{ours['seconds'] / theirs['seconds']:.2f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where files are written; default: a temporary folder")
    parser.add_argument("--job", choices=("ours", "theirs"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        print(json.dumps(measure(options.job, options.file)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        Console(width=120).print(report(options.rows, options.formats, options.repeats, Path(folder)))


if __name__ == "__main__":
    main()
