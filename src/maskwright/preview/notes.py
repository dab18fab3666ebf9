"""Notes on a preview: what a masking is meant for, what of a file is not shown, what is invented."""

from __future__ import annotations

from collections.abc import Mapping

from maskwright import budgets
from maskwright.masking import Masking
from maskwright.patterns import traits
from maskwright.preview.sample import Sample
from maskwright.preview.text import LONGEST


def notes_on(name: str, masking: Masking, wanted: Mapping[str, int], sample: Sample) -> list[str]:
    """Lines to print above a preview of a file.

    Args:
        name: of the masking, as typed.
        masking: that is shown.
        wanted: axes and sizes that the masking is meant for; empty for a run configuration, which is for text.
        sample: of the file.

    """
    kind, fitting = meant_for(wanted)
    notes = list(sample.notes)
    if sample.kind != fitting:
        notes.insert(0, f"{name} is meant for {kind}; shown on {_described(sample)}")
    elif sample.kind == "table" and sample.grid.ndim == 2:
        one = "moments of one series" if sample.grid.axes[0] == "time" else f"{sample.grid.axes[0]}s of one example"
        notes.insert(0, f"rows are taken as {one}")
    if traits(masking.pattern).signals:
        notes.append("the pattern follows scores; those here are invented: how far a cell lies from the mean")
    return notes


def notes_on_text(masking: Masking, tokens_left_out: int) -> list[str]:
    """The same for a text."""
    notes = []
    if tokens_left_out:
        notes.append(f"the first {LONGEST} tokens are shown; {tokens_left_out:,} at the end are left out")
    if traits(masking.pattern).signals:
        notes.append("the pattern follows scores; those here are invented: how rare a token is in the text")
    return notes


def meant_for(wanted: Mapping[str, int]) -> tuple[str, str]:
    """The kind of input that axes belong to, in the plural, and the kind of sample that shows it.

    >>> meant_for({"row": 14, "col": 14})
    ('images', 'image')
    """
    if "feature" in wanted:
        whole = {"time": "time series", "token": "embeddings of tokens"}
        return next((words for axis, words in whole.items() if axis in wanted), "tables"), "table"
    if "row" in wanted:
        return ("videos" if "frame" in wanted else "images"), "image"
    if {"freq", "time", "patch"} & set(wanted):
        return "sounds", "sound"
    return "text", ""


def left_whole(node: Mapping[str, object]) -> bool:
    """Whether a masking, given as its YAML node, leaves some examples as they are on purpose.

    Laws that draw a chance for each example, and patterns that set their own counts, may hide nothing of one.
    """
    budget = node["budget"]
    is_drawn = budget is None or budgets.traits(budgets.from_node(budget)).probabilities is not None
    return bool(node.get("clean_share")) or is_drawn


def marks_for(text: str, encoding: str) -> tuple[str, str]:
    """Marks around hidden text where there are no colours, marks that the text does not hold.

    >>> marks_for("plain", "utf-8"), marks_for("f[0]", "utf-8")
    (('[', ']'), ('⟦', '⟧'))
    """
    for marks in ("[]", "⟦⟧", "«»", "⟪⟫"):
        if not set(marks) & set(text) and marks == marks.encode(encoding, "ignore").decode(encoding):
            return marks[0], marks[1]
    return "[[", "]]"


def _described(sample: Sample) -> str:
    sizes = " x ".join(str(size) for size in sample.grid.shape)
    return {
        "image": f"an image of {sizes} patches",
        "sound": f"a sound of {sizes} cells ({', '.join(sample.grid.axes)})",
        "table": f"the rows of a table with {len(sample.names)} columns",
    }[sample.kind]
