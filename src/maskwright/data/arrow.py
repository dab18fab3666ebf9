"""Arrow's compute functions, loaded when they are first used."""

from __future__ import annotations

from typing import Any


def compute() -> Any:
    """`pyarrow.compute`; its functions are made when it is imported, so type checkers do not know them."""
    import pyarrow.compute

    return pyarrow.compute
