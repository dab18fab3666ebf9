"""Pictures with a text each as examples: batched together, hidden under one budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.budgets.ratio import Ratio
from maskwright.engine.modalities import PerModality
from maskwright.patterns.iid import Iid
from maskwright.tasks.examples import FILLER, Batch, Hidden
from maskwright.tasks.image_text.maskings import IMAGE, TEXT, both
from maskwright.tasks.text.encoded import EncodedTexts
from maskwright.tasks.vision.patch_inputs import PATCH_INPUTS
from maskwright.tasks.vision.pictures import PICTURE, Pictures
from maskwright.tasks.vision.traits import asked_facts, way_inside

if TYPE_CHECKING:
    import torch

    from maskwright.engine.corrupt import Corrupted
    from maskwright.masking import Masking
    from maskwright.rng import Moment

__all__ = ["PicturesWithTexts"]

TEXT_INPUTS = ("input_ids", "token_type_ids", "attention_mask")


@dataclass(frozen=True)
class _Modality:
    """What draws the masks of a modality.

    Attributes:
        masking: of it.
        batch: what it hides in.
        facts: what it needs besides, by name.
    """

    masking: Masking
    batch: Any
    facts: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class PicturesWithTexts:
    """A split of pictures with texts; see `maskwright.tasks.examples.Examples`.

    Attributes:
        pictures: a row per example.
        texts: the same rows, with labels and weights.
    """

    pictures: Pictures
    texts: EncodedTexts

    @property
    def example_ids(self) -> np.ndarray:
        """[N] int64."""
        return self.texts.example_ids

    @property
    def classes(self) -> np.ndarray | None:
        """[N] int64."""
        return self.texts.classes

    @property
    def notes(self) -> tuple[str, ...]:
        """Of both."""
        return (*self.pictures.notes, *self.texts.notes)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def lengths(self) -> np.ndarray:
        """[N] cells of picture and text."""
        return self.pictures.lengths + self.texts.lengths

    def references(self, rows: Any) -> Any:
        """[B] class indices."""
        return self.texts.references(rows)

    def __getitems__(self, rows: Sequence[int]) -> Batch:
        return self.batch(rows)

    def batch(self, rows: Iterable[int]) -> Batch:
        """Some examples; a row of `FILLER` becomes a copy of the first with weight 0."""
        asked = np.fromiter(rows, dtype=np.int64)
        texts = self.texts.batch(asked)
        pixels = self.pictures.pixels(np.where(asked == FILLER, 0, asked))
        return replace(texts, inputs={**texts.inputs, PICTURE: pixels})

    def hide(self, batch: Batch, masking: Masking | PerModality | None, moment: Moment) -> Hidden:
        """Hide parts of picture and text; the share is that of the units of both."""
        if masking is None:
            return Hidden.whole(batch)
        return self._hidden(batch, masking, self.corrupted(batch, masking, moment))

    def corrupted(self, batch: Batch, masking: Masking | PerModality, moment: Moment) -> dict[str, Corrupted]:
        """What is hidden in each modality; of patches that are hidden inside the model the masks alone count."""
        shared = both(masking)
        modalities = {name: self._modality(name, part, batch) for name, part in shared.modalities}
        parts = {name: one.masking for name, one in modalities.items()}
        together = PerModality(parts, shared.budget, shared.concentration, shared.whole_share)
        batches = {name: one.batch for name, one in modalities.items()}
        facts = {name: one.facts for name, one in modalities.items()}
        return together(batches, example_ids=batch.ids, facts=facts, **vars(moment))

    def without(self, batch: Batch, name: str, masking: Masking | PerModality, moment: Moment) -> Hidden:
        """A batch in which one modality is hidden whole, with the fill of the masking; the other is as it is."""
        part = dict(both(masking).modalities)[name]
        everything = self._modality(name, replace(part, pattern=Iid(), budget=Ratio(1.0)), batch)
        facts = {**everything.facts, **vars(moment)}
        corrupted = everything.masking(everything.batch, example_ids=batch.ids, **facts)
        return self._hidden(batch, masking, {name: corrupted})

    def _modality(self, name: str, part: Masking, batch: Batch) -> _Modality:
        import torch

        if name == TEXT:
            texts = {key: batch.inputs[key] for key in TEXT_INPUTS if key in batch.inputs}
            return _Modality(part, texts, {"vocabulary": self.texts.vocabulary})
        pixels = batch.inputs[PICTURE]
        patches = self.pictures.patches(pixels, part)
        if way_inside(part.fill) is not None:
            cells = torch.zeros((len(pixels), *patches.grid.shape), device=pixels.device)
            return _Modality(replace(part, fill="keep"), cells, {"grid": patches.grid})
        facts: dict[str, Any] = {"grid": patches.grid, "sides": patches.sides}
        for fact in asked_facts(part):
            if fact in self.pictures.facts:
                values = self.pictures.facts[fact].to(pixels.device)
                one = values.ndim < pixels.ndim
                facts[fact] = patches.to_cells(values[None])[0] if one else patches.to_cells(values)
        return _Modality(part, patches.to_cells(pixels), facts)

    def _hidden(self, batch: Batch, masking: Masking | PerModality, corrupted: Mapping[str, Corrupted]) -> Hidden:
        """The batch with what was hidden in it."""
        inputs = dict(batch.inputs)
        if TEXT in corrupted:
            inputs |= corrupted[TEXT].inputs
        if IMAGE in corrupted:
            part = dict(both(masking).modalities)[IMAGE]
            way = way_inside(part.fill)
            if way is None:
                cut = self.pictures.patches(inputs[PICTURE], part)
                inputs[PICTURE] = cut.from_cells(corrupted[IMAGE].inputs)
            else:
                inputs[PATCH_INPUTS[way]] = corrupted[IMAGE].unit_mask.flatten(1)
        return Hidden.of(batch, corrupted, inputs)

    def work(self, inputs: Mapping[str, Any]) -> int:
        """Patches and tokens that go through the model."""
        return self.pictures.work(inputs) + self.texts.work(inputs)

    def joined(self, parts: Sequence[Hidden], cells: int) -> Iterator[tuple[torch.Tensor, Hidden]]:
        """Batches of one part each, texts cut to the longest of the batch."""
        picture = int(self.pictures.lengths[0])
        longest = max(int(part.inputs["attention_mask"].shape[1]) for part in parts)
        room = max(1, cells * picture // (picture + longest))
        for places, hidden in self.pictures.joined(parts, room):
            width = max(1, int(hidden.inputs["attention_mask"].sum(dim=1).max()))
            inputs = {name: value[:, :width] if name in TEXT_INPUTS else value for name, value in hidden.inputs.items()}
            yield places, replace(hidden, inputs=inputs)
