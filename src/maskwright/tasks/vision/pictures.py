"""Pictures and clips as examples: read when they are batched, hidden as pixels or as patches of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.geometry.boxes import enlarged
from maskwright.tasks.examples import FILLER, Batch, Hidden
from maskwright.tasks.vision.patch_inputs import DROPPED, PATCH_INPUTS
from maskwright.tasks.vision.traits import as_whole_frames, asked_facts, evened, hides_patches, way_inside
from maskwright.units.patches import Patches
from maskwright.vision.pixels import hide_pixels

if TYPE_CHECKING:
    import torch

    from maskwright.engine.corrupt import Corrupted
    from maskwright.masking import Masking
    from maskwright.rng import Moment

__all__ = ["LABELS", "PICTURE", "Pictures", "cells_of", "some_of"]

LABELS = "labels"
"""Name of the labels in a batch."""

PICTURE = "pixel_values"
VALUES_PER_CELL = 16
"""Numbers of a picture that count as one cell where batches are cut; a text's token is some hundred numbers wide."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """A split of pictures or clips; see `maskwright.tasks.examples.Examples`.

    Attributes:
        names: where each picture is, as its loader says: a column of the data, which is read by lists of row numbers.
        open: gives the picture of a name, uint8 [row, col, 3], or the clip, [frame, row, col, 3].
        reader: the image processor: pictures in, `pixel_values` out.
        side: of a patch: (rows, columns) in pixels, or (frames, rows, columns).
        example_ids: [N] int64, which name the examples' masks.
        labels: [N] int64, -1 where there is none.
        weights: [N] float32, what each example counts in the loss.
        classes: [N] int64, the class of each example; None where the task is not about classes.
        facts: what fills ask for by name, on the CPU: `pool`, `statistics`.
        notes: what the user should know.
        even: every example hides equally many units, for models whose attention takes no mask: a share that is no
            whole number of units is rounded, the same for all, and not drawn.
    """

    names: Any
    open: Callable[[str], np.ndarray]
    reader: Any
    side: tuple[int, ...]
    example_ids: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    classes: np.ndarray | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    even: bool = False

    def __len__(self) -> int:
        return len(self.example_ids)

    @property
    def lengths(self) -> np.ndarray:
        """[N] the size of a picture as the model takes it, the same for all."""
        return np.full(len(self), self._cells, dtype=np.int64)

    @cached_property
    def _cells(self) -> int:
        """Of one picture."""
        return cells_of(self.pixels([0]))

    def references(self, rows: Any) -> np.ndarray:
        """[B] class indices."""
        return self.labels[rows]

    def pixels(self, rows: Iterable[int]) -> torch.Tensor:
        """Pictures as the model takes them, [B, C, row, col] or [B, frame, C, row, col] float32."""
        pictures = [self.open(name) for name in self.names[[int(row) for row in rows]]]
        clips = [list(picture) if picture.ndim == 4 else picture for picture in pictures]
        # Processors copy a picture of the size asked for through a resize that changes nothing: half their time.
        as_it_is = {"do_resize": False} if _of_size(pictures, self.reader) else {}
        return self.reader(clips, return_tensors="pt", **as_it_is)[PICTURE]

    def __getitems__(self, rows: Sequence[int]) -> Batch:
        return self.batch(rows)

    def batch(self, rows: Iterable[int]) -> Batch:
        """Some pictures with their labels; a row of `FILLER` becomes a copy of the first picture with weight 0."""
        import torch

        asked = np.fromiter(rows, dtype=np.int64)
        chosen = np.where(asked == FILLER, 0, asked)
        weight = np.where(asked == FILLER, np.float32(0), self.weights[chosen])
        return Batch(
            {PICTURE: self.pixels(chosen)},
            {LABELS: torch.from_numpy(self.labels[chosen])},
            torch.from_numpy(self.example_ids[chosen]),
            torch.from_numpy(weight),
        )

    def patches(self, pixels: Any, masking: Masking | None = None) -> Patches:
        """How pictures are cut into units: patches or tubelets as the model takes them, without a masking.

        By the masking's unit each pixel is one (`pixel`), and of clips a patch of a single frame (`patch`) or a whole
        frame (`frame`); inside the model, which takes several frames as one, as many as that.
        """
        shape, side, unit = tuple(pixels.shape), self.side, None if masking is None else masking.unit
        if unit == "pixel":
            side = (1,) * len(side)
        elif unit == "frame" and len(side) == 3:
            side = (side[0] if hides_patches(masking) else 1, *shape[-2:])
        elif unit == "patch" and len(side) == 3 and not hides_patches(masking):
            side = (1, *side[1:])
        return Patches.of(shape, side)

    def hide(
        self,
        batch: Batch,
        masking: Masking | None,
        moment: Moment,
        signals: Mapping[str, Any] | None = None,
    ) -> Hidden:
        """Hide parts of pictures.

        With the fills `drop` and `mask-token` pixels stay as they are and an input beside them says which patches are
        hidden inside the model; with the others it is pixels that are replaced.

        Args:
            batch: some pictures.
            masking: what is hidden; None hides nothing.
            moment: of the masks.
            signals: what the pattern asks for by name, [B, *grid] each over the masking's units.

        Returns:
            `mask` [B, *grid] bool over the masking's units (see `patches`), None without a masking.
        """
        if masking is None:
            return Hidden.whole(batch)
        pixels, way = batch.inputs[PICTURE], way_inside(masking.fill)
        patches = self.patches(pixels, masking)
        if way is None:
            facts = {name: self.facts[name].to(pixels.device) for name in asked_facts(masking) if name in self.facts}
            facts |= {**vars(moment), **(signals or {})}
            fitted = self._fitted(masking, patches, moment)
            corrupted = hide_pixels(fitted, pixels, patches, example_ids=batch.ids, **facts)
            changed = {PICTURE: corrupted.inputs}
        else:
            corrupted = self.drawn(masking, patches, batch.ids, moment, signals)
            whole = self.patches(pixels).grid
            times = tuple(n // m for n, m in zip(whole.shape, patches.grid.shape, strict=True))
            changed = {PATCH_INPUTS[way]: enlarged(corrupted.unit_mask, times).flatten(1)}
        return Hidden.of(batch, corrupted, {**batch.inputs, **changed})

    def drawn(
        self,
        masking: Masking,
        patches: Patches,
        ids: torch.Tensor,
        moment: Moment,
        signals: Mapping[str, Any] | None = None,
    ) -> Corrupted:
        """The masks alone, over patches; the same whatever the fill is."""
        import torch

        cells = torch.zeros((len(ids), *patches.grid.shape), device=ids.device)
        alone = replace(self._fitted(masking, patches, moment), fill="keep")
        facts: dict[str, Any] = {**vars(moment), **(signals or {})}
        return alone(cells, grid=patches.grid, example_ids=ids, **facts)

    def _fitted(self, masking: Masking, patches: Patches, moment: Moment) -> Masking:
        """The masking on these units: patterns see whole frames as the one axis they are, and shares may be rounded."""
        if masking.unit == "frame" and len(self.side) == 3:
            masking = as_whole_frames(masking)
        return evened(masking, patches.grid, moment.progress) if self.even else masking

    def work(self, inputs: Mapping[str, Any]) -> int:
        """Patches that go through the model."""
        cells = self.patches(inputs[PICTURE]).grid.size * len(inputs[PICTURE])
        return cells - int(inputs[DROPPED].sum()) if DROPPED in inputs else cells

    def joined(self, parts: Sequence[Hidden], cells: int) -> Iterator[tuple[torch.Tensor, Hidden]]:
        """Batches of one part each: pictures are of one size, and equal masks hide equally much."""
        import torch

        for number, part in enumerate(parts):
            pixels = part.inputs[PICTURE]
            n, step = len(pixels), max(1, cells // cells_of(pixels))
            for start in range(0, n, step):
                stop = min(start + step, n)
                places = torch.arange(number * n + start, number * n + stop, device=pixels.device)
                yield places, some_of(part, start, stop)


def some_of(hidden: Hidden, start: int, stop: int) -> Hidden:
    """The examples from `start` to before `stop`; the count is that of examples."""

    def part(entries: Any) -> Any:
        return None if entries is None else entries[start:stop]

    return Hidden(
        inputs={name: part(values) for name, values in hidden.inputs.items()},
        labels={name: part(values) for name, values in hidden.labels.items()},
        weight=part(hidden.weight),
        count=stop - start,
        share=part(hidden.share),
        mask=part(hidden.mask),
        probability=part(hidden.probability),
    )


def cells_of(pixels: torch.Tensor) -> int:
    """What one of some pictures [B, ...] counts where batches are cut."""
    return max(1, int(np.prod(pixels.shape[1:])) // VALUES_PER_CELL)


def _of_size(pictures: Sequence[np.ndarray], reader: Any) -> bool:
    """Whether all pictures or clips have the rows and columns that a processor brings them to."""
    asked = dict(getattr(reader, "size", None) or {})
    size = asked.get("height"), asked.get("width")
    return all(picture.shape[-3:-1] == size for picture in pictures)
