"""Write docs/papers.md: every law of a paper that the library has, and the line of code that gives it.

python scripts/papers.py
"""

from __future__ import annotations

from pathlib import Path

from maskwright.presets import KINDS, presets

PAGE = Path(__file__).parents[1] / "docs" / "papers.md"
TITLES = {
    "text": "Text",
    "vision": "Images and video",
    "audio": "Speech and audio",
    "tabular": "Tables and time series",
}
INTRODUCTION = """\
# Papers: one line of code each

<!-- Written by scripts/papers.py from src/maskwright/presets/; edit there. -->

`mw.preset(name)` is a `Masking`: a value that can be printed, changed (`dataclasses.replace(masking, budget=...)`) and
written into a run configuration by its name (`masking: beit`). `maskwright preview NAME --input FILE` shows what it
hides. Counts are exact where the paper's law allows it; what a published law hides unevenly, or does not reach, is kept
and said in the last column.
"""
# ruff: noqa: E501 -- a table's row is a line
PARTS = """\
## What is not a mask

| paper | what it is | line of code |
|---|---|---|
| Raffel et al. 2020, T5, arXiv:1910.10683; Lewis et al. 2020, BART, arXiv:1910.13461 | sequence-to-sequence denoising: shortened inputs, targets | `maskwright.text.denoising.DenoisingCollator(tokenizer, mw.preset("t5"))` |
| Lewis et al. 2020, BART, arXiv:1910.13461 | sentence permutation, document rotation | `maskwright.text.reorder` |
| Yang et al. 2019, XLNet, arXiv:1906.08237 | permutation language model | `maskwright.adapters.huggingface.DataCollatorForPermutationLanguageModeling(tokenizer)` |
| Levine et al. 2021, PMI-Masking, arXiv:2010.01825 | collocations of a corpus as units | `maskwright.units.ngrams.NGramTable.learn(rows)` |
| Park et al. 2019, SpecAugment, arXiv:1904.08779 | time warping | `maskwright.audio.time_warp.time_warp(x, width=80, rng=rng)` |
| Krell et al. 2021, arXiv:2107.02027 | packing without cross-contamination | `maskwright.text.packing.pack(batch, length=512)` |
| Li et al. 2023, DropKey, arXiv:2208.02646 | keys hidden inside attention | `maskwright.text.attention.AttentionMask(["padding", {"key-dropout": 0.1}])` |
| Bachmann et al. 2022, MultiMAE, arXiv:2204.01678 | one budget over several modalities | `maskwright.engine.modalities.PerModality(...)` |
"""


def page() -> str:
    """The text of the page."""
    known = presets()
    sections = [INTRODUCTION]
    for kind in KINDS:
        rows = [p for p in known.values() if p in _of(kind)]
        lines = [f"## {TITLES[kind]}", "", "| paper | line of code | setting | to know |", "|---|---|---|---|"]
        lines += [f'| {p.paper} | `mw.preset("{p.name}")` | {_cell(p.setting)} | {_cell(p.note)} |' for p in rows]
        sections.append("\n".join(lines) + "\n")
    return "\n".join([*sections, PARTS])


def _of(kind: str) -> tuple:
    import importlib

    return importlib.import_module(f"maskwright.presets.{kind}").PRESETS


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
