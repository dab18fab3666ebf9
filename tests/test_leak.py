"""The leak test sees leaks of known size and none where there are none."""

from __future__ import annotations

import numpy as np
import torch

from maskwright.leak import document_leak
from maskwright.packing import pack

IDS = np.array([[5, 6, 7], [8, 9, 5], [6, 7, 8]])


def test_what_leaks_and_where():
    packed = pack({"input_ids": IDS})
    isolated = document_leak(lambda b: b["input_ids"].astype(float), packed.batch, packed.documents)
    assert (isolated.leaks, isolated.changed, isolated.largest) == (False, (0,), 0.0)
    assert isolated.scale > 0
    mixing = document_leak(lambda b: b["input_ids"].cumsum(1).astype(float), packed.batch, packed.documents)
    assert mixing.leaked_to == (1, 2)


def test_rounding_is_no_leak_and_the_batch_is_left_alone():
    packed = pack({"input_ids": torch.from_numpy(IDS)})
    before = packed.batch["input_ids"].clone()

    def nearly(batch):
        ids = batch["input_ids"].double()
        return ids + 1e-9 * ids.sum()

    assert not document_leak(nearly, packed.batch, packed.documents).leaks
    assert torch.equal(packed.batch["input_ids"], before)


def test_a_single_token_repeated_is_changed_too():
    packed = pack({"input_ids": np.full((2, 3), 4)})
    assert document_leak(lambda b: b["input_ids"].astype(float), packed.batch, packed.documents).scale == 1.0
