from __future__ import annotations

import numpy as np
import pytest

from maskwright import MaskingError, MaskToken, Rng, Vocabulary
from tests.settings import ListTokenizer


def test_needs_a_vocabulary_with_a_mask_token():
    x, mask = np.array([[5]]), np.array([[True]])
    with pytest.raises(MaskingError, match="vocabulary="):
        MaskToken()(x, mask, valid=mask, rng=Rng.from_ids([0]))
    tokenizer = ListTokenizer(["[PAD]", "a"], specials=1)
    tokenizer.mask_token_id = None
    with pytest.raises(MaskingError, match="fill: drop"):
        MaskToken()(x, mask, valid=mask, rng=Rng.from_ids([0]), vocabulary=Vocabulary.from_tokenizer(tokenizer))
