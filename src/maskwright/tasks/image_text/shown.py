"""Pictures with texts for people: as the model sees them, with what was hidden marked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.tasks import classification
from maskwright.tasks.image_text.examples import PicturesWithTexts
from maskwright.tasks.image_text.maskings import IMAGE, TEXT, both
from maskwright.tasks.rendering import as_bytes
from maskwright.tasks.text.marked_text import Piece, pieces_of
from maskwright.tasks.views import Shown
from maskwright.tasks.vision.pictures import PICTURE
from maskwright.tasks.vision.shown import hatched, unit_of
from maskwright.tasks.vision.traits import hides_patches

if TYPE_CHECKING:
    from maskwright.engine.corrupt import Corrupted
    from maskwright.masking import Masking
    from maskwright.tasks.examples import Batch
    from maskwright.tasks.views import View

__all__ = ["shown"]

PLAIN_UNITS = {IMAGE: "patch", TEXT: "token"}
"""What is hidden whole where a masking names no unit."""


def shown(examples: PicturesWithTexts, row: int, view: View, predictions: Mapping[str, Any]) -> Shown:
    """The picture as the model sees it and the text as it reads it; `parts` counts what is hidden of each."""
    truth, batch = int(examples.references([row])[0]), examples.batch([row])
    parts = {} if view.masking is None else dict(both(view.masking).modalities)
    corrupted = {} if view.masking is None else examples.corrupted(batch, view.masking, view.moment)
    units = {name: unit_of(part, PLAIN_UNITS[name]) for name, part in parts.items()}
    counts = tuple((int(one.count[0]), int(one.n_units[0]), units[name]) for name, one in corrupted.items())
    return Shown(
        pieces=tuple(_pieces(examples, batch, view, corrupted.get(TEXT))),
        pictures=(("", _picture(examples, batch, parts.get(IMAGE), corrupted.get(IMAGE))),),
        reference=view.labels[truth],
        answers=classification.answers(predictions, truth, view.labels),
        hidden=sum(hidden for hidden, _, _ in counts),
        units=sum(there for _, there, _ in counts),
        parts=counts,
    )


def _pieces(examples: PicturesWithTexts, batch: Batch, view: View, corrupted: Corrupted | None) -> list[Piece]:
    ids = batch.inputs["input_ids"][0].numpy()
    hidden, groups = np.zeros(len(ids), dtype=bool), np.zeros(len(ids), dtype=np.int64)
    if corrupted is not None:
        hidden, groups = np.asarray(corrupted.mask)[0], np.asarray(corrupted.groups)[0]
    facts = {"vocabulary": examples.texts.vocabulary, "tokenizer": view.reader.tokenizer}
    return pieces_of(ids, hidden, groups, **facts)


def _picture(
    examples: PicturesWithTexts, batch: Batch, masking: Masking | None, corrupted: Corrupted | None
) -> np.ndarray:
    """uint8 [row, col, 3]."""
    pixels, pictures = batch.inputs[PICTURE], examples.pictures
    whole = as_bytes(pixels[0], pictures.reader)
    if masking is None or corrupted is None:
        return whole
    if hides_patches(masking):
        return hatched(whole, corrupted.unit_mask[0])
    return as_bytes(pictures.patches(pixels, masking).from_cells(corrupted.inputs)[0], pictures.reader)
