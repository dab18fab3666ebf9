"""Text that is made here: a tokenizer with a small vocabulary and examples whose every property is known."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
RESERVED = 20
_SYLLABLES = tuple(first + vowel for first in "bcdfghjklmnpqrstvwxz" for vowel in "aeiou")


@cache
def synthetic_tokenizer(sentinels: int = 0) -> Any:
    """A Transformers tokenizer over 1,125 WordPiece tokens: 5 special, 20 `[unused]`, 1,000 words, 100 word ends.

    A fast tokenizer like BERT's, so that any collator for BERT takes it; nothing is downloaded.

    Args:
        sentinels: special tokens `<extra_id_0>`, ... to add, like T5's.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = [first + second for first in _SYLLABLES for second in _SYLLABLES][::10]
    tokens = [*SPECIAL, *(f"[unused{i}]" for i in range(RESERVED)), *words, *(f"##{end}" for end in _SYLLABLES)]
    ids = {token: number for number, token in enumerate(tokens)}
    inner = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.decoder = decoders.WordPiece()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])]
    )
    names = ("pad", "unk", "cls", "sep", "mask")
    special = {f"{name}_token": token for name, token in zip(names, SPECIAL, strict=True)}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, model_max_length=512, **special)
    tokenizer.add_tokens([f"<extra_id_{number}>" for number in range(sentinels)], special_tokens=True)
    return tokenizer


def token_examples(lengths: np.ndarray | list[int], seed: int = 0) -> list[dict[str, list[int]]]:
    """Tokenised texts: `[CLS]`, so many tokens, `[SEP]`; a quarter of the tokens go on with the word before.

    Args:
        lengths: tokens of each text, without the two special ones.
        seed: of the tokens.
    """
    rng = np.random.default_rng(seed)
    words, first_word, first_end = 1000, len(SPECIAL) + RESERVED, len(SPECIAL) + RESERVED + 1000
    examples = []
    for length in lengths:
        ids = first_word + rng.integers(words, size=length)
        ends = rng.random(length) < 0.25
        ends[:1] = False
        ids = np.where(ends, first_end + rng.integers(len(_SYLLABLES), size=length), ids)
        row = [2, *ids.tolist(), 3]
        examples.append({"input_ids": row, "attention_mask": [1] * len(row)})
    return examples
