"""Write docs/benchmarks.md: the output of the scripts in bench/, run one after the other.

    OMP_NUM_THREADS=1 python scripts/benchmarks.py

Takes about half an hour. Run it on a machine that does nothing else; the load it found is written down.
"""

from __future__ import annotations

import ast
import datetime
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
SCRIPTS = {
    "text_masking": "Text: the mask step, and collating",
    "patterns": "Images and video: patterns",
    "audio": "Audio and time series",
    "packing": "Packing, and the head on hidden positions",
    "mask_cost": "What masking adds to a training step",
    "drop": "Patches dropped inside a vision transformer",
    "erase": "Erasing pixels",
    "boxes": "What erasing means for boxes",
    "evaluation_memory": "Memory of evaluation",
}
FIGURES = {"evaluation_memory": "evaluation-memory.svg"}
"""Scripts that print Markdown and draw a figure, which goes into docs/img."""

INTRODUCTION = """\
# Benchmarks

<!-- Written by scripts/benchmarks.py; edit there. -->

Speed against the least that the work can take, and against peers, as ratios: everything in a table ran in one process,
in interleaved bursts on one thread, and the figure is a median. Absolute times depend on the machine; ratios move by a
tenth or two between runs. Goals that were not met say so, and stay in the tables.

Machine: {machine}; {python}, {packages}; load average before the runs {load}; {date}.

    OMP_NUM_THREADS=1 python scripts/benchmarks.py
"""


def page() -> str:
    """Run all scripts and return the text of the page."""
    load = f"{os.getloadavg()[0]:.1f}"
    sections = [
        INTRODUCTION.format(machine=_machine(), python=_python(), packages=_packages(), load=load, date=_today())
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100", "TERM": "dumb", "HF_HUB_OFFLINE": "1"}
    for name, title in SCRIPTS.items():
        print(f"bench/{name}.py ...", file=sys.stderr, flush=True)
        arguments = ["--plot", str(PAGE.parent / "img" / FIGURES[name])] if name in FIGURES else []
        command = [sys.executable, str(ROOT / "bench" / f"{name}.py"), *arguments]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        sections.append(section(name, title, run.stdout.rstrip()))
    return "\n".join(sections)


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def section(name: str, title: str, output: str) -> str:
    """What a script measures, by its docstring, and what it printed."""
    purpose = (ast.get_docstring(ast.parse((ROOT / "bench" / f"{name}.py").read_text("utf-8"))) or "").replace(
        f"python bench/{name}.py", ""
    )
    first = purpose.split("\n\n")
    about = "\n\n".join(part for part in (first[0], *first[2:]) if part)
    if name in FIGURES:
        figure = f"img/{FIGURES[name]}"
        return f"## {title}\n\n{about}\n\n`bench/{name}.py --plot docs/{figure}`\n\n![{title}]({figure})\n\n{output}\n"
    return f"## {title}\n\n{about}\n\n`bench/{name}.py`\n\n```text\n{output}\n```\n"


def _machine() -> str:
    cores = os.cpu_count()
    model = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown")
    return f"{cores} cores of {model}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _python() -> str:
    return f"Python {platform.python_version()}"


def _packages() -> str:
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "transformers"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
