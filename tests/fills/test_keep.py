from __future__ import annotations

import numpy as np
import torch

from maskwright import apply_mask


def test_it_copies():
    for x in (np.ones(3), torch.ones(3)):
        mask = x > 0
        out = apply_mask(x, mask, "keep")
        out[0] = 5
        assert float(x[0]) == 1.0
