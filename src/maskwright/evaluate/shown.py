"""The examples section of the evaluation document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from maskwright.evaluate.display import read_aloud
from maskwright.evaluate.document import Asked
from maskwright.evaluate.examples import HOW_CHOSEN, HOW_CHOSEN_ALONE, choose, kinds, shown_ratio
from maskwright.evaluate.measure import MODEL, TWIN, right
from maskwright.evaluate.predict import EVALUATION_SEED
from maskwright.evaluate.sweep import Condition, Material, Plan


def shown_examples(
    asked: Asked, material: Material, plan: Plan, labels: Sequence[str], n: int
) -> dict[str, Any] | None:
    """Choose examples and show what was hidden and what each model answered.

    Args:
        asked: the run they are taken from.
        material: the texts.
        plan: the masks.
        labels: label names.
        n: how many at most; None is returned for 0.
    """
    if n == 0:
        return None
    pattern = next(iter(plan.maskings))[0]
    condition = (pattern, shown_ratio([ratio for name, ratio in plan.maskings if name == pattern]))
    answers = {who: one.masked[condition][0] for who, one in asked.answers.items()}
    hits = {who: right(probabilities, material.test.labels) for who, probabilities in answers.items()}
    found = kinds(hits[MODEL], hits.get(TWIN))
    how = HOW_CHOSEN if TWIN in hits else HOW_CHOSEN_ALONE
    shares = asked.passes[MODEL].shown_hidden[condition]
    items = [
        {
            "kind": kind,
            "example_id": int(material.test.example_ids[row]),
            "label": labels[material.test.labels[row]],
            "hidden": float(shares[row]),
            "pieces": _pieces(material, plan, condition, row),
            MODEL: _answer(answers, hits, MODEL, row, labels),
            TWIN: _answer(answers, hits, TWIN, row, labels),
        }
        for kind, row in choose(found, n)
    ]
    return {
        "pattern": pattern,
        "ratio": condition[1],
        "seed": asked.seed,
        "how": how.format(pattern=pattern, ratio=condition[1]),
        "counts": {kind: len(members) for kind, members in found.items()},
        "items": items,
    }


def _pieces(material: Material, plan: Plan, condition: Condition, row: int) -> list[dict[str, Any]]:
    batch = material.test.batch([row])
    plain = {name: batch[name].numpy() for name in ("attention_mask", *material.test.inputs)}
    ids = material.test.example_ids[[row]]
    corrupted = plan.maskings[condition](
        plain, vocabulary=material.vocabulary, example_ids=ids, seed=EVALUATION_SEED, epoch=0
    )
    pieces = read_aloud(
        plain["input_ids"][0],
        np.asarray(corrupted.mask)[0],
        np.asarray(corrupted.groups)[0],
        vocabulary=material.vocabulary,
        tokenizer=material.tokenizer,
    )
    return [asdict(piece) for piece in pieces]


def _answer(
    answers: Mapping[str, np.ndarray], hits: Mapping[str, np.ndarray], who: str, row: int, labels: Sequence[str]
) -> dict[str, Any] | None:
    if who not in answers:
        return None
    probabilities = answers[who][row]
    best = int(probabilities.argmax())
    return {"label": labels[best], "probability": float(probabilities[best]), "right": bool(hits[who][row])}
