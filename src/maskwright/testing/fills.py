"""Checks of a fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskwright.fills import Fill, traits
from maskwright.rng import Rng
from maskwright.testing.finding import NOT_APPLICABLE, Answer, Check, Finding, verdict
from maskwright.testing.synthetic import synthetic_tokenizer, token_examples
from maskwright.units.vocabulary import Vocabulary

ROWS, CELLS = 24, 40


@dataclass(frozen=True, eq=False)
class FillSubject:
    """A fill, and whether it is tried on token ids or on floating-point numbers.

    Attributes:
        fill: see `maskwright.fills`.
        tokens: ids rather than numbers.
        facts: what else the fill asks for by keyword.
    """

    fill: Fill
    tokens: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    def values(self) -> np.ndarray:
        """[24, 40] ids or numbers."""
        if not self.tokens:
            return np.random.default_rng(0).random((ROWS, CELLS), dtype=np.float32) + 1
        return np.array([example["input_ids"][1:-1] for example in token_examples([CELLS] * ROWS)])

    def mask(self) -> np.ndarray:
        """[24, 40] bool: 16 cells of each row, and where the fill does not shorten, a row of none and a row of all."""
        mask = np.random.default_rng(1).random((ROWS, CELLS)).argsort(1) < 16
        if not traits(self.fill).removes:
            mask[0], mask[1] = False, True
        return mask

    def filled(self, x: Any, mask: Any, rows: slice = slice(None), torch: bool = False) -> np.ndarray:
        """Call the fill on some of the rows."""
        facts: dict[str, Any] = dict(self.facts)
        if self.tokens:
            facts["vocabulary"] = Vocabulary.from_tokenizer(synthetic_tokenizer())
            facts["groups"] = np.broadcast_to(np.arange(CELLS), (ROWS, CELLS))[rows].copy()
        ids, x, mask = np.arange(ROWS)[rows], x[rows], mask[rows]
        if not torch:
            return self.fill(x, mask, valid=np.ones_like(mask), rng=Rng.from_ids(ids), **facts)
        import torch as pt

        arrays = {name: pt.from_numpy(value) for name, value in facts.items() if isinstance(value, np.ndarray)}
        there = pt.from_numpy(mask)
        rng = Rng.from_ids(pt.from_numpy(ids))
        return self.fill(pt.from_numpy(x), there, valid=there | True, rng=rng, **{**facts, **arrays}).numpy()


def _visible(subject: FillSubject) -> Answer:
    x, mask = subject.values(), subject.mask()
    out = subject.filled(x, mask)
    if traits(subject.fill).removes:
        kept = [row[~hidden] for row, hidden in zip(x, mask, strict=True)]
        changed = sum(int((row[: len(k)] != k).sum()) for row, k in zip(out, kept, strict=True))
    else:
        changed = int((out != x)[~mask].sum())
    return f"{changed:,} visible cells changed", verdict(changed == 0), {"changed": changed}


def _shape(subject: FillSubject) -> Answer:
    x = subject.values()
    out = subject.filled(x, subject.mask())
    shorter = traits(subject.fill).removes
    kept = out.dtype == x.dtype and (shorter or out.shape == x.shape)
    return f"{out.shape} of {out.dtype}", verdict(kept), {"shape": list(out.shape), "dtype": str(out.dtype)}


def _in_place(subject: FillSubject) -> Answer:
    x, mask = subject.values(), subject.mask()
    subject.filled(x, mask)
    changed = not (np.array_equal(x, subject.values()) and np.array_equal(mask, subject.mask()))
    return "written to" if changed else "left as they were", verdict(not changed), {"changed": changed}


def _no_leak(subject: FillSubject) -> Answer:
    keeps = traits(subject.fill).keeps
    if subject.tokens or keeps:
        return ("hidden values are kept on purpose" if keeps else "ids hold no NaN"), NOT_APPLICABLE, {}
    x, mask = subject.values(), subject.mask()
    x[mask] = np.nan
    leaked = int(np.isnan(subject.filled(x, mask)).sum())
    return f"{leaked:,} cells are NaN", verdict(leaked == 0), {"nan": leaked}


def _neighbours(subject: FillSubject) -> Answer:
    x, mask = subject.values(), subject.mask()
    together = subject.filled(x, mask)
    alone = [subject.filled(x, mask, slice(row, row + 1))[0] for row in range(ROWS)]
    same = float(np.mean([np.array_equal(a, b) for a, b in zip(together, alone, strict=True)]))
    return f"{same:.0%} of examples are the same", verdict(same == 1), {"same": same}


def _back_ends(subject: FillSubject) -> Answer:
    x, mask = subject.values(), subject.mask()
    here, there = subject.filled(x, mask), subject.filled(x, mask, torch=True)
    close = here.shape == there.shape and np.allclose(here, there, rtol=1e-6, atol=0)
    return ("the same" if close else "different"), verdict(bool(close)), {"same": bool(close)}


def _ordinary(subject: FillSubject) -> Answer:
    if not subject.tokens or traits(subject.fill).removes:
        return "no ids are put in", NOT_APPLICABLE, {}
    vocabulary = Vocabulary.from_tokenizer(synthetic_tokenizer())
    new = subject.filled(subject.values(), subject.mask())[subject.mask()]
    allowed = [*vocabulary.ordinary_ids.tolist(), vocabulary.mask_id]
    strange = int((~np.isin(new, allowed)).sum())
    return f"{strange:,} of {len(new):,} are special or reserved", verdict(strange == 0), {"strange": strange}


FILL_CHECKS = (
    Check("visible_cells", "visible cells keep their values", _visible),
    Check("shape_and_dtype", "shape and dtype are kept", _shape),
    Check("in_place", "the arrays given are not written to", _in_place),
    Check("no_leak", "NaN in hidden cells does not come out", _no_leak),
    Check("neighbours", "the values do not depend on the batch", _neighbours),
    Check("back_ends", "NumPy and torch give the same values", _back_ends),
    Check("ordinary_tokens", "no special or reserved ids are put in", _ordinary),
)


def check_fill(fill: Fill, *, tokens: bool | None = None, **facts: Any) -> list[Finding]:
    """Put a fill through every check; ConformanceError at the first that fails.

    Args:
        fill: see `maskwright.fills`.
        tokens: try it on token ids; if left out, on numbers where the fill says that it is numeric.
        **facts: what else it asks for by keyword.

    >>> from maskwright.fills.zero import Zero
    >>> sum(finding.verdict == "pass" for finding in check_fill(Zero()))
    6
    """
    subject = FillSubject(fill, not traits(fill).numeric if tokens is None else tokens, facts)
    return [check(subject) for check in FILL_CHECKS]
