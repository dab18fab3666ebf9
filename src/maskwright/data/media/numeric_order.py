"""The order in which people number files."""

from __future__ import annotations

import re


def natural_order(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """A sort key by which numbers within names count as numbers.

    >>> sorted(["10.png", "9.png", "a2", "a10"], key=natural_order)
    ['9.png', '10.png', 'a2', 'a10']
    """
    parts = re.split(r"([0-9]+)", name.casefold())
    numbered = [(0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part) for part in parts if part]
    return tuple(numbered), name
