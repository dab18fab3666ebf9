"""The leak test sees leaks of known size and none where there are none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import MaskingError
from maskwright.text.leak import document_leak
from maskwright.text.packing import pack

IDS = np.array([[5, 6, 7], [8, 9, 5], [6, 7, 8]])


def test_what_leaks_and_where():
    packed = pack({"input_ids": IDS})
    isolated = document_leak(lambda b: b["input_ids"].astype(float), packed.batch, packed.documents)
    assert (isolated.leaks, isolated.changed, isolated.largest) == (False, (0, 2), 0.0)
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


def test_a_leak_to_what_stands_before_is_seen():
    packed = pack({"input_ids": IDS})
    backwards = document_leak(lambda b: b["input_ids"][:, ::-1].cumsum(1)[:, ::-1], packed.batch, packed.documents)
    assert backwards.leaked_to == (0, 1)


def test_half_precision_and_gradients_are_taken():
    packed = pack({"input_ids": torch.from_numpy(IDS)})
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.bfloat16))
    assert not document_leak(lambda b: b["input_ids"][..., None] * weight, packed.batch, packed.documents).leaks


def test_padding_may_hold_anything():
    packed = pack({"input_ids": IDS}, 7)
    outside = packed.batch["attention_mask"] == 0
    assert outside.any()
    found = document_leak(lambda b: np.where(outside, np.nan, b["input_ids"]), packed.batch, packed.documents)
    assert (found.leaks, found.scale > 0) == (False, True)


@pytest.mark.parametrize(
    ("length", "forward", "fragment"),
    [
        (None, lambda b: b["input_ids"] + np.nan, "not finite"),
        (None, lambda b: b["input_ids"].sum(1), "shape (1,)"),
        (3, lambda b: b["input_ids"], "no row holds two documents"),
    ],
)
def test_what_would_prove_nothing_is_refused(length, forward, fragment):
    packed = pack({"input_ids": IDS}, length)
    with pytest.raises(MaskingError) as caught:
        document_leak(forward, packed.batch, packed.documents)
    assert fragment in str(caught.value)


def test_documents_of_other_rows_are_refused():
    packed = pack({"input_ids": IDS})
    with pytest.raises(MaskingError, match="documents of shape"):
        document_leak(lambda b: b["input_ids"], packed.batch, packed.documents[:, :4])
