"""Sentences in which names of code are tagged, made from the docstrings of installed libraries.

    python examples/tagging_data.py FOLDER [--small]

Docstrings mark the names they speak of (`axis`, :func:`numpy.mean`, *color*), and the source says what each name is:

PARAM   a parameter of the very function, or class, that is documented
FUNC    a function or method that the library defines
CLASS   a class that the library defines
CONST   None, True and False

The marks are taken out and the names cut at dots and underscores, so that a tagger sees plain words and has to tell
from the sentence what they are: "axis" is a parameter in one docstring and a word in the next. A name that the
docstring leaves unmarked is tagged where its spelling leaves no doubt (inner capitals, underscores, constants);
sentences with an unmarked parameter are left out.

<split>.jsonl has `tokens`, `tags` (IOB2) and `source`, and test.conll the same as a CoNLL file. Splits are of different
libraries, and no eight words in a row are in two splits. Nothing is downloaded; files are parsed and never imported;
the same versions of the libraries give the same bytes.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from maskwright.data.demo.docstrings import source_files

LIBRARIES = {
    "test": ("sklearn", "matplotlib"),
    "validation": ("numpy",),
    "train": ("scipy", "pandas", "torch", "PIL", "pyarrow", "lightning", "datasets"),
}
SIZES = {"test": 600, "validation": 200, "train": 2000}
SMALL = {"test": 60, "validation": 30, "train": 150}
MOST_PER_FILE = 12
FEWEST, MOST = 6, 40
"""Words of a sentence, names cut."""
NAMELESS = 12
"""One sentence in so many may hold no name."""
ALIKE = 8
LARGEST_FILE = 400_000

MARKED = re.compile(
    r":(?P<role>[a-z:]+):`(?:[^`<]*<)?(?P<target>[^`<>]+)>?`|``(?P<code>[^`]+)``|`(?P<name>[^`]+)`_?"
    r"|(?<![\w*])\*(?P<starred>[A-Za-z_]\w*)\*(?![\w*])"
)
PIECE = re.compile(r"[A-Za-z]+|\d+|[^\sA-Za-z\d]")
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
PATH = re.compile(r"[~.]?[A-Za-z_][\w.]*(?:\(\))?")
PLAIN_ROLES = ("ref", "doc", "math", "term", "mod", "pep", "rfc", "issue", "any", "cite")
HEADER = re.compile(r"^\s*(?:\*{0,2}\w+(?:, ?\*{0,2}\w+)* ?: .*|\*{0,2}\w+ \([^)]*\) ?: ?)")
"""The line of a parameter: its name and type, of which the colon says too much; Google's has the text behind it."""
NO_PROSE = re.compile(r"^\s*(?:>>>|\.\.|[-=~^*]{3,}\s*$|:\w+|\||#|@)|::\s*$")
SENTENCE_ENDS = re.compile(r"(?<=[a-z\d`*)][.!?])\s+(?=[A-Z`:*])")
NO_SENTENCE = re.compile(r"[\\{}|@#<>\[\]]|%\(|\$|::|http|\.\.\.")
DEFINED = re.compile(r"^[ \t]*(?P<what>def|class) (?P<name>\w+)", re.MULTILINE)
CONSTANTS = ("None", "True", "False")
DOUBTLESS = re.compile(r"(?=.*[a-z])(?:[A-Za-z]+_\w+|[A-Z][a-z\d]+[A-Z]\w*)|None|True|False")


@dataclass(frozen=True)
class Names:
    """What a library defines."""

    functions: frozenset[str]
    classes: frozenset[str]

    def kind(self, name: str, parameters: frozenset[str]) -> str:
        """The type of a marked name; "" if the source does not say."""
        if name in parameters:
            return "PARAM"
        if name in CONSTANTS:
            return "CONST"
        if not PATH.fullmatch(name):
            return ""
        last = name.removesuffix("()").rsplit(".", 1)[-1]
        return "CLASS" if last in self.classes else "FUNC" if last in self.functions else ""


Documented = tuple[str, frozenset[str]]
"""A docstring, and the parameters of what it documents."""


def sources(library: str) -> list[tuple[str, str]]:
    """(name, text) of the files of a library."""
    files = [file for file in source_files(library) if file[1].stat().st_size <= LARGEST_FILE]
    return [(name, path.read_text(encoding="utf-8", errors="replace")) for name, path in files]


def defined(files: list[tuple[str, str]]) -> Names:
    """The functions and classes of all files."""
    every = [(match["what"], match["name"]) for _, text in files for match in DEFINED.finditer(text)]
    functions, classes = ({name for what, name in every if what == kind} for kind in ("def", "class"))
    return Names(frozenset(functions), frozenset(classes))


