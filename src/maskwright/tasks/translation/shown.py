"""A pair for people: the source as the model reads it with what is hidden, the reference, the translations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from maskwright.backend.codes import IGNORED
from maskwright.engine.modalities import PerModality
from maskwright.tasks.metrics.generated_text import GeneratedText
from maskwright.tasks.text.marked_text import Piece, pieces_of
from maskwright.tasks.translation.encoded import DECODER, SOURCE, TARGET, EncodedPairs
from maskwright.tasks.views import Answer, Shown, View, Worded

__all__ = ["shown", "worded"]

ARROW = Piece(" → ")
"""Between source and target, where both are hidden in."""


def shown(examples: EncodedPairs, row: int, view: View, predictions: Mapping[str, GeneratedText]) -> Shown:
    """A pair under a view, and what each model made of its source."""
    batch = examples.batch([row])
    ids = {
        SOURCE: batch.inputs["input_ids"][0].numpy(),
        TARGET: batch.inputs[DECODER][0].where(batch.inputs[DECODER][0] != IGNORED, 0).numpy(),
    }
    sides = {} if view.masking is None else examples.corrupted(batch.inputs, batch.ids, view.masking, view.moment)
    pieces, parts = {}, []
    for name, side in {SOURCE: examples.source, TARGET: examples.target}.items():
        nothing = np.zeros(len(ids[name]), dtype=np.int64)
        mask, groups = nothing > 0, nothing
        if name in sides:
            mask, groups = (np.asarray(value)[0] for value in (sides[name].mask, sides[name].groups))
            unit = f"{name} {_unit(view.masking, name)}"
            parts.append((int(sides[name].count[0]), int(sides[name].n_units[0]), unit))
        text = slice(side.first if name == TARGET else 0, None)
        pieces[name] = tuple(
            pieces_of(ids[name][text], mask[text], groups[text], vocabulary=examples.vocabulary, tokenizer=view.reader)
        )
    reference = examples.references([row])[0]
    hidden, units = (sum(part[place] for part in parts) for place in (0, 1))
    return Shown(
        pieces=pieces[SOURCE] if TARGET not in sides else (*pieces[SOURCE], ARROW, *pieces[TARGET]),
        reference=reference,
        reference_pieces=(Piece(reference),),
        answers={who: Answer(one.text) for who, one in predictions.items()},
        hidden=hidden,
        units=units,
        unit="unit" if len(parts) > 1 else "",
        parts=tuple(parts) if len(parts) > 1 else (),
    )


def worded(
    examples: EncodedPairs, rows: Sequence[int], predictions: Sequence[GeneratedText], labels: Sequence[str]
) -> Worded:
    """References and translations."""
    del labels
    return Worded(references=examples.references(rows), answers=[one.text for one in predictions])


def _unit(masking: Any, name: str) -> str:
    """What is hidden whole on a side."""
    return dict(masking.modalities)[name].unit if isinstance(masking, PerModality) else masking.unit
