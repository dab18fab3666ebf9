"""The script that measures reading runs, and reading takes little more memory than the table."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

from maskwright.data.texts import TextSection, load_text_data

BENCH = Path(__file__).parents[2] / "bench" / "data.py"


def test_the_script_measures_every_format():
    command = [sys.executable, str(BENCH), "--rows", "300", "--repeats", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for name in ("csv", "jsonl", "parquet"):
        assert any(line.split()[1:2] == [name] for line in done.stdout.splitlines()), done.stdout


def test_python_objects_are_made_of_few_rows_at_a_time(tmp_path, csv_file):
    def peak(number):
        path = csv_file("a.csv", ("text", "label"), [(f"text {i} " * 20, "ab"[i % 2]) for i in range(number)])
        tracemalloc.start()
        load_text_data(TextSection(train=path))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(100)
    few, many = peak(20_000), peak(60_000)
    assert many - few < 40_000 * 200  # numbers and keys of 32 bytes a row; the texts alone have 200 characters
