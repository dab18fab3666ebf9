"""What a preset says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A masking's YAML node and where it comes from.

    Attributes:
        name: as in YAML and on the command line.
        node: what `Masking.from_dict` takes.
        paper: authors, year, name and arXiv number (or another address that can be looked up); ours say so.
        setting: the paper's numbers in short, in our words; quotations from it are in quotation marks.
        grid: axes and sizes of the input the paper used it on, for previews and pictures: `{"row": 14, "col": 14}`.
        objective: what is learned with it: `supervised`, `reconstruct`, `denoise` or `consistency`.
        note: what of the published law is biased or inexact, and what else is needed to follow the paper.
    """

    name: str
    node: Mapping[str, Any]
    paper: str
    setting: str
    grid: Mapping[str, int]
    objective: str
    note: str = ""
