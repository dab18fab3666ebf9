"""Pictures with texts for people: as they are and with what was hidden marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.tasks.contract import EVALUATION_SEED, plain_inputs
from maskwright.tasks.image_text.examples import PicturesWithTexts
from maskwright.tasks.image_text.maskings import IMAGE, TEXT, both
from maskwright.tasks.rendering import as_bytes, data_uri, marked
from maskwright.tasks.text.marked_text import read_aloud
from maskwright.tasks.vision.pictures import PICTURE, hides_patches

__all__ = ["preview", "shown"]


def shown(examples: PicturesWithTexts, reader: Any, row: int, masking: Any) -> dict[str, Any]:
    """The picture as the model sees it and the text as it reads it."""
    found = _seen(examples, reader, row, masking, seed=EVALUATION_SEED, epoch=0)
    return {"pictures": [{"title": "", "src": data_uri(found["picture"])}], "pieces": found["pieces"]}


def preview(
    examples: PicturesWithTexts, reader: Any, config: RunConfig, labels: Sequence[str], epoch: int
) -> dict[str, Any]:
    """What training will hide of some examples in an epoch: `examples` with `pictures` and `pieces`, and counts.

    `parts` of an example are what is hidden of each modality: [hidden, of so many, what is counted].
    """
    moment = {"seed": config.training.seed, "epoch": epoch, "progress": min(1.0, epoch / config.training.epochs)}
    told_of = []
    for row in range(len(examples)):
        whole = _seen(examples, reader, row, None)["picture"]
        found = _seen(examples, reader, row, config.masking, **moment)
        told_of.append(
            {
                "example_id": int(examples.example_ids[row]),
                "label": labels[examples.labels[row]],
                "hidden_units": found["hidden"],
                "units": found["units"],
                "parts": found["parts"],
                "pictures": [("original", whole), ("as the model sees it", found["picture"])],
                "pieces": found["pieces"],
            }
        )
    totals = {name: sum(one[key] for one in told_of) for name, key in (("hidden", "hidden_units"), ("units", "units"))}
    return {**totals, "examples": told_of}


def _seen(examples: PicturesWithTexts, reader: Any, row: int, masking: Any, **moment: Any) -> dict[str, Any]:
    batch = examples.batch([row])
    inputs = plain_inputs(batch)
    ids = inputs["input_ids"][0].numpy()
    nothing: np.ndarray = np.zeros(ids.shape, dtype=bool)
    picture = as_bytes(inputs[PICTURE][0], reader.images)
    counts, mask, groups = {"hidden": 0, "units": 0, "parts": []}, nothing, nothing.astype(np.int64)
    if masking is not None:
        found = examples.corrupted(inputs, masking, batch["example_id"], **moment)
        each = dict(both(masking).modalities)
        units = {name: "patch" if name == IMAGE and each[name].unit == "token" else each[name].unit for name in each}
        parts = [[int(found[name].count[0]), int(found[name].n_units[0]), units[name]] for name in each]
        counts = {"hidden": sum(one[0] for one in parts), "units": sum(one[1] for one in parts), "parts": parts}
        mask, groups = found[TEXT].mask[0].numpy(), found[TEXT].groups[0].numpy()
        part = each[IMAGE]
        patches = examples.pictures.patches(inputs[PICTURE], part)
        if hides_patches(part):
            hidden = found[IMAGE].unit_mask[0].numpy()
            for axis, side in enumerate(patches.sides):
                hidden = np.repeat(hidden, side, axis=axis)
            picture = marked(picture, hidden)
        else:
            picture = as_bytes(patches.from_cells(found[IMAGE].inputs)[0], reader.images)
    pieces = read_aloud(ids, mask, groups, vocabulary=examples.texts.vocabulary, tokenizer=reader.tokenizer)
    return {"picture": picture, "pieces": [asdict(piece) for piece in pieces], **counts}
