"""Tokens put into hidden places only, by the draws that the fills make for whole batches (NumPy only)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright import fills
from maskwright.backend.codes import KEPT, RANDOM
from maskwright.backend.hashing import wide_counters
from maskwright.backend.token_work import Choices, Draws, Purposes, Texts, TokenWork
from maskwright.engine.batches import TextBatch
from maskwright.engine.draw import Chance
from maskwright.fills import Fill
from maskwright.rng import Rng, below
from maskwright.units.vocabulary import Vocabulary

_ALL_DRAWS = np.array([1 << 24], dtype=np.int64)


def token_work(fill: Fill, texts: Texts, chance: Chance, rng: Rng, vocabulary: Vocabulary) -> TokenWork | None:
    """The work of hiding tokens on their own for a kernel; None if it cannot do it."""
    about = fills.traits(fill)
    choices = _choices(about, vocabulary)
    ids, flags, ordinary = texts.ids, texts.flags, texts.ordinary
    if choices is None or ids.dtype != np.int64 or not ids.flags.c_contiguous or not len(ordinary):
        return None
    if len(flags) != vocabulary.size or (flags.dtype, ordinary.dtype) != (np.uint8, np.int64):
        return None
    inside = ("fill", "mix") if about.choices else ("fill",)
    hiding, choosing = rng.purpose_of("pattern", "cells"), rng.purpose_of(*inside)
    purposes = Purposes(hiding, choosing, rng.purpose_of(*inside, "random token"))
    counters = wide_counters((-(-ids.shape[1] // 8),))[0]
    return TokenWork(texts, Draws.of(rng.keys, chance.whole, purposes, chance.steps, counters), choices)


def _choices(about: fills.FillTraits, vocabulary: Vocabulary) -> Choices | None:
    """Up to which draw which token is put; None for a choice among choices."""
    if about.token is not None:
        return Choices(_ALL_DRAWS, np.array([about.token(vocabulary)], dtype=np.int64))
    tokens = [fills.traits(part).token for part, _ in about.choices]
    if None in tokens:
        return None
    ids = [token(vocabulary) for token in tokens if token is not None]
    return Choices(np.array([end for _, end in about.choices], dtype=np.int64), np.array(ids, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class _Target:
    """Where tokens are put.

    Attributes:
        out: [B x L] the ids, written over.
        shape: (L,), of a text.
        groups: [B x L] the unit of each place, by which a unit is filled as one; None: each place is its own.
        vocabulary: of the ids.
    """

    out: np.ndarray
    shape: tuple[int, ...]
    groups: np.ndarray | None
    vocabulary: Vocabulary


def put_at(fill: Fill, batch: TextBatch, flat: np.ndarray, rng: Rng, groups: np.ndarray | None) -> dict[str, Any]:
    """The columns with tokens put at flat places."""
    out = batch.values.copy()
    target = _Target(out.reshape(-1), out.shape[1:], groups, batch.vocabulary)
    _put(fill, flat, rng.child("fill"), target)
    return batch.with_ids(out)


def _put(fill: Fill, flat: np.ndarray, rng: Rng, target: _Target) -> None:
    """Put what the fill puts, by the draws that the fill itself makes for the whole batch."""
    about = fills.traits(fill)
    if about.token is not None:
        token = about.token(target.vocabulary)
        if token == RANDOM:
            ordinary = target.vocabulary.ordinary_ids
            bits = rng.child("random token").at_cells(flat, target.shape).bits(1)[:, 0]
            target.out[flat] = ordinary.take(below(bits, len(ordinary)))
        elif token != KEPT:
            target.out[flat] = token
        return
    mixed, groups, low = rng.child("mix"), target.groups, 0
    cells = mixed.at_cells(flat, target.shape)
    draw = (cells.bits(1) if groups is None else cells.bits_at(groups.take(flat)[:, None]))[:, 0] >> 7
    for part, high in about.choices:
        _put(part, flat[draw < high] if not low else flat[(draw >= low) & (draw < high)], mixed, target)
        low = high
