"""Pictures with a text each as examples: batched together, hidden under one budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import fills
from maskwright.budgets.ratio import Ratio
from maskwright.engine.modalities import PerModality
from maskwright.fills.drop import Drop
from maskwright.patterns.iid import Iid
from maskwright.tasks.contract import FILLER, Hidden
from maskwright.tasks.image_text.maskings import IMAGE, TEXT, both
from maskwright.tasks.text.encoded import Encoded
from maskwright.tasks.vision.pictures import DROPPED, PICTURE, REPLACED, Pictures, hides_patches

if TYPE_CHECKING:
    import torch

    from maskwright.engine.corrupt import Corrupted
    from maskwright.masking import Masking

__all__ = ["PicturesWithTexts"]

TEXT_INPUTS = ("input_ids", "token_type_ids", "attention_mask")


@dataclass(frozen=True, eq=False)
class PicturesWithTexts:
    """A split of pictures with texts; see `maskwright.tasks.contract.Examples`.

    Attributes:
        pictures: a row per example.
        texts: the same rows.
    """

    pictures: Pictures
    texts: Encoded

    @property
    def example_ids(self) -> np.ndarray:
        """[N] int64."""
        return self.texts.example_ids

    @property
    def labels(self) -> np.ndarray:
        """[N] int64."""
        return self.texts.labels

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

    def __getitems__(self, rows: Sequence[int]) -> dict[str, Any]:
        return self.batch(rows)

    def batch(self, rows: Iterable[int]) -> dict[str, Any]:
        """Some examples; a row of `FILLER` becomes a copy of the first with weight 0."""
        asked = np.fromiter(rows, dtype=np.int64)
        pixels = self.pictures.pixels(np.where(asked == FILLER, 0, asked))
        return {**self.texts.batch(asked), PICTURE: pixels}

    def hide(
        self, inputs: Mapping[str, Any], masking: Masking | PerModality | None, ids: torch.Tensor, **moment: Any
    ) -> Hidden:
        """Hide parts of picture and text; `moment` is `seed`, `epoch` and `progress`."""
        import torch

        if masking is None:
            return Hidden(dict(inputs), torch.zeros(len(ids), device=ids.device))
        found = self.corrupted(inputs, masking, ids, **moment)
        hidden = sum(one.count for one in found.values())
        units = sum(one.n_units for one in found.values())
        share = torch.as_tensor(hidden) / torch.as_tensor(units).clamp(min=1)
        return Hidden(self._replaced(inputs, both(masking), found), share.to(torch.float32))

    def corrupted(
        self, inputs: Mapping[str, Any], masking: Masking | PerModality, ids: torch.Tensor, **moment: Any
    ) -> dict[str, Corrupted]:
        """What is hidden in each modality; of patches that are hidden inside the model the masks alone count."""
        shared = both(masking)
        drawn = {name: self._drawn(name, part, inputs) for name, part in shared.modalities}
        parts = {name: part for name, (part, _, _) in drawn.items()}
        batches = {name: batch for name, (_, batch, _) in drawn.items()}
        facts = {name: known for name, (_, _, known) in drawn.items()}
        whole = PerModality(parts, shared.budget, shared.concentration, shared.whole_share)
        return whole(batches, example_ids=ids, facts=facts, **moment)

    def without(
        self, inputs: Mapping[str, Any], name: str, masking: Masking | PerModality, ids: torch.Tensor, **moment: Any
    ) -> dict[str, Any]:
        """Inputs in which one modality is hidden whole, with the fill of the masking; the other is as it is."""
        shared = both(masking)
        part = replace(dict(shared.modalities)[name], pattern=Iid(), budget=Ratio(1.0))
        drawn, batch, facts = self._drawn(name, part, inputs)
        found = {name: drawn(batch, example_ids=ids, **facts, **moment)}
        return self._replaced(inputs, shared, found)

    def _drawn(self, name: str, part: Masking, inputs: Mapping[str, Any]) -> tuple[Masking, Any, dict[str, Any]]:
        """What draws the masks of a modality: the masking, the batch, and the facts it asks for."""
        import torch

        if name == TEXT:
            texts = {key: inputs[key] for key in TEXT_INPUTS if key in inputs}
            return part, texts, {"vocabulary": self.texts.vocabulary}
        pixels = inputs[PICTURE]
        patches = self.pictures.patches(pixels, part)
        if hides_patches(part):
            cells = torch.zeros((len(pixels), *patches.grid.shape), device=pixels.device)
            return replace(part, fill="keep"), cells, {"grid": patches.grid}
        facts: dict[str, Any] = {"grid": patches.grid, "sides": patches.sides}
        for fact in fills.traits(part.fill).facts:
            if fact in self.pictures.facts:
                known = self.pictures.facts[fact].to(pixels.device)
                facts[fact] = patches.to_cells(known) if known.ndim == pixels.ndim else patches.to_cells(known[None])[0]
        return part, patches.to_cells(pixels), facts

    def _replaced(
        self, inputs: Mapping[str, Any], masking: PerModality, found: Mapping[str, Corrupted]
    ) -> dict[str, Any]:
        """The inputs with what was hidden in them."""
        out = dict(inputs)
        if TEXT in found:
            out |= found[TEXT].inputs
        if IMAGE in found:
            part = dict(masking.modalities)[IMAGE]
            if hides_patches(part):
                out[DROPPED if isinstance(part.fill, Drop) else REPLACED] = found[IMAGE].unit_mask.flatten(1)
            else:
                out[PICTURE] = self.pictures.patches(inputs[PICTURE], part).from_cells(found[IMAGE].inputs)
        return out

    def work(self, inputs: Mapping[str, Any]) -> int:
        """Patches and tokens that go through the model."""
        return self.pictures.work(inputs) + self.texts.work(inputs)

    def joined(
        self, parts: Sequence[Mapping[str, Any]], cells: int
    ) -> Iterator[tuple[torch.Tensor, dict[str, torch.Tensor]]]:
        """Batches of one part each, texts cut to the longest of the batch."""
        longest = max(int(part["attention_mask"].shape[1]) for part in parts)
        room = max(1, cells * int(self.pictures.lengths[0]) // (int(self.pictures.lengths[0]) + longest))
        for places, inputs in self.pictures.joined(parts, room):
            width = max(1, int(inputs["attention_mask"].sum(dim=1).max()))
            cut = {name: value[:, :width] if name in TEXT_INPUTS else value for name, value in inputs.items()}
            yield places, cut