def documented(text: str) -> Iterator[Documented]:
    """Docstrings of the functions and classes of a file, with their parameters."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):  # templates, and files for another Python
        return
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            made = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
            of = node if isinstance(node, ast.FunctionDef) else made[0] if made else None
            arguments = [] if of is None else [*of.args.posonlyargs, *of.args.args, *of.args.kwonlyargs]
            yield ast.get_docstring(node) or "", frozenset(one.arg for one in arguments) - {"self", "cls"}


def paragraphs(docstring: str) -> Iterator[str]:
    """Runs of lines that are prose, what describes a parameter among them."""
    lines: list[str] = []
    for raw in [*inspect.cleandoc(docstring).split("\n"), ""]:
        header = HEADER.match(raw)
        line = raw[header.end() :] if header else raw
        if not line.strip() or header or NO_PROSE.search(line):
            yield " ".join(lines)
            lines = []
        if line.strip() and not NO_PROSE.search(line):
            lines.append(line.strip())


def tagged(sentence: str, names: Names, parameters: frozenset[str]) -> tuple[list[str], list[str]] | None:
    """Words and tags of a sentence; None if a parameter stands in it unmarked, or what is left is no prose."""
    words: list[str] = []
    tags: list[str] = []

    def add(text: str, kind: str) -> None:
        pieces = PIECE.findall(text)
        words.extend(pieces)
        tags.extend([f"{'I' if place else 'B'}-{kind}" if kind else "O" for place in range(len(pieces))])

    at = 0
    for match in [*MARKED.finditer(sentence), None]:
        plain = sentence[at : match.start() if match else None]
        if NO_SENTENCE.search(plain) or "`" in plain:
            return None
        for part in re.split(r"([A-Za-z_]\w*)", plain):
            if part in parameters and part != "a":
                return None
            kind = names.kind(part, frozenset()) if DOUBTLESS.fullmatch(part) else ""
            add(part, kind)
        if match:
            at = match.end()
            role, text = match["role"] or "", match["target"] or match["code"] or match["name"] or match["starred"]
            shown = text.strip().removeprefix("!")
            shown = shown.rsplit(".", 1)[-1] if shown.startswith("~") else shown.lstrip(".")
            add(shown, "" if role.split(":")[-1] in PLAIN_ROLES else names.kind(shown, parameters))
    return words, tags


def rows_of(library: str) -> Iterator[dict]:
    """Every sentence of a library, in an order that names of files decide."""
    files = sources(library)
    names = defined(files)
    for source, code in files:
        number = 0
        for docstring, parameters in documented(code):
            for sentence in (one for text in paragraphs(docstring) for one in SENTENCE_ENDS.split(text)):
                if number >= MOST_PER_FILE or not re.match(r"[A-Z`:*]", sentence) or not sentence.endswith("."):
                    continue
                found = tagged(sentence, names, parameters)
                if found is None or not FEWEST <= len(found[0]) <= MOST:
                    continue
                if any(tag != "O" for tag in found[1]) or _number(sentence) % NAMELESS == 0:
                    number += 1
                    yield {"tokens": found[0], "tags": found[1], "source": source}


class Seen:
    """Runs of words, each with the only split it may be in."""

    def __init__(self) -> None:
        self.sentences: set[str] = set()
        self.owner: dict[str, str] = {}

    def admits(self, words: list[str], split: str) -> bool:
        """Whether a sentence is new, and like none of another split; if so it is kept in mind."""
        low = [word.casefold() for word in words]
        whole = " ".join(low)
        runs = [" ".join(low[start : start + ALIKE]) for start in range(max(1, len(low) - ALIKE + 1))]
        if whole in self.sentences or any(self.owner.get(run, split) != split for run in runs):
            return False
        self.sentences.add(whole)
        self.owner.update(dict.fromkeys(runs, split))
        return True


def build(folder: Path, small: bool = False) -> dict[str, int]:
    """Write the splits; how many sentences each has."""
    folder.mkdir(parents=True, exist_ok=True)
    seen, written = Seen(), {}
    for split, size in (SMALL if small else SIZES).items():
        rows: list[dict] = []
        each = [rows_of(library) for library in LIBRARIES[split][: 1 if small else None]]
        # In turn, so that a split has as much of one library as of another.
        while each and len(rows) < size:
            for sentences in list(each):
                row = next((row for row in sentences if seen.admits(row["tokens"], split)), None)
                if row is None:
                    each.remove(sentences)
                elif len(rows) < size:
                    rows.append(row)
        rows.sort(key=lambda row: _number(" ".join(row["tokens"])))
        (folder / f"{split}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        written[split] = len(rows)
        if split == "test":
            pairs = [zip(row["tokens"], row["tags"], strict=True) for row in rows]
            text = "\n\n".join("\n".join(f"{word}\t{tag}" for word, tag in pair) for pair in pairs)
            (folder / "test.conll").write_text(f"{text}\n", encoding="utf-8")
    return written


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def main() -> None:
    """Read the command line, write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--small", action="store_true", help="a few sentences, for tests")
    given = parser.parse_args()
    print(", ".join(f"{n:,} {split}" for split, n in build(given.folder, given.small).items()), "sentences")


if __name__ == "__main__":
    main()
