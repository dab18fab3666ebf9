"""Text: any masking on a text given, with a tokenizer of the user's or one learnt from the text itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from maskwright.masking import Masking
from maskwright.patterns import traits

VOCABULARY, LONGEST = 2_000, 512
"""Of a tokenizer that is learnt on the spot; tokens that are shown."""


def text_examples(
    text: str, masking: Masking, tokenizer: Any | None, *, examples: int, seed: int, epoch: int
) -> list[dict[str, Any]]:
    """Draws of a masking on one text.

    Args:
        text: any text.
        masking: for text. Patterns that follow scores are given how rare each token is in the text.
        tokenizer: a Transformers tokenizer; None learns one from the text, in which most words are one token.
        examples: how many draws.
        seed: of the masks.
        epoch: of the masks.

    Returns:
        per draw the hidden units, the units, the tokens at the end of the text that are left out, and the pieces of
        text with whether each is hidden.
    """
    from maskwright.tasks.scratch import train_tokenizer
    from maskwright.tasks.text.marked_text import pieces_of
    from maskwright.units.vocabulary import Vocabulary

    reader: Any = tokenizer or train_tokenizer([text] * 2, VOCABULARY, LONGEST)
    vocabulary = Vocabulary.from_tokenizer(reader)
    batch = dict(reader([text] * examples, truncation=True, max_length=LONGEST, return_tensors="np"))
    moment = {"seed": seed, "epoch": epoch, "example_ids": list(range(examples))}
    ids = batch["input_ids"]
    left_out = len(reader(text, truncation=False, verbose=False)["input_ids"]) - ids.shape[1]
    rarity = 1.0 / np.bincount(ids[0])[ids]  # for patterns that follow scores: what is rare in the text scores high
    signals: dict[str, Any] = dict.fromkeys(traits(masking.pattern).signals, rarity)
    # What is hidden is marked in the text as it was, so that the fill does not matter.
    out = replace(masking, fill="keep")(batch, vocabulary=vocabulary, **moment, **signals)
    shown = []
    for row in range(examples):
        arrays = (batch["input_ids"][row], out.mask[row], out.groups[row])
        pieces = pieces_of(*arrays, vocabulary=vocabulary, tokenizer=reader)
        shown.append(
            {
                "hidden_units": int(out.count[row]),
                "units": int(out.n_units[row]),
                "tokens_left_out": left_out,
                "pieces": [{"text": piece.text, "hidden": piece.hidden} for piece in pieces],
            }
        )
    return shown
