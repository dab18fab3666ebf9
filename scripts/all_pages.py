"""Write everything that is made from the source: type stubs, pages of keys, papers and patterns, the list of files.

    make pages
    python scripts/all_pages.py

The order matters: what is listed has to be there. Pages with measurements (`benchmarks.py`, `conformance.py`) and the
first page's picture are not among them; they take longer, or packages of others.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = ("stubs", "config_reference", "papers", "gallery", "source_tree")


def main() -> None:
    """Run one script after the other; the first that fails ends it."""
    for name in SCRIPTS:
        print(f"{name} ...", flush=True)
        script = Path(__file__).parent / f"{name}.py"
        subprocess.run([sys.executable, str(script)], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
