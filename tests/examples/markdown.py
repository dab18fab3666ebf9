"""Reading the project's Markdown pages: fenced blocks, headings, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, whether it is said to raise, its text, its line, and the output shown after it."""

    language: str
    raises: bool
    body: str
    line: int
    shown: str | None


def blocks(text: str) -> list[Block]:
    found = list(FENCE.finditer(text))
    out = []
    for match, after in zip_longest(found, found[1:]):
        words = match["info"].split()
        follows = after is not None and after["info"] == "text" and not text[match.end() : after.start()].strip()
        shown = after["body"] if after is not None and follows else None
        line = text.count("\n", 0, match.start("body"))
        out.append(Block(words[0] if words else "", "raises" in words, match["body"], line, shown))
    return out


def prose(text: str) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", text)


def headings(text: str) -> list[int]:
    """Levels of the headings, in order."""
    return [len(match[1]) for match in HEADING.finditer(prose(text))]


def links(text: str) -> list[str]:
    return LINK.findall(prose(text))
